"""What an event carries, in words: names for ids, money for minor units, local times for instants."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from recovery.domain.calendars import local_time
from recovery.domain.events import COMMITMENT, SCHEMAS, Tag
from recovery.domain.money import format_money
from recovery.domain.provider_codes import fault_of
from recovery.models import Event, Site
from recovery.services.ticketing.rows import Person

PEOPLE = ("of", "to", "owner", "proposed_by", "handed_over_by", "staff", "deputy")
MONEY = ("amount", "proposed_amount", "order_amount", "limit")
UNSAID = (
    "remedy",
    "promise",
    "callback",
    "call",
    "task",
    "wait",
    "message",
    "photo",
    "stranger",
    "from_ticket",
    "to_ticket",
    "customer",
    "contact",
    "site",
    "currency",
    "order_currency",
    "salt",
    "meaning",
    "session",
    "token",
    "continues",
    "linked_to",
    "duplicate_of",
    "answers",
    "handover",
)
"""Numbers and keys that mean nothing to people, or that stand beside what they belong to."""
CODED = ("code", "answer")
PROVIDER_CODE = re.compile(r"\d{5}$")
"""A number alone says nothing to anybody."""
MOVED, MOVED_FROM = "due_at", "before"
"""A call that is moved: both are instants."""
CHANGED, UNDER_FIELD = ("before", "after"), "field"
"""What was replaced, and what by; a settings event that changes several things says which."""
FORMERLY = {Tag.TARGET_CHANGED: ("minutes", "as the house has it"), Tag.ESCALATION_ORDERED: ("rung", "")}
"""These keep what was replaced as `was`; beside the field's name, what it is where there is none."""
LIMIT, NO_LIMIT = "limit", "no limit"
ACCOUNT = "account"
"""Whose it is that somebody else has changed, or has let in again."""
MINUTE_OF_A_DAY = "%a %-d %b %H:%M"
KEPT_APART = "kept apart from the trail"
CAUSE = (Tag.TICKET_CLOSED, "cause")
"""Holds a commitment, as those fields do whose names say so."""
NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Detail:
    """`before` is None where nothing was replaced."""

    name: str
    value: str
    before: str | None = None
    people: tuple[int, ...] = ()
    """Whose ids stand in `value` and `before`, to be replaced by their names."""

    def named(self, people: Mapping[int, Person]) -> "Detail":
        names = {str(id_): people[id_].name if id_ in people else "somebody" for id_ in self.people}
        before = names.get(self.before, self.before) if self.before is not None else None
        return replace(self, value=names.get(self.value, self.value), before=before, people=())


def details_of(event: Event, site: Site | None) -> Sequence[Detail]:
    tag, payload = Tag(event.tag), json.loads(event.payload)
    return [*_account(event), *_replaced(tag, payload, site), *_told(tag, payload, site)]


def _account(event: Event) -> Iterator[Detail]:
    """Of the person whose chain it is, where they did not do it themselves."""
    if event.tag.startswith("staff:") and event.stream_id != event.actor_id:
        yield Detail(ACCOUNT, str(event.stream_id), people=(event.stream_id,))


def _replaced(tag: Tag, payload: Mapping[str, Any], site: Site | None) -> Iterator[Detail]:
    """A field that is left out of the payload held nothing, or holds nothing now."""
    if tag is Tag.LIMITS_CHANGED:
        before, after = (_limit(payload.get(name), payload, site) for name in CHANGED)
        yield Detail(LIMIT, after, before)
    elif tag in FORMERLY:
        name, without = FORMERLY[tag]
        yield Detail(name, str(payload.get(name, without)), str(payload.get("was", without)))
    elif _replaces(tag):
        yield _changed(str(payload.get(UNDER_FIELD) or tag.words), payload)


def _replaces(tag: Tag) -> bool:
    return SCHEMAS[tag].keys() >= set(CHANGED)


def _limit(amount: int | None, payload: Mapping[str, Any], site: Site | None) -> str:
    return NO_LIMIT if amount is None else _value(LIMIT, amount, payload, site)


def _changed(name: str, payload: Mapping[str, Any]) -> Detail:
    """Without either side it was said only that it changed: a name, or an address."""
    if not payload.keys() & set(CHANGED):
        return Detail(_words(name), KEPT_APART)
    before, after = (payload.get(each) or "" for each in CHANGED)
    if name in {"note", "cause"}:
        return Detail(name, KEPT_APART if after else NOTHING, KEPT_APART if before else NOTHING)
    people = tuple(int(id_) for id_ in (before, after) if name in PEOPLE and id_)
    return Detail(_words(name), str(after) or NOTHING, str(before) or NOTHING, people)


def _told(tag: Tag, payload: Mapping[str, Any], site: Site | None) -> Iterator[Detail]:
    said = {*UNSAID, MOVED_FROM}
    if _replaces(tag):
        said |= {*CHANGED, UNDER_FIELD}
    if tag in FORMERLY:
        said |= {FORMERLY[tag][0], "was"}
    for name, value in payload.items():
        if name in said:
            continue
        if name.endswith(COMMITMENT) or (tag, name) == CAUSE:
            yield Detail(_words(name.removesuffix(COMMITMENT).rstrip("_") or "text"), KEPT_APART)
        elif name in PEOPLE and isinstance(value, int):
            yield Detail(_words(name), str(value), people=(value,))
        else:
            before = payload.get(MOVED_FROM) if name == MOVED else None
            shown = None if before is None else _value(name, before, payload, site)
            yield Detail(_words(name), _value(name, value, payload, site), shown)


def _value(name: str, value: Any, payload: Mapping[str, Any], site: Site | None) -> str:
    currency = payload.get("currency") or payload.get("order_currency") or (site.currency if site else None)
    match value:
        case None:
            return NOTHING
        case bool():
            return "yes" if value else "no"
        case int() if name in MONEY and currency:
            return format_money(value, currency)
        case str() if name.endswith("_at"):
            return _moment(value, site)
        case str():
            return _text(name, value)
        case _:
            return str(value)


def _moment(spelt: str, site: Site | None) -> str:
    """What belongs to no site has no clock of its own."""
    local = local_time(datetime.fromisoformat(spelt), site.timezone if site else "UTC")
    return f"{local.strftime(MINUTE_OF_A_DAY)}{'' if site else ' UTC'}"


def _text(name: str, value: str) -> str:
    code = PROVIDER_CODE.search(value) if name in CODED else None
    if code is not None:
        return f"{value}: {fault_of(code[0]).words}"
    return value.replace("_", " ") if value.islower() else value


def _words(name: str) -> str:
    known = {"of": "asked of", "to": "told to", "provider_sid": "the provider's name"}
    return known.get(name, name.removesuffix("_at").replace("_", " "))
