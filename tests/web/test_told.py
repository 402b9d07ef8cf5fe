"""What a page says of a text that tells the customer is so: by day, by night, without a phone, after a STOP, without money."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from recovery.clock import FrozenClock
from recovery.domain.text_limits import Spending
from recovery.models import Site, Ticket
from recovery.services.calling.booking import book
from tests.factories import NO_CAPS, Business, NewCustomer
from tests.web.pages import Visitor, words
from tests.web.ticket_parts import answer_by_text, call_of, fresh, remedy_of

NIGHT = datetime(2026, 3, 10, 22, 0, tzinfo=UTC)
NOW = "They are told by text."
LATER = "Texts wait for the morning now"
BY_HAND = "No text can tell them now: tell them yourself."


def by_day(business: Business, _: FrozenClock) -> Ticket:
    return business.log()


def by_night(business: Business, clock: FrozenClock) -> Ticket:
    clock.set(NIGHT)
    return business.log()


def without_a_phone(business: Business, _: FrozenClock) -> Ticket:
    return business.log(customer=NewCustomer(None, "Lee"))


def after_a_stop(business: Business, _: FrozenClock) -> Ticket:
    ticket = business.log()
    answer_by_text(business, "STOP")
    return ticket


def without_money(business: Business, _: FrozenClock) -> Ticket:
    business.set_policy(spending=Spending(month_limit_micros=0, warn_at_percent=80))
    return business.log()


Scene = Callable[[Business, FrozenClock], Ticket]


def said(business: Business, ticket: Ticket, act: str, **fields: str) -> str:
    maya = Visitor.signed_in(business, "maya")
    assert maya.act(ticket.reference, act, **fields).status_code == 302
    return words(maya.open(f"/tickets/{ticket.reference}"))


def version(business: Business, ticket: Ticket) -> dict[str, str]:
    return {"version": str(fresh(business, ticket).version)}


def booked(business: Business, ticket: Ticket) -> int:
    return business.on(ticket, lambda session, row, by: book(session, row, due_at=None, now=business.now, by=by)).id


def after_posting(business: Business, ticket: Ticket, address: str, **fields: str) -> str:
    maya = Visitor.signed_in(business, "maya")
    answer = maya.post(address, **fields)
    assert answer.status_code == 302, words(answer)
    return words(maya.open(f"/tickets/{ticket.reference}"))


@pytest.mark.parametrize(
    ("scene", "told"),
    [(by_day, NOW), (by_night, NOW), (without_a_phone, BY_HAND), (after_a_stop, BY_HAND), (without_money, NOW)],
)
def test_a_booked_call_says_whether_a_text_tells_it(
    business: Business, clock: FrozenClock, scene: Scene, told: str
) -> None:
    ticket = scene(business, clock)
    assert f"The call is booked. {told}" in said(business, ticket, "callbacks", when="")


def test_a_time_that_was_taken_meanwhile_is_not_said_to_be_booked(business: Business) -> None:
    first, second = business.log(), business.log(customer=NewCustomer("07700 900456", "Noor"))
    with business.desk.write() as session:
        session.scalars(select(Site).where(Site.slug == "harbour-st")).one().calls_at_once = 1
    assert "The call is booked. They are told" in said(business, first, "callbacks", when="2026-03-10T11:00:00+00:00")
    page = said(business, second, "callbacks", when="2026-03-10T11:00:00+00:00")
    assert f"That time has just been taken: they are called as soon as someone is free. {NOW}" in page


@pytest.mark.parametrize(("scene", "told"), [(by_day, NOW), (without_a_phone, BY_HAND)])
def test_a_moved_call_says_whether_a_text_tells_it(
    business: Business, clock: FrozenClock, scene: Scene, told: str
) -> None:
    ticket = scene(business, clock)
    call_id = booked(business, ticket)
    assert f"The call is moved. {told}" in after_posting(
        business, ticket, f"/callbacks/{call_id}/move", **version(business, ticket), when=""
    )


def test_a_moved_call_task_says_nothing_of_texts(business: Business, clock: FrozenClock) -> None:
    """They never heard of it."""
    ticket = after_a_stop(business, clock)
    page = after_posting(
        business, ticket, f"/callbacks/{call_of(business, ticket).id}/move", **version(business, ticket), when=""
    )
    assert "The call is moved." in page
    assert NOW not in page
    assert BY_HAND not in page


@pytest.mark.parametrize(
    ("scene", "told"),
    [
        (by_day, "Call straight back: they have been told that you do."),
        (without_a_phone, "Call straight back: no text tells them that you do."),
    ],
)
def test_who_was_cut_off_was_told_only_by_a_text_that_went(
    business: Business, clock: FrozenClock, scene: Scene, told: str
) -> None:
    ticket = scene(business, clock)
    call_id = booked(business, ticket)
    page = after_posting(business, ticket, f"/callbacks/{call_id}/attempts", outcome="disconnected")
    assert told in page


@pytest.mark.parametrize(
    ("scene", "gaps", "told"),
    [
        (by_day, (15,), "Noted. The next try stands on the list."),
        (by_day, (), "Noted. That was the last try: a text asks them to choose another time."),
        (without_a_phone, (), "Noted. That was the last try, and no text reaches them"),
    ],
)
def test_a_try_in_vain_says_what_comes_next(
    business: Business, clock: FrozenClock, scene: Scene, gaps: tuple[int, ...], told: str
) -> None:
    business.set_policy(retry_gaps=gaps)
    ticket = scene(business, clock)
    call_id = booked(business, ticket)
    assert told in after_posting(business, ticket, f"/callbacks/{call_id}/attempts", outcome="no_answer")


@pytest.mark.parametrize(
    ("scene", "asked"),
    [
        (by_day, "Resolved. In a moment they are asked whether it is fixed."),
        (by_night, "Resolved. Texts wait for the morning now: they are asked then whether it is fixed."),
        (without_a_phone, "Resolved. No text asks them whether it is fixed."),
        (after_a_stop, "Resolved. No text asks them whether it is fixed."),
        (without_money, "Resolved. No text asks them whether it is fixed."),
    ],
)
def test_resolving_says_whether_they_are_asked(
    business: Business, clock: FrozenClock, scene: Scene, asked: str
) -> None:
    assert asked in said(business, scene(business, clock), "resolution")


@pytest.mark.parametrize(
    ("scene", "told"), [(by_day, NOW), (by_night, LATER), (without_a_phone, BY_HAND), (without_money, BY_HAND)]
)
def test_what_is_ready_says_whether_a_text_tells_it(
    business: Business, clock: FrozenClock, scene: Scene, told: str
) -> None:
    ticket = scene(business, clock)
    address = f"/remedies/{remedy_of(business, ticket).id}/readiness"
    assert f"Ready. {told}" in after_posting(business, ticket, address, **version(business, ticket))


@pytest.mark.parametrize(
    ("scene", "sent"),
    [
        (by_day, "Your text is on its way."),
        (by_night, "Texts wait for the morning now: yours goes then."),
        (without_money, "The month's money for texts is spent, so yours waits: call them instead."),
    ],
)
def test_a_reply_says_when_it_goes(business: Business, clock: FrozenClock, scene: Scene, sent: str) -> None:
    assert sent in said(business, scene(business, clock), "messages", body="Nearly there.")


@pytest.mark.parametrize(
    ("caps", "phone"),
    [({"number_day": 1}, "07700 900123"), ({"site_day": 1}, "07700 900456"), ({"ticket": 0}, "07700 900456")],
)
def test_the_log_page_says_that_one_text_too_many_does_not_go(
    business: Business, caps: dict[str, int], phone: str
) -> None:
    maya, form = Visitor.signed_in(business, "maya"), {"site": "harbour-st", "failure": "wrong_order", "phone": phone}
    business.log()
    assert "will read" in words(maya.post("/log/preview", **form))
    business.set_policy(caps=replace(NO_CAPS, **caps))
    assert "No text goes There have been very many texts" in words(maya.post("/log/preview", **form))


def test_a_promise_that_no_text_tells_is_to_be_said(business: Business, clock: FrozenClock) -> None:
    ticket = without_money(business, clock)
    page = said(business, ticket, "promise", minutes="20", tell="1")
    assert "Promised. No text tells them now: call them and say it." in page
    assert "They hear from us by 09:50: nobody could be told yet." in page
    board = words(Visitor.signed_in(business, "maya").open("/board"))
    assert "by 09:50" in board
    assert "told 09:50" not in board
