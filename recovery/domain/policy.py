"""The numbers of the business, as one value. `config/policy.toml` holds the defaults."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import time, timedelta
from itertools import pairwise
from typing import Any

from recovery.domain.authority import Limits
from recovery.domain.errors import Invalid
from recovery.domain.ladders import LADDERED, Ladder, Rung
from recovery.domain.money import LARGEST_AMOUNT, MINOR_DIGITS
from recovery.domain.permissions import Role
from recovery.domain.phones import known_country
from recovery.domain.policy_entries import Entries
from recovery.domain.senders import Rates, SenderKind, is_sender
from recovery.domain.targets import CLOCKS, EVERYTHING, LONGEST_TARGET, Kind, Targets
from recovery.domain.text_limits import Caps, Countries, Prices, Spending
from recovery.domain.tickets import FAILURES, Severity
from recovery.domain.waits import WaitingRules

A_DAY, A_MONTH = 24 * 60, 30 * 24 * 60
"""In minutes."""
FASTEST = 10_000
"""Segments a second: more than any provider carries for one sender."""
MOST_TEXTS = 10_000_000
DEAREST = 100_000_000
"""Millionths for a segment: no price of a text is higher than 100."""
WARN_AT_PERCENT = 80
A_YEAR = 366
"""In days."""


@dataclass(frozen=True, slots=True)
class Policy:
    promise_minutes: Mapping[Severity, int]
    promise_minutes_after_opening: int
    promise_warned_at_percent: int
    renewal_gaps: tuple[int, ...]
    """Minutes."""
    approval_deadline: timedelta
    limits: Mapping[Role, Limits]
    """For a currency with two decimals; `services.deciding.authority` fits them to another."""
    retry_gaps: tuple[int, ...]
    """Minutes."""
    reminder_before: timedelta
    callback_step_minutes: int
    callback_days_ahead: int
    calls_at_once: int
    """How many calls customers may book for one time, where a site says nothing."""
    unchosen_after: timedelta
    """Who pressed *Call me* and chose no time is called as soon as someone is free."""
    missed_after: timedelta
    task_minutes: int
    """Until the kitchen, stock or IT has done what it was asked."""
    waiting: WaitingRules
    quiet_from: time
    quiet_until: time
    urgent_for: timedelta
    rates: Rates
    caps: Caps
    countries: Countries
    prices: Prices
    spending: Spending
    question_open_for: timedelta
    asks_rating: bool
    undo_for: timedelta
    reopen_within: timedelta
    close_after: timedelta
    link_lives_after_close: timedelta
    targets: Targets
    ladder: Ladder

    @classmethod
    def from_mapping(cls, table: Mapping[str, Any]) -> "Policy":
        """Raises Invalid naming the entry that is missing, makes no sense, or is none of ours."""
        entries = Entries(table)
        policy = _policy(cls, entries)
        entries.refuse_unread()
        return policy


def _policy(cls: type[Policy], table: Entries) -> Policy:
    promise, approval, callbacks = table.table("promise"), table.table("approval"), table.table("callbacks")
    texts, tickets = table.table("texts"), table.table("tickets")
    limits, by_severity = table.table("limits"), promise.table("minutes")
    customer = limits.table("customer").number_or_none("per_month", 0, LARGEST_AMOUNT)
    return cls(
        promise_minutes={severity: by_severity.number(severity.value, 1, A_MONTH) for severity in Severity},
        promise_minutes_after_opening=promise.number("after_opening_minutes", 0, A_DAY),
        promise_warned_at_percent=promise.number("warn_at_percent", 1, 100),
        renewal_gaps=promise.numbers("renewal_minutes", 1, A_MONTH),
        approval_deadline=timedelta(minutes=approval.number("deadline_minutes", 1, A_MONTH)),
        limits={role: _limits(limits, role, customer) for role in Role},
        retry_gaps=callbacks.numbers("retry_minutes", 1, A_MONTH),
        reminder_before=timedelta(minutes=callbacks.number("reminder_minutes_before", 0, A_DAY)),
        callback_step_minutes=callbacks.number("slot_minutes", 5, A_DAY),
        callback_days_ahead=callbacks.number("days_ahead", 1, 60),
        calls_at_once=callbacks.number("at_once", 1, 1000),
        unchosen_after=timedelta(minutes=callbacks.number("unchosen_after_minutes", 1, A_DAY)),
        missed_after=timedelta(minutes=callbacks.number("missed_after_minutes", 1, A_DAY)),
        task_minutes=table.table("tasks").number("minutes", 1, A_MONTH),
        waiting=_waiting(table.table("waiting")),
        quiet_from=texts.time_of_day("quiet_from"),
        quiet_until=texts.time_of_day("quiet_until"),
        urgent_for=timedelta(minutes=texts.number("urgent_minutes", 0, A_DAY)),
        rates=_rates(texts.table_or_empty("rates")),
        caps=_caps(texts.table_or_empty("caps")),
        countries=_countries(texts),
        prices=(prices := _prices(texts.table("prices"))),
        spending=_spending(texts.table_or_empty("spend"), prices.currency),
        question_open_for=timedelta(hours=texts.number("question_open_hours", 1, 30 * 24)),
        asks_rating=texts.yes_or_no("ask_rating", otherwise=True),
        undo_for=timedelta(seconds=tickets.number("undo_seconds", 0, 600)),
        reopen_within=timedelta(days=tickets.number("reopen_within_days", 0, A_YEAR)),
        close_after=timedelta(days=tickets.number("close_after_days", 1, A_YEAR)),
        link_lives_after_close=timedelta(days=tickets.number("link_days_after_close", 0, 10 * A_YEAR)),
        targets=_targets(table.table("targets")),
        ladder=_ladder(table.table("ladder")),
    )


def _waiting(table: Entries) -> WaitingRules:
    return WaitingRules(
        each=timedelta(minutes=table.number("minutes_each", 1, A_DAY)),
        margin=timedelta(minutes=table.number("margin_minutes", 1, A_DAY)),
        estimates=table.number("estimates", 1, 10),
        grace=timedelta(minutes=table.number("grace_minutes", 1, A_DAY)),
        later=timedelta(minutes=table.number("later_minutes", 1, A_DAY)),
        kept=timedelta(minutes=table.number("kept_minutes", 1, A_DAY)),
    )


def _targets(table: Entries) -> Targets:
    """For everything each clock has one; for a failure or a severity only those that differ."""
    by_kind = {EVERYTHING: {clock: table.number(clock, 1, LONGEST_TARGET) for clock in CLOCKS}}
    by_severity, by_failure = table.table_or_empty("severity"), table.table_or_empty("failure")
    for severity in Severity:
        by_kind[Kind(severity=severity)] = _some_targets(by_severity.table_or_empty(severity))
    for failure in FAILURES:
        own = by_failure.table_or_empty(failure)
        by_kind[Kind(failure)] = _some_targets(own)
        for severity in Severity:
            by_kind[Kind(failure, severity)] = _some_targets(own.table_or_empty(severity))
    return Targets({kind: minutes for kind, minutes in by_kind.items() if minutes})


def _some_targets(table: Entries) -> dict[str, int]:
    found = {clock: table.number_or_none(clock, 1, LONGEST_TARGET) for clock in CLOCKS}
    return {clock: minutes for clock, minutes in found.items() if minutes is not None}


def _ladder(table: Entries) -> Ladder:
    """The rungs stand in their order, so that nobody is passed over; one without a line is left out."""
    names: dict[Rung, str] = {rung: f"{rung.value}_after_minutes" for rung in Rung if rung is not Rung.OWNER}
    minutes = {rung: table.number_or_none(name, 0, A_MONTH) for rung, name in names.items()}
    after = {rung: each for rung, each in minutes.items() if each is not None}
    for (_, earlier), (rung, later) in pairwise(after.items()):
        if later < earlier:
            raise Invalid(f"ladder.{names[rung]} must be at least {earlier}, as the step below it")
    clocks, wake = table.words("clocks"), table.words("wake")
    if unknown := set(clocks) - set(LADDERED):
        raise Invalid(f"ladder.clocks must be a list of {', '.join(LADDERED)}, not {min(unknown)!r}")
    if unknown := set(wake) - set(Severity):
        raise Invalid(f"ladder.wake must be a list of {', '.join(Severity)}, not {min(unknown)!r}")
    return Ladder(
        clocks=clocks,
        warn_at_percent=table.number("warn_at_percent", 1, 100),
        after_minutes=after,
        again_after=timedelta(minutes=table.number("again_after_minutes", 0, A_DAY)),
        wake=frozenset(Severity(each) for each in wake),
    )


def _rates(table: Entries) -> Rates:
    """Without a line there is no limit. A sender that is spelt as no sender is would be paced by nothing."""
    by_kind = {kind: table.number_or_none(kind.value, 1, FASTEST) for kind in SenderKind}
    own = table.table_or_empty("senders").numbers_by_name(1, FASTEST)
    for sender in own:
        if not is_sender(sender):
            raise Invalid(f"texts.rates.senders.{sender} is no sender: write it as in +447700900123, 60606 or MG…")
    return Rates({kind: rate for kind, rate in by_kind.items() if rate is not None}, own)


def _caps(table: Entries) -> Caps:
    names = (each.name for each in fields(Caps))
    return Caps(**{name: table.number_or_none(name, 0, MOST_TEXTS) for name in names})


def _countries(table: Entries) -> Countries:
    named = table.words_or_none("countries")
    try:
        return None if named is None else frozenset(known_country(each) for each in named)
    except Invalid as wrong:
        raise Invalid(f"texts.countries must be a list of countries: {wrong.detail}") from None


def _prices(table: Entries) -> Prices:
    by_country = table.table_or_empty("countries").numbers_by_name(0, DEAREST)
    currency, otherwise = table.word("currency"), table.number("otherwise", 0, DEAREST)
    if currency not in MINOR_DIGITS:
        raise Invalid(f"texts.prices.currency must be a currency, as in USD, not {currency!r}")
    try:
        return Prices(currency, {known_country(country): price for country, price in by_country.items()}, otherwise)
    except Invalid as wrong:
        raise Invalid(f"texts.prices.countries must be of countries: {wrong.detail}") from None


def _spending(table: Entries, currency: str) -> Spending:
    """The limit stands in minor units; without a line there is none."""
    limit = table.number_or_none("month_limit", 0, LARGEST_AMOUNT)
    warn = table.number_or_none("warn_at_percent", 1, 100)
    micros = None if limit is None else limit * 10 ** (6 - MINOR_DIGITS[currency])
    return Spending(micros, WARN_AT_PERCENT if warn is None else warn)


def _limits(table: Entries, role: Role, customer: int | None) -> Limits:
    """Without a line there is no limit; an admin has none, unless a table of theirs says so."""
    own = table.table_or_empty(role.value) if role is Role.ADMIN else table.table(role.value)
    per_ticket, per_day = (own.number_or_none(name, 0, LARGEST_AMOUNT) for name in ("per_ticket", "per_day"))
    return Limits(per_ticket, per_day, None if role is Role.ADMIN else customer)
