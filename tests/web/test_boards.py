"""Desk, board and Undetected: who needs a person now, and a page that asks again costs next to nothing."""

from collections.abc import Callable

import pytest
from sqlalchemy import event, update

from recovery.clock import FrozenClock
from recovery.domain.actors import Actor
from recovery.models import Callback, Remedy, Ticket
from recovery.services.calling.booking import book
from recovery.services.running import heartbeats
from recovery.services.session import CLAIMS, DeskSession
from recovery.services.texting.replies import Inbound, receive
from recovery.web.desk import LANE
from tests.factories import LEE, NOOR, SAM, Business, refund
from tests.web.pages import Visitor, words


def lane(page: str, name: str) -> str:
    """The words of one lane of the desk."""
    _, _, rest = page.partition(f'aria-labelledby="lane-{name}"')
    return rest.partition("</section>")[0]


def test_an_empty_desk_says_so_and_offers_one_thing_to_do(maya: Visitor) -> None:
    page = words(maya.open("/"))
    assert "All is well." in page
    assert "Log a mistake" in page


def test_what_is_mine_moves_to_the_first_lane_when_it_is_nearly_due(
    business: Business, maya: Visitor, clock: FrozenClock
) -> None:
    business.log(customer=SAM)
    page = maya.open("/").text
    assert "Sam Whitfield" in lane(page, "mine")
    clock.advance(minutes=11)
    page = maya.open("/").text
    assert "Sam Whitfield" in lane(page, "late")
    assert "Sam Whitfield" not in lane(page, "mine")
    assert "One promise is nearly due." in words(maya.open("/"))
    clock.advance(minutes=5)
    assert "One customer is waiting too long." in words(maya.open("/"))


def test_all_is_not_well_while_a_reply_is_unread(business: Business, maya: Visitor) -> None:
    business.log(customer=SAM)
    inbound = Inbound("+447700900123", "simulator", "Where are you?", "SM1")
    business.desk.transact(lambda session: receive(session, inbound, now=business.now))
    assert "One reply is unread." in words(maya.open("/"))


def test_a_question_stands_on_the_desk_of_who_may_answer_it(business: Business, maya: Visitor, omar: Visitor) -> None:
    ticket = business.log(remedies=(refund(4500),))
    page = omar.open("/")
    assert "Maya asks: Refund £45.00" in words(page)
    assert f'data-palette="Sam Whitfield · {ticket.reference}"' in page.text
    assert " asks " not in words(maya.open("/"))


def test_a_call_stands_on_the_desk_of_who_makes_it(business: Business, maya: Visitor, omar: Visitor) -> None:
    ticket = business.log(customer=NOOR)
    business.on(ticket, lambda session, row, by: book(session, row, due_at=None, now=business.now, by=by))
    for visitor in (maya, omar):
        calls = lane(visitor.open("/").text, "calls")
        assert "Noor Aziz" in calls
        assert "</b> call to make" in calls
    assert "One call is to be made now." in words(maya.open("/"))


def test_nobody_sees_the_customers_of_another_site(business: Business, maya: Visitor) -> None:
    business.log(customer=SAM)
    nell = Visitor.signed_in(business, "nell", maya)
    for address in ("/", "/board", "/board?wall=1", "/tickets", "/undetected", "/desk/lanes", "/board/rows"):
        answer = nell.open(address)
        assert answer.status_code == 200
        assert "Sam" not in words(answer)


@pytest.mark.parametrize("address", ["/desk/lanes", "/board/rows", "/board/rows?wall=1"])
def test_a_page_that_asks_again_gets_a_304_until_something_is_new(
    business: Business, maya: Visitor, clock: FrozenClock, address: str
) -> None:
    business.log(customer=SAM)
    first = maya.open(address)
    clock.advance(seconds=5)
    again = maya.open(address, headers={"If-None-Match": first.headers["ETag"], "X-Poll": "1"})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["X-Server-Now"] == "2026-03-10T09:30:05Z"
    business.log(customer=LEE)
    new = maya.open(address, headers={"If-None-Match": first.headers["ETag"]})
    assert new.status_code == 200
    assert "Lee Chen" in words(new)


def test_the_board_shows_the_worst_first(business: Business, maya: Visitor, clock: FrozenClock) -> None:
    business.log(customer=SAM)
    clock.advance(minutes=1)
    business.log(customer=LEE, failure="unsafe")
    clock.advance(minutes=1)
    business.log(customer=NOOR)
    page = words(maya.open("/board"))
    assert "Three customers are waiting. Nobody is late." in page
    assert page.index("Kept private") < page.index("Sam Whitfield") < page.index("Noor Aziz")


def test_the_wall_shows_twelve_and_says_how_many_more(business: Business, maya: Visitor, clock: FrozenClock) -> None:
    for _ in range(14):
        clock.advance(seconds=1)
        business.log(customer=None, remedies=())
    page = maya.open("/board?wall=1")
    assert page.text.count("board-row") == 12
    assert "and 2 more" in words(page)
    assert "site-nav" not in page.text


def test_an_unread_reply_stands_on_undetected_until_somebody_reads_it(business: Business, maya: Visitor) -> None:
    ticket = business.log(customer=SAM)
    assert "Nobody is overlooked." in words(maya.open("/undetected"))
    inbound = Inbound("+447700900123", "simulator", "Where are you?", "SM1")
    business.desk.transact(lambda session: receive(session, inbound, now=business.now))
    page = words(maya.open("/undetected"))
    assert "One customer is overlooked." in page
    assert "A reply nobody has read." in page
    maya.act(ticket.reference, "reading")
    assert "Nobody is overlooked." in words(maya.open("/undetected"))


def test_a_ticket_without_a_person_is_taken_with_one_tap(business: Business, maya: Visitor, omar: Visitor) -> None:
    ticket = business.log(by="omar")
    with business.desk.write() as session:  # somebody left, and what was theirs is nobody's
        session.execute(update(Ticket).values(owner_id=None), execution_options=CLAIMS)
    assert "I take it" in words(maya.open("/undetected"))
    assert maya.act(ticket.reference, "owner").status_code == 302
    assert "Owner Maya" in words(maya.open(f"/tickets/{ticket.reference}"))


def test_an_approval_without_anybody_left_leads_to_the_answer_or_to_what_was_asked(
    business: Business, maya: Visitor, omar: Visitor, clock: FrozenClock
) -> None:
    ticket = business.log(remedies=(refund(4500),))
    for _ in range(3):
        clock.advance(minutes=10)
        business.tick("approvals overdue")
    said = "Everybody who may approve was asked, and nobody has answered."
    (remedy,) = business.rows(Remedy, ticket)
    page = omar.open("/undetected")
    assert said in words(page)
    assert f'href="/approvals#approval-{remedy.id}">Answer it' in page.text
    page = maya.open("/undetected")
    assert said in words(page)
    assert f'href="/tickets/{ticket.reference}#remedies">See what was asked' in page.text


def test_a_question_for_admins_alone_leads_a_supervisor_to_what_was_asked(
    business: Business, omar: Visitor, clock: FrozenClock
) -> None:
    """It is above what he may approve, and is not on his page of answers."""
    ticket = business.log(remedies=(refund(20_000),))
    clock.advance(minutes=10)
    business.tick("approvals overdue")
    (remedy,) = business.rows(Remedy, ticket)
    assert "Nobody waits for your answer." in words(omar.open("/approvals"))
    assert f'href="/tickets/{ticket.reference}#remedies">See what was asked' in omar.open("/undetected").text
    ada = Visitor.signed_in(business, "ada", omar)
    assert f'href="/approvals#approval-{remedy.id}">Answer it' in ada.open("/undetected").text


def test_what_a_colleague_has_is_not_taken_away(business: Business, maya: Visitor) -> None:
    ticket = business.log(by="omar")
    assert maya.act(ticket.reference, "owner").status_code == 403


@pytest.mark.parametrize("address", ["/", "/board", "/tickets", "/undetected", "/approvals", "/log"])
def test_without_a_sign_in_every_page_leads_to_the_door(business: Business, address: str) -> None:
    assert Visitor.at(business).open(address).headers["Location"].startswith("/sign-in")


def test_many_rows_cost_as_many_questions_as_few(business: Business, maya: Visitor, clock: FrozenClock) -> None:
    def asked(address: str) -> int:
        statements.clear()
        maya.open(address)
        return len(statements)

    statements: list[str] = []
    event.listen(business.desk.reading, "before_cursor_execute", lambda *told: statements.append(told[2]))

    for _ in range(3):
        business.log(customer=SAM)
    few = {address: asked(address) for address in ("/", "/board", "/tickets")}
    for _ in range(12):
        clock.advance(seconds=1)
        business.log(customer=SAM)
    assert {address: asked(address) for address in few} == few


NO_WORKER = "No worker is at work: texts wait, and nobody watches promises."


def test_a_banner_says_that_no_worker_is_at_work_until_one_beats(
    business: Business, maya: Visitor, clock: FrozenClock
) -> None:
    ada = Visitor.signed_in(business, "ada", maya)
    assert NO_WORKER in words(maya.open("/"))
    assert "See what is wrong" not in words(maya.open("/"))
    assert 'href="/admin">See what is wrong' in ada.open("/tickets").text
    business.desk.transact(lambda session: heartbeats.beat(session, "worker:one", now=business.now, detail={}))
    assert "All is well." in words(maya.open("/"))
    assert NO_WORKER not in words(maya.open("/"))
    clock.advance(seconds=20)
    assert NO_WORKER in words(maya.open("/"))


@pytest.mark.parametrize("address", ["/desk/lanes", "/board/rows"])
def test_a_part_of_a_page_asks_nothing_for_what_stands_around_pages(
    business: Business, maya: Visitor, address: str
) -> None:
    statements: list[str] = []
    event.listen(business.desk.reading, "before_cursor_execute", lambda *told: statements.append(told[2]))
    assert maya.open(address).status_code == 200
    assert not [each for each in statements if "heartbeats" in each]
    maya.open("/")
    assert [each for each in statements if "heartbeats" in each]


def test_the_calls_of_colleagues_leave_room_for_ones_own(business: Business, maya: Visitor, clock: FrozenClock) -> None:
    """More calls of Omar's come due before hers than a lane has room for."""
    for _ in range(LANE + 1):
        ticket = business.log(customer=SAM, remedies=(), by="omar")
        business.on(ticket, booked(business), by="omar")
        clock.advance(seconds=1)
    business.on(business.log(customer=NOOR), booked(business))
    calls = lane(maya.open("/").text, "calls")
    assert "Noor Aziz" in calls
    assert "Sam Whitfield" not in calls


def test_all_calls_are_a_page_further_when_the_lane_is_full(
    business: Business, maya: Visitor, clock: FrozenClock
) -> None:
    for _ in range(LANE + 1):
        business.on(business.log(customer=None, remedies=()), booked(business))
        clock.advance(seconds=1)
    calls = lane(maya.open("/").text, "calls")
    assert calls.count("data-key") == LANE
    assert 'href="/?calls=all">All of them' in calls
    page = maya.open("/?calls=all").text
    assert lane(page, "calls").count("data-key") == LANE + 1
    assert "All of them" not in lane(page, "calls")
    assert 'data-poll="/desk/lanes?calls=all"' in page
    assert maya.open("/desk/lanes?calls=all").text.count('data-key="call-') == LANE + 1


def test_what_waits_for_an_answer_stands_on_the_desk_once(business: Business, maya: Visitor, omar: Visitor) -> None:
    ticket = business.log(remedies=(refund(4500),))
    omar.act(ticket.reference, "owner")
    page = omar.open("/").text
    assert f'data-key="approval-{business.rows(Remedy, ticket)[0].id}"' in lane(page, "late")
    assert "Sam Whitfield" not in lane(page, "mine")


def booked(business: Business) -> Callable[[DeskSession, Ticket, Actor], Callback]:
    return lambda session, row, by: book(session, row, due_at=None, now=business.now, by=by)
