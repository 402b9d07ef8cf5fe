"""Sites and staff: what was typed is checked field by field, and every change is told without a name in the trail."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from config.settings import Settings
from recovery.bootstrap import Components, build
from recovery.clock import FrozenClock
from recovery.domain.actors import MACHINE
from recovery.domain.errors import Forbidden, Invalid
from recovery.domain.permissions import Role
from recovery.models import Event, LoginSession, Staff
from recovery.services.people.sites import NewSite, add_site, all_sites, change_site
from recovery.services.people.staff import NewStaff, add_staff, change_staff, deactivate, locked_person

HARBOUR = NewSite("Harbour St Coffee", "Europe/London", "GBP", "GB", "mon-fri 8:00-18:00", slug="harbour-st")
QUAY = NewSite("The Quay Hotel", "America/New_York", "USD", "US")
MAYA = NewStaff("maya@example.com", "Maya Okafor", "frontline", ("harbour-st",), phone="07700 900101")
OMAR = NewStaff("omar@example.com", "Omar Haddad", "supervisor", ("harbour-st",))
ADA = NewStaff("Ada@Example.com ", "Ada  Lind", "admin")


@pytest.fixture
def desk(settings: Settings, clock: FrozenClock) -> Iterator[Components]:
    components = build(settings, clock=clock)
    with components.write() as session:
        add_site(session, HARBOUR, now=clock.now(), by=MACHINE)
        add_site(session, QUAY, now=clock.now(), by=MACHINE)
        for person in (MAYA, OMAR, ADA):
            add_staff(session, person, now=clock.now(), by=MACHINE)
    yield components
    components.dispose()


def person(session: object, name: str) -> Staff:
    return session.scalars(select(Staff).where(Staff.email == f"{name}@example.com")).one()  # type: ignore[attr-defined, no-any-return]


def test_a_site_gets_its_short_name_from_its_name_and_its_hours_in_one_spelling(desk: Components) -> None:
    with desk.read() as session:
        harbour, quay = all_sites(session)
        assert (harbour.slug, harbour.hours) == ("harbour-st", "mon-fri 08:00-18:00")
        assert (quay.slug, quay.hours) == ("the-quay-hotel", "")


def test_every_wrong_field_of_a_site_is_named_at_once(desk: Components, clock: FrozenClock) -> None:
    wrong = NewSite("", "Europe/Londres", "POUND", "Britain", "monday eight to six", slug="Harbour St")
    with desk.write() as session, pytest.raises(Invalid) as refused:
        add_site(session, wrong, now=clock.now(), by=MACHINE)
    assert set(refused.value.errors) == {"name", "timezone", "currency", "country", "hours", "slug"}


def test_a_short_name_is_taken_once(desk: Components, clock: FrozenClock) -> None:
    with desk.write() as session, pytest.raises(Invalid, match="already"):
        add_site(session, HARBOUR, now=clock.now(), by=MACHINE)


def test_changing_a_site_tells_each_field_before_and_after(desk: Components, clock: FrozenClock) -> None:
    wanted = NewSite("Harbour St Coffee", "Europe/London", "GBP", "GB", "mon-sun 07:00-19:00", slug="harbour-st")
    with desk.write() as session:
        ada = person(session, "ada").as_actor()
        assert change_site(session, all_sites(session)[0], wanted, now=clock.now(), by=ada) == ["hours"]
    with desk.read() as session:
        told = session.scalars(select(Event).where(Event.tag == "settings:site:changed")).one()
        assert '"before":"mon-fri 08:00-18:00"' in told.payload
        assert '"after":"mon-sun 07:00-19:00"' in told.payload
        assert told.actor_id == ada.id


def test_only_an_admin_changes_sites_and_staff(desk: Components, clock: FrozenClock) -> None:
    with desk.write() as session:
        omar = person(session, "omar").as_actor()
        with pytest.raises(Forbidden):
            add_site(session, QUAY, now=clock.now(), by=omar)
        with pytest.raises(Forbidden):
            add_staff(session, MAYA, now=clock.now(), by=omar)
        with pytest.raises(Forbidden):
            deactivate(session, person(session, "maya"), now=clock.now(), by=omar)


def test_a_person_is_read_as_typed_and_kept_as_meant(desk: Components) -> None:
    with desk.read() as session:
        assert person(session, "maya").phone == "+447700900101"
        assert person(session, "ada").name == "Ada Lind"
        assert person(session, "ada").site_ids == frozenset()


def test_every_wrong_field_of_a_person_is_named_at_once(desk: Components, clock: FrozenClock) -> None:
    wrong = NewStaff("maya at example", " ", "boss", ("no-such-site",), phone="12", deputy="nobody@example.com")
    with desk.write() as session, pytest.raises(Invalid) as refused:
        add_staff(session, wrong, now=clock.now(), by=MACHINE)
    assert set(refused.value.errors) == {"email", "name", "role", "sites", "phone", "deputy"}


def test_a_frontline_person_works_somewhere(desk: Components, clock: FrozenClock) -> None:
    with desk.write() as session, pytest.raises(Invalid, match="at least one site"):
        add_staff(session, NewStaff("lee@example.com", "Lee", "frontline"), now=clock.now(), by=MACHINE)


def test_changing_a_person_tells_what_changed_and_no_name_and_no_number(desk: Components, clock: FrozenClock) -> None:
    wanted = NewStaff(
        "", "Maya Secret", "supervisor", ("the-quay-hotel",), phone="+1 212 555 0123", deputy="omar@example.com"
    )
    with desk.write() as session:
        maya = locked_person(session, person(session, "maya").id)
        changed = change_staff(session, maya, wanted, now=clock.now(), by=MACHINE)
        assert changed == ["name", "role", "sites", "phone", "deputy"]
    with desk.read() as session:
        maya = person(session, "maya")
        assert [place.site_id for place in maya.places] == [all_sites(session)[1].id]
        payloads = " ".join(session.scalars(select(Event.payload).where(Event.stream_id == maya.id)))
        assert "harbour-st" in payloads
        assert "Secret" not in payloads
        assert "2125550123" not in payloads
        assert "555 0123" not in payloads


def test_the_last_admin_stays(desk: Components, clock: FrozenClock) -> None:
    with desk.write() as session:
        ada = person(session, "ada")
        with pytest.raises(Invalid, match="last admin"):
            deactivate(session, ada, now=clock.now(), by=MACHINE)
        with pytest.raises(Invalid, match="last admin"):
            change_staff(session, ada, NewStaff("", "Ada", "supervisor", ("harbour-st",)), now=clock.now(), by=MACHINE)


def test_nobody_deactivates_themselves(desk: Components, clock: FrozenClock) -> None:
    with desk.write() as session:
        ada = person(session, "ada")
        with pytest.raises(Invalid, match="another admin"):
            deactivate(session, ada, now=clock.now(), by=ada.as_actor())


def test_deactivating_ends_every_session_at_once(desk: Components, clock: FrozenClock) -> None:
    with desk.write() as session:
        omar = person(session, "omar")
        session.add(
            LoginSession(
                id=9,
                staff_id=omar.id,
                token_hash="x",
                opened_at=clock.now(),
                last_used_at=clock.now(),
                ends_at=clock.now() + timedelta(hours=8),
            ),
        )
        session.flush()
        deactivate(session, omar, now=clock.now(), by=person(session, "ada").as_actor())
    with desk.read() as session:
        assert person(session, "omar").deactivated_at == clock.now()
        assert session.get_one(LoginSession, 9).revoked_at == clock.now()
        assert person(session, "omar").role is Role.SUPERVISOR
