"""A backup is put back, and a worker goes on: nobody is texted again, and nothing is held up for ever."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from recovery.domain.events import Tag
from recovery.domain.messages import MessageStatus
from recovery.migrations import newest
from recovery.models import Callback, Event, Promise, Ticket
from recovery.services.calling.booking import book
from recovery.services.proving.audit import verify
from recovery.services.running import backups, restoring
from recovery.services.sending.departures import PARKED
from recovery.services.timing.due_work import TICKET_WORK
from recovery.sms.gateway import Found, LookupFailed, OutgoingText
from recovery.worker.lines import Lines
from recovery.worker.ticks import reap, reconcile, release_restored
from tests.factories import LEE, NOOR, SAM
from tests.fixtures.settings import MakeSettings
from tests.fixtures.waiting import wait_until
from tests.fixtures.works import ENDS, Provider, RunningClock, Works, at_work

CUSTOMERS = {"+447700900123", "+447700900124", "+447700900125"}


@dataclass
class Library(Provider):
    """A provider whose list may be unreadable, for good or for some numbers."""

    unreadable: Callable[[OutgoingText], bool] = field(default=lambda _: False)
    looks: list[str] = field(default_factory=list)

    def find(self, outgoing: OutgoingText, since: datetime, *, taken: Collection[str] = frozenset()) -> Found | None:
        self.looks.append(outgoing.to)
        if self.unreadable(outgoing):
            raise LookupFailed("The provider gave no usable answer (503).")
        return super().find(outgoing, since, taken=taken)


@pytest.fixture
def library() -> Library:
    return Library()


@pytest.fixture
def works(make_settings: MakeSettings, database_url: str, library: Library, plain_tracebacks: None) -> Iterator[Works]:
    with at_work(make_settings(DATABASE_URL=database_url, SEND_CONCURRENCY=4), library) as works:
        yield works


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "desk.zip"


def back_up(works: Works, file: Path) -> None:
    with works.desk.read() as session:
        backups.write(session, file, revision=newest(), now=works.post.now, tell=lambda *_: None)


def put_back(works: Works, file: Path) -> int:
    """As `restore --replace` does, with the worker stopped; afterwards it is started again."""
    works.sender.stop()
    now, manifest = works.post.now, backups.read_manifest(file)
    withheld = works.desk.transact(
        lambda session: backups.restore(
            session,
            file,
            manifest,
            revision=newest(),
            replace=True,
            grace=works.desk.terms.grace,
            now=now,
            tell=lambda *_: None,
        )
    )
    works.restart()
    return withheld


def pass_time(works: Works, **by: float) -> None:
    assert isinstance(works.desk.clock, RunningClock)
    works.desk.clock.advance(**by)


def tick(works: Works) -> None:
    """Everything that a worker does by the clock, once."""
    works.post.business.tick(*(work.name for work in TICKET_WORK))
    for run in (reap, reconcile, release_restored):
        run(works.station())
    works.sender.wake()


def go_on(works: Works) -> None:
    """Until nothing is held and nothing in doubt. Time is in leaps, so that what was claimed before one is reaped."""
    for _ in range(6):
        pass_time(works, seconds=121)
        tick(works)
    wait_until(lambda: reap(works.station()) or set(works.states()) <= ENDS, what="every text has its end")
    with works.desk.read() as session:
        assert restoring.standing_hold(session) is None


def is_held(works: Works) -> bool:
    with works.desk.read() as session:
        return restoring.standing_hold(session) is not None


def customers_told(library: Library) -> list[tuple[str, str]]:
    return [(text.to, text.body) for text in library.accepted if text.to in CUSTOMERS]


def first_text(works: Works, ticket: Ticket) -> int:
    return works.post.texts(ticket)[0].id


def test_nobody_is_texted_again_in_whatever_state_the_backup_caught_the_text(
    works: Works, library: Library, file: Path
) -> None:
    works.sender.stop()
    texts = [first_text(works, works.post.ticket(who)) for who in (SAM, NOOR, LEE)]
    token, claimed = works.post.claim(limit=2)
    departure = works.post.begin(token, claimed[:1])[0]
    back_up(works, file)
    works.post.finish(departure, library.send(departure.outgoing, now=works.post.now))
    works.restart()
    pass_time(works, seconds=61)
    reap(works.station())
    works.wait_for_ends()
    assert len(library.accepted) == 3
    put_back(works, file)
    assert Lines(works.desk).is_held
    assert MessageStatus.CLAIMED not in works.states()
    go_on(works)
    assert [works.post.status(text_id) for text_id in texts] == [MessageStatus.SENT] * 3
    assert len(library.accepted) == 3


def test_what_had_not_left_leaves_after_it_was_looked_for(works: Works, library: Library, file: Path) -> None:
    works.sender.stop()
    text_id = first_text(works, works.post.ticket())
    back_up(works, file)
    put_back(works, file)
    tick(works)
    assert is_held(works)
    assert library.accepted == []
    go_on(works)
    assert works.post.status(text_id) is MessageStatus.SENT
    assert len(library.accepted) == 1


def test_what_fell_due_meanwhile_is_told_to_a_person_and_not_again_to_the_customer(
    works: Works, library: Library, file: Path
) -> None:
    ticket, other = works.post.ticket(), works.post.ticket(NOOR)
    works.wait_for_ends()
    back_up(works, file)
    pass_time(works, minutes=16)
    tick(works)
    works.wait_for_ends()
    told = customers_told(library)
    assert len(told) == 4, "both were told that we are late"
    assert put_back(works, file) >= 2
    go_on(works)
    assert customers_told(library) == told
    for mine in (ticket, other):
        assert [call.reason for call in works.post.business.rows(Callback, mine)] == ["lapsed"]
        assert works.post.reread(mine).lapses == 1
        assert works.post.texts(mine)[-1].drop_reason == "restored"
        assert works.post.business.rows(Promise, mine)[-1].told_by == "nobody"
    with works.desk.read() as session:
        assert verify(session, works.desk.house.audit_key).ok


def test_what_falls_due_after_the_restore_is_told_as_ever(works: Works, library: Library, file: Path) -> None:
    works.post.ticket()
    works.wait_for_ends()
    back_up(works, file)
    assert put_back(works, file) == 0
    sent_before = len(library.accepted)
    pass_time(works, minutes=16)
    tick(works)
    works.wait_for_ends()
    assert len(library.accepted) > sent_before


def test_a_call_that_stands_anyway_is_not_doubled_for_its_reminder(works: Works, file: Path) -> None:
    ticket = works.post.ticket()
    works.wait_for_ends()
    now = works.post.now
    at = now + timedelta(minutes=40)
    works.post.business.on(ticket, lambda session, mine, by: book(session, mine, due_at=at, now=now, by=by))
    works.wait_for_ends()
    back_up(works, file)
    pass_time(works, minutes=35)
    put_back(works, file)
    go_on(works)
    assert [call.reason for call in works.post.business.rows(Callback, ticket)] == ["booked"]


def test_one_row_that_cannot_be_looked_for_holds_up_nobody(works: Works, library: Library, file: Path) -> None:
    works.sender.stop()
    bad, good = (first_text(works, works.post.ticket(who)) for who in (SAM, NOOR))
    works.post.set(bad, body="x" * 1601)
    back_up(works, file)
    put_back(works, file)
    pass_time(works, seconds=121)
    tick(works)
    assert not is_held(works)
    works.wait_for_ends()
    assert (works.post.text(bad).status, works.post.text(bad).error) == (MessageStatus.FAILED, PARKED)
    assert works.post.status(good) is MessageStatus.SENT
    assert [text.to for text in library.accepted] == ["+447700900124"]


def test_what_was_looked_for_stays_so_while_the_list_is_unreadable_for_others(
    works: Works, library: Library, file: Path
) -> None:
    works.sender.stop()
    tickets = [works.post.business.log(customer=who, promise_minutes=90) for who in (SAM, NOOR)]
    sams, noors = (first_text(works, ticket) for ticket in tickets)
    back_up(works, file)
    put_back(works, file)
    library.unreadable = lambda text: text.to.endswith("123")
    for _ in range(4):
        pass_time(works, seconds=121)
        tick(works)
    assert is_held(works)
    assert library.looks.count("+447700900124") == 1
    assert library.looks.count("+447700900123") == 4
    pass_time(works, seconds=400)
    tick(works)
    assert not is_held(works), "after ten minutes the others go"
    assert works.post.status(sams) is MessageStatus.IN_DOUBT
    library.unreadable = lambda _: False
    go_on(works)
    assert [works.post.status(text_id) for text_id in (sams, noors)] == [MessageStatus.SENT] * 2
    assert max(Counter(text.ref for text in library.accepted).values()) == 1


def test_a_provider_that_cannot_be_asked_at_all_is_not_asked_about_every_text_at_once(
    works: Works, library: Library, file: Path
) -> None:
    works.sender.stop()
    ticket = works.post.ticket()
    for _ in range(9):
        works.post.say(ticket)
    back_up(works, file)
    put_back(works, file)
    library.unreadable = lambda _: True
    pass_time(works, seconds=121)
    tick(works)
    assert len(library.looks) == 3
    pass_time(works, minutes=10)
    tick(works)
    assert set(works.states()) == {MessageStatus.IN_DOUBT}
    pass_time(works, hours=3)
    reconcile(works.station())
    assert set(works.states()) == {MessageStatus.FAILED}
    assert works.post.call_tasks(ticket).count("undelivered") == 1
    assert library.accepted == []


def test_the_trail_tells_of_the_restore_and_of_the_release(works: Works, file: Path) -> None:
    works.sender.stop()
    works.post.ticket()
    back_up(works, file)
    put_back(works, file)
    go_on(works)
    with works.desk.read() as session:
        tags = session.scalars(select(Event.tag).where(Event.stream_id == 1).order_by(Event.seq)).all()
    assert tags[-2:] == [Tag.BACKUP_RESTORED, Tag.OUTBOX_RELEASED]
