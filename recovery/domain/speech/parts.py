"""The parts of speech: each language fills all of them."""

from collections.abc import Mapping
from dataclasses import dataclass

from recovery.domain.languages import Language


@dataclass(frozen=True, slots=True)
class Speech:
    language: Language

    our_team: str
    """Where no person is named."""
    our_desk: str
    """Where no site is named."""

    weekdays: tuple[str, ...]
    """From Monday, as a sentence has them."""
    short_weekdays: tuple[str, ...]
    months: tuple[str, ...]
    """Short, from January."""
    clock: str
    """Of `hour` and `minute`."""

    in_a_minute: str
    in_minutes: str
    by_clock: str
    by_clock_tomorrow: str
    by_weekday: str
    by_date: str
    at_clock: str
    at_clock_tomorrow: str
    at_date: str
    when_free: str
    when_open: str
    """Where the site is shut: `at` is "tomorrow at 09:00"."""

    both: str
    """Between the last two of several things."""
    and_more: str
    refund: str
    whole_refund: str
    voucher: str
    some_voucher: str
    gesture: str
    remake: str
    replacement: str

    sign_after: frozenset[str]
    """Currencies that are written as 4,50 €; all others as £4.50."""
    thousands: str
    """Between groups of digits where the sign comes after."""

    failures: Mapping[str, str]
    """By code of the failure: a sentence about us, without its end."""
    subjects: Mapping[str, str]
    """By code of the failure: what a ticket is about, in at most 24 letters; several stand in one text."""
    something_else: str
    alerts: Mapping[str, str]
    """By why somebody is alerted, to staff."""
    calls: Mapping[str, str]
    """What a voice says on the telephone: to staff before and after a call that the desk placed, by what became of it, and
    to who calls us."""
