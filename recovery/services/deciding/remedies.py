"""Granting, asking, deciding, handing over. The ticket's row is locked by whoever calls."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select

from recovery.domain.actors import Actor
from recovery.domain.errors import Forbidden, Invalid, WrongState
from recovery.domain.events import Tag, commitment
from recovery.domain.ids import new_id
from recovery.domain.money import format_money
from recovery.domain.permissions import Permission, Role
from recovery.domain.remedies import RemedyKind, RemedyStatus, move
from recovery.domain.tickets import TicketStatus
from recovery.models import Approval, Message, Remedy, Ticket
from recovery.services.access import require
from recovery.services.alerting.ladders import watch
from recovery.services.deciding import authority
from recovery.services.deciding.approvals import ask
from recovery.services.deciding.telling import say_approved, say_asked, say_granted, say_ready, say_refused, take_back
from recovery.services.proving.trail import record
from recovery.services.session import DeskSession
from recovery.services.timing.apologies import apologise_without
from recovery.services.timing.promises import touched

OF_TICKET = select(Remedy).where(Remedy.ticket_id == bindparam("ticket_id")).order_by(Remedy.id)


@dataclass(frozen=True, slots=True)
class NewRemedy:
    kind: RemedyKind
    amount: int | None = None
    """Minor units of the site's currency."""
    currency: str | None = None
    detail: str | None = None


def propose(
    session: DeskSession,
    ticket: Ticket,
    new: NewRemedy,
    *,
    now: datetime,
    by: Actor,
    tell: bool = True,
) -> Remedy:
    """Grants at once inside the person's authority, else asks the next who may.

    Raises Invalid for an amount or a currency that cannot be, WrongState on a ticket that is over, Refused where an
    approval is needed and nobody is left to give it.
    """
    require(by, Permission.WORK)
    if not ticket.is_live:
        raise WrongState(f"This ticket is {ticket.status.label}: reopen it before you grant anything.")
    check_remedy(ticket, new)
    remedy = _proposed(session, ticket, new, now=now, by=by)
    passed = _grant_alone(session, ticket, remedy, now=now, by=by)
    if passed is None:
        move_to_recovery(ticket)
        if tell:
            watch(session, ticket, now=now)
            say_granted(session, ticket, remedy, now=now, by=by)
    else:
        approval = ask(session, ticket, remedy, passed, now=now, by=by)
        if tell:
            say_asked(session, ticket, remedy, deadline=approval.deadline_at, now=now, by=by)
    return remedy


def approve(
    session: DeskSession,
    ticket: Ticket,
    remedy: Remedy,
    *,
    now: datetime,
    by: Actor,
    amount: int | None = None,
) -> Message | None:
    """Gives the text that tells the customer; None where none may go. `amount`, where given, is a smaller one in minor
    units. Raises Forbidden, Invalid, WrongState (decided already)."""
    _check_decider(ticket, remedy, by=by)
    granted = remedy.amount if amount is None else _smaller(remedy, amount)
    limits = authority.limits_of(session, ticket.site, by.role or Role.FRONTLINE)
    _check_own_limit(session, ticket, remedy, granted, limits.per_ticket)
    _decide(session, ticket, remedy, RemedyStatus.GRANTED, now=now, by=by)
    remedy.amount, remedy.limit_in_force = granted, limits.per_ticket
    if granted and remedy.currency:
        authority.raise_approved(session, ticket, remedy, now=now)
    _tell_grant(session, ticket, remedy, authority_name="approval", now=now, by=by)
    move_to_recovery(ticket)
    watch(session, ticket, now=now)
    return say_approved(session, ticket, remedy, now=now, by=by)


def refuse(
    session: DeskSession, ticket: Ticket, remedy: Remedy, *, reason: str, now: datetime, by: Actor
) -> Message | None:
    """Gives what `approve` gives. Raises Invalid without a reason, else as `approve`."""
    if not reason.strip():
        raise Invalid.field("reason", "Say why, in a few words: who asked will read it.")
    _check_decider(ticket, remedy, by=by)
    remedy.decision_reason = reason.strip()
    _decide(session, ticket, remedy, RemedyStatus.REFUSED, now=now, by=by)
    record(
        session,
        ticket,
        Tag.REMEDY_REFUSED,
        by=by,
        at=now,
        remedy=remedy.id,
        reason_commitment=commitment(ticket.salt, remedy.decision_reason),
    )
    theirs = [r for r in remedies_of(session, ticket) if r.status in {RemedyStatus.GRANTED, RemedyStatus.READY}]
    return say_refused(session, ticket, remedy, theirs, now=now, by=by)


def make_ready(session: DeskSession, ticket: Ticket, remedy: Remedy, *, now: datetime, by: Actor) -> Message | None:
    """Gives the text that says so; None where none may go."""
    require(by, Permission.WORK)
    remedy.status = move(remedy.status, RemedyStatus.READY)
    remedy.ready_at = now
    record(session, ticket, Tag.REMEDY_READY, by=by, at=now, remedy=remedy.id)
    return say_ready(session, ticket, remedy, now=now, by=by)


def fulfil(session: DeskSession, ticket: Ticket, remedy: Remedy, *, now: datetime, by: Actor) -> None:
    """Handed over by `by`, now."""
    require(by, Permission.WORK)
    remedy.status = move(remedy.status, RemedyStatus.FULFILLED)
    remedy.fulfilled_by_id, remedy.fulfilled_at = by.id, now
    record(session, ticket, Tag.REMEDY_FULFILLED, by=by, at=now, remedy=remedy.id, handed_over_by=by.id)
    take_back(session, ticket, remedy, reason="handed_over", now=now)
    touched(session, ticket, how="remedy handed over", now=now, by=by)


def cancel(
    session: DeskSession, ticket: Ticket, remedy: Remedy, *, reason: str | None, now: datetime, by: Actor
) -> None:
    _end(session, ticket, remedy, RemedyStatus.CANCELLED, tag=Tag.REMEDY_CANCELLED, reason=reason, now=now, by=by)


def fail(session: DeskSession, ticket: Ticket, remedy: Remedy, *, reason: str | None, now: datetime, by: Actor) -> None:
    """It could not be carried out: the card was refused, the kitchen is out of it."""
    _end(session, ticket, remedy, RemedyStatus.FAILED, tag=Tag.REMEDY_FAILED, reason=reason, now=now, by=by)


def remedies_of(session: DeskSession, ticket: Ticket) -> list[Remedy]:
    return list(session.scalars(OF_TICKET, {"ticket_id": ticket.id}))


def check_remedy(ticket: Ticket, new: NewRemedy) -> None:
    """Raises Invalid."""
    if new.kind.is_money and new.amount is None:
        raise Invalid.field("amount", f"A {new.kind.value} needs an amount: enter how much.")
    if new.currency is not None and new.currency != ticket.site.currency:
        raise Invalid.field("currency", f"{ticket.site.name} works in {ticket.site.currency}: give the amount in it.")


def move_to_recovery(ticket: Ticket) -> None:
    if ticket.status is TicketStatus.OPEN:
        ticket.status = TicketStatus.IN_RECOVERY


def _proposed(session: DeskSession, ticket: Ticket, new: NewRemedy, *, now: datetime, by: Actor) -> Remedy:
    currency = (new.currency or ticket.site.currency) if new.amount is not None else None
    remedy = Remedy(
        id=new_id(now),
        ticket_id=ticket.id,
        kind=new.kind,
        status=RemedyStatus.GRANTED,
        amount=new.amount,
        proposed_amount=new.amount,
        currency=currency,
        detail=new.detail,
        proposed_by_id=by.id,
        proposed_at=now,
        needed_approval=False,
    )
    record(
        session,
        ticket,
        Tag.REMEDY_PROPOSED,
        by=by,
        at=now,
        remedy=remedy.id,
        kind=new.kind.value,
        amount=new.amount,
        currency=currency,
    )
    return remedy


def _grant_alone(
    session: DeskSession, ticket: Ticket, remedy: Remedy, *, now: datetime, by: Actor
) -> authority.Passed | None:
    if remedy.amount and remedy.currency and by.id is not None:
        limits = authority.limits_of(session, ticket.site, by.role or Role.FRONTLINE)
        passed = authority.raise_alone(session, ticket, remedy, staff_id=by.id, limits=limits, now=now)
        if passed is not None:
            return passed
        remedy.limit_in_force = limits.per_ticket
    remedy.decided_by_id, remedy.decided_at = by.id, now
    session.add(remedy)
    _tell_grant(session, ticket, remedy, authority_name="own", now=now, by=by)
    return None


def _tell_grant(
    session: DeskSession, ticket: Ticket, remedy: Remedy, *, authority_name: str, now: datetime, by: Actor
) -> None:
    record(
        session,
        ticket,
        Tag.REMEDY_GRANTED,
        by=by,
        at=now,
        remedy=remedy.id,
        kind=remedy.kind.value,
        amount=remedy.amount,
        currency=remedy.currency,
        authority=authority_name,
        proposed_by=remedy.proposed_by_id,
        proposed_amount=remedy.proposed_amount,
        limit=remedy.limit_in_force,
    )


def _check_decider(ticket: Ticket, remedy: Remedy, *, by: Actor) -> None:
    if remedy.status is not RemedyStatus.PENDING_APPROVAL:
        who = remedy.decided_by.first_name if remedy.decided_by else "Somebody"
        raise WrongState(f"{who} has decided this already: it is {remedy.status.label}.")
    if remedy.proposed_by_id == by.id:
        raise Forbidden("You asked for this yourself, so somebody else has to decide it.")
    require(by, Permission.APPROVE)
    if not by.works_at(ticket.site_id):
        raise Forbidden("Only a supervisor of this site may decide this.")


def _smaller(remedy: Remedy, amount: int) -> int:
    if remedy.amount is None or not 0 < amount <= remedy.amount:
        raise Invalid.field("amount", "Approve what was asked for, or a smaller amount above zero.")
    return amount


def _check_own_limit(
    session: DeskSession, ticket: Ticket, remedy: Remedy, granted: int | None, limit: int | None
) -> None:
    if limit is None or not granted or not remedy.currency:
        return
    if authority.total_on(session, ticket, remedy.currency) + granted > limit:
        raise Forbidden(
            f"This ticket would pass {format_money(limit, remedy.currency)}, which is what you may approve: "
            "an admin has to decide it.",
        )


def _decide(
    session: DeskSession, ticket: Ticket, remedy: Remedy, to: RemedyStatus, *, now: datetime, by: Actor
) -> None:
    remedy.status = move(remedy.status, to)
    remedy.decided_by_id, remedy.decided_at = by.id, now
    approval = session.get(Approval, remedy.id)
    if approval is not None:
        approval.answered_at = now
        approval.link_generation += 1
    take_back(session, ticket, remedy, reason="answered", now=now)


def _end(
    session: DeskSession,
    ticket: Ticket,
    remedy: Remedy,
    to: RemedyStatus,
    *,
    tag: Tag,
    reason: str | None,
    now: datetime,
    by: Actor,
) -> None:
    require(by, Permission.WORK)
    counted = remedy.status in {RemedyStatus.GRANTED, RemedyStatus.READY}
    remedy.status = move(remedy.status, to)
    remedy.ended_at, remedy.end_reason = now, reason
    approval = session.get(Approval, remedy.id)
    if approval is not None and approval.answered_at is None:
        approval.answered_at = now
    if counted and remedy.amount and remedy.currency:
        authority.lower(session, ticket, remedy)
    record(session, ticket, tag, by=by, at=now, remedy=remedy.id, reason_commitment=commitment(ticket.salt, reason))
    take_back(session, ticket, remedy, reason=to.value, now=now)
    if counted:
        apologise_without(session, ticket, now=now)
