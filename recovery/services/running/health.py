"""Is the desk well? In plain words, each with what to do about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, text

from recovery.domain.messages import MessageStatus
from recovery.domain.phones import calling_code_of
from recovery.domain.provider_codes import COUNTRY_NOT_ALLOWED, fault_of
from recovery.domain.senders import SIMULATED
from recovery.models import Message, Site, Tally
from recovery.models.message import LOST, OPEN
from recovery.services.hearing.missed import listening
from recovery.services.lines.line_trouble import line_trouble
from recovery.services.proving.nightly import last_check
from recovery.services.reporting.spending import held_for_money, in_money, spend_standing
from recovery.services.running.heartbeats import LATE_AFTER, workers
from recovery.services.running.tallies import FOUND_LATE, HOOKS_REFUSED, TEXTS_CAPPED
from recovery.services.sending import gates
from recovery.services.sending.gates import Gate
from recovery.services.session import DeskSession

WELL, LOOK, BAD = "ok", "soon", "late"
SLOW_QUEUE = timedelta(minutes=2)
"""A text that is due leaves within seconds; at twice the provider's usual pause somebody should know."""
RECENTLY = timedelta(hours=24)
CHECKED_EVERY = timedelta(days=2)
"""One night missed."""
UNHEARD_FOR = timedelta(minutes=30)
"""Of looks every two minutes fifteen were missed, or put off one after another."""
NO_WORKER = "Nothing sends texts or watches promises: start `python3 -m recovery worker`."


@dataclass(frozen=True, slots=True)
class Check:
    what: str
    state: str
    """`ok`, `soon` (look at it) or `late` (a person is needed)."""
    words: str


def checks(session: DeskSession, *, now: datetime) -> Sequence[Check]:
    return (
        _worker(session, now=now),
        _queue(session, now=now),
        _doubts(session),
        _lost(session, now=now),
        _countries(session, now=now),
        *_lines(session, now=now),
        _account(session, now=now),
        _capped(session, now=now),
        _spend(session, now=now),
        _hooks(session, now=now),
        _replies(session, now=now),
        _nightly(session, now=now),
    )


def minutes_or_seconds(age: timedelta) -> str:
    seconds = max(0, int(age.total_seconds()))
    if seconds < 120:  # noqa: PLR2004  # below two minutes seconds say more
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 7200 else f"{seconds // 3600} h"  # noqa: PLR2004  # the same for hours


def _worker(session: DeskSession, *, now: datetime) -> Check:
    alive = [beat for beat in workers(session) if beat.at > now - LATE_AFTER]
    if not alive:
        return Check("Worker", BAD, NO_WORKER)
    many = f"{len(alive)} workers are" if len(alive) > 1 else "The worker is"
    return Check("Worker", WELL, f"{many} at work, heard of {minutes_or_seconds(now - alive[0].at)} ago.")


def _queue(session: DeskSession, *, now: datetime) -> Check:
    """Also what was held until a moment that has come: it is held by nothing but the queue."""
    waiting = (MessageStatus.PENDING, MessageStatus.HELD, MessageStatus.CLAIMED)
    due = select(func.count(), func.min(Message.not_before)).where(
        text(f"messages.{OPEN}"), Message.status.in_(waiting), Message.not_before <= now
    )
    count, oldest = session.execute(due).one()
    if not count:
        return Check("Texts waiting", WELL, "No text waits to go.")
    age = now - oldest
    words = f"{count} {'text waits' if count == 1 else 'texts wait'}, the oldest for {minutes_or_seconds(age)}."
    return Check("Texts waiting", BAD if age > SLOW_QUEUE else WELL, words)


def _doubts(session: DeskSession) -> Check:
    count = session.scalar(select(func.count()).where(Message.status == MessageStatus.IN_DOUBT))
    if not count:
        return Check("Texts in doubt", WELL, "Of every text we know whether it went.")
    words = f"{count} {'text' if count == 1 else 'texts'} without an answer: we are asking the provider before we send again."
    return Check("Texts in doubt", LOOK, words)


def _lost(session: DeskSession, *, now: datetime) -> Check:
    """With the commonest reason and what to do about it: often it is one for all of them."""
    lost = select(Message.error_code, func.count()).where(text(f"messages.{LOST}"), Message.final_at > now - RECENTLY)
    rows = session.execute(lost.group_by(Message.error_code).order_by(func.count().desc(), Message.error_code)).all()
    if not rows:
        return Check("Texts that did not arrive", WELL, "None in the last day.")
    words = f"{sum(count for _, count in rows)} in the last day. Each is a call task on its ticket."
    commonest, times = next(((code, count) for code, count in rows if code), (None, 0))
    if commonest:
        fault = fault_of(commonest)
        words += f" {times} because of this: {fault.words} {fault.advice}"
    return Check("Texts that did not arrive", LOOK, words)


def _countries(session: DeskSession, *, now: datetime) -> Check:
    """Of each number the country alone is shown; one that was erased since has none."""
    refused = session.scalars(
        select(Message.to_number).where(
            Message.status == MessageStatus.FAILED,
            Message.final_at > now - RECENTLY,
            Message.error_code == str(COUNTRY_NOT_ALLOWED),
        ),
    ).all()
    if not refused:
        return Check("Countries", WELL, "No text of the last day was for a country that we may not text.")
    codes = sorted({code for number in refused if number and (code := calling_code_of(number))})
    named = f" ({', '.join(codes)})" if codes else ""
    many = "1 text of the last day was" if len(refused) == 1 else f"{len(refused)} texts of the last day were"
    words = f"{many} for a country that our account may not text{named}: allow it at the provider, or let people call."
    return Check("Countries", LOOK, words)


def _lines(session: DeskSession, *, now: datetime) -> Sequence[Check]:
    """One for each sender, with the sites whose texts leave from it."""
    sites = session.execute(select(Site.name, Site.sender).order_by(Site.name)).all()
    house = session.house.sender
    own = {sender: [name for name, theirs in sites if theirs == sender] for _, sender in sites if sender}
    known = gates.all_standing(session)
    return [
        _line(sender, own.get(sender, ()), known.get(sender, gates.OPEN), now=now)
        for sender in (house, *sorted(own.keys() - {house}))
    ]


def _line(sender: str, sites: Sequence[str], gate: Gate, *, now: datetime) -> Check:
    named = f"{sender} ({', '.join(sites)})" if sites else sender
    if gate.closed_until is not None and gate.is_closed(now):
        words = f"{named}: the provider asked us to wait ({gate.why}). We go on in {minutes_or_seconds(gate.closed_until - now)}."
        return Check("Line", LOOK, words)
    if sender == SIMULATED:
        return Check("Line", WELL, "Simulated phones: nothing leaves this machine.")
    return Check("Line", WELL, f"{named} is open.")


def _account(session: DeskSession, *, now: datetime) -> Check:
    """What no text can get past until an admin has put it right."""
    troubles = line_trouble(session, now=now)
    if not troubles:
        return Check("Account at the provider", WELL, "The provider takes our texts.")
    state = BAD if any(trouble.stops for trouble in troubles) else LOOK
    return Check("Account at the provider", state, " ".join(trouble.words for trouble in troubles))


def _capped(session: DeskSession, *, now: datetime) -> Check:
    tally = session.get(Tally, TEXTS_CAPPED)
    if tally is None or tally.last_at <= now - RECENTLY:
        return Check("Caps", WELL, "No text of the last day was one too many.")
    words = f"Texts were withheld, the last {minutes_or_seconds(now - tally.last_at)} ago: a loop, or the caps of the policy are too low."
    return Check("Caps", LOOK, words)


def _spend(session: DeskSession, *, now: datetime) -> Check:
    standing = spend_standing(session, now=now)
    spent = in_money(standing.micros, standing.currency)
    if standing.limit_micros is None:
        return Check("Spend", WELL, f"{spent} this month, by the prices of the policy; it has no limit.")
    words = f"{spent} of {in_money(standing.limit_micros, standing.currency)} this month ({standing.percent} %)"
    if standing.is_over:
        held = held_for_money(session)
        waits = "1 text that is not urgent waits" if held == 1 else f"{held} texts that are not urgent wait"
        return Check("Spend", BAD, f"{words}: {waits}. Raise month_limit in the policy.")
    return Check("Spend", LOOK if standing.is_warned else WELL, f"{words}.")


def _hooks(session: DeskSession, *, now: datetime) -> Check:
    tally = session.get(Tally, HOOKS_REFUSED)
    if tally is None:
        return Check("Refused webhooks", WELL, "None.")
    words = f"{tally.count} so far, the last {minutes_or_seconds(now - tally.last_at)} ago"
    if tally.last_at <= now - RECENTLY:
        return Check("Refused webhooks", WELL, f"{words}.")
    return Check("Refused webhooks", LOOK, f"{words}: check TWILIO_AUTH_TOKEN and PUBLIC_URL, or somebody is knocking.")


def _replies(session: DeskSession, *, now: datetime) -> Check:
    """Whether the provider's list of what customers wrote is read: it is the only witness of what our web was not there for."""
    what = "Replies that we missed"
    standing = listening(session)
    if standing is None:
        return Check(what, WELL, "The provider's list is yet to be read for the first time.")
    ago = minutes_or_seconds(now - standing.heard_until)
    if now - standing.heard_until > UNHEARD_FOR:
        why = f" ({standing.why})" if standing.why else ""
        words = f"The provider's list of what customers wrote was last read to its end {ago} ago{why}"
        return Check(what, LOOK, f"{words}: a reply that our web was not there for is not found until it is.")
    if standing.cut_at is not None:
        words = f"The provider's list was too long to be read to its end: of {minutes_or_seconds(now - standing.cut_at)} ago and before"
        return Check(
            what, LOOK, f"{words} a reply that our web was not there for may be missing. Look at the provider's log."
        )
    tally = session.get(Tally, FOUND_LATE)
    if tally is not None and tally.last_at > now - RECENTLY:
        words = f"{tally.count} found late so far, the last {minutes_or_seconds(now - tally.last_at)} ago"
        return Check(what, LOOK, f"{words}: the provider could not reach us. See Texts, under Admin.")
    return Check(what, WELL, f"None in the last day; the provider's list was read {ago} ago.")


def _nightly(session: DeskSession, *, now: datetime) -> Check:
    last = last_check(session, now=now)
    if last is None:
        return Check("Nightly check", WELL, "The first check of trail and figures is yet to come to its end.")
    found, ago = last.found, minutes_or_seconds(now - last.ended_at)
    if found.broken or found.wrong:
        words = f"{found.broken} broken chains and {found.wrong} wrong figures {ago} ago, the first at {found.where}: {found.why}"
        return Check("Nightly check", BAD, f"{words}. `audit verify` looks at all of them.")
    if found.silent:
        words = f"{found.silent} open tickets were left to themselves {ago} ago, the first {found.where}"
        return Check("Nightly check", BAD, f"{words}: `doctor` names those that still are.")
    if now - last.ended_at > CHECKED_EVERY:
        return Check("Nightly check", LOOK, f"The last one ended {ago} ago: a worker makes one every night.")
    words = f"{found.tickets} tickets and {found.chains} changed chains were as they should be, {ago} ago."
    return Check("Nightly check", WELL, words)
