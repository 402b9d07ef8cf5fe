"""A ticket's page: what it tells, what can be done there, and that two people never overwrite one another."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from recovery.clock import FrozenClock
from recovery.domain.events import Tag
from recovery.domain.messages import MessageStatus
from recovery.domain.tickets import TicketStatus
from recovery.models import Event
from recovery.services.calling.booking import book
from recovery.services.ticketing.tickets import resolve
from tests.factories import REMAKE, Business, refund, shut
from tests.web.pages import Visitor, value_of, words
from tests.web.ticket_parts import answer_by_text, fresh, tell, texts

# --- what it tells ---


def test_the_page_tells_who_what_by_when_and_what_was_given(business: Business, maya: Visitor) -> None:
    page = tell(business, maya, business.log(remedies=(REMAKE, refund(450))))
    for part in (
        "Sam Whitfield",
        "Wrong order",
        "07700 900123",
        "Remake granted",
        "Refund £4.50 granted",
        "Maya granted it at 09:30",
        "They have it by 09:45: told by text.",
    ):
        assert part in page


def test_a_time_on_another_day_has_its_day_beside_it(business: Business, maya: Visitor, clock: FrozenClock) -> None:
    """On a Tuesday, for the next morning; read again when that day is there."""
    ticket = business.log()
    tomorrow = business.now + timedelta(days=1)
    business.on(ticket, lambda session, row, by: book(session, row, due_at=tomorrow, now=business.now, by=by))
    assert "booked a call on Wed at 09:30" in tell(business, maya, ticket)
    clock.advance(minutes=1)
    business.on(ticket, lambda session, row, by: book(session, row, due_at=tomorrow, now=business.now, by=by))
    clock.advance(days=1)
    business.tick("callbacks missed", "promises lapsed")
    maya.sign_in("maya")
    page = tell(business, maya, ticket)
    assert "booked a call on Wed at 09:30" in page
    assert "promised: by 09:45" in page


def test_times_are_those_of_the_site(business: Business, maya: Visitor) -> None:
    nell = Visitor.signed_in(business, "nell", maya)
    ticket = business.log(by="nell", site="quay", customer=None, remedies=())
    assert "logged it: wrong order, minor 05:30" in tell(business, nell, ticket)


def test_what_is_over_shows_when_it_ended_and_on_which_day(business: Business, clock: FrozenClock) -> None:
    ticket = business.log(remedies=(REMAKE,))
    clock.advance(minutes=40)
    business.on(ticket, lambda session, row, by: resolve(session, row, how=None, now=business.now, by=by))
    maya = Visitor.signed_in(business, "maya")
    assert "10:10 resolved Sam" in tell(business, maya, ticket)
    clock.advance(days=1)
    maya.sign_in("maya")
    page, listed = tell(business, maya, ticket), words(maya.open("/tickets"))
    for part in ("10:10 resolved Tue", "Maya granted it on Tue at 09:30", "Resolved on Tue at 10:10."):
        assert part in page
    assert "10:10 resolved Tue" in listed
    clock.advance(days=6)
    maya.sign_in("maya")
    assert "10:10 resolved 10 Mar" in words(maya.open("/tickets"))


def test_a_promise_for_another_day_names_the_day(business: Business, maya: Visitor) -> None:
    ticket = business.log(customer=None)
    maya.act(ticket.reference, "promise", minutes="1440")
    assert "by Wed 09:30" in tell(business, maya, ticket)
    assert "left Wed 09:30" in words(maya.open("/board"))


def test_the_clock_explains_itself_stretch_by_stretch(business: Business, maya: Visitor, clock: FrozenClock) -> None:
    ticket = business.log()
    clock.advance(minutes=4)
    maya.act(ticket.reference, "waiting")
    clock.advance(minutes=10)
    page = tell(business, maya, ticket)
    assert "So far 4 min" in page
    assert "it has been 14 min" in page
    assert "09:30 to 09:34 the site was open 4 min counted" in page
    assert "09:34 to 09:44 we were waiting for the customer 10 min not counted" in page


def test_the_clock_names_the_holiday_that_shut_the_site(business: Business, maya: Visitor) -> None:
    shut(business, "2026-03-11", "Founders' Day")
    ticket = business.log()
    business.later(days=2)
    maya = Visitor.signed_in(business, "maya", maya)
    page = tell(business, maya, ticket)
    assert "Wed 00:00 to Thu 00:00 shut: Founders' Day 24 h 00 not counted" in page
    assert "So far 24 h 00 of opening hours" in page


def test_texts_are_shown_as_what_they_are_never_as_code(business: Business, maya: Visitor) -> None:
    ticket = business.log()
    answer_by_text(business, "<script>alert(1)</script> & thanks")
    page = maya.open(f"/tickets/{ticket.reference}").text
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; thanks" in page


@pytest.mark.parametrize("name", ["nell"])
def test_another_sites_ticket_is_the_same_as_nothing(business: Business, maya: Visitor, name: str) -> None:
    stranger = Visitor.signed_in(business, name, maya)
    ticket = business.log()
    nothing, theirs = stranger.open("/tickets/RD-222222"), stranger.open(f"/tickets/{ticket.reference}")
    assert nothing.status_code == theirs.status_code == 404
    assert nothing.text == theirs.text


@pytest.mark.parametrize(
    "what",
    [
        "resolution",
        "reopening",
        "waiting",
        "void",
        "messages",
        "promise",
        "remedies",
        "callbacks",
        "change",
        "owner",
        "reading",
        "viewings",
        "resolution/undo",
    ],
)
def test_nothing_can_be_done_to_another_sites_ticket(business: Business, maya: Visitor, what: str) -> None:
    nell = Visitor.signed_in(business, "nell", maya)
    ticket = business.log()
    fields = {"version": "1", "body": "x", "minutes": "5", "kind": "remake", "reason": "x"}
    needed = {
        "messages": ("version", "body"),
        "promise": ("version", "minutes"),
        "remedies": ("version", "kind"),
        "void": ("version", "reason"),
    }
    sent = {name: fields[name] for name in needed.get(what, ("version",))}
    assert nell.post(f"/tickets/{ticket.reference}/{what}", **sent).status_code == 404
    assert fresh(business, ticket).version == 1


# --- resolving, undoing, reopening ---


def test_resolving_asks_the_customer_and_can_be_undone_for_ten_seconds(
    business: Business, maya: Visitor, clock: FrozenClock
) -> None:
    ticket = business.log()
    assert maya.act(ticket.reference, "resolution").status_code == 302
    page = maya.open(f"/tickets/{ticket.reference}").text
    assert "Undo" in page
    clock.advance(seconds=9)
    maya.post(f"/tickets/{ticket.reference}/resolution/undo", version=value_of(page, "version"))
    after = fresh(business, ticket)
    assert (after.status, after.level) == (TicketStatus.IN_RECOVERY, 1)
    (asked,) = texts(business, ticket, "resolved")
    assert (asked.status, asked.drop_reason) == (MessageStatus.DROPPED, "undone")


def test_a_late_undo_says_so_and_changes_nothing(business: Business, maya: Visitor, clock: FrozenClock) -> None:
    ticket = business.log()
    maya.act(ticket.reference, "resolution")
    clock.advance(seconds=11)
    answer = maya.post(f"/tickets/{ticket.reference}/resolution/undo", version=str(fresh(business, ticket).version))
    assert answer.status_code == 409
    assert "It is too late to undo that" in words(answer)
    assert fresh(business, ticket).status is TicketStatus.RESOLVED


def test_somebody_elses_resolution_is_not_undone_but_reopened(business: Business, maya: Visitor, omar: Visitor) -> None:
    ticket = business.log()
    maya.act(ticket.reference, "resolution")
    assert omar.act(ticket.reference, "resolution/undo").status_code == 409
    assert omar.act(ticket.reference, "reopening").status_code == 302
    assert fresh(business, ticket).level == 2


def test_while_a_question_is_open_there_is_no_resolving(business: Business, maya: Visitor) -> None:
    ticket = business.log(remedies=(refund(4500),))
    answer = maya.act(ticket.reference, "resolution")
    assert answer.status_code == 409
    assert "still waits for approval" in words(answer)


def test_closing_with_its_cause_is_a_supervisors(business: Business, maya: Visitor, omar: Visitor) -> None:
    ticket = business.log()
    maya.act(ticket.reference, "resolution")
    assert maya.act(ticket.reference, "closure", cause="two tills").status_code == 403
    assert omar.act(ticket.reference, "closure").status_code == 422
    assert omar.act(ticket.reference, "closure", cause="two tills", action="one till").status_code == 302
    page = tell(business, omar, ticket)
    assert "Cause two tills" in page
    assert "Action one till" in page


def test_taking_a_ticket_out_needs_a_reason(business: Business, maya: Visitor) -> None:
    ticket = business.log()
    answer = maya.act(ticket.reference, "void")
    assert answer.status_code == 422
    assert "Say in a few words why" in words(answer)
    maya.act(ticket.reference, "void", reason="a rehearsal")
    assert "Logged in error: a rehearsal" in tell(business, maya, ticket)


# --- two people, one ticket ---


def test_who_was_slower_sees_both_versions_and_nothing_is_overwritten(
    business: Business, maya: Visitor, omar: Visitor
) -> None:
    ticket = business.log()
    version = str(ticket.version)
    omar.post(f"/tickets/{ticket.reference}/change", version=version, severity="severe", note="they are allergic")
    answer = maya.post(f"/tickets/{ticket.reference}/change", version=version, severity="minor", note="only a napkin")
    page = words(answer)
    assert answer.status_code == 409
    assert "Somebody was faster." in page
    assert "they are allergic" in page
    assert "only a napkin" in page
    assert "Omar, 09:30" in page
    assert fresh(business, ticket).note == "they are allergic"


def test_a_receipt_or_a_lapse_never_costs_anybody_their_form(
    business: Business, maya: Visitor, clock: FrozenClock
) -> None:
    ticket = business.log()
    page = maya.open(f"/tickets/{ticket.reference}").text
    clock.advance(minutes=16)
    business.tick()
    answer = maya.post(
        f"/tickets/{ticket.reference}/messages", version=value_of(page, "version"), body="Two minutes more"
    )
    assert answer.status_code == 302


def test_a_version_that_is_none_is_one_sentence(business: Business, maya: Visitor) -> None:
    ticket = business.log()
    for version in ("", "x", "0", "-1", "9" * 40):
        answer = maya.post(f"/tickets/{ticket.reference}/resolution", version=version)
        assert answer.status_code == 422
        assert "Open the ticket again." in words(answer)


# --- whose it is, and what is kept private ---


def test_only_a_supervisor_gives_a_ticket_to_somebody_else(business: Business, maya: Visitor, omar: Visitor) -> None:
    ticket = business.log()
    wanted = str(business.staff("omar").id)
    assert maya.act(ticket.reference, "change", owner=wanted, note="").status_code == 403
    assert omar.act(ticket.reference, "change", owner=wanted).status_code == 422  # a note that was lost is not emptied
    assert omar.act(ticket.reference, "change", owner=wanted, note="").status_code == 302
    assert "gave it from Maya to Omar" in tell(business, omar, ticket)
    nell = str(business.staff("nell").id)
    answer = omar.act(ticket.reference, "change", owner=nell, note="")
    assert answer.status_code == 422
    assert "Choose somebody who works at this site." in words(answer)


def test_a_sensitive_ticket_is_opened_by_a_button_and_that_is_recorded(
    business: Business, omar: Visitor, clock: FrozenClock
) -> None:
    ticket = business.log(failure="unsafe")
    gate = words(omar.open(f"/tickets/{ticket.reference}"))
    assert "Opening it is recorded with your name" in gate
    assert "Sam" not in gate
    omar.post(f"/tickets/{ticket.reference}/viewings")
    assert "Sam Whitfield" in tell(business, omar, ticket)
    with business.desk.read() as session:
        viewed = session.scalars(select(Event).where(Event.tag == Tag.TICKET_VIEWED)).one()
    assert viewed.actor_id == business.staff("omar").id
    clock.advance(minutes=16)
    assert "Opening it is recorded" in tell(business, omar, ticket)


def test_without_having_opened_it_nothing_is_done_to_a_sensitive_ticket(business: Business, omar: Visitor) -> None:
    ticket = business.log(failure="unsafe")
    answer = omar.post(f"/tickets/{ticket.reference}/resolution", version="1")
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/tickets/{ticket.reference}")
    assert "Opening it is recorded" in words(omar.open(answer.headers["Location"]))
    assert fresh(business, ticket).status is not TicketStatus.RESOLVED


# --- the list ---
