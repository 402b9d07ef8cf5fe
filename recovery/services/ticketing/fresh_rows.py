"""The row of a ticket that this transaction logged, from what the session holds: a log is answered without asking the
database for what was just written. Tests hold it to what reading gives."""

from typing import Any

from recovery.domain.actors import Actor
from recovery.models import Remedy, Ticket
from recovery.services.session import DeskSession
from recovery.services.texting.messages import OBSERVATION, OPTED_OUT
from recovery.services.ticketing.logging_mistakes import Logged
from recovery.services.ticketing.reading_tickets import PLAIN_NAMES
from recovery.services.ticketing.rows import CustomerBrief, Person, PromiseRow, RemedyRow, SiteBrief, TicketRow

SITE_NAMES = ("id", "slug", "name", "timezone", "currency", "country", "hours")
PROMISE_NAMES = (
    *("ticket_id", "number", "made_at", "warn_at", "due_at", "about", "told_by", "renewal", "lapsed_at", "ended_at"),
    "outcome",
)
REMEDY_NAMES = (
    *("id", "ticket_id", "kind", "status", "amount", "currency", "proposed_amount", "detail", "proposed_at"),
    *("needed_approval", "decided_at", "decision_reason", "ready_at", "fulfilled_at", "ended_at", "end_reason"),
)


def row_just_logged(session: DeskSession, logged: Logged, *, by: Actor) -> TicketRow | None:
    """None where more has to be known than is at hand: what it follows from, whether the customer of an observation
    opted out, the call task of one who did, or who has looked at a sensitive one."""
    ticket, promise = logged.ticket, logged.promise
    if ticket.linked_to_id is not None or ticket.no_text_reason in {OBSERVATION, OPTED_OUT} or ticket.is_sensitive:
        return None
    session.flush()
    me = Person(ticket.owner_id or 0, by.full_name)
    return TicketRow(
        **_plain(ticket, PLAIN_NAMES),
        site=SiteBrief(**_plain(ticket.site, SITE_NAMES)),
        owner=me,
        linked_to=None,
        customer=_customer(ticket),
        promise=PromiseRow(**_plain(promise, PROMISE_NAMES)) if promise else None,
        remedies=tuple(_remedy(remedy, me) for remedy in logged.remedies),
    )


def _plain(row: object, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}


def _remedy(remedy: Remedy, me: Person) -> RemedyRow:
    """Proposed by who logs it, and decided by them or by nobody yet."""
    decided_by = me if remedy.decided_by_id else None
    return RemedyRow(**_plain(remedy, REMEDY_NAMES), proposed_by=me, decided_by=decided_by, fulfilled_by=None)


def _customer(ticket: Ticket) -> CustomerBrief | None:
    customer = ticket.customer
    if customer is None:
        return None
    phone = customer.contact.phone if customer.contact else None
    return CustomerBrief(customer.id, customer.name, phone, customer.language, customer.timezone, opted_out=False)
