"""What an event carries, in words: names for ids, money for minor units, local times for instants."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from recovery.domain.calendars import local_time
from recovery.domain.events import COMMITMENT, Tag
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
    "handover",
)
"""Numbers and keys that mean nothing to people, or that stand beside what they belong to."""
CODED = ("code", "answer")
PROVIDER_CODE = re.compile(r"\d{5}$")
"""A number alone says nothing to anybody."""
MOVED, MOVED_FROM = "due_at", "before"
"""A call that is moved: both are instants."""
MINUTE_OF_A_DAY = "%a %-d %b %H:%M"
KEPT_APART = "kept apart from the trail"
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
    payload = json.loads(event.payload)
    if "before" in payload and "after" in payload:
        changed = _changed(str(payload.get("field") or event.words), payload, event.tag, site)
        return [changed, *(Detail(_words(n), str(payload[n]), people=(payload[n],)) for n in PEOPLE if n in payload)]
    return list(_told(payload, site))


def _changed(name: str, payload: Mapping[str, Any], tag: str, site: Site | None) -> Detail:
    before, after = payload["before"], payload["after"]
    if name in {"note", "cause"}:
        return Detail(name, KEPT_APART if after else NOTHING, KEPT_APART if before else NOTHING)
    people = tuple(int(id_) for id_ in (before, after) if name in PEOPLE and id_)
    if tag == Tag.LIMITS_CHANGED:
        before, after = (_value("limit", amount, payload, site) for amount in (before, after))
    return Detail(_words(name), str(after) or NOTHING, str(before) or NOTHING, people)


def _told(payload: Mapping[str, Any], site: Site | None) -> Iterator[Detail]:
    for name, value in payload.items():
        if name in UNSAID or name == MOVED_FROM:
            continue
        if name.endswith(COMMITMENT):
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
        case str() if name.endswith("_at") and site is not None:
            return local_time(datetime.fromisoformat(value), site.timezone).strftime(MINUTE_OF_A_DAY)
        case str():
            return _text(name, value)
        case _:
            return str(value)


def _text(name: str, value: str) -> str:
    code = PROVIDER_CODE.search(value) if name in CODED else None
    if code is not None:
        return f"{value}: {fault_of(code[0]).words}"
    return value.replace("_", " ") if value.islower() else value


def _words(name: str) -> str:
    known = {"of": "asked of", "to": "told to", "provider_sid": "the provider's name"}
    return known.get(name, name.removesuffix("_at").replace("_", " "))
