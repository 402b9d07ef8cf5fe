"""A shift closes when nobody is overlooked, or when each who is has somebody's name on them."""

import threading
from collections.abc import Callable

import pytest
from sqlalchemy import select

from recovery.domain.errors import Forbidden, Invalid, NotFound, WrongState
from recovery.models import Callback, Customer, Event, HandedOver, Handover, Message, Site, Staff, Ticket
from recovery.services.access import locked_ticket
from recovery.services.demo.removing import remove
from recovery.services.handing.closing import Sheet, close_shift, sheet_of
from recovery.services.handing.sheets import ONE_SHIFT, ShiftSheet, current_sheets, take
from recovery.services.people.erasing import erase
from recovery.services.people.leaving import release
from recovery.services.people.staff import NewStaff, add_staff
from recovery.services.proving.audit import verify
from recovery.services.texting.replies import Inbound, receive
from recovery.services.ticketing import tickets
from recovery.services.ticketing.rows import Undetected
from tests.factories import LEE, NOOR, SAM, Business
from tests.services.calls import book
from tests.services.test_racing import at_once

LENA = NewStaff("lena@example.com", "Lena Fox", "frontline", ("harbour-st",))


def nobodys(business: Business, **how: object) -> Ticket:
    """Stands on the board: nobody owns it."""
    ticket = business.log(**how)  # type: ignore[arg-type]
    business.on(ticket, lambda session, held, _: release(session, held, now=business.now), by="omar")
    return ticket


def unread(business: Business, by: str = "maya") -> Ticket:
    """Stands on the board, and has an owner: Lee wrote, and nobody has read it."""
    ticket = business.log(customer=LEE, by=by)
    inbound = Inbound("+447700900125", "simulator", "Hello?", f"SM{ticket.id}")
    business.desk.transact(lambda session: receive(session, inbound, now=business.now))
    return ticket


def sheet(business: Business, by: str = "maya", site: str = "harbour-st") -> Sheet:
    with business.desk.read() as session:
        return sheet_of(session, business.site(site), by=business.actor(by))


def close(
    business: Business,
    names: dict[Ticket, str] | None = None,
    *,
    by: str = "maya",
    after: int | None = None,
    note: str = "",
) -> Handover:
    chosen = {ticket.id: business.staff(name).id for ticket, name in (names or {}).items()}
    return business.desk.transact(
        lambda session: close_shift(
            session, business.site(), chosen, note=note, now=business.now, by=business.actor(by), after=after
        )
    )


def current(business: Business, by: str = "omar") -> ShiftSheet:
    with business.desk.read() as session:
        (found,) = (sheet for sheet in current_sheets(session, by=business.actor(by)) if sheet.site == "harbour-st")
    return found


def closings(business: Business) -> list[Event]:
    with business.desk.read() as session:
        return list(session.scalars(select(Event).where(Event.tag == "settings:shift:closed").order_by(Event.seq)))


def owner(business: Business, ticket: Ticket) -> str:
    person = business.again(ticket).owner
    return person.first_name if person else ""


def hire(business: Business, new: NewStaff = LENA) -> None:
    business.desk.transact(lambda session: add_staff(session, new, now=business.now, by=business.actor("ada")))


def test_a_shift_with_an_empty_board_closes_at_once(business: Business) -> None:
    business.log()
    assert sheet(business) == Sheet((), 0, 0)
    handover = close(business)
    assert (handover.number, handover.rows) == (1, [])
    (told,) = closings(business)
    assert (told.actor_id, told.site_id) == (business.staff("maya").id, business.site().id)
    assert current(business).rows == []


def test_the_sheet_has_what_stands_on_the_board_of_that_site_with_its_reasons(business: Business) -> None:
    first, second = nobodys(business), unread(business)
    business.log(customer=NOOR)
    business.log(by="nell", site="quay", customer=None)
    rows = sheet(business).rows
    assert [(row.ticket.id, row.reasons) for row in rows] == [
        (first.id, (Undetected.NO_OWNER,)),
        (second.id, (Undetected.UNREAD_REPLY,)),
    ]
    assert sheet(business, "nell", "quay").rows == ()


def test_it_does_not_close_while_a_row_has_neither_been_cleared_nor_got_a_name(business: Business) -> None:
    first, second = nobodys(business), nobodys(business, customer=NOOR)
    with pytest.raises(Invalid, match=r"^1 row has nobody yet: say who takes each, or clear it first\.$") as refused:
        close(business, {first: "omar"})
    assert list(refused.value.errors) == [second.reference]
    with pytest.raises(Invalid, match="2 rows have nobody yet"):
        close(business)
    assert owner(business, first) == ""
    assert closings(business) == []


def test_each_row_goes_to_who_is_named_and_its_trail_says_so(business: Business) -> None:
    first, second = nobodys(business), unread(business)
    version = business.again(second).version
    handover = close(business, {first: "omar", second: "omar"}, note=" The oven is hot. ")
    assert (owner(business, first), owner(business, second)) == ("Omar", "Omar")
    assert handover.note == "The oven is hot."
    *_, given, told = business.told(second)
    assert (given.tag, told.tag) == ("ticket:ticket:changed", "ticket:ticket:handed_over")
    assert f'"staff":{business.staff("omar").id}' in told.payload
    assert business.again(second).version == version + 1
    with business.desk.read() as session:
        assert verify(session, business.desk.house.audit_key).ok


def test_the_calls_of_a_row_go_along_to_whoever_takes_it(business: Business) -> None:
    """Else the one that is promised for four o'clock stands on the desk of somebody who has gone home."""
    ticket = unread(business)
    book(business, ticket, hours=6)
    close(business, {ticket: "omar"})
    (call,) = business.rows(Callback, ticket)
    assert call.staff_id == business.staff("omar").id


def test_a_row_that_was_cleared_meanwhile_needs_no_name_and_is_left_alone(business: Business) -> None:
    ticket = nobodys(business)
    business.on(ticket, lambda session, held, maya: tickets.take(session, held, now=business.now, by=maya))
    assert close(business, {ticket: "omar"}).rows == []
    assert owner(business, ticket) == "Maya"


def test_only_somebody_of_that_site_is_named(business: Business) -> None:
    ticket = nobodys(business)
    with pytest.raises(Invalid, match="Choose somebody who works at this site") as refused:
        close(business, {ticket: "nell"}, by="ada")
    assert list(refused.value.errors) == [ticket.reference]
    with pytest.raises(Invalid, match="Choose somebody who works at this site"):
        business.desk.transact(
            lambda session: close_shift(
                session, business.site(), {ticket.id: 17}, note=None, now=business.now, by=business.actor("omar")
            )
        )


def test_a_colleagues_row_stays_with_them_unless_a_supervisor_hands_it_over(business: Business) -> None:
    hire(business)
    ticket = unread(business, by="omar")
    with pytest.raises(Forbidden, match=f"A colleague has {ticket.reference}"):
        close(business, {ticket: "lena"})
    before = len(business.told(ticket))
    close(business, {ticket: "omar"})
    assert owner(business, ticket) == "Omar"
    assert [event.tag for event in business.told(ticket)[before:]] == ["ticket:ticket:handed_over"]
    close(business, {ticket: "lena"}, by="omar")
    assert owner(business, ticket) == "Lena"


def test_what_is_kept_private_is_told_only_as_a_number_and_needs_a_supervisor(business: Business) -> None:
    ticket = nobodys(business, by="omar", failure="unsafe")
    assert (list(sheet(business).rows), sheet(business).private) == ([], 1)
    with pytest.raises(Forbidden, match=r"^1 row is kept private from you: ask a supervisor"):
        close(business, {ticket: "maya"})
    close(business, {ticket: "omar"}, by="omar")
    assert [row.ticket.id for row in current(business).rows] == [ticket.id]
    assert current(business, "maya").rows == []


def test_the_next_shift_begins_with_that_sheet_and_sees_what_is_still_to_do(business: Business) -> None:
    first, second = nobodys(business), unread(business)
    business.later(minutes=2)
    close(business, {first: "omar", second: "omar"})
    found = current(business)
    assert (found.closed_by.first_name, found.closed_at) == ("Maya", business.now)
    assert [(row.ticket.id, row.to.first_name, row.reasons, row.stands) for row in found.rows] == [
        (first.id, "Omar", (Undetected.NO_OWNER,), False),  # it has somebody now
        (second.id, "Omar", (Undetected.UNREAD_REPLY,), True),
    ]
    business.on(second, lambda session, held, by: tickets.mark_read(session, held, now=business.now, by=by), by="omar")
    assert current(business).left == 0


def test_a_sheet_is_of_use_for_a_shift_and_while_something_on_it_is_to_do(business: Business) -> None:
    ticket = unread(business)
    close(business, {ticket: "omar"})
    business.later(seconds=ONE_SHIFT.total_seconds())
    assert current(business).is_of_use(business.now)
    business.on(ticket, lambda session, held, by: tickets.mark_read(session, held, now=business.now, by=by), by="omar")
    assert not current(business).is_of_use(business.now)


def test_whoever_is_named_says_once_that_they_have_read_it(business: Business) -> None:
    mine, theirs = unread(business), nobodys(business, customer=SAM)
    handover = close(business, {mine: "omar", theirs: "maya"})
    omar = business.actor("omar")
    for expected in (1, 0):
        business.later(minutes=1)
        assert business.desk.transact(lambda session: take(session, handover.id, now=business.now, by=omar)) == expected
    taken = {row.ticket.id: row.taken_at for row in current(business).rows}
    assert taken[theirs.id] is None
    assert taken[mine.id] is not None
    assert business.tags(mine).count("ticket:taken_over") == 1
    with pytest.raises(NotFound):
        business.desk.transact(lambda session: take(session, handover.id, now=business.now, by=business.actor("nell")))


def test_of_two_who_close_the_same_shift_the_second_looks_first(business: Business) -> None:
    ticket = unread(business)
    close(business, {ticket: "omar"}, after=sheet(business).number)
    with pytest.raises(WrongState, match="closed meanwhile"):
        close(business, {ticket: "maya"}, by="omar", after=0)
    assert owner(business, ticket) == "Omar"
    assert close(business, {ticket: "omar"}, by="omar", after=1).number == 2


def test_each_site_counts_its_own_shifts(business: Business) -> None:
    close(business)
    quay = business.site("quay")
    number = business.desk.transact(
        lambda session: close_shift(session, quay, {}, note=None, now=business.now, by=business.actor("nell")).number
    )
    assert number == 1
    close(business)
    with business.desk.read() as session:
        sheets = current_sheets(session, by=business.actor("ada"))
    assert {each.site: each.number for each in sheets} == {"harbour-st": 2, "quay": 1}
    assert len(sheets) == 2


def test_a_row_on_a_sheet_is_never_changed_without_its_ticket_being_told(business: Business) -> None:
    ticket = unread(business)
    close(business, {ticket: "omar"})
    with pytest.raises(RuntimeError, match="changed without an event"), business.desk.write() as session:
        session.scalars(select(HandedOver)).one().taken_at = business.now


def test_erasing_a_customer_takes_along_what_was_noted_about_their_shift(business: Business) -> None:
    ticket = unread(business)
    close(business, {ticket: "omar"}, note="Lee is angry")
    close(business, {ticket: "maya"}, by="omar", note="Still angry")
    business.on(ticket, lambda session, held, by: tickets.resolve(session, held, how=None, now=business.now, by=by))
    business.desk.transact(lambda session: erase(session, "+447700900125", now=business.now, by=business.actor("ada")))
    with business.desk.read() as session:
        assert set(session.scalars(select(Handover.note))) == {"erased"}


def test_of_two_who_close_a_shift_in_the_same_moment_one_comes_second(business: Business) -> None:
    ticket = unread(business)
    outcomes: list[str] = []

    def closing(name: str) -> Callable[[], None]:
        def act() -> None:
            try:
                close(business, {ticket: name}, by="omar", after=0)
                outcomes.append(name)
            except WrongState:
                outcomes.append("too late")

        return act

    at_once([closing("maya"), closing("omar")])
    assert outcomes.count("too late") == 1
    assert [sheet_row.to.first_name for sheet_row in current(business).rows] == [
        name.capitalize() for name in outcomes if name != "too late"
    ]


def test_a_row_that_somebody_clears_in_the_same_moment_is_left_alone(business: Business) -> None:
    ticket, maya = nobodys(business), business.actor("maya")
    handovers: list[Handover] = []
    closing = threading.Thread(target=lambda: handovers.append(close(business, {ticket: "omar"}, by="omar")))
    with business.desk.write() as session:
        tickets.take(session, locked_ticket(session, ticket.reference, by=maya), now=business.now, by=maya)
        session.flush()
        closing.start()
        closing.join(timeout=1)  # it waits for this transaction: on PostgreSQL having read that the row stands
    closing.join()
    assert [handover.rows for handover in handovers] == [[]]
    assert owner(business, ticket) == "Maya"


def test_the_demo_takes_its_handovers_along(business: Business) -> None:
    close(business, {unread(business): "omar"})
    with business.desk.write() as session:
        connection = session.connection()
        for table in (Site, Staff, Customer, Ticket):
            connection.execute(table.__table__.update().values(is_demo=True))
        connection.execute(Message.__table__.update().values(is_demo=True))
    business.desk.transact(lambda session: remove(session, now=business.now))
    with business.desk.read() as session:
        assert session.scalars(select(Handover.id)).all() == []
        assert session.scalars(select(HandedOver.ticket_id)).all() == []
