"""What a database needs from time to time, and does not do by itself."""

from sqlalchemy import event

from recovery.bootstrap import build
from recovery.clock import FrozenClock
from recovery.services.ticketing import listing, tickets
from tests.factories import Business
from tests.fixtures.settings import MakeSettings


def plan_of_the_board(business: Business) -> str:
    asked = []
    with business.desk.read() as session:
        bind = session.get_bind()
        event.listen(bind, "before_cursor_execute", lambda *call: asked.append((call[2], call[3])))
        listing.board(session, by=business.actor("ada"))
        statement, values = next(each for each in asked if "promise_due_at IS NOT NULL" in each[0])
        return str(list(session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)))


def test_sqlite_learns_to_read_the_board_in_its_order(
    make_settings: MakeSettings, sqlite_url: str, clock: FrozenClock
) -> None:
    business = Business.opened(build(make_settings(DATABASE_URL=sqlite_url), clock=clock))
    logged = [business.log() for _ in range(30)]
    for ticket in logged[3:]:
        business.on(
            ticket, lambda session, row, maya: tickets.resolve(session, row, how=None, now=business.now, by=maya)
        )
    assert "ix_tickets_live_by_promise" not in plan_of_the_board(business), "else nobody needs to tell it"
    assert business.tick("planner's figures") == 1
    business.desk.dispose()  # connections hear of it when they are made
    assert "ix_tickets_live_by_promise" in plan_of_the_board(business)
    business.desk.dispose()
