"""Erasing a person leaves the statistics and the chain, and nothing that says who it was."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import inspect, select, text

from config.settings import Settings
from recovery.bootstrap import build
from recovery.clock import FrozenClock
from recovery.domain.actors import MACHINE
from recovery.domain.errors import Forbidden, NotFound, WrongState
from recovery.domain.provider_codes import FaultCategory
from recovery.domain.simulated_phones import Fate, Habits
from recovery.models import Callback, Event, Message, OptOut, SimulatedText, Ticket
from recovery.services.people.erasing import erase
from recovery.services.simulating import phones
from recovery.services.simulating.phone_habits import set_habits
from recovery.services.texting import replies
from recovery.services.texting.links import customer_token
from recovery.services.texting.replies import Inbound
from recovery.services.ticketing import tickets
from recovery.services.ticketing.customer_page import ticket_of_link
from recovery.services.ticketing.reopening import reopen
from recovery.services.ticketing.rows import Undetected
from recovery.sms.gateway import OutgoingText, SendRefused
from tests.factories import LEE, Business
from tests.fixtures.locks import is_waited_for
from tests.fixtures.waiting import wait_until
from tests.services.post import Post
from tests.services.test_undetected import reasons

SAMS = "+447700900123"


@pytest.fixture
def business(settings: Settings, clock: FrozenClock) -> Iterator[Business]:
    desk = build(settings, clock=clock)
    yield Business.opened(desk)
    desk.dispose()


def over(business: Business) -> Ticket:
    """A resolved ticket of Sam's with words of all kinds on it."""
    ticket = business.log()
    business.on(
        ticket,
        lambda session, row, maya: tickets.change(
            session, row, tickets.Change(note="Sam likes oat milk"), now=business.now, by=maya
        ),
    )
    business.desk.transact(
        lambda session: replies.write_from_page(
            session, session.get_one(Ticket, ticket.id), "Sam here, thank you", now=business.now
        ),
    )
    business.on(ticket, lambda session, row, maya: tickets.resolve(session, row, how="ok", now=business.now, by=maya))
    return ticket


def everything(business: Business) -> str:
    """All that stands in the database, as text."""
    with business.desk.read() as session:
        names = inspect(session.connection()).get_table_names()
        return "\n".join(str(tuple(row)) for name in names for row in session.execute(text(f"SELECT * FROM {name}")))


def test_no_table_knows_sam_afterwards_and_the_ticket_still_counts(business: Business) -> None:
    ticket = over(business)
    sent = OutgoingText(to=SAMS, body="Hello Sam", ref="", validity_seconds=60, from_="simulator")
    business.desk.transact(lambda session: phones.keep(session, sent, at=business.now))
    business.desk.transact(lambda session: set_habits(session, SAMS, Habits(Fate.FAILS, code=30006)))
    assert "oat milk" in everything(business)
    done = business.desk.transact(lambda session: erase(session, SAMS, now=business.now, by=business.actor("ada")))
    assert (done.customers, done.tickets) == (1, 1)
    assert done.texts >= 2
    for trace in ("Sam", "oat milk", "900123"):
        assert trace not in everything(business)
    with business.desk.read() as session:
        kept = session.get_one(Ticket, ticket.id)
        assert (kept.failure, kept.resolved_at) == ("wrong_order", business.now)
        assert session.scalars(select(Message.status).where(Message.template == "resolved")).one() == "dropped"
        assert session.scalars(select(SimulatedText)).all() == []


def test_what_the_provider_said_of_a_text_is_forgotten_with_it(business: Business) -> None:
    post = Post(business)
    ticket = business.log()
    post.finish(post.depart()[0], SendRefused(FaultCategory.PERMANENT, 29999, "Whitfield's phone is not ours to text"))
    assert "not ours to text" in everything(business)
    business.on(ticket, lambda session, row, maya: tickets.resolve(session, row, how=None, now=business.now, by=maya))
    business.desk.transact(lambda session: erase(session, SAMS, now=business.now, by=MACHINE))
    assert "not ours to text" not in everything(business)


def test_the_trail_says_that_it_was_done_and_by_whom(business: Business) -> None:
    ticket = over(business)
    ada = business.actor("ada")
    business.desk.transact(lambda session: erase(session, SAMS, now=business.now, by=ada))
    with business.desk.read() as session:
        last = session.scalars(select(Event).where(Event.stream_id == ticket.id).order_by(Event.seq.desc())).first()
    assert last is not None
    assert (last.tag, last.actor_id) == ("ticket:customer:erased", ada.id)


def test_the_link_of_somebody_erased_opens_nothing(business: Business) -> None:
    ticket = over(business)
    token = customer_token(business.desk.house, ticket)
    business.desk.transact(lambda session: erase(session, SAMS, now=business.now, by=MACHINE))
    with business.desk.read() as session, pytest.raises(NotFound):
        ticket_of_link(session, token, now=business.now)


def test_nobody_promises_anything_to_somebody_who_is_forgotten(business: Business) -> None:
    ticket = over(business)
    business.desk.transact(lambda session: erase(session, SAMS, now=business.now, by=MACHINE))
    with pytest.raises(WrongState, match="is forgotten"):
        business.on(ticket, lambda session, row, by: reopen(session, row, why="by_hand", now=business.now, by=by))


def test_nobody_is_asked_to_read_what_is_forgotten(business: Business) -> None:
    ticket = over(business)
    says(business, "Sam again: it is cold", "SMagain")
    assert reasons(business, ticket) == (Undetected.UNREAD_REPLY,)
    business.desk.transact(lambda session: erase(session, SAMS, now=business.now, by=MACHINE))
    assert reasons(business, ticket) == ()
    assert {text.read_at for text in business.rows(Message, ticket) if text.status == "received"} == {business.now}


@pytest.mark.postgres
def test_who_comes_in_the_moment_that_they_are_erased_is_somebody_new(on_postgres: Business) -> None:
    business = on_postgres
    old = over(business)
    with ThreadPoolExecutor(1) as others:
        with business.desk.write() as session:
            erase(session, SAMS, now=business.now, by=MACHINE)
            session.flush()
            logging = others.submit(business.log)
            wait_until(lambda: is_waited_for(business.desk.reading), what="the log waits")
        new = business.again(logging.result(timeout=10))
    assert new.customer is not None
    assert (new.customer.phone, new.customer.erased_at) == (SAMS, None)
    assert new.customer_id != old.customer_id


def test_a_customer_who_still_waits_is_not_erased(business: Business) -> None:
    ticket = business.log()
    with business.desk.write() as session, pytest.raises(WrongState, match=ticket.reference):
        erase(session, SAMS, now=business.now, by=MACHINE)


def test_others_stay(business: Business) -> None:
    over(business)
    business.log(customer=LEE)
    business.desk.transact(lambda session: erase(session, SAMS, now=business.now, by=MACHINE))
    assert "Lee Chen" in everything(business)


def test_only_an_admin_erases_and_only_somebody_known(business: Business) -> None:
    over(business)
    with business.desk.write() as session:
        with pytest.raises(Forbidden):
            erase(session, SAMS, now=business.now, by=business.actor("omar"))
        with pytest.raises(NotFound, match="nothing to erase"):
            erase(session, "+447700900999", now=business.now, by=MACHINE)


def says(business: Business, words: str, sid: str) -> None:
    inbound = Inbound(SAMS, business.desk.house.sender, words, sid)
    business.desk.transact(lambda session: replies.receive(session, inbound, now=business.now))


def erased(business: Business) -> None:
    business.desk.transact(lambda session: erase(session, SAMS, now=business.now, by=MACHINE))


def test_who_wanted_no_texts_gets_none_when_the_number_comes_again(business: Business) -> None:
    over(business)
    says(business, "STOP", "SM1")
    said_at = business.now
    erased(business)
    assert "900123" not in everything(business)
    business.later(days=1)
    again = business.log()
    assert business.again(again).no_text_reason == "opted_out"
    assert business.rows(Message, again) == []
    assert [call.reason for call in business.rows(Callback, again)] == ["opted_out"]
    with business.desk.read() as session:
        (kept,) = session.scalars(select(OptOut))
        assert (kept.at, kept.how, kept.lifted_at, kept.number_seal) == (said_at, "keyword", None, None)
        assert kept.message_id is not None


def test_start_lifts_it_then(business: Business) -> None:
    over(business)
    says(business, "STOP", "SM1")
    erased(business)
    says(business, "START", "SM2")
    again = business.log()
    assert [row.template for row in business.rows(Message, again)] == ["logged"]


def test_it_outlives_a_second_erasing_and_is_forgotten_where_start_came_first(business: Business) -> None:
    over(business)
    says(business, "STOP", "SM1")
    erased(business)
    resolved = over(business)
    assert business.again(resolved).no_text_reason == "opted_out"
    erased(business)
    assert "900123" not in everything(business)
    says(business, "START", "SM2")
    erased(business)
    assert [row.template for row in business.rows(Message, business.log())] == ["logged"]


def test_nobody_else_is_silenced_by_it(business: Business) -> None:
    over(business)
    says(business, "STOP", "SM1")
    erased(business)
    assert [row.template for row in business.rows(Message, business.log(customer=LEE))] == ["logged"]


def test_the_same_number_begins_anew(business: Business) -> None:
    over(business)
    business.desk.transact(lambda session: erase(session, SAMS, now=business.now, by=MACHINE))
    again = business.log()
    with business.desk.read() as session:
        assert session.get_one(Ticket, again.id).customer is not None
    with business.desk.write() as session, pytest.raises(WrongState):
        erase(session, SAMS, now=business.now, by=MACHINE)
