"""Looks from outside, after the storm: at the provider's own record, at the rows and at the trail, by no code that sends."""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence

from sqlalchemy import select
from sqlalchemy.orm import defer

from recovery.domain.authority import LimitSpan
from recovery.domain.callbacks import CallReason
from recovery.domain.links import open_token
from recovery.domain.messages import Direction, MessageStatus
from recovery.domain.remedies import RemedyStatus
from recovery.models import Callback, Event, Ledger, Message, Remedy, Ticket
from recovery.services.proving.audit import verify
from tests.chaos.rig import CANARY, UNSETTLED, Rig
from tests.outside import AS_SENT, accepted_once, chained, explained

GIVEN = {RemedyStatus.GRANTED, RemedyStatus.READY, RemedyStatus.FULFILLED}
LIMITS = {LimitSpan.TICKET: 2000, LimitSpan.STAFF_DAY: 10_000, LimitSpan.CUSTOMER_MONTH: 10_000}
"""In pence: of somebody at the counter, of each customer."""
ABROAD, AT_HOME, DIGITS = "+44", "0", re.compile(r"(?<![\d.])\d{11}(?!\d)")


def check(
    rig: Rig,
    *,
    in_order: bool = True,
    asleep: bool = False,
    given_up: Collection[int] = (),
    forgotten: Collection[int] = (),
) -> None:
    """Fails with everything that is not as it must be. `in_order`: nothing had the right to overtake. `asleep`: it is night,
    and what is held may stay so. `given_up`: texts that the test itself spoilt; beside those, only what the provider refused
    for good may have failed. `forgotten`: texts of which only the provider knows, since an older copy was put back."""
    wrong = [
        *_sent_once(rig, given_up, forgotten),
        *_settled(rig, asleep=asleep),
        *explained(_outbound(rig), _events(rig)),
        *_proven(rig),
    ]
    wrong += [*_silent(rig), *_kept(rig), *_paid(rig)]
    if in_order:
        wrong += _in_order(rig)
    assert wrong == [], "\n".join(wrong[:20])


def doubted(rig: Rig) -> int:
    return sum(message.doubted_at is not None for message in _outbound(rig))


def _sent_once(rig: Rig, given_up: Collection[int], forgotten: Collection[int]) -> Iterator[str]:
    """0 doubled: the provider accepted each row at most once. 0 lost: it has each, or has refused it."""
    accepted = Counter(_accepted_ids(rig))
    yield from accepted_once(_outbound(rig), accepted.elements())
    may_fail = {*given_up, *_ids(rig, _refused(rig))}
    with rig.desk.read() as session:
        called = set(session.scalars(select(Callback.ticket_id).where(Callback.reason == CallReason.UNDELIVERED)))
    for message in _outbound(rig):
        times = accepted.pop(message.id, 0)
        if times and message.status not in AS_SENT:
            yield f"text {message.id} was accepted and counts as {message.status} ({message.error})"
        if message.status is MessageStatus.FAILED and message.id not in may_fail:
            yield f"text {message.id} failed, and nothing was wrong with it ({message.error})"
        if message.status is MessageStatus.FAILED and message.ticket_id not in called:
            yield f"text {message.id} failed and nobody is told to call"
    if unknown := {text_id: times for text_id, times in accepted.items() if text_id not in forgotten or times > 1}:
        yield f"the provider has texts that we do not know: {unknown}"


def _refused(rig: Rig) -> Iterator[str]:
    """What the provider said no to, and what it left in doubt twice without having it: that is a person's."""
    yield from rig.twilio.record.refused
    for ref, times in rig.twilio.record.left_unclear.items():
        if times > 1:
            yield ref


def _settled(rig: Rig, *, asleep: bool) -> Iterator[str]:
    for message in _outbound(rig):
        if message.status in UNSETTLED and not (asleep and message.status is MessageStatus.HELD):
            yield f"text {message.id} is still {message.status}"
        if message.claim_token is not None or message.lease_until is not None:
            yield f"text {message.id} is {message.status} and has an owner"


def _in_order(rig: Rig) -> Iterator[str]:
    by_number: dict[str | None, list[int]] = defaultdict(list)
    numbers = {message.id: message.to_number for message in _outbound(rig)}
    for text_id in _accepted_ids(rig):
        if text_id in numbers:
            by_number[numbers[text_id]].append(text_id)
    for texts in by_number.values():
        if texts != sorted(texts):
            yield f"texts of one customer arrived out of order: {texts}"


def _proven(rig: Rig) -> Iterator[str]:
    """The chain of every ticket, computed anew."""
    events = _events(rig)
    with rig.desk.read() as session:
        ends = {ticket.id: ticket for ticket in session.scalars(select(Ticket))}
    chain, hashes = [event.fields() for event in events], [event.hash for event in events]
    yield from chained(rig.desk.house.audit_key, chain, hashes, ends)
    with rig.desk.read() as session:
        verdict = verify(session, rig.desk.house.audit_key)
    if not verdict.ok:
        yield f"`audit verify` finds {verdict}"


def _kept(rig: Rig) -> Iterator[str]:
    """Every ticket that somebody was told of is there, once, and its customer hears of it or the trail says why not."""
    acknowledged = Counter(rig.acknowledged)
    yield from (
        f"ticket {reference} was given out {times} times" for reference, times in acknowledged.items() if times > 1
    )
    told = {message.ticket_id for message in _outbound(rig)}
    with rig.desk.read() as session:
        tickets = session.scalars(select(Ticket)).all()
    yield from (
        f"ticket {reference} is lost" for reference in acknowledged.keys() - {each.reference for each in tickets}
    )
    for ticket in tickets:
        if ticket.id not in told and ticket.no_text_reason is None:
            yield f"nobody was told of ticket {ticket.reference}, and nothing says why"


def _paid(rig: Rig) -> Iterator[str]:
    """What was granted is what the ledgers say, for each ticket and altogether, and no limit was passed."""
    granted: Counter[int] = Counter()
    with rig.desk.read() as session:
        for ticket_id, amount in session.execute(
            select(Remedy.ticket_id, Remedy.amount).where(Remedy.status.in_(GIVEN))
        ):
            granted[ticket_id] += amount or 0
        ledgers = session.execute(select(Ledger.span, Ledger.subject_id, Ledger.total)).all()
    by_ticket = {subject: total for span, subject, total in ledgers if span is LimitSpan.TICKET}
    if +granted != Counter(by_ticket):
        yield f"granted {granted} and counted {by_ticket}"
    for span, limit in LIMITS.items():
        totals = [total for each, _, total in ledgers if each is span]
        if sum(totals) != granted.total() or max(totals, default=0) > limit:
            yield f"{granted.total()} was granted, at most {limit} each, and counted by {span}: {totals}"


def _silent(rig: Rig) -> Iterator[str]:
    said = rig.said_to_machines() + "".join(event.payload for event in _events(rig))
    if CANARY in said or CANARY.split(maxsplit=1)[0] in said:
        yield "a customer's name stands in a log, a metric or the trail"
    numbers = {message.to_number for message in _outbound(rig) if message.to_number}
    spelt = numbers | {AT_HOME + number.removeprefix(ABROAD) for number in numbers if number.startswith(ABROAD)}
    if found := spelt.intersection(DIGITS.findall(said)) | {number for number in numbers if number in said}:
        yield f"customers' numbers stand in a log, a metric or the trail: {found}"


def _accepted_ids(rig: Rig) -> list[int]:
    """In the order in which the provider took them."""
    return _ids(rig, [text.ref for text in rig.twilio.accepted])


def _ids(rig: Rig, refs: Iterable[str | None]) -> list[int]:
    opened = [open_token(rig.desk.house.secret_key, "r", ref or "") for ref in refs]
    return [token.id if token else 0 for token in opened]


def _outbound(rig: Rig) -> Sequence[Message]:
    with rig.desk.read() as session:
        outbound = select(Message).where(Message.direction == Direction.OUTBOUND)
        return session.scalars(outbound.options(defer(Message.body))).all()  # which may be what is wrong with one


def _events(rig: Rig) -> Sequence[Event]:
    with rig.desk.read() as session:
        return session.scalars(select(Event).order_by(Event.stream_id, Event.seq)).all()
