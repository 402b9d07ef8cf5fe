"""The customer's page in their language: learnt there, kept, and never a matter of reading it."""

import html
import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from recovery.domain.actors import Actor
from recovery.domain.languages import Language
from recovery.domain.page_words.choosing import PAGE_WORDS
from recovery.models import Customer, Ticket
from recovery.services.calling import booking
from recovery.services.deciding.remedies import fulfil, remedies_of
from recovery.services.session import DeskSession
from tests.factories import REMAKE, Business, NewCustomer, refund
from tests.web.customer_parts import events, fresh, link, resolved, send, words_of

INES = NewCustomer("07700 900126", "Inés Vidal", "es")


def read(client: FlaskClient, business: Business, ticket: Ticket) -> str:
    return html.unescape(words_of(client.get(link(business, ticket)).text))


def test_ines_reads_her_page_in_spanish(business: Business, client: FlaskClient) -> None:
    ticket = business.log(customer=INES, remedies=(REMAKE, refund(450)))
    page = read(client, business, ticket)
    assert "Hola, Inés. Nos equivocamos con su pedido, y lo sentimos." in page
    assert "Maya lo está arreglando. Tendrá noticias nuestras antes de las 09:45" in page
    assert "Acordamos: un reembolso de £4.50 09:30" in page
    assert "Tiene noticias nuestras antes de las 09:45" in page
    assert '<html lang="es">' in client.get(link(business, ticket)).text


@pytest.mark.parametrize("language", [Language.SPANISH, Language.FRENCH])
def test_no_english_word_is_left_on_the_page(business: Business, client: FlaskClient, language: Language) -> None:
    ticket = business.log(customer=NewCustomer("07700 900127", "Ana", language.value), remedies=(REMAKE, refund(4500)))

    def busy(session: DeskSession, row: Ticket, maya: Actor) -> None:
        fulfil(session, row, remedies_of(session, row)[0], now=business.now, by=maya)
        booking.book(session, row, due_at=None, now=business.now, by=maya)

    pages = [read(client, business, ticket)]
    business.on(ticket, busy)
    pages.append(read(client, business, ticket))
    english, theirs = PAGE_WORDS[Language.ENGLISH], PAGE_WORDS[language]
    everything = " ".join(pages)
    for name in (
        "call_me",
        "still_not_right",
        "your_message",
        "send",
        "or_choose",
        "day_and_time",
        "your_call",
        "soon",
    ):
        assert getattr(theirs, name) in everything, name
        assert not re.search(rf"\b{re.escape(getattr(english, name))}\b", everything), name


def test_a_switch_on_the_page_is_kept_told_and_holds_for_texts(business: Business, client: FlaskClient) -> None:
    ticket = business.log()
    page = html.unescape(send(client, f"{link(business, ticket)}/language", language="fr"))
    assert "Désormais, nous vous écrivons en français." in page
    assert "Bonjour Sam. Nous nous sommes trompés dans votre commande" in page
    with business.desk.read() as session:
        assert session.scalars(select(Customer.language)).all() == ["fr"]
    assert business.tags(ticket)[-1] == "ticket:changed"
    page = html.unescape(send(client, f"{link(business, ticket)}/callback"))
    assert "Entendu : nous vous appelons dès que quelqu'un sera libre." in page


def test_choosing_the_same_again_or_a_language_we_lack_changes_nothing(business: Business, client: FlaskClient) -> None:
    ticket = business.log()
    before = events(business)
    for wanted in ("en", "tlh", ""):
        send(client, f"{link(business, ticket)}/language", language=wanted)
    client.get(f"{link(business, ticket)}?language=fr")
    assert events(business) == before
    assert fresh(business, ticket).version == ticket.version


def test_what_cannot_be_taken_is_said_in_their_language_and_stays(business: Business, client: FlaskClient) -> None:
    ticket = business.log(customer=INES)
    answer = client.post(f"{link(business, ticket)}/messages", data={"words": "a" * 1001})
    assert answer.status_code == 422
    assert "Son más de 1000 letras: acórtelo un poco." in html.unescape(answer.text)
    assert "a" * 1001 in answer.text
    answer = client.post(f"{link(business, ticket)}/messages", data={"words": "  "})
    assert "Escriba primero unas palabras." in html.unescape(answer.text)


def test_too_much_at_once_is_said_in_their_language(business: Business, client: FlaskClient) -> None:
    ticket = business.log(customer=INES)
    for number in range(12):
        send(client, f"{link(business, ticket)}/messages", words=f"¿Hay noticias? {number}")
    answer = client.post(f"{link(business, ticket)}/messages", data={"words": "¿Y ahora?"})
    assert (answer.status_code, "dentro de diez minutos, por favor." in html.unescape(answer.text)) == (429, True)
    assert "¿Y ahora?" in html.unescape(answer.text)


@pytest.mark.parametrize(
    ("accepts", "sentence"),
    [
        ("fr-CA,fr;q=0.9,en;q=0.5", "Ce lien n’ouvre rien."),
        ("es", "Este enlace no abre nada."),
        ("de", "This link does not open anything."),
        ("", "This link does not open anything."),
    ],
)
def test_a_link_that_opens_nothing_speaks_as_the_phone_does(client: FlaskClient, accepts: str, sentence: str) -> None:
    for address in ("/c/nonsense", "/c/"):
        answer = client.get(address, headers={"Accept-Language": accepts} if accepts else {})
        assert answer.status_code == 404
        assert sentence in html.unescape(answer.text)


def test_a_resolved_page_asks_in_french(business: Business, client: FlaskClient) -> None:
    ticket = resolved(business)
    send(client, f"{link(business, ticket)}/language", language="fr")
    page = read(client, business, ticket)
    assert "Bonjour Sam. Nous espérons que tout est réglé." in page
    assert "Est-ce réglé maintenant" in page


def test_the_page_stays_below_fifty_kilobytes_in_every_language(business: Business, client: FlaskClient) -> None:
    for number, language in enumerate(Language):
        customer = NewCustomer(f"07700 90013{number}", "Ana", language.value)
        page = client.get(link(business, business.log(customer=customer, remedies=(REMAKE, refund(450)))))
        total = len(page.data)
        for address in set(re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text)):
            with client.get(address) as part:
                total += len(part.data)
        assert total < 50_000, (language, total)
