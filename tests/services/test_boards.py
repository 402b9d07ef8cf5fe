"""On SQLite the boards are read in the order of their index, however many tickets are live."""

import pytest
from sqlalchemy import event

from recovery.bootstrap import build
from recovery.clock import FrozenClock
from recovery.services.ticketing import listing
from tests.factories import Business
from tests.fixtures.settings import MakeSettings


@pytest.mark.parametrize("which", ["board", "count"])
def test_who_waits_is_read_from_the_index_of_promises(
    make_settings: MakeSettings, sqlite_url: str, clock: FrozenClock, which: str
) -> None:
    business = Business.opened(build(make_settings(DATABASE_URL=sqlite_url), clock=clock))
    asked = []
    with business.desk.read() as session:
        event.listen(session.get_bind(), "before_cursor_execute", lambda *call: asked.append((call[2], call[3])))
        if which == "board":
            listing.board(session, by=business.actor("ada"))
        else:
            listing.count_waiting(session, by=business.actor("ada"), now=business.now)
        statement, values = next(each for each in asked if "promise_due_at IS NOT NULL" in each[0])
        plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        assert "ix_tickets_live_by_promise" in " ".join(str(row) for row in plan)
    business.desk.dispose()
