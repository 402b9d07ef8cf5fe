"""Two colleagues, two workers, a colleague and the customer: whoever races, each thing about a wait happens once."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from recovery.domain.waits import WaitAnswer, WaitStatus
from recovery.models import Wait
from recovery.services.access import lock_ticket, ticket_of_wait
from recovery.services.session import DeskSession
from recovery.services.waiting import turns
from tests.factories import SAM, Business
from tests.services.calls import texts
from tests.services.test_racing import at_once
from tests.services.wait_parts import again, joined, press, ticket_of


def pressing(business: Business, wait: Wait, what: Any, who: str) -> Callable[[], None]:
    by = business.actor(who)

    def work(session: DeskSession) -> None:
        what(session, *ticket_of_wait(session, wait.id, by=by), now=business.now, by=by)

    return lambda: business.desk.transact(work)


def test_two_who_are_ready_at_once_call_them_once(business: Business) -> None:
    wait = joined(business)
    at_once([pressing(business, wait, turns.ready, who) for who in ("maya", "omar", "ada")])
    assert again(business, wait).status is WaitStatus.CALLED
    assert business.tags(ticket_of(business, wait)).count("wait:called") == 1
    assert texts(business, ticket_of(business, wait)) == ["waiting", "waiting_ready"]
    at_once([pressing(business, wait, turns.helped, who) for who in ("maya", "omar", "ada")])
    assert business.tags(ticket_of(business, wait)).count("wait:helped") == 1


def test_two_workers_give_somebody_up_once(business: Business) -> None:
    wait = press(business, joined(business), turns.ready)
    business.later(hours=1)
    at_once([lambda: business.tick("waits to go on") and None for _ in range(2)])
    assert again(business, wait).status is WaitStatus.NO_SHOW
    assert texts(business, ticket_of(business, wait)).count("waiting_missed") == 1


def test_an_answer_and_the_grace_that_ends_meet_in_one_order_or_the_other(business: Business) -> None:
    wait = press(business, joined(business), turns.ready)
    business.later(minutes=10)

    def coming(session: DeskSession) -> None:
        ticket = lock_ticket(session, wait.ticket_id)
        turns.answer(session, ticket, session.get_one(Wait, wait.id), WaitAnswer.COMING, now=business.now)

    at_once([lambda: business.desk.transact(coming) and None, lambda: business.tick("waits to go on") and None])
    assert again(business, wait).status is WaitStatus.COMING
    assert business.tags(ticket_of(business, wait)).count("wait:coming") == 1


@pytest.mark.parametrize(
    "values",
    [
        {"status": "helped"},
        {"status": "helped", "ended_at": "now"},
        {"status": "gone"},
        {"ended_at": "now"},
        {"called_at": "now"},
        {"status": "called"},
        {"status": "later", "due_at": None},
        {"status": "elsewhere"},
    ],
)
def test_the_database_alone_refuses_a_wait_that_cannot_be(business: Business, values: dict[str, Any]) -> None:
    wait = joined(business, SAM)
    table = Wait.__table__
    told = {name: business.now + timedelta() if value == "now" else value for name, value in values.items()}
    statement = table.update().where(table.c.id == wait.id)  # type: ignore[attr-defined]
    with pytest.raises((IntegrityError, LookupError)), business.desk.writing.begin() as connection:
        connection.execute(statement.values(**told))
