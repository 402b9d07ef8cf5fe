"""Waiting for a free colleague: in line with an estimate, called, and helped."""

from datetime import timedelta

import pytest

from recovery.domain.errors import Invalid, NotFound, WrongState
from recovery.domain.messages import MessageStatus
from recovery.domain.tickets import PromiseAbout, Source, TicketStatus, ToldBy
from recovery.domain.waits import WaitStatus
from recovery.models import Message, Promise, Ticket
from recovery.services.deciding.remedies import propose
from recovery.services.people.customers import NewCustomer, last_recovery
from recovery.services.people.directory import customers_with
from recovery.services.ticketing.stories import history
from recovery.services.waiting import turns
from recovery.services.waiting.joining import NewWait, join
from recovery.services.waiting.wait_lists import count_in_line, waits
from tests.factories import LEE, NOOR, SAM, Business, refund
from tests.services.calls import texts
from tests.services.post import Post
from tests.services.texting_parts import SAMS
from tests.services.wait_parts import (
    BY_NAME,
    helped_every,
    in_the_numbers,
    joined,
    last_text,
    minutes,
    press,
    promise,
    row,
    ticket_of,
)


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """The races have a file of their own, on both databases."""
    return sqlite_url


def test_who_waits_is_told_when_it_is_their_turn_and_the_promise_has_a_margin(business: Business) -> None:
    wait = joined(business, note="returns a kettle")
    ticket = ticket_of(business, wait)
    assert (wait.status, row(business, wait).place, minutes(business, wait)) == (WaitStatus.WAITING, 1, 5)
    assert (ticket.source, ticket.failure, ticket.status, ticket.note) == (
        Source.GREETER,
        "late",
        TicketStatus.OPEN,
        "returns a kettle",
    )
    made = promise(business, wait)
    assert (made.due_at, made.told_by, made.about) == (
        business.now + timedelta(minutes=15),
        ToldBy.TEXT,
        PromiseAbout.TOUCH,
    )
    body = last_text(business, wait)
    assert "Hello Sam, you are in line at Harbour St Coffee, and it is your turn in about 5 minutes." in body
    assert "/c/" in body
    assert business.tags(ticket) == ["ticket:logged", "wait:begun", "text:queued", "promise:made"]


def test_by_night_the_answer_to_somebody_who_stands_there_waits_for_no_morning(business: Business) -> None:
    business.later(hours=13)
    wait = joined(business)
    message = business.rows(Message, ticket_of(business, wait))[-1]
    assert message.not_before == business.now
    assert message.urgent_until is not None


def test_who_has_no_phone_is_listed_by_name_and_told_in_person(business: Business) -> None:
    wait = joined(business, BY_NAME)
    assert texts(business, ticket_of(business, wait)) == []
    assert promise(business, wait).told_by is ToldBy.IN_PERSON
    assert row(business, wait).name == "Lady in the green coat"
    assert wait.due_at is None
    assert press(business, press(business, wait, turns.ready), turns.helped).status is WaitStatus.HELPED


def test_somebody_has_to_be_named_and_nobody_stands_in_line_twice(business: Business) -> None:
    for customer in (NewCustomer(), NewCustomer(" ", " ")):
        with pytest.raises(Invalid) as refused:
            joined(business, customer)
        assert refused.value.errors["customer.phone"] == ["Enter a phone number, or a name to call out."]
    first = joined(business)
    with pytest.raises(Invalid) as refused:
        joined(business, NewCustomer("07700 900123"))
    assert "in line already" in refused.value.errors["customer.phone"][0]
    press(business, first, turns.helped)
    assert joined(business, NewCustomer("07700 900123")).status is WaitStatus.WAITING


def test_at_another_site_it_is_nothing(business: Business) -> None:
    wait = joined(business)
    with pytest.raises(NotFound):
        press(business, wait, turns.ready, by="nell")
    with pytest.raises(NotFound):
        row(business, wait, by="nell")
    nell = business.actor("nell")
    with business.desk.read() as session:
        assert list(waits(session, by=nell).items) == []
        assert count_in_line(session, by=nell) == 0
        assert count_in_line(session, by=business.actor("omar")) == 1
    with pytest.raises(NotFound):
        business.desk.transact(
            lambda session: join(session, NewWait("harbour-st", SAM), now=business.now, by=business.actor("nell"))
        )


def test_the_estimate_is_the_place_times_the_pace_of_today(business: Business) -> None:
    assert [minutes(business, joined(business, each)) for each in (SAM, NOOR, LEE)] == [5, 10, 15]
    business.later(days=1)
    helped_every(business, 9, 5)
    business.later(minutes=1)
    assert minutes(business, joined(business, NewCustomer(None, "Kim"))) == 40  # place 4, each some 9 minutes


def test_yesterdays_pace_is_not_todays(business: Business) -> None:
    helped_every(business, 9, 5)
    assert minutes(business, joined(business)) == 10
    business.later(days=1)
    assert minutes(business, joined(business, NOOR)) == 10  # the second, at the usual five minutes each


def test_when_we_are_ready_it_is_told_at_once_and_asked(business: Business) -> None:
    wait, other = joined(business), joined(business, NOOR)
    business.later(minutes=4)
    called = press(business, wait, turns.ready, by="omar")
    assert (called.status, called.called_at, called.called_by_id) == (
        WaitStatus.CALLED,
        business.now,
        business.staff("omar").id,
    )
    message = business.rows(Message, ticket_of(business, wait))[-1]
    assert "we are ready for you at Harbour St Coffee: Omar is free." in (message.body or "")
    assert (message.asks, message.urgent_until is not None) == ("coming", True)
    assert ticket_of(business, wait).status is TicketStatus.WAITING_FOR_CUSTOMER
    assert [each.outcome for each in business.rows(Promise, ticket_of(business, wait))] == ["kept", None]
    assert row(business, other).place == 1


def test_a_second_press_changes_nothing(business: Business) -> None:
    wait = press(business, joined(business), turns.ready)
    told = len(business.told(ticket_of(business, wait)))
    assert press(business, wait, turns.ready, by="omar").called_by_id == business.staff("maya").id
    assert len(business.told(ticket_of(business, wait))) == told
    helped = press(business, wait, turns.helped, by="omar")
    told = len(business.told(ticket_of(business, wait)))
    assert press(business, wait, turns.helped).helped_by_id == business.staff("omar").id == helped.helped_by_id
    assert len(business.told(ticket_of(business, wait))) == told
    with pytest.raises(WrongState, match="This wait is helped, so it cannot become called"):
        press(business, wait, turns.ready)


def test_helped_ends_it_without_a_word_and_it_is_in_no_report(business: Business) -> None:
    wait = press(business, joined(business), turns.ready)
    business.later(minutes=3)
    done = press(business, wait, turns.helped, by="omar")
    ticket = ticket_of(business, wait)
    assert (done.status, done.ended_at, done.helped_by_id) == (
        WaitStatus.HELPED,
        business.now,
        business.staff("omar").id,
    )
    assert (ticket.status, ticket.resolved_by_id) == (TicketStatus.CLOSED, business.staff("omar").id)
    assert texts(business, ticket) == ["waiting", "waiting_ready"]
    assert in_the_numbers(business) == 0
    with business.desk.read() as session:
        assert ticket.customer is not None
        assert last_recovery(session, ticket.customer, by=business.actor("maya")) is None
    business.later(days=10)
    business.tick()
    assert ticket_of(business, wait).status is TicketStatus.CLOSED


def test_a_wait_tells_of_a_customer_only_where_something_went_wrong_with_it(business: Business) -> None:
    """On the log page, beside an approval, and in the API alike."""
    first = press(business, press(business, joined(business), turns.ready), turns.helped)
    assert what_is_known_of_sam(business, ticket_of(business, first)) == (None, 0, 0)
    second = joined(business)
    remedied = ticket_of(business, second)
    business.on(remedied, lambda session, row, by: propose(session, row, refund(300), now=business.now, by=by))
    press(business, press(business, second, turns.ready), turns.helped)
    assert what_is_known_of_sam(business, ticket_of(business, first)) == (remedied.id, 1, 1)


def what_is_known_of_sam(business: Business, ticket: Ticket) -> tuple[int | None, int, int]:
    """As seen from that ticket of his."""
    maya = business.actor("maya")
    with business.desk.read() as session:
        assert ticket.customer is not None
        last = last_recovery(session, ticket.customer, by=maya)
        past = history(session, ticket.id, ticket.customer_id, now=business.now)
        (found,) = customers_with(session, [SAMS], by=maya)
        assert past is not None
        return last.id if last else None, past.tickets, found.tickets


def test_a_text_that_was_kept_up_does_not_leave_past_the_time_that_it_tells(business: Business, post: Post) -> None:
    """The line was down, and no worker has looked at the wait."""
    wait = joined(business)
    business.later(minutes=(wait.estimate_at - business.now).total_seconds() / 60)
    assert post.depart() == []
    (told,) = business.rows(Message, ticket_of(business, wait))
    assert (told.status, told.drop_reason) == (MessageStatus.DROPPED, "expired")
