"""What has to be so of a ticket's calls."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial

from tests.month.facts import Facts
from tests.month.town import Place
from tests.month.trails import Line, Trail
from tests.month.walls import is_open
from tests.month.workers import read_instant, spelt

MISSED_AFTER, REDIAL_WITHIN = timedelta(minutes=10), timedelta(minutes=2)
LEFT_AT_MOST = timedelta(days=3)
"""No site is shut for longer, and whoever leads it looks at each call that is left on the day when it opens."""
IN_VAIN = {"no_answer", "busy", "voicemail"}
RETRIED_AFTER = (timedelta(minutes=15), timedelta(minutes=60), timedelta(minutes=180))


def calls(trail: Trail, facts: Facts) -> Iterator[str]:
    """Every attempt has an outcome, every call that ended the one that its end asks for, and each thing happens once for each
    time at which it was due."""
    attempts = defaultdict(list)
    for attempt in trail.attempts:
        attempts[attempt["callback_id"]].append(attempt["outcome"])
    for call in trail.callbacks:
        tried, status = attempts[call["id"]], call["status"]
        lines = [line for line in trail.lines if line.told.get("callback") == call["id"]]
        told = [line.told.get("outcome") for line in lines if line.tag == "ticket:callback:attempted"]
        if None in told or told != tried or len(told) != call["attempt_count"]:
            yield f"has a call with the outcomes {tried}, told as {told}, counted as {call['attempt_count']}"
        last = tried[-1] if tried else None
        if (status == "reached") != (last == "reached"):
            yield f"has a call that is {status} after {tried}"
        if status == "unreached" and last not in IN_VAIN | {"wrong_number"}:
            yield f"has a call that is {status} after {tried}"
        if status == "cancelled" and lines[-1].tag != "ticket:callback:cancelled":
            yield "has a call that was cancelled by nobody"
        if status in {"booked", "due"} and not facts.in_time(
            call["due_at" if status == "booked" else "miss_at"], facts.ended
        ):
            yield f"has a call that stays {status}"
        if status == "missed" and read_instant(call["missed_at"]) < read_instant(facts.ended) - LEFT_AT_MOST:
            yield f"has a call that was missed at {call['missed_at'][:19]}, and nobody ever said how it ended"
        yield from _once_for_each_time(lines, facts)


def _once_for_each_time(lines: list[Line], facts: Facts) -> Iterator[str]:
    happened: Counter[str] = Counter()
    due = ""
    for line in lines:
        verb = line.tag.rpartition(":")[2]
        if verb in {"booked", "moved", "put_back"}:
            happened = Counter(reminded=happened["reminded"]) if verb == "put_back" else Counter()
            due = spelt(datetime.fromisoformat(line.told["due_at"]))
        elif verb == "attempted" and line.told["outcome"] == "disconnected":
            happened, due = Counter(), spelt(read_instant(line.at) + REDIAL_WITHIN)
        happened[verb] += 1
        if verb in {"due", "missed", "reminded"} and happened[verb] > 1:
            yield f"has a call that was twice {verb} for one time ({line.at[:19]})"
        if verb == "reminded" and line.at >= due:
            yield f"was reminded of a call when its time had come ({line.at[:19]})"
        if verb == "due" and not (due <= line.at and facts.in_time(due, line.at)):
            yield f"has a call for {due[:19]} that came due at {line.at[:19]}"


def retries(trail: Trail, facts: Facts) -> Iterator[str]:
    """Bounded, with growing gaps, and never while nobody is there."""
    place, in_vain = facts.places[trail.ticket["site_id"]], Counter[int]()
    for line in trail.lines:
        call = line.told.get("callback", 0)
        if line.tag == "ticket:callback:attempted":
            in_vain[call] += line.told["outcome"] in IN_VAIN
            if in_vain[call] > len(RETRIED_AFTER) + 1:
                yield f"was called in vain {in_vain[call]} times"
        elif line.tag == "ticket:callback:moved" and line.told["why"] == "moved":
            in_vain[call] = 0
        elif line.tag == "ticket:callback:moved" and line.told["why"] == "retried":
            gap = (*RETRIED_AFTER, timedelta.max)[in_vain[call]]
            yield from _retried(place, datetime.fromisoformat(line.told["due_at"]), read_instant(line.at), gap)


def _retried(place: Place, due: datetime, tried: datetime, gap: timedelta) -> Iterator[str]:
    """After the gap; where nobody is there then, when somebody comes."""
    name, there = place.seed.new.name, partial(is_open, place.seed.new, place.special)
    if not there(due):
        yield f"is to be called again at {due}, when {name} is shut"
    if due - tried < gap:
        yield f"is to be called again at {due}, which is too soon after {tried}"
    if due - tried > gap and (there(tried + gap) or there(due - timedelta(seconds=1))):
        yield f"is to be called again at {due} only, though {name} is open before that"
