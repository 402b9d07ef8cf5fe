"""The customer's page: nothing that a customer does there is lost."""

from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient
from icalendar import Calendar
from sqlalchemy import event, func, select, text
from sqlalchemy.exc import OperationalError

from recovery.clock import FrozenClock
from recovery.domain.callbacks import CallbackStatus
from recovery.domain.permissions import Role
from recovery.domain.tickets import TicketStatus
from recovery.models import Callback, Message, Site, Ticket
from recovery.services.ticketing import reopening, tickets
from recovery.services.ticketing.customer_page import MOST_ACTS
from tests.factories import LEE, NOOR, SAM, Business
from tests.web.customer_parts import call_of, fresh, link, resolved, send, words_of


def test_call_me_as_soon_as_someone_is_free(business: Business, client: FlaskClient) -> None:
    ticket = business.log()
    page = send(client, f"{link(business, ticket)}/callback")
    assert "Good: we call you as soon as someone is free." in page
    call = call_of(business, ticket)
    assert call is not None
    assert (call.as_soon_as_possible, call.booked_by_id) == (True, None)


def test_choosing_a_time_books_it_moving_moves_it_and_there_is_one_call(
    business: Business, client: FlaskClient
) -> None:
    ticket = business.log()
    address = f"{link(business, ticket)}/callback"
    assert "Good: we call you at 10:00." in send(client, address, due_at="2026-03-10T10:00Z")
    assert "Good: we call you tomorrow at 09:15." in send(client, address, due_at="2026-03-11T09:15Z")
    with business.desk.read() as session:
        calls = session.scalars(select(Callback).where(Callback.ticket_id == ticket.id)).all()
    assert [(call.status, call.moves) for call in calls] == [(CallbackStatus.BOOKED, 1)]


def test_pressing_twice_is_pressing_once(business: Business, client: FlaskClient) -> None:
    ticket = business.log()
    address = f"{link(business, ticket)}/callback"
    for _ in range(2):
        send(client, address, due_at="2026-03-10T10:00Z")
    call = call_of(business, ticket)
    assert call is not None
    assert call.moves == 0


def test_whoever_presses_once_their_time_has_come_keeps_their_call(
    business: Business, client: FlaskClient, clock: FrozenClock
) -> None:
    address = f"{link(business, business.log())}/callback"
    send(client, address, due_at="2026-03-10T10:00Z")
    clock.advance(minutes=32)
    business.tick("callbacks come due")
    assert "Good: we call you as soon as someone is free." in send(client, address)


@pytest.mark.parametrize(
    "nonsense", ["2026-03-09T10:00Z", "2026-03-10T10:07Z", "2099-01-01T00:00Z", "soonish", "1e400"]
)
def test_a_time_that_cannot_be_had_becomes_as_soon_as_someone_is_free(
    business: Business, client: FlaskClient, nonsense: str
) -> None:
    ticket = business.log()
    page = send(client, f"{link(business, ticket)}/callback", due_at=nonsense)
    assert "We call you as soon as someone is free." in page
    assert call_of(business, ticket) is not None


def test_booking_cannot_fail_even_where_the_hours_of_the_site_make_no_sense(
    business: Business, client: FlaskClient
) -> None:
    ticket = business.log()
    with business.desk.write() as session:
        session.execute(text("UPDATE sites SET hours = 'whenever'"))
    page = send(client, f"{link(business, ticket)}/callback", due_at="2026-03-10T10:00Z")
    assert "We have your wish to be called." in page
    with business.desk.read() as session:
        assert session.scalars(select(Message.body).where(Message.direction == "inbound")).all() == ["Please call me."]
    assert fresh(business, ticket).unread == 1


def test_cancelling_the_call_leaves_a_promise(business: Business, client: FlaskClient) -> None:
    ticket = business.log()
    send(client, f"{link(business, ticket)}/callback")
    page = send(client, f"{link(business, ticket)}/callback/cancellation")
    assert "The call is cancelled." in page
    assert call_of(business, ticket) is None
    assert fresh(business, ticket).promise_due_at is not None
    assert "The call is cancelled." in send(client, f"{link(business, ticket)}/callback/cancellation")


def test_a_call_wished_for_after_the_resolution_reopens(business: Business, client: FlaskClient) -> None:
    ticket = resolved(business)
    send(client, f"{link(business, ticket)}/callback")
    assert fresh(business, ticket).status is TicketStatus.IN_RECOVERY
    assert call_of(business, ticket) is not None


def test_still_not_right_reopens_one_level_up(business: Business, client: FlaskClient) -> None:
    ticket = resolved(business)
    page = send(client, f"{link(business, ticket)}/reopening", words="The milk is cold.")
    assert "It is open again, and we are on it." in page
    reopened = fresh(business, ticket)
    assert (reopened.status, reopened.level, reopened.unread) == (TicketStatus.IN_RECOVERY, 2, 1)
    send(client, f"{link(business, ticket)}/reopening")
    assert fresh(business, ticket).level == 2


def test_still_not_right_after_the_window_opens_one_linked_ticket(
    business: Business, client: FlaskClient, clock: FrozenClock
) -> None:
    ticket = resolved(business)
    clock.advance(days=8)
    for _ in range(2):
        page = send(client, f"{link(business, ticket)}/reopening")
    with business.desk.read() as session:
        following = session.scalars(select(Ticket).where(Ticket.linked_to_id == ticket.id)).one()
    assert following.reference in page
    assert following.is_live


def test_what_a_colleague_reopened_after_the_window_is_what_the_old_link_goes_on_with(
    business: Business, client: FlaskClient, clock: FrozenClock
) -> None:
    ticket = resolved(business)
    clock.advance(days=8)
    by_hand = business.on(
        ticket, lambda session, held, maya: reopening.reopen(session, held, why="by_hand", now=business.now, by=maya)
    )
    page = send(client, f"{link(business, ticket)}/reopening", words="The milk is cold.")
    assert by_hand.reference in page
    with business.desk.read() as session:
        assert session.scalar(select(func.count(Ticket.id))) == 2
    assert fresh(business, by_hand).unread == 1


def test_still_not_right_on_a_live_ticket_is_a_reply_for_a_person(business: Business, client: FlaskClient) -> None:
    ticket = business.log()
    for _ in range(2):
        send(client, f"{link(business, ticket)}/reopening")
    assert fresh(business, ticket).unread == 1


def test_still_not_right_on_what_was_taken_back_meanwhile_is_a_reply_for_a_person(
    business: Business, client: FlaskClient
) -> None:
    """The page was open before somebody voided it, and the button is pressed without a word."""
    ticket = business.log()
    business.on(
        ticket,
        lambda session, row, maya: tickets.void(
            session, row, reason="wrong table", duplicate_of=None, now=business.now, by=maya
        ),
    )
    for _ in range(2):
        send(client, f"{link(business, ticket)}/reopening")
    assert (fresh(business, ticket).status, fresh(business, ticket).unread) == (TicketStatus.VOID, 1)


def test_writing_to_us_waits_for_a_person_to_read_it(business: Business, client: FlaskClient) -> None:
    ticket = business.log()
    page = send(client, f"{link(business, ticket)}/messages", words=" I am at the window\0 seat. STOP ")
    assert "We have it. Someone reads it and answers you." in page
    with business.desk.read() as session:
        message = session.scalars(select(Message).where(Message.direction == "inbound")).one()
    assert (message.body, message.understood_as, message.read_at) == ("I am at the window seat. STOP", "words", None)


def test_writing_is_kept_when_the_ticket_is_closed(business: Business, client: FlaskClient) -> None:
    ticket = resolved(business)
    business.desk.transact(
        lambda session: tickets.close_quietly(session, session.get_one(Ticket, ticket.id), now=business.now)
    )
    send(client, f"{link(business, ticket)}/messages", words="Thank you all.")
    closed = fresh(business, ticket)
    assert (closed.status, closed.unread) == (TicketStatus.CLOSED, 1)


@pytest.mark.parametrize(
    ("words", "sentence"), [("  ", "Write a few words first."), ("a" * 1001, "shorten it a little")]
)
def test_what_cannot_be_taken_stays_on_the_page_with_a_sentence(
    business: Business, client: FlaskClient, words: str, sentence: str
) -> None:
    ticket = business.log()
    answer = client.post(f"{link(business, ticket)}/messages", data={"words": words})
    assert answer.status_code == 422
    assert sentence in answer.text
    assert f">{words}</textarea>" in answer.text
    assert fresh(business, ticket).unread == 0


def test_yes_it_is_right_closes(business: Business, client: FlaskClient) -> None:
    ticket = resolved(business)
    page = send(client, f"{link(business, ticket)}/confirmation")
    assert "Thank you for telling us. We are glad." in page
    assert fresh(business, ticket).status is TicketStatus.CLOSED
    assert "Hello Sam. Thank you for bearing with us." in page


def test_one_link_takes_so_many_acts_and_then_asks_to_wait(
    business: Business, client: FlaskClient, clock: FrozenClock
) -> None:
    ticket, other = business.log(), business.log(customer=LEE)
    for number in range(MOST_ACTS):
        send(client, f"{link(business, ticket)}/messages", words=f"Number {number}")
    answer = client.post(f"{link(business, ticket)}/messages", data={"words": "One more thing"})
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "600"
    assert ">One more thing</textarea>" in answer.text
    assert "we have all of it but this" in words_of(answer.text)
    send(client, f"{link(business, other)}/messages", words="Hello")
    clock.advance(minutes=10)
    send(client, f"{link(business, ticket)}/messages", words="One more thing")


def test_a_database_that_is_away_keeps_what_was_typed(business: Business, client: FlaskClient) -> None:
    ticket = business.log()
    address = link(business, ticket)
    with business.desk.write() as session:
        session.execute(text("ALTER TABLE messages RENAME TO elsewhere"))
    answer = client.post(f"{address}/reopening", data={"words": "Still cold"})
    assert answer.status_code == 503
    assert ">Still cold</textarea>" in answer.text
    assert int(answer.headers["Retry-After"]) > 0


def test_a_database_that_is_away_keeps_the_time_that_was_chosen(business: Business, client: FlaskClient) -> None:
    """It is no reason to call at another time: they press once more, and have the one they chose."""
    ticket = business.log()
    address = link(business, ticket)
    away = iter([True])

    def fail_once(*told: object) -> None:
        if "INSERT INTO callbacks" in str(told[2]) and next(away, False):
            raise OperationalError(str(told[2]), None, ConnectionError("gone for a moment"))

    event.listen(business.desk.writing, "before_cursor_execute", fail_once)
    answer = client.post(f"{address}/callback", data={"due_at": "2026-03-10T10:00Z"})
    assert answer.status_code == 503
    assert 'name="due_at" value="2026-03-10T10:00Z"' in answer.text
    assert call_of(business, ticket) is None
    assert "Good: we call you at 10:00." in send(client, f"{address}/callback", due_at="2026-03-10T10:00Z")


def test_said_comes_from_us_and_never_from_the_address(business: Business, client: FlaskClient) -> None:
    page = client.get(f"{link(business, business.log())}?said=Your+card+was+stolen,+call+us")
    assert page.status_code == 200
    assert "Hello Sam" in page.text
    assert "stolen" not in page.text


def test_a_customer_without_a_name_or_a_number_is_greeted_all_the_same(business: Business, client: FlaskClient) -> None:
    page = words_of(client.get(link(business, business.log(customer=None))).text)
    assert "Hello. We got your order wrong" in page
    assert "We do not have your number" in page
    assert SAM.name not in page
    assert Role.FRONTLINE.value not in page


def test_a_time_that_somebody_else_has_meanwhile_leaves_the_call_where_it_was(
    business: Business, client: FlaskClient
) -> None:
    with business.desk.write() as session:
        session.scalars(select(Site).where(Site.slug == "harbour-st")).one().calls_at_once = 1
    mine, theirs = (f"{link(business, business.log(customer=who))}/callback" for who in (SAM, NOOR))
    send(client, mine, due_at="2026-03-10T10:00Z")
    send(client, theirs, due_at="2026-03-10T10:15Z")
    assert "That time has just gone. We call you at 10:00, as you booked." in send(
        client, mine, due_at="2026-03-10T10:15Z"
    )
    assert 'value="2026-03-10T10:15Z"' not in client.get(mine.removesuffix("/callback")).text


def test_the_call_goes_into_a_calendar(business: Business, client: FlaskClient) -> None:
    address = link(business, business.log(customer=SAM))
    assert client.get(f"{address}/call.ics").status_code == 302
    assert "Put it in your calendar" in send(client, f"{address}/callback", due_at="2026-03-10T10:00Z")
    file = client.get(f"{address}/call.ics")
    assert file.content_type == "text/calendar; charset=utf-8"
    (event,) = Calendar.from_ical(file.data).walk("VEVENT")
    assert event["SUMMARY"] == "Call from Harbour St Coffee"
    assert event["DTSTART"].dt == datetime(2026, 3, 10, 10, tzinfo=UTC)
    assert event["DURATION"].dt == timedelta(minutes=15)
    assert event["URL"].endswith(address)
    send(client, f"{address}/callback", due_at="2026-03-11T09:15Z")
    (moved,) = Calendar.from_ical(client.get(f"{address}/call.ics").data).walk("VEVENT")
    assert (moved["UID"], moved["SEQUENCE"]) == (event["UID"], event["SEQUENCE"] + 1)
    send(client, f"{address}/callback", due_at="")
    assert client.get(f"{address}/call.ics").status_code == 302


def test_call_me_offers_the_times_and_calls_who_chooses_none(
    business: Business, client: FlaskClient, clock: FrozenClock
) -> None:
    ticket = business.log(customer=SAM)
    address = link(business, ticket)
    assert "When shall we call?" not in words_of(client.get(address).text)
    page = send(client, f"{address}/callback/beginning")
    assert "When shall we call?" in page
    assert "Choose nothing, and we call as soon as someone is free." in page
    assert "When shall we call?" in words_of(client.get(address).text)
    clock.advance(minutes=10)
    business.tick()
    assert "We call you as soon as someone is free" in words_of(client.get(address).text)
    assert "When shall we call?" not in words_of(client.get(address).text)


def test_who_says_that_it_is_right_is_asked_how_well_on_the_page_and_once(
    business: Business, client: FlaskClient
) -> None:
    ticket = resolved(business)
    address = link(business, ticket)
    assert "How well did we put it right?" not in client.get(address).text
    assert "How well did we put it right?" in send(client, f"{address}/confirmation")
    page = send(client, f"{address}/rating", rating="4")
    assert "Thank you: we have it." in page
    assert "How well did we put it right?" not in page
    send(client, f"{address}/rating", rating="1")
    again = fresh(business, ticket)
    assert (again.rating, again.unread) == (4, 1), "the second is for a person, as by text"
    assert not [row for row in business.rows(Message, ticket) if row.template == "rating"]


def test_a_low_rating_on_the_page_is_read_by_a_person(business: Business, client: FlaskClient) -> None:
    ticket = resolved(business)
    send(client, f"{link(business, ticket)}/confirmation")
    assert "Someone reads it" in send(client, f"{link(business, ticket)}/rating", rating="2")
    assert (fresh(business, ticket).rating, fresh(business, ticket).unread) == (2, 1)


@pytest.mark.parametrize("rating", ["", "0", "6", "55555", "-1", "five"])
def test_a_rating_that_is_none_changes_nothing(business: Business, client: FlaskClient, rating: str) -> None:
    ticket = resolved(business)
    send(client, f"{link(business, ticket)}/confirmation")
    send(client, f"{link(business, ticket)}/rating", rating=rating)
    assert (fresh(business, ticket).rating, fresh(business, ticket).unread) == (None, 0)


def test_nobody_rates_what_they_have_not_said_to_be_right(business: Business, client: FlaskClient) -> None:
    ticket = resolved(business)
    send(client, f"{link(business, ticket)}/rating", rating="5")
    assert fresh(business, ticket).rating is None
