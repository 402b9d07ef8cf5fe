"""By night, and while the provider is away: what cannot be said in time is said truly later, or by a person."""

from datetime import timedelta

import pytest

from recovery.domain.messages import MessageStatus
from recovery.domain.tickets import Severity
from recovery.models import Callback, Message, Promise, Ticket
from recovery.services.timing.promises import promise_by_hand, touched
from tests.factories import Business
from tests.services.post import Post


def logged_at(post: Post, hours: int, minutes: int, **more: object) -> Ticket:
    """On a Tuesday, at that time of Harbour St, which never closes; the apology has left."""
    post.business.later(minutes=60 * hours + minutes - (9 * 60 + 30))
    ticket = post.business.log(**more)  # type: ignore[arg-type]
    post.send_all()
    return ticket


def pass_the_time(post: Post, *, minutes: int, every: int = 5) -> None:
    """With a worker that ticks and sends."""
    for _ in range(minutes // every):
        post.business.later(minutes=every)
        post.business.tick()
        post.send_all()


def promised(business: Business, ticket: Ticket, **ahead: float) -> Promise:
    due = business.now + timedelta(**ahead)
    return business.on(
        ticket,
        lambda session, held, maya: promise_by_hand(session, held, due_at=due, tell=True, now=business.now, by=maya),
    )


def of(post: Post, ticket: Ticket, template: str) -> list[Message]:
    return [text for text in post.texts(ticket) if text.template == template]


def alerts(post: Post, ticket: Ticket) -> list[Message]:
    return [row for row in post.business.rows(Message, ticket) if row.template == "staff_alert"]


@pytest.mark.parametrize(("severity", "minutes"), [(Severity.MINOR, 15), (Severity.SEVERE, 5)])
def test_a_lapse_by_night_is_renewed_once_and_told_in_the_morning(post: Post, severity: Severity, minutes: int) -> None:
    ticket = logged_at(post, 21, 10, severity=severity)
    pass_the_time(post, minutes=8 * 60)
    (late,) = of(post, ticket, "late")
    promise = post.business.rows(Promise, ticket)[-1]
    assert late.status is MessageStatus.HELD
    assert f"{late.not_before:%H:%M}" == "08:00"
    assert promise.due_at == late.not_before + timedelta(minutes=minutes)
    assert (promise.told_by, promise.renewal) == ("text", 1)
    assert post.business.again(ticket).lapses == len(alerts(post, ticket)) == 1
    pass_the_time(post, minutes=2 * 60 + 50)
    (late,) = of(post, ticket, "late")
    assert (late.status, late.sent_at) == (MessageStatus.SENT, post.now)
    assert f"you'll hear from us in about {minutes} minutes." in (late.body or "")


def test_a_promise_by_hand_that_no_text_can_tell_in_time_is_told_by_nobody(post: Post) -> None:
    ticket = logged_at(post, 22, 0)
    promise = promised(post.business, ticket, hours=2)
    assert (promise.told_by, promise.ended_at) == ("nobody", None)
    assert of(post, ticket, "promised") == []


def test_one_for_the_next_day_is_told_in_the_words_of_that_day(post: Post) -> None:
    ticket = logged_at(post, 22, 0)
    assert promised(post.business, ticket, hours=14).told_by == "text"
    (text,) = of(post, ticket, "promised")
    assert text.status is MessageStatus.HELD
    assert "you'll hear from us by 12:00." in (text.body or "")


def test_a_late_text_that_the_provider_did_not_take_in_time_becomes_a_call(post: Post) -> None:
    ticket = logged_at(post, 9, 30)
    post.business.later(minutes=16)
    post.business.tick("promises to lapse")
    post.business.later(minutes=16)
    post.depart()
    (late,) = of(post, ticket, "late")
    assert (late.status, late.drop_reason) == (MessageStatus.DROPPED, "expired")
    assert post.call_tasks(ticket) == ["lapsed"]


def test_but_not_where_they_heard_from_us_meanwhile(post: Post) -> None:
    ticket = logged_at(post, 9, 30)
    post.business.later(minutes=16)
    post.business.tick("promises to lapse")
    post.business.on(ticket, lambda session, t, maya: touched(session, t, how="in person", now=post.now, by=maya))
    post.business.later(minutes=16)
    post.depart()
    assert of(post, ticket, "late")[0].drop_reason == "expired"
    assert post.business.rows(Callback, ticket) == []


def test_a_new_time_that_the_night_would_hold_past_it_becomes_a_call_at_once(post: Post) -> None:
    ticket = logged_at(post, 20, 55)
    promised(post.business, ticket, minutes=40)
    post.business.later(minutes=6)
    post.depart()
    assert of(post, ticket, "promised")[0].drop_reason == "expired"
    assert post.call_tasks(ticket) == ["lapsed"]
