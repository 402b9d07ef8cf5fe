"""The customer's page in words: what happened, what comes next and when, in the site's own time."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from recovery.domain.calendars import local_time
from recovery.domain.callbacks import CallbackStatus, Outcome
from recovery.domain.phones import masked
from recovery.domain.remedies import RemedyStatus
from recovery.domain.tickets import FAILURES, PromiseAbout, Source, TicketStatus
from recovery.domain.wording import remedy_words
from recovery.models import Callback, Remedy, Ticket
from recovery.services.calling.booking import when_words
from recovery.services.texting.messages import first_word
from recovery.services.ticketing.customer_page import Story

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
TOMORROW = "tomorrow"
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
A_WEEK = 7
NEAREST_SLOTS = 6
FINE_DAYS = 2
"""So many days have every quarter of an hour; later ones every half, so that the page stays small on a poor network."""
OUR_TEAM = "Our team"
STATE_OF_REMEDY = {
    RemedyStatus.PENDING_APPROVAL: "We have asked for it",
    RemedyStatus.GRANTED: "It is yours",
    RemedyStatus.READY: "Ready for you",
    RemedyStatus.FULFILLED: "Done",
    RemedyStatus.REFUSED: "Not this time",
    RemedyStatus.FAILED: "It did not go through: we are on it",
}
OUTCOMES = {
    Outcome.NO_ANSWER: "We called, and could not reach you",
    Outcome.BUSY: "We called, and your line was busy",
    Outcome.VOICEMAIL: "We called, and left you a message",
    Outcome.DISCONNECTED: "We got cut off",
}
SAID = {
    "soonest": "That time has just gone. We call you as soon as someone is free.",
    "kept": "We have your wish to be called. Someone reads it and gets back to you.",
    "cancelled": "The call is cancelled.",
    "reopened": "Thank you for telling us. It is open again, and we are on it.",
    "written": "We have it. Someone reads it and answers you.",
    "right": "Thank you for telling us. We are glad.",
}


@dataclass(frozen=True, slots=True)
class Step:
    words: str
    at: str
    state: str
    """`done`, `next` or `then`."""


def page_of(story: Story, *, now: datetime, slots: Sequence[datetime], said: str) -> dict[str, Any]:
    """What templates/customer/page.html expects."""
    ticket = story.ticket
    return {
        "site": ticket.site.name,
        "reference": ticket.reference,
        "zone": _zone_words(ticket.site.timezone),
        "status": ticket.status.value,
        "is_live": ticket.is_live,
        "is_resolved": ticket.status is TicketStatus.RESOLVED,
        "is_void": ticket.status is TicketStatus.VOID,
        "heading": _heading(ticket),
        "below": _below(ticket),
        "promise": _promise(story, now=now),
        "remedies": [_remedy(each, ticket, now) for each in story.remedies if each.status in STATE_OF_REMEDY],
        "steps": list(_steps(story, now=now)),
        "call": _call(story.call, ticket, now=now),
        "phone": _phone(ticket),
        "nearest": [_slot(slot, ticket, now) for slot in slots[:NEAREST_SLOTS]],
        "days": _days(slots, ticket, now),
        "said": _said(said, story, now=now),
        "staff": ticket.owner.first_name if ticket.owner else "us",
    }


def clock_words(instant: datetime, ticket: Ticket, now: datetime) -> str:
    """Give "14:32", "09:15 tomorrow", "Tue 09:15", "3 Jun 09:15"."""
    clock, day = _clock_and_day(instant, ticket, now)
    return f"{clock} {day}".strip() if day in {"", TOMORROW} else f"{day} {clock}"


def _clock_and_day(instant: datetime, ticket: Ticket, now: datetime) -> tuple[str, str]:
    """No day for today."""
    local, today = local_time(instant, ticket.site.timezone), local_time(now, ticket.site.timezone)
    clock, days = f"{local:%H:%M}", (local.date() - today.date()).days
    if days in {0, 1}:
        return clock, TOMORROW if days else ""
    if abs(days) < A_WEEK:
        return clock, DAYS[local.weekday()]
    return clock, f"{local.day} {MONTHS[local.month - 1]}"


def _heading(ticket: Ticket) -> str:
    name = first_word(ticket.customer.name) if ticket.customer else ""
    hello = f"Hello {name}." if name else "Hello."
    match ticket.status:
        case TicketStatus.VOID:
            return f"{hello} There is nothing you need to do."
        case TicketStatus.RESOLVED:
            return f"{hello} We hope that it is right again."
        case TicketStatus.CLOSED:
            return f"{hello} Thank you for bearing with us."
    wrong = FAILURES[ticket.failure].to_customer
    return f"{hello} {wrong[0].upper()}{wrong[1:]}, and we are sorry."


def _below(ticket: Ticket) -> str:
    if ticket.status is TicketStatus.VOID:
        return "We texted you by mistake. Sorry for the bother."
    wrong = FAILURES[ticket.failure].to_customer
    return "" if ticket.is_live else f"{wrong[0].upper()}{wrong[1:]}, and we are sorry that it went wrong."


def _promise(story: Story, *, now: datetime) -> dict[str, Any] | None:
    """{lead, big, day, after, late}: the one thing that everybody reads."""
    ticket, promise = story.ticket, story.promise
    if not ticket.is_live or promise is None:
        return None
    due = _clock_and_day(promise.due_at, ticket, now)
    if now > promise.due_at:
        late = "We are late, and we are sorry. Somebody here has been told."
        return _hero("You should have heard from us by", due, late, late=True)
    call = story.call
    if promise.about is PromiseAbout.CALLBACK and call is not None:
        return _promised_call(call, ticket, due, now=now)
    after = (
        "If anything changes, we tell you first." if ticket.no_text_reason is None else "This page says where we are."
    )
    return _hero(_lead(story), due, after)


def _hero(lead: str, due: tuple[str, str], after: str, *, late: bool = False) -> dict[str, Any]:
    return {"lead": lead, "big": due[0], "day": due[1], "after": after, "late": late}


def _promised_call(call: Callback, ticket: Ticket, latest: tuple[str, str], *, now: datetime) -> dict[str, Any]:
    after = f"On {_phone(ticket)}." if _phone(ticket) else ""
    if call.as_soon_as_possible or call.due_at <= now:
        return _hero("We call you as soon as someone is free, at the latest by", latest, after)
    return _hero("We call you at", _clock_and_day(call.due_at, ticket, now), after)


def _lead(story: Story) -> str:
    ticket, who = story.ticket, _staff(story.ticket)
    if ticket.status is TicketStatus.WAITING_FOR_CUSTOMER:
        return "We wait for your answer, and look at it again by"
    if story.promise is not None and story.promise.about is PromiseAbout.ANSWER:
        return f"{who} has asked for more for you. You hear from us by"
    if any(remedy.status is RemedyStatus.READY for remedy in story.remedies):
        return "It is ready for you. You hear from us by"
    if any(remedy.status is RemedyStatus.GRANTED for remedy in story.remedies):
        return f"{who} is putting it right. You hear from us by"
    return f"{who} is looking after it. You hear from us by"


def _steps(story: Story, *, now: datetime) -> Iterator[Step]:
    ticket = story.ticket
    done = sorted(_done(story), key=lambda step: step[0])
    for at, words in done:
        yield Step(words, clock_words(at, ticket, now), "done")
    if ticket.is_live:
        yield _next(story, now=now)
    if ticket.is_live or ticket.status is TicketStatus.RESOLVED:
        yield Step("You tell us that it is right", "", "then" if ticket.is_live else "next")


def _done(story: Story) -> Iterator[tuple[datetime, str]]:
    ticket = story.ticket
    yield ticket.logged_at, "We saw it ourselves" if ticket.source is Source.PROACTIVE else "You told us"
    for remedy in story.remedies:
        yield from _done_about(remedy)
    for call in story.calls:
        for attempt in call.attempts:
            if attempt.outcome is Outcome.REACHED:
                yield attempt.at, "We spoke on the phone"
            elif attempt.outcome in OUTCOMES:
                yield attempt.at, OUTCOMES[attempt.outcome]
    for at in _far_apart(story.wrote_at):
        yield at, "You wrote to us"
    for at in story.reopened_at:
        yield at, "You told us that it was not right yet"
    if ticket.resolved_at is not None:
        yield ticket.resolved_at, "We put it right"
    if ticket.confirmed_at is not None:
        yield ticket.confirmed_at, "You told us that it is right"


def _done_about(remedy: Remedy) -> Iterator[tuple[datetime, str]]:
    words = remedy_words(remedy.kind, remedy.amount, remedy.currency, remedy.detail)
    agreed = remedy.status in {RemedyStatus.GRANTED, RemedyStatus.READY, RemedyStatus.FULFILLED}
    if agreed and remedy.decided_at is not None:
        yield remedy.decided_at, f"We agreed: {words}"
    if remedy.fulfilled_at is not None:
        yield remedy.fulfilled_at, f"Done: {words}"


def _far_apart(moments: Iterable[datetime]) -> Iterator[datetime]:
    """Several texts within one minute are one step."""
    return (next(iter(same)) for _, same in groupby(moments, key=lambda at: at.replace(second=0, microsecond=0)))


def _next(story: Story, *, now: datetime) -> Step:
    ticket, call = story.ticket, story.call
    if call is not None:
        when = "" if call.as_soon_as_possible or call.due_at <= now else clock_words(call.due_at, ticket, now)
        return Step("We call you", when or "soon", "next")
    pending = [remedy for remedy in story.remedies if remedy.status is RemedyStatus.PENDING_APPROVAL]
    words = "You hear from us"
    if pending:
        first = pending[0]
        words = f"The answer about {remedy_words(first.kind, first.amount, first.currency, first.detail)}"
    promise = story.promise
    if promise is None or now > promise.due_at:
        return Step(words, "soon", "next")
    return Step(words, f"by {clock_words(promise.due_at, ticket, now)}", "next")


def _remedy(remedy: Remedy, ticket: Ticket, now: datetime) -> dict[str, str]:
    words = remedy_words(remedy.kind, remedy.amount, remedy.currency, remedy.detail)
    state = STATE_OF_REMEDY[remedy.status]
    if remedy.fulfilled_at is not None:
        state = f"{state}, {clock_words(remedy.fulfilled_at, ticket, now)}"
    return {"words": words[0].upper() + words[1:], "state": state, "status": remedy.status.value}


def _call(call: Callback | None, ticket: Ticket, *, now: datetime) -> dict[str, Any] | None:
    if call is None:
        return None
    if call.status is CallbackStatus.MISSED:
        words = "We did not call you when we said we would. We are sorry, and call you as soon as we can."
    elif call.due_at <= now:
        words = "We are about to call you."
    else:
        words = f"We call you {when_words(ticket, call, now=now)}."
    return {"words": words, "late": call.status is CallbackStatus.MISSED}


def _slot(slot: datetime, ticket: Ticket, now: datetime) -> dict[str, str]:
    return {"value": _value(slot), "words": clock_words(slot, ticket, now)}


def _days(slots: Sequence[datetime], ticket: Ticket, now: datetime) -> list[dict[str, Any]]:
    by_day = groupby(slots, key=lambda slot: local_time(slot, ticket.site.timezone).date())
    days = []
    for number, (day, of_day) in enumerate(by_day):
        local = [(slot, local_time(slot, ticket.site.timezone)) for slot in of_day]
        shown = [(slot, wall) for slot, wall in local if number < FINE_DAYS or wall.minute in {0, 30}]
        ahead = (day - local_time(now, ticket.site.timezone).date()).days
        name = {0: "Today", 1: "Tomorrow"}.get(ahead, f"{DAYS[day.weekday()]} {day.day} {MONTHS[day.month - 1]}")
        times = [{"value": _value(slot), "words": f"{wall:%H:%M}"} for slot, wall in shown]
        days.append({"name": name, "times": times})
    return days


def _value(slot: datetime) -> str:
    return f"{slot:%Y-%m-%dT%H:%MZ}"


def _said(said: str, story: Story, *, now: datetime) -> str:
    """Made from what is so, not from what the address says: a link cannot put words on our page."""
    if said == "booked" and story.call is not None:
        return f"Good: we call you {when_words(story.ticket, story.call, now=now)}."
    return SAID.get(said, "")


def _phone(ticket: Ticket) -> str:
    return masked(ticket.customer.phone) if ticket.customer and ticket.customer.phone else ""


def _staff(ticket: Ticket) -> str:
    return ticket.owner.first_name if ticket.owner else OUR_TEAM


def _zone_words(timezone: str) -> str:
    return timezone.rpartition("/")[2].replace("_", " ")
