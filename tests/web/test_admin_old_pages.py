"""Pages of the admin that were open while somebody else, or another tab, changed the same."""

from sqlalchemy import select

from recovery.domain.permissions import Role
from recovery.models import Staff
from recovery.services.deciding.authority import limits_of
from tests.factories import Business
from tests.web.pages import Visitor, made_from, words
from tests.web.test_admin import LIMITS, NEW_SITE, site_page, staff_page


def test_an_old_page_takes_back_nothing_that_somebody_else_changed(business: Business) -> None:
    ada = Visitor.signed_in(business, "ada")
    page = made_from(ada.open(site_page(business)).text)
    shown = {name.removeprefix("was-"): value for name, value in page.items()}
    site = {name: shown[name] for name in (*NEW_SITE, "language", "folds_texts")}
    limits = {name: shown[name] for name in LIMITS}
    ada.post(site_page(business), **site | {"hours": "mon-fri 08:00-18:00"}, **page)
    ada.post(f"{site_page(business)}/limits", **limits | {"frontline_ticket": "5.00"}, **page)
    assert ada.post(site_page(business), **site | {"name": "Harbour Coffee"}, **page).status_code == 303
    assert ada.post(f"{site_page(business)}/limits", **limits | {"supervisor_ticket": "90"}, **page).status_code == 303
    after = business.site()
    assert (after.name, after.hours) == ("Harbour Coffee", "mon-fri 08:00-18:00")
    with business.desk.read() as session:
        assert limits_of(session, after, Role.FRONTLINE).per_ticket == 500
        assert limits_of(session, after, Role.SUPERVISOR).per_ticket == 9000


def test_what_both_changed_is_said_and_saved_by_a_second_press(business: Business) -> None:
    ada = Visitor.signed_in(business, "ada")
    page = made_from(ada.open(site_page(business)).text)
    site = {name: page[f"was-{name}"] for name in (*NEW_SITE, "language", "folds_texts")}
    ada.post(site_page(business), **site | {"hours": "mon-fri 08:00-18:00", "calls_at_once": "3"}, **page)
    answer = ada.post(site_page(business), **site | {"hours": "mon-sat 09:00-17:00"}, **page)
    assert answer.status_code == 422
    assert "Somebody changed this after you opened the page, it is “mon-fri 08:00-18:00” now" in words(answer)
    assert ">mon-sat 09:00-17:00</textarea>" in answer.text
    again = made_from(answer.text)
    typed = site | {"hours": "mon-sat 09:00-17:00", "calls_at_once": "3"}
    assert 'name="calls_at_once" type="text" value="3"' in answer.text
    assert ada.post(site_page(business), **typed, **again).status_code == 303
    assert (business.site().hours, business.site().calls_at_once) == ("mon-sat 09:00-17:00", 3)


def test_an_old_page_of_a_person_leaves_their_sites_and_role_alone(business: Business) -> None:
    ada = Visitor.signed_in(business, "ada")
    page = made_from(ada.open(staff_page(business, "maya")).text)
    maya = {
        "name": "Maya Okafor",
        "role": "frontline",
        "phone": page["was-phone"],
        "deputy": "",
        "sites": ["harbour-st"],
    }
    ada.post(staff_page(business, "maya"), **maya | {"role": "supervisor", "sites": ["harbour-st", "quay"]}, **page)
    assert ada.post(staff_page(business, "maya"), **maya | {"name": "Maya Obi"}, **page).status_code == 303
    with business.desk.read() as session:
        after = session.scalars(select(Staff).where(Staff.name == "Maya Obi")).one()
        assert (after.role, len(after.site_ids)) == (Role.SUPERVISOR, 2)
