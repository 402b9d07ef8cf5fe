"""What texts cost is counted once each, and the month's limit holds back what can wait, where everybody sees it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from recovery.clock import FrozenClock
from recovery.domain.events import Tag
from recovery.domain.messages import MessageStatus
from recovery.domain.text_limits import Prices, Spending
from recovery.models import Message, Site, Ticket
from recovery.services.alerting.alerts import escalate
from recovery.services.reporting import spending
from recovery.services.reporting.spending import SpendStanding, spend_report, spend_standing
from recovery.services.running.health import Check, checks
from recovery.services.ticketing.reopening import undo_resolution
from recovery.services.ticketing.tickets import resolve, write_to_customer
from recovery.services.timing.promises import current_promise
from recovery.sms.gateway import Accepted
from tests.factories import NOOR, SAM, NewCustomer
from tests.services.post import NO_ANSWER, REFUSED_FOR_GOOD, Post

PRICES = Prices("USD", {"GB": 40_000, "US": 10_000}, 90_000)
LIMIT = Spending(month_limit_micros=200_000, warn_at_percent=80)


@pytest.fixture(autouse=True)
def priced(post: Post) -> None:
    post.business.set_policy(prices=PRICES)


def standing(post: Post) -> SpendStanding:
    with post.desk.read() as session:
        return spend_standing(session, now=post.now)


def spend(post: Post, micros: int) -> None:
    """As many texts of this month have cost already."""
    ticket = post.ticket(NewCustomer("07700 900199", "Much Texted"))
    text_id = post.texts(ticket)[0].id
    post.set(text_id, cost_micros=micros)
    post.send_all()


def check_of(post: Post) -> Check:
    with post.desk.read() as session:
        return next(check for check in checks(session, now=post.now) if check.what == "Spend")


def test_a_text_costs_its_segments_at_the_price_of_its_country(post: Post) -> None:
    here = post.texts(post.ticket(SAM))[0]
    there = post.texts(post.ticket(NewCustomer("+1 212 555 0143", "Lee")))[0]
    assert here.cost_micros == 40_000 * here.segments
    assert there.cost_micros == 10_000 * there.segments


def test_what_the_provider_takes_is_counted_by_month_site_template_and_country(post: Post) -> None:
    for who in (SAM, NOOR):
        post.ticket(who)
    post.business.log(site="quay", by="nell", customer=NewCustomer("+1 212 555 0143", "Lee"))
    assert standing(post).micros == 0, "nothing has left yet"
    post.send_all()
    with post.desk.read() as session:
        rows = [(row.month, row.site, row.template, row.country, row.texts) for row in spend_report(session)]
        assert spend_report(session, since="2026-04") == []
        assert sum(row.micros for row in spend_report(session)) == standing(post).micros > 0
    assert rows == [
        ("2026-03", "Harbour St Coffee", "logged", "GB", 2),
        ("2026-03", "The Quay Hotel", "logged", "US", 1),
    ]


def test_a_text_that_was_refused_costs_nothing_and_one_that_is_found_costs_once(post: Post) -> None:
    refused, doubted = post.ticket(SAM), post.ticket(NOOR)
    first, second = post.depart()
    post.finish(first, REFUSED_FOR_GOOD)
    post.finish(second, NO_ANSWER)
    assert standing(post).micros == 0
    text = post.texts(doubted)[0]
    post.receipt("SM-found", "delivered", of=text.id)
    post.finish(second, Accepted("SM-found", "queued"))
    assert standing(post).micros == text.cost_micros
    assert post.texts(refused)[0].status is MessageStatus.FAILED


def test_from_four_fifths_of_the_limit_on_somebody_is_warned(post: Post) -> None:
    post.business.set_policy(spending=LIMIT)
    assert check_of(post).state == "ok"
    spend(post, 159_999)
    assert not standing(post).is_warned
    spend(post, 1)
    assert (standing(post).percent, standing(post).is_warned, standing(post).is_over) == (80, True, False)
    assert check_of(post) == Check("Spend", "soon", "$0.16 of $0.20 this month (80 %).")


def test_above_the_limit_what_is_urgent_goes_and_the_rest_waits_with_its_reason(post: Post) -> None:
    post.business.set_policy(spending=LIMIT)
    ticket = post.ticket()
    post.send_all()
    spend(post, 200_000)
    with post.desk.read() as session:
        promised = current_promise(session, post.reread(ticket))
    held = post.text(post.say(ticket, template="late"))
    assert (held.status, held.held_for) == (MessageStatus.HELD, "spend")
    assert held.not_before == datetime(2026, 4, 1, tzinfo=UTC)
    assert '"held_for":"spend"' in post.told(ticket, Tag.TEXT_QUEUED)[-1]
    assert post.call_tasks(ticket) == ["undelivered"]
    urgent = post.texts(post.ticket(NOOR))[0]
    assert urgent.status is MessageStatus.PENDING
    assert post.send_all() == 1
    assert check_of(post).state == "late"
    post.business.on(ticket, lambda s, t, maya: write_to_customer(s, t, "Soon.", now=post.now, by=maya))
    assert post.texts(ticket)[-1].held_for == "spend"
    with post.desk.read() as session:
        still = current_promise(session, post.reread(ticket))
    assert promised is not None
    assert still is not None
    assert still.due_at == promised.due_at, "nobody was told anything"


def release(post: Post) -> int:
    return post.desk.transact(lambda session: spending.release(session, now=post.now))


def test_what_waits_for_money_waits_for_it_still_when_a_resolution_is_undone(post: Post) -> None:
    ticket = post.ticket()
    post.send_all()
    post.business.set_policy(spending=LIMIT)
    spend(post, 200_000)
    post.say(ticket, template="late")
    post.business.on(ticket, lambda session, held, by: resolve(session, held, how=None, now=post.now, by=by))
    post.business.later(seconds=5)
    post.business.on(ticket, lambda session, held, by: undo_resolution(session, held, now=post.now, by=by))
    twin = post.texts(ticket)[-1]
    assert (twin.template, twin.status, twin.held_for) == ("late", MessageStatus.HELD, "spend")
    post.business.set_policy(spending=replace(LIMIT, month_limit_micros=None))
    assert release(post) == 1
    assert post.status(twin.id) is MessageStatus.PENDING


def test_an_alert_to_a_colleague_waits_for_the_morning_and_not_for_money(post: Post, clock: FrozenClock) -> None:
    with post.desk.writing.begin() as connection:
        connection.execute(Site.__table__.update().values(hours="mon-sun 08:00-18:00"))
    ticket = post.ticket()
    post.send_all()
    post.business.set_policy(spending=LIMIT)
    spend(post, 200_000)
    clock.advance(hours=13)
    post.business.on(ticket, lambda s, t, _: escalate(s, t, why="promise_lapsed", now=post.now))
    (alert,) = [text for text in post.business.rows(Message, ticket) if text.audience == "staff"]
    assert (alert.status, alert.held_for) == (MessageStatus.HELD, None)
    assert alert.not_before - post.now < timedelta(hours=12)


def held_text(post: Post) -> tuple[Ticket, int]:
    post.business.set_policy(spending=LIMIT)
    ticket = post.ticket()
    post.send_all()
    spend(post, 200_000)
    return ticket, post.say(ticket)


def test_a_raised_limit_lets_it_go(post: Post) -> None:
    _, text_id = held_text(post)
    assert release(post) == 0
    assert post.send_all() == 0
    post.business.set_policy(spending=replace(LIMIT, month_limit_micros=100_000_000))
    assert release(post) == 1
    assert post.send_all() == 1
    assert (post.status(text_id), post.text(text_id).held_for) == (MessageStatus.SENT, None)


def test_another_month_lets_it_go(post: Post, clock: FrozenClock) -> None:
    _, text_id = held_text(post)
    clock.set(datetime(2026, 4, 1, 8, 0, tzinfo=UTC))
    assert standing(post).micros == 0
    assert post.send_all() >= 1
    assert post.status(text_id) is MessageStatus.SENT


def test_where_a_month_begins_by_night_it_waits_for_the_morning_and_for_money_no_more(
    post: Post, clock: FrozenClock
) -> None:
    _, text_id = held_text(post)
    clock.set(datetime(2026, 4, 1, 0, 0, tzinfo=UTC))
    assert post.send_all() == 0
    held = post.text(text_id)
    assert (held.status, held.held_for, held.not_before) == (
        MessageStatus.HELD,
        None,
        datetime(2026, 4, 1, 7, 0, tzinfo=UTC),
    )


def test_what_no_longer_holds_is_dropped_when_it_is_let_go_not_sent_late(post: Post, clock: FrozenClock) -> None:
    ticket, _ = held_text(post)
    stale = post.say(ticket, expires_at=clock.now() + timedelta(minutes=5))
    clock.advance(hours=1)
    post.business.set_policy(spending=replace(LIMIT, month_limit_micros=None))
    release(post)
    post.send_all()
    assert post.text(stale).drop_reason == "expired"


def test_without_a_limit_nothing_waits(post: Post) -> None:
    ticket = post.ticket()
    post.send_all()
    spend(post, 10**12)
    assert post.text(post.say(ticket)).status is MessageStatus.PENDING
    assert not standing(post).is_warned
