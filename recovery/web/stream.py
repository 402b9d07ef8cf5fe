"""A ticket's story as one conversation: what was written either way, and between it what was done."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from flask import url_for

from recovery.domain.actors import ActorKind
from recovery.domain.calendars import local_time
from recovery.domain.callbacks import CallReason
from recovery.domain.events import Tag
from recovery.domain.languages import LANGUAGES, Language
from recovery.domain.messages import Direction
from recovery.domain.money import format_money
from recovery.domain.photos import PhotoState, shows_in_a_page
from recovery.domain.ratings import SCALE
from recovery.domain.refusals import REFUSAL
from recovery.domain.remedies import RemedyKind
from recovery.domain.targets import CLOCK_LABELS
from recovery.domain.tasks import TaskList
from recovery.domain.threads import FoundBy
from recovery.domain.tickets import PromiseAbout, Severity
from recovery.domain.zones import city_of
from recovery.models import Event, Message
from recovery.services.hearing.photos import PhotoRow
from recovery.services.ticketing.rows import SiteBrief
from recovery.web.call_words import attempted, corrected
from recovery.web.rows import at, clock, failure_label
from recovery.web.unsent import trouble, waits_for_money

Names = Mapping[int, str]
Payload = Mapping[str, Any]
Photos = Mapping[int, Sequence[PhotoRow]]
"""By text."""


TOLD_BESIDES = frozenset({PromiseAbout.CALLBACK.value, PromiseAbout.ANSWER.value})
"""Promises that come with a call or with a question: the line of that one says it."""


class There(NamedTuple):
    """Where and when it was said: a time on another day than that has its day beside it."""

    site: SiteBrief
    at: datetime


class Teller(NamedTuple):
    """`kind` of mark and the words, made from the payload; names are those of staff, by id."""

    icon: str
    words: Callable[[Payload, Names, There], str]


def stream(
    events: Sequence[Event],
    messages: Sequence[Message],
    site: SiteBrief,
    *,
    names: Names,
    words: Mapping[int, str],
    photos: Photos,
) -> list[dict[str, Any]]:
    """Oldest first, with a line for each new day of the site. `words` are those of the messages that may be shown."""
    told = [entry for event in events if (entry := _line(event, names, site))]
    told += [_bubble(message, words[message.id], photos, names, site) for message in messages]
    told.sort(key=lambda entry: entry["moment"])
    days: list[dict[str, Any]] = []
    today = None
    for entry in told:
        local = local_time(entry["moment"], site.timezone)
        if local.date() != today:
            today = local.date()
            days.append({"kind": "day", "words": f"{local:%A} {local.day} {local:%B}"})
        days.append(entry)
    return days


def people_in(events: Sequence[Event], messages: Sequence[Message]) -> set[int]:
    """Ids of staff that the story names."""
    named = {event.actor_id for event in events} | {message.staff_id for message in messages}
    for event in events:
        payload = json.loads(event.payload)
        named |= {payload.get(key) for key in ("of", "to", "staff")}
        if event.tag == Tag.TICKET_CHANGED and payload.get("field") == "owner":
            named |= {_id(payload.get("before")), _id(payload.get("after"))}
    return {each for each in named if each}


def _line(event: Event, names: Names, site: SiteBrief) -> dict[str, Any] | None:
    teller, payload = TELLERS.get(Tag(event.tag)), json.loads(event.payload)
    if teller is None or payload.get("about") in TOLD_BESIDES:
        return None
    by = {ActorKind.CUSTOMER: "The customer", ActorKind.MACHINE: ""}.get(event.actor_kind)
    by = names.get(event.actor_id or 0, "") if by is None else by
    words = teller.words(payload, names, There(site, event.at))
    return {
        "kind": "event",
        "moment": event.at,
        "icon": teller.icon,
        "by": by,
        "text": words if by else words[:1].upper() + words[1:],
        "at": f"{local_time(event.at, site.timezone):%H:%M}",
    }


def _bubble(message: Message, words: str, photos: Photos, names: Names, site: SiteBrief) -> dict[str, Any]:
    inbound = message.direction is Direction.INBOUND
    return {
        "kind": "text",
        "moment": message.created_at,
        "direction": "in" if inbound else "out",
        "body": words,
        "photos": [_photo(photo) for photo in photos.get(message.id, ())],
        "at": f"{local_time(message.created_at, site.timezone):%H:%M}",
        "who": "" if inbound else names.get(message.staff_id or 0, ""),
        "status": message.status.shown.value,
        "label": "waits" if waits_for_money(message) else message.status.label.lower(),
        "error": trouble(message),
        "segments": message.segments,
        "unread": inbound and message.read_at is None,
        "id": str(message.id),
        "guess": inbound and message.found_by == FoundBy.GUESS,
        "refusal": inbound and message.understood_as == REFUSAL,
        "late": f"Their text reached us late: it was written {at(message.created_at, site)}."
        if message.came_late
        else "",
    }


def _photo(photo: PhotoRow) -> dict[str, str]:
    """`shown`: drawn on the page; else a link, or the sentence that says why there is none."""
    if photo.state is PhotoState.KEPT:
        url = url_for("photos.show", photo_id=photo.id)
        return {"url": url, "shown": "yes" if shows_in_a_page(photo.content_type) else "", "words": ""}
    if photo.reason is not None:
        return {"url": "", "shown": "", "words": f"A photo came too. {photo.reason.words}"}
    return {"url": "", "shown": "", "words": "A photo came too. It is being fetched."}


def _due(payload: Payload) -> datetime:
    return datetime.fromisoformat(payload["due_at"])


def _clock(payload: Payload, there: There) -> str:
    return clock(_due(payload), there.site, said_at=there.at)


def _money(payload: Payload) -> str:
    amount, currency = payload.get("amount"), payload.get("currency")
    return f" of {format_money(amount, currency)}" if amount is not None and currency else ""


def _id(text: Any) -> int | None:
    return int(text) if isinstance(text, str) and text.isdecimal() else None


def _changed(payload: Payload, names: Names, _: There) -> str:
    field, before, after = payload["field"], payload.get("before", ""), payload.get("after", "")
    if field == "owner" and not after:
        return f"released it from {names.get(_id(before) or 0, 'somebody')}"
    if field == "owner":
        gave = names.get(_id(after) or 0, "somebody")
        giver = _id(before)
        return f"gave it to {gave}" if giver is None else f"gave it from {names.get(giver, 'somebody')} to {gave}"
    if field == "language":
        return f"changed the language from {_language(before)} to {_language(after)}"
    if field == "timezone":
        return f"changed the customer’s time zone from {city_of(before)} to {city_of(after)}"
    if field == "severity":
        return f"changed the severity from {Severity(before).label} to {Severity(after).label}"
    return f"changed the {field}"


def _language(code: str) -> str:
    return Language(code).label if code in LANGUAGES else code


def _granted(payload: Payload, _: Names, __: There) -> str:
    word = "approved" if payload.get("authority") == "approval" else "granted"
    return f"{word} a {RemedyKind(payload['kind']).label.lower()}{_money(payload)}"


def _booked(payload: Payload, _: Names, there: There) -> str:
    reason = CallReason(payload["reason"])
    if reason is not CallReason.BOOKED:
        return f"put a call on the list: {reason.label}"
    return (
        "booked a call, as soon as someone is free"
        if payload.get("as_soon_as_possible")
        else f"booked a call {at(_due(payload), there.site, said_at=there.at)}"
    )


def _promised(payload: Payload, _: Names, there: There) -> str:
    again = "promised again: " if payload.get("renewal") else "promised: "
    return f"{again}by {_clock(payload, there)}"


def _said(words: str) -> Callable[[Payload, Names, There], str]:
    return lambda *_: words


def _backstage(words: str) -> Callable[[Payload, Names, There], str]:
    return lambda payload, *_: words.format(whom=TaskList(payload["list"]).whom)


def _moved(payload: Payload, _: Names, __: There) -> str:
    if payload["from_ticket"] == payload["to_ticket"]:
        return "said that it is about this one"
    return "moved a text here" if "body_commitment" in payload else "moved a text to another ticket"


def _alerted(payload: Payload, names: Names, _: There) -> str:
    said = f"{names.get(payload['to'], 'Somebody')} was alerted"
    if clock := payload.get("clock"):
        nears = "nears" if payload["why"] == "target_near" else "has passed"
        said += f": “{CLOCK_LABELS[clock]}” {nears} its target"
    return said if payload.get("how", "text") == "text" else f"{said}, on their desk alone"


def _withheld(payload: Payload, _: Names, __: There) -> str:
    why = {
        "no_phone": "there is no number",
        "opted_out": "they have asked for none",
        "wrong_number": "the number is somebody else's",
        "observation": "there is no customer to tell",
        "country": "the number is of a country that we do not text",
        "capped": CAPPED.get(payload.get("cap", ""), ""),
        "expired": "the reminder of the call would have come too late",
    }
    return f"No text goes: {why.get(payload['reason'], payload['reason'])}"


CAPPED = {
    "number_hour": "this number has had very many in an hour",
    "number_day": "this number has had very many in a day",
    "ticket": "there have been very many about this ticket",
    "site_day": "the site has sent as many as it may in a day",
}


OPTED_OUT = {
    "person": "put down that they want no more texts",
    "code": "They have asked the provider for no more texts of ours",
}
"""Beside a STOP of their own."""
REOPENED = {"undo": "undid that", "not_fixed": "says it is still not right", "call": "asked to be called"}

LEFT = {"not_coming": "is not coming", "not_there": "they did not come, and are out of the line"}

TELLERS: Mapping[Tag, Teller] = {
    Tag.TICKET_LOGGED: Teller(
        "log", lambda p, *_: f"logged it: {failure_label(p['failure']).lower()}, {p['severity']}"
    ),
    Tag.TICKET_CHANGED: Teller("edit", _changed),
    Tag.TICKET_WAITING: Teller("clock", _said("now waits for the customer")),
    Tag.TICKET_RESUMED: Teller("reopen", _said("went on with it")),
    Tag.TICKET_RESOLVED: Teller("resolve", _said("resolved it")),
    Tag.TICKET_CONFIRMED: Teller("thanks", _said("says it is fixed")),
    Tag.RATING_GIVEN: Teller("thanks", lambda p, *_: f"gave it {p['rating']} of {SCALE[-1]}"),
    Tag.TICKET_REOPENED: Teller("reopen", lambda p, *_: REOPENED.get(p["why"], "reopened it")),
    Tag.TICKET_CLOSED: Teller("check", _said("closed it")),
    Tag.TICKET_VOIDED: Teller("cross", _said("took it out: logged in error")),
    Tag.TICKET_ESCALATED: Teller("alert", _alerted),
    Tag.TICKET_HANDED_OVER: Teller(
        "people", lambda p, names, _: f"handed it over to {names.get(p['staff'], 'somebody')} for the next shift"
    ),
    Tag.TICKET_TAKEN_OVER: Teller("check", _said("read the sheet of the shift before")),
    Tag.TICKET_VIEWED: Teller("lock", _said("opened this page")),
    Tag.PROMISE_MADE: Teller("clock", _promised),
    Tag.PROMISE_LAPSED: Teller("warning", lambda p, _, there: f"The promise for {_clock(p, there)} was broken"),
    Tag.REMEDY_GRANTED: Teller("check", _granted),
    Tag.REMEDY_REFUSED: Teller("cross", _said("declined what was asked for")),
    Tag.REMEDY_READY: Teller("bell", _said("says it is ready")),
    Tag.REMEDY_FULFILLED: Teller("check-double", _said("handed it over")),
    Tag.REMEDY_CANCELLED: Teller("cross", _said("cancelled a remedy")),
    Tag.REMEDY_FAILED: Teller("warning", _said("could not carry a remedy out")),
    Tag.APPROVAL_ASKED: Teller(
        "approvals", lambda p, names, _: f"asked {names.get(p['of'], 'a supervisor')} for approval"
    ),
    Tag.APPROVAL_PASSED_ON: Teller(
        "approvals", lambda p, names, _: f"No answer: passed on to {names.get(p['of'], 'an admin')}"
    ),
    Tag.CALLBACK_BOOKED: Teller("phone", _booked),
    Tag.CALLBACK_MOVED: Teller("phone", lambda p, _, there: f"moved the call to {_clock(p, there)}"),
    Tag.CALLBACK_MISSED: Teller("phone-missed", _said("A call that was due was not made")),
    Tag.CALLBACK_CANCELLED: Teller("phone", _said("cancelled the call")),
    Tag.CALLBACK_RELEASED: Teller("phone", _said("left the call to whoever is free")),
    Tag.CALLBACK_WANTED: Teller("phone", _said("wants to be called")),
    Tag.CALLBACK_UNCHOSEN: Teller("phone", _said("No time was chosen: they are called as soon as someone is free")),
    Tag.CALLBACK_PUT_BACK: Teller("phone", _said("put the call back on the list")),
    Tag.CALLBACK_ATTEMPTED: Teller("phone-call", attempted),
    Tag.CALLBACK_CORRECTED: Teller("edit", corrected),
    Tag.CALL_RECEIVED: Teller("phone-call", _said("called us")),
    Tag.CALL_DOUBTED: Teller("warning", _said("Nobody knows yet whether the call was placed")),
    Tag.TASK_ASKED: Teller("log", _backstage("asked {whom}")),
    Tag.TASK_TAKEN: Teller("person", _backstage("took the task for {whom}")),
    Tag.TASK_DONE: Teller("check", _backstage("did the task for {whom}")),
    Tag.TASK_CANCELLED: Teller("cross", _backstage("took back the task for {whom}")),
    Tag.TASK_LATE: Teller("warning", _backstage("{whom} is late with its task")),
    Tag.TASK_RELEASED: Teller("reopen", _backstage("put the task for {whom} back on its list")),
    Tag.TASK_PUT_BACK: Teller("reopen", _backstage("put the task for {whom} back on its list")),
    Tag.WAIT_BEGUN: Teller("clock", lambda p, *_: f"put them in line as number {p['place']}"),
    Tag.WAIT_ESTIMATED: Teller("clock", _said("told them that it takes longer")),
    Tag.WAIT_CALLED: Teller("message", _said("was ready for them")),
    Tag.WAIT_COMING: Teller("person", _said("is on the way")),
    Tag.WAIT_PUT_OFF: Teller("clock", _said("asked for ten minutes")),
    Tag.WAIT_RESUMED: Teller("clock", lambda p, *_: f"put them back in line as number {p['place']}"),
    Tag.WAIT_MISSED: Teller("warning", _said("they were called, and were not there")),
    Tag.WAIT_HELPED: Teller("check", _said("helped them")),
    Tag.WAIT_LEFT: Teller("cross", lambda p, *_: LEFT.get(p["why"], "took them out of the line")),
    Tag.WAIT_PUT_BACK: Teller("reopen", _said("put them back in line")),
    Tag.TEXT_MOVED: Teller("message", _moved),
    Tag.TEXT_WITHHELD: Teller("message", _withheld),
    Tag.CUSTOMER_OPTED_OUT: Teller("message", lambda p, *_: OPTED_OUT.get(p["how"], "asked for no more texts")),
    Tag.CUSTOMER_OPTED_IN: Teller("message", _said("wants texts again")),
}
"""What a person wants to read; sent and delivered stand on the text itself, and the whole trail on the audit page."""
