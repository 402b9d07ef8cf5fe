"""`site add`, `staff add`, `token add`."""

import sys

from recovery.cli.console import DONE, Arguments, Commands, command, family, give, say
from recovery.cli.ground import desk
from recovery.domain.actors import MACHINE
from recovery.domain.errors import NotFound
from recovery.domain.events import Tag
from recovery.domain.languages import LANGUAGES, Language
from recovery.domain.permissions import Role, Scope
from recovery.models import Staff
from recovery.services.people import sign_in
from recovery.services.people.sites import NewSite, add_site
from recovery.services.people.staff import NewStaff, add_staff, locked_person
from recovery.services.people.tokens import DEFAULT_SCOPES, add_token
from recovery.services.proving.trail import record_of_staff
from recovery.services.session import DeskSession


def add_to(commands: Commands) -> None:
    _add_site_to(family(commands, "site", does="sites: branches, desks, call floors"))
    _add_staff_to(family(commands, "staff", does="people who work here"))
    _add_token_to(family(commands, "token", does="tokens for the API"))


def _add_site_to(commands: Commands) -> None:
    parser = command(
        commands,
        "add",
        add_a_site,
        does="add a site",
        more="Hours are written day by day; 18:00-02:00 runs into the next day, and without hours the site never closes.",
        example='site add harbour-st --name "Harbour Street" --timezone Europe/London --currency GBP --country GB \\\n'
        '  --hours "mon-fri 08:00-12:00 13:00-18:00; sat 18:00-02:00"',
    )
    parser.add_argument("slug", metavar="SLUG", help="short name for links and scripts, such as harbour-st")
    parser.add_argument("--name", required=True, help="signs every text")
    parser.add_argument("--timezone", required=True, help="such as Europe/London")
    parser.add_argument("--currency", required=True, help="such as GBP")
    parser.add_argument("--country", required=True, help="such as GB: telephone numbers are read with it")
    parser.add_argument("--hours", default="", help="opening hours; left out: always open")
    parser.add_argument(
        "--sender", default="", help="its own number, short code or messaging service; left out: the organisation's"
    )
    parser.add_argument(
        "--language", default=Language.ENGLISH.value, choices=LANGUAGES, help="of its texts, for whoever chose none"
    )


def _add_staff_to(commands: Commands) -> None:
    parser = command(
        commands,
        "add",
        add_a_person,
        does="add somebody who works here",
        more="Prints a link that signs in once and lets them choose a password, unless one is given on stdin.",
        example='staff add maya@example.com --name "Maya Lindqvist" --role frontline --site harbour-st \\\n'
        '  --phone "+44 7700 900123"',
    )
    parser.add_argument("email", metavar="EMAIL", help="they sign in with it")
    parser.add_argument("--name", required=True, help="customers read the first word of it")
    parser.add_argument("--role", required=True, choices=[role.value for role in Role])
    parser.add_argument(
        "--site", action="extend", nargs="+", default=[], metavar="SLUG", help="where they work; an admin needs none"
    )
    parser.add_argument("--phone", default="", help="for approvals and alerts by text")
    parser.add_argument("--deputy", default="", metavar="EMAIL", help="who answers for a supervisor who does not")
    parser.add_argument(
        "--password-stdin", action="store_true", help="read their password from the first line of stdin"
    )


def _add_token_to(commands: Commands) -> None:
    parser = command(
        commands,
        "add",
        add_a_token,
        does="make a token for the API, and print it once",
        more="It acts as the person, narrowed by its scopes. Nobody can show it again: only its hash is kept.",
        example="token add maya@example.com --scope read --scope write",
    )
    parser.add_argument("email", metavar="EMAIL", help="whom it acts as")
    scopes = " ".join(sorted(DEFAULT_SCOPES))
    parser.add_argument(
        "--scope",
        action="extend",
        nargs="+",
        choices=[scope.value for scope in Scope],
        help=f"what it may do (left out: {scopes})",
    )


def add_a_site(arguments: Arguments) -> int:
    new = NewSite(
        slug=arguments.slug,
        name=arguments.name,
        timezone=arguments.timezone,
        currency=arguments.currency,
        country=arguments.country,
        hours=arguments.hours,
        sender=arguments.sender,
        language=arguments.language,
    )
    with desk() as components:
        site = components.transact(lambda session: add_site(session, new, now=components.clock.now(), by=MACHINE))
        hours = site.hours or "always open"
    say(f"{site.name} is there ({site.slug}, {site.timezone}, {site.currency}, {hours}).")
    return DONE


def add_a_person(arguments: Arguments) -> int:
    new = NewStaff(
        email=arguments.email,
        name=arguments.name,
        role=arguments.role,
        sites=tuple(arguments.site),
        phone=arguments.phone,
        deputy=arguments.deputy,
    )
    password = _password_from_stdin() if arguments.password_stdin else None
    with desk() as components:
        cheap = components.settings.argon2_cheap
        hashed = sign_in.hash_password(password, cheap=cheap) if password is not None else None

        def work(session: DeskSession) -> str | None:
            now = components.clock.now()
            person = add_staff(session, new, now=now, by=MACHINE)
            session.flush()
            if hashed is None:
                return sign_in.issue_link(session, person.id, now=now, by=MACHINE)
            person.password_hash = hashed
            record_of_staff(session, person, Tag.STAFF_CHANGED, by=MACHINE, at=now, field="password")
            return None

        token = components.transact(work)
        if token is None:
            say(f"{new.name} can sign in at {components.settings.public_url}/sign-in.")
        else:
            say(f"{new.name} signs in once with this link, within {sign_in.LINK_LASTS}, and chooses a password:")
            give(sign_in.sign_in_url(components.settings.public_url, token))
    return DONE


def add_a_token(arguments: Arguments) -> int:
    scopes = frozenset(Scope(word) for word in arguments.scope) if arguments.scope else DEFAULT_SCOPES

    def work(session: DeskSession) -> str:
        person = _held(session, arguments.email)
        _, plain = add_token(session, person, scopes=scopes, now=components.clock.now(), by=MACHINE)
        return plain

    with desk() as components:
        give(components.transact(work))
    return DONE


def _held(session: DeskSession, email: str) -> Staff:
    """Raises NotFound."""
    person = sign_in.active_staff(session, email)
    if person is None:
        raise NotFound(f"Nobody active signs in as {email}: `staff add` adds people.")
    return locked_person(session, person.id)


def _password_from_stdin() -> str:
    password = sys.stdin.readline().rstrip("\r\n")
    sign_in.check_new_password(password)
    return password
