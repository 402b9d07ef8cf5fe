from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from recovery.domain.tasks import OPEN, TaskList, TaskStatus
from recovery.models.base import Base, Proven, any_of, status_type
from recovery.models.staff import Staff
from recovery.models.ticket import Ticket

IS_OPEN = any_of("status", OPEN)


class Task(Proven, Base):
    """Backstage work that a ticket waits for."""

    __tablename__ = "tasks"
    __table_args__ = (
        CheckConstraint("(taken_at IS NULL) = (taken_by_id IS NULL)", name="taker_and_time"),
        CheckConstraint("status <> 'waiting' OR taken_at IS NULL", name="nobody_has_what_waits"),
        CheckConstraint("status <> 'taken' OR taken_at IS NOT NULL", name="taken_by_somebody"),
        CheckConstraint("(done_at IS NULL) = (done_by_id IS NULL)", name="doer_and_time"),
        CheckConstraint("(status = 'done') = (done_at IS NOT NULL)", name="done_has_time"),
        CheckConstraint("(status = 'cancelled') = (cancelled_at IS NOT NULL)", name="cancelled_has_time"),
        CheckConstraint(f"NOT ({IS_OPEN}) OR words IS NOT NULL", name="open_says_what"),
        # the screen of a list: what is open, oldest first
        Index(
            "ix_tasks_open",
            "list",
            "due_at",
            "id",
            sqlite_where=text(IS_OPEN),
            postgresql_where=text(IS_OPEN),
        ),
        # the tick that finds what is past its time
        Index(
            "ix_tasks_to_be_late",
            "due_at",
            sqlite_where=text(f"{IS_OPEN} AND late_at IS NULL"),
            postgresql_where=text(f"{IS_OPEN} AND late_at IS NULL"),
        ),
        # the Undetected board: open, and past its time
        Index(
            "ix_tasks_late",
            "ticket_id",
            sqlite_where=text(f"{IS_OPEN} AND late_at IS NOT NULL"),
            postgresql_where=text(f"{IS_OPEN} AND late_at IS NOT NULL"),
        ),
        # who leaves: what they have in hand
        Index(
            "ix_tasks_in_hand",
            "taken_by_id",
            sqlite_where=text("status = 'taken'"),
            postgresql_where=text("status = 'taken'"),
        ),
        Index(None, "ticket_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"))
    list: Mapped[TaskList] = mapped_column(status_type(TaskList))
    words: Mapped[str | None]
    """What to do. None: erased with the customer."""
    status: Mapped[TaskStatus] = mapped_column(status_type(TaskStatus))
    asked_at: Mapped[datetime]
    asked_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    due_at: Mapped[datetime]
    late_at: Mapped[datetime | None]
    """When it was seen to be past its time."""
    taken_at: Mapped[datetime | None]
    taken_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    done_at: Mapped[datetime | None]
    done_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    cancelled_at: Mapped[datetime | None]

    ticket: Mapped[Ticket] = relationship()
    taken_by: Mapped[Staff | None] = relationship(foreign_keys=taken_by_id, viewonly=True)
