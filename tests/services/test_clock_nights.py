"""Both nights on which the clocks change, in eight zones: two workers tick through them, or none does for 26 hours. Each due
thing happens once, what is too late is told so or dropped with a reason, and nobody is texted in their sleep."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from recovery.bootstrap import build
from recovery.clock import FrozenClock
from recovery.domain.events import Tag
from recovery.domain.messages import MessageStatus
from recovery.models import Callback, Message, Promise, Site, Ticket
from recovery.services.calling import booking
from recovery.services.timing.due_work import TICKET_WORK
from tests.domain.clock_changes import CHANGES
from tests.factories import LEE, NOOR, SAM, Business
from tests.fixtures.settings import MakeSettings
from tests.services.post import Post

ZONES = sorted(CHANGES.keys() - {"UTC"})
NIGHTS = [(zone, night) for zone in ZONES for night in CHANGES[zone]]
DUE_WORK = [work.name for work in TICKET_WORK]


@dataclass
class Evening:
    """Five in the afternoon before such a night, at a site that never closes."""

    post: Post
    zone: ZoneInfo
    clock: FrozenClock
    workers: ThreadPoolExecutor

    @property
    def business(self) -> Business:
        return self.post.business

    def next_morning(self, hour: int, minute: int = 0) -> datetime:
        """The first such time on the wall there that is after midnight."""
        local = self.post.now.astimezone(self.zone).replace(hour=hour, minute=minute)
        times = (local + timedelta(days=days) for days in (1, 2))  # one of them may be a day that was not
        return next(each.astimezone(UTC) for each in times if each.astimezone(UTC).astimezone(self.zone) == each)

    def book(self, ticket: Ticket, due: datetime) -> None:
        now = self.post.now
        self.business.on(ticket, lambda session, row, by: booking.book(session, row, due_at=due, now=now, by=by))

    def two_workers_tick(self, at: datetime) -> None:
        """Both at that moment; then whatever may leave does."""
        self.clock.set(at)
        list(self.workers.map(lambda _: self.business.tick(*DUE_WORK), range(2)))
        self.post.send_all()

    def texts(self) -> list[Message]:
        with self.post.desk.read() as session:
            return list(session.scalars(select(Message)))

    def each_happened_once(self, *tickets: Ticket) -> None:
        for ticket in tickets:
            lapses = [json.loads(payload)["promise"] for payload in self.post.told(ticket, Tag.PROMISE_LAPSED)]
            lapsed = [promise.id for promise in self.business.rows(Promise, ticket) if promise.lapsed_at is not None]
            assert sorted(lapses) == sorted(lapsed)
            assert lapses, "nothing was late: the night was none"
        meanings = [text.meaning for text in self.texts()]
        assert len(meanings) == len(set(meanings))

    def nobody_was_woken(self) -> None:
        """By the clock on the wall, not by ours."""
        for text in self.texts():
            if text.sending_at is None or (text.urgent_until is not None and text.urgent_until > text.sending_at):
                continue
            left = text.sending_at.astimezone(self.zone).time()
            assert time(8) <= left < time(21), f"{text.template} left at {left}"


def named(night: tuple[str, date]) -> str:
    return f"{night[0].rpartition('/')[2]}-{night[1]}"


@pytest.fixture(params=NIGHTS, ids=named)
def evening(
    request: pytest.FixtureRequest, make_settings: MakeSettings, sqlite_url: str, clock: FrozenClock
) -> Iterator[Evening]:
    name, night = request.param
    zone = ZoneInfo(name)
    clock.set(at_five(night - timedelta(days=1), zone))
    desk = build(make_settings(DATABASE_URL=sqlite_url), clock=clock)
    business = Business.opened(desk)
    with desk.writing.begin() as connection:
        connection.execute(Site.__table__.update().where(Site.slug == "harbour-st").values(timezone=name))
    with ThreadPoolExecutor(2) as workers:
        yield Evening(Post(business), zone, clock, workers)
    desk.dispose()


def at_five(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(17), zone).astimezone(UTC)


def test_two_workers_that_tick_through_the_night_do_each_due_thing_once_and_wake_nobody(evening: Evening) -> None:
    """One call is due in the night, one soon after it; a third customer waits since shortly before the quiet hours."""
    business, post = evening.business, evening.post
    began, morning = post.now, evening.next_morning(8, 20)
    called, by_night = business.log(customer=NOOR), business.log(customer=LEE)
    evening.book(called, morning)
    evening.book(by_night, began + timedelta(hours=9, minutes=10))
    for hours in (1, 3.5):
        evening.two_workers_tick(began + timedelta(hours=hours))
    waiting = business.log(customer=SAM)
    for hours in (3.8, 4.5, 8.2, 9.2, 9.4, 13):
        evening.two_workers_tick(began + timedelta(hours=hours))
    for minutes in (-12, 1, 15, 60):
        evening.two_workers_tick(morning + timedelta(minutes=minutes))
    evening.each_happened_once(called, by_night, waiting)
    for ticket in (called, by_night):
        tags = business.tags(ticket)
        assert [tags.count(f"callback:{verb}") for verb in ("reminded", "due", "missed")] == [1, 1, 1]
    (reminder,) = [text for text in post.texts(called) if text.template == "callback_reminder"]
    assert "will call you at 08:20." in (reminder.body or "")
    assert reminder.status is MessageStatus.SENT
    assert "late" in {text.template for text in post.texts(waiting)}
    assert [text for text in evening.texts() if text.status is MessageStatus.HELD] == []
    evening.nobody_was_woken()


@pytest.mark.parametrize("evening", NIGHTS[::2], indirect=True, ids=named)
def test_after_26_hours_without_a_worker_two_do_each_due_thing_once_and_what_is_stale_says_why(
    evening: Evening,
) -> None:
    business, post = evening.business, evening.post
    waiting, called = business.log(customer=SAM), business.log(customer=NOOR)
    evening.book(called, evening.next_morning(9))
    later = post.now + timedelta(hours=26)
    for _ in range(2):
        evening.two_workers_tick(later)
    evening.each_happened_once(waiting, called)
    tags = business.tags(called)
    assert [tags.count(f"callback:{verb}") for verb in ("reminded", "due", "missed")] == [0, 1, 1]
    withheld = [json.loads(payload) for payload in post.told(called, Tag.TEXT_WITHHELD)]
    assert withheld == [{"template": "callback_reminder", "reason": "expired"}]
    booked = [text for text in post.texts(called) if text.template == "callback_booked"]
    assert [(text.status, text.drop_reason) for text in booked] == [(MessageStatus.DROPPED, "expired")]
    unsaid, anew = post.texts(waiting)
    assert (unsaid.template, unsaid.status, unsaid.drop_reason) == ("logged", MessageStatus.DROPPED, "expired")
    assert (anew.template, anew.status) == ("logged", MessageStatus.SENT)
    assert business.rows(Promise, waiting)[-1].due_at == post.now + timedelta(minutes=15)
    evening.nobody_was_woken()
    assert business.rows(Callback, called)[0].status == "missed"
