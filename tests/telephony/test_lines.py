"""A customer calls one of our lines, over both providers: the site's phone rings, and nobody who is lost is forgotten."""

from collections.abc import Sequence
from datetime import datetime

import pytest
from sqlalchemy import select, update

from recovery.domain.callbacks import CallbackStatus, CallReason
from recovery.domain.errors import Forbidden, Invalid
from recovery.domain.phone_calls import HIDDEN, CallEnd
from recovery.domain.tickets import PromiseAbout, Source, TicketStatus
from recovery.models import Alert, Callback, Message, PhoneCall, Promise, Site, Staff, Ticket
from recovery.services.people.customers import NewCustomer
from recovery.services.people.sites import change_field
from recovery.services.session import DeskSession
from recovery.services.telephony.line_settings import set_line
from recovery.services.ticketing.tickets import resolve, wait_for_customer
from tests.factories import LEE, SAM
from tests.telephony.parties import LINE, OURS, SAMS, Desk

LEES = "+447700900125"


@pytest.fixture
def staffed(desk: Desk) -> Desk:
    """Harbour St's phone rings when its number is called; the other site has a number of its own."""
    with desk.desk.write() as session:
        session.execute(update(Site).where(Site.slug == "quay").values(voice_number="+12125550123"))
        session.execute(update(Site).where(Site.slug == "harbour-st").values(line_number=LINE))
    return desk


def tickets(desk: Desk) -> Sequence[Ticket]:
    with desk.desk.read() as session:
        return session.scalars(select(Ticket).order_by(Ticket.id)).all()


def texts(desk: Desk, ticket: Ticket) -> list[str | None]:
    return [each.template for each in desk.business.rows(Message, ticket)]


def test_the_sites_phone_rings_and_shows_who_calls(staffed: Desk) -> None:
    staffed.play.call_us(LEES)
    assert staffed.play.dialled == LINE
    staffed.play.customer_picks_up()
    staffed.play.customer_hangs_up(180)
    assert (staffed.call().ending, staffed.call().seconds) == (CallEnd.COMPLETED, 180)
    assert tickets(staffed) == [], "they spoke: whoever took it logs what is to be logged"


def test_a_caller_whom_nobody_answers_is_promised_a_call(staffed: Desk) -> None:
    staffed.play.call_us(LEES)
    staffed.play.customer_does_not_answer()
    assert "nobody could take your call at Harbour St Coffee" in staffed.play.said
    (ticket,) = tickets(staffed)
    assert (ticket.failure, ticket.source, ticket.status) == ("dropped_call", Source.PHONE, TicketStatus.IN_RECOVERY)
    assert (ticket.note, ticket.owner_id) == ("They called, and nobody took the call.", None)
    (call,) = staffed.business.rows(Callback, ticket)
    assert (call.reason, call.status, call.due_at) == (CallReason.DROPPED, CallbackStatus.DUE, staffed.business.now)
    promise = staffed.business.rows(Promise, ticket)[-1]
    assert (promise.about, promise.due_at, promise.ended_at) == (PromiseAbout.CALLBACK, call.miss_at, None)
    assert texts(staffed, ticket) == ["callback_booked"]


def test_a_caller_who_is_cut_off_within_a_minute_gets_a_ticket_that_says_so(staffed: Desk) -> None:
    over_with(staffed, staffed.business.log(customer=LEE))
    staffed.play.call_us(LEES)
    staffed.play.customer_picks_up()
    staffed.play.customer_hangs_up(38)
    ticket = tickets(staffed)[-1]
    assert ticket.note == "They called, and the line was cut after 38 s (inferred)."
    with staffed.desk.read() as session:
        customer = session.get_one(Ticket, ticket.id).customer
        assert customer is not None
        assert customer.name == "Lee Chen", "a customer whom the site knows comes back by name"
    assert {"ticket:logged", "call:received", "callback:booked", "call:ended"} <= set(staffed.business.tags(ticket))


def test_a_call_that_was_lost_climbs_the_ladder_as_every_mistake(simulated: Desk) -> None:
    simulated.play.call_us(LEES)
    (ticket,) = tickets(simulated)
    simulated.business.later(minutes=61)
    simulated.business.tick("clocks to look at")
    with simulated.desk.read() as session:
        told = session.execute(select(Alert.about, Staff.name).join(Staff, Staff.id == Alert.staff_id)).all()
    assert [tuple(row) for row in told] == [("resolved", "Omar Haddad")]
    assert simulated.business.again(ticket).target_passed_at == simulated.business.now


@pytest.mark.parametrize(("days", "linked"), [(6, True), (8, False)])
def test_what_was_put_right_lately_stands_beside_a_call_that_was_lost(
    simulated: Desk, days: int, *, linked: bool
) -> None:
    before = simulated.business.log(customer=LEE)
    over_with(simulated, before)
    simulated.business.later(days=days)
    simulated.play.call_us(LEES)  # nobody takes calls there
    ticket = tickets(simulated)[-1]
    assert (ticket.failure, ticket.linked_to_id) == ("dropped_call", before.id if linked else None)
    assert simulated.business.again(before).status is not TicketStatus.IN_RECOVERY


def over_with(desk: Desk, ticket: Ticket, *, by: str = "maya") -> None:
    """What was between us before was put right."""
    now = desk.business.now
    desk.business.on(ticket, lambda session, held, who: resolve(session, held, how=None, now=now, by=who), by=by)


def test_who_has_a_ticket_open_is_called_back_on_it(staffed: Desk) -> None:
    ticket = staffed.business.log(customer=SAM)
    staffed.play.call_us(SAMS)
    staffed.play.customer_does_not_answer()
    assert [each.id for each in tickets(staffed)] == [ticket.id]
    (call,) = staffed.business.rows(Callback, ticket)
    assert (call.reason, call.status) == (CallReason.DROPPED, CallbackStatus.DUE)


def test_a_customer_we_waited_for_starts_our_clock_again_by_calling(staffed: Desk) -> None:
    ticket, now = staffed.business.log(customer=SAM), staffed.business.now
    staffed.business.on(ticket, lambda session, held, by: wait_for_customer(session, held, now=now, by=by))
    staffed.play.call_us(SAMS)
    staffed.play.customer_does_not_answer()
    assert staffed.business.again(ticket).status is TicketStatus.IN_RECOVERY


def test_who_calls_again_and_again_is_told_once(staffed: Desk) -> None:
    for _ in range(3):
        staffed.play.call_us(LEES)
        staffed.play.customer_does_not_answer()
    (ticket,) = tickets(staffed)
    assert len(staffed.business.rows(Callback, ticket)) == 1
    assert texts(staffed, ticket) == ["callback_booked"]
    assert staffed.business.tags(ticket).count("call:received") == 3


def test_who_booked_for_later_and_calls_now_is_called_now(staffed: Desk) -> None:
    ticket = staffed.business.log(customer=SAM)
    staffed.book(ticket, datetime.fromisoformat("2026-03-10T15:00:00+00:00"))
    staffed.play.call_us(SAMS)
    staffed.play.customer_does_not_answer()
    (call,) = staffed.business.rows(Callback, ticket)
    assert (call.as_soon_as_possible, call.due_at) == (True, staffed.business.now)
    assert texts(staffed, ticket)[-1] == "callback_moved"


def test_who_gives_up_while_it_rings_is_called_back(staffed: Desk) -> None:
    staffed.play.call_us(LEES)
    staffed.play.we_put_down()  # the first leg is the caller's own
    (ticket,) = tickets(staffed)
    assert ticket.failure == "dropped_call"


def test_without_a_phone_that_rings_they_hear_it_and_are_called_back(desk: Desk) -> None:
    desk.play.call_us(LEES)
    assert desk.play.dialled == ""
    assert "We will call you back" in desk.play.said
    assert len(tickets(desk)) == 1


def test_while_the_site_is_shut_nobodys_phone_rings_and_the_call_is_for_the_morning(staffed: Desk) -> None:
    with staffed.desk.write() as session:
        site = session.scalars(select(Site).where(Site.slug == "harbour-st")).one()
        ada = staffed.business.actor("ada")
        change_field(session, site, "hours", "mon-sun 12:00-18:00", now=staffed.business.now, by=ada)
    staffed.play.call_us(LEES)
    assert (staffed.play.dialled, "closed now" in staffed.play.said) == ("", True)
    (ticket,) = tickets(staffed)
    (call,) = staffed.business.rows(Callback, ticket)
    assert call.due_at == datetime.fromisoformat("2026-03-10T12:00:00+00:00")


@pytest.mark.parametrize("hidden", ["anonymous", "+266696687", "sip:lee@example.com", ""])
def test_a_hidden_number_is_told_that_nobody_is_there_and_makes_no_ticket(http: Desk, hidden: str) -> None:
    http.play.call_us(hidden)
    assert "nobody can take your call now" in http.play.said
    assert tickets(http) == []


def test_the_words_in_place_of_a_number_are_spelt_on_its_keys() -> None:
    assert "+266696687" in HIDDEN


def test_a_number_that_is_none_of_ours_is_answered_by_hanging_up(http: Desk) -> None:
    with http.desk.write() as session:
        session.execute(update(Site).values(voice_number="+442079460999"))
    http.play.call_us(LEES)
    assert http.play.line.script.find("Hangup") is not None  # type: ignore[attr-defined]
    with http.desk.read() as session:
        assert session.scalars(select(PhoneCall)).all() == []


def test_of_two_sites_with_one_number_the_one_that_knows_the_caller_takes_it(http: Desk) -> None:
    abroad = NewCustomer("+447700900125", "Lee Chen")
    over_with(http, http.business.log(customer=abroad, site="quay", by="nell"), by="nell")
    http.play.call_us(LEES)
    assert http.call().site_id == http.business.site("quay").id


def test_an_admin_says_which_number_calls_and_which_phone_rings(simulated: Desk) -> None:
    desk, now = simulated.desk, simulated.business.now

    def set_to(voice: str, line: str, by: str = "ada") -> list[str]:
        actor = simulated.business.actor(by)

        def act(session: DeskSession) -> list[str]:
            site = session.scalars(select(Site).where(Site.slug == "harbour-st")).one()
            return set_line(session, site, voice_number=voice, line_number=line, now=now, by=actor)

        return desk.transact(act)

    assert set_to("020 7946 0123", "07700 900150") == ["voice_number", "line_number"]
    site = simulated.business.site()
    assert (site.voice_number, site.line_number) == (OURS, LINE)
    with pytest.raises(Invalid, match="the phone that shall ring"):
        set_to("", OURS)
    with pytest.raises(Invalid):
        set_to("a service", "")
    with pytest.raises(Forbidden):
        set_to("", "", by="omar")
    assert set_to("", "") == ["voice_number", "line_number"]
