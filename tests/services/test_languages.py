"""A customer is written to in their own language, whatever is told; staff in that of their site."""

from collections.abc import Iterator

import pytest
from sqlalchemy import select

from recovery.bootstrap import build
from recovery.clock import FrozenClock
from recovery.domain.actors import Actor
from recovery.domain.errors import Invalid
from recovery.domain.texts import fold
from recovery.models import Customer, Message, Site, Ticket
from recovery.services.calling import booking
from recovery.services.session import DeskSession
from recovery.services.texting.replies import Inbound, receive
from recovery.services.ticketing import tickets
from tests.factories import REMAKE, Business, NewCustomer, refund
from tests.fixtures.settings import MakeSettings


@pytest.fixture
def business(make_settings: MakeSettings, sqlite_url: str, clock: FrozenClock) -> Iterator[Business]:
    """Words are the same on both databases."""
    desk = build(make_settings(DATABASE_URL=sqlite_url), clock=clock)
    yield Business.opened(desk)
    desk.dispose()


INES = NewCustomer("07700 900126", "Inés Vidal", "es")


def bodies(business: Business, ticket: Ticket, template: str) -> list[str]:
    return [message.body or "" for message in business.rows(Message, ticket) if message.template == template]


def speak(business: Business, language: str) -> None:
    with business.desk.write() as session:
        for site in session.scalars(select(Site)):
            site.language = language


def test_ines_reads_spanish_from_the_first_text_to_the_last(business: Business) -> None:
    ticket = business.log(customer=INES, remedies=(REMAKE, refund(450)))
    (logged,) = bodies(business, ticket, "logged")
    assert logged.startswith("Hola Inés, le escribe Maya de Harbour St Coffee. Lo siento mucho: nos equivocamos")
    assert "Para arreglarlo: uno nuevo, recién hecho y un reembolso de £4.50. " in logged
    assert fold("Tendrá noticias mías en unos 15 minutos.") in logged

    def work(session: DeskSession, held: Ticket, maya: Actor) -> None:
        booking.book(session, held, due_at=None, now=business.now, by=maya)
        tickets.resolve(session, held, how=None, now=business.now, by=maya)

    business.on(ticket, work)
    assert fold("Le llamaremos en cuanto alguien esté libre.") in bodies(business, ticket, "callback_booked")[0]
    assert fold("Responda 1 si está arreglado, 2 si no.") in bodies(business, ticket, "resolved")[0]


def test_an_answer_to_stop_is_in_their_language(business: Business) -> None:
    ticket = business.log(customer=INES)
    inbound = Inbound("+447700900126", business.desk.house.sender, "STOP", "SM" + "0" * 32)
    business.desk.transact(lambda session: receive(session, inbound, now=business.now))
    (stopped,) = bodies(business, ticket, "stop_confirmed")
    assert stopped.startswith(fold("Ya no está en nuestra lista"))


def test_a_language_that_we_do_not_speak_falls_back_on_the_sites(business: Business) -> None:
    speak(business, "fr")
    ticket = business.log(customer=NewCustomer("07700 900127", "Jonas", "de"))
    assert bodies(business, ticket, "logged")[0].startswith("Bonjour Jonas, c'est Maya de Harbour St Coffee.")


def test_who_comes_new_to_a_french_site_is_spoken_to_in_french_and_so_are_its_people(business: Business) -> None:
    speak(business, "fr")
    ticket = business.log(remedies=(refund(4500),))
    with business.desk.read() as session:
        assert session.scalars(select(Customer.language)).all() == ["fr"]
    (asked,) = bodies(business, ticket, "staff_approval")
    assert asked.startswith("Maya de Harbour St Coffee demande votre accord : un remboursement de 45,00 £, RD-")
    assert "Merci de décider dans environ 10 minutes : " in asked


def test_an_alert_is_in_the_language_of_the_site(business: Business) -> None:
    speak(business, "es")
    ticket = business.log()
    business.later(minutes=16)
    business.tick()
    assert fold("un cliente espera más de lo prometido") in bodies(business, ticket, "staff_alert")[0]


def test_a_customer_keeps_their_language_when_they_come_back(business: Business) -> None:
    business.log(customer=INES)
    again = business.log(customer=NewCustomer("07700 900126"))
    assert bodies(business, again, "logged")[0].startswith("Hola Inés")


def test_a_language_is_chosen_once_and_stands_in_the_trail(business: Business) -> None:
    ticket = business.log()

    def work(session: DeskSession, held: Ticket, maya: Actor) -> None:
        for _ in range(2):
            tickets.speak_to_customer(session, held, "fr", now=business.now, by=maya)

    business.on(ticket, work)
    assert business.tags(ticket).count("ticket:changed") == 1
    with pytest.raises(Invalid, match="one of the languages"):
        business.on(
            ticket,
            lambda session, held, maya: tickets.speak_to_customer(session, held, "tlh", now=business.now, by=maya),
        )
