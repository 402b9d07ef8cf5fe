"""STOP is heard at once by every ticket of that number, START lifts it, and the evidence of both stays."""

import itertools
from functools import partial

import pytest
from sqlalchemy import select

from recovery.domain.messages import MessageStatus
from recovery.models import Callback, Message, OptOut, Ticket
from recovery.services.alerting.alerts import escalate
from recovery.services.texting import replies
from recovery.services.texting.replies import Inbound
from recovery.services.ticketing import tickets
from tests.factories import NOOR, SAM, Business

SAMS = "+447700900123"
_sids = itertools.count()


def says(business: Business, words: str, *, answered: bool = False) -> Message:
    inbound = Inbound(SAMS, business.desk.house.sender, words, f"SM-consent-{next(_sids)}", answered)
    return business.desk.transact(lambda session: replies.receive(session, inbound, now=business.now))


def confirmations(business: Business) -> list[str | None]:
    wanted = ("stop_confirmed", "start_confirmed", "help")
    with business.desk.read() as session:
        query = select(Message.template).where(Message.template.in_(wanted)).order_by(Message.id)
        return list(session.scalars(query))


def outgoing(business: Business, ticket: Ticket) -> list[Message]:
    return [row for row in business.rows(Message, ticket) if row.direction == "outbound" and row.audience == "customer"]


@pytest.mark.parametrize("word", ["STOP", "stop", "Unsubscribe", "QUIT", " end "])
def test_stop_drops_what_waits_on_every_ticket_of_that_number(business: Business, word: str) -> None:
    first, second, other = business.log(customer=SAM), business.log(customer=SAM), business.log(customer=NOOR)
    says(business, word)
    for ticket in (first, second):
        text = outgoing(business, ticket)[0]
        assert (text.status, text.drop_reason) == (MessageStatus.DROPPED, "opted_out")
        assert business.again(ticket).no_text_reason == "opted_out"
        assert [call.reason for call in business.rows(Callback, ticket)] == ["opted_out"]
    assert outgoing(business, other)[0].status is MessageStatus.PENDING
    assert confirmations(business) == ["stop_confirmed"]


def test_what_a_colleague_is_to_be_told_of_that_ticket_is_not_dropped(business: Business) -> None:
    ticket = business.log()
    business.on(ticket, lambda session, held, _: escalate(session, held, why="reopened", now=business.now))
    says(business, "STOP")
    (alert,) = [row for row in business.rows(Message, ticket) if row.audience == "staff"]
    assert alert.status is MessageStatus.PENDING


@pytest.mark.parametrize("text", ["waits", "has left"])
def test_stop_on_a_resolved_ticket_is_a_call_for_a_person_as_well(business: Business, text: str) -> None:
    resolved, closed, void = business.log(), business.log(), business.log()
    for ticket in (resolved, closed):
        business.on(ticket, lambda session, held, by: tickets.resolve(session, held, how=None, now=business.now, by=by))
    close = partial(tickets.close, cause="x", action=None)
    business.on(closed, lambda session, held, by: close(session, held, now=business.now, by=by), by="omar")
    forget = partial(tickets.void, reason="twice", duplicate_of=None)
    business.on(void, lambda session, held, by: forget(session, held, now=business.now, by=by))
    if text == "has left":
        with business.desk.writing.begin() as connection:
            connection.execute(Message.__table__.update().values(status=MessageStatus.SENT))
    says(business, "STOP")
    (call,) = business.rows(Callback, resolved)
    assert (call.reason, call.is_task) == ("opted_out", True)
    assert business.tags(resolved).count("customer:opted_out") == 1
    assert business.again(resolved).no_text_reason == "opted_out"
    for ticket in (closed, void):
        assert [call.reason for call in business.rows(Callback, ticket)] == []
        assert "customer:opted_out" not in business.tags(ticket)
    says(business, "START")
    assert business.tags(resolved).count("customer:opted_in") == 1


def test_afterwards_nothing_is_queued_and_the_ticket_says_why(business: Business) -> None:
    business.log()
    says(business, "STOP")
    later = business.log()
    assert outgoing(business, later) == []
    assert business.again(later).no_text_reason == "opted_out"
    assert "text:withheld" in business.tags(later)


def test_start_lifts_it_and_the_row_stays_as_evidence(business: Business) -> None:
    ticket = business.log()
    says(business, "STOP")
    business.later(hours=1)
    says(business, "START")
    with business.desk.read() as session:
        (row,) = session.scalars(select(OptOut)).all()
    assert (row.how, row.lifted_at) == ("keyword", business.now)
    assert business.again(ticket).no_text_reason is None
    assert outgoing(business, business.log())[0].status is MessageStatus.PENDING
    assert confirmations(business) == ["stop_confirmed", "start_confirmed"]


def test_stop_twice_is_one_opt_out(business: Business) -> None:
    business.log()
    says(business, "STOP")
    says(business, "STOP")
    with business.desk.read() as session:
        assert len(session.scalars(select(OptOut)).all()) == 1


def test_where_the_provider_has_answered_we_record_it_and_stay_silent(business: Business) -> None:
    business.log()
    says(business, "STOP", answered=True)
    assert confirmations(business) == []
    with business.desk.read() as session:
        assert session.scalars(select(OptOut)).one().how == "keyword"


def test_help_answers_and_changes_nothing(business: Business) -> None:
    ticket = business.log()
    says(business, "HELP")
    assert confirmations(business) == ["help"]
    assert business.again(ticket).unread == 0


@pytest.mark.parametrize("word", ["YES", "Yes!"])
def test_yes_is_a_word_for_somebody_who_never_opted_out(business: Business, word: str) -> None:
    ticket = business.log()
    says(business, word)
    assert confirmations(business) == []
    assert business.again(ticket).unread == 1


@pytest.mark.parametrize("word", ["START", "start!", "UNSTOP", "un-stop"])
def test_any_other_word_of_that_kind_is_heard_though_only_the_provider_knew_of_the_stop(
    business: Business, word: str
) -> None:
    ticket = business.log()
    says(business, word)
    assert confirmations(business) == ["start_confirmed"]
    assert business.again(ticket).unread == 0


def test_start_never_makes_us_write_to_a_wrong_number_again(business: Business) -> None:
    ticket = business.log()
    with business.desk.writing.begin() as connection:
        connection.execute(
            Ticket.__table__.update().where(Ticket.id == ticket.id).values(no_text_reason="wrong_number")
        )
    says(business, "STOP")
    says(business, "START")
    assert business.again(ticket).no_text_reason == "wrong_number"
