"""A supervisor lets their own people in again, and names who answers in their place; nobody else's, and no admin."""

import re

import pytest
from sqlalchemy import select

from recovery.models import Approval, Event
from recovery.services.people.sign_in import owner_of_link
from recovery.services.people.staff import NewStaff, add_staff
from tests.factories import Business, refund
from tests.web.pages import Visitor, words


def add(business: Business, name: str, role: str, *sites: str) -> None:
    new = NewStaff(f"{name}@example.com", f"{name.capitalize()} Fox", role, sites)
    business.desk.transact(lambda session: add_staff(session, new, now=business.now, by=business.actor("ada")))


def link_of(business: Business, name: str) -> str:
    return f"/team/{business.staff(name).id}/sign-in-link"


def told_of(business: Business, name: str) -> list[tuple[str, int | None]]:
    with business.desk.read() as session:
        events = session.scalars(select(Event).where(Event.stream_id == business.staff(name).id).order_by(Event.seq))
        return [(event.tag, event.actor_id) for event in events]


def test_it_shows_ones_own_people_and_is_on_the_way_to_everywhere(business: Business, omar: Visitor) -> None:
    people, _, rest = words(omar.open("/team")).partition("When you are away")
    assert "Maya Okafor" in people
    for stranger in ("Nell Ruiz", "Ada Lind"):
        assert stranger not in people
    assert "Ada Lind" in rest
    assert "Nell Ruiz" not in rest
    assert 'href="/team"' in omar.open("/").text


def test_a_new_link_is_shown_once_opens_for_that_person_and_is_told(business: Business, omar: Visitor) -> None:
    answer = omar.post(link_of(business, "maya"))
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Give this link to Maya" in words(answer)
    found = re.search(r'value="[^"]*/sign-in/([^"/]+)"', answer.text)
    assert found is not None
    with business.desk.read() as session:
        assert owner_of_link(session, found[1], now=business.now).id == business.staff("maya").id
    assert found[1] not in omar.open("/team").text
    assert told_of(business, "maya")[-1] == ("staff:link:issued", business.staff("omar").id)


def test_a_fellow_supervisor_of_the_same_sites_is_let_in_as_well(business: Business, omar: Visitor) -> None:
    add(business, "rita", "supervisor", "harbour-st")
    assert omar.post(link_of(business, "rita")).status_code == 200


@pytest.mark.parametrize("name", ["nell", "ada", "omar"])
def test_a_stranger_an_admin_and_oneself_are_nobody(business: Business, omar: Visitor, name: str) -> None:
    before = told_of(business, name)
    answer = omar.post(link_of(business, name))
    assert answer.status_code == 404
    assert told_of(business, name) == before
    assert omar.post(f"/team/{'9' * 18}/sign-in-link").status_code == 404


@pytest.mark.parametrize("role", ["frontline", "supervisor"])
def test_who_works_elsewhere_as_well_is_an_admins_to_let_in(business: Business, omar: Visitor, role: str) -> None:
    """Whoever holds the link is that person, at the other site too."""
    add(business, "rita", role, "harbour-st", "quay")
    assert "An admin gives the link" in words(omar.open("/team"))
    before = told_of(business, "rita")
    answer = omar.post(link_of(business, "rita"))
    assert answer.status_code == 403
    assert "ask an admin" in words(answer)
    assert told_of(business, "rita") == before


def test_somebody_who_left_is_let_in_by_nobody(business: Business, omar: Visitor) -> None:
    ada = Visitor.signed_in(business, "ada", omar)
    assert ada.post(f"/admin/staff/{business.staff('maya').id}/deactivation").status_code == 303
    assert omar.post(link_of(business, "maya")).status_code == 404


def test_naming_a_deputy(business: Business, omar: Visitor) -> None:
    add(business, "rita", "supervisor", "harbour-st")
    rita = business.staff("rita").id
    assert omar.post("/team/deputy", deputy=str(rita)).status_code == 303
    assert business.staff("omar").deputy_id == rita
    assert told_of(business, "omar")[-1] == ("staff:staff:changed", business.staff("omar").id)
    assert f'value="{rita}" selected' in " ".join(omar.open("/team").text.split())
    told = len(told_of(business, "omar"))
    omar.post("/team/deputy", deputy=str(rita))
    assert "Nothing was different" in words(omar.open("/team"))
    assert len(told_of(business, "omar")) == told
    assert omar.post("/team/deputy", deputy="").status_code == 303
    assert business.staff("omar").deputy_id is None


@pytest.mark.parametrize("name", ["maya", "nell", "omar"])
def test_a_deputy_is_somebody_who_could_answer_here(business: Business, omar: Visitor, name: str) -> None:
    answer = omar.post("/team/deputy", deputy=str(business.staff(name).id))
    assert answer.status_code == 422
    assert "a deputy has to be able to approve" in words(answer)
    assert business.staff("omar").deputy_id is None


def test_a_form_that_lost_its_field_takes_no_deputy_away(business: Business, omar: Visitor) -> None:
    omar.post("/team/deputy", deputy=str(business.staff("ada").id))
    answer = omar.post("/team/deputy")
    assert (answer.status_code, "not whole" in answer.text) == (422, True)
    assert business.staff("omar").deputy_id == business.staff("ada").id


def test_the_deputy_named_there_is_asked_next(business: Business, omar: Visitor) -> None:
    add(business, "rita", "supervisor", "harbour-st")
    omar.post("/team/deputy", deputy=str(business.staff("rita").id))
    ticket = business.log(remedies=(refund(4500),))
    business.later(minutes=10)
    business.tick("approvals overdue")
    with business.desk.read() as session:
        approval = session.scalars(select(Approval).where(Approval.ticket_id == ticket.id)).one()
    assert approval.asked_of_id == business.staff("rita").id


def test_frontline_colleagues_have_no_such_page(business: Business, maya: Visitor) -> None:
    assert maya.open("/team").status_code == 403
    assert maya.post(link_of(business, "maya")).status_code == 403
    assert maya.post("/team/deputy", deputy="").status_code == 403
    assert 'href="/team"' not in maya.open("/").text
