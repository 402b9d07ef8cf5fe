"""What has to be so of a ticket's whole trail, at the end of the month: each rule gives a sentence for what is not."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from sqlite3 import Row

from tests.month.call_rules import MISSED_AFTER, REDIAL_WITHIN, calls, retries
from tests.month.facts import Facts
from tests.month.trails import Line, Trail
from tests.month.workers import read_instant, spelt

OBSERVATIONS = {"store_walk", "mystery_shop", "drill"}
RENEWED_AT_MOST = 3
LATE_UNSAID = {"no_longer_true", "resolved", "void", "opted_out", "erased", "undone"}
"""Why a text that tells of a lapse may be dropped without anybody calling: it was not so any more, or somebody calls for
another reason, which a rule of its own looks at."""


def promised(trail: Trail, facts: Facts) -> Iterator[str]:
    """At no moment of its life was it without a promise."""
    live, current = False, None
    for at, lines in groupby(trail.lines, key=attrgetter("at")):
        for line in lines:
            match line.tag.removeprefix("ticket:"):
                case "ticket:logged" | "ticket:reopened":
                    live = True
                case "ticket:resolved" | "ticket:voided":
                    live, current = False, None
                case "promise:made" | "promise:put_back":
                    current = line.told["promise"]
                case "promise:kept" if current == line.told["promise"]:
                    current = None
        if live and current is None and trail.ticket["source"] not in OBSERVATIONS:
            yield f"had no promise from {at[:19]} on"


def lapses_counted(trail: Trail, facts: Facts) -> Iterator[str]:
    told = Counter(line.told["promise"] for line in trail.told("ticket:promise:lapsed"))
    lapsed = [promise for promise in trail.promises if promise["lapsed_at"]]
    if told != Counter(promise["id"] for promise in lapsed) or len(lapsed) != trail.ticket["lapses"]:
        yield f"lapsed {len(lapsed)} times, told so {told.total()} times, and counts {trail.ticket['lapses']}"
    for promise in trail.promises:
        ended, due, lapsed_at = promise["ended_at"], promise["due_at"], promise["lapsed_at"]
        if lapsed_at is None and (ended or facts.ended) > due and not facts.in_time(due, ended or facts.ended):
            yield f"promised something for {due[:19]}, which was never seen to lapse"
        if lapsed_at is None and promise["outcome"] == "kept" and ended > due:
            yield f"counts a promise as kept that was late ({due[:19]})"
        if lapsed_at is not None and lapsed_at < due:
            yield f"says that a promise lapsed before its time ({due[:19]})"
        if lapsed_at is not None and not facts.in_time(due, lapsed_at):
            yield f"was told of the lapse of {due[:19]} at {lapsed_at[:19]} only"
        if lapsed_at is not None and promise["outcome"] == "kept":
            yield f"counts a promise as kept that had lapsed ({due[:19]})"


def seen_to_lapse(trail: Trail) -> Iterator[tuple[Row, Row | None]]:
    """Promises that the machine saw lapse, each with the one that it made in place of it, or None."""
    following = defaultdict(list)
    for promise in trail.promises:
        following[promise["number"]].append(promise)
    for promise in trail.promises:
        at = promise["lapsed_at"]
        if at is None:
            continue
        after = next(iter(following[promise["number"] + 1]), None)
        if (
            promise["ended_at"] == at
            and after
            and after["made_at"] == at
            and after["renewal"] == promise["renewal"] + 1
        ):
            yield promise, after
        elif promise["ended_at"] is None or promise["ended_at"] > at:
            yield promise, None


def lapses_told(trail: Trail, facts: Facts) -> Iterator[str]:
    """By a text, or by a person who is to call, or not because somebody was just then doing something for them."""
    by_machine = {promise["id"]: after for promise, after in seen_to_lapse(trail)}
    texts = {message["meaning"]: message for message in trail.messages}
    for promise in trail.promises:
        at = promise["lapsed_at"]
        if at is None:
            continue
        if promise["id"] not in by_machine:
            if not any(_is_an_act(line) for line in trail.at(at)):
                yield f"lapsed at {at[:19]}, and nothing was done or said"
            continue
        after = by_machine[promise["id"]]
        late = after and texts.get(f"ticket:{trail.id}:promise:{after['number']}:late")
        if after and not late and not _has_heard(trail, at):
            late = texts.get(f"ticket:{trail.id}:promise:{after['number']}:logged")
        if late:
            yield from _told_by(trail, late, after)
        elif not trail.somebody_calls(at):
            yield f"lapsed at {at[:19]}, with no text and no call"


def _has_heard(trail: Trail, moment: str) -> bool:
    """Who has not is told of the mistake itself, not that we are late with it."""
    return any(
        text["audience"] == "customer" and text["sent_at"] and text["sent_at"] < moment for text in trail.messages
    )


def _is_an_act(line: Line) -> bool:
    return line.who != "machine" or line.tag == "ticket:callback:unchosen"


def _told_by(trail: Trail, text: Row, promise: Row) -> Iterator[str]:
    at, why = text["final_at"], text["drop_reason"]
    if text["status"] == "dropped" and why not in LATE_UNSAID:
        excused = why == "expired" and (promise["outcome"] == "kept" or not trail.was_live(at))
        if not excused and not trail.somebody_calls(at):
            yield f"was to be told of a lapse, the text was dropped ({why}, {at[:19]}), and nobody calls"


def renewals(trail: Trail, facts: Facts) -> Iterator[str]:
    """By the machine three times in a row, each once; then by a person."""
    for before, promise in zip([None, *trail.promises], trail.promises, strict=False):
        count, at = promise["renewal"], promise["made_at"][:19]
        if count > RENEWED_AT_MOST:
            yield f"was promised something anew {count} times in a row ({at})"
        if count and (before is None or before["renewal"] != count - 1 or before["lapsed_at"] != promise["made_at"]):
            yield f"has a renewed promise that renews nothing ({at})"
    for promise, after in seen_to_lapse(trail):
        if after is None and promise["renewal"] < RENEWED_AT_MOST:
            yield f"could have been promised something anew at {promise['lapsed_at'][:19]}"


def escalations(trail: Trail, facts: Facts) -> Iterator[str]:
    """Each cause alerts somebody, everybody once, one step up each time."""
    wanted = Counter(_causes(trail))
    escalated = [line for line in trail.told("ticket:ticket:escalated") if "clock" not in line.told]
    for why, at in wanted.keys() ^ {(line.told["why"], line.at) for line in escalated}:
        yield f"was {'not ' if (why, at) in wanted else ''}escalated for {why} at {at[:19]}"
    heard = Counter((line.told["why"], line.at, line.told["to"]) for line in escalated)
    for (why, at, to), times in heard.items():
        if times > wanted[why, at]:
            yield f"was escalated {times} times for {why} to {to} at {at[:19]}"
    lapses, level = 0, 1
    for line in trail.lines:
        lapses += line.tag == "ticket:promise:lapsed"
        level = line.told.get("level", level)
        rung = max(1, lapses + level - 1)
        if line in escalated and line.told["rung"] != rung:
            yield f"was escalated to step {line.told['rung']} at {line.at[:19]}, not to {rung}"


def rungs(trail: Trail, facts: Facts) -> Iterator[str]:
    """Each step of each clock's ladder tells everybody on it once, and goes up."""
    steps = [line.told for line in trail.told("ticket:ticket:escalated") if "clock" in line.told]
    told = Counter((each["clock"], each["rung"], each["to"]) for each in steps)
    for (clock, rung, to), times in told.items():
        if times > 1:
            yield f"was escalated {times} times for {clock} on step {rung} to {to}"
    for clock in {each["clock"] for each in steps}:
        climbed = [each["rung"] for each in steps if each["clock"] == clock]
        if climbed != sorted(climbed):
            yield f"climbed {clock} as {climbed}"
    texts = Counter(message["meaning"] for message in trail.messages if message["template"] == "staff_alert")
    for line in trail.told("ticket:ticket:escalated"):
        clock = line.told.get("clock")
        what = f"{clock}:{line.told['rung']}" if clock else f"escalation:{line.seq}"
        alerts = texts.pop(f"ticket:{trail.id}:{what}:{line.told['to']}", 0)
        if alerts != (line.told["how"] == "text") or (alerts and line.told["to"] not in facts.alerted):
            yield f"alerted {line.told['to']} by {alerts} texts at {line.at[:19]} ({line.told['how']})"
    if texts:
        yield f"alerted people for nothing: {sorted(texts)}"


def _causes(trail: Trail) -> Iterator[tuple[str, str]]:
    """Why and when somebody has to be alerted."""
    for promise, _ in seen_to_lapse(trail):
        yield "callback_missed" if promise["about"] == "callback" else "promise_lapsed", promise["lapsed_at"]
    yield from (("callback_missed", at) for at in _missed_alone(trail))
    for line in trail.lines:
        is_reopened = line.tag == "ticket:ticket:reopened" and line.told["why"] != "undo"
        if is_reopened or (line.tag == "ticket:ticket:logged" and "continues" in line.told):
            yield "reopened", line.at
    for call in trail.callbacks:
        if call["given_up_at"] and trail.was_live(call["given_up_at"]):
            wrong = any(a["outcome"] == "wrong_number" for a in trail.attempts if a["callback_id"] == call["id"])
            yield "wrong_number" if wrong else "unreached", call["given_up_at"]


def _missed_alone(trail: Trail) -> Iterator[str]:
    """A call that was missed breaks its promise in the same breath, and that is told; where somebody was alerted since it was
    to be made, that was of this."""
    miss_at: dict[int, str] = {}
    alerted: list[str] = []
    for line, then in zip(trail.lines, [*trail.lines[1:], None], strict=True):
        told = line.told
        match line.tag.removeprefix("ticket:"):
            case "callback:booked" | "callback:moved":
                miss_at[told["callback"]] = spelt(datetime.fromisoformat(told["due_at"]) + MISSED_AFTER)
            case "callback:attempted" if told["outcome"] == "disconnected":
                miss_at[told["callback"]] = spelt(read_instant(line.at) + REDIAL_WITHIN)
            case "ticket:escalated" if "clock" not in told:
                alerted.append(line.at)
            case "callback:missed" if then is None or then.tag != "ticket:promise:lapsed":
                if not any(at >= miss_at[told["callback"]] for at in alerted):
                    yield line.at


def warnings(trail: Trail, facts: Facts) -> Iterator[str]:
    told = Counter(line.told["promise"] for line in trail.told("ticket:promise:warned"))
    if told != Counter(promise["id"] for promise in trail.promises if promise["warned_at"]):
        yield f"warned of its promises {told}"
    for promise in trail.promises:
        if promise["warned_at"] and not promise["warn_at"] <= promise["warned_at"] < promise["due_at"]:
            yield f"was warned at {promise['warned_at'][:19]} of what was due at {promise['due_at'][:19]}"


def approvals(trail: Trail, facts: Facts) -> Iterator[str]:
    for approval in trail.approvals:
        lines = [line for line in trail.lines if line.told.get("remedy") == approval["remedy_id"]]
        asked = [
            line.told["of"] for line in lines if line.tag in {"ticket:approval:asked", "ticket:approval:passed_on"}
        ]
        rungs = [line.told["rung"] for line in lines if line.tag == "ticket:approval:passed_on"]
        if len(set(asked)) != len(asked) or rungs != list(range(2, len(asked) + 1)):
            yield f"asked the same person twice, or jumped a step: {asked}, {rungs}"
        if sum(line.tag == "ticket:approval:exhausted" for line in lines) != bool(approval["nobody_left_at"]):
            yield "says more than once, or never, that nobody is left to be asked"
        is_open_still = approval["answered_at"] is None and approval["nobody_left_at"] is None
        if is_open_still and not facts.in_time(approval["deadline_at"], facts.ended):
            yield f"waits for an answer since {approval['deadline_at'][:19]}, and nobody else is asked"


def late_tasks(trail: Trail, facts: Facts) -> Iterator[str]:
    told = Counter(line.told["task"] for line in trail.told("ticket:task:late"))
    if told != Counter(task["id"] for task in trail.tasks if task["late_at"]):
        yield f"told of late tasks {told}"
    for task in trail.tasks:
        over = task["done_at"] or task["cancelled_at"] or facts.ended
        if task["late_at"] is None and not facts.in_time(task["due_at"], over):
            yield f"has a task for {task['due_at'][:19]} that nobody was told is late"
        if task["late_at"] and not (
            task["due_at"] <= task["late_at"] and facts.in_time(task["due_at"], task["late_at"])
        ):
            yield f"has a task for {task['due_at'][:19]} that counts as late at {task['late_at'][:19]}"


def lost_texts(trail: Trail, facts: Facts) -> Iterator[str]:
    """What did not arrive is said by a person."""
    for text in trail.messages:
        if text["audience"] != "customer" or text["status"] not in {"failed", "undelivered"} or not text["to_number"]:
            continue
        if not trail.was_over(text["final_at"]) and not trail.somebody_calls(text["final_at"]):
            yield f"has a {text['template']} that is {text['status']} at {text['final_at'][:19]}, and nobody calls"


def withheld_texts(trail: Trail, facts: Facts) -> Iterator[str]:
    """Who wants no texts is called."""
    for line in trail.told("ticket:text:withheld"):
        if line.told["reason"] == "opted_out" and trail.was_live(line.at) and not trail.somebody_calls(line.at):
            yield f"was not told {line.told['template']} at {line.at[:19]}, and nobody calls"


RULES: tuple[Callable[[Trail, Facts], Iterator[str]], ...] = (
    promised,
    lapses_counted,
    lapses_told,
    renewals,
    escalations,
    rungs,
    calls,
    retries,
    warnings,
    approvals,
    late_tasks,
    lost_texts,
    withheld_texts,
)
