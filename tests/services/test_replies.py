"""What customers write back finds its ticket, is understood as little as needed, and is never lost."""

import itertools
from datetime import timedelta

import pytest

from recovery.domain.actors import Actor
from recovery.domain.callbacks import CallbackStatus, Outcome
from recovery.domain.tickets import TicketStatus
from recovery.models import Callback, Message, Ticket
from recovery.services.access import lock_ticket
from recovery.services.calling import booking
from recovery.services.calling.attempts import attempt
from recovery.services.session import DeskSession
from recovery.services.texting import replies
from recovery.services.texting.replies import Inbound
from recovery.services.ticketing import reopening, tickets
from tests.factories import Business

SAMS, NOORS = "+447700900123", "+447700900124"
_sids = itertools.count()


def says(business: Business, words: str, *, number: str = SAMS, sid: str | None = None) -> Message:
    inbound = Inbound(number, business.desk.house.sender, words, sid or f"SM{next(_sids)}")
    return business.desk.transact(lambda session: replies.receive(session, inbound, now=business.now))


def resolved_and_asked(business: Business) -> Ticket:
    """Resolved, and the question has arrived on the phone."""
    ticket = business.log()
    business.on(ticket, lambda session, held, maya: tickets.resolve(session, held, how=None, now=business.now, by=maya))
    business.later(seconds=11)
    delivered(business, ticket)
    return ticket


def delivered(business: Business, ticket: Ticket) -> None:
    with business.desk.writing.begin() as connection:
        connection.execute(
            Message.__table__.update()
            .where(Message.ticket_id == ticket.id, Message.audience == "customer", Message.direction == "outbound")
            .values(status="delivered", sending_at=business.now),
        )


def test_one_closes_what_was_resolved(business: Business) -> None:
    ticket = resolved_and_asked(business)
    says(business, "1")
    again = business.again(ticket)
    assert (again.status, again.confirmed_at) == (TicketStatus.CLOSED, business.now)


def test_two_reopens_it_one_level_up(business: Business) -> None:
    ticket = resolved_and_asked(business)
    says(business, " 2. ")
    again = business.again(ticket)
    assert (again.status, again.level) == (TicketStatus.IN_RECOVERY, 2)


def test_thanks_after_a_resolution_is_unread_and_reopens_nothing(business: Business) -> None:
    ticket = resolved_and_asked(business)
    says(business, "Thanks, you are kind")
    again = business.again(ticket)
    assert (again.status, again.unread) == (TicketStatus.RESOLVED, 1)


def test_a_digit_with_nothing_asked_is_an_unread_reply(business: Business) -> None:
    ticket = business.log()
    says(business, "1")
    assert (business.again(ticket).status, business.again(ticket).unread) == (TicketStatus.IN_RECOVERY, 1)


def test_a_digit_answers_the_ticket_of_its_question_though_another_was_written_about_since(business: Business) -> None:
    asked = resolved_and_asked(business)
    business.later(minutes=5)
    other = business.log(failure="late")
    delivered(business, other)
    says(business, "2")
    assert business.again(asked).status is TicketStatus.IN_RECOVERY
    assert business.again(other).unread == 0
    assert [row.body for row in business.rows(Message, asked) if row.direction == "inbound"] == ["2"]


def test_a_digit_that_comes_after_somebody_reopened_is_unread_and_not_lost(business: Business) -> None:
    ticket = resolved_and_asked(business)
    business.later(minutes=5)
    business.on(
        ticket, lambda session, held, maya: reopening.reopen(session, held, why="cold", now=business.now, by=maya)
    )
    says(business, "2")
    again = business.again(ticket)
    assert (again.status, again.level, again.unread) == (TicketStatus.IN_RECOVERY, 2, 1)


def test_a_question_is_open_for_a_day(business: Business) -> None:
    ticket = resolved_and_asked(business)
    business.later(hours=24)
    says(business, "2")
    assert (business.again(ticket).status, business.again(ticket).unread) == (TicketStatus.RESOLVED, 1)


def test_and_that_day_begins_when_it_was_asked_not_in_the_night_before(business: Business) -> None:
    business.later(hours=13, minutes=30)
    ticket = business.log()
    business.on(ticket, lambda session, held, maya: tickets.resolve(session, held, how=None, now=business.now, by=maya))
    business.later(hours=9)  # eight in the morning
    delivered(business, ticket)
    business.later(hours=23)
    says(business, "2")
    assert business.again(ticket).status is TicketStatus.IN_RECOVERY


def test_call_books_a_call_as_soon_as_somebody_is_free(business: Business) -> None:
    ticket = business.log()
    says(business, "call")
    (call,) = business.rows(Callback, ticket)
    assert (call.status, call.as_soon_as_possible, call.booked_by_id) == (CallbackStatus.DUE, True, None)


def test_call_a_second_time_keeps_their_place_and_the_time_that_was_promised(business: Business) -> None:
    ticket = business.log()
    says(business, "CALL")
    (first,), texts = business.rows(Callback, ticket), len(business.rows(Message, ticket))
    business.later(minutes=4)
    says(business, "CALL")
    (call,) = business.rows(Callback, ticket)
    assert (call.due_at, call.miss_at, call.moves) == (first.due_at, first.miss_at, 0)
    assert len(business.rows(Message, ticket)) == texts + 1, "theirs alone: nothing new is told"
    business.later(minutes=7)
    business.tick()
    (missed,) = business.rows(Callback, ticket)
    assert missed.status is CallbackStatus.MISSED


def test_call_after_a_cut_line_leaves_the_two_minutes_in_which_we_call_back(business: Business) -> None:
    ticket = business.log()
    at_three = business.now + timedelta(hours=2)
    business.on(ticket, lambda session, held, by: booking.book(session, held, due_at=at_three, now=business.now, by=by))
    (call,) = business.rows(Callback, ticket)

    def cut(session: DeskSession, held: Ticket, by: Actor) -> None:
        mine = session.get_one(Callback, call.id)
        attempt(session, held, mine, outcome=Outcome.DISCONNECTED, note=None, now=business.now, by=by)

    business.on(ticket, cut)
    business.later(seconds=30)
    says(business, "CALL")
    (call,) = business.rows(Callback, ticket)
    assert call.miss_at == business.now + timedelta(seconds=90)


def test_call_after_a_resolution_reopens_it(business: Business) -> None:
    ticket = resolved_and_asked(business)
    says(business, "CALL")
    assert business.again(ticket).status is TicketStatus.IN_RECOVERY
    assert len(business.rows(Callback, ticket)) == 1


@pytest.mark.parametrize("words", ["CALL", "I am back"])
def test_a_customer_we_waited_for_starts_our_clock_again(business: Business, words: str) -> None:
    ticket = business.log()
    business.on(ticket, lambda session, held, maya: tickets.wait_for_customer(session, held, now=business.now, by=maya))
    says(business, words)
    assert business.again(ticket).status is TicketStatus.IN_RECOVERY


def test_the_same_text_delivered_twice_is_kept_once(business: Business) -> None:
    ticket = business.log()
    says(business, "hello", sid="SM1")
    says(business, "hello", sid="SM1")
    assert business.again(ticket).unread == 1


def test_a_stranger_is_kept_and_learns_nothing(business: Business) -> None:
    business.log()
    message = says(business, "who is this", number="+447700900777")
    assert (message.ticket_id, message.body) == (None, "who is this")


def test_staff_who_answer_mark_what_they_read(business: Business) -> None:
    ticket = business.log()
    says(business, "hello")
    business.on(ticket, lambda session, held, maya: tickets.mark_read(session, held, now=business.now, by=maya))
    assert business.again(ticket).unread == 0
    assert business.rows(Message, ticket)[-1].read_at == business.now


def test_what_is_written_on_the_page_is_a_reply_like_any_other_and_never_a_keyword(business: Business) -> None:
    ticket = business.log()
    with business.desk.write() as session:
        replies.write_from_page(session, lock_ticket(session, ticket.id), "STOP shouting", now=business.now)
    assert business.again(ticket).unread == 1
    assert business.again(ticket).no_text_reason is None


def test_a_reply_raises_the_version_so_that_a_form_made_before_it_shows_it(business: Business) -> None:
    ticket = business.log()
    business.later(minutes=1)
    says(business, "hello")
    assert business.again(ticket).version == 2
    assert business.now - ticket.logged_at == timedelta(minutes=1)
