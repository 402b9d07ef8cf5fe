"""`doctor`."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy.engine import make_url
from sqlalchemy.exc import InterfaceError, OperationalError

from config.settings import Settings
from recovery.bootstrap import Components, build
from recovery.cli.console import DONE, FINDING, Arguments, Commands, command, give_json, give_table, with_json
from recovery.migrations import schema_is_current
from recovery.services.demo.standing import standing
from recovery.services.running.doctor import examine
from recovery.services.running.health import BAD, LOOK, WELL, Check

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
