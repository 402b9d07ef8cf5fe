from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from recovery.domain.photos import PhotoState, WhyNoPhoto
from recovery.models.base import Base, status_type

TO_FETCH = "state = 'wanted'"


class Photo(Base):
    """Came with a text: announced by the provider, fetched by a worker, and then ours."""

    __tablename__ = "photos"
    __table_args__ = (
        UniqueConstraint("message_id", "position"),
        CheckConstraint("(state = 'wanted') = (look_at IS NOT NULL)", name="wanted_is_looked_for"),
        CheckConstraint("(state = 'kept') = (content IS NOT NULL)", name="kept_has_content"),
        CheckConstraint("(state = 'refused') = (reason IS NOT NULL)", name="refused_has_reason"),
        # fetch: photos whose next try is due
        Index("ix_photos_to_fetch", "look_at", sqlite_where=text(TO_FETCH), postgresql_where=text(TO_FETCH)),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    message_id: Mapped[int] = mapped_column(ForeignKey("messages.id"))
    position: Mapped[int]
    """From 0, in the order of the text."""
    state: Mapped[PhotoState] = mapped_column(status_type(PhotoState))
    reason: Mapped[WhyNoPhoto | None] = mapped_column(status_type(WhyNoPhoto))
    url: Mapped[str]
    """At the provider's."""
    content_type: Mapped[str] = mapped_column(String(64))
    """What the provider calls it, until it is kept: then what its bytes say."""
    size: Mapped[int] = mapped_column(default=0)
    """Bytes."""
    tries: Mapped[int] = mapped_column(default=0)
    look_at: Mapped[datetime | None]
    content: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    arrived_at: Mapped[datetime]
    final_at: Mapped[datetime | None]


class SimulatedPhoto(Base):
    """On the simulated provider's side: what a simulated phone sent."""

    __tablename__ = "simulated_photos"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[str] = mapped_column(index=True)
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    at: Mapped[datetime]
