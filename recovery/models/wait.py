from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from recovery.domain.waits import LIVE, WaitStatus
from recovery.models.base import Base, Proven, any_of, status_type
from recovery.models.staff import Staff
from recovery.models.ticket import Ticket

IS_LIVE = any_of("status", LIVE)


class Wait(Proven, Base):
    """Somebody who waits for a free colleague: a place in the line of their site. Who they are stands on the ticket."""

    __tablename__ = "waits"
    __table_args__ = (
        CheckConstraint(f"({IS_LIVE}) = (ended_at IS NULL)", name="over_has_time"),
        CheckConstraint("(status = 'helped') = (helped_by_id IS NOT NULL)", name="helped_by_somebody"),
        CheckConstraint("(called_at IS NULL) = (called_by_id IS NULL)", name="caller_and_time"),
        CheckConstraint("status NOT IN ('called', 'no_show') OR called_at IS NOT NULL", name="called_by_somebody"),
        CheckConstraint("status NOT IN ('called', 'coming', 'later') OR due_at IS NOT NULL", name="goes_on_by_itself"),
        # the line of a site, and the place in it
        Index(
            "ix_waits_line",
            "site_id",
            "line_at",
            "id",
            sqlite_where=text(IS_LIVE),
            postgresql_where=text(IS_LIVE),
        ),
        # the tick: estimates that slip, graces and ten minutes that are over
        Index(
            "ix_waits_due",
            "due_at",
            sqlite_where=text(f"{IS_LIVE} AND due_at IS NOT NULL"),
            postgresql_where=text(f"{IS_LIVE} AND due_at IS NOT NULL"),
        ),
        # the pace of a site: its last turns
        Index(
            "ix_waits_turns",
            "site_id",
            "called_at",
            sqlite_where=text("called_at IS NOT NULL"),
            postgresql_where=text("called_at IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"), unique=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"))
    """The ticket's own: the line is read without it."""
    status: Mapped[WaitStatus] = mapped_column(status_type(WaitStatus))
    arrived_at: Mapped[datetime]
    line_at: Mapped[datetime]
    """Their place: when they came, and before everybody else for who comes back."""
    estimate_at: Mapped[datetime]
    """When it will be their turn, as they were told last."""
    estimates: Mapped[int] = mapped_column(default=1)
    """How many they were told."""
    promised_by: Mapped[datetime]
    """By when they hear from us while the wait goes as it should; the ticket's promise says the same."""
    due_at: Mapped[datetime | None]
    """When the machine goes on with it: tells another estimate, reminds, gives somebody up."""
    changes: Mapped[int] = mapped_column(default=0)
    """Texts about an earlier state are not sent any more."""
    called_at: Mapped[datetime | None]
    """When it was their turn, the last time."""
    called_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    ended_at: Mapped[datetime | None]
    helped_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))

    ticket: Mapped[Ticket] = relationship()
    called_by: Mapped[Staff | None] = relationship(foreign_keys=called_by_id, viewonly=True)
    helped_by: Mapped[Staff | None] = relationship(foreign_keys=helped_by_id, viewonly=True)
