"""What people do with a ticket after it is logged. Its row is locked by whoever calls."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, select

from recovery.domain.actors import MACHINE, Actor
from recovery.domain.errors import Forbidden, Invalid, WrongState
from recovery.domain.events import Tag, commitment
from recovery.domain.languages import LANGUAGES
from recovery.domain.messages import MessageStatus
from recovery.domain.permissions import Permission
from recovery.domain.remedies import RemedyStatus
from recovery.domain.tickets import FINISHED, Severity, TicketStatus, move
from recovery.domain.told import BY_RESOLVING
from recovery.domain.wording import at_words
from recovery.domain.zones import places
from recovery.models import Event, Message, Remedy, Staff, Ticket
from recovery.services.access import require
from recovery.services.alerting.ladders import watch
from recovery.services.calling.call_rows import calls_follow, end_all_calls
from recovery.services.deciding import remedies
from recovery.services.people.sign_in import hold
from recovery.services.proving.trail import record
from recovery.services.session import DeskSession
from recovery.services.texting.messages import Saying, leaves_at, tell_customer
from recovery.services.texting.queued import drop_queued, has_left
from recovery.services.ticketing.withdrawing import RESOLVED, cancel_what_no_longer_holds
from recovery.services.timing.promises import (
    end_promise,
    promise_next,
    texted,
)
from recovery.services.waiting.wait_rows import live_wait_of
from recovery.services.wording.spoken import speech_with_customer, zone_of

CLOSED = "closed"
"""Why a call was taken back."""
LOOK_AGAIN_AFTER = timedelta(hours=24)
"""While we wait for the customer they still have our promise to look again."""
ASKED = (
    select(Remedy.id)
    .where(Remedy.ticket_id == bindparam("ticket_id"), Remedy.status == RemedyStatus.PENDING_APPROVAL)
    .limit(1)
)
NOT_HANDED_OVER = (RemedyStatus.PENDING_APPROVAL, RemedyStatus.GRANTED, RemedyStatus.READY)


@dataclass(frozen=True, slots=True)
class Change:
    """None leaves a field as it is."""

    owner_id: int | None = None
    severity: Severity | None = None
    note: str | None = None
    cause: str | None = None


def change(session: DeskSession, ticket: Ticket, wanted: Change, *, now: datetime, by: Actor) -> None:
    """Raises Forbidden where the ticket is another's and `by` no supervisor, Invalid for an owner from elsewhere.

    Making oneself the owner is taking it, and follows the same rule.
    """
    require(by, Permission.WORK)
    _check_theirs(ticket, by)
    if wanted.owner_id is not None and wanted.owner_id != ticket.owner_id:
        _reassign(session, ticket, wanted.owner_id, now=now, by=by)
    if wanted.severity is not None and wanted.severity is not ticket.severity:
        _tell_change(session, ticket, "severity", ticket.severity.value, wanted.severity.value, now=now, by=by)
        ticket.severity = wanted.severity
        watch(session, ticket, now=now)
    if wanted.note is not None and wanted.note.strip() != (ticket.note or ""):
        _set_text(session, ticket, "note", wanted.note, now=now, by=by)
    if wanted.cause is not None and wanted.cause.strip() != (ticket.cause or ""):
        _set_text(session, ticket, "cause", wanted.cause, now=now, by=by)


def speak_to_customer(session: DeskSession, ticket: Ticket, language: str, *, now: datetime, by: Actor) -> None:
    """In this language from now on, on all of their tickets. Nothing happens where it is theirs already, or where nobody
    is known. Raises Invalid for one that we do not speak."""
    if language not in LANGUAGES:
        raise Invalid.field("language", "Choose one of the languages offered.")
    customer = ticket.customer
    if customer is None or customer.language == language:
        return
    _tell_change(session, ticket, "language", customer.language, language, now=now, by=by)
    customer.language = language


def tell_times_in(session: DeskSession, ticket: Ticket, timezone: str, *, now: datetime, by: Actor) -> None:
    """In this zone from now on, on all of their tickets. Their site's is kept as none, so that they go with the site. Nothing
    happens where it is theirs already, or where nobody is known. Raises Invalid for one that is not offered."""
    before, ours = zone_of(ticket), ticket.site.timezone
    if timezone not in {before, ours} and timezone not in places():
        raise Invalid.field("timezone", "Choose one of the time zones offered.")
    if ticket.customer is None or timezone == before:
        return
    _tell_change(session, ticket, "timezone", before, timezone, now=now, by=by)
    ticket.customer.timezone = None if timezone == ours else timezone


def resolve(session: DeskSession, ticket: Ticket, *, how: str | None, now: datetime, by: Actor) -> Message | None:
    """A person's act. Gives the text that asks whether it is fixed, if one goes; it waits a moment, so that Undo can stop
    it. Raises WrongState while a remedy awaits approval."""
    require(by, Permission.WORK)
    event = _put_right(session, ticket, how=how, now=now, by=by)
    undo_for = session.house.policy.undo_for
    leaves = leaves_at(session, ticket, now=now + undo_for)
    at = at_words(now, now=leaves, timezone=zone_of(ticket), speech=speech_with_customer(ticket))
    saying = Saying(
        "resolved" if ticket.level == 1 else "resolved_again",
        f"ticket:{ticket.id}:resolved:{event.seq}",
        {"when": at},
        holds_while=f"resolved:{ticket.id}",
        after=undo_for,
    )
    return tell_customer(session, ticket, saying, now=now, by=by)


def settle(session: DeskSession, ticket: Ticket, *, why: str, now: datetime, by: Actor) -> None:
    """Resolved and closed in one, without a word to the customer, who was there. Raises WrongState as `resolve`."""
    require(by, Permission.WORK)
    _put_right(session, ticket, how=None, now=now, by=by)
    _close(session, ticket, why=why, now=now, by=by)


def _put_right(session: DeskSession, ticket: Ticket, *, how: str | None, now: datetime, by: Actor) -> Event:
    _refuse_while_asked(session, ticket)
    before, ticket.status = ticket.status, move(ticket.status, TicketStatus.RESOLVED)
    ticket.resolved_at, ticket.resolved_by_id = now, by.id
    if ticket.first_response_at is None:
        ticket.first_response_at = now
    end_promise(session, ticket, "kept", now=now, how=BY_RESOLVING, by=by)
    ticket.promise_due_at = None
    event = record(
        session,
        ticket,
        Tag.TICKET_RESOLVED,
        by=by,
        at=now,
        how_commitment=commitment(ticket.salt, how),
        status_before=before.value,
    )
    cancel_what_no_longer_holds(session, ticket, why=RESOLVED, now=now)
    return event


def take(session: DeskSession, ticket: Ticket, *, now: datetime, by: Actor) -> None:
    """Whoever is there takes what nobody has; from a colleague only a supervisor takes it. Raises Forbidden."""
    if by.id is not None and ticket.owner_id != by.id:
        _reassign(session, ticket, by.id, now=now, by=by)


def hand_over(session: DeskSession, ticket: Ticket, to: int, *, now: datetime, by: Actor) -> None:
    """At the end of a shift what is one's own or nobody's goes to whom one names, and from a supervisor anything does.
    What a colleague has stays with them. Raises Forbidden, Invalid for somebody from elsewhere."""
    require(by, Permission.WORK)
    is_moved = to != ticket.owner_id
    if is_moved and ticket.owner_id != by.id and is_in_hands(ticket) and not by.may(Permission.SUPERVISE):
        raise Forbidden(f"A colleague has {ticket.reference}: it stays with them, or a supervisor hands it over.")
    _refuse_from_elsewhere(session, ticket, to)
    if is_moved:
        _give(session, ticket, to, now=now, by=by)


def confirm(session: DeskSession, ticket: Ticket, *, message_id: int | None, now: datetime, by: Actor) -> None:
    """The customer says that it is right, though a colleague may have closed it already: that closes it."""
    if ticket.status not in FINISHED or ticket.confirmed_at is not None:
        return
    ticket.confirmed_at = now
    record(session, ticket, Tag.TICKET_CONFIRMED, by=by, at=now, message=message_id)
    if ticket.status is TicketStatus.RESOLVED:
        _close(session, ticket, why="confirmed", now=now, by=by)
    end_all_calls(session, ticket, why=CLOSED, now=now)


def close(
    session: DeskSession, ticket: Ticket, *, cause: str | None, action: str | None, now: datetime, by: Actor
) -> None:
    require(by, Permission.SUPERVISE)
    ticket.cause, ticket.action = cause or ticket.cause, action or ticket.action
    _close(session, ticket, why="by_hand", now=now, by=by)
    end_all_calls(session, ticket, why=CLOSED, now=now)


def close_quietly(session: DeskSession, ticket: Ticket, *, now: datetime) -> None:
    """Nothing was heard for days after the resolution. A call that is still to be made stays: nobody has decided otherwise."""
    _close(session, ticket, why="no_answer_needed", now=now, by=MACHINE)


def void(
    session: DeskSession, ticket: Ticket, *, reason: str, duplicate_of: Ticket | None, now: datetime, by: Actor
) -> None:
    """Logged in error: leaves the numbers, never the trail. What was not handed over is cancelled, and its money free
    again. What has left stays, and gets one correction."""
    require(by, Permission.WORK)
    _check_theirs(ticket, by)
    if not reason.strip():
        raise Invalid.field("reason", "Say in a few words why this was logged in error.")
    ticket.status = move(ticket.status, TicketStatus.VOID)
    ticket.void_reason, ticket.promise_due_at = reason.strip(), None
    end_promise(session, ticket, "replaced", now=now)
    record(
        session,
        ticket,
        Tag.TICKET_VOIDED,
        by=by,
        at=now,
        reason="duplicate" if duplicate_of else "logged_in_error",
        duplicate_of=duplicate_of.id if duplicate_of else None,
    )
    for remedy in remedies.remedies_of(session, ticket):
        if remedy.status in NOT_HANDED_OVER:
            remedies.cancel(session, ticket, remedy, reason=ticket.void_reason, now=now, by=by)
    cancel_what_no_longer_holds(session, ticket, why="void", now=now)
    drop_queued(session, ticket, reason="void", now=now)
    if has_left(session, ticket):
        tell_customer(session, ticket, Saying("voided", f"ticket:{ticket.id}:voided", {}), now=now, by=by)


def set_aside(session: DeskSession, ticket: Ticket, *, reason: str, why: str, now: datetime, by: Actor) -> None:
    """It was no mistake: leaves the numbers, never the trail, and nothing is corrected, for nothing wrong was said."""
    ticket.status = move(ticket.status, TicketStatus.VOID)
    ticket.void_reason, ticket.promise_due_at = reason, None
    end_promise(session, ticket, "replaced", now=now)
    record(session, ticket, Tag.TICKET_VOIDED, by=by, at=now, reason=why)
    cancel_what_no_longer_holds(session, ticket, why="void", now=now)


def wait_for_customer(session: DeskSession, ticket: Ticket, *, now: datetime, by: Actor) -> None:
    """Pauses our clock, never the customer's. Raises WrongState for somebody in line, who stands there and waits for us."""
    require(by, Permission.WORK)
    if live_wait_of(session, ticket) is not None:
        raise WrongState(
            "They are in line and wait for us: call them when it is their turn, or take them out of the line."
        )
    pause(session, ticket, now=now, by=by)
    promise_next(session, ticket, otherwise=now + LOOK_AGAIN_AFTER, now=now, by=by)


def pause(session: DeskSession, ticket: Ticket, *, now: datetime, by: Actor) -> None:
    """It is the customer's turn: our clock rests, theirs does not."""
    ticket.status = move(ticket.status, TicketStatus.WAITING_FOR_CUSTOMER)
    record(session, ticket, Tag.TICKET_WAITING, by=by, at=now)


def resume(session: DeskSession, ticket: Ticket, *, now: datetime, by: Actor) -> None:
    """The customer answered, or somebody goes on without an answer."""
    if ticket.status is not TicketStatus.WAITING_FOR_CUSTOMER:
        return
    ticket.status = move(ticket.status, TicketStatus.IN_RECOVERY)
    record(session, ticket, Tag.TICKET_RESUMED, by=by, at=now)
    watch(session, ticket, now=now)
    promise_next(session, ticket, now=now, by=by)


def write_to_customer(session: DeskSession, ticket: Ticket, words: str, *, now: datetime, by: Actor) -> Message | None:
    """A text in staff's own words. None where no text may go; the ticket then says why."""
    require(by, Permission.WORK)
    if not words.strip():
        raise Invalid.field("body", "Write something first.")
    meaning = f"ticket:{ticket.id}:free:{ticket.event_seq + 1}"
    message = tell_customer(session, ticket, Saying("free", meaning, {"words": words.strip()}), now=now, by=by)
    if message is not None:
        resume(session, ticket, now=now, by=by)
        texted(session, ticket, message, how="text", now=now, by=by)
    return message


def mark_read(session: DeskSession, ticket: Ticket, *, now: datetime, by: Actor) -> None:
    """Where nothing is unread this is no change."""
    require(by, Permission.WORK)
    unread = session.scalars(
        select(Message).where(
            Message.ticket_id == ticket.id,
            Message.status == MessageStatus.RECEIVED,
            Message.read_at.is_(None),
        ),
    ).all()
    for message in unread:
        message.read_at = now
    if not unread and not ticket.unread:
        return
    ticket.unread = 0
    record(session, ticket, Tag.TEXTS_READ, by=by, at=now, count=len(unread))


def _check_theirs(ticket: Ticket, by: Actor) -> None:
    if by.id not in {ticket.owner_id, ticket.logged_by_id} and not by.may(Permission.SUPERVISE):
        raise Forbidden("This ticket is somebody else's: ask its owner or a supervisor to change it.")


def _reassign(session: DeskSession, ticket: Ticket, owner_id: int, *, now: datetime, by: Actor) -> None:
    require(by, Permission.WORK if owner_id == by.id and not is_in_hands(ticket) else Permission.SUPERVISE)
    _refuse_from_elsewhere(session, ticket, owner_id)
    _give(session, ticket, owner_id, now=now, by=by)


def _refuse_from_elsewhere(session: DeskSession, ticket: Ticket, owner_id: int) -> None:
    """Whoever takes this person's account or site away waits until they have the ticket, and then finds it with them."""
    hold(session, owner_id)
    owner = session.get(Staff, owner_id, populate_existing=True)
    if owner is None or not owner.works_at(ticket.site_id):
        raise Invalid.field("owner", "Choose somebody who works at this site.")


def _give(session: DeskSession, ticket: Ticket, owner_id: int, *, now: datetime, by: Actor) -> None:
    _tell_change(session, ticket, "owner", str(ticket.owner_id or ""), str(owner_id), now=now, by=by)
    calls_follow(session, ticket, before=ticket.owner_id, to=owner_id)
    ticket.owner_id = owner_id


def is_in_hands(ticket: Ticket) -> bool:
    """Of somebody who still works here."""
    return ticket.owner is not None and ticket.owner.works_at(ticket.site_id)


def _set_text(session: DeskSession, ticket: Ticket, name: str, value: str, *, now: datetime, by: Actor) -> None:
    kept = value.strip() or None
    before = commitment(ticket.salt, getattr(ticket, name)) or ""
    _tell_change(session, ticket, name, before, commitment(ticket.salt, kept) or "", now=now, by=by)
    setattr(ticket, name, kept)


def _tell_change(
    session: DeskSession, ticket: Ticket, name: str, before: str, after: str, *, now: datetime, by: Actor
) -> None:
    record(session, ticket, Tag.TICKET_CHANGED, by=by, at=now, field=name, before=before, after=after)


def _refuse_while_asked(session: DeskSession, ticket: Ticket) -> None:
    if session.scalar(ASKED, {"ticket_id": ticket.id}) is not None:
        raise WrongState("A remedy on this ticket still waits for approval: decide or cancel it first.")


def _close(session: DeskSession, ticket: Ticket, *, why: str, now: datetime, by: Actor) -> None:
    ticket.status = move(ticket.status, TicketStatus.CLOSED)
    ticket.closed_at = now
    record(
        session,
        ticket,
        Tag.TICKET_CLOSED,
        by=by,
        at=now,
        why=why,
        cause=None if ticket.cause is None else commitment(ticket.salt, ticket.cause),
        action_commitment=commitment(ticket.salt, ticket.action),
    )
