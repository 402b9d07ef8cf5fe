from datetime import datetime

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from recovery.models.base import Base


class IdempotencyKey(Base):
    """A POST that was carried out under a key: ids and a status, in the transaction of the change itself."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (Index(None, "kept_at"),)  # the nightly broom

    owner: Mapped[str] = mapped_column(String(40), primary_key=True)
    """`token:17` or `staff:4`."""
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    """SHA-256 over method, path and body."""
    status: Mapped[int]
    thing: Mapped[str]
    """What to render again, for example `ticket`."""
    thing_id: Mapped[int | None]
    kept_at: Mapped[datetime]
