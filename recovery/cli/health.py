"""`doctor`."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy.engine import make_url
from sqlalchemy.exc import InterfaceError, OperationalError

from config.settings import Settings
from recovery.bootstrap import CALL_HOOK, Components, build
from recovery.cli.console import DONE, FINDING, Arguments, Commands, command, give_json, give_table, with_json
from recovery.migrations import schema_is_current
from recovery.services.demo.standing import standing
from recovery.services.running.doctor import examine
from recovery.services.running.health import BAD, LOOK, WELL, Check
from recovery.services.telephony.line_settings import callers_without_phone, voice_numbers
from recovery.sms.gateway import LookupFailed

MARKS = {WELL: "ok", LOOK: "look", BAD: "BAD"}
LITTLE_SPACE = 500 * 1024**2
"""A busy desk writes some hundred megabytes a month."""


def add_to(commands: Commands) -> None:
    with_json(
        command(
            commands,
            "doctor",
            run,
            does="what is configured, reachable, behind or misfiring",
            more="Each line says what to do. Exit code 1 where one of them (BAD) needs a person.",
            example="doctor\ndoctor --json",
        )
    )


def run(arguments: Arguments) -> int:
    components = build(Settings.from_env())
    try:
        checks = [*_configured(components.settings), *_database(components)]
        if not any(each.what == "Database" and each.state == BAD for each in checks):
            checks += voice(components)
    finally:
        components.dispose()
    if arguments.json:
        give_json([{"what": each.what, "state": MARKS[each.state].lower(), "words": each.words} for each in checks])
    else:
        give_table(("", "what", ""), [(MARKS[each.state], each.what, each.words) for each in checks])
    return FINDING if any(each.state == BAD for each in checks) else DONE


def _configured(settings: Settings) -> Sequence[Check]:
    real = settings.sms_gateway != "simulator"
    if real and settings.public_url_is_loopback and not settings.twilio_api_url:
        address = Check("Address", BAD, "PUBLIC_URL is of this machine: links in texts and receipts lead nowhere.")
    elif not settings.public_url_is_loopback and not settings.public_url.startswith("https://"):
        address = Check("Address", LOOK, f"{settings.public_url} is not encrypted: put HTTPS in front.")
    else:
        address = Check("Address", WELL, settings.public_url)
    kept = settings.audit_anchor_file
    words = f"Anchors go to {kept}." if kept else "Anchors go to the log; AUDIT_ANCHOR_FILE keeps them apart."
    return (address, Check("Gateway", WELL, settings.sms_gateway), Check("Anchors", WELL, words))


def _database(components: Components) -> Sequence[Check]:
    where = make_url(components.settings.database_url).render_as_string(hide_password=True)
    try:
        if not schema_is_current(components.reading):
            return (Check("Database", BAD, f"{where} lacks this version's schema: run `python3 -m recovery migrate`."),)
        with components.read() as session:
            found = standing(session)
            seen = examine(session, now=components.clock.now())
    except (OperationalError, InterfaceError) as error:
        return (Check("Database", BAD, f"{where} cannot be reached: {str(error.orig).strip().splitlines()[0]}"),)
    reached = Check("Database", WELL, f"{where}, with this version's schema.")
    return (reached, *_space(components), *_demo(components.settings, has_demo=found.has_demo), *seen)


def voice(components: Components) -> Sequence[Check]:
    """The provider is asked about each number that calls, with no transaction open."""
    with components.read() as session:
        numbers, unreachable = voice_numbers(session), callers_without_phone(session)
    if not numbers:
        return (Check("Voice", WELL, "Off: people dial by themselves and say how it went."),)
    found = [_line(components, number, names) for number, names in numbers.items()]
    if unreachable:
        many = "1 colleague has" if unreachable == 1 else f"{unreachable} colleagues have"
        found.append(Check("Voice", WELL, f"{many} no phone of their own here, and dial by themselves."))
    return found


def _line(components: Components, number: str, names: Sequence[str]) -> Check:
    named = f"{number} ({', '.join(names)})" if names else number
    if not components.telephone.real:
        return Check("Voice", WELL, f"{named}: simulated phones, nothing leaves this machine.")
    try:
        line = components.telephone.line(number)
    except LookupFailed as failure:
        return Check("Voice", BAD, f"{named} cannot be asked for: {failure.detail}")
    hook = f"{components.house.public_url}{CALL_HOOK}/inbound"
    if line is None:
        return Check("Voice", BAD, f"{named} is no number of this account: calls from it are refused.")
    if not line.calls:
        return Check("Voice", BAD, f"{named} cannot call: take a number with voice, a messaging service has none.")
    if line.answers_at != hook:
        return Check(
            "Voice", LOOK, f"{named} can call. Who calls it does not reach us: set its voice address to {hook}."
        )
    return Check("Voice", WELL, f"{named} can call and be called.")


def _space(components: Components) -> Sequence[Check]:
    if not components.is_sqlite:
        return ()
    free = shutil.disk_usage(Path(make_url(components.settings.database_url).database or ".").parent).free
    state = BAD if free < LITTLE_SPACE else WELL
    return (Check("Disk", state, f"{free // 1024**2} MB are free beside the database."),)


def _demo(settings: Settings, *, has_demo: bool) -> Sequence[Check]:
    if not has_demo:
        return ()
    if settings.sms_gateway != "simulator":
        return (Check("Demo", BAD, "It is in this database: `demo --remove` before real texts go out."),)
    if not settings.public_url_is_loopback:
        return (
            Check("Demo", BAD, "Its passwords are known, and PUBLIC_URL is for others too: `demo --remove` first."),
        )
    return (Check("Demo", WELL, "This database holds the demo business."),)
