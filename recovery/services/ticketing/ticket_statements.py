"""The statements that read tickets, made once: building one of them anew costs more than running it. And the conditions
that several lists share, in the spelling that their indexes need."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Boolean, ColumnElement, Select, and_, bindparam, exists, func, or_, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute, aliased
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from recovery.domain.tickets import LIVE, Source, TicketStatus
from recovery.models import (
    Attempt,
    Callback,
    Contact,
    Customer,
    OptOut,
    Promise,
    Remedy,
    Site,
    Staff,
    Ticket,
    TicketClock,
)

Query = Select[*tuple[Any, ...]]

owner, earlier, newer = aliased(Staff), aliased(Ticket), aliased(Promise)
proposer, decider, giver, caller = aliased(Staff), aliased(Staff), aliased(Staff), aliased(Staff)

PLAIN = (
    Ticket.id,
    Ticket.reference,
    Ticket.status,
    Ticket.version,
    Ticket.level,
    Ticket.failure,
    Ticket.severity,
    Ticket.source,
    Ticket.is_sensitive,
    Ticket.note,
    Ticket.order_reference,
    Ticket.order_amount,
    Ticket.order_currency,
    Ticket.order_kept,
    Ticket.logged_by_id,
    Ticket.logged_at,
    Ticket.happened_at,
    Ticket.apologised_in_person,
    Ticket.first_response_at,
    Ticket.auto_response_at,
    Ticket.resolved_at,
    Ticket.confirmed_at,
    Ticket.rating,
    Ticket.closed_at,
    Ticket.cause,
    Ticket.action,
    Ticket.void_reason,
    Ticket.no_text_reason,
    Ticket.promise_due_at,
    Ticket.target_passed_at,
    Ticket.unread,
    Ticket.lapses,
    Ticket.link_generation,
    Ticket.is_demo,
)
SITE = (Site.id, Site.slug, Site.name, Site.timezone, Site.currency, Site.country, Site.hours)
CUSTOMER = (Customer.id, Customer.name, Contact.phone, Customer.language, Customer.timezone)

TICKETS: Query = (
    select(*PLAIN, *SITE, owner.id, owner.name, earlier.reference, *CUSTOMER, OptOut.id)
    .join(Site, Site.id == Ticket.site_id)
    .outerjoin(owner, owner.id == Ticket.owner_id)
    .outerjoin(earlier, earlier.id == Ticket.linked_to_id)
    .outerjoin(Customer, Customer.id == Ticket.customer_id)
    .outerjoin(Contact, Contact.id == Customer.contact_id)
    .outerjoin(
        OptOut,
        and_(
            OptOut.contact_id == Contact.id,
            OptOut.sender == func.coalesce(Site.sender, bindparam("sender")),
            OptOut.lifted_at.is_(None),
        ),
    )
)
"""Needs `sender`, the organisation's: an opt-out is from one of our numbers, and a site may have its own."""
TICKET_BY_ID: Query = TICKETS.where(Ticket.id == bindparam("ticket_id"))

PROMISES: Query = select(
    Promise.ticket_id,
    Promise.number,
    Promise.made_at,
    Promise.warn_at,
    Promise.due_at,
    Promise.about,
    Promise.told_by,
    Promise.renewal,
    Promise.lapsed_at,
    Promise.ended_at,
    Promise.outcome,
)

NEWEST_PROMISES: Query = PROMISES.where(
    Promise.ticket_id.in_(bindparam("ids", expanding=True)),
    Promise.number == select(func.max(newer.number)).where(newer.ticket_id == Promise.ticket_id).scalar_subquery(),
)

REMEDIES: Query = (
    select(
        Remedy.id,
        Remedy.ticket_id,
        Remedy.kind,
        Remedy.status,
        Remedy.amount,
        Remedy.currency,
        Remedy.proposed_amount,
        Remedy.detail,
        proposer.id,
        proposer.name,
        Remedy.proposed_at,
        Remedy.needed_approval,
        decider.id,
        decider.name,
        Remedy.decided_at,
        Remedy.decision_reason,
        Remedy.ready_at,
        giver.id,
        giver.name,
        Remedy.fulfilled_at,
        Remedy.ended_at,
        Remedy.end_reason,
    )
    .join(proposer, proposer.id == Remedy.proposed_by_id)
    .outerjoin(decider, decider.id == Remedy.decided_by_id)
    .outerjoin(giver, giver.id == Remedy.fulfilled_by_id)
    .where(Remedy.ticket_id.in_(bindparam("ids", expanding=True)))
    .order_by(Remedy.id)
)

CALLBACKS: Query = select(
    Callback.id,
    Callback.ticket_id,
    Callback.status,
    Callback.reason,
    Callback.due_at,
    Callback.miss_at,
    Callback.as_soon_as_possible,
    Callback.booked_at,
    caller.id,
    caller.name,
    Callback.moves,
    Callback.attempt_count,
    Callback.reminded_at,
    Callback.missed_at,
    Callback.ended_at,
).outerjoin(caller, caller.id == Callback.staff_id)
CALLBACKS_OF_TICKETS: Query = CALLBACKS.where(Callback.ticket_id.in_(bindparam("ids", expanding=True))).order_by(
    Callback.id
)

ATTEMPTS: Query = (
    select(
        Attempt.callback_id,
        Attempt.number,
        Attempt.outcome,
        Attempt.at,
        caller.id,
        caller.name,
        Attempt.note,
        Attempt.inferred,
        Attempt.seconds,
    )
    .join(caller, caller.id == Attempt.by_id)
    .where(Attempt.callback_id.in_(bindparam("ids", expanding=True)))
    .order_by(Attempt.callback_id, Attempt.number)
)


def was_a_mistake() -> ColumnElement[bool]:
    """Of what a customer has had with us: not what was logged in error, nor a wait for a free colleague with which nothing
    went wrong; of that the reports have no row either."""
    counts = or_(Ticket.source != Source.GREETER, exists().where(TicketClock.ticket_id == Ticket.id))
    return and_(Ticket.status != TicketStatus.VOID, counts)


def at_site(slug: str | None) -> list[ColumnElement[bool]]:
    """By its id, so that the indexes that begin with it serve; a site that is not there has no tickets."""
    if slug is None:
        return []
    return [Ticket.site_id == select(Site.id).where(Site.slug == slug).scalar_subquery()]


def is_live() -> ColumnElement[bool]:
    return literally(Ticket.status, LIVE)


class mostly(FunctionElement[Any]):  # noqa: N801 - written and read as a function of SQL
    """A condition that SQLite shall take for one that chooses little.

    Without figures, and those that it gathers quickly mislead it, it takes any equality for one that leaves ten rows: it
    read ten thousand live tickets by their status and sorted them, where an index has the first fifty in order.
    """

    inherit_cache = True


@compiles(mostly)
def _as_it_is(element: mostly, compiler: SQLCompiler, **options: Any) -> str:
    return f"({compiler.process(element.clauses, **options)})"


@compiles(mostly, "sqlite")
def _as_a_likely_one(element: mostly, compiler: SQLCompiler, **options: Any) -> str:
    return f"likelihood({compiler.process(element.clauses, **options)}, 0.9)"


class only_checked(FunctionElement[Any]):  # noqa: N801 - as above
    """A condition that SQLite shall check on rows which it finds otherwise: to whose site a ticket belongs leaves more
    rows than anything else that is asked, and still it began with that, read them all, and sorted them."""

    inherit_cache = True
    type = Boolean()

    def self_group(self, against: Any = None) -> "only_checked":  # noqa: ARG002  # SQLAlchemy's signature
        """Else it would be compared with 1 where there is no type for true and false."""
        return self


@compiles(only_checked)
def _as_one(element: only_checked, compiler: SQLCompiler, **options: Any) -> str:
    return f"({compiler.process(element.clauses, **options)})"


@compiles(only_checked, "sqlite")
def _as_a_value(element: only_checked, compiler: SQLCompiler, **options: Any) -> str:
    """No index is of a value that was reckoned."""
    return f"+({compiler.process(element.clauses, **options)})"


def literally(column: InstrumentedAttribute[Any], values: Iterable[Any]) -> ColumnElement[bool]:
    """Written out in the SQL, in the order of the partial indexes: for bound values neither database would use them."""
    return column.in_(bindparam(None, value=sorted(values), expanding=True, literal_execute=True))
