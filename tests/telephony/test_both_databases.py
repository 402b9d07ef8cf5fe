"""Where the database matters: presses and words that race, on SQLite and on PostgreSQL."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from recovery.bootstrap import build
from recovery.clock import FrozenClock
from recovery.domain.actors import MACHINE
from recovery.domain.callbacks import Outcome
from recovery.domain.errors import DomainError
from recovery.models import Contact, PhoneCall, SimulatedCall
from recovery.services.people.erasing import erase
from recovery.services.proving.audit import verify
from recovery.services.session import DeskSession
from recovery.services.telephony import answering, progress
from recovery.services.telephony.call_lines import ref_of
from recovery.services.telephony.progress import Told
from recovery.services.ticketing.tickets import resolve
from tests.fixtures.settings import MakeSettings
from tests.telephony.parties import OURS, SAMS, Desk, Simulated, calling


@pytest.fixture
def both(make_settings: MakeSettings, database_url: str, clock: FrozenClock) -> Iterator[Desk]:
    desk = build(make_settings(DATABASE_URL=database_url), clock=clock)
    business = calling(desk)
    yield Desk(business, Simulated(business))
    desk.dispose()


def count(desk: Desk, what: type) -> int:
    with desk.desk.read() as session:
        return session.scalar(select(func.count()).select_from(what)) or 0


def test_eight_presses_are_one_call_and_one_worker_has_it(both: Desk) -> None:
    _, callback = both.promised()

    def press(_: int) -> bool:
        try:
            both.ask(callback)
        except DomainError:
            return False
        return True

    with ThreadPoolExecutor(8) as many:
        assert sum(many.map(press, range(8))) == 1
        placed = [each for each in many.map(lambda _: both.place(), range(8)) if each is not None]
    assert (len(placed), count(both, PhoneCall), count(both, SimulatedCall)) == (1, 1, 1)


def test_words_that_come_at_once_leave_one_attempt_and_a_whole_trail(both: Desk) -> None:
    ticket, callback = both.promised()
    both.talk_to(callback)
    both.play.customer_picks_up()
    call = both.call()
    told = Told("CAx", "completed", ref_of(both.desk.house, call.id), "38", whole="in-progress")
    now = both.business.now

    def hear(number: int) -> None:
        act = progress.hear_far if number % 2 else progress.dialled
        both.desk.transact(lambda session: act(session, told, now=now))

    with ThreadPoolExecutor(8) as many:
        list(many.map(hear, range(24)))
    assert [(each.outcome, each.seconds) for each in both.attempts(ticket)] == [(Outcome.DISCONNECTED, 38)]
    with both.desk.read() as session:
        assert verify(session, both.desk.house.audit_key).ok


def test_a_caller_whom_we_lose_is_kept_once_whoever_repeats_it(both: Desk) -> None:
    now, desk = both.business.now, both.desk

    def call_us(_: int) -> None:
        def work(session: DeskSession) -> object:
            return answering.answer(session, provider_sid="CA1", caller="+447700900177", called=OURS, now=now)

        desk.transact(work)

    with ThreadPoolExecutor(4) as many:
        list(many.map(call_us, range(8)))
    assert (count(both, PhoneCall), both.call().ticket_id is not None) == (1, True)


def test_an_erased_customer_is_in_no_call(both: Desk) -> None:
    ticket, callback = both.promised()
    both.talk_to(callback)
    both.play.customer_picks_up()
    both.play.customer_hangs_up(90)
    now = both.business.now
    both.business.on(ticket, lambda session, held, maya: resolve(session, held, how=None, now=now, by=maya))
    both.desk.transact(lambda session: erase(session, SAMS, now=now, by=MACHINE))
    with both.desk.read() as session:
        kept = [
            str(tuple(row))
            for table in (PhoneCall, SimulatedCall, Contact)
            for row in session.execute(select(table.__table__))
        ]
    assert not any(SAMS in row for row in kept)
    assert both.call().seconds == 90, "how long they spoke stays in the figures"
