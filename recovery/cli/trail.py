"""`audit verify`."""

from collections.abc import Sequence
from typing import Any

from recovery.cli.console import (
    DONE,
    FINDING,
    Arguments,
    Commands,
    Counter,
    command,
    family,
    give,
    give_json,
    with_json,
)
from recovery.cli.ground import desk
from recovery.domain.spelling import instant
from recovery.services.proving.audit import Break, Verdict, verify


def add_to(commands: Commands) -> None:
    parser = command(
        family(commands, "audit", does="the trail of events"),
        "verify",
        run,
        does="prove the trail, or name the first broken event",
        more="Every event is chained to the one before by a hash whose key is not in the database. A change, a gap or another\n"
        "order shows; a ticket deleted with all its events, or a tail that was cut, shows up to the last anchor.\n"
        "With AUDIT_ANCHOR_FILE the anchors told there are compared too. Exit code 1 where something is broken.",
        example="audit verify\naudit verify --json",
    )
    with_json(parser)


def run(arguments: Arguments) -> int:
    # a trigger that somebody dropped is no reason not to look
    with desk(also_without_triggers=True) as components, components.read() as session:
        file = components.settings.audit_anchor_file
        outside = file.read_text(encoding="utf-8").splitlines() if file is not None and file.exists() else []
        found = verify(session, components.house.audit_key, outside=outside, tell=Counter("Reading events"))
    if arguments.json:
        give_json(_as_json(found))
    else:
        for sentence in _sentences(found):
            give(sentence)
    return DONE if found.ok else FINDING


def _sentences(found: Verdict) -> Sequence[str]:
    counted = f"{found.events} events in {found.streams} chains"
    until = found.covered_until
    anchored = f"anchored up to {until:%Y-%m-%d %H:%M} UTC" if until else "nothing is anchored yet"
    if found.ok:
        return (f"The trail is whole: {counted}, {anchored}.",)
    broken = (f"Broken at {found.first_break.where}: {found.first_break.why}.",) if found.first_break else ()
    wrong = found.first_wrong_clock
    return (*broken, *((f"A clock that reports read is wrong, {wrong.where}: {wrong.why}.",) if wrong else ()))


def _as_json(found: Verdict) -> dict[str, Any]:
    return {
        "ok": found.ok,
        "events": found.events,
        "chains": found.streams,
        "covered_until": instant(found.covered_until) if found.covered_until else None,
        "first_break": _break(found.first_break),
        "first_wrong_clock": _break(found.first_wrong_clock),
    }


def _break(found: Break | None) -> dict[str, str] | None:
    return {"where": found.where, "why": found.why} if found else None
