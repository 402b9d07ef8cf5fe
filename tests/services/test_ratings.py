"""How well it was put right: asked once the customer says that it is, kept as they first said it, low ones read by a person."""

import pytest

from recovery.domain.actors import CUSTOMER
from recovery.domain.messages import MessageStatus
from recovery.domain.tickets import TicketStatus
from recovery.models import Message, Ticket
from recovery.services.hearing.ratings import rate
from recovery.services.proving.audit import verify
from recovery.services.ticketing import reopening, tickets
from recovery.services.ticketing.rows import Undetected
from recovery.services.waiting import turns
from tests.factories import Business
from tests.services.post import Post
from tests.services.test_undetected import reasons
from tests.services.texting_parts import asked, delivered, says
from tests.services.wait_parts import joined, press


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """What a digit means has nothing of either database in it."""
    return sqlite_url


def said_fixed(business: Business) -> Ticket:
    """Resolved, asked whether it is fixed, and answered that it is."""
    ticket = business.log()
    business.on(ticket, lambda session, held, maya: tickets.resolve(session, held, how=None, now=business.now, by=maya))
    business.later(minutes=1)
    delivered(business)
    says(business, "1")
    return ticket


def rating_asked(business: Business) -> Ticket:
    ticket = said_fixed(business)
    delivered(business)
    business.later(minutes=2)
    return ticket


def test_who_says_that_it_is_fixed_is_asked_how_well(business: Business) -> None:
    ticket = said_fixed(business)
    (question,) = asked(business, "rating")
    assert (question.ticket_id, question.asks) == (ticket.id, "rating")
    assert question.body.startswith(
        "Thank you Sam. One last question from Maya at Harbour St Coffee: how well did we put it right?"
        " Reply with a digit from 1 (badly) to 5 (very well)."
    )


@pytest.mark.parametrize(("words", "rating"), [("3", 3), ("4.", 4), (" 5 ", 5)])
def test_their_digit_is_kept_and_nobody_has_to_read_it(business: Business, words: str, rating: int) -> None:
    ticket = rating_asked(business)
    message = says(business, words)
    again = business.again(ticket)
    assert (again.rating, again.unread, again.status) == (rating, 0, TicketStatus.CLOSED)
    assert message.read_at is not None
    assert business.tags(ticket)[-2:] == ["rating:given", "text:received"]
    with business.desk.read() as session:
        assert verify(session, business.desk.house.audit_key).ok


@pytest.mark.parametrize("digit", ["1", "2"])
def test_a_low_one_is_read_by_a_person_and_reopens_nothing(business: Business, digit: str) -> None:
    ticket = rating_asked(business)
    says(business, digit)
    again = business.again(ticket)
    assert (again.rating, again.unread, again.status) == (int(digit), 1, TicketStatus.CLOSED)
    assert Undetected.UNREAD_REPLY in reasons(business, ticket)


@pytest.mark.parametrize("words", ["0", "6", "10", "really well", "4 or 5"])
def test_what_is_no_digit_of_the_scale_is_read_by_a_person(business: Business, words: str) -> None:
    ticket = rating_asked(business)
    says(business, words)
    assert (business.again(ticket).rating, business.again(ticket).unread) == (None, 1)


def test_the_first_answer_stays_and_a_second_is_read_by_a_person(business: Business) -> None:
    ticket = rating_asked(business)
    says(business, "5")
    says(business, "1")
    assert (business.again(ticket).rating, business.again(ticket).unread) == (5, 1)


def test_a_digit_before_the_question_has_left_rates_nothing(business: Business) -> None:
    ticket = said_fixed(business)
    says(business, "1")
    assert (business.again(ticket).rating, business.again(ticket).unread) == (None, 1)


def test_still_not_right_after_all_takes_the_question_back(business: Business, post: Post) -> None:
    ticket = said_fixed(business)
    business.on(
        ticket, lambda session, held, _: reopening.reopen(session, held, why="cold", now=business.now, by=CUSTOMER)
    )
    post.send_all()
    (question,) = asked(business, "rating")
    assert (question.status, question.drop_reason) == (MessageStatus.DROPPED, "no_longer_true")


def test_who_rates_on_their_page_is_not_asked_by_text_as_well(business: Business, post: Post) -> None:
    ticket = said_fixed(business)
    business.on(ticket, lambda session, row, _: rate(session, row, 4, message_id=None, now=business.now))
    post.send_all()
    assert asked(business, "rating")[0].status is MessageStatus.DROPPED


def test_who_has_rated_on_their_page_and_answers_the_text_too_is_read_by_a_person(business: Business) -> None:
    ticket = rating_asked(business)
    business.on(ticket, lambda session, row, _: rate(session, row, 4, message_id=None, now=business.now))
    says(business, "5")
    assert (business.again(ticket).rating, business.again(ticket).unread) == (4, 1)


def test_and_else_the_question_leaves(business: Business, post: Post) -> None:
    said_fixed(business)
    post.send_all()
    assert asked(business, "rating")[0].status is MessageStatus.SENT


def test_who_is_put_right_twice_is_asked_again_unless_they_have_said_it(business: Business) -> None:
    ticket = rating_asked(business)
    for said in (None, "4"):
        if said:
            says(business, said)
        business.later(days=1)
        business.on(
            ticket, lambda session, held, maya: reopening.reopen(session, held, why="cold", now=business.now, by=maya)
        )
        business.on(
            ticket, lambda session, held, maya: tickets.resolve(session, held, how=None, now=business.now, by=maya)
        )
        business.later(minutes=1)
        delivered(business)
        says(business, "1")
        delivered(business)
        assert len(asked(business, "rating")) == 2
        assert business.again(ticket).status is TicketStatus.CLOSED


def test_nobody_is_asked_where_policy_says_so(business: Business) -> None:
    business.set_policy(asks_rating=False)
    said_fixed(business)
    assert asked(business, "rating") == []


def test_who_wants_no_texts_is_not_asked_and_nobody_calls_to_ask(business: Business) -> None:
    ticket = business.log()
    business.on(ticket, lambda session, held, maya: tickets.resolve(session, held, how=None, now=business.now, by=maya))
    business.later(minutes=1)
    delivered(business)
    says(business, "STOP")
    says(business, "1")
    assert business.again(ticket).confirmed_at is not None
    assert asked(business, "rating") == []
    assert business.rows(Message, ticket)[-1].body == "1"


def test_at_night_the_question_waits_for_the_morning(business: Business) -> None:
    ticket = business.log()
    business.on(ticket, lambda session, held, maya: tickets.resolve(session, held, how=None, now=business.now, by=maya))
    business.later(minutes=1)
    delivered(business)
    business.later(hours=13)
    says(business, "1")
    (question,) = asked(business, "rating")
    assert (question.ticket_id, question.status) == (ticket.id, MessageStatus.HELD)


def test_with_other_tickets_open_the_digit_is_still_its_own(business: Business) -> None:
    ticket = rating_asked(business)
    other = business.log(failure="late")
    delivered(business)
    says(business, "4")
    assert (business.again(ticket).rating, business.again(other).unread) == (4, 0)


def test_while_another_question_is_open_it_is_not_asked(business: Business) -> None:
    """One digit would answer two questions."""
    first, second = business.log(), business.log(failure="late")
    for ticket in (first, second):
        business.on(
            ticket, lambda session, held, maya: tickets.resolve(session, held, how=None, now=business.now, by=maya)
        )
        business.later(minutes=1)
        delivered(business)
    says(business, "1")
    assert [business.again(each).confirmed_at is not None for each in (first, second)] == [False, True]
    assert asked(business, "rating") == []
    says(business, "1")
    assert [question.ticket_id for question in asked(business, "rating")] == [first.id]


def resolved(business: Business, ticket: Ticket) -> None:
    business.on(ticket, lambda session, held, maya: tickets.resolve(session, held, how=None, now=business.now, by=maya))
    business.later(minutes=1)
    delivered(business)


def test_a_question_that_was_answered_on_the_page_keeps_the_next_one_from_nobody(business: Business) -> None:
    """They pressed "still not right" instead of texting a 2; an hour later it is right."""
    ticket, other = business.log(), business.log(failure="late")
    for each in (other, ticket):
        resolved(business, each)
    business.on(
        other, lambda session, held, _: tickets.confirm(session, held, message_id=None, now=business.now, by=CUSTOMER)
    )
    business.on(
        ticket, lambda session, held, _: reopening.reopen(session, held, why="cold", now=business.now, by=CUSTOMER)
    )
    business.later(hours=1)
    resolved(business, ticket)
    says(business, "1")
    assert [question.ticket_id for question in asked(business, "rating")] == [ticket.id]


def test_whoever_waited_in_line_too_long_is_asked_though_they_never_said_that_they_come(business: Business) -> None:
    wait = joined(business)
    delivered(business)
    business.later(hours=1)
    business.tick("promises to lapse")
    press(business, press(business, wait, turns.ready), turns.helped)
    business.later(minutes=1)
    delivered(business)
    says(business, "1")
    assert [question.ticket_id for question in asked(business, "rating")] == [wait.ticket_id]


def test_while_they_stand_in_line_they_are_not_asked_about_another_matter(business: Business) -> None:
    ticket = business.log()
    joined(business)
    delivered(business)
    resolved(business, ticket)
    says(business, "1")
    assert business.again(ticket).confirmed_at is not None
    assert asked(business, "rating") == []


def test_while_we_ask_which_one_they_mean_they_are_not_asked_how_well(business: Business) -> None:
    ticket = business.log()
    business.log(failure="late")
    delivered(business)
    says(business, "Is anybody there?")
    delivered(business)
    business.later(minutes=1)
    resolved(business, ticket)
    says(business, "1")
    assert business.again(ticket).confirmed_at is not None
    assert asked(business, "rating") == []
