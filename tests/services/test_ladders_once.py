"""What a ladder does once, whoever looks at the same moment."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError

from recovery.models import Alert, Climb
from recovery.services.access import lock_ticket
from recovery.services.alerting.ladders import watch
from recovery.services.timing import due_rows
from tests.factories import Business
from tests.services.ladder_parts import (
    logged,
    pass_time,
    staffed,
    told,
)


def test_what_is_watched_twice_before_it_is_written_is_watched_once(shop: Business) -> None:
    ticket = shop.log()
    sooner = shop.now - timedelta(minutes=1)
    with shop.desk.write() as session, session.no_autoflush:
        session.execute(delete(Climb))
        held = lock_ticket(session, ticket.id)
        watch(session, held, now=shop.now)
        watch(session, held, now=sooner)
    with shop.desk.read() as session:
        assert list(session.scalars(select(Climb.look_at))) == [sooner]


def test_the_database_itself_refuses_a_step_twice(shop: Business) -> None:
    ticket = logged(shop)
    pass_time(shop, minutes=65)
    with shop.desk.read() as session:
        row = session.scalars(select(Alert).where(Alert.ticket_id == ticket.id, Alert.step == 2)).first()
        assert row is not None
        again = {name: getattr(row, name) for name in ("ticket_id", "about", "step", "staff_id", "at", "how")}
    with pytest.raises(IntegrityError):
        shop.desk.transact(lambda session: session.connection().execute(insert(Alert.__table__), again))


def test_two_workers_that_found_the_same_row_tell_it_once(business: Business) -> None:
    """The second has found it before the first had written, and acts after it."""
    shop = staffed(business)
    ticket = logged(shop)
    shop.later(minutes=65)
    with shop.desk.read() as session:
        found = session.execute(due_rows.clocks_to_look_at(session, shop.now)).all()
    for _ in range(2):
        for ticket_id, row_id in found:
            shop.desk.transact(
                lambda session, ticket_id=ticket_id, row_id=row_id: due_rows.look_at_clocks(
                    session, lock_ticket(session, ticket_id), row_id, shop.now
                )
            )
    assert [step for _, step, _, _ in told(shop, ticket)] == [2, 2]
