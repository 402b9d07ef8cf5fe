"""How times, remedies and amounts are said to people, in one place for texts and pages."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType

from recovery.domain.calendars import as_utc, local_time
from recovery.domain.languages import Language, chosen_language
from recovery.domain.money import SYMBOLS, format_money, plain_amount
from recovery.domain.remedies import RemedyKind
from recovery.domain.speech.english import ENGLISH
from recovery.domain.speech.french import FRENCH
from recovery.domain.speech.parts import Speech
from recovery.domain.speech.spanish import SPANISH

SPEECHES: Mapping[Language, Speech] = MappingProxyType(
    {speech.language: speech for speech in (ENGLISH, SPANISH, FRENCH)}
)
COUNTED_IN_MINUTES = timedelta(minutes=20)  # past that a clock time is easier to plan with than a count
A_WEEK = 7
ONE_MINUTE = timedelta(minutes=1)
ONE_O_CLOCK = 1
ANYTHING_ELSE = "other"


def speech_in(*wishes: str | None) -> Speech:
    """Of the first language named that we speak, else English."""
    return SPEECHES[chosen_language(*wishes)]


def remedy_words(
    kind: RemedyKind, amount: int | None, currency: str | None, detail: str | None = None, *, speech: Speech = ENGLISH
) -> str:
    """`amount` in minor units. "a fresh one, made again", "£4.50 back", "a £5.00 voucher"."""
    money = money_words(amount, currency, speech) if amount is not None and currency else ""
    match kind:
        case RemedyKind.REFUND:
            return speech.refund.format(money=money) if money else speech.whole_refund
        case RemedyKind.VOUCHER:
            return speech.voucher.format(money=money) if money else speech.some_voucher
        case RemedyKind.GESTURE:
            return detail or speech.gesture
        case RemedyKind.REMAKE:
            return speech.remake
        case RemedyKind.REPLACEMENT:
            return speech.replacement


def money_words(amount: int, currency: str, speech: Speech) -> str:
    """Minor units as that language writes them: £4.50, 4,50 €, 1 234,50 $."""
    if currency not in speech.sign_after:
        return format_money(amount, currency)
    whole, point, fraction = plain_amount(amount, currency, grouped=True).partition(".")
    comma = "," if point else ""
    return f"{whole.replace(',', speech.thousands)}{comma}{fraction} {SYMBOLS.get(currency, currency)}"


def joined(parts: Sequence[str], speech: Speech = ENGLISH) -> str:
    """Give "a, b and c"."""
    if len(parts) <= 1:
        return "".join(parts)
    return f"{', '.join(parts[:-1])}{speech.both}{parts[-1]}"


def failure_words(code: str, speech: Speech) -> str:
    """Give "we got your order wrong"."""
    return speech.failures.get(code, speech.failures[ANYTHING_ELSE])


def subject_words(code: str, speech: Speech) -> str:
    """Give "wrong order"."""
    return speech.subjects.get(code, speech.subjects[ANYTHING_ELSE])


def spelt_out(reference: str) -> str:
    """Give "R D, 7 K 3 M 9 Q", for a voice that would make words of it."""
    return ", ".join(" ".join(part) for part in reference.split("-"))


def due_words(due_at: datetime, *, now: datetime, timezone: str, speech: Speech = ENGLISH) -> str:
    """Say it to people of that zone: in about 10 minutes, by 14:32, by 09:15 tomorrow, by Tue 09:15, by Tue 3 Jun 09:15."""
    ahead = as_utc(due_at) - as_utc(now)
    if timedelta() < ahead <= COUNTED_IN_MINUTES:
        minutes = -(-ahead // ONE_MINUTE)
        return speech.in_a_minute if minutes == 1 else speech.in_minutes.format(minutes=minutes)
    return by_words(due_at, now=now, timezone=timezone, speech=speech)


def by_words(due_at: datetime, *, now: datetime, timezone: str, speech: Speech) -> str:
    """By the clock, however near it is: by 14:32, by 09:15 tomorrow."""
    match _days_ahead(due_at, now=now, timezone=timezone):
        case 0:
            form = speech.by_clock
        case 1:
            form = speech.by_clock_tomorrow
        case days if 1 < days < A_WEEK:
            form = speech.by_weekday
        case _:
            form = speech.by_date
    return _said_of(form, due_at, timezone, speech)


def at_words(at: datetime, *, now: datetime, timezone: str, speech: Speech = ENGLISH) -> str:
    """Say it to people of that zone: at 15:00, tomorrow at 09:15, on Tue 3 Jun at 09:15."""
    forms = {0: speech.at_clock, 1: speech.at_clock_tomorrow}
    form = forms.get(_days_ahead(at, now=now, timezone=timezone), speech.at_date)
    return _said_of(form, at, timezone, speech)


def clock_in(local: datetime, speech: Speech) -> str:
    """14:32, or 14h32; in the hour that comes twice in one night also which of the two: 01:40 BST, and then 01:40 GMT."""
    clock = speech.clock.format(hour=local.hour, minute=local.minute)
    comes_twice = local.utcoffset() != local.replace(fold=1 - local.fold).utcoffset()
    return f"{clock} {local.tzname()}" if comes_twice else clock


def article_of(local: datetime) -> str:
    """Spanish says la 01:30 and las 14:32; other languages have no place for it."""
    return "la" if local.hour == ONE_O_CLOCK else "las"


def _days_ahead(at: datetime, *, now: datetime, timezone: str) -> int:
    return (local_time(at, timezone).date() - local_time(now, timezone).date()).days


def _said_of(form: str, at: datetime, timezone: str, speech: Speech) -> str:
    local = local_time(at, timezone)
    return form.format(
        clock=clock_in(local, speech),
        weekday=speech.weekdays[local.weekday()],
        day=local.day,
        month=speech.months[local.month - 1],
        las=article_of(local),
    )
