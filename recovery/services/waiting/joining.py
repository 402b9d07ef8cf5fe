"""A greeter logs who waits for a free colleague: a ticket from the first minute, with a place in line and an estimate."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from recovery.domain.actors import Actor
from recovery.domain.errors import Invalid
from recovery.domain.events import Tag
from recovery.domain.ids import new_id
from recovery.domain.permissions import Permission
from recovery.domain.tickets import PromiseAbout, Source, ToldBy
from recovery.domain.waits import LIVE, WaitStatus
from recovery.models import Customer, Ticket, Wait
from recovery.services.access import require, visible_site
from recovery.services.people.customers import NewCustomer
from recovery.services.proving.trail import record
from recovery.services.session import DeskSession, instant
from recovery.services.ticketing.logging_mistakes import NewTicket, begin
from recovery.services.timing.promises import make_promise
from recovery.services.waiting.estimates import estimate
from recovery.services.waiting.saying import say

LONGEST_WHAT_FOR = 200
"""Letters: read from an arm's length, while somebody stands there."""
FAILURE = "late"
"""What it is once our promise breaks: we kept them waiting."""


@dataclass(frozen=True, slots=True)
class NewWait:
    site: str
    customer: NewCustomer
    note: str | None = None
    """What for."""


def join(session: DeskSession, new: NewWait, *, now: datetime, by: Actor) -> Wait:
    """Raises Forbidden, NotFound for a site of others, Invalid by field: nobody named, or somebody who is in line already."""
    require(by, Permission.LOG)
    site = visible_site(session, new.site, by=by)
    if not (new.customer.phone or "").strip() and not (new.customer.name or "").strip():
        raise Invalid.field("customer.phone", "Enter a phone number, or a name to call out.")
    ticket = begin(
        session,
        site,
        NewTicket(site=new.site, failure=FAILURE, source=Source.GREETER, customer=new.customer, note=new.note),
        now=now,
        by=by,
    )
    _refuse_twice(session, ticket.customer)
    wait = Wait(
        id=new_id(now),
        ticket=ticket,
        ticket_id=ticket.id,
        site_id=site.id,
        status=WaitStatus.WAITING,
        arrived_at=now,
        line_at=now,
        estimates=1,
        changes=0,
    )
    place, wait.estimate_at = estimate(session, site, wait, now=now)
    rules = session.house.policy.waiting
    wait.promised_by = wait.estimate_at + rules.margin
    session.add(wait)
    told = {"place": place, "estimate_at": instant(wait.estimate_at)}
    record(session, ticket, Tag.WAIT_BEGUN, by=by, at=now, wait=wait.id, **told)
    message = say(session, ticket, wait, "waiting", until=wait.estimate_at, now=now, by=by)
    if message is not None and rules.estimates > 1:
        wait.due_at = wait.estimate_at
    make_promise(
        session,
        ticket,
        due_at=wait.promised_by,
        about=PromiseAbout.TOUCH,
        told_by=ToldBy.TEXT if message is not None else ToldBy.IN_PERSON,
        now=now,
        by=by,
        first=True,
    )
    return wait


def _refuse_twice(session: DeskSession, customer: Customer | None) -> None:
    """By their number: two people may have one name."""
    if customer is None or customer.contact_id is None:
        return
    standing = (
        select(Wait.arrived_at)
        .join(Ticket, Ticket.id == Wait.ticket_id)
        .where(Ticket.customer_id == customer.id, Wait.status.in_(LIVE))
    )
    if session.scalar(standing.limit(1)) is not None:
        raise Invalid.field("customer.phone", "This number is in line already: see Waiting.")
