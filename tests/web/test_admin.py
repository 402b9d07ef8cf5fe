"""Setting up: sites, people, limits and tokens, each change told; what was typed stays beside its sentence."""

import re

import pytest
from sqlalchemy import select

from recovery.domain.permissions import Role
from recovery.models import ApiToken, Customer, Event, Site, Staff
from recovery.services.deciding.authority import limits_of
from recovery.services.people.sign_in import owner_of_link
from recovery.services.people.tokens import bearer_of
from recovery.services.running.heartbeats import beat
from recovery.services.ticketing import tickets
from tests.factories import Business
from tests.web.pages import Visitor, words

NEW_SITE = {
    "name": "Plaza Desk",
    "timezone": "Europe/Madrid",
    "currency": "EUR",
    "country": "es",
    "hours": "mon-fri 9:00-14:00 16:00-20:00",
    "sender": "",
    "calls_at_once": "",
}
LIMITS = {
    "frontline_ticket": "20.00",
    "frontline_staff_day": "100.00",
    "supervisor_ticket": "150.00",
    "supervisor_staff_day": "500.00",
    "customer_customer_month": "100.00",
}
"""As the house has them, and as the page shows them."""
NEW_PERSON = {
    "name": "Ines Vidal",
    "email": "Ines@example.com",
    "role": "supervisor",
    "sites": ["harbour-st", "quay"],
    "phone": "07700 900140",
    "deputy": "omar@example.com",
}


def site_page(business: Business, slug: str = "harbour-st") -> str:
    return f"/admin/sites/{slug}"


def staff_page(business: Business, name: str) -> str:
    return f"/admin/staff/{business.staff(name).id}"


@pytest.mark.parametrize("name", ["maya", "omar"])
def test_only_admins_come_in(business: Business, name: str) -> None:
    visitor = Visitor.signed_in(business, name)
    for address in ("/admin", "/admin/sites/new", site_page(business), "/admin/staff/new", "/admin/erasure"):
        assert visitor.open(address).status_code == 403
    assert visitor.post("/admin/sites", **NEW_SITE).status_code == 403


def test_the_first_page_names_the_sites_the_people_and_what_is_wrong(business: Business) -> None:
    page = Visitor.signed_in(business, "ada").open("/admin").text
    assert "The desk needs a person." in page
    assert "Nothing sends texts or watches promises" in page
    for name in ("Harbour St Coffee", "The Quay Hotel", "Maya Okafor", "Nell Ruiz"):
        assert name in page


def test_opening_hours_are_read_as_people_write_them(business: Business) -> None:
    ada = Visitor.signed_in(business, "ada")
    ada.post("/admin/sites", **(NEW_SITE | {"hours": "mon-fri 9:00-14:00 16:00-20:00; sat 10:00-14:00"}))
    page = words(ada.open("/admin"))
    assert "Mon–Fri 09:00–14:00 16:00–20:00, Sat 10:00–14:00" in page
    assert "Open day and night, every day" in page


def test_a_worker_that_beats_is_well(business: Business) -> None:
    business.desk.transact(lambda session: beat(session, "worker:one", now=business.now, detail={}))
    page = Visitor.signed_in(business, "ada").open("/admin").text
    assert "The desk is well." in page


def test_adding_a_site(business: Business) -> None:
    ada = Visitor.signed_in(business, "ada")
    answer = ada.post("/admin/sites", **NEW_SITE)
    assert answer.headers["Location"] == "/admin/sites/plaza-desk"
    page = ada.open("/admin/sites/plaza-desk").text
    assert "09:00–14:00, 16:00–20:00" in page
    assert "shut" in page
    assert business.site("plaza-desk").country == "ES"


def test_a_wrong_field_has_its_sentence_and_what_was_typed_stays(business: Business) -> None:
    answer = Visitor.signed_in(business, "ada").post(
        "/admin/sites", **(NEW_SITE | {"hours": "mon 25:00-26:00", "timezone": "Mars"})
    )
    assert answer.status_code == 422
    assert "the day begins at 00:00 and ends at 24:00" in answer.text
    assert "is no time zone" in answer.text
    assert 'value="Plaza Desk"' in answer.text
    assert "mon 25:00-26:00</textarea>" in answer.text


def test_changing_the_hours_is_told_before_and_after(business: Business) -> None:
    ada = Visitor.signed_in(business, "ada")
    fields = {
        "name": "Harbour St Coffee",
        "timezone": "Europe/London",
        "currency": "GBP",
        "country": "GB",
        "sender": "",
        "calls_at_once": "",
    }
    assert ada.post(site_page(business), **(fields | {"hours": "mon-sun 07:00-19:00"})).status_code == 303
    assert business.site().hours == "mon-sun 07:00-19:00"
    with business.desk.read() as session:
        told = session.scalars(select(Event).where(Event.tag == "settings:site:changed")).one()
    assert told.actor_id == business.staff("ada").id


def test_a_site_gets_a_sender_of_its_own(business: Business) -> None:
    ada = Visitor.signed_in(business, "ada")
    fields = NEW_SITE | {"name": "Harbour St Coffee", "timezone": "Europe/London", "currency": "GBP", "country": "GB"}
    del fields["sender"]
    assert "Left empty: simulator, as the organisation" in words(ada.open(site_page(business)))
    answer = ada.post(site_page(business), **fields, sender="07700 900001")
    assert answer.status_code == 422
    assert "Give a number with its country code" in answer.text
    assert 'value="07700 900001"' in answer.text
    assert ada.post(site_page(business), **fields, sender="+44 7700 900001").status_code == 303
    assert business.site().sender == "+447700900001"
    assert 'value="+447700900001"' in ada.open(site_page(business)).text
    ada.post(site_page(business), **fields, sender="")
    assert business.site().sender is None


def test_limits_are_money_empty_is_none_and_zero_asks_every_time(business: Business) -> None:
    ada = Visitor.signed_in(business, "ada")
    page = ada.open(site_page(business)).text
    assert 'name="frontline_ticket" type="text" inputmode="decimal" autocomplete="off" value="20.00"' in page
    assert "The house&#39;s rule: £20.00." in page
    limits = LIMITS | {"frontline_ticket": "12,50", "frontline_staff_day": "0", "customer_customer_month": ""}
    assert ada.post(f"{site_page(business)}/limits", **limits).status_code == 303
    with business.desk.read() as session:
        frontline = limits_of(session, session.get_one(Site, business.site().id), Role.FRONTLINE)
        told = session.scalars(select(Event).where(Event.tag == "settings:limits:changed")).all()
    assert (frontline.per_ticket, frontline.per_day, frontline.per_customer_month) == (1250, 0, None)
    assert len(told) == 3


@pytest.mark.parametrize("amount", ["-5", "1e400", "a lot", "4.567", "99999999999"])
def test_a_limit_that_is_no_money_changes_nothing(business: Business, amount: str) -> None:
    limits = LIMITS | {"frontline_ticket": amount}
    answer = Visitor.signed_in(business, "ada").post(f"{site_page(business)}/limits", **limits)
    assert answer.status_code == 422
    assert f'value="{amount}"' in answer.text
    with business.desk.read() as session:
        assert session.scalars(select(Event).where(Event.tag == "settings:limits:changed")).all() == []


@pytest.mark.parametrize(
    "sent",
    [{}, {"frontline_tickets": "5"}, LIMITS | {"frontline_tickets": "5"}, {"frontline_ticket": "12.50"}],
    ids=["nothing", "misspelled", "one too many", "four too few"],
)
def test_a_limits_form_that_is_not_whole_takes_no_limit_away(business: Business, sent: dict[str, str]) -> None:
    answer = Visitor.signed_in(business, "ada").post(f"{site_page(business)}/limits", **sent)
    assert answer.status_code == 422
    assert ("no such field" if sent.keys() > LIMITS.keys() else "not whole") in answer.text
    with business.desk.read() as session:
        assert session.scalars(select(Event).where(Event.tag == "settings:limits:changed")).all() == []


def test_a_site_keeps_its_hours_when_the_form_lost_them(business: Business) -> None:
    ada = Visitor.signed_in(business, "ada")
    fields = {
        "name": "Harbour St Coffee",
        "timezone": "Europe/London",
        "currency": "GBP",
        "country": "GB",
        "sender": "",
        "calls_at_once": "",
    }
    ada.post(site_page(business), **fields, hours="mon-sun 07:00-19:00")
    answer = ada.post(site_page(business), **fields)
    assert (answer.status_code, "not whole" in answer.text) == (422, True)
    assert business.site().hours == "mon-sun 07:00-19:00"


@pytest.mark.parametrize("lost", ["phone", "deputy", "sites"])
def test_a_person_keeps_what_the_form_lost(business: Business, lost: str) -> None:
    ada = Visitor.signed_in(business, "ada")
    fields = {"name": "Ada Lind", "role": "admin", "sites": ["", "quay"], "phone": "+44 7700 900103"}
    fields["deputy"] = "omar@example.com"
    assert ada.post(staff_page(business, "ada"), **fields).status_code == 303
    kept = business.staff("ada")
    fields.pop(lost)
    answer = ada.post(staff_page(business, "ada"), **fields)
    assert (answer.status_code, "not whole" in answer.text) == (422, True)
    now = business.staff("ada")
    assert (now.phone, now.deputy_id, now.site_ids) == (kept.phone, kept.deputy_id, kept.site_ids)
    assert ada.post(staff_page(business, "ada"), **(fields | {lost: ""})).status_code == 303


def test_the_order_in_which_supervisors_are_asked_is_moved_by_one_step(business: Business) -> None:
    ada = Visitor.signed_in(business, "ada")
    assert ada.post("/admin/staff", **NEW_PERSON).status_code == 200
    _, _, section = words(ada.open(site_page(business))).partition("Who is asked, and who is alerted")
    assert section.index("Omar Haddad") < section.index("Ines Vidal")
    assert "Omar Haddad Down Omar Haddad Ines Vidal Up Ines Vidal" in section
    assert "After them the admins: Ada Lind." in section
    ines = business.staff("ines").id
    answer = ada.post(f"{site_page(business)}/escalation", staff=str(ines), rung="1")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/admin/sites/harbour-st#escalation")
    _, _, section = words(ada.open(site_page(business))).partition("Who is asked, and who is alerted")
    assert section.index("Ines Vidal") < section.index("Omar Haddad")
    assert ada.post(f"{site_page(business)}/escalation", staff=str(ines), rung="0").status_code == 422
    assert ada.post(f"{site_page(business)}/escalation", staff="7", rung="1").status_code == 404


def test_adding_a_person_shows_a_sign_in_link_once(business: Business) -> None:
    ada = Visitor.signed_in(business, "ada")
    answer = ada.post("/admin/staff", **NEW_PERSON)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    link = re.search(r'value="http://127\.0\.0\.1:8000/sign-in/([^"]+)"', answer.text)
    assert link is not None
    ines = business.staff("ines")
    assert (ines.role, ines.phone, len(ines.places)) == (Role.SUPERVISOR, "+447700900140", 2)
    with business.desk.read() as session:
        assert owner_of_link(session, link[1], now=business.now).id == ines.id
    assert link[1] not in ada.open(staff_page(business, "ines")).text


def test_a_person_who_cannot_be_added_keeps_what_was_typed(business: Business) -> None:
    answer = Visitor.signed_in(business, "ada").post(
        "/admin/staff", **(NEW_PERSON | {"email": "maya@example.com", "phone": "12"})
    )
    assert answer.status_code == 422
    assert "under this address already" in answer.text
    assert "That phone number is too short" in answer.text
    assert re.search(r'value="quay" checked', answer.text)


def test_changing_a_role_and_sites(business: Business) -> None:
    ada = Visitor.signed_in(business, "ada")
    fields = {"name": "Maya Okafor", "role": "supervisor", "sites": ["quay"], "phone": "", "deputy": ""}
    assert ada.post(staff_page(business, "maya"), **fields).status_code == 303
    maya = business.staff("maya")
    assert (maya.role, maya.phone) == (Role.SUPERVISOR, None)
    assert [place.site_id for place in maya.places] == [business.site("quay").id]


def test_who_has_left_is_signed_out_at_once_and_may_come_back(business: Business) -> None:
    maya, ada = Visitor.signed_in(business, "maya"), Visitor.signed_in(business, "ada")
    assert ada.post(f"{staff_page(business, 'maya')}/deactivation").status_code == 303
    assert maya.open("/log").status_code == 302
    assert ada.post(f"{staff_page(business, 'maya')}/reactivation").status_code == 303
    assert business.staff("maya").deactivated_at is None
    assert maya.open("/log").status_code == 302


def test_nobody_locks_themselves_out(business: Business) -> None:
    ada = Visitor.signed_in(business, "ada")
    assert ada.post(f"{staff_page(business, 'ada')}/deactivation").status_code == 422
    demoted = {"name": "Ada Lind", "role": "supervisor", "sites": ["quay"], "phone": "", "deputy": ""}
    answer = ada.post(staff_page(business, "ada"), **demoted)
    assert answer.status_code == 422
    assert "This is the last admin" in answer.text


def test_a_token_is_shown_once_and_revoked_for_good(business: Business) -> None:
    ada = Visitor.signed_in(business, "ada")
    answer = ada.post(f"{staff_page(business, 'omar')}/tokens", scopes=["read"])
    plain = re.search(r'value="(rd_[^"]+)"', answer.text)
    assert plain is not None
    assert plain[1] not in ada.open(staff_page(business, "omar")).text
    with business.desk.read() as session:
        token = session.scalars(select(ApiToken)).one()
        assert bearer_of(session, plain[1]) is not None
    assert ada.post(f"{staff_page(business, 'omar')}/tokens/{token.id}/revocation").status_code == 303
    with business.desk.read() as session:
        assert bearer_of(session, plain[1]) is None
    nothing = ada.post(f"{staff_page(business, 'omar')}/tokens")
    assert nothing.status_code == 422
    assert "Choose at least one of" in nothing.text


@pytest.mark.parametrize("address", ["/admin/staff/1", "/admin/staff/99999999999999999999999", "/admin/sites/nowhere"])
def test_what_is_not_there_is_404(business: Business, address: str) -> None:
    assert Visitor.signed_in(business, "ada").open(address).status_code == 404


def test_forgetting_a_customer_asks_twice(business: Business) -> None:
    ticket = business.log()
    ada = Visitor.signed_in(business, "ada")
    unsure = ada.post("/admin/erasure", phone="07700 900123")
    assert unsure.status_code == 422
    assert 'value="07700 900123"' in unsure.text
    live = ada.post("/admin/erasure", phone="07700 900123", sure="1")
    assert live.status_code == 409
    assert ticket.reference in live.text
    business.on(ticket, lambda session, row, maya: tickets.resolve(session, row, how=None, now=business.now, by=maya))
    assert ada.post("/admin/erasure", phone="07700 900123", sure="1").status_code == 303
    with business.desk.read() as session:
        assert session.scalars(select(Customer.name)).all() == [None]


def test_every_change_needs_the_token_of_the_page(business: Business) -> None:
    ada = Visitor.signed_in(business, "ada")
    answer = ada.client.post("/admin/sites", data=NEW_SITE)
    assert answer.status_code == 400
    with business.desk.read() as session:
        assert len(session.scalars(select(Site)).all()) == 2
        assert len(session.scalars(select(Staff)).all()) == 4


def test_a_site_says_how_many_calls_it_makes_at_one_time(business: Business) -> None:
    ada = Visitor.signed_in(business, "ada")
    assert "Left empty: 2, the house's rule." in words(ada.open(site_page(business)))
    fields = NEW_SITE | {"currency": "GBP"}
    for wrong in ("0", "-1", "1.5", "many", "1001"):
        answer = ada.post(site_page(business), **fields | {"calls_at_once": wrong})
        assert "Write a whole number from 1 to 1000, or leave it empty." in words(answer)
        assert f'value="{wrong}"' in answer.text
    ada.post(site_page(business), **fields | {"calls_at_once": "05"})
    assert business.site().calls_at_once == 5
    ada.post(site_page(business), **fields)
    assert business.site().calls_at_once is None
