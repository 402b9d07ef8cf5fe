from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from recovery.domain.messages import Direction
from recovery.domain.phone_calls import CallEnd, CallState
from recovery.models.base import Base, status_type
from recovery.models.callback import Callback
from recovery.models.site import Site
from recovery.models.staff import Staff
from recovery.models.ticket import Ticket

LIVE = "state <> 'ended'"


class PhoneCall(Base):
    """A call that the desk places between a colleague and a customer, or that came in on one of our numbers. How far it is
    is told by the provider, and is no change of its ticket."""

    __tablename__ = "phone_calls"
    __table_args__ = (
        CheckConstraint("(state = 'ended') = (ended_at IS NOT NULL)", name="ended_has_time"),
        CheckConstraint("(ending IS NULL) = (ended_at IS NULL)", name="ended_somehow"),
        CheckConstraint("direction <> 'outbound' OR (callback_id IS NOT NULL AND staff_id IS NOT NULL)", name="caller"),
        CheckConstraint("(state = 'dialling') = (lease_until IS NOT NULL)", name="leased_while_dialling"),
        CheckConstraint("seconds IS NULL OR seconds >= 0", name="seconds"),
        # two presses of the button are one call
        Index(
            "uq_phone_calls_of_callback",
            "callback_id",
            unique=True,
            sqlite_where=text(f"{LIVE} AND direction = 'outbound'"),
            postgresql_where=text(f"{LIVE} AND direction = 'outbound'"),
        ),
        # nobody is on two calls
        Index(
            "uq_phone_calls_of_staff",
            "staff_id",
            unique=True,
            sqlite_where=text(f"{LIVE} AND direction = 'outbound'"),
            postgresql_where=text(f"{LIVE} AND direction = 'outbound'"),
        ),
        # the worker's look for calls to place
        Index(
            "ix_phone_calls_requested",
            "requested_at",
            sqlite_where=text("state = 'requested'"),
            postgresql_where=text("state = 'requested'"),
        ),
        # the tick that ends what nobody tells us of any more
        Index(
            "ix_phone_calls_live",
            "heard_at",
            sqlite_where=text(LIVE),
            postgresql_where=text(LIVE),
        ),
        Index("ix_phone_calls_ticket", "ticket_id", "id"),
        Index("ix_phone_calls_callback", "callback_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    direction: Mapped[Direction] = mapped_column(status_type(Direction))
    state: Mapped[CallState] = mapped_column(status_type(CallState))
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"))
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id"))
    callback_id: Mapped[int | None] = mapped_column(ForeignKey("callbacks.id"))
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    our_number: Mapped[str]
    """What either phone shows: E.164."""
    near_number: Mapped[str | None]
    """The phone on our side that rings. None: erased, or none did."""
    far_number: Mapped[str | None]
    """The customer's. None: erased, or the caller hid it."""
    requested_at: Mapped[datetime]
    heard_at: Mapped[datetime]
    """When its state last changed."""
    claim_token: Mapped[str | None] = mapped_column(String(32))
    lease_until: Mapped[datetime | None]
    provider_sid: Mapped[str | None] = mapped_column(unique=True)
    talking_since: Mapped[datetime | None]
    left_at: Mapped[datetime | None]
    """When our side's leg was over, where the word about the other one is still to come."""
    far_end: Mapped[str | None]
    """What the customer's leg told of its end, a `CallEnd`, where only the whole call says what that means."""
    answered_by: Mapped[str | None]
    """Who picked up there, as the provider guesses it."""
    seconds: Mapped[int | None]
    """Of talking, as the provider counts them."""
    ending: Mapped[CallEnd | None] = mapped_column(status_type(CallEnd))
    ended_at: Mapped[datetime | None]
    error_code: Mapped[str | None]
    error: Mapped[str | None]
    is_demo: Mapped[bool] = mapped_column(default=False)

    site: Mapped[Site] = relationship(viewonly=True)
    ticket: Mapped[Ticket | None] = relationship()
    staff: Mapped[Staff | None] = relationship(viewonly=True)
    callback: Mapped[Callback | None] = relationship()


class SimulatedCall(Base):
    """One leg of a call on the simulated phones; the provider's side of the simulator, not ours."""

    __tablename__ = "simulated_calls"
    __table_args__ = (
        Index(None, "number", "at"),
        Index(
            "ix_simulated_calls_going_on",
            "at",
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sid: Mapped[str] = mapped_column(unique=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("simulated_calls.id"))
    """The leg that dialled this one."""
    number: Mapped[str]
    """Of the phone that rings, or that calls us."""
    shows: Mapped[str]
    """The number on its screen."""
    ref: Mapped[str]
    """Of the desk's call; empty on a call that comes in."""
    comes_in: Mapped[bool] = mapped_column(default=False)
    """Begun on a phone, to one of our numbers."""
    status: Mapped[str]
    """The provider's word."""
    words: Mapped[str] = mapped_column(default="")
    """What was said on it last by the provider."""
    asks_key: Mapped[bool] = mapped_column(default=False)
    at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
