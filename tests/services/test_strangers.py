"""A number that has no ticket is one row on the Undetected board until a person has looked, and learns nothing."""

import threading
from dataclasses import replace

import pytest
from sqlalchemy import select

from recovery.domain.errors import Forbidden, Invalid, NotFound, WrongState
from recovery.models import Event, Message, OptOut, Site, Stranger, Ticket
from recovery.services.hearing.strangers import StrangerRow, count_strangers, set_aside, strangers
from recovery.services.people.erasing import erase
from recovery.services.texting.consent import follow_house_sender
from recovery.services.ticketing import tickets
from tests.factories import Business, NewCustomer
from tests.fixtures.locks import is_waited_for
from tests.fixtures.waiting import wait_until
from tests.services.test_senders import give_sender
from tests.services.texting_parts import SAMS, read_again, says, texts_on

STRANGERS = "+447700900777"
SOMEBODY = NewCustomer("07700 900777", "Robin")


def seen_by(business: Business, who: str) -> list[StrangerRow]:
    actor = business.actor(who)
    with business.desk.read() as session:
        rows = strangers(session, by=actor)
        assert count_strangers(session, by=actor) == len(rows)
        return list(rows)


def put_aside(business: Business, who: str = "omar", reason: str = "a wrong number") -> Stranger:
    (row,) = seen_by(business, "ada")
    actor = business.actor(who)
    return business.desk.transact(lambda session: set_aside(session, row.id, reason=reason, now=business.now, by=actor))


def own_sender(business: Business, slug: str, sender: str) -> None:
    with business.desk.writing.begin() as connection:
        connection.execute(Site.__table__.update().where(Site.slug == slug).values(sender=sender))


def test_however_much_a_number_writes_it_is_one_row_with_its_newest_words(business: Business) -> None:
    business.log()
    for words in ("one", "two", "three", "four"):
        says(business, words, number=STRANGERS)
        business.later(minutes=1)
    (row,) = seen_by(business, "omar")
    assert (row.phone, row.texts) == (STRANGERS, 4)
    assert [text.body for text in row.newest] == ["two", "three", "four"]
    assert (row.last_at - row.came_at).total_seconds() == 180


def test_no_answer_leaves_by_itself(business: Business) -> None:
    for words in ("who is this", "1", "CALL", "please stop texting me"):
        says(business, words, number=STRANGERS)
    with business.desk.read() as session:
        assert session.scalars(select(Message.id).where(Message.direction == "outbound")).all() == []


def test_but_stop_is_obeyed_and_is_nobodys_work(business: Business) -> None:
    says(business, "STOP", number=STRANGERS)
    with business.desk.read() as session:
        assert len(session.scalars(select(OptOut)).all()) == 1
    assert seen_by(business, "ada") == []


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("HELP", "This is our desk."),
        ("STOP", "You're off our list: our desk won't text you again."),
        ("START", "Welcome back! Our desk can text you again"),
    ],
)
def test_the_answer_to_such_a_word_names_the_site_where_it_is_one_sites_number(
    business: Business, word: str, told: str
) -> None:
    own_sender(business, "quay", "+447700900002")
    with business.desk.writing.begin() as connection:
        third = {**connection.execute(Site.__table__.select().where(Site.slug == "harbour-st")).mappings().one()}
        connection.execute(Site.__table__.insert().values({**third, "id": 7, "slug": "another"}))
    says(business, word, number=STRANGERS)
    says(business, word, number=STRANGERS, to="+447700900002")
    with business.desk.read() as session:
        shared, alone = session.scalars(
            select(Message.body).where(Message.direction == "outbound").order_by(Message.id)
        ).all()
    assert (shared or "").startswith(told)
    assert (alone or "").startswith(told.replace("our desk", "The Quay Hotel").replace("Our desk", "The Quay Hotel"))


def test_of_a_sender_that_sites_share_the_supervisors_see_it(business: Business) -> None:
    says(business, "hello", number=STRANGERS)
    assert [len(seen_by(business, who)) for who in ("maya", "omar", "nell", "ada")] == [0, 1, 1, 1]


def test_of_a_sender_that_one_site_has_alone_its_people_see_it(business: Business) -> None:
    own_sender(business, "quay", "+447700900002")
    says(business, "hello", number=STRANGERS, to="+447700900002")
    assert [len(seen_by(business, who)) for who in ("maya", "omar", "nell", "ada")] == [0, 0, 1, 1]
    with pytest.raises(NotFound):
        put_aside(business, "omar")


def test_a_customer_of_another_sites_sender_is_a_stranger_there(business: Business) -> None:
    """Nobody learns that another site knows the number."""
    ticket = business.log()
    own_sender(business, "quay", "+447700900002")
    says(business, "hello", number=SAMS, to="+447700900002")
    assert business.again(ticket).unread == 0
    assert [row.phone for row in seen_by(business, "nell")] == [SAMS]


def test_setting_it_aside_takes_a_reason_and_leaves_a_trail(business: Business) -> None:
    message = says(business, "hello", number=STRANGERS)
    row = put_aside(business, reason=" a wrong number ")
    assert (row.how, row.reason, row.settled_at) == ("set_aside", "a wrong number", business.now)
    assert read_again(business, message).read_at == business.now
    assert seen_by(business, "omar") == []
    with business.desk.read() as session:
        told = session.scalars(select(Event).where(Event.tag == "staff:stranger:settled")).one()
    assert (told.actor_id, told.stream_id) == (business.staff("omar").id, business.staff("omar").id)


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501])
def test_without_a_sensible_reason_it_stays(business: Business, reason: str) -> None:
    says(business, "hello", number=STRANGERS)
    with pytest.raises(Invalid):
        put_aside(business, reason=reason)
    assert len(seen_by(business, "omar")) == 1


def test_what_a_colleague_has_dealt_with_is_said_so(business: Business) -> None:
    says(business, "hello", number=STRANGERS)
    row = put_aside(business)
    ada = business.actor("ada")
    with pytest.raises(WrongState, match="colleague"):
        business.desk.transact(lambda s: set_aside(s, row.id, reason="mine", now=business.now, by=ada))


def test_a_token_that_only_reads_sets_nothing_aside(business: Business) -> None:
    says(business, "hello", number=STRANGERS)
    (row,) = seen_by(business, "ada")
    reader = business.staff("ada").as_actor(scopes=frozenset())
    with pytest.raises(Forbidden):
        business.desk.transact(lambda s: set_aside(s, row.id, reason="x", now=business.now, by=reader))


def test_who_writes_again_stands_there_again(business: Business) -> None:
    says(business, "hello", number=STRANGERS)
    put_aside(business)
    says(business, "really, hello", number=STRANGERS)
    (row,) = seen_by(business, "omar")
    assert (row.texts, [text.body for text in row.newest]) == (1, ["really, hello"])


def test_logging_a_mistake_for_the_number_brings_its_texts_to_the_ticket(business: Business) -> None:
    for words in ("You sent me", "the wrong parcel"):
        says(business, words, number=STRANGERS)
        business.later(minutes=1)
    ticket = business.log(customer=SOMEBODY)
    assert texts_on(business, ticket) == ["You sent me", "the wrong parcel"]
    assert business.again(ticket).unread == 2
    assert seen_by(business, "ada") == []
    assert business.tags(ticket).count("text:received") == 2
    business.on(ticket, lambda session, row, maya: tickets.mark_read(session, row, now=business.now, by=maya))
    assert business.again(ticket).unread == 0


def test_a_mistake_at_a_site_with_another_sender_leaves_them_where_they_are(business: Business) -> None:
    says(business, "hello", number=STRANGERS)
    own_sender(business, "harbour-st", "+447700900001")
    business.later(minutes=1)
    assert texts_on(business, business.log(customer=SOMEBODY)) == []
    assert len(seen_by(business, "ada")) == 1


def test_what_they_wrote_to_another_sites_number_stays_with_that_site(business: Business) -> None:
    own_sender(business, "quay", "+447700900002")
    says(business, "to the hotel", number=STRANGERS, to="+447700900002")
    says(business, "to the café", number=STRANGERS)
    business.later(minutes=1)
    assert texts_on(business, business.log(customer=SOMEBODY)) == ["to the café"]
    (row,) = seen_by(business, "nell")
    assert (row.texts, [text.body for text in row.newest]) == (1, ["to the hotel"])


def test_a_void_ticket_is_none(business: Business) -> None:
    ticket = business.log(customer=SOMEBODY)
    business.on(
        ticket,
        lambda session, row, maya: tickets.void(
            session, row, reason="twice", duplicate_of=None, now=business.now, by=maya
        ),
    )
    says(business, "hello", number=STRANGERS)
    assert [row.phone for row in seen_by(business, "ada")] == [STRANGERS]


def test_erasing_a_stranger_takes_the_row(business: Business) -> None:
    says(business, "hello", number=STRANGERS)
    ada = business.actor("ada")
    business.desk.transact(lambda session: erase(session, STRANGERS, now=business.now, by=ada))
    with business.desk.read() as session:
        assert session.scalars(select(Stranger)).all() == []
        assert session.scalars(select(Message.body)).all() == [None]
        assert session.scalars(select(Ticket)).all() == []


@pytest.mark.postgres
def test_what_comes_while_somebody_sets_its_number_aside_waits_for_a_person(on_postgres: Business) -> None:
    business = on_postgres
    says(business, "hello", number=STRANGERS)
    (row,) = seen_by(business, "ada")
    omar = business.actor("omar")
    with business.desk.write() as session:
        set_aside(session, row.id, reason="a wrong number", now=business.now, by=omar)
        session.flush()
        writing = threading.Thread(target=lambda: says(business, "It is about my order", number=STRANGERS))
        writing.start()
        wait_until(lambda: is_waited_for(business.desk.reading), what="the text waits")
    writing.join()
    (again,) = seen_by(business, "ada")
    assert [text.body for text in again.newest] == ["It is about my order"]
    assert (again.id != row.id, again.texts) == (True, 1)


def test_when_a_site_gets_another_sender_its_people_see_who_wrote_to_the_one_before(business: Business) -> None:
    give_sender(business, "+447700900001")
    says(business, "My cake", number=STRANGERS, to="+447700900001")
    give_sender(business, "+447700900003")
    business.later(minutes=1)
    assert [row.phone for row in seen_by(business, "maya")] == [STRANGERS]
    assert texts_on(business, business.log(customer=SOMEBODY)) == ["My cake"]
    assert seen_by(business, "ada") == []


def test_who_wrote_to_both_is_one_row_then(business: Business) -> None:
    says(business, "To the house", number=STRANGERS)
    business.later(minutes=1)
    give_sender(business, "+447700900001")
    says(business, "To the café", number=STRANGERS, to="+447700900001")
    give_sender(business, "")
    (row,) = seen_by(business, "omar")
    assert (row.texts, [text.body for text in row.newest]) == (2, ["To the house", "To the café"])
    assert (row.last_at - row.came_at).total_seconds() == 60


def test_so_they_do_when_the_organisation_gets_another(business: Business) -> None:
    business.desk.house = replace(business.desk.house, sender="+447700900001")
    business.desk.transact(lambda session: follow_house_sender(session, now=business.now))
    says(business, "My cake", number=STRANGERS, to="+447700900001")
    business.desk.house = replace(business.desk.house, sender="+447700900003")
    business.desk.transact(lambda session: follow_house_sender(session, now=business.now))
    assert [row.phone for row in seen_by(business, "omar")] == [STRANGERS]


def test_a_sender_that_another_site_keeps_takes_nobody_along(business: Business) -> None:
    for slug in ("harbour-st", "quay"):
        give_sender(business, "+447700900001", slug)
    says(business, "My room", number=STRANGERS, to="+447700900001")
    give_sender(business, "+447700900003")
    assert [row.sender for row in seen_by(business, "nell")] == ["+447700900001"]
