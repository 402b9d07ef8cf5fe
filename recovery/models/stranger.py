from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from recovery.models.base import Base
from recovery.models.customer import Contact
from recovery.models.ticket import Ticket

STANDING = "settled_at IS NULL"


class Stranger(Base):
    """A number that wrote to us and has no ticket: a person has to look. One row until somebody has."""

    __tablename__ = "strangers"
    __table_args__ = (
        CheckConstraint("(settled_at IS NULL) = (how IS NULL)", name="settled_says_how"),
        CheckConstraint("how IS NULL OR how IN ('logged', 'set_aside')", name="how"),
        CheckConstraint("how <> 'set_aside' OR reason IS NOT NULL", name="set_aside_has_reason"),
        # one row for each number and sender, however much it writes
        Index(
            "uq_strangers_standing",
            "contact_id",
            "sender",
            unique=True,
            sqlite_where=text(STANDING),
            postgresql_where=text(STANDING),
        ),
        # the board: who waits
        Index("ix_strangers_waiting", "came_at", "id", sqlite_where=text(STANDING), postgresql_where=text(STANDING)),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"))
    sender: Mapped[str]
    """Whom they wrote to: the people of its sites look after it."""
    texts: Mapped[int] = mapped_column(default=0)
    came_at: Mapped[datetime]
    last_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    settled_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    how: Mapped[str | None] = mapped_column(String(16))
    reason: Mapped[str | None]
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id"))
    """Logged: the ticket that their texts stand on now."""

    contact: Mapped[Contact] = relationship()
    ticket: Mapped[Ticket | None] = relationship()
