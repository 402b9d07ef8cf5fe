"""The times that customers book: each place once, whoever races, and nobody is turned away."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from recovery.bootstrap import Components, build
from recovery.clock import FrozenClock
from recovery.domain.actors import CUSTOMER
from recovery.models import Callback, CallSlot, Promise, Site, Ticket
from recovery.services.access import lock_ticket, visible_site
from recovery.services.calling.booking import TimeTaken, book, cancel, reschedule
from recovery.services.calling.slots import open_slots
from recovery.services.people.customers import NewCustomer
from recovery.services.ticketing import customer_page
from tests.factories import Business
from tests.fixtures.settings import MakeSettings
from tests.services.test_racing import at_once

CUSTOMERS, TIMES = 20, 5


@pytest.fixture
def business(make_settings: MakeSettings, database_url: str, clock: FrozenClock) -> Iterator[Business]:
    desk = build(make_settings(DATABASE_URL=database_url), clock=clock)
    yield with_one_caller(Business.opened(desk), desk)
    desk.dispose()


def with_one_caller(business: Business, desk: Components) -> Business:
    with desk.write() as session:
        session.scalars(select(Site).where(Site.slug == "harbour-st")).one().calls_at_once = 1
    return business


def waiting(business: Business, number: int = 0) -> Ticket:
    return business.log(customer=NewCustomer(f"+4477009002{number:02}", f"Customer {number}"))


def booked(business: Business, ticket: Ticket, due_at: datetime | None) -> Callback:
    with business.desk.write() as session:
        held = lock_ticket(session, ticket.id)
        return book(session, held, due_at=due_at, now=business.now, by=CUSTOMER)


def times(business: Business) -> Sequence[datetime]:
    with business.desk.read() as session:
        return open_slots(session, visible_site(session, "harbour-st", by=business.actor("ada")), now=business.now)


def test_twenty_customers_and_five_times_are_five_bookings_and_fifteen_promises(business: Business) -> None:
    tickets, chosen = [waiting(business, number) for number in range(CUSTOMERS)], times(business)[:TIMES]

    def call_me(number: int) -> None:
        def act(session: object) -> None:
            held = lock_ticket(session, tickets[number].id)  # type: ignore[arg-type]  # DeskSession
            customer_page.call_me(session, held, wanted=chosen[number % TIMES], now=business.now)  # type: ignore[arg-type]

        business.desk.transact(act)

    at_once([lambda number=number: call_me(number) for number in range(CUSTOMERS)])  # type: ignore[misc]
    with business.desk.read() as session:
        calls = session.scalars(select(Callback)).all()
        at_a_time = Counter(call.due_at for call in calls if not call.as_soon_as_possible)
        assert at_a_time == dict.fromkeys(chosen, 1)
        assert sum(call.as_soon_as_possible for call in calls) == CUSTOMERS - TIMES
        promised = select(func.count(Promise.id)).where(Promise.about == "callback", Promise.ended_at.is_(None))
        assert session.scalar(promised) == CUSTOMERS
        assert session.scalar(select(func.count()).select_from(CallSlot)) == TIMES
    assert times(business)[0] not in chosen


def test_a_time_that_is_full_is_not_offered_and_one_that_is_given_up_is_again(business: Business) -> None:
    ticket, first = waiting(business), times(business)[0]
    call = booked(business, ticket, first)
    assert first not in times(business)
    with business.desk.write() as session:
        cancel(
            session, lock_ticket(session, ticket.id), session.get_one(Callback, call.id), now=business.now, by=CUSTOMER
        )
    assert first in times(business)


def test_a_call_that_moves_leaves_its_time_to_others(business: Business) -> None:
    ticket, (first, second, *_) = waiting(business), times(business)
    booked(business, ticket, first)
    booked(business, ticket, second)
    assert times(business)[0] == first
    assert second not in times(business)
    booked(business, ticket, None)
    assert times(business)[:2] == [first, second]


def test_a_call_stays_where_it_was_when_the_other_time_is_taken(business: Business) -> None:
    mine, theirs, (first, second, *others) = waiting(business, 1), waiting(business, 2), times(business)
    call = booked(business, mine, first)
    booked(business, theirs, second)
    with business.desk.write() as session:
        held, mine_still = lock_ticket(session, mine.id), session.get_one(Callback, call.id)
        with pytest.raises(TimeTaken) as taken:
            reschedule(session, held, mine_still, due_at=second, now=business.now, by=CUSTOMER)
    free = " or ".join(f"{time:%H:%M}" for time in others[:3])
    assert str(taken.value) == (
        f"{second:%H:%M} is taken, and the call stays where it was: choose {free}, or as soon as someone is free."
    )
    with business.desk.write() as session:
        held = lock_ticket(session, mine.id)
        assert customer_page.call_me(session, held, wanted=second, now=business.now) is not None
    with business.desk.read() as session:
        assert session.get_one(Callback, call.id).due_at == first


def test_a_minute_between_two_times_counts_for_the_one_before(business: Business) -> None:
    first = times(business)[0]
    booked(business, waiting(business, 1), first + timedelta(minutes=7))
    assert first not in times(business)
    assert booked(business, waiting(business, 2), first).as_soon_as_possible


def test_as_many_as_the_site_calls_at_one_time(business: Business) -> None:
    with business.desk.write() as session:
        session.scalars(select(Site).where(Site.slug == "harbour-st")).one().calls_at_once = None
    first = times(business)[0]
    had = [booked(business, waiting(business, number), first).as_soon_as_possible for number in range(3)]
    assert had == [False, False, True]
