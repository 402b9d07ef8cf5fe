"""Replies find their ticket: by the thread, by what it last spoke of, and where that is not enough by asking once."""

import pytest
from sqlalchemy import select

from recovery.domain.callbacks import CallbackStatus
from recovery.domain.texts import segments
from recovery.domain.threads import FoundBy
from recovery.domain.tickets import TicketStatus
from recovery.models import Callback, Ticket
from recovery.services.people.customers import NewCustomer
from recovery.services.texting.consent import opt_out
from recovery.services.texting.threads import VEILED, message_row, messages_of
from recovery.services.ticketing import tickets
from recovery.services.ticketing.stories import shown_words, thread_of
from tests.factories import NOOR, Business
from tests.services.texting_parts import SAMS, asked, delivered, read_again, says, texts_on


def two(business: Business) -> tuple[Ticket, Ticket]:
    """Sam's wrong order, and five minutes later that he was kept waiting: we wrote about that one last."""
    first = business.log()
    business.later(minutes=5)
    second = business.log(failure="late")
    delivered(business)
    return first, second


def unread(business: Business, *those: Ticket) -> list[int]:
    return [business.again(ticket).unread for ticket in those]


def resolve(business: Business, ticket: Ticket) -> None:
    business.on(ticket, lambda session, row, maya: tickets.resolve(session, row, how=None, now=business.now, by=maya))


def wait(business: Business, ticket: Ticket) -> None:
    business.on(ticket, lambda session, row, by: tickets.wait_for_customer(session, row, now=business.now, by=by))


def test_with_one_live_ticket_a_text_is_about_that_one_whichever_we_wrote_about_last(business: Business) -> None:
    first, second = two(business)
    resolve(business, second)
    delivered(business)
    message = says(business, "hello?")
    assert (message.ticket_id, message.found_by) == (first.id, None)
    assert asked(business) == []


def test_with_several_the_customer_is_asked_once_by_number(business: Business) -> None:
    first, second = two(business)
    says(business, "Is anybody there?")
    business.later(minutes=1)
    says(business, "Hello?")
    (question,) = asked(business)
    assert question.body == (
        "Thank you, we have your message. Which one is it about? "
        f"1 the wait ({second.reference}), 2 wrong order ({first.reference}). Reply with its number."
    )
    assert question.options == f"{second.id} {first.id}"
    assert segments(question.body).count <= 2


def test_until_they_say_it_stands_unread_on_the_one_we_wrote_about_last_as_a_guess(business: Business) -> None:
    """Nothing waits where nobody sees it, also when no worker runs."""
    first, second = two(business)
    message = says(business, "Is anybody there?")
    assert (message.ticket_id, message.found_by) == (second.id, FoundBy.GUESS)
    assert unread(business, first, second) == [0, 1]


def test_the_answer_brings_all_that_waited_where_they_say_in_order(business: Business) -> None:
    first, second = two(business)
    wait(business, first)
    for words in ("Is anybody there?", "7", "It is cold"):
        says(business, words)
        business.later(seconds=20)
        delivered(business)
    answer = says(business, "2")
    assert texts_on(business, first) == ["Is anybody there?", "7", "It is cold", "2"]
    assert texts_on(business, second) == []
    assert unread(business, first, second) == [3, 0]
    assert business.again(first).status is TicketStatus.IN_RECOVERY
    assert (answer.ticket_id, read_again(business, answer).read_at) == (first.id, business.now)
    assert "text:moved" in business.tags(second)
    assert business.tags(first).count("text:moved") == 3


def test_an_answer_for_the_one_it_stands_on_already_makes_it_certain(business: Business) -> None:
    first, second = two(business)
    message = says(business, "Is anybody there?")
    delivered(business)
    says(business, "1")
    assert read_again(business, message).found_by == FoundBy.ANSWER
    assert unread(business, first, second) == [0, 1]


def test_an_answer_in_the_next_hour_still_moves_it_though_somebody_has_read_it(business: Business) -> None:
    """Whoever has the ticket that it comes to has not read it."""
    first, second = two(business)
    says(business, "Is anybody there?")
    delivered(business)
    business.on(second, lambda session, row, maya: tickets.mark_read(session, row, now=business.now, by=maya))
    business.later(minutes=50)
    says(business, "2")
    assert unread(business, first, second) == [1, 0]


def test_a_day_later_a_digit_answers_nothing(business: Business) -> None:
    first, second = two(business)
    says(business, "Is anybody there?")
    delivered(business)
    business.later(hours=24)
    says(business, "2")
    assert texts_on(business, first) == []
    assert unread(business, second) == [2]


def test_a_digit_that_was_not_offered_is_words(business: Business) -> None:
    first, second = two(business)
    says(business, "Is anybody there?")
    delivered(business)
    says(business, "3")
    assert unread(business, first, second) == [0, 2]


@pytest.mark.parametrize("digit", [1, 2])
def test_a_choice_that_was_logged_in_error_takes_nothing_away_from_the_other(business: Business, digit: int) -> None:
    """It was a duplicate, as a colleague has found out since; the customer answers by what they were asked."""
    older, newer = business.log(), business.log(failure="late")
    delivered(business)
    says(business, "Is anybody there?")
    delivered(business)
    twice, stays = (newer, older) if digit == 1 else (older, newer)
    business.on(
        twice,
        lambda session, held, maya: tickets.void(
            session, held, reason="twice", duplicate_of=None, now=business.now, by=maya
        ),
    )
    says(business, str(digit))
    assert texts_on(business, stays) == ["Is anybody there?", str(digit)]
    assert (business.again(twice).unread, business.again(stays).unread) == (0, 1)


def test_a_second_answer_changes_nothing(business: Business) -> None:
    first, second = two(business)
    says(business, "Is anybody there?")
    delivered(business)
    says(business, "2")
    says(business, "1")
    assert texts_on(business, first) == ["Is anybody there?", "2", "1"]
    assert unread(business, first, second) == [2, 0]


def test_once_they_have_said_which_they_go_on_about_it_unasked(business: Business) -> None:
    first, second = two(business)
    says(business, "Is anybody there?")
    delivered(business)
    says(business, "2")
    message = says(business, "I am at the counter")
    assert (message.ticket_id, message.found_by) == (first.id, FoundBy.ANSWER)
    assert len(asked(business)) == 1
    assert unread(business, first, second) == [2, 0]


def test_until_we_write_about_another(business: Business) -> None:
    _, second = two(business)
    says(business, "Is anybody there?")
    delivered(business)
    says(business, "2")
    business.later(minutes=1)
    business.on(
        second, lambda session, row, maya: tickets.write_to_customer(session, row, "Coming!", now=business.now, by=maya)
    )
    message = says(business, "Thank you")
    assert (message.ticket_id, message.found_by) == (second.id, FoundBy.GUESS)
    assert len(asked(business)) == 1


def test_four_are_named_and_of_more_the_last_choice_is_something_else(business: Business) -> None:
    logged = []
    for failure in ("wrong_order", "late", "missing_item", "overcharged", "cold_or_damaged"):
        logged.append(business.log(failure=failure))
        business.later(minutes=1)
    delivered(business)
    says(business, "Is anybody there?")
    (question,) = asked(business)
    assert "4 something else" in (question.body or "")
    assert segments(question.body or "").count <= 2
    delivered(business)
    answer = says(business, "4")
    assert answer.ticket_id == logged[-1].id
    assert unread(business, logged[-1]) == [1]


def test_a_question_about_a_resolution_is_answered_before_it(business: Business) -> None:
    """The newest unanswered one is meant."""
    first, second = two(business)
    says(business, "Is anybody there?")
    delivered(business)
    business.later(minutes=1)
    resolve(business, second)
    business.later(seconds=11)
    delivered(business)
    says(business, "1")
    assert business.again(second).status is TicketStatus.CLOSED
    says(business, "2")
    assert texts_on(business, first) == ["Is anybody there?", "2"]


def test_call_is_about_all_that_is_open_and_asks_nothing(business: Business) -> None:
    first, second = two(business)
    says(business, "CALL")
    assert asked(business) == []
    assert [call.status for call in business.rows(Callback, second)] == [CallbackStatus.DUE]
    assert business.rows(Callback, first) == []


@pytest.mark.parametrize("word", ["STOP", "START", "HELP"])
def test_a_keyword_is_obeyed_and_asks_nothing(business: Business, word: str) -> None:
    two(business)
    says(business, word)
    assert asked(business) == []


def test_who_wants_no_texts_is_not_asked(business: Business) -> None:
    first, second = two(business)
    contact = business.again(first).customer.contact
    business.desk.transact(
        lambda session: opt_out(
            session, contact, sender=session.house.sender, how="keyword", message_id=None, now=business.now
        )
    )
    says(business, "Hello")
    assert asked(business) == []
    assert unread(business, first, second) == [0, 1]


def test_a_question_that_never_arrived_may_be_asked_again(business: Business) -> None:
    two(business)
    says(business, "Is anybody there?")
    with business.desk.writing.begin() as connection:
        connection.exec_driver_sql("UPDATE messages SET status = 'undelivered' WHERE template = 'which'")
    business.later(minutes=1)
    says(business, "Hello?")
    assert len(asked(business)) == 2


def test_a_question_that_names_another_sites_ticket_is_not_shown_to_either(business: Business) -> None:
    sam = NewCustomer(SAMS, "Sam")
    here, there = business.log(), business.log(by="nell", site="quay", failure="late", customer=sam)
    delivered(business)
    says(business, "Hello?")
    (question,) = asked(business)
    assert here.reference in (question.body or "")
    assert there.reference in (question.body or "")
    row = Ticket.id == question.ticket_id
    with business.desk.read() as session:
        owner = session.scalars(select(Ticket).where(row)).one()
        page = [each.body for each in messages_of(session, owner.id, limit=50).items]
        shown = shown_words(session, thread_of(session, owner.id))
        one = message_row(session, question.id)
    assert VEILED in page
    assert shown[question.id] == VEILED
    assert one is not None
    assert one.body == VEILED
    told = " ".join(str(each) for each in (*page, *shown.values()))
    assert (here if owner.id == there.id else there).reference not in told


def test_one_between_tickets_of_one_site_is_shown(business: Business) -> None:
    _, second = two(business)
    says(business, "Hello?")
    with business.desk.read() as session:
        assert any(second.reference in (each.body or "") for each in messages_of(session, second.id, limit=50).items)


def test_another_customers_tickets_are_no_choice(business: Business) -> None:
    ticket = business.log()
    business.log(customer=NOOR)
    assert says(business, "Hello?").ticket_id == ticket.id
    assert asked(business) == []
