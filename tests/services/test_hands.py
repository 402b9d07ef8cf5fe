"""What staff do with a text: move it to the ticket it is about, or opt its number out because it asks."""

import pytest

from recovery.domain.errors import Invalid, NotFound, Stale
from recovery.domain.threads import FoundBy
from recovery.models import Callback, Message, Ticket
from recovery.services.hearing.hands import (
    Other,
    move_by_hand,
    opt_out_as_asked,
    others_of,
    refusals_of,
)
from tests.factories import NOOR, Business, NewCustomer
from tests.services.texting_parts import delivered, read_again, says

SAM_ABROAD = NewCustomer("+44 7700 900123", "Sam")


def two(business: Business) -> tuple[Ticket, Ticket]:
    first = business.log()
    business.later(minutes=5)
    second = business.log(failure="late")
    delivered(business)
    return first, second


def move(
    business: Business, message: Message, source: Ticket, to: str, *, by: str = "maya", version: int | None = None
) -> Ticket:
    how = {"version": version, "now": business.now, "by": business.actor(by)}
    return business.desk.transact(lambda s: move_by_hand(s, source.reference, message.id, to, **how))


def others(business: Business, ticket: Ticket, by: str) -> list[Other]:
    actor = business.actor(by)
    with business.desk.read() as session:
        return list(others_of(session, session.get_one(Ticket, ticket.id), by=actor))


def test_a_guess_is_moved_with_an_event_on_both(business: Business) -> None:
    first, second = two(business)
    message = says(business, "Still cold")
    move(business, message, second, first.reference)
    moved = read_again(business, message)
    assert (moved.ticket_id, moved.site_id, moved.found_by) == (first.id, first.site_id, FoundBy.STAFF)
    assert (business.again(first).unread, business.again(second).unread) == (1, 0)
    for ticket in (first, second):
        (told,) = [event for event in business.told(ticket) if event.tag == "ticket:text:moved"]
        assert told.actor_id == business.staff("maya").id


def test_an_answer_that_comes_later_does_not_move_it_back(business: Business) -> None:
    first, second = two(business)
    message = says(business, "Still cold")
    move(business, message, second, first.reference)
    delivered(business)
    says(business, "1")
    assert read_again(business, message).ticket_id == first.id


@pytest.mark.parametrize("what", ["itself", "another customer's", "nothing", "another site's", "one that is over"])
def test_a_text_moves_to_another_live_ticket_of_the_same_customer_alone(business: Business, what: str) -> None:
    first, second = two(business)
    message = says(business, "Still cold")
    if what == "one that is over":
        void(business, first)
    to = {
        "itself": second.reference,
        "another customer's": business.log(customer=NOOR).reference,
        "nothing": "RD-222222",
        "another site's": business.log(by="nell", site="quay", customer=SAM_ABROAD, remedies=()).reference,
        "one that is over": first.reference,
    }[what]
    with pytest.raises(Invalid, match="same customer"):
        move(business, message, second, to)
    assert read_again(business, message).ticket_id == second.id


def void(business: Business, ticket: Ticket) -> None:
    with business.desk.writing.begin() as connection:
        connection.execute(Ticket.__table__.update().where(Ticket.id == ticket.id).values(status="void"))


def test_what_was_moved_meanwhile_is_not_moved_again(business: Business) -> None:
    first, second = two(business)
    message = says(business, "Still cold")
    move(business, message, second, first.reference)
    with pytest.raises(NotFound):
        move(business, message, second, first.reference)


def test_a_form_from_before_is_refused(business: Business) -> None:
    first, second = two(business)
    message = says(business, "Still cold")
    version = business.again(second).version
    says(business, "Hello?")
    with pytest.raises(Stale):
        move(business, message, second, first.reference, version=version)


def test_only_tickets_that_one_may_see_are_offered(business: Business) -> None:
    first, second = two(business)
    business.log(by="nell", site="quay", customer=SAM_ABROAD, remedies=())
    assert [each.reference for each in others(business, second, "maya")] == [first.reference]
    assert len(others(business, second, "ada")) == 2


def test_who_asks_in_their_own_words_is_opted_out_by_a_person_with_the_text_as_evidence(business: Business) -> None:
    ticket = business.log()
    message = says(business, "Please stop texting me")
    assert message.understood_as == "refusal"
    assert business.again(ticket).no_text_reason is None
    maya = business.actor("maya")
    how = {"now": business.now, "by": maya}
    assert business.desk.transact(lambda s: opt_out_as_asked(s, ticket.reference, message.id, **how))
    again = business.again(ticket)
    assert (again.no_text_reason, again.unread) == ("opted_out", 0)
    assert [call.reason for call in business.rows(Callback, ticket)] == ["opted_out"]
    with business.desk.read() as session:
        (refusal,) = refusals_of(session, session.get_one(Ticket, ticket.id))
    assert (refusal.how, refusal.words, refusal.at) == ("person", "Please stop texting me", business.now)
    (told,) = [event for event in business.told(ticket) if event.tag == "ticket:customer:opted_out"]
    assert told.actor_id == maya.id
    assert not business.desk.transact(lambda s: opt_out_as_asked(s, ticket.reference, message.id, **how))


def test_a_text_of_another_ticket_is_no_evidence(business: Business) -> None:
    ticket, other = business.log(), business.log(customer=NOOR)
    message = says(business, "Please stop texting me")
    maya = business.actor("maya")
    with pytest.raises(NotFound):
        business.desk.transact(lambda s: opt_out_as_asked(s, other.reference, message.id, now=business.now, by=maya))
    assert business.again(ticket).no_text_reason is None
