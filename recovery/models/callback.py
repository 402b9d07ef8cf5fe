from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from recovery.domain.callbacks import LIVE, CallbackStatus, CallReason, Outcome
from recovery.models.base import Base, Proven, any_of, status_type
from recovery.models.staff import Staff
from recovery.models.ticket import Ticket

IS_LIVE = any_of("status", LIVE)
WITH_CUSTOMER = "reason IN ('booked', 'dropped')"


class Callback(Proven, Base):
    """A call promised to a customer, or a call task: one that our own failure to reach them by text made."""

    __tablename__ = "callbacks"
    __table_args__ = (
        CheckConstraint(f"({IS_LIVE}) = (ended_at IS NULL)", name="ended_has_time"),
        # at most one live callback with the customer per ticket: moved rather than doubled
        Index(
            "uq_callbacks_live_with_customer",
            "ticket_id",
            unique=True,
            sqlite_where=text(f"{IS_LIVE} AND {WITH_CUSTOMER}"),
            postgresql_where=text(f"{IS_LIVE} AND {WITH_CUSTOMER}"),
        ),
        # and at most one live call task of each reason
        Index(
            "uq_callbacks_live_task",
            "ticket_id",
            "reason",
            unique=True,
            sqlite_where=text(f"{IS_LIVE} AND NOT {WITH_CUSTOMER}"),
            postgresql_where=text(f"{IS_LIVE} AND NOT {WITH_CUSTOMER}"),
        ),
        # the desk's second lane: calls to make, the next one first
        Index(
            "ix_callbacks_live_by_due",
            "due_at",
            "ticket_id",
            sqlite_where=text(IS_LIVE),
            postgresql_where=text(IS_LIVE),
        ),
        # the tick that finds what has come due
        Index(
            "ix_callbacks_booked",
            "due_at",
            sqlite_where=text("status = 'booked'"),
            postgresql_where=text("status = 'booked'"),
        ),
        # the tick that reminds
        Index(
            "ix_callbacks_to_remind",
            "remind_at",
            sqlite_where=text("status = 'booked' AND reminded_at IS NULL"),
            postgresql_where=text("status = 'booked' AND reminded_at IS NULL"),
        ),
        # the missed tick
        Index(
            "ix_callbacks_to_miss",
            "miss_at",
            sqlite_where=text("status = 'due'"),
            postgresql_where=text("status = 'due'"),
        ),
        # the Undetected board: whom nobody reached
        Index(
            "ix_callbacks_given_up",
            "ticket_id",
            "given_up_at",
            sqlite_where=text("given_up_at IS NOT NULL"),
            postgresql_where=text("given_up_at IS NOT NULL"),
        ),
        Index(None, "ticket_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"))
    status: Mapped[CallbackStatus] = mapped_column(status_type(CallbackStatus))
    reason: Mapped[CallReason] = mapped_column(status_type(CallReason))
    due_at: Mapped[datetime]
    miss_at: Mapped[datetime]
    """Nobody called by then: missed. A redial after a cut line has no grace."""
    as_soon_as_possible: Mapped[bool] = mapped_column(default=False)
    booked_at: Mapped[datetime]
    booked_by_id: Mapped[int | None]
    """None: by the customer or by the machine."""
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    """Who calls; None: whoever is free."""
    moves: Mapped[int] = mapped_column(default=0)
    attempt_count: Mapped[int] = mapped_column(default=0)
    in_vain: Mapped[int] = mapped_column(default=0)
    """Attempts at which nobody was there, since it was booked or last moved: after so many it is given up. A line that
    was cut is none of them, for somebody was there."""
    remind_at: Mapped[datetime | None]
    """When the customer is to be reminded; None where that is not owed: a call minutes after its booking, a call task."""
    reminded_at: Mapped[datetime | None]
    missed_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    given_up_at: Mapped[datetime | None]
    """Tried in vain to the end, or a wrong number, and no text could ask for another time: a person finds a way."""

    ticket: Mapped[Ticket] = relationship()
    staff: Mapped[Staff | None] = relationship(viewonly=True)
    attempts: Mapped[list["Attempt"]] = relationship(order_by="Attempt.number")

    @property
    def is_task(self) -> bool:
        return self.reason not in {CallReason.BOOKED, CallReason.DROPPED}


class CallSlot(Base):
    """Which calls have the times that customers choose from: each place of a time is had once, whoever races."""

    __tablename__ = "call_slots"

    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"), primary_key=True, autoincrement=False)
    starts_at: Mapped[datetime] = mapped_column(primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """From 1 to as many as the site calls at one time."""
    callback_id: Mapped[int] = mapped_column(
        ForeignKey("callbacks.id", deferrable=True, initially="DEFERRED"), index=True
    )
    """The place is taken before the call is written, which says then what it got."""


class Attempt(Proven, Base):
    __tablename__ = "attempts"
    __table_args__ = (UniqueConstraint("callback_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    callback_id: Mapped[int] = mapped_column(ForeignKey("callbacks.id"))
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"))
    number: Mapped[int]
    outcome: Mapped[Outcome] = mapped_column(status_type(Outcome))
    at: Mapped[datetime]
    by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    note: Mapped[str | None]
    inferred: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Taken from the provider's callbacks, and nobody has said yet that it was so."""
    seconds: Mapped[int | None]
    """Of talking, where the desk placed the call."""

    by: Mapped[Staff] = relationship(viewonly=True)
