"""A customer who is elsewhere: told times by their own clock, and left alone in their own night. Staff keep the site's."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from recovery.bootstrap import build
from recovery.clock import FrozenClock
from recovery.domain.actors import CUSTOMER
from recovery.domain.errors import Invalid
from recovery.domain.events import Tag
from recovery.domain.messages import MessageStatus
from recovery.domain.zones import city_of, place_of, places, zones_of
from recovery.models import Callback, Customer, Message, Promise, Ticket
from recovery.services.calling import booking
from recovery.services.calling.callback_times import when_words
from recovery.services.people.erasing import erase
from recovery.services.proving.audit import verify
from recovery.services.session import DeskSession
from recovery.services.texting.messages import Saying, leaves_at, tell_staff
from recovery.services.texting.previews import first_text
from recovery.services.ticketing.logging_mistakes import NewTicket
from recovery.services.ticketing.reopening import reopen
from recovery.services.ticketing.tickets import close, resolve, tell_times_in
from tests.factories import SAM, Business, shut
from tests.fixtures.settings import MakeSettings
from tests.services.post import Post

NEW_YORK = "America/New_York"
LONDON = "Europe/London"


@pytest.fixture
def post(make_settings: MakeSettings, sqlite_url: str, clock: FrozenClock) -> Iterator[Post]:
    desk = build(make_settings(DATABASE_URL=sqlite_url), clock=clock)
    yield Post(Business.opened(desk))
    desk.dispose()


@pytest.fixture
def business(post: Post) -> Business:
    return post.business


def lives_in(post: Post, ticket: Ticket, zone: str) -> None:
    post.business.on(ticket, lambda s, row, _: tell_times_in(s, row, zone, now=post.now, by=CUSTOMER))


def zone_kept(post: Post, ticket: Ticket) -> str | None:
    with post.desk.read() as session:
        return session.get_one(Customer, ticket.customer_id).timezone


def newest(post: Post, ticket: Ticket) -> Message:
    return post.texts(ticket)[-1]


def at(post: Post, clock: FrozenClock, moment: str) -> None:
    clock.set(datetime.fromisoformat(moment).replace(tzinfo=UTC))
    post.send_all()


def test_a_booked_call_is_said_by_their_clock_and_stays_the_sites_for_staff(post: Post, clock: FrozenClock) -> None:
    at(post, clock, "2026-03-10T10:00")
    ticket = post.ticket(days=1)
    lives_in(post, ticket, "Asia/Tokyo")
    due = datetime(2026, 3, 10, 15, 30, tzinfo=UTC)
    post.business.on(ticket, lambda s, row, maya: booking.book(s, row, due_at=due, now=post.now, by=maya))
    assert "tomorrow at 00:30" in (newest(post, ticket).body or ""), "a quarter to a day later than at the site"
    call = post.business.rows(Callback, ticket)[-1]
    assert when_words(post.business.again(ticket), call, now=post.now) == "tomorrow at 00:30"
    assert call.due_at == due
    assert newest(post, ticket).expires_at == datetime(2026, 3, 10, 15, 0, tzinfo=UTC), (
        "no tomorrow after their midnight"
    )


def test_a_promise_is_said_by_their_clock(post: Post, clock: FrozenClock) -> None:
    at(post, clock, "2026-03-10T15:00")
    ticket = post.ticket()
    lives_in(post, ticket, NEW_YORK)
    for minutes in (20, 40):
        clock.set(datetime(2026, 3, 10, 15, minutes, tzinfo=UTC))
        post.business.tick("promises to lapse")
    assert "by 12:10" in (newest(post, ticket).body or "")


def test_what_was_put_right_again_is_said_by_their_clock(post: Post, clock: FrozenClock) -> None:
    at(post, clock, "2026-03-10T15:00")
    ticket = post.ticket(days=3)
    lives_in(post, ticket, NEW_YORK)

    def put_right(minute: int) -> None:
        clock.set(datetime(2026, 3, 10, 15, minute, tzinfo=UTC))
        post.business.on(ticket, lambda s, row, maya: resolve(s, row, how=None, now=post.now, by=maya))

    put_right(10)
    post.business.on(ticket, lambda s, row, _: reopen(s, row, why="told", now=post.now, by=CUSTOMER))
    put_right(40)
    assert "11:40" in (newest(post, ticket).body or "")


def test_staff_see_their_clock_in_the_first_text_before_it_is_written(post: Post, clock: FrozenClock) -> None:
    lives_in(post, post.ticket(days=3), NEW_YORK)
    at(post, clock, "2026-03-10T15:00")
    new = NewTicket(site="harbour-st", failure="late", customer=SAM, promise_minutes=90)
    with post.desk.read() as session:
        seen = first_text(session, new, now=post.now, by=post.business.actor("maya"))
    assert seen.text is not None
    assert "by 12:30" in seen.text.body


def test_a_late_evening_at_the_site_is_an_afternoon_for_them(post: Post, clock: FrozenClock) -> None:
    ticket = post.ticket(days=3)
    lives_in(post, ticket, NEW_YORK)
    at(post, clock, "2026-03-10T23:00")
    text_id = post.say(ticket)
    assert post.status(text_id) is MessageStatus.PENDING
    assert post.send_all() == 1


def test_a_night_of_theirs_is_a_night_whatever_the_time_at_the_site(post: Post, clock: FrozenClock) -> None:
    ticket = post.ticket(days=3)
    lives_in(post, ticket, NEW_YORK)
    at(post, clock, "2026-03-11T06:00")  # two in the night there
    first = post.say(ticket)
    at(post, clock, "2026-03-11T09:00")  # the site has been awake for an hour
    second = post.say(ticket)
    assert [post.status(each) for each in (first, second)] == [MessageStatus.HELD, MessageStatus.HELD]
    at(post, clock, "2026-03-11T11:59")
    assert post.status(first) is MessageStatus.HELD
    at(post, clock, "2026-03-11T12:00")  # eight there
    assert [post.status(each) for each in (first, second)] == [MessageStatus.SENT, MessageStatus.SENT]


def test_the_last_look_asks_by_the_clock_that_is_theirs_by_then(post: Post, clock: FrozenClock) -> None:
    """It was queued for the morning of the site, and they have flown since."""
    ticket = post.ticket(days=3)
    at(post, clock, "2026-03-10T22:00")
    text_id = post.say(ticket)
    words = post.text(text_id).body
    lives_in(post, ticket, NEW_YORK)
    at(post, clock, "2026-03-11T08:00")
    held = post.text(text_id)
    assert (held.status, held.not_before) == (MessageStatus.HELD, datetime(2026, 3, 11, 12, 0, tzinfo=UTC))
    at(post, clock, "2026-03-11T12:00")
    assert (post.status(text_id), post.text(text_id).body) == (MessageStatus.SENT, words)


def test_a_text_to_staff_rests_by_the_night_of_the_site(post: Post, clock: FrozenClock) -> None:
    """Even to one who is a customer as well, and elsewhere."""
    ticket = post.ticket(days=3)
    lives_in(post, ticket, NEW_YORK)
    at(post, clock, "2026-03-10T20:00")
    text_id = post.say(ticket)
    post.set(text_id, audience="staff")
    clock.set(datetime(2026, 3, 10, 23, 0, tzinfo=UTC))
    assert post.depart() == []
    held = post.text(text_id)
    assert (held.status, held.not_before) == (MessageStatus.HELD, datetime(2026, 3, 11, 8, 0, tzinfo=UTC))


def test_a_text_to_staff_is_queued_by_the_night_of_the_site(post: Post, clock: FrozenClock) -> None:
    ticket = post.ticket(days=3)
    lives_in(post, ticket, NEW_YORK)
    shut(post.business, "2026-03-10", "Stocktaking")
    at(post, clock, "2026-03-10T23:00")
    omar = post.business.staff("omar")

    def alert(session: DeskSession, row: Ticket) -> Message | None:
        return tell_staff(session, row, omar, Saying("staff_alert", "test:alert", {"alert": "late"}), now=post.now)

    text = post.business.on(ticket, lambda s, row, _: alert(s, row))
    assert text is not None
    assert (text.status, text.not_before) == (MessageStatus.HELD, datetime(2026, 3, 11, 8, 0, tzinfo=UTC))


def test_words_are_chosen_for_the_moment_at_which_their_night_ends(post: Post, clock: FrozenClock) -> None:
    ticket = post.ticket(days=3)
    lives_in(post, ticket, NEW_YORK)
    two_in_the_night = datetime(2026, 3, 11, 6, 0, tzinfo=UTC)
    clock.set(two_in_the_night)
    leaves = post.business.on(ticket, lambda s, row, _: leaves_at(s, row, now=two_in_the_night))
    assert leaves == datetime(2026, 3, 11, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("night", "morning"),
    [("2026-03-08T05:00", "2026-03-08T12:00"), ("2026-11-01T04:00", "2026-11-01T13:00")],
    ids=["forward", "back"],
)
def test_the_night_ends_at_eight_by_their_clock_when_it_changes(
    post: Post, clock: FrozenClock, night: str, morning: str
) -> None:
    """New York's clocks change in a night in which London's do not."""
    at(post, clock, night)
    ticket = post.ticket(days=3)
    post.send_all()
    lives_in(post, ticket, NEW_YORK)
    text_id = post.say(ticket)
    opens = datetime.fromisoformat(morning).replace(tzinfo=UTC)
    assert post.text(text_id).not_before == opens
    clock.set(opens - timedelta(minutes=1))
    assert post.send_all() == 0
    clock.set(opens)
    assert (post.send_all(), post.status(text_id)) == (1, MessageStatus.SENT)


def test_a_call_is_reminded_of_before_their_night_and_not_the_sites(post: Post, clock: FrozenClock) -> None:
    at(post, clock, "2026-03-10T15:00")
    ticket = post.ticket(days=3)
    lives_in(post, ticket, "Asia/Tokyo")
    due = datetime(2026, 3, 10, 23, 30, tzinfo=UTC)  # half past eight there
    post.business.on(ticket, lambda s, row, maya: booking.book(s, row, due_at=due, now=post.now, by=maya))
    reminded = post.business.rows(Callback, ticket)[-1].remind_at
    assert reminded is not None
    assert reminded.hour == 23, "in their morning, which is a night at the site"


def test_a_choice_is_told_in_the_trail_and_the_sites_own_is_kept_as_none(post: Post) -> None:
    ticket = post.ticket()
    lives_in(post, ticket, "Europe/Paris")
    lives_in(post, ticket, "Europe/Paris")
    assert zone_kept(post, ticket) == "Europe/Paris"
    lives_in(post, ticket, LONDON)
    assert zone_kept(post, ticket) is None
    told = [json.loads(payload) for payload in post.told(ticket, Tag.TICKET_CHANGED)]
    assert [(each["field"], each["before"], each["after"]) for each in told] == [
        ("timezone", LONDON, "Europe/Paris"),
        ("timezone", "Europe/Paris", LONDON),
    ]
    with post.desk.read() as session:
        assert verify(session, post.desk.house.audit_key).ok


@pytest.mark.parametrize("wanted", ["", "Mars/Olympus_Mons", "../../etc/passwd", "Etc/GMT+5", "europe/paris", "\0"])
def test_what_is_no_zone_changes_nothing(post: Post, wanted: str) -> None:
    ticket = post.ticket()
    before = post.trail(ticket)
    with pytest.raises(Invalid):
        lives_in(post, ticket, wanted)
    assert (zone_kept(post, ticket), len(post.trail(ticket))) == (None, len(before))


def test_it_holds_for_all_of_their_tickets_and_for_nobody_else(post: Post) -> None:
    first, second = post.ticket(), post.ticket()
    lives_in(post, first, NEW_YORK)
    assert post.business.again(second).customer.timezone == NEW_YORK  # type: ignore[union-attr]
    nobody = post.business.log(customer=None)
    lives_in(post, nobody, NEW_YORK)
    assert post.told(nobody, Tag.TICKET_CHANGED) == []


def test_nothing_that_is_counted_goes_by_it(post: Post, clock: FrozenClock) -> None:
    at(post, clock, "2026-03-10T10:00")
    ticket = post.ticket()
    due = post.business.rows(Promise, ticket)[-1].due_at
    lives_in(post, ticket, "Pacific/Auckland")
    assert post.business.rows(Promise, ticket)[-1].due_at == due
    assert post.business.again(ticket).promise_due_at == due


def test_erasing_a_person_forgets_where_they_are(post: Post) -> None:
    ticket, ada = post.ticket(), post.business.actor("ada")
    lives_in(post, ticket, NEW_YORK)

    def end(session: DeskSession, row: Ticket) -> None:
        resolve(session, row, how=None, now=post.now, by=ada)
        close(session, row, cause="till", action=None, now=post.now, by=ada)

    post.business.on(ticket, lambda s, row, _: end(s, row))
    post.desk.transact(lambda s: erase(s, "+447700900123", now=post.now, by=ada))
    assert zone_kept(post, ticket) is None


def test_every_place_that_is_offered_has_a_clock_and_a_name(clock: FrozenClock) -> None:
    assert len(places()) > 400
    assert (place_of("America/Indiana/Knox"), place_of(NEW_YORK)) == ("Knox, Indiana", "New York")
    assert city_of("UTC") == place_of("UTC") == "UTC"
    american = zones_of("US", now=clock.now())
    assert american[0] == NEW_YORK
    for zone in ("America/Chicago", "America/Denver", "America/Phoenix", "America/Los_Angeles", "Pacific/Honolulu"):
        assert zone in american
    assert len(american) < 10
    for country in {*places().values()}:
        assert zones_of(country, now=clock.now()), country
    assert zones_of(None, now=clock.now()) == []
