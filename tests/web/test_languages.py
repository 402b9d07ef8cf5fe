"""Staff choose the language of a customer: when they log a mistake, and on its page."""

import html

from sqlalchemy import select

from recovery.models import Customer, Message
from tests.factories import Business, NewCustomer
from tests.web.pages import Visitor, reference_in, value_of, words


def languages(business: Business) -> list[str]:
    with business.desk.read() as session:
        return list(session.scalars(select(Customer.language)))


def first_text(business: Business) -> str:
    with business.desk.read() as session:
        return session.scalars(select(Message.body)).first() or ""


def test_whoever_logs_says_in_which_language_the_customer_reads(business: Business, maya: Visitor) -> None:
    maya.log(language="fr")
    assert languages(business) == ["fr"]
    assert first_text(business).startswith("Bonjour Sam, c'est Maya de Harbour St Coffee.")


def test_the_text_is_shown_in_that_language_before_it_goes(business: Business, maya: Visitor) -> None:
    typed = {"site": "harbour-st", "phone": "07700 900123", "name": "Ana", "failure": "late", "language": "es"}
    assert "Hola Ana, le escribe Maya de Harbour St Coffee." in words(maya.post("/log/preview", **typed))


def test_as_usual_is_what_they_read_the_last_time(business: Business, maya: Visitor) -> None:
    business.log(customer=NewCustomer("07700 900123", "Sam", "es"))
    typed = {"site": "harbour-st", "phone": "07700 900123", "failure": "late"}
    assert "Reads Español" in words(maya.post("/log/recall", **typed))
    assert words(maya.post("/log/preview", **typed)).startswith("Sam will read Hola Sam")
    maya.log(failure="late", language="")
    assert languages(business) == ["es"]


def test_a_language_that_we_do_not_speak_is_refused_and_nothing_is_lost(business: Business, maya: Visitor) -> None:
    answer = maya.log(language="tlh", note="asked for oat milk")
    assert answer.status_code == 422
    assert "Choose one of those offered." in words(answer)
    assert "asked for oat milk" in answer.text
    assert languages(business) == []


def test_on_the_ticket_it_is_one_tap_and_stands_in_the_story(business: Business, maya: Visitor) -> None:
    reference = reference_in(maya.log())
    assert maya.act(reference, "language", language="fr").status_code == 302
    assert languages(business) == ["fr"]
    page = html.unescape(maya.open(f"/tickets/{reference}").text)
    assert "From now on we write to them in Français." in page
    assert "changed the language from English to Français" in page
    assert 'value="fr" lang="fr" aria-pressed="true"' in page
    maya.act(reference, "messages", body="Un instant.")
    with business.desk.read() as session:
        bodies = session.scalars(select(Message.body).where(Message.template == "free")).all()
    assert [body.startswith("Un instant. - Maya de Harbour St Coffee, RD-") for body in bodies if body] == [True]


def test_a_choice_made_from_an_older_page_is_shown_what_changed(business: Business, maya: Visitor) -> None:
    reference = reference_in(maya.log())
    version = value_of(maya.open(f"/tickets/{reference}").text, "version")
    maya.act(reference, "language", language="fr")
    answer = maya.post(f"/tickets/{reference}/language", version=version, language="es")
    assert answer.status_code == 409
    assert languages(business) == ["fr"]


def test_a_ticket_without_a_customer_has_no_language_to_choose(business: Business, maya: Visitor) -> None:
    reference = reference_in(maya.log(phone="", name=""))
    assert "Texts in" not in words(maya.open(f"/tickets/{reference}"))
