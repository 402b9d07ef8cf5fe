"""By night, and while the provider is away: what cannot be said in time is said truly later, or by a person."""

from datetime import timedelta

import pytest

from recovery.domain.actors import CUSTOMER
from recovery.domain.messages import MessageStatus
from recovery.domain.tickets import Severity
from recovery.models import Callback, Message, Promise, Site, Ticket
from recovery.services.access import lock_ticket
from recovery.services.alerting.alerts import escalate
from recovery.services.hearing.hands import move_by_hand
from recovery.services.ticketing import reopening, tickets
from recovery.services.timing.promises import touched
from tests.factories import Business, refund
from tests.services.night_parts import alerts, booked, do, logged_at, of, pass_the_time, promised
from tests.services.post import Post
from tests.services.texting_parts import says


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Nothing here depends on the database."""
    return sqlite_url


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


def test_a_correction_waits_for_the_morning(post: Post) -> None:
    ticket = logged_at(post, 22, 0)
    do(post, ticket, tickets.void, reason="wrong table", duplicate_of=None)
    (text,) = of(post, ticket, "voided")
    assert (text.status, text.urgent_until) == (MessageStatus.HELD, None)


def test_a_customer_who_says_that_it_is_not_right_is_answered_at_once(post: Post) -> None:
    ticket = logged_at(post, 22, 0)
    do(post, ticket, tickets.resolve, how=None)
    post.desk.transact(lambda s: reopening.reopen(s, lock_ticket(s, ticket.id), why="page", now=post.now, by=CUSTOMER))
    (text,) = of(post, ticket, "reopened")
    assert text.status is MessageStatus.PENDING
    assert "in about 15 minutes" in (text.body or "")


def test_what_a_colleague_reopens_is_told_in_the_morning_and_true_then(post: Post) -> None:
    ticket = logged_at(post, 22, 0)
    do(post, ticket, tickets.resolve, how=None)
    do(post, ticket, reopening.reopen, by="omar", why="cold")
    (text,) = of(post, ticket, "reopened")
    promise = post.business.rows(Promise, ticket)[-1]
    assert text.status is MessageStatus.HELD
    assert promise.due_at == text.not_before + timedelta(minutes=15)
    assert "in about 15 minutes" in (text.body or "")


def test_and_is_not_told_when_it_is_right_by_then(post: Post) -> None:
    ticket = logged_at(post, 22, 0)
    do(post, ticket, tickets.resolve, how=None)
    do(post, ticket, reopening.reopen, by="omar", why="cold")
    do(post, ticket, tickets.resolve, how=None)
    assert [text.drop_reason for text in of(post, ticket, "reopened")] == ["resolved"]


def keep_hours(business: Business, hours: str) -> None:
    with business.desk.writing.begin() as connection:
        site = Site.__table__.update().where(Site.slug == "harbour-st")
        connection.execute(site.values(hours=hours))


@pytest.mark.parametrize(("hours", "status"), [("mon-sun 07:00-23:00", "pending"), ("mon-sun 07:00-19:00", "held")])
def test_colleagues_are_alerted_by_night_only_where_they_are_at_work(post: Post, hours: str, status: str) -> None:
    keep_hours(post.business, hours)
    ticket = logged_at(post, 22, 0)
    post.business.on(ticket, lambda s, t, _: escalate(s, t, why="promise_lapsed", now=post.now))
    (alert,) = alerts(post, ticket)
    assert alert.status == status


def test_nobody_is_asked_in_the_morning_to_take_what_was_put_right_by_night(post: Post) -> None:
    keep_hours(post.business, "mon-sun 07:00-19:00")
    ticket = logged_at(post, 22, 0)
    post.business.on(ticket, lambda s, t, _: escalate(s, t, why="promise_lapsed", now=post.now))
    do(post, ticket, tickets.resolve, how=None)
    (alert,) = alerts(post, ticket)
    assert (alert.status, alert.drop_reason) == (MessageStatus.DROPPED, "resolved")


@pytest.mark.parametrize("seen_to", [True, False])
def test_nobody_is_told_in_the_morning_that_a_ticket_needs_them_which_was_seen_to_by_night(
    post: Post, *, seen_to: bool
) -> None:
    keep_hours(post.business, "mon-sun 07:00-19:00")
    ticket = logged_at(post, 22, 0)
    do(post, ticket, touched, how="in person", by="omar")
    post.business.on(ticket, lambda s, t, _: escalate(s, t, why="promise_lapsed", now=post.now))
    post.business.later(minutes=20)
    if seen_to:
        do(post, ticket, touched, how="in person")
    post.business.later(hours=10)
    post.send_all()
    (alert,) = alerts(post, ticket)
    assert (alert.status, alert.drop_reason) == (
        (MessageStatus.DROPPED, "no_longer_true") if seen_to else (MessageStatus.SENT, None)
    )


def sorts(post: Post, message: Message, first: Ticket, second: Ticket, how: str) -> None:
    by = post.business.actor("maya")
    if how == "moved":
        post.desk.transact(
            lambda s: move_by_hand(s, second.reference, message.id, first.reference, version=None, now=post.now, by=by)
        )
    elif how == "read":
        do(post, second, tickets.mark_read)
    elif how == "answered":
        do(post, second, tickets.write_to_customer, words="Yes, we are here.")


@pytest.mark.parametrize("how", ["moved", "read", "answered", ""])
def test_nobody_is_asked_in_the_morning_which_one_they_meant_where_staff_knew_by_night(post: Post, how: str) -> None:
    first = logged_at(post, 21, 30)
    second = post.business.log(failure="late")
    post.send_all()
    message = says(post.business, "Is anybody there?")
    post.business.later(hours=2)
    sorts(post, message, first, second, how)
    post.business.later(hours=9)
    post.send_all()
    (question,) = of(post, second, "which")
    assert (question.status, question.drop_reason) == (
        (MessageStatus.DROPPED, "no_longer_true") if how else (MessageStatus.SENT, None)
    )


def test_an_approval_is_asked_at_any_hour(post: Post) -> None:
    keep_hours(post.business, "mon-sun 07:00-19:00")
    ticket = logged_at(post, 22, 0, remedies=(refund(4500),))
    asked = [row for row in post.business.rows(Message, ticket) if row.template == "staff_approval"]
    assert [row.status for row in asked] == [MessageStatus.SENT]


@pytest.mark.parametrize("minutes", [0, 10])
def test_a_call_at_eight_is_reminded_of_the_evening_before(post: Post, minutes: int) -> None:
    ticket = logged_at(post, 16, 0)
    call = booked(post, ticket, hours=16, minutes=minutes)
    pass_the_time(post, minutes=4 * 60 + 40)
    assert of(post, ticket, "callback_reminder") == []
    pass_the_time(post, minutes=5)
    (reminder,) = of(post, ticket, "callback_reminder")
    assert (reminder.status, f"{reminder.sent_at:%H:%M}") == (MessageStatus.SENT, "20:45")
    assert f"will call you tomorrow at 08:{minutes:02}." in (reminder.body or "")
    pass_the_time(post, minutes=11 * 60 + 10)
    assert len(of(post, ticket, "callback_reminder")) == 1
    assert post.business.again(ticket).promise_due_at == call.miss_at


def test_a_call_at_a_quarter_past_eight_is_reminded_of_at_eight(post: Post) -> None:
    ticket = logged_at(post, 16, 0)
    booked(post, ticket, hours=16, minutes=15)
    pass_the_time(post, minutes=15 * 60 + 55)
    assert of(post, ticket, "callback_reminder") == []
    pass_the_time(post, minutes=5)
    assert "will call you at 08:15." in (of(post, ticket, "callback_reminder")[0].body or "")


def test_one_booked_by_night_for_eight_has_just_been_confirmed(post: Post) -> None:
    ticket = logged_at(post, 22, 0)
    booked(post, ticket, hours=10)
    pass_the_time(post, minutes=10 * 60)
    assert of(post, ticket, "callback_reminder") == []


def test_a_reminder_that_a_worker_was_away_for_says_the_day_on_which_it_leaves(post: Post) -> None:
    ticket = logged_at(post, 16, 0)
    booked(post, ticket, hours=16, minutes=10)
    post.business.later(hours=7)
    post.business.tick("callbacks to remind")
    (reminder,) = of(post, ticket, "callback_reminder")
    assert (reminder.status, f"{reminder.not_before:%H:%M}") == (MessageStatus.HELD, "08:00")
    assert "will call you at 08:10." in (reminder.body or "")
