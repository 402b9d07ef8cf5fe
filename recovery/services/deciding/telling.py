"""What the customer hears of a remedy: each thing once, only while it is so, and what that does for the promise."""

from collections.abc import Sequence
from datetime import datetime

from recovery.domain.actors import Actor
from recovery.domain.remedies import SAID_WHILE, condition_of, conditions_met
from recovery.domain.tickets import PromiseAbout, ToldBy
from recovery.models import Message, Remedy, Ticket
from recovery.services.session import DeskSession
from recovery.services.texting.messages import Saying, leaves_at, remedies_in_words, tell_customer
from recovery.services.texting.queued import drop_queued
from recovery.services.timing.promises import make_promise, texted, words_for
from recovery.services.wording.spoken import speech_with_customer

ANSWERED = "approval answered"


def say_granted(session: DeskSession, ticket: Ticket, remedy: Remedy, *, now: datetime, by: Actor) -> None:
    _say(session, ticket, _saying(ticket, "granted", "granted", remedy), how="remedy granted", now=now, by=by)


def say_asked(
    session: DeskSession, ticket: Ticket, remedy: Remedy, *, deadline: datetime, now: datetime, by: Actor
) -> None:
    """The answer is promised where they can be told of it in time; else the promise stands that they know of."""
    leaves = leaves_at(session, ticket, now=now)
    if leaves >= deadline:
        return
    values, condition = {"promise": words_for(ticket, deadline, now=leaves)}, condition_of(remedy.id, "asked")
    saying = Saying("asked", condition, values, holds_while=condition, expires_at=deadline)
    asked = tell_customer(session, ticket, saying, now=now, by=by)
    if asked is not None and not asked.held_for:
        make_promise(session, ticket, due_at=deadline, about=PromiseAbout.ANSWER, told_by=ToldBy.TEXT, now=now, by=by)


def say_approved(session: DeskSession, ticket: Ticket, remedy: Remedy, *, now: datetime, by: Actor) -> Message | None:
    return _say(session, ticket, _saying(ticket, "approval_granted", "granted", remedy), how=ANSWERED, now=now, by=by)


def say_refused(
    session: DeskSession, ticket: Ticket, remedy: Remedy, theirs: Sequence[Remedy], *, now: datetime, by: Actor
) -> Message | None:
    """`theirs` stays theirs, and is said."""
    values = {"remedies": remedies_in_words(theirs, speech_with_customer(ticket))}
    saying = Saying("approval_refused", f"remedy:{remedy.id}:refused", values)
    return _say(session, ticket, saying, how=ANSWERED, now=now, by=by)


def say_ready(session: DeskSession, ticket: Ticket, remedy: Remedy, *, now: datetime, by: Actor) -> Message | None:
    return _say(session, ticket, _saying(ticket, "ready", "ready", remedy), how="remedy ready", now=now, by=by)


def take_back(session: DeskSession, ticket: Ticket, remedy: Remedy, *, reason: str, now: datetime) -> None:
    """Texts that wait to say of it what is no longer so."""
    met = conditions_met(remedy.id, remedy.status)
    untrue = tuple(condition for said in SAID_WHILE if (condition := condition_of(remedy.id, said)) not in met)
    drop_queued(session, ticket, reason=reason, now=now, holds_while=untrue)


def _saying(ticket: Ticket, template: str, said: str, remedy: Remedy) -> Saying:
    condition, values = (
        condition_of(remedy.id, said),
        {"remedies": remedies_in_words([remedy], speech_with_customer(ticket))},
    )
    return Saying(template, condition, values, holds_while=condition)


def _say(session: DeskSession, ticket: Ticket, saying: Saying, *, how: str, now: datetime, by: Actor) -> Message | None:
    message = tell_customer(session, ticket, saying, now=now, by=by)
    texted(session, ticket, message, how=how, about=PromiseAbout.REMEDY, now=now, by=by)
    return message
