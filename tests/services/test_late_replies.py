"""A text that we found late, in the provider's list: what it does is decided by when it was written."""

import itertools
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import select

from recovery.bootstrap import build
from recovery.clock import FrozenClock
from recovery.domain.callbacks import CallbackStatus
from recovery.domain.events import Tag
from recovery.domain.messages import MessageStatus
from recovery.domain.photos import Media
from recovery.domain.tickets import TicketStatus
from recovery.models import Callback, Contact, Message, OptOut, Photo, Stranger, Ticket
from recovery.services.calling import booking
from recovery.services.people.erasing import erase
from recovery.services.running.tallies import FOUND_LATE, counted
from recovery.services.texting.replies import Inbound, receive
from recovery.services.ticketing import reopening, tickets
from tests.factories import LEE, NOOR, Business
from tests.fixtures.settings import MakeSettings
from tests.services.texting_parts import SAMS, asked, delivered, says, texts_on

_sids = itertools.count()


@pytest.fixture
def business(make_settings: MakeSettings, sqlite_url: str, clock: FrozenClock) -> Iterator[Business]:
    desk = build(make_settings(DATABASE_URL=sqlite_url), clock=clock)
    yield Business.opened(desk)
    desk.dispose()


def found(
    business: Business, words: str, written_at: datetime, *, number: str = SAMS, media: tuple[Media, ...] = ()
) -> Message:
    sender = business.desk.house.sender
    inbound = Inbound(number, sender, words, f"SMlate{next(_sids)}", media=media, written_at=written_at)
    return business.desk.transact(lambda session: receive(session, inbound, now=business.now))


def resolve(business: Business, ticket: Ticket) -> None:
    """The question whether it is fixed has left."""
    business.on(ticket, lambda session, row, maya: tickets.resolve(session, row, how=None, now=business.now, by=maya))
    business.later(seconds=11)
    delivered(business)


def reopen(business: Business, ticket: Ticket) -> None:
    business.on(
        ticket, lambda session, row, maya: reopening.reopen(session, row, why="cold", now=business.now, by=maya)
    )


def standing(business: Business) -> list[OptOut]:
    with business.desk.read() as session:
        return list(session.scalars(select(OptOut).where(OptOut.lifted_at.is_(None))))


def how_it_came(business: Business, ticket: Ticket) -> list[dict[str, object]]:
    return [json.loads(event.payload) for event in business.told(ticket) if event.tag == Tag.TEXT_RECEIVED]


def test_it_stands_unread_with_the_time_at_which_it_was_written_and_the_trail_says_how_it_came(
    business: Business,
) -> None:
    ticket = business.log()
    written_at = business.later(minutes=2)
    business.later(minutes=10)
    message = found(business, "Is anybody there?", written_at)
    assert (business.again(ticket).unread, message.created_at, message.came_late) == (1, written_at, True)
    (told,) = how_it_came(business, ticket)
    assert (told["how"], told["written_at"]) == ("list", written_at.isoformat(timespec="microseconds"))
    assert business.told(ticket)[-1].at == business.now
    with business.desk.read() as session:
        assert counted(session, FOUND_LATE) == 1


def test_what_is_brought_at_once_is_not_late(business: Business) -> None:
    ticket = business.log()
    assert not says(business, "hello").came_late
    assert "how" not in how_it_came(business, ticket)[0]
    with business.desk.read() as session:
        assert counted(session, FOUND_LATE) == 0


def test_a_provider_whose_clock_is_ahead_writes_nothing_into_the_future(business: Business) -> None:
    business.log()
    message = found(business, "hello", business.now + timedelta(minutes=5))
    assert (message.created_at, message.came_late) == (business.now, False)


def test_a_digit_answers_the_question_that_was_open_when_it_was_written(business: Business) -> None:
    first = business.log()
    resolve(business, first)
    written_at = business.later(minutes=2)
    business.later(minutes=3)
    second = business.log(failure="late")
    resolve(business, second)
    business.later(minutes=5)
    found(business, "2", written_at)
    assert business.again(first).status is TicketStatus.IN_RECOVERY
    assert (business.again(second).status, business.again(second).unread) == (TicketStatus.RESOLVED, 0)


def test_a_digit_answers_nothing_that_was_asked_after_it(business: Business) -> None:
    ticket = business.log()
    written_at = business.later(minutes=2)
    business.later(minutes=3)
    resolve(business, ticket)
    found(business, "1", written_at)
    assert (business.again(ticket).status, business.again(ticket).unread) == (TicketStatus.RESOLVED, 1)


def test_a_digit_is_in_time_by_when_it_was_written(business: Business) -> None:
    ticket = business.log()
    resolve(business, ticket)
    written_at = business.later(hours=23)
    business.later(hours=20)
    found(business, "1", written_at)
    assert business.again(ticket).status is TicketStatus.CLOSED


def test_a_question_that_was_answered_since_is_not_answered_again(business: Business) -> None:
    """Nor does the digit fall through to a question before it."""
    older, ticket = business.log(), business.log(failure="late")
    resolve(business, older)
    business.later(minutes=5)
    resolve(business, ticket)
    written_at = business.later(minutes=2)
    business.later(minutes=2)
    says(business, "2")
    found(business, "1", written_at)
    assert (business.again(ticket).status, business.again(ticket).unread) == (TicketStatus.IN_RECOVERY, 1)
    assert business.again(older).status is TicketStatus.RESOLVED


def test_a_digit_about_one_resolution_undoes_no_later_one(business: Business) -> None:
    ticket = business.log()
    resolve(business, ticket)
    written_at = business.later(minutes=2)
    business.later(minutes=2)
    reopen(business, ticket)
    business.later(minutes=2)
    resolve(business, ticket)
    found(business, "2", written_at)
    again = business.again(ticket)
    assert (again.status, again.level, again.unread) == (TicketStatus.RESOLVED, 2, 1)


def test_still_not_right_reopens_only_what_was_resolved_by_then(business: Business) -> None:
    ticket = business.log()
    before = business.later(minutes=2)
    business.later(minutes=2)
    resolve(business, ticket)
    after = business.later(minutes=2)
    business.later(minutes=10)
    found(business, "still not right", before)
    assert (business.again(ticket).status, business.again(ticket).unread) == (TicketStatus.RESOLVED, 1)
    found(business, "still not right", after)
    assert (business.again(ticket).status, business.again(ticket).level) == (TicketStatus.IN_RECOVERY, 2)


@pytest.mark.parametrize("words", ["still not right", "CALL"])
def test_what_was_written_inside_the_window_reopens_though_we_heard_of_it_after(business: Business, words: str) -> None:
    ticket = business.log()
    resolve(business, ticket)
    written_at = business.later(days=6, hours=23)
    business.later(hours=3)
    found(business, words, written_at)
    assert (business.again(ticket).status, business.again(ticket).level) == (TicketStatus.IN_RECOVERY, 2)


def test_call_books_a_call_for_now(business: Business) -> None:
    ticket = business.log()
    written_at = business.later(minutes=2)
    business.later(hours=3)
    found(business, "CALL", written_at)
    (call,) = business.rows(Callback, ticket)
    assert (call.status, call.as_soon_as_possible) == (CallbackStatus.DUE, True)


def test_call_leaves_a_time_that_was_agreed_on_after_it(business: Business) -> None:
    ticket = business.log()
    written_at = business.later(minutes=2)
    at = business.later(minutes=2) + timedelta(hours=4)
    business.on(ticket, lambda session, row, maya: booking.book(session, row, due_at=at, now=business.now, by=maya))
    business.later(minutes=10)
    found(business, "CALL", written_at)
    (call,) = business.rows(Callback, ticket)
    assert (call.due_at, business.again(ticket).unread) == (at, 1)


def test_stop_counts_from_when_it_was_written_and_gets_no_answer(business: Business) -> None:
    ticket = business.log()
    written_at = business.later(minutes=2)
    business.later(minutes=10)
    found(business, "STOP", written_at)
    (row,) = standing(business)
    assert (row.at, business.again(ticket).no_text_reason) == (written_at, "opted_out")
    assert asked(business, "stop_confirmed") == []
    assert [row.status for row in business.rows(Message, ticket) if row.template == "logged"] == [MessageStatus.DROPPED]


@pytest.mark.parametrize("word", ["HELP", "START"])
def test_help_and_start_get_no_answer_either(business: Business, word: str) -> None:
    business.log()
    found(business, word, business.now - timedelta(minutes=10))
    assert asked(business, "help") == asked(business, "start_confirmed") == []


def test_a_stop_that_is_older_than_a_start_changes_nothing_and_stands_in_the_trail(business: Business) -> None:
    ticket = business.log()
    written_at = business.later(minutes=2)
    business.later(minutes=2)
    says(business, "START")
    business.later(minutes=2)
    found(business, "STOP", written_at)
    assert (standing(business), business.again(ticket).no_text_reason) == ([], None)
    assert [told["understood_as"] for told in how_it_came(business, ticket)] == ["start", "stop"]
    assert business.again(ticket).unread == 0


def test_a_start_that_is_older_than_a_stop_changes_nothing(business: Business) -> None:
    """Also where that STOP was one of two, so that nothing but its text tells of it."""
    ticket = business.log()
    says(business, "STOP")
    written_at = business.later(minutes=2)
    business.later(minutes=2)
    says(business, "STOP")
    business.later(minutes=2)
    found(business, "START", written_at)
    assert (len(standing(business)), business.again(ticket).no_text_reason) == (1, "opted_out")
    assert how_it_came(business, ticket)[-1]["understood_as"] == "start"


def test_a_start_that_is_newer_than_the_stop_lifts_it(business: Business) -> None:
    ticket = business.log()
    says(business, "STOP")
    written_at = business.later(minutes=2)
    business.later(minutes=2)
    found(business, "START", written_at)
    assert (standing(business), business.again(ticket).no_text_reason) == ([], None)


def test_both_missed_count_in_the_order_in_which_they_were_written(business: Business) -> None:
    business.log()
    stop, start = business.later(minutes=2), business.later(minutes=2)
    business.later(minutes=10)
    found(business, "STOP", stop)
    found(business, "START", start)
    assert standing(business) == []


def test_a_stop_to_one_sender_is_not_undone_by_a_start_to_another(business: Business) -> None:
    """Numbers opt out one by one."""
    business.log()
    written_at = business.later(minutes=2)
    business.later(minutes=2)
    elsewhere = Inbound(SAMS, "+447700900099", "START", "SMelsewhere")
    business.desk.transact(lambda session: receive(session, elsewhere, now=business.now))
    with business.desk.write() as session:
        session.scalars(select(Message).where(Message.provider_sid == "SMelsewhere")).one().sender = "+447700900099"
    found(business, "STOP", written_at)
    assert len(standing(business)) == 1


def test_it_stands_on_what_we_wrote_about_before_it(business: Business) -> None:
    """Of two that are over: neither is guessed because it is newer."""
    first = business.log()
    delivered(business)
    written_at = business.later(minutes=2)
    business.later(minutes=2)
    second = business.log(failure="late")
    delivered(business)
    for ticket in (first, second):
        resolve(business, ticket)
    found(business, "Thank you", written_at)
    assert (texts_on(business, first), texts_on(business, second)) == (["Thank you"], [])


def test_of_a_stranger_the_first_text_says_since_when_they_wait(business: Business) -> None:
    business.log(customer=NOOR)
    earlier = business.now
    business.later(minutes=10)
    says(business, "Hello?", number="+447700900777")
    found(business, "I had the soup.", earlier, number="+447700900777")
    with business.desk.read() as session:
        (row,) = session.scalars(select(Stranger)).all()
    assert (row.texts, row.came_at, row.last_at) == (2, earlier, business.now)


def test_what_a_stranger_wrote_late_is_late_on_the_ticket_as_well(business: Business) -> None:
    business.log(customer=NOOR)
    found(business, "I had the soup.", business.now - timedelta(hours=1), number="+447700900125")
    business.later(minutes=1)
    ticket = business.log(customer=LEE)
    assert how_it_came(business, ticket)[0]["how"] == "list"


def test_its_photos_are_wanted_like_any_others(business: Business) -> None:
    business.log()
    found(business, "", business.now - timedelta(hours=1), media=(Media("simulator:photo:1", "image/png"),))
    with business.desk.read() as session:
        assert [photo.url for photo in session.scalars(select(Photo))] == ["simulator:photo:1"]


def test_the_name_of_a_text_stays_known_when_the_person_is_erased(business: Business) -> None:
    ticket = business.log()
    message = says(business, "hello")
    business.on(ticket, lambda session, row, maya: tickets.resolve(session, row, how=None, now=business.now, by=maya))
    ada = business.actor("ada")
    business.desk.transact(partial(erase, phone=SAMS, now=business.now, by=ada))
    again = Inbound(SAMS, business.desk.house.sender, "hello", message.provider_sid or "", written_at=business.now)
    business.desk.transact(lambda session: receive(session, again, now=business.later(minutes=1)))
    with business.desk.read() as session:
        assert session.scalars(select(Message.body).where(Message.provider_sid == message.provider_sid)).all() == [None]
        assert session.scalars(select(Contact).where(Contact.phone == SAMS)).all() == []


def test_once_they_have_said_which_they_go_on_about_it_though_we_heard_of_that_late(business: Business) -> None:
    older, _ = business.log(), business.log(failure="late")
    delivered(business)
    says(business, "Is anybody there?")
    delivered(business)
    written_at = business.later(minutes=1)
    business.later(minutes=5)
    found(business, "2", written_at)
    assert says(business, "Please hurry").ticket_id == older.id
