"""The look at the provider's list: what was written while nobody was at our door stands on its ticket, once."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from recovery.clock import FrozenClock
from recovery.domain.messages import Direction
from recovery.models import Contact, Photo, Site
from recovery.services.hearing import missed
from recovery.services.hearing.door import let_in
from recovery.services.hearing.missed import AFTER_A_START, EVERY, FURTHER_BACK, FURTHEST_BACK
from recovery.services.running import restoring
from recovery.services.running.tallies import FOUND_LATE, LISTS_UNREAD
from recovery.services.texting.replies import Inbound
from recovery.worker.listening import NAMED_WITHIN
from tests.factories import NOOR, NewCustomer
from tests.fixtures.settings import MakeSettings
from tests.services.missed_parts import BROKEN, QUAYS, REAL, US, Desk, opened
from tests.services.texting_parts import SAMS


@pytest.fixture
def desk(make_settings: MakeSettings, sqlite_url: str, clock: FrozenClock) -> Iterator[Desk]:
    desk = opened(make_settings(DATABASE_URL=sqlite_url, PUBLIC_URL="https://desk.example.com", **REAL), clock)
    yield desk
    desk.components.dispose()


@pytest.fixture
def either_desk(make_settings: MakeSettings, database_url: str, clock: FrozenClock) -> Iterator[Desk]:
    """On SQLite and on PostgreSQL."""
    desk = opened(make_settings(DATABASE_URL=database_url, PUBLIC_URL="https://desk.example.com", **REAL), clock)
    yield desk
    desk.components.dispose()


def test_a_reply_that_nobody_brought_is_found_and_kept_once(either_desk: Desk) -> None:
    desk, ticket = either_desk, either_desk.ticket()
    written_at = desk.later(minutes=5)
    desk.library.hears("Is anybody there?", written_at)
    desk.later(minutes=5)
    assert desk.look()
    desk.later(minutes=5)
    assert desk.look(thorough=True)
    (message,) = (each for each in desk.post.texts(ticket) if each.direction is Direction.INBOUND)
    assert (message.body, message.created_at, message.came_late) == ("Is anybody there?", written_at, True)
    assert (desk.post.reread(ticket).unread, desk.counted(FOUND_LATE)) == (1, 1)


def test_webhook_and_look_bring_the_same_text_in_the_same_moment(either_desk: Desk) -> None:
    desk, ticket = either_desk, either_desk.ticket()
    written_at = desk.later(minutes=5)
    desk.later(minutes=5)
    for number in range(6):
        sid, phone = f"SMtwin{number}", f"+4477009003{number:02}"
        brought = Inbound(SAMS if number % 2 else phone, US, f"Number {number}", sid)
        found = Inbound(brought.from_number, US, brought.body, sid, written_at=written_at)
        both = threading.Barrier(2)

        def bring(inbound: Inbound, both: threading.Barrier = both) -> int:
            both.wait(5)
            return let_in(desk.components, inbound, now=desk.now).id

        with ThreadPoolExecutor(2) as two:
            assert len(set(two.map(bring, (brought, found)))) == 1
    assert len(desk.inbound()) == 6
    assert desk.post.reread(ticket).unread == 3
    with desk.components.read() as session:
        assert session.scalar(select(func.count()).where(Contact.phone.startswith("+4477009003"))) == 3


def test_two_workers_that_look_at_once_take_in_each_text_once(either_desk: Desk) -> None:
    desk, ticket = either_desk, either_desk.ticket()
    desk.later(minutes=5)
    for number in range(5):
        desk.library.hears(f"Number {number}", desk.now)
    desk.later(minutes=5)
    with ThreadPoolExecutor(2) as two:
        results = list(two.map(lambda _: desk.look(), range(2)))
    assert sorted(map(bool, results)) == [False, True]
    assert len(desk.library.asked) == 1
    assert desk.post.reread(ticket).unread == 5


def test_it_is_looked_every_two_minutes_a_little_further_back_and_a_day_after_a_start(desk: Desk) -> None:
    desk.ticket()
    desk.later(days=3)
    assert desk.look(thorough=True)
    first = desk.now
    assert desk.look() is None
    desk.later(seconds=EVERY.total_seconds())
    assert desk.look()
    desk.later(seconds=EVERY.total_seconds())
    assert desk.look(thorough=True)
    assert [asked[US] for asked in desk.library.asked] == [
        first - AFTER_A_START - FURTHER_BACK,
        first - FURTHER_BACK,
        desk.now - AFTER_A_START,
    ]


def test_after_a_long_silence_it_is_looked_as_far_back_as_it_lasted_but_not_for_ever(desk: Desk) -> None:
    desk.ticket()
    last = desk.later(hours=1)
    desk.look()
    desk.later(days=4)
    desk.look()
    desk.later(days=90)
    desk.look()
    assert [asked[US] for asked in desk.library.asked[1:]] == [last - FURTHER_BACK, desk.now - FURTHEST_BACK]


def test_what_was_written_before_we_ever_wrote_from_there_is_not_ours(desk: Desk) -> None:
    desk.library.hears("Is this the plumber?", desk.now)
    desk.later(minutes=10)
    assert desk.look(), "no number of ours has sent anything"
    assert desk.library.asked == []
    desk.ticket()
    desk.later(minutes=10)
    assert desk.look()
    assert desk.inbound() == []


def test_each_site_listens_at_its_own_number_from_its_own_first_text_on(desk: Desk) -> None:
    desk.ticket()
    with desk.components.write() as session:
        session.scalars(select(Site).where(Site.slug == "quay")).one().sender = QUAYS
    desk.later(hours=2)
    desk.look()
    assert set(desk.library.asked[-1]) == {US}
    desk.post.business.log(by="nell", site="quay", customer=NewCustomer("+1 212 555 0123", "Ruth"))
    desk.post.send_all()
    begun = desk.now
    desk.later(minutes=10)
    desk.look()
    assert desk.library.asked[-1][QUAYS] == begun


def test_what_may_still_be_brought_is_left_to_the_webhook(desk: Desk) -> None:
    ticket = desk.ticket()
    desk.later(minutes=5)
    desk.library.hears("hello", desk.now)
    desk.later(seconds=20)
    assert desk.look()
    assert desk.post.reread(ticket).unread == 0
    desk.later(minutes=2)
    assert desk.look()
    assert desk.post.reread(ticket).unread == 1


def test_a_list_that_cannot_be_read_is_put_off_longer_each_time_and_forgets_nothing(desk: Desk) -> None:
    ticket = desk.ticket()
    mark = desk.later(hours=1)
    assert desk.look()
    desk.library.trouble = BROKEN
    desk.library.hears("hello", desk.later(minutes=2))
    waits = []
    for _ in range(6):
        assert desk.look() is False
        failed_at = desk.now
        while not desk.is_due():
            desk.later(minutes=1)
        waits.append((desk.now - failed_at) // timedelta(minutes=1))
    assert waits == [4, 8, 16, 20, 20, 20]
    assert desk.counted(LISTS_UNREAD) == 6
    state, words = desk.check()
    assert (state, "(The provider gave no usable answer (503).)" in words) == ("soon", True)
    desk.library.trouble = None
    assert desk.look()
    assert desk.library.asked[-1][US] == mark - FURTHER_BACK
    assert desk.post.reread(ticket).unread == 1
    assert desk.check() == (
        "soon",
        "1 found late so far, the last 0 s ago: the provider could not reach us. See Texts, under Admin.",
    )


def test_a_fault_of_ours_in_looking_is_a_list_that_was_not_read(desk: Desk) -> None:
    desk.ticket()
    desk.library.trouble = KeyError("sid")
    assert desk.look() is False
    assert desk.counted(LISTS_UNREAD) == 1


def test_a_text_that_cannot_be_taken_in_holds_up_no_other_and_is_looked_for_again(desk: Desk) -> None:
    """Half a character fits into no database."""
    ticket = desk.ticket()
    desk.later(minutes=5)
    desk.library.hears("half \ud800", desk.now)
    desk.library.hears("hello", desk.now)
    desk.later(minutes=5)
    assert desk.look() is False
    assert desk.post.reread(ticket).unread == 1
    desk.library.written[0] = replace(desk.library.written[0], body="whole")
    desk.later(minutes=60)
    assert desk.look()
    assert desk.post.reread(ticket).unread == 2


def test_photos_come_along_and_a_list_of_them_that_cannot_be_read_loses_no_text(desk: Desk) -> None:
    ticket = desk.ticket()
    desk.library.hears("Look!", desk.later(minutes=5), photos=1)
    desk.library.media_trouble = BROKEN
    desk.library.hears("See?", desk.now, photos=2)
    desk.later(minutes=5)
    assert desk.look() is False
    assert desk.post.reread(ticket).unread == 0
    desk.library.media_trouble = None
    desk.library.written.pop()
    desk.later(minutes=5)
    assert desk.look()
    desk.library.hears("See?", desk.now, photos=2)
    desk.library.media_trouble = BROKEN
    desk.later(seconds=NAMED_WITHIN.total_seconds())
    assert desk.look()
    with desk.components.read() as session:
        urls = session.scalars(select(Photo.url).order_by(Photo.arrived_at, Photo.position)).all()
    assert urls == ["https://api.twilio.com/SMin0000/0", "", ""], "two that the ticket says it could not get"


def test_nobody_waits_while_the_provider_is_asked(desk: Desk) -> None:
    """On SQLite a transaction of ours would keep everybody else from writing."""
    desk.ticket()
    desk.library.hears("Look!", desk.later(minutes=5), photos=1)
    desk.later(minutes=5)

    def elsewhere() -> None:
        with ThreadPoolExecutor(1) as another:
            another.submit(desk.post.ticket, NOOR).result(timeout=60)

    desk.library.during = elsewhere
    assert desk.look()
    desk.library.trouble = BROKEN
    desk.later(minutes=5)
    assert desk.look() is False
    assert desk.post.send_all() == 3, "texts go on leaving"


def test_a_list_that_was_too_long_is_told(desk: Desk) -> None:
    desk.ticket()
    desk.later(hours=5)
    desk.library.cut_at = desk.now - timedelta(hours=2)
    assert desk.look()
    state, words = desk.check()
    assert (state, "of 2 h ago and before" in words) == ("soon", True)


def test_doctor_says_when_the_last_look_is_too_long_ago(desk: Desk) -> None:
    assert desk.check() == ("ok", "The provider's list is yet to be read for the first time.")
    desk.ticket()
    desk.later(minutes=5)
    desk.look()
    assert desk.check() == ("ok", "None in the last day; the provider's list was read 0 s ago.")
    desk.later(minutes=45)
    state, words = desk.check()
    assert (state, "last read to its end 45 min ago:" in words) == ("soon", True)


def test_after_a_restore_it_waits_for_what_went_out_and_then_looks_back_to_the_backup(desk: Desk) -> None:
    desk.ticket()
    grace = desk.components.terms.grace
    backed_up = desk.later(days=2)
    desk.later(days=5)
    with desk.components.write() as session:
        restoring.hold_after_restore(session, grace=grace, now=desk.now)
        missed.know_until(session, backed_up, now=desk.now)
    assert desk.look(thorough=True) is None
    desk.later(minutes=3)
    with desk.components.write() as session:
        assert restoring.release(session, grace=grace, now=desk.now)
    assert desk.look(thorough=True)
    assert desk.library.asked[-1][US] == backed_up - FURTHER_BACK


def test_a_look_that_was_under_way_at_a_restore_moves_nothing(desk: Desk) -> None:
    desk.ticket()
    desk.later(hours=1)
    look = desk.components.transact(lambda session: missed.start_look(session, thorough=False, now=desk.now))
    assert look is not None
    backed_up = desk.now - timedelta(minutes=50)
    desk.components.transact(lambda session: missed.know_until(session, backed_up, now=desk.now))
    assert not desk.components.transact(lambda session: missed.went_well(session, look, cut_at=None, now=desk.now))
    with desk.components.read() as session:
        standing = missed.listening(session)
    assert standing is not None
    assert standing.heard_until == backed_up
