"""Texts in one's own words: found, edited beside a phone, refused with what was typed still there, put back."""

import html
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from recovery.clock import FrozenClock
from recovery.models import Message, Site, TextVersion
from tests.factories import Business
from tests.web.pages import Visitor, words

OURS = "Hi {name}, {staff} here. So sorry, {failure}! News {promise}: {link}"
LOGGED = "/admin/texts/en/logged"


@pytest.fixture
def ada(business: Business) -> Visitor:
    return Visitor.signed_in(business, "ada")


def sent(business: Business) -> str:
    ticket = business.log()
    return business.rows(Message, ticket)[0].body or ""


def versions(business: Business) -> list[tuple[int, bool]]:
    with business.desk.read() as session:
        rows = session.execute(select(TextVersion.version, TextVersion.is_sent).order_by(TextVersion.id))
        return [(version, is_sent) for version, is_sent in rows]


def test_versions_have_the_clock_that_stands_on_top_of_the_page(business: Business, clock: FrozenClock) -> None:
    clock.set(datetime(2026, 7, 7, 9, 30, tzinfo=UTC))
    ada = Visitor.signed_in(business, "ada")
    ada.post(LOGGED, body=OURS)
    page = words(ada.open(LOGGED))
    assert "Tuesday 10:30" in page
    assert "7 July 2026, 10:30" in page


@pytest.mark.parametrize("name", ["maya", "omar"])
def test_only_admins_come_in(business: Business, name: str) -> None:
    visitor = Visitor.signed_in(business, name)
    for address in ("/admin/texts", LOGGED):
        assert visitor.open(address).status_code == 403
    for address in (LOGGED, f"{LOGGED}/preview", f"{LOGGED}/versions"):
        assert visitor.post(address, body=OURS, version="0").status_code == 403


def test_every_text_is_listed_once_and_its_page_opens_in_every_language(business: Business, ada: Visitor) -> None:
    page = ada.open("/admin/texts").text
    for name in business.desk.house.texts.names():
        for language in ("en", "es", "fr"):
            assert page.count(f'href="/admin/texts/{language}/{name}"') == 1, name
    assert "Tendrá noticias mías {promise}." in html.unescape(ada.open("/admin/texts/es/logged").text)


def test_what_is_saved_is_sent_and_marked_in_the_list(business: Business, ada: Visitor) -> None:
    answer = ada.post(LOGGED, body=OURS, site="harbour-st")
    assert answer.headers["Location"] == f"{LOGGED}?site=harbour-st"
    assert sent(business).startswith("Hi Sam, Maya here. So sorry, we got your order wrong! News in about 15 minutes")
    page = words(ada.open(f"{LOGGED}?site=harbour-st"))
    assert "Saved. It is sent like this from now on." in page
    assert "Version 1 Ada Lind, 10 March 2026, 09:30" in page
    assert "A mistake is logged English yours Español Français" in words(ada.open("/admin/texts?site=harbour-st"))
    assert "yours" not in words(ada.open("/admin/texts"))


def test_an_earlier_version_and_the_shipped_one_can_be_put_back(business: Business, ada: Visitor) -> None:
    for end in ("One", "Two"):
        ada.post(LOGGED, body=f"{OURS} {end}", site="")
    ada.post(f"{LOGGED}/versions", version="1", site="")
    assert versions(business) == [(1, True), (2, False)]
    assert "Put back. It is sent like this from now on." in words(ada.open(LOGGED))
    ada.post(f"{LOGGED}/versions", version="0", site="")
    assert versions(business) == [(1, False), (2, False)]
    assert sent(business).startswith("Hello Sam, it's Maya")
    assert ada.post(f"{LOGGED}/versions", version="9", site="").status_code == 404
    assert ada.post(f"{LOGGED}/versions", version="one", site="").status_code == 422


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("", "Write the text, or put back the one that came with the desk."),
        (OURS.replace("{promise}", "soon"), "This text is sent to tell {promise}: it has to stand in it."),
        (OURS + " Reply YES if so.", "It asks for the answer YES"),
        (OURS + " {horoscope}", "Nothing can be filled in for {horoscope} here"),
        (OURS + " and so on" * 60, "segments on a usual day"),
        ("x" * 5001, "Keep it below 5001 characters."),
    ],
)
def test_what_cannot_be_sent_is_said_in_a_sentence_and_stays_in_the_box(
    business: Business, ada: Visitor, body: str, sentence: str
) -> None:
    answer = ada.post(LOGGED, body=body, site="harbour-st")
    assert answer.status_code == 422
    assert sentence in html.unescape(answer.text)
    assert f">{html.escape(body)}</textarea>" in answer.text.replace("&#34;", "&quot;")
    assert versions(business) == []


def test_without_a_script_a_button_shows_it_on_the_phone_and_saves_nothing(business: Business, ada: Visitor) -> None:
    answer = ada.post(LOGGED, body="Hi {name}, “sorry”. {promise} {link} Reply STOP.", site="harbour-st", do="preview")
    page = html.unescape(words(answer))
    assert answer.status_code == 200
    assert 'Hi Sam, "sorry". by 14:30 http' in page
    assert "It asks for the answer STOP" in page
    assert "“ ” go out as plain letters." in page
    assert versions(business) == []


def test_the_preview_follows_the_typing_with_its_segments(ada: Visitor) -> None:
    fragment = ada.post(f"{LOGGED}/preview", body=OURS, site="harbour-st")
    assert "Hi Sam, Maya here. So sorry, we got your order wrong! News by 14:30: http" in words(fragment)
    assert "2 segments" in words(fragment) or "1 segment" in words(fragment)
    assert "GSM-7" in words(fragment)
    assert "<html" not in fragment.text
    for half in ("", "Hi {na", "Hi {horoscope}"):
        answer = ada.post(f"{LOGGED}/preview", body=half, site="harbour-st")
        assert answer.status_code == 200
        assert "Nothing to show yet." in words(answer) or "Hi" in words(answer)


def test_a_site_that_keeps_its_letters_sees_what_they_cost(business: Business, ada: Visitor) -> None:
    with business.desk.write() as session:
        session.scalars(select(Site).where(Site.slug == "harbour-st")).one().folds_texts = False
    fragment = html.unescape(words(ada.post(f"{LOGGED}/preview", body=f"“{OURS}”", site="harbour-st")))
    assert "“Hi Sam" in fragment
    assert "UCS-2" in fragment
    assert "“ ” make it cost more: fewer letters fit." in fragment


@pytest.mark.parametrize(
    ("name", "answered"),
    [
        ("resolved", "It is answered by 1, it is fixed, and 2, it is not."),
        ("rating", "It is answered by a digit from 1, badly, to 5, very well."),
        ("waiting_ready", "It is answered by 1, on my way, 2, ten more minutes, and 3, not coming."),
        ("which", "It is answered by the digit of the ticket that they mean."),
    ],
)
def test_it_says_what_customers_answer(ada: Visitor, name: str, answered: str) -> None:
    assert answered in words(ada.open(f"/admin/texts/en/{name}"))


@pytest.mark.parametrize("address", ["/admin/texts/en/birthday", "/admin/texts/tlh/logged", f"{LOGGED}?site=nowhere"])
def test_a_text_a_language_or_a_site_that_is_not_there_is_nothing(ada: Visitor, address: str) -> None:
    assert ada.open(address).status_code == 404


def test_how_a_site_writes_is_set_where_the_site_is(business: Business, ada: Visitor) -> None:
    site = {"name": "Harbour St Coffee", "timezone": "Europe/London", "currency": "GBP", "country": "GB"}
    site |= {"hours": "", "sender": "", "calls_at_once": ""}
    ada.post("/admin/sites/harbour-st", **site, language="fr", folds_texts="0")
    assert (business.site().language, business.site().folds_texts) == ("fr", False)
    assert sent(business).startswith("Bonjour Sam, c'est Maya")
    answer = ada.post("/admin/sites/harbour-st", **site, language="tlh", folds_texts="1")
    assert answer.status_code == 422
    assert "Choose one of the languages offered." in words(answer)
