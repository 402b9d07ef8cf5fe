"""Whom no text reaches, a person calls: at once, with the words that did not arrive; and a text that a phone could not
take for the moment is said again hours later, while it is still true."""

import pytest

from recovery.clock import FrozenClock
from recovery.domain.callbacks import Outcome
from recovery.domain.events import Tag
from recovery.domain.messages import MessageStatus
from recovery.domain.text_limits import Spending
from recovery.models import Callback, Message, Remedy, Ticket
from recovery.services.access import ticket_of_callback
from recovery.services.calling import attempts, booking
from recovery.services.deciding import remedies
from recovery.services.sending import asking
from recovery.services.sending.outcomes import SILENT
from recovery.services.sending.retrying import GAPS
from recovery.services.texting.replies import Inbound, receive
from recovery.services.ticketing.reopening import reopen
from recovery.services.ticketing.tickets import resolve
from recovery.sms.gateway import Accepted
from tests.factories import Business
from tests.services.post import Post

OUT_OF_REACH = "30003"
SAMS = "+447700900123"


def ready(post: Post) -> Ticket:
    """Sam is told that the remake is ready; the apology has arrived."""
    ticket = post.ticket()
    post.send_all()
    post.receipt(post.texts(ticket)[0].provider_sid or "", "delivered")
    business = post.business
    (remedy,) = business.rows(Remedy, ticket)
    business.on(
        ticket,
        lambda session, held, maya: remedies.make_ready(
            session, held, session.get_one(Remedy, remedy.id), now=post.now, by=maya
        ),
    )
    return ticket


def fails(post: Post, code: str = OUT_OF_REACH) -> Message:
    """The text that is due leaves, and the phone company cannot deliver it."""
    (departure,) = post.depart()
    sid = post.accept().provider_sid
    post.finish(departure, Accepted(sid, "queued"))
    post.receipt(sid, "undelivered", code=code)
    return post.text(departure.message_id)


def waiting(post: Post, ticket: Ticket) -> list[Message]:
    return [text for text in post.texts(ticket) if text.status in {MessageStatus.PENDING, MessageStatus.HELD}]


def reach(post: Post, ticket: Ticket) -> None:
    business = post.business
    (task,) = (call for call in business.rows(Callback, ticket) if call.ended_at is None)
    maya = business.actor("maya")
    business.desk.transact(
        lambda session: attempts.attempt(
            session,
            *ticket_of_callback(session, task.id, by=maya),
            outcome=Outcome.REACHED,
            note=None,
            now=post.now,
            by=maya,
        )
    )


def test_a_phone_out_of_reach_is_tried_again_twice_hours_apart(post: Post, clock: FrozenClock) -> None:
    ticket = ready(post)
    first = fails(post)
    tried = [post.now]
    for number, gap in enumerate(GAPS, 1):
        assert post.call_tasks(ticket) == ["undelivered"], "a person has it meanwhile, once"
        (again,) = waiting(post, ticket)
        assert (again.meaning, again.body) == (f"{first.meaning}:retry:{number}", first.body)
        assert again.not_before == post.now + gap
        clock.advance(seconds=gap.total_seconds() - 1)
        assert post.claim()[1] == []
        clock.advance(seconds=1)
        fails(post)
        tried.append(post.now)
    assert waiting(post, ticket) == [], "two are enough"
    assert len(tried) == 3


def test_whoever_was_called_meanwhile_gets_no_second_text(post: Post, clock: FrozenClock) -> None:
    ticket = ready(post)
    fails(post)
    (again,) = waiting(post, ticket)
    reach(post, ticket)
    clock.advance(seconds=GAPS[0].total_seconds())
    assert post.depart() == []
    assert post.text(again.id).drop_reason == "no_longer_true"


def test_what_is_no_longer_true_is_not_said_again(post: Post, clock: FrozenClock) -> None:
    ticket = ready(post)
    fails(post)
    business = post.business
    business.on(ticket, lambda session, held, maya: resolve(session, held, how=None, now=post.now, by=maya))
    assert [text.template for text in waiting(post, ticket)] == ["resolved"]


@pytest.mark.parametrize("code", ["30005", "30007", "30034", "29999", ""])
def test_what_will_not_go_better_later_is_not_tried_again(post: Post, code: str) -> None:
    ticket = ready(post)
    fails(post, code)
    assert waiting(post, ticket) == []
    assert post.call_tasks(ticket) == ["undelivered"]


@pytest.mark.parametrize(("hours", "again"), [(1, ["resolved_again"]), (10, [])])
def test_when_it_was_put_right_again_is_not_said_on_another_day(
    post: Post, clock: FrozenClock, hours: int, again: list[str]
) -> None:
    """At eight in the morning "at 19:31" would be tonight."""
    ticket, business = post.ticket(), post.business
    business.on(ticket, lambda session, held, maya: resolve(session, held, how=None, now=post.now, by=maya))
    clock.advance(minutes=1)
    business.on(ticket, lambda session, held, maya: reopen(session, held, why="cold", now=post.now, by=maya))
    post.send_all()
    clock.advance(hours=hours)
    business.on(ticket, lambda session, held, maya: resolve(session, held, how=None, now=post.now, by=maya))
    clock.advance(minutes=1)
    fails(post)
    assert [text.template for text in waiting(post, ticket)] == again


def test_what_would_not_be_written_now_is_not_said_again_either(post: Post) -> None:
    """Here for the month's money; as little where the number has turned out to be wrong, or has had very many texts."""
    ticket = ready(post)
    post.business.set_policy(spending=Spending(month_limit_micros=0, warn_at_percent=80))
    fails(post)
    assert waiting(post, ticket) == []
    assert post.call_tasks(ticket) == ["undelivered"]


def test_words_that_may_be_false_by_then_are_left_to_the_call(post: Post) -> None:
    """The apology tells a time, and what a colleague wrote nobody but they can judge."""
    ticket = post.ticket()
    fails(post)
    post.say(ticket, "Your table is free now.")
    fails(post)
    assert waiting(post, ticket) == []


def test_a_call_at_three_is_not_announced_after_three(post: Post, clock: FrozenClock) -> None:
    ticket = post.ticket()
    post.send_all()
    at = clock.now() + GAPS[0] / 2
    post.business.on(ticket, lambda session, held, maya: booking.book(session, held, due_at=at, now=post.now, by=maya))
    fails(post)
    assert waiting(post, ticket) == []


def test_tomorrow_is_not_said_again_tomorrow(post: Post, clock: FrozenClock) -> None:
    clock.advance(hours=10)
    ticket = post.ticket()
    post.send_all()
    at = clock.now().replace(hour=12) + GAPS[1] * 4
    post.business.on(ticket, lambda session, held, maya: booking.book(session, held, due_at=at, now=post.now, by=maya))
    assert "tomorrow" in (fails(post).body or "")
    assert waiting(post, ticket) == [], "the quiet hours would hold it until the morning"


def silent(post: Post, clock: FrozenClock) -> Ticket:
    """Accepted, and then never a word: asked for to the end."""
    ticket = post.ticket()
    post.finish(post.depart()[0], Accepted("SM1", "queued"))
    for hours in (0.25, 1.75, 9):
        clock.advance(hours=hours)
        assert _ask(post) == 1
        assert _give_up(post) == 0
    return ticket


def _ask(post: Post) -> int:
    with post.desk.read() as session:
        due = asking.silent(session, now=post.now)
    return sum(post.desk.transact(lambda s, one=one: asking.start_asking(s, one, now=post.now)) for one, _ in due)


def _give_up(post: Post) -> int:
    with post.desk.read() as session:
        due = asking.unheard(session, now=post.now)
    return sum(post.desk.transact(lambda s, one=one: asking.give_up(s, one, now=post.now)) for one in due)


def test_a_text_of_which_nothing_is_ever_heard_becomes_a_call(post: Post, clock: FrozenClock) -> None:
    ticket = silent(post, clock)
    assert post.call_tasks(ticket) == []
    clock.advance(minutes=15)
    assert (_ask(post), _give_up(post), _give_up(post)) == (0, 1, 0)
    assert post.call_tasks(ticket) == ["undelivered"]
    assert (post.texts(ticket)[0].status, post.texts(ticket)[0].error) == (MessageStatus.SENT, SILENT)
    assert len(post.told(ticket, Tag.TEXT_SILENT)) == 1


def test_a_receipt_that_comes_after_all_is_believed(post: Post, clock: FrozenClock) -> None:
    ticket = silent(post, clock)
    clock.advance(minutes=15)
    _give_up(post)
    post.receipt("SM1", "delivered")
    assert (post.texts(ticket)[0].status, post.texts(ticket)[0].error) == (MessageStatus.DELIVERED, None)


def test_nobody_is_called_about_a_silent_text_who_has_written_since(post: Post, clock: FrozenClock) -> None:
    ticket = silent(post, clock)
    inbound = Inbound(SAMS, "simulator", "Thanks, got it.", "SM2")
    post.desk.transact(lambda session: receive(session, inbound, now=post.now))
    clock.advance(minutes=15)
    assert _give_up(post) == 1
    assert post.call_tasks(ticket) == []


def test_a_worker_that_slept_asks_once_more_before_it_gives_up(post: Post, clock: FrozenClock) -> None:
    post.ticket()
    post.finish(post.depart()[0], Accepted("SM1", "queued"))
    clock.advance(hours=30)
    assert (_give_up(post), _ask(post), _ask(post)) == (0, 1, 0)
    clock.advance(minutes=15)
    assert _give_up(post) == 1


def test_news_for_somebody_without_a_phone_is_brought_by_a_person(business: Business) -> None:
    ticket = business.log(customer=None)
    assert [call.reason for call in business.rows(Callback, ticket)] == [], "the apology was made at the counter"
    business.on(
        ticket,
        lambda session, held, maya: remedies.make_ready(
            session, held, remedies.remedies_of(session, held)[0], now=business.now, by=maya
        ),
    )
    (task,) = business.rows(Callback, ticket)
    assert (task.reason, task.due_at) == ("no_phone", business.now)
