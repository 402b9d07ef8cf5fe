"""Logging a mistake: the ticket, what is granted for it, the promise and the apology, all in one transaction."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from recovery.domain.actors import CUSTOMER, Actor, ActorKind
from recovery.domain.errors import Invalid
from recovery.domain.events import Tag, commitment
from recovery.domain.ids import new_id
from recovery.domain.permissions import Permission
from recovery.domain.tickets import (
    FAILURES,
    REFERENCE_ALPHABET,
    REFERENCE_LETTERS,
    WITHOUT_PROMISE,
    PromiseAbout,
    Severity,
    Source,
    TicketStatus,
    ToldBy,
)
from recovery.models import Customer, Promise, Remedy, Site, Ticket
from recovery.services.access import require, tickets_visible_to, visible_site
from recovery.services.alerting.ladders import watch_new
from recovery.services.deciding.remedies import NewRemedy, check_remedy, propose
from recovery.services.hearing.strangers import take_in
from recovery.services.people.customers import NewCustomer, find_or_add
from recovery.services.proving.trail import record
from recovery.services.session import DeskSession, instant
from recovery.services.texting.messages import (
    OBSERVATION,
    WRONG_NUMBER,
    is_heard,
)
from recovery.services.timing.apologies import apologise, is_asked
from recovery.services.timing.promises import check_due, default_promise_due, make_promise, sayable_due

OLDEST = timedelta(days=7)
"""How far back a mistake may be said to have happened."""
CLOCKS_APART = timedelta(minutes=2)
"""A sender's clock may run ahead by this much and is then taken as ours."""
SALT_BYTES = 16

CONTINUED = {
    "by_hand": "It was still not right, a while after it was resolved.",
    "not_fixed": "The customer says that it is still not right.",
    "call": "The customer asks for a call about it.",
}
"""The note of the linked ticket, by why the earlier one goes on."""


@dataclass(frozen=True, slots=True)
class Order:
    reference: str | None = None
    amount: int | None = None
    currency: str | None = None
    kept: bool | None = None


@dataclass(frozen=True, slots=True)
class NewTicket:
    """Only `site` and `failure` are needed."""

    site: str
    failure: str
    severity: Severity | None = None
    source: Source = Source.COUNTER
    customer: NewCustomer | None = None
    order: Order = Order()
    note: str | None = None
    remedies: tuple[NewRemedy, ...] = ()
    promise_minutes: int | None = None
    apologised_in_person: bool = False
    happened_at: datetime | None = None
    linked_to: str | None = None
    """Reference of the ticket that this one follows from."""


@dataclass(frozen=True, slots=True)
class Logged:
    """What one log made. An observation promises nothing."""

    ticket: Ticket
    remedies: list[Remedy]
    promise: Promise | None


def log(session: DeskSession, new: NewTicket, *, now: datetime, by: Actor) -> Ticket:
    """Raises NotFound (site, linked ticket), Invalid by field, Forbidden, Refused (nobody left to approve)."""
    return log_whole(session, new, now=now, by=by).ticket


def log_whole(session: DeskSession, new: NewTicket, *, now: datetime, by: Actor) -> Logged:
    """Raises as `log`."""
    require(by, Permission.LOG)
    site = visible_site(session, new.site, by=by)
    with session.no_autoflush:  # nothing read below was written here: one flush at the end, not one before each look
        ticket = begin(session, site, new, now=now, by=by)
        for place, remedy in enumerate(new.remedies):
            _check_remedy(ticket, remedy, place)
        remedies = [propose(session, ticket, remedy, now=now, by=by, tell=False) for remedy in new.remedies]
        due = _first_due(session, ticket, new, remedies, now=now)
        told_by = _apologise(session, ticket, remedies, due, now=now, by=by)
        about = PromiseAbout.ANSWER if is_asked(remedies) else PromiseAbout.REMEDY if remedies else PromiseAbout.TOUCH
        promise = make_promise(session, ticket, due_at=due, about=about, told_by=told_by, now=now, by=by, first=True)
        watch_new(session, ticket, now=now)
    return Logged(ticket, remedies, promise)


def begin(session: DeskSession, site: Site, new: NewTicket, *, now: datetime, by: Actor) -> Ticket:
    """The ticket alone: nothing is given, promised or said yet."""
    _check(site, new, now=now)
    customer = find_or_add(session, site, new.customer, now=now)
    ticket = _added(session, site, new, customer, now=now, by=by)
    if new.linked_to is not None:
        ticket.linked_to_id = _linked(session, new.linked_to, by=by)
    _record_logged(session, ticket, now=now, by=by)
    if customer is not None and customer.contact is not None and customer.contact.added_at < now:
        take_in(session, ticket, customer.contact.id, now=now, by=by)
    return ticket


def continued(session: DeskSession, earlier: Ticket, *, why: str, now: datetime, by: Actor) -> Ticket:
    """What comes after the reopening window opens a new ticket, linked to the earlier one and one level up. What owed
    nobody anything, and a number that is a stranger's, stay what they are."""
    new = NewTicket(
        site=earlier.site.slug,
        failure=earlier.failure,
        severity=earlier.severity,
        source=earlier.source if earlier.source in WITHOUT_PROMISE else Source.TEXT,
        note=CONTINUED.get(why, CONTINUED["by_hand"]),
    )
    ticket = _added(session, earlier.site, new, earlier.customer, now=now, by=by)
    owner = earlier.owner if earlier.owner and earlier.owner.works_at(earlier.site_id) else None
    ticket.level, ticket.owner_id = earlier.level + 1, owner.id if owner else None
    ticket.linked_to_id = ticket.continues_id = earlier.id
    if earlier.no_text_reason == WRONG_NUMBER:
        ticket.no_text_reason = WRONG_NUMBER
    _record_logged(session, ticket, now=now, by=by)
    due = default_promise_due(session, ticket, now=now)
    if by.kind is not ActorKind.CUSTOMER:
        due = sayable_due(session, ticket, due, now=now)
    heard = is_heard(session, ticket, now=now, urgent=by.kind is ActorKind.CUSTOMER)
    told_by = ToldBy.TEXT if heard else ToldBy.PAGE
    make_promise(session, ticket, due_at=due, about=PromiseAbout.TOUCH, told_by=told_by, now=now, by=by, first=True)
    return ticket


def dropped(
    session: DeskSession, site: Site, phone: str, *, note: str, linked_to: int | None = None, now: datetime
) -> Ticket:
    """A call to us came to nothing: for who called, whom the site may know. Nobody has it yet. What they are promised next,
    whoever asks for this ticket says at once. `linked_to` is what they may have called about."""
    new = NewTicket(site=site.slug, failure="dropped_call", source=Source.PHONE, note=note)
    customer = find_or_add(session, site, NewCustomer(phone), now=now)
    ticket = _added(session, site, new, customer, now=now, by=CUSTOMER)
    ticket.linked_to_id = linked_to
    _record_logged(session, ticket, now=now, by=CUSTOMER)
    due = default_promise_due(session, ticket, now=now)
    about, told_by = PromiseAbout.CALLBACK, ToldBy.PAGE
    make_promise(session, ticket, due_at=due, about=about, told_by=told_by, now=now, by=CUSTOMER, first=True)
    watch_new(session, ticket, now=now)
    return ticket


def continuation_of(session: DeskSession, ticket: Ticket) -> int | None:
    """The id of what goes on from it already, whoever opened that and however it stands; one logged in error is none."""
    return session.scalar(
        select(Ticket.id)
        .where(Ticket.continues_id == ticket.id, Ticket.status != TicketStatus.VOID)
        .order_by(Ticket.logged_at.desc(), Ticket.id.desc())
        .limit(1),
    )


def _check(site: Site, new: NewTicket, *, now: datetime) -> None:
    if new.failure not in FAILURES:
        raise Invalid.field("failure", f"“{new.failure}” is not one of: {', '.join(FAILURES)}.")
    if new.order.currency is not None and new.order.currency != site.currency:
        raise Invalid.field("order.currency", f"{site.name} works in {site.currency}: give the amount in it.")
    if new.happened_at is None:
        return
    if new.happened_at > now + CLOCKS_APART:
        raise Invalid.field("happened_at", "That has not happened yet: check the time.")
    if new.happened_at < now - OLDEST:
        raise Invalid.field("happened_at", "That is more than seven days ago: log it with the time left out.")


def _check_remedy(ticket: Ticket, remedy: NewRemedy, place: int) -> None:
    try:
        check_remedy(ticket, remedy)
    except Invalid as wrong:
        raise wrong.within(f"remedies.{place}") from None


def _added(
    session: DeskSession,
    site: Site,
    new: NewTicket,
    customer: Customer | None,
    *,
    now: datetime,
    by: Actor,
) -> Ticket:
    failure = FAILURES[new.failure]
    happened_at = min(new.happened_at or now, now)
    ticket = Ticket(
        id=new_id(now),
        reference=new_reference(),
        site=site,
        site_id=site.id,
        customer=customer,
        customer_id=customer.id if customer else None,
        failure=failure.code,
        severity=new.severity or failure.severity,
        source=new.source,
        status=TicketStatus.OPEN,
        level=1,
        is_sensitive=failure.sensitive,
        note=(new.note or "").strip() or None,
        salt=secrets.token_hex(SALT_BYTES),
        order_reference=new.order.reference,
        order_amount=new.order.amount,
        order_currency=site.currency if new.order.amount is not None else None,
        order_kept=new.order.kept,
        owner_id=by.id,
        logged_by_id=by.id,
        logged_at=now,
        happened_at=happened_at,
        apologised_in_person=new.apologised_in_person,
        first_response_at=now if new.apologised_in_person else None,
        no_text_reason=OBSERVATION if new.source in WITHOUT_PROMISE else None,
        link_generation=0,
        unread=0,
        lapses=0,
        version=1,
        event_seq=0,
        event_head="",
        is_demo=site.is_demo,
    )
    if ticket.source not in WITHOUT_PROMISE:
        ticket.promise_due_at = default_promise_due(session, ticket, now=now)
    session.add(ticket)
    return ticket


def _record_logged(session: DeskSession, ticket: Ticket, *, now: datetime, by: Actor) -> None:
    record(
        session,
        ticket,
        Tag.TICKET_LOGGED,
        by=by,
        at=now,
        reference=ticket.reference,
        failure=ticket.failure,
        severity=ticket.severity.value,
        source=ticket.source.value,
        status=ticket.status.value,
        site=ticket.site_id,
        customer=ticket.customer_id,
        owner=ticket.owner_id,
        level=ticket.level,
        linked_to=ticket.linked_to_id,
        continues=ticket.continues_id,
        note_commitment=commitment(ticket.salt, ticket.note),
        logged_at=instant(ticket.logged_at),
        happened_at=instant(ticket.happened_at),
        apologised_in_person=ticket.apologised_in_person,
        order_amount=ticket.order_amount,
        order_currency=ticket.order_currency,
    )


def _first_due(
    session: DeskSession, ticket: Ticket, new: NewTicket, remedies: list[Remedy], *, now: datetime
) -> datetime:
    if new.promise_minutes is not None:
        due = now + timedelta(minutes=new.promise_minutes)
        check_due(due, now=now)
        return due
    if is_asked(remedies):
        return now + session.house.policy.approval_deadline
    return default_promise_due(session, ticket, now=now)


def _apologise(
    session: DeskSession, ticket: Ticket, remedies: list[Remedy], due: datetime, *, now: datetime, by: Actor
) -> ToldBy:
    """Gives how they hear of it."""
    if ticket.source in WITHOUT_PROMISE:
        return ToldBy.NOBODY
    if apologise(session, ticket, remedies, due, now=now, by=by) is not None:
        return ToldBy.TEXT
    return ToldBy.IN_PERSON if ticket.no_text_reason else ToldBy.NOBODY  # capped: a call is there to say it


def _linked(session: DeskSession, reference: str, *, by: Actor) -> int:
    found = session.scalar(select(Ticket.id).where(Ticket.reference == reference.upper(), tickets_visible_to(by)))
    if found is None:
        raise Invalid.field("linked_to", f"There is no ticket {reference} at your sites to link to.")
    return found


def new_reference() -> str:
    letters = "".join(secrets.choice(REFERENCE_ALPHABET) for _ in range(REFERENCE_LETTERS))
    return f"RD-{letters}"
