"""`demo`."""

import gc

from sqlalchemy import event, text

from config.settings import Settings
from recovery.bootstrap import Components
from recovery.cli.console import DONE, Arguments, Commands, Progress, command, give, say
from recovery.cli.ground import desk
from recovery.domain.errors import Refused
from recovery.services.demo.business import PEOPLE, SITES
from recovery.services.demo.loading import load
from recovery.services.demo.removing import remove
from recovery.services.demo.standing import Standing, standing
from recovery.services.people.sign_in import DEMO_PASSWORD, hash_password


def add_to(commands: Commands) -> None:
    parser = command(
        commands,
        "demo",
        run,
        does="load the demo business",
        more="Three sites, eight people and ninety days of tickets, with a handful that go on right now. Refused where there\n"
        "are real tickets, where PUBLIC_URL is not of this machine, and with a gateway that reaches real telephones.",
        example="demo\ndemo --remove",
    )
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--once", action="store_true", help="do nothing where there are sites already")
    how.add_argument("--remove", action="store_true", help="take the demo business away; the audit trail says so")


def run(arguments: Arguments) -> int:
    with desk() as components:
        with components.read() as session:
            found = standing(session)
        if arguments.remove:
            return _take_away(components, found)
        if arguments.once:
            return _bring_at_first_start(components, found)
        if obstacle := _obstacle(components.settings, found):
            raise Refused(obstacle)
        if not found.is_whole:
            _bring(components, found)
        give(accounts())
    return DONE


def _bring_at_first_start(components: Components, found: Standing) -> int:
    """The start goes on, whatever stands in the way. Beside real tickets a demo that is there stays, with its accounts."""
    if found.has_sites and not found.has_demo:
        return DONE
    settings = components.settings
    if obstacle := _wrong_place(settings) if found.is_whole else _obstacle(settings, found):
        say(obstacle)
        return DONE
    if not found.is_whole:
        _bring(components, found)
    give(accounts())
    return DONE


def accounts() -> str:
    """What a newcomer needs to sign in."""
    sites = {site.slug: site.name for site in SITES}
    width = max(len(person.email) for person in PEOPLE)
    lines = [
        f"  {person.email.ljust(width)}  {person.role}, {sites.get(person.site or '', 'every site')}"
        for person in PEOPLE
    ]
    return "\n".join((f"Demo accounts, all with the password “{DEMO_PASSWORD}”:", *lines))


def _take_away(components: Components, found: Standing) -> int:
    if not found.has_demo:
        say("The demo business is not in this database.")
        return DONE
    tickets = components.transact(lambda session: remove(session, now=components.clock.now()))
    say(f"The demo business is gone, with its {tickets} tickets; the audit trail says so.")
    return DONE


def _bring(components: Components, found: Standing) -> None:
    if found.has_demo:
        say("An earlier loading of the demo business was cut off: it begins anew.")
        components.transact(lambda session: remove(session, now=components.clock.now()))
    hashed = hash_password(DEMO_PASSWORD, cheap=False)
    _write_without_waiting_for_the_disk(components)
    gc.disable()  # a tenth of the time goes to looking for rubbish that is not there
    try:
        load(components, now=components.clock.now(), password_hash=hashed, tell=Progress("Loading the demo business"))
    finally:
        gc.enable()
    _settle(components)


def _obstacle(settings: Settings, found: Standing) -> str | None:
    if found.has_real_tickets:
        return "This database holds real tickets: give the demo business a database of its own, with DATABASE_URL."
    return _wrong_place(settings)


def _wrong_place(settings: Settings) -> str | None:
    if not settings.public_url_is_loopback:
        return "The demo business has known passwords, so it is for where PUBLIC_URL is of this machine."
    if settings.sms_gateway != "simulator":
        return "The demo business texts nobody real, so it is for SMS_GATEWAY=simulator."
    return None


def _write_without_waiting_for_the_disk(components: Components) -> None:
    """SQLite only: a power cut during the load costs the load, which is told by the mark that is not there."""
    if components.is_sqlite:
        event.listen(components.writing, "connect", lambda driver, _: driver.execute("PRAGMA synchronous=OFF"))
        components.writing.dispose()


def _settle(components: Components) -> None:
    """On the disk to stay, and with statistics of what is there now."""
    with components.writing.begin() as connection:
        connection.execute(text("ANALYZE"))
    if components.is_sqlite:
        with components.writing.connect() as connection:
            driver = connection.connection.driver_connection
            assert driver is not None  # noqa: S101  # connected, one line above
            driver.execute("PRAGMA synchronous=FULL")
            driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        components.writing.dispose()
