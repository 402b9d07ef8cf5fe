"""The worker beside a database in trouble: what is only late is never given up, and what is wrong holds up nobody."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.exc import InternalError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from recovery.domain.messages import MessageStatus
from recovery.domain.provider_codes import FaultCategory
from recovery.services.sending.departures import PARKED
from recovery.sms.gateway import OutgoingText, SendRefused
from recovery.worker.ticks import reap
from tests.factories import LEE, NOOR, SAM
from tests.fixtures.locks import held, shorten
from tests.fixtures.waiting import wait_until
from tests.fixtures.works import RunningClock, Works

BEGINNING = "sending_at="
REOPENING = "UPDATE send_gates SET"


def spoken_by_the_driver(kind: type[Exception], words: str) -> Exception:
    return kind(words) if kind is PoolTimeout else kind("UPDATE messages", {}, sqlite3.OperationalError(words))


@dataclass
class Trouble:
    """Befalls the statements that hold `part`, where `concerns` says so of their parameters."""

    part: str
    problem: Exception
    concerns: Callable[[str], bool] = lambda _: True
    befell: int = 0

    def befall(self, _connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if self.part in statement and self.concerns(str(parameters)):
            self.befell += 1
            raise self.problem


@contextmanager
def in_trouble(works: Works, trouble: Trouble) -> Iterator[Trouble]:
    """Reading goes on, as it does beside a lock, a full pool, or a database that takes no changes."""
    event.listen(works.desk.writing, "before_cursor_execute", trouble.befall)
    yield trouble
    event.remove(works.desk.writing, "before_cursor_execute", trouble.befall)


def keep_waking(works: Works, condition: Callable[[], bool], *, what: str) -> None:
    def woken() -> bool:
        works.sender.wake()
        return condition()

    wait_until(woken, what=what)


@pytest.mark.parametrize(
    "problem",
    [
        spoken_by_the_driver(OperationalError, "database is locked"),
        spoken_by_the_driver(InternalError, "cannot execute UPDATE in a read-only transaction"),
        spoken_by_the_driver(ProgrammingError, "column messages.looked_by does not exist"),
        spoken_by_the_driver(PoolTimeout, "QueuePool limit of size 10 overflow 4 reached"),
    ],
    ids=lambda problem: type(problem).__name__,
)
def test_no_text_is_given_up_for_a_database_that_takes_no_changes_for_a_while(works: Works, problem: Exception) -> None:
    with in_trouble(works, Trouble(BEGINNING, problem)) as trouble:
        for customer in (SAM, NOOR, LEE):
            works.post.ticket(customer)
        keep_waking(works, lambda: trouble.befell > 2, what="it is tried again")
        assert set(works.states()) <= {MessageStatus.PENDING, MessageStatus.CLAIMED}
    works.wait_for_ends()
    assert works.states() == [MessageStatus.SENT] * 3
    assert len(works.provider.accepted) == 3


def test_what_has_begun_leaves_although_the_next_in_line_meets_trouble(works: Works) -> None:
    works.sender.stop()
    poisoned, good, unlucky = (works.post.texts(works.post.ticket(who))[0].id for who in (SAM, NOOR, LEE))
    works.post.set(poisoned, body="x" * 1601)
    trouble = Trouble(
        BEGINNING, spoken_by_the_driver(OperationalError, "database is locked"), lambda told: str(unlucky) in told
    )
    with in_trouble(works, trouble):
        works.restart()
        keep_waking(works, lambda: len(works.provider.accepted) == 1, what="the good one has left")
        wait_until(lambda: works.post.status(good) is MessageStatus.SENT, what="its answer is written")
        assert works.post.status(poisoned) is MessageStatus.FAILED
        assert works.post.status(unlucky) is MessageStatus.CLAIMED
    works.wait_for_ends()
    assert works.post.status(unlucky) is MessageStatus.SENT


def test_a_text_over_which_we_fall_ourselves_is_a_persons_the_third_time(works: Works) -> None:
    ticket = works.post.ticket()
    works.wait_for_ends()
    works.sender.stop()
    bad, other = works.post.say(ticket), works.post.texts(works.post.ticket(NOOR))[0].id
    with in_trouble(works, Trouble(BEGINNING, ZeroDivisionError(), lambda told: str(bad) in told)) as trouble:
        works.restart()
        for trips in (1, 2, 3):
            keep_waking(works, lambda trips=trips: trouble.befell == 2 * trips, what="it tripped us, also alone")  # type: ignore[misc]  # mypy sees no type in a default
            keep_waking(works, lambda: works.post.status(other) is MessageStatus.SENT, what="the other has left")
            if trips < 3:
                assert works.post.status(bad) is MessageStatus.CLAIMED
                _after_the_lease(works)
        wait_until(lambda: works.post.status(bad) is MessageStatus.FAILED, what="it is parked")
    assert works.post.text(bad).error == PARKED
    assert works.post.call_tasks(ticket) == ["undelivered"]


def test_who_writes_the_answers_outlives_a_database_that_goes_away(works: Works) -> None:
    refused = [SendRefused(FaultCategory.RETRY, 20429, "Too Many Requests")]

    def refuse_once(_: OutgoingText) -> None:
        if refused:
            raise refused.pop()

    works.provider.on = refuse_once
    with in_trouble(works, Trouble(REOPENING, spoken_by_the_driver(OperationalError, "gone"))) as trouble:
        works.post.ticket()
        keep_waking(works, lambda: trouble.befell > 0, what="the gate could not be opened")
    works.post.ticket(NOOR)
    works.wait_for_ends()
    assert works.states() == [MessageStatus.SENT] * 2


@pytest.mark.postgres
def test_a_customer_whose_row_is_held_waits_alone(works_on_postgres: Works) -> None:
    """As by a web process that froze in the middle of a transaction."""
    works = works_on_postgres
    works.sender.stop()
    customer, other = (works.post.texts(works.post.ticket(who))[0] for who in (SAM, NOOR))
    shorten(works.desk.writing)
    with held(works.desk.writing, "contacts", customer.contact_id):
        works.restart()
        keep_waking(works, lambda: works.post.status(other.id) is MessageStatus.SENT, what="the other has left")
        assert works.post.status(customer.id) is MessageStatus.CLAIMED
    _after_the_lease(works)
    works.wait_for_ends()
    assert works.states() == [MessageStatus.SENT] * 2


def _after_the_lease(works: Works) -> None:
    assert isinstance(works.desk.clock, RunningClock)
    works.desk.clock.advance(seconds=61)
    reap(works.station())
