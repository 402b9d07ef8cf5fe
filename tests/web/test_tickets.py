"""A ticket's page: what it tells, what can be done there, and that two people never overwrite one another."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from recovery.clock import FrozenClock
from recovery.domain.events import Tag
from recovery.domain.messages import MessageStatus
from recovery.domain.remedies import RemedyStatus
from recovery.domain.tickets import TicketStatus
from recovery.models import Attempt, Callback, Event, Message, Remedy, Ticket
from recovery.services.texting.replies import Inbound, receive
from recovery.services.ticketing.tickets import resolve
from tests.factories import REMAKE, Business, refund
from tests.web.pages import Visitor, value_of, words


def fresh(business: Business, ticket: Ticket) -> Ticket:
    with business.desk.read() as session:
        return session.get_one(Ticket, ticket.id)


def remedy_of(business: Business, ticket: Ticket) -> Remedy:
    with business.desk.read() as session:
        return session.scalars(select(Remedy).where(Remedy.ticket_id == ticket.id)).one()


def call_of(business: Business, ticket: Ticket) -> Callback:
    with business.desk.read() as session:
        return session.scalars(select(Callback).where(Callback.ticket_id == ticket.id)).one()


def texts(business: Business, ticket: Ticket, template: str) -> list[Message]:
    with business.desk.read() as session:
        wanted = (Message.ticket_id == ticket.id, Message.template == template)
        return list(session.scalars(select(Message).where(*wanted)))


def answer_by_text(business: Business, body: str) -> None:
    inbound = Inbound("+447700900123", "simulator", body, f"SM{abs(hash(body))}")
    business.desk.transact(lambda session: receive(session, inbound, now=business.now))


def tell(business: Business, maya: Visitor, ticket: Ticket) -> str:
    return words(maya.open(f"/tickets/{ticket.reference}"))


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


# --- texts ---


def test_a_reply_goes_out_and_has_read_what_it_answers(business: Business, maya: Visitor) -> None:
    ticket = business.log()
    answer_by_text(business, "Is it soon?")
    assert "new" in tell(business, maya, ticket)
    maya.act(ticket.reference, "messages", body="Two minutes!")
    (sent,) = texts(business, ticket, "free")
    assert "Two minutes!" in (sent.body or "")
    assert fresh(business, ticket).unread == 0


def test_thanks_is_read_without_an_answer(business: Business, maya: Visitor) -> None:
    ticket = business.log()
    answer_by_text(business, "Thanks, all good")
    maya.act(ticket.reference, "reading")
    assert fresh(business, ticket).unread == 0
    assert texts(business, ticket, "free") == []


def test_an_empty_reply_and_one_too_long_are_refused_and_kept(business: Business, maya: Visitor) -> None:
    ticket = business.log()
    assert "Write something first." in words(maya.act(ticket.reference, "messages", body="  "))
    answer = maya.act(ticket.reference, "messages", body="long " * 300)
    assert answer.status_code == 422
    assert "long long long" in words(answer)
    assert texts(business, ticket, "free") == []


def test_after_a_stop_nothing_can_be_written_and_what_was_typed_is_kept(business: Business, maya: Visitor) -> None:
    ticket = business.log()
    page = maya.open(f"/tickets/{ticket.reference}").text
    answer_by_text(business, "STOP")
    shown = maya.open(f"/tickets/{ticket.reference}").text
    assert "Call instead" in shown
    assert 'id="reply"' not in shown
    answer = maya.post(
        f"/tickets/{ticket.reference}/messages", version=str(fresh(business, ticket).version), body="Are you there?"
    )
    assert value_of(page, "version") == "1"
    assert answer.status_code == 422
    assert "Are you there?" in words(answer)
    assert texts(business, ticket, "free") == []


# --- remedies ---


def test_a_remake_is_made_ready_and_handed_over_with_who_and_when(
    business: Business, maya: Visitor, clock: FrozenClock
) -> None:
    ticket = business.log()
    remedy = remedy_of(business, ticket)
    version = value_of(maya.open(f"/tickets/{ticket.reference}").text, "version")
    maya.post(f"/remedies/{remedy.id}/readiness", version=version)
    clock.advance(minutes=3)
    version = value_of(maya.open(f"/tickets/{ticket.reference}").text, "version")
    maya.post(f"/remedies/{remedy.id}/fulfilment", version=version)
    assert "Maya handed it over at 09:33" in tell(business, maya, ticket)
    assert len(texts(business, ticket, "ready")) == 1


def test_where_no_text_can_say_that_it_is_ready_a_person_is_to_say_it(business: Business, maya: Visitor) -> None:
    ticket = business.log(customer=None)
    maya.post(f"/remedies/{remedy_of(business, ticket).id}/readiness", version="1")
    assert "Ready. No text can go to them: tell them yourself." in tell(business, maya, ticket)


def test_more_is_given_inside_the_limit_and_asked_for_above_it(business: Business, maya: Visitor) -> None:
    ticket = business.log(remedies=())
    maya.act(ticket.reference, "remedies", kind="voucher", amount="5,00")
    maya.act(ticket.reference, "remedies", kind="refund", amount="18")
    page = tell(business, maya, ticket)
    assert "Voucher £5.00 granted" in page
    assert "Refund £18.00 waiting for approval" in page


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"kind": "refund"}, "A refund needs an amount"),
        ({"kind": "refund", "amount": "lots"}, "“lots” is not an amount"),
        ({"kind": "pony"}, "Choose one of those offered."),
    ],
)
def test_what_cannot_be_given_is_said_beside_its_field(
    business: Business, maya: Visitor, typed: dict[str, str], sentence: str
) -> None:
    ticket = business.log(remedies=())
    answer = maya.act(ticket.reference, "remedies", **typed)
    assert answer.status_code == 422
    assert sentence in words(answer)
    assert f'value="{typed.get("amount", "")}"' in answer.text


def test_a_remedy_that_cannot_be_done_says_why_and_can_be_cancelled_once(business: Business, maya: Visitor) -> None:
    ticket = business.log()
    remedy = remedy_of(business, ticket)
    version = str(fresh(business, ticket).version)
    maya.post(f"/remedies/{remedy.id}/failure", version=version, reason="out of oat milk")
    assert "out of oat milk" in tell(business, maya, ticket)
    again = maya.post(f"/remedies/{remedy.id}/cancellation", version=str(fresh(business, ticket).version))
    assert again.status_code == 409
    assert remedy_of(business, ticket).status is RemedyStatus.FAILED


def test_a_remedy_of_another_site_is_nothing(business: Business, maya: Visitor) -> None:
    remedy = remedy_of(business, business.log())
    nell = Visitor.signed_in(business, "nell", maya)
    for what in ("readiness", "fulfilment", "cancellation", "failure"):
        assert nell.post(f"/remedies/{remedy.id}/{what}", version="1").status_code == 404
        assert nell.post(f"/remedies/123/{what}", version="1").status_code == 404


# --- promise and calls ---


def test_a_new_time_is_promised_and_told(business: Business, maya: Visitor) -> None:
    ticket = business.log()
    maya.act(ticket.reference, "promise", minutes="25", tell="1")
    assert fresh(business, ticket).promise_due_at == business.now + timedelta(minutes=25)
    assert len(texts(business, ticket, "promised")) == 1


def test_by_night_who_promises_is_told_to_call_where_no_text_goes_in_time(
    business: Business, maya: Visitor, clock: FrozenClock
) -> None:
    clock.advance(hours=12, minutes=30)
    maya.sign_in("maya")
    ticket = business.log()
    maya.act(ticket.reference, "promise", minutes="120", tell="1")
    page = tell(business, maya, ticket)
    assert "Promised. Texts wait for the morning now, and this is due before: call them and say it." in page
    assert "nobody could be told yet" in page
    assert texts(business, ticket, "promised") == []


@pytest.mark.parametrize("minutes", ["", "0", "-3", "1e3", "soon", "99999999"])
def test_a_promise_needs_minutes_that_can_come_true(business: Business, maya: Visitor, minutes: str) -> None:
    ticket = business.log()
    answer = maya.act(ticket.reference, "promise", minutes=minutes)
    assert answer.status_code == 422
    assert fresh(business, ticket).version == 1


def test_a_call_is_booked_tried_and_tried_again(business: Business, maya: Visitor, clock: FrozenClock) -> None:
    ticket = business.log()
    page = maya.open(f"/tickets/{ticket.reference}").text
    slot = re.findall(r'<option value="(2026-[^"]+)"', page)[2]
    maya.act(ticket.reference, "callbacks", when=slot)
    call = call_of(business, ticket)
    assert call.due_at.isoformat() == slot
    maya.post(f"/callbacks/{call.id}/attempts", outcome="disconnected", note="a tunnel")
    page = tell(business, maya, ticket)
    assert "We got cut off" in page
    assert "2nd try" in page
    maya.post(f"/callbacks/{call.id}/attempts", outcome="reached")
    assert call_of(business, ticket).ended_at == business.now
    with business.desk.read() as session:
        assert [each.outcome.value for each in session.scalars(select(Attempt).order_by(Attempt.number))] == [
            "disconnected",
            "reached",
        ]


def test_a_call_is_moved_and_cancelled(business: Business, maya: Visitor) -> None:
    ticket = business.log()
    maya.act(ticket.reference, "callbacks")
    call = call_of(business, ticket)
    later = (business.now + timedelta(hours=2)).isoformat()
    assert (
        maya.post(f"/callbacks/{call.id}/move", version=str(fresh(business, ticket).version), when=later).status_code
        == 302
    )
    assert call_of(business, ticket).due_at == business.now + timedelta(hours=2)
    assert maya.post(f"/callbacks/{call.id}/move", version=str(fresh(business, ticket).version)).status_code == 422
    assert call_of(business, ticket).due_at == business.now + timedelta(
        hours=2
    )  # a lost time is not "as soon as possible"
    maya.post(f"/callbacks/{call.id}/cancellation", version=str(fresh(business, ticket).version))
    assert call_of(business, ticket).status.value == "cancelled"


@pytest.mark.parametrize(
    "when", ["yesterday", "2026-03-10T10:00:00", "2020-01-01T00:00:00+00:00", "2999-01-01T00:00:00+00:00"]
)
def test_a_time_that_cannot_be_is_refused_in_one_sentence(business: Business, maya: Visitor, when: str) -> None:
    ticket = business.log()
    answer = maya.act(ticket.reference, "callbacks", when=when)
    assert answer.status_code == 422
    assert fresh(business, ticket).version == 1


def test_a_call_without_an_outcome_is_no_call(business: Business, maya: Visitor) -> None:
    ticket = business.log()
    maya.act(ticket.reference, "callbacks")
    answer = maya.post(f"/callbacks/{call_of(business, ticket).id}/attempts", note="rang")
    assert answer.status_code == 422
    assert "Say how the call went." in words(answer)


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
    omar.post(f"/tickets/{ticket.reference}/resolution", version="1")
    assert fresh(business, ticket).status is not TicketStatus.RESOLVED


def test_lists_name_nobody_on_a_sensitive_ticket(business: Business, omar: Visitor) -> None:
    business.log(failure="unsafe")
    for address in ("/", "/board", "/tickets"):
        page = words(omar.open(address))
        assert "Sam" not in page
        assert address == "/" or "Kept private" in page


# --- the list ---


def test_the_list_is_narrowed_and_searched(business: Business, maya: Visitor) -> None:
    business.log()
    late = business.log(failure="late", customer=None)
    assert "Late" in words(maya.open("/tickets?failure=late"))
    assert "Sam Whitfield" not in words(maya.open("/tickets?failure=late"))
    assert "Sam Whitfield" in words(maya.open("/tickets?q=whitfield"))
    assert f"/tickets/{late.reference}" in maya.open(f"/tickets?q={late.reference}").text
    assert "No ticket looks like that." in words(maya.open("/tickets?q=nobody+of+this+name"))


@pytest.mark.parametrize(
    "query",
    [
        "status=lost",
        "failure=x",
        "severity=x",
        "site=quay",
        "owner=x",
        "logged_from=soon",
        "logged_to=2026-99-99",
        "cursor=made-up",
        "undetected=perhaps",
    ],
)
def test_a_senseless_address_is_no_error(business: Business, maya: Visitor, query: str) -> None:
    business.log(by="nell", site="quay", customer=None)
    page = maya.open(f"/tickets?{query}")
    assert page.status_code == 200
    assert "Quay" not in words(page)


def test_the_list_goes_on_page_by_page(business: Business, maya: Visitor, clock: FrozenClock) -> None:
    for _ in range(31):
        clock.advance(seconds=1)
        business.log(customer=None, remedies=())
    first = maya.open("/tickets").text
    following = re.search(r'href="([^"]+)" rel="next"', first)
    assert following
    second = maya.open(following[1].replace("&amp;", "&")).text
    found = [set(re.findall(r'data-key="(RD-\w+)"', page)) for page in (first, second)]
    assert (len(found[0]), len(found[1]), len(found[0] & found[1])) == (30, 1, 0)
