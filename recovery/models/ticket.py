from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from recovery.domain.tickets import (
    LIVE,
    OUTSIDE_THE_NUMBERS,
    WITHOUT_PROMISE,
    PromiseAbout,
    Severity,
    Source,
    TicketStatus,
    ToldBy,
)
from recovery.models.base import Base, Proven, Streamed, any_of, status_type
from recovery.models.customer import Customer
from recovery.models.site import Site
from recovery.models.staff import Staff

IS_LIVE = any_of("status", LIVE)


class Ticket(Proven, Streamed, Base):
    __tablename__ = "tickets"
    __table_args__ = (
        ForeignKeyConstraint(
            ["id", "event_seq"],
            ["events.stream_id", "events.seq"],
            name="fk_tickets_last_event",
            deferrable=True,
            initially="DEFERRED",
            use_alter=True,
        ),
        CheckConstraint(
            f"NOT ({IS_LIVE}) OR promise_due_at IS NOT NULL OR {any_of('source', WITHOUT_PROMISE)}",
            name="live_has_promise",
        ),
        CheckConstraint(
            "status NOT IN ('resolved', 'closed') OR (resolved_at IS NOT NULL AND resolved_by_id IS NOT NULL)",
            name="resolved_by_somebody",
        ),
        CheckConstraint("(resolved_at IS NULL) = (resolved_by_id IS NULL)", name="resolver_and_time"),
        CheckConstraint("(status = 'closed') = (closed_at IS NOT NULL)", name="closed_has_time"),
        CheckConstraint(
            "order_amount IS NULL OR (order_amount > 0 AND order_currency IS NOT NULL)", name="order_price"
        ),
        CheckConstraint("continues_id IS NULL OR continues_id = linked_to_id", name="continues_what_it_is_linked_to"),
        CheckConstraint("rating IS NULL OR rating BETWEEN 1 AND 5", name="rating_on_the_scale"),
        CheckConstraint("version > 0 AND level > 0 AND unread >= 0", name="counts"),
        # the board, the desk and the lapse tick: what is live, worst first
        Index(
            "ix_tickets_live_by_promise",
            "promise_due_at",
            "site_id",
            "id",
            sqlite_where=text(IS_LIVE),
            postgresql_where=text(IS_LIVE),
        ),
        # lists: newest first, filtered by site and then by one more thing, in the order of the page
        Index("ix_tickets_site_logged", "site_id", "logged_at", "id"),
        Index("ix_tickets_logged", "logged_at", "id"),
        Index("ix_tickets_site_status_logged", "site_id", "status", "logged_at", "id"),
        Index("ix_tickets_status_logged", "status", "logged_at", "id"),
        Index("ix_tickets_site_failure_logged", "site_id", "failure", "logged_at", "id"),
        Index("ix_tickets_owner_logged", "owner_id", "logged_at", "id"),
        Index("ix_tickets_customer_logged", "customer_id", "logged_at", "id"),
        # reopening by an old link: what goes on from this ticket already?
        Index(
            "ix_tickets_continues",
            "continues_id",
            sqlite_where=text("continues_id IS NOT NULL"),
            postgresql_where=text("continues_id IS NOT NULL"),
        ),
        # the Undetected board: replies nobody has read
        Index(
            "ix_tickets_unread",
            "site_id",
            sqlite_where=text("unread > 0"),
            postgresql_where=text("unread > 0"),
        ),
        # the tick that calls who pressed *Call me* and went away
        Index(
            "ix_tickets_call_wanted",
            "call_wanted_at",
            sqlite_where=text("call_wanted_at IS NOT NULL"),
            postgresql_where=text("call_wanted_at IS NOT NULL"),
        ),
        # the closing tick: resolved and not yet closed
        Index(
            "ix_tickets_resolved_open",
            "status",  # always the same, but without it SQLite prefers the whole index by status
            "resolved_at",
            sqlite_where=text("status = 'resolved'"),
            postgresql_where=text("status = 'resolved'"),
        ),
    )

    reference: Mapped[str] = mapped_column(String(16), unique=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"))
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customers.id"))
    failure: Mapped[str] = mapped_column(String(40))
    severity: Mapped[Severity] = mapped_column(status_type(Severity))
    source: Mapped[Source] = mapped_column(status_type(Source))
    status: Mapped[TicketStatus] = mapped_column(status_type(TicketStatus))
    level: Mapped[int] = mapped_column(default=1)
    """1, and one more with each reopening: who hears of it next stands one step up."""
    is_sensitive: Mapped[bool] = mapped_column(default=False)
    note: Mapped[str | None]
    salt: Mapped[str] = mapped_column(String(32))
    """Of the commitments in this ticket's events; erasing it makes them say nothing for ever."""
    order_reference: Mapped[str | None]
    order_amount: Mapped[int | None]
    order_currency: Mapped[str | None] = mapped_column(String(3))
    order_kept: Mapped[bool | None]
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    logged_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    logged_at: Mapped[datetime]
    happened_at: Mapped[datetime]
    apologised_in_person: Mapped[bool] = mapped_column(default=False)
    no_text_reason: Mapped[str | None]
    """Why no text of ours goes to this customer: `no_phone`, `opted_out`, `observation`."""
    promise_due_at: Mapped[datetime | None]
    """The current promise's, kept beside the ticket so that the database itself refuses a live one without."""
    first_response_at: Mapped[datetime | None]
    auto_response_at: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None]
    resolved_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    confirmed_at: Mapped[datetime | None]
    rating: Mapped[int | None]
    """How well we put it right, from 1 to 5, as the customer first said it."""
    closed_at: Mapped[datetime | None]
    cause: Mapped[str | None]
    action: Mapped[str | None]
    void_reason: Mapped[str | None]
    linked_to_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id"))
    continues_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id"))
    """The linked ticket where this one goes on from it: it was still not right, and could not be reopened any more."""
    link_generation: Mapped[int] = mapped_column(default=0)
    unread: Mapped[int] = mapped_column(default=0)
    lapses: Mapped[int] = mapped_column(default=0)
    target_passed_at: Mapped[datetime | None]
    """When it was first seen to be past one of its targets, while the customer was still waiting."""
    call_wanted_at: Mapped[datetime | None]
    """The customer pressed *Call me* and has not chosen a time yet."""
    version: Mapped[int] = mapped_column(default=1)
    is_demo: Mapped[bool] = mapped_column(default=False)

    site: Mapped[Site] = relationship(viewonly=True)
    customer: Mapped[Customer | None] = relationship()
    owner: Mapped[Staff | None] = relationship(foreign_keys=owner_id, viewonly=True)
    linked_to: Mapped["Ticket | None"] = relationship(remote_side="Ticket.id", foreign_keys=linked_to_id)

    @property
    def stream_id(self) -> int:
        return self.id

    @property
    def is_live(self) -> bool:
        return self.status in LIVE

    @property
    def counts(self) -> bool:
        """Stands in reports: neither void, nor a drill, nor a mystery shop."""
        return self.status is not TicketStatus.VOID and self.source not in OUTSIDE_THE_NUMBERS


class Promise(Proven, Base):
    """What the customer was told: by when they hear from us next. Kept, broken, or replaced by a newer one."""

    __tablename__ = "promises"
    __table_args__ = (
        CheckConstraint("(outcome IS NULL) = (ended_at IS NULL)", name="outcome_and_time"),
        CheckConstraint("outcome IS NULL OR outcome IN ('kept', 'broken', 'replaced')", name="outcome"),
        # exactly one current promise per ticket
        Index(
            "uq_promises_current",
            "ticket_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        # the warning tick
        Index(
            "ix_promises_to_warn",
            "warn_at",
            sqlite_where=text("ended_at IS NULL AND warned_at IS NULL"),
            postgresql_where=text("ended_at IS NULL AND warned_at IS NULL"),
        ),
        # the lapse tick: one that lapsed is told of once, and is then renewed by another or left to a person
        Index(
            "ix_promises_to_lapse",
            "due_at",
            sqlite_where=text("ended_at IS NULL AND lapsed_at IS NULL"),
            postgresql_where=text("ended_at IS NULL AND lapsed_at IS NULL"),
        ),
        # the Undetected board: broken, and no other made
        Index(
            "ix_promises_broken",
            "ticket_id",
            sqlite_where=text("ended_at IS NULL AND lapsed_at IS NOT NULL"),
            postgresql_where=text("ended_at IS NULL AND lapsed_at IS NOT NULL"),
        ),
        Index("ix_promises_ticket", "ticket_id", "number", unique=True),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"))
    number: Mapped[int]
    """1, 2, 3 … on this ticket."""
    due_at: Mapped[datetime]
    warn_at: Mapped[datetime]
    about: Mapped[PromiseAbout] = mapped_column(status_type(PromiseAbout))
    told_by: Mapped[ToldBy] = mapped_column(status_type(ToldBy))
    made_at: Mapped[datetime]
    made_by_id: Mapped[int | None]
    """None: the machine's."""
    renewal: Mapped[int] = mapped_column(default=0)
    """How many times the machine has renewed in a row up to here."""
    warned_at: Mapped[datetime | None]
    lapsed_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[str | None]

    ticket: Mapped[Ticket] = relationship()
