"""No open ticket is left to itself: something will happen to it, or a person has it on a list."""

from datetime import timedelta

from sqlalchemy import select, update

from recovery.domain.callbacks import CallReason
from recovery.models import Callback, Promise
from recovery.services.calling.booking import cancel
from recovery.services.proving.silence import silent
from recovery.services.running.doctor import examine
from recovery.services.running.health import BAD, WELL
from recovery.services.ticketing.rows import Undetected
from recovery.services.ticketing.undetected import undetected
from recovery.services.timing.promises import promise_by_hand
from tests.factories import Business


def heard(business: Business) -> list[str]:
    with business.desk.read() as session:
        return list(silent(session))


def reasons(business: Business) -> list[Undetected]:
    with business.desk.read() as session:
        return [reason for row in undetected(session, by=business.actor("maya")).items for reason in row.reasons]


def test_a_promise_that_only_a_person_can_renew_is_a_call_and_without_that_call_stands_undetected(
    business: Business,
) -> None:
    ticket = business.log(customer=None)
    for _ in range(5):
        business.later(hours=3)
        business.tick()
    assert [(call.reason, call.ended_at) for call in business.rows(Callback, ticket)] == [(CallReason.LAPSED, None)]
    assert heard(business) == []
    assert reasons(business) == [Undetected.MISSED_CALLBACK]
    business.on(
        ticket,
        lambda session, held, maya: cancel(
            session, held, session.scalars(select(Callback)).one(), now=business.now, by=maya
        ),
    )
    assert reasons(business) == [Undetected.BROKEN_PROMISE]
    assert heard(business) == []
    due = business.now + timedelta(minutes=20)
    business.on(
        ticket,
        lambda session, held, maya: promise_by_hand(session, held, due_at=due, tell=False, now=business.now, by=maya),
    )
    assert reasons(business) == []


def test_a_ticket_that_is_left_to_itself_is_named_by_the_doctor(business: Business) -> None:
    ticket = business.log()
    assert said(business, "Open tickets") == (WELL, "Every open ticket has its next step.")
    with business.desk.writing.begin() as connection:  # as no service would
        connection.execute(update(Promise.__table__).values(outcome="replaced", ended_at=business.now))
    assert heard(business) == [ticket.reference]
    level, words = said(business, "Open tickets")
    assert (level, ticket.reference in words) == (BAD, True)


def said(business: Business, name: str) -> tuple[str, str]:
    with business.desk.read() as session:
        found = next(check for check in examine(session, now=business.now) if check.what == name)
    return found.state, found.words
