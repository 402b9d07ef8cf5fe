"""Who leaves, or stops working at a site, leaves nothing behind that nobody sees."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime

import pytest
from sqlalchemy import select

from recovery.domain.actors import Actor
from recovery.domain.callbacks import CallbackStatus, Outcome
from recovery.domain.errors import Forbidden
from recovery.domain.tickets import TicketStatus
from recovery.models import Approval, Callback, Message, Staff, Ticket
from recovery.services.access import locked_ticket
from recovery.services.deciding.remedies import approve, remedies_of
from recovery.services.people.staff import NewStaff, change_staff, deactivate, locked_with_admins
from recovery.services.session import DeskSession
from recovery.services.texting.replies import Inbound, receive
from recovery.services.ticketing import reopening, tickets
from recovery.services.ticketing.rows import Undetected
from recovery.services.ticketing.undetected import undetected
from tests.factories import ADA, LEE, MAYA, NOOR, OMAR, Business, refund
from tests.fixtures.locks import is_waited_for
from tests.fixtures.waiting import wait_until
from tests.services.calls import book, tried
from tests.services.texting_parts import delivered

LENA = NewStaff("lena@example.com", "Lena Fox", "frontline", ("harbour-st",))


def leave(business: Business, name: str) -> int:
    def act(session: object) -> int:
        person = locked_with_admins(session, business.staff(name).id)  # type: ignore[arg-type]
        return deactivate(session, person, now=business.now, by=business.actor("ada"))  # type: ignore[arg-type]

    return business.desk.transact(act)


def become(business: Business, name: str, new: NewStaff) -> None:
    business.desk.transact(
        lambda session: change_staff(
            session,
            locked_with_admins(session, business.staff(name).id),
            new,
            now=business.now,
            by=business.actor("ada"),
        ),
    )


def nobodys(business: Business, by: str = "omar") -> set[int]:
    with business.desk.read() as session:
        rows = undetected(session, by=business.actor(by)).items
    return {row.ticket.id for row in rows if Undetected.NO_OWNER in row.reasons}


def take(business: Business, ticket: Ticket, by: str) -> None:
    business.on(ticket, lambda session, held, who: tickets.take(session, held, now=business.now, by=who), by=by)


def give(session: DeskSession, ticket: Ticket, to: Staff, *, by: Actor, now: datetime) -> None:
    held = locked_ticket(session, ticket.reference, by=by)
    tickets.change(session, held, tickets.Change(owner_id=to.id), now=now, by=by)
    session.flush()


@pytest.mark.postgres
def test_who_is_given_a_ticket_in_the_moment_that_they_leave_does_not_keep_it(on_postgres: Business) -> None:
    business = on_postgres
    ticket, maya, omar = business.log(by="omar"), business.staff("maya"), business.actor("omar")
    with ThreadPoolExecutor(1) as others:
        with business.desk.write() as session:
            give(session, ticket, maya, by=omar, now=business.now)
            leaving = others.submit(leave, business, "maya")
            wait_until(
                lambda: is_waited_for(business.desk.reading), what="who leaves waits for who gives them a ticket"
            )
        assert leaving.result(timeout=10) == 1
    assert nobodys(business) == {ticket.id}


def test_the_live_tickets_of_who_leaves_are_nobodys_and_each_trail_says_so(business: Business) -> None:
    first, second, over = business.log(), business.log(customer=NOOR), business.log(customer=LEE)
    business.on(over, lambda session, held, by: tickets.resolve(session, held, how=None, now=business.now, by=by))
    assert leave(business, "maya") == 2
    assert nobodys(business) == {first.id, second.id}
    assert business.again(first).owner is None
    assert business.again(over).owner_id == business.staff("maya").id
    told = business.told(first)[-1]
    assert (told.tag, told.actor_id) == ("ticket:ticket:changed", business.staff("ada").id)
    assert business.again(first).version == first.version + 1


def test_a_colleague_takes_what_was_left(business: Business) -> None:
    ticket = business.log(by="omar")
    with pytest.raises(Forbidden):
        take(business, ticket, "maya")
    leave(business, "omar")
    take(business, ticket, "maya")
    assert business.again(ticket).owner_id == business.staff("maya").id
    assert nobodys(business, "maya") == set()


def test_texts_do_not_say_that_somebody_who_left_is_on_it(business: Business) -> None:
    ticket = business.log()
    delivered(business)
    leave(business, "maya")
    business.later(minutes=16)
    business.tick("promises to lapse")
    late = next(row for row in business.rows(Message, ticket) if row.template == "late")
    assert "Maya" not in (late.body or "")


def test_calls_they_were_to_make_are_for_whoever_is_free(business: Business) -> None:
    ticket = business.log(by="omar")
    book(business, ticket, hours=3)
    leave(business, "omar")
    (call,) = business.rows(Callback, ticket)
    assert (call.staff_id, call.status) == (None, CallbackStatus.BOOKED)
    assert "callback:released" in business.tags(ticket)


def test_a_call_on_a_colleagues_ticket_is_released_and_the_ticket_stays(business: Business) -> None:
    """He was cut off, and was to call straight back."""
    ticket = business.log()
    book(business, ticket)
    assert tried(business, ticket, Outcome.DISCONNECTED, by="omar").staff_id == business.staff("omar").id
    leave(business, "omar")
    assert business.again(ticket).owner_id == business.staff("maya").id
    assert business.rows(Callback, ticket)[0].staff_id is None


def test_who_moves_to_another_site_leaves_the_tickets_of_the_old_one(business: Business) -> None:
    ticket = business.log()
    become(business, "maya", replace(MAYA, sites=("harbour-st", "quay"), phone=""))
    assert nobodys(business) == set()
    become(business, "maya", replace(MAYA, sites=("quay",), phone=""))
    assert nobodys(business) == {ticket.id}


def test_an_admin_works_everywhere_until_they_are_one_no_longer(business: Business) -> None:
    here, there = business.log(by="ada"), business.log(by="ada", site="quay", customer=None)
    become(business, "omar", replace(OMAR, role="admin", sites=(), phone=""))
    become(business, "ada", replace(ADA, role="supervisor", sites=("harbour-st",)))
    assert business.again(here).owner_id == business.staff("ada").id
    assert nobodys(business) == {there.id}


def test_what_is_reopened_after_its_owner_left_has_no_owner(business: Business) -> None:
    ticket = business.log()
    business.on(ticket, lambda session, held, by: tickets.resolve(session, held, how=None, now=business.now, by=by))
    leave(business, "maya")
    business.later(days=1)
    business.on(
        ticket,
        lambda session, held, by: reopening.reopen(session, held, why="cold", now=business.now, by=by),
        by="omar",
    )
    assert business.again(ticket).owner_id is None
    assert nobodys(business) == {ticket.id}
    assert "Maya" not in (business.rows(Message, ticket)[-1].body or "")


def test_what_goes_on_in_a_new_ticket_has_no_owner_who_left(business: Business) -> None:
    ticket = business.log()
    business.on(ticket, lambda session, held, by: tickets.resolve(session, held, how=None, now=business.now, by=by))
    leave(business, "maya")
    business.later(days=8)
    new = business.on(
        ticket,
        lambda session, held, by: reopening.reopen(session, held, why="cold", now=business.now, by=by),
        by="omar",
    )
    assert (new.id == ticket.id, business.again(new).owner_id) == (False, None)


def approval_of(business: Business, ticket: Ticket) -> Approval:
    with business.desk.read() as session:
        return session.scalars(select(Approval).where(Approval.ticket_id == ticket.id)).one()


@pytest.mark.parametrize("how", ["leaves", "is demoted", "moves away"])
def test_what_waits_for_their_answer_is_asked_of_the_next_at_once(business: Business, how: str) -> None:
    ticket = business.log(remedies=(refund(4500),))
    assert approval_of(business, ticket).asked_of_id == business.staff("omar").id
    if how == "leaves":
        leave(business, "omar")
    else:
        become(
            business,
            "omar",
            replace(OMAR, **({"role": "frontline"} if how == "is demoted" else {"sites": ("quay",), "phone": ""})),
        )
    approval = approval_of(business, ticket)
    assert (approval.asked_of_id, approval.rung) == (business.staff("ada").id, 2)
    business.on(
        ticket,
        lambda session, held, ada: approve(session, held, remedies_of(session, held)[0], now=business.now, by=ada),
        by="ada",
    )
    assert business.again(ticket).status is TicketStatus.IN_RECOVERY


def test_an_answer_that_only_an_admin_may_give_goes_on_when_they_are_one_no_longer(business: Business) -> None:
    become(
        business, "nell", replace(OMAR, email="nell@example.com", name="Nell Ruiz", role="admin", sites=(), phone="")
    )
    ticket = business.log(remedies=(refund(20_000),))
    asked = approval_of(business, ticket).asked_of_id
    name, other = ("ada", "nell") if asked == business.staff("ada").id else ("nell", "ada")
    become(business, name, NewStaff("", "Somebody", "supervisor", ("harbour-st",)))
    assert approval_of(business, ticket).asked_of_id == business.staff(other).id


def test_a_change_of_name_moves_nothing(business: Business) -> None:
    ticket = business.log(by="omar", remedies=(refund(20_000),))
    before = len(business.told(ticket))
    become(business, "omar", replace(OMAR, name="Omar H."))
    assert len(business.told(ticket)) == before


def test_a_customer_who_writes_to_who_left_is_an_unread_reply_of_nobodys(business: Business) -> None:
    ticket = business.log()
    leave(business, "maya")
    inbound = Inbound("+447700900123", "simulator", "Still there?", "SM1")
    business.desk.transact(lambda session: receive(session, inbound, now=business.now))
    with business.desk.read() as session:
        (row,) = undetected(session, by=business.actor("omar")).items
    assert (row.ticket.id, row.reasons) == (ticket.id, (Undetected.UNREAD_REPLY, Undetected.NO_OWNER))
