"""Loops and pumping end at a cap, and a person looks; nothing is texted to a country that we do not text."""

import itertools
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from recovery.clock import FrozenClock
from recovery.domain.actors import MACHINE, Actor
from recovery.domain.callbacks import Outcome
from recovery.domain.events import Tag
from recovery.domain.messages import Direction
from recovery.domain.text_limits import Caps, Spending
from recovery.models import Callback, Message, OptOut, Ticket
from recovery.services.access import lock_ticket
from recovery.services.calling.attempts import attempt
from recovery.services.calling.booking import book
from recovery.services.deciding.remedies import propose
from recovery.services.running.health import checks
from recovery.services.session import DeskSession
from recovery.services.texting.caps import cap_met
from recovery.services.texting.consent import opt_out
from recovery.services.texting.foreseen import handle_together
from recovery.services.texting.messages import OPTED_OUT, Saying, tell_customer, why_no_text
from recovery.services.texting.replies import Inbound, receive
from recovery.services.ticketing.reopening import reopen
from recovery.services.ticketing.tickets import resolve
from recovery.services.timing.promises import current_promise, promise_by_hand
from tests.factories import LEE, NO_CAPS, NOOR, SAM, NewCustomer, refund
from tests.services.post import Post

AOIFE = NewCustomer("+353 85 012 3456", "Aoife")
_sids = itertools.count()


def tell(post: Post, ticket: Ticket) -> Message | None:
    saying = Saying("free", f"cap:{next(_sids)}", {"words": "Nearly there."})

    def work(session: DeskSession) -> Message | None:
        return tell_customer(session, lock_ticket(session, ticket.id), saying, now=post.now, by=MACHINE)

    return post.desk.transact(work)


def tell_until_withheld(post: Post, ticket: Ticket) -> int:
    """How many went."""
    for number in range(100):
        if tell(post, ticket) is None:
            return number
    raise AssertionError("nothing was ever one too many")


@pytest.mark.parametrize(("cap", "most"), [("number_hour", 5), ("number_day", 6), ("ticket", 4), ("site_day", 7)])
def test_one_text_too_many_is_withheld_said_and_called_about_once(post: Post, cap: str, most: int) -> None:
    post.business.set_policy(caps=replace(NO_CAPS, **{cap: most}))
    ticket = post.ticket()
    assert tell_until_withheld(post, ticket) == most - 1, "the apology was the first"
    assert tell(post, ticket) is None
    assert post.told(ticket, Tag.TEXT_WITHHELD) == [f'{{"cap":"{cap}","reason":"capped","template":"free"}}'] * 2
    assert post.call_tasks(ticket) == ["undelivered"]
    assert post.reread(ticket).no_text_reason is None, "the next hour is another one"


def test_the_hour_the_day_and_the_site_are_counted_apart(post: Post, clock: FrozenClock) -> None:
    post.business.set_policy(caps=replace(NO_CAPS, number_hour=3))
    ticket = post.ticket()
    tell_until_withheld(post, ticket)
    assert tell(post, post.ticket(NOOR)) is not None, "another number has its own count"
    clock.advance(hours=1)
    assert tell(post, ticket) is not None
    post.business.set_policy(caps=replace(NO_CAPS, site_day=6))
    assert tell(post, ticket) is None
    clock.advance(days=1)
    assert tell(post, ticket) is not None


@pytest.mark.parametrize(("cap", "most"), [("number_hour", 3), ("number_day", 3), ("ticket", 3), ("site_day", 4)])
def test_tickets_that_are_handled_together_meet_the_caps_that_they_meet_alone(post: Post, cap: str, most: int) -> None:
    """Sam has had two texts more than Noor, and Lee has opted out."""
    sam, noor, lee = post.ticket(SAM), post.ticket(NOOR), post.ticket(LEE)
    for _ in range(2):
        tell(post, sam)
    post.desk.transact(lambda session: opted_out(session, lee, post))
    post.business.set_policy(caps=replace(NO_CAPS, **{cap: most}))

    def why(session: DeskSession, *, together: bool) -> list[tuple[str | None, str | None]]:
        tickets = [lock_ticket(session, ticket.id) for ticket in (sam, noor, lee)]
        if together:
            handle_together(session, tickets, now=post.now)
        contacts = [ticket.customer.contact for ticket in tickets if ticket.customer]
        return [
            (why_no_text(session, ticket), cap_met(session, ticket, contact, now=post.now))
            for ticket, contact in zip(tickets, contacts, strict=True)
        ]

    alone = post.desk.transact(lambda session: why(session, together=False))
    together = post.desk.transact(lambda session: why(session, together=True))
    assert together == alone
    assert alone[0] == (None, cap)
    assert alone[1] == (None, cap if cap == "site_day" else None)
    assert alone[2][0] == OPTED_OUT


def opted_out(session: DeskSession, ticket: Ticket, post: Post) -> None:
    contact = lock_ticket(session, ticket.id).customer.contact  # type: ignore[union-attr]
    opt_out(session, contact, sender="simulator", how="keyword", message_id=None, now=post.now)


def test_a_text_that_was_dropped_counts_for_nothing(post: Post, clock: FrozenClock) -> None:
    post.business.set_policy(caps=replace(NO_CAPS, ticket=2))
    ticket = post.ticket()
    post.set(post.texts(ticket)[0].id, expires_at=clock.now())
    post.depart()
    assert tell(post, ticket) is not None


def test_doctor_tells_that_texts_were_withheld(post: Post, clock: FrozenClock) -> None:
    post.business.set_policy(caps=replace(NO_CAPS, ticket=2))
    tell_until_withheld(post, post.ticket())
    assert capped(post) == "soon"
    clock.advance(hours=25)
    assert capped(post) == "ok"


def capped(post: Post) -> str:
    with post.desk.read() as session:
        return next(check.state for check in checks(session, now=post.now) if check.what == "Caps")


def test_who_writes_help_all_day_is_answered_three_times_and_every_stop_is_heard(post: Post) -> None:
    post.business.set_policy(caps=Caps(None, None, None, None, answers_day=3))
    post.ticket()
    for word in ("HELP", "HELP", "HELP", "HELP", "STOP"):
        inbound = Inbound("+447700900123", "simulator", word, f"SM-caps-{next(_sids)}")
        post.desk.transact(lambda session, text=inbound: receive(session, text, now=post.now))
        post.send_all()
    with post.desk.read() as session:
        answers = select(func.count()).where(Message.template.in_(("help", "stop_confirmed")))
        assert session.scalar(answers) == 3
        assert session.scalar(select(func.count()).select_from(OptOut)) == 1


def test_a_country_that_we_do_not_text_is_said_before_anything_is_queued(post: Post) -> None:
    ticket = post.ticket(AOIFE)
    assert post.texts(ticket) == []
    assert post.reread(ticket).no_text_reason == "country"
    assert post.told(ticket, Tag.TEXT_WITHHELD) == ['{"reason":"country","template":"logged"}']
    assert post.call_tasks(ticket) == ["undelivered"]
    with post.desk.read() as session:
        promise = current_promise(session, post.reread(ticket))
    assert promise is not None
    assert promise.told_by == "in_person"


@pytest.mark.parametrize("word", ["HELP", "START", "STOP"])
def test_nor_is_anybody_answered_there_though_every_stop_is_heard(post: Post, word: str) -> None:
    for number in ("+353850123456", "+447700900123"):
        inbound = Inbound(number, "simulator", word, f"SM-caps-{next(_sids)}")
        post.desk.transact(lambda session, text=inbound: receive(session, text, now=post.now))
    with post.desk.read() as session:
        answered = session.scalars(select(Message.to_number).where(Message.direction == Direction.OUTBOUND)).all()
        assert answered == ["+447700900123"]
        assert session.scalar(select(func.count()).select_from(OptOut)) == (2 if word == "STOP" else 0)


def test_once_its_country_is_allowed_texts_go(post: Post) -> None:
    ticket = post.ticket(AOIFE)
    post.business.set_policy(countries=frozenset({"GB", "IE"}))
    assert tell(post, ticket) is not None
    assert post.reread(ticket).no_text_reason is None


def test_without_a_list_the_countries_of_all_sites_are_texted(post: Post) -> None:
    assert post.texts(post.ticket(NewCustomer("+1 212 555 0143", "Lee"))) != []


def test_a_list_is_all_there_is(post: Post) -> None:
    post.business.set_policy(countries=frozenset({"US"}))
    assert post.texts(post.ticket(SAM)) == []


def promised_now(post: Post, ticket: Ticket) -> tuple[str, str]:
    """How the customer was told, on the promise and in the trail."""
    with post.desk.read() as session:
        promise = current_promise(session, post.reread(ticket))
    assert promise is not None
    return promise.told_by.value, json.loads(post.told(ticket, Tag.PROMISE_MADE)[-1])["told_by"]


def capped_at(post: Post, ticket: Ticket) -> None:
    """The next text about it would be one too many."""
    post.business.set_policy(caps=replace(NO_CAPS, ticket=len(post.texts(ticket))))


SPENT = Spending(month_limit_micros=0, warn_at_percent=80)


def spent(post: Post, _: Ticket) -> None:
    """Nothing that is not urgent goes this month."""
    post.business.set_policy(spending=SPENT)


def test_a_first_text_that_was_withheld_told_nobody(post: Post) -> None:
    post.business.set_policy(caps=replace(NO_CAPS, site_day=0))
    assert promised_now(post, post.ticket()) == ("nobody", "nobody")


@pytest.mark.parametrize("hold", [capped_at, spent])
def test_a_promise_by_hand_is_told_by_text_only_where_one_goes(
    post: Post, hold: Callable[[Post, Ticket], None]
) -> None:
    ticket = post.ticket()
    hold(post, ticket)
    due = post.now + timedelta(minutes=20)
    post.business.on(
        ticket, lambda session, row, by: promise_by_hand(session, row, due_at=due, tell=True, now=post.now, by=by)
    )
    assert promised_now(post, ticket) == ("nobody", "nobody")
    assert post.call_tasks(ticket) == ["undelivered"], "somebody says it"


def test_a_booked_call_is_told_by_text_only_where_one_goes(post: Post) -> None:
    ticket, other = post.ticket(), post.ticket(NOOR)
    for each in (ticket, other):
        if each is ticket:
            capped_at(post, each)
        else:
            post.business.set_policy(caps=NO_CAPS, spending=SPENT)
        post.business.on(each, lambda session, row, by: book(session, row, due_at=None, now=post.now, by=by))
    assert promised_now(post, ticket) == ("page", "page")
    assert promised_now(post, other) == ("text", "text"), "urgent: money does not hold it"


def test_a_call_that_moves_by_itself_is_told_by_no_text(post: Post) -> None:
    ticket = post.ticket()
    call = post.business.on(ticket, lambda session, row, by: book(session, row, due_at=None, now=post.now, by=by))
    assert promised_now(post, ticket) == ("text", "text")

    def in_vain(session: DeskSession, row: Ticket, by: Actor) -> None:
        tried = session.get_one(Callback, call.id)
        attempt(session, row, tried, outcome=Outcome.NO_ANSWER, note=None, now=post.now, by=by)

    post.business.on(ticket, in_vain)
    assert promised_now(post, ticket) == ("page", "page")


@pytest.mark.parametrize("hold", [capped_at, spent])
def test_a_lapse_that_no_text_tells_was_told_by_nobody(
    post: Post, clock: FrozenClock, hold: Callable[[Post, Ticket], None]
) -> None:
    ticket = post.ticket()
    hold(post, ticket)
    clock.advance(minutes=16)
    post.business.tick("promises to lapse")
    assert promised_now(post, ticket) == ("nobody", "nobody")
    assert "undelivered" in post.call_tasks(ticket)


@pytest.mark.parametrize("hold", [capped_at, spent])
def test_what_a_colleague_reopens_is_told_by_text_only_where_one_goes(
    post: Post, clock: FrozenClock, hold: Callable[[Post, Ticket], None]
) -> None:
    ticket = post.ticket()
    post.business.on(ticket, lambda session, row, by: resolve(session, row, how=None, now=post.now, by=by))
    clock.advance(minutes=1)
    hold(post, ticket)
    post.business.on(ticket, lambda session, row, by: reopen(session, row, why="by_hand", now=post.now, by=by))
    assert promised_now(post, ticket) == ("page", "page")


@pytest.mark.parametrize("hold", [capped_at, spent])
def test_an_answer_is_not_promised_by_a_text_that_does_not_go(post: Post, hold: Callable[[Post, Ticket], None]) -> None:
    ticket = post.ticket()
    hold(post, ticket)
    post.business.on(ticket, lambda session, row, by: propose(session, row, refund(4500), now=post.now, by=by))
    assert len(post.told(ticket, Tag.PROMISE_MADE)) == 1, "the one that they know of stands"
