"""What people do with a ticket after it is logged."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from recovery.domain.errors import Forbidden, Invalid, WrongState
from recovery.domain.messages import MessageStatus
from recovery.domain.tickets import Severity, Source, TicketStatus
from recovery.models import Ledger, Message, Promise, Remedy, Ticket
from recovery.services.people.leaving import release
from recovery.services.ticketing import reopening, tickets
from recovery.services.ticketing.tickets import Change
from tests.factories import Business, refund


def do(business: Business, ticket: Ticket, act: Any, *, by: str = "maya", **more: Any) -> Any:
    """`act` from `services.ticketing.tickets`, now, by somebody."""
    return business.on(ticket, lambda session, held, who: act(session, held, now=business.now, by=who, **more), by=by)


def resolved(business: Business, **more: Any) -> Ticket:
    ticket = business.log(**more)
    do(business, ticket, tickets.resolve, how=None)
    return ticket


def test_resolving_is_a_persons_act_and_ends_the_promise(business: Business) -> None:
    ticket = business.again(resolved(business))
    assert (ticket.status, ticket.resolved_by_id) == (TicketStatus.RESOLVED, business.staff("maya").id)
    assert ticket.promise_due_at is None
    assert [promise.outcome for promise in business.rows(Promise, ticket)] == ["kept"]


def test_the_resolved_text_waits_ten_seconds_for_an_undo(business: Business) -> None:
    ticket = resolved(business)
    text = business.rows(Message, ticket)[-1]
    assert (text.template, text.not_before) == ("resolved", business.now + timedelta(seconds=10))
    business.later(seconds=9)
    do(business, ticket, reopening.undo_resolution)
    again = business.again(ticket)
    assert (again.status, again.level) == (TicketStatus.IN_RECOVERY, 1)
    text = business.rows(Message, ticket)[-1]
    assert (text.status, text.drop_reason) == (MessageStatus.DROPPED, "undone")


def test_nothing_is_resolved_while_a_remedy_awaits_approval(business: Business) -> None:
    ticket = business.log(remedies=(refund(4500),))
    with pytest.raises(WrongState, match="waits for approval"):
        do(business, ticket, tickets.resolve, how=None)


def test_reopening_lifts_the_ticket_one_level_and_alerts_the_next_person(business: Business) -> None:
    ticket = resolved(business)
    business.later(days=2)
    do(business, ticket, reopening.reopen, why="still cold")
    again = business.again(ticket)
    assert (again.status, again.level) == (TicketStatus.IN_RECOVERY, 2)
    assert again.promise_due_at is not None
    assert "ticket:escalated" in business.tags(ticket)
    assert [row.template for row in business.rows(Message, ticket)][-1] == "reopened"


def test_after_the_window_a_new_ticket_is_linked_and_one_level_up(business: Business) -> None:
    ticket = resolved(business)
    business.later(days=8)
    new = do(business, ticket, reopening.reopen, why="still cold")
    assert (new.id == ticket.id, new.linked_to_id, new.level) == (False, ticket.id, 2)
    assert business.again(ticket).status == TicketStatus.RESOLVED
    assert new.promise_due_at is not None


def followed(business: Business, **more: Any) -> tuple[Ticket, Ticket]:
    """Resolved, and found wrong again when the window is over: the earlier ticket and the one that goes on."""
    earlier = resolved(business, **more)
    business.later(days=8)
    return earlier, do(business, earlier, reopening.reopen, why="by_hand")


def test_what_goes_on_alerts_the_next_person_and_is_told_as_it_can_be(business: Business) -> None:
    _, new = followed(business)
    alerted = [row.staff_id for row in business.rows(Message, new) if row.template == "staff_alert"]
    assert alerted == [business.staff("omar").id]
    assert [promise.told_by for promise in business.rows(Promise, new)] == ["text"]
    _, unreachable = followed(business, customer=None)
    assert [promise.told_by for promise in business.rows(Promise, unreachable)] == ["page"]


@pytest.mark.parametrize("source", [Source.STORE_WALK, Source.MYSTERY_SHOP, Source.DRILL])
def test_what_owed_nobody_anything_goes_on_so(business: Business, source: Source) -> None:
    _, new = followed(business, source=source, remedies=())
    again = business.again(new)
    assert (again.source, again.promise_due_at, again.counts) == (source, None, source is Source.STORE_WALK)
    assert business.rows(Promise, new) == []
    assert [row for row in business.rows(Message, new) if row.audience == "customer"] == []


def test_a_strangers_number_is_not_texted_by_what_goes_on(business: Business) -> None:
    earlier = business.log()
    with business.desk.writing.begin() as connection:
        told = Ticket.__table__.update().where(Ticket.id == earlier.id).values(no_text_reason="wrong_number")
        connection.execute(told)
    do(business, earlier, tickets.resolve, how=None)
    business.later(days=8)
    new = do(business, earlier, reopening.reopen, why="by_hand")
    assert business.again(new).no_text_reason == "wrong_number"
    assert [row for row in business.rows(Message, new) if row.audience == "customer"] == []


def test_one_ticket_goes_on_however_often_it_is_opened_again(business: Business) -> None:
    earlier, new = followed(business)
    assert do(business, earlier, reopening.reopen, by="omar", why="by_hand").id == new.id
    assert business.again(new).level == 2
    do(business, new, tickets.resolve, how=None)
    business.later(days=1)
    again = do(business, earlier, reopening.reopen, why="by_hand")
    assert (again.id, again.status, again.level) == (new.id, TicketStatus.IN_RECOVERY, 3)


def test_one_that_was_logged_in_error_does_not_go_on(business: Business) -> None:
    earlier, new = followed(business)
    do(business, new, tickets.void, reason="pressed by mistake", duplicate_of=None)
    assert do(business, earlier, reopening.reopen, why="by_hand").id not in {earlier.id, new.id}


def test_another_problem_of_the_same_visit_does_not_go_on_from_the_first(business: Business) -> None:
    earlier = resolved(business)
    beside = business.log(failure="late", linked_to=earlier.reference)
    business.later(days=8)
    assert do(business, earlier, reopening.reopen, why="by_hand").id != beside.id


def test_a_reopened_observation_still_owes_nobody_a_promise(business: Business) -> None:
    ticket = resolved(business, customer=None, remedies=(), source=Source.STORE_WALK)
    do(business, ticket, reopening.reopen, why="again")
    assert business.again(ticket).promise_due_at is None
    assert business.rows(Promise, ticket) == []


@pytest.mark.parametrize("act", [tickets.resolve, tickets.wait_for_customer])
def test_what_is_void_stays_void(business: Business, act: Any) -> None:
    ticket = business.log()
    do(business, ticket, tickets.void, reason="twice", duplicate_of=None)
    with pytest.raises(WrongState):
        do(business, ticket, act, **({"how": None} if act is tickets.resolve else {}))


def test_undoing_a_log_cancels_what_was_not_handed_over_and_frees_its_money(business: Business) -> None:
    ticket = business.log(remedies=(refund(1500), refund(4500)))
    do(business, ticket, tickets.void, reason="wrong table", duplicate_of=None)
    assert {remedy.status for remedy in business.rows(Remedy, ticket)} == {"cancelled"}
    with business.desk.read() as session:
        assert {row.total for row in session.scalars(select(Ledger))} == {0}
    assert business.rows(Message, ticket)[0].status is MessageStatus.DROPPED
    assert [row.template for row in business.rows(Message, ticket) if row.audience == "customer"] == ["logged_waiting"]


def test_a_void_ticket_whose_text_has_left_gets_one_correction(business: Business) -> None:
    ticket = business.log()
    with business.desk.writing.begin() as connection:
        connection.execute(
            Message.__table__.update().where(Message.ticket_id == ticket.id).values(status=MessageStatus.DELIVERED)
        )
    do(business, ticket, tickets.void, reason="wrong table", duplicate_of=None)
    assert [row.template for row in business.rows(Message, ticket)] == ["logged", "voided"]


def test_a_void_says_why_and_names_what_it_doubles(business: Business) -> None:
    first, second = business.log(), business.log()
    with pytest.raises(Invalid):
        do(business, second, tickets.void, reason="  ", duplicate_of=None)
    do(business, second, tickets.void, reason="same cup", duplicate_of=first)
    assert f'"duplicate_of":{first.id}' in next(
        event.payload for event in business.told(second) if event.tag == "ticket:ticket:voided"
    )


def test_waiting_for_the_customer_still_owes_them_a_look_tomorrow(business: Business) -> None:
    ticket = business.log()
    do(business, ticket, tickets.wait_for_customer)
    again = business.again(ticket)
    assert again.status is TicketStatus.WAITING_FOR_CUSTOMER
    assert again.promise_due_at == business.now + timedelta(days=1)


def test_only_a_supervisor_closes_and_closing_needs_a_resolution(business: Business) -> None:
    ticket = business.log()
    with pytest.raises(WrongState):
        do(business, ticket, tickets.close, by="omar", cause="x", action=None)
    do(business, ticket, tickets.resolve, how=None)
    with pytest.raises(Forbidden):
        do(business, ticket, tickets.close, cause="x", action=None)
    do(business, ticket, tickets.close, by="omar", cause="Sticker machine", action="New roll")
    assert (business.again(ticket).status, business.again(ticket).cause) == (TicketStatus.CLOSED, "Sticker machine")


def test_frontline_changes_their_own_tickets_and_gives_none_away(business: Business) -> None:
    ticket = business.log(by="omar")
    with pytest.raises(Forbidden):
        do(business, ticket, lambda *args, **more: tickets.change(*args, Change(note="mine"), **more))
    own = business.log()
    to_omar = Change(owner_id=business.staff("omar").id)
    with pytest.raises(Forbidden):
        do(business, own, lambda *args, **more: tickets.change(*args, to_omar, **more))


def test_who_logged_it_does_not_take_back_what_a_supervisor_gave_to_somebody_else(business: Business) -> None:
    ticket = business.log()
    to_maya = Change(owner_id=business.staff("maya").id)
    do(business, ticket, tickets.take, by="omar")
    with pytest.raises(Forbidden):
        do(business, ticket, lambda *args, **more: tickets.change(*args, to_maya, **more))
    assert business.again(ticket).owner_id == business.staff("omar").id
    do(business, ticket, lambda *args, **more: tickets.change(*args, to_maya, **more), by="omar")
    do(business, ticket, lambda *args, **more: tickets.change(*args, to_maya, **more))


def test_who_logged_it_takes_it_back_once_nobody_has_it(business: Business) -> None:
    ticket = business.log()
    do(business, ticket, tickets.take, by="omar")
    business.on(ticket, lambda session, held, _: release(session, held, now=business.now))
    do(
        business,
        ticket,
        lambda *args, **more: tickets.change(*args, Change(owner_id=business.staff("maya").id), **more),
    )
    assert business.again(ticket).owner_id == business.staff("maya").id


def test_an_owner_works_at_the_site(business: Business) -> None:
    ticket, nell = business.log(), business.staff("nell")
    with pytest.raises(Invalid, match="works at this site"):
        do(
            business,
            ticket,
            lambda *args, **more: tickets.change(*args, Change(owner_id=nell.id), **more),
            by="omar",
        )


def test_a_change_that_changes_nothing_tells_nothing(business: Business) -> None:
    ticket = business.log(note="by the door")
    before = len(business.told(ticket))
    same = Change(severity=Severity.MINOR, note=" by the door ", owner_id=business.staff("maya").id)
    do(business, ticket, lambda *args, **more: tickets.change(*args, same, **more))
    assert len(business.told(ticket)) == before
    assert business.again(ticket).version == 1


def test_the_commitment_to_a_note_is_to_the_note_that_is_kept(business: Business) -> None:
    ticket = business.log()
    do(business, ticket, lambda *args, **more: tickets.change(*args, Change(note="  by the door "), **more))
    kept = business.again(ticket)
    assert kept.note == "by the door"
    assert tickets.commitment(kept.salt, "by the door") in business.told(ticket)[-1].payload  # type: ignore[operator]


def test_reading_replies_that_are_not_there_is_no_change(business: Business) -> None:
    ticket = business.log()
    do(business, ticket, tickets.mark_read)
    assert business.again(ticket).version == 1


def test_words_of_ones_own_keep_the_promise(business: Business) -> None:
    ticket = business.log()
    business.later(minutes=3)
    do(business, ticket, lambda *args, **more: tickets.write_to_customer(*args, "Back in five.", **more))
    assert [promise.outcome for promise in business.rows(Promise, ticket)] == ["kept", None]
    assert business.again(ticket).first_response_at == business.now
    with pytest.raises(Invalid):
        do(business, ticket, lambda *args, **more: tickets.write_to_customer(*args, "   ", **more))
