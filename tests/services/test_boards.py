"""On SQLite what people wait for is read in the order of its index, whoever asks and however many tickets a site has."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import event

from recovery.bootstrap import build
from recovery.clock import FrozenClock
from recovery.domain.actors import Actor
from recovery.services.backstage.task_lists import tasks
from recovery.services.reporting.pulse import pulse
from recovery.services.reporting.reports import recovery_times
from recovery.services.session import DeskSession
from recovery.services.ticketing import listing
from recovery.services.ticketing.listing import TicketFilter
from recovery.services.ticketing.undetected import count_undetected, undetected
from recovery.services.waiting.wait_lists import count_in_line, waits
from tests.factories import Business
from tests.fixtures.settings import MakeSettings

Read = Callable[[DeskSession, Actor, Any], object]
BY_PROMISE = "ix_tickets_live_by_promise"
READS: dict[str, tuple[Read, str]] = {
    "board": (lambda session, by, _: listing.board(session, by=by), BY_PROMISE),
    "board of a site": (lambda session, by, _: listing.board(session, by=by, site="harbour-st"), BY_PROMISE),
    "count": (lambda session, by, now: listing.count_waiting(session, by=by, now=now), BY_PROMISE),
    "late": (lambda session, by, now: listing.late_or_soon(session, by=by, now=now), BY_PROMISE),
    "owned": (lambda session, by, _: listing.owned(session, by=by), BY_PROMISE),
    "replied": (lambda session, by, _: listing.replied_after(session, by=by), "ix_tickets_unread"),
    "undetected": (lambda session, by, _: undetected(session, by=by), "ix_tickets_unread"),
    "count undetected": (lambda session, by, _: count_undetected(session, by=by), "ix_tickets_unread"),
    "line": (lambda session, by, _: count_in_line(session, by=by), "ix_waits_line"),
    "waits": (lambda session, by, _: waits(session, by=by), "ix_waits_line"),
    "pulse": (
        lambda session, by, now: pulse(session, by=by, now=now, ahead=timedelta(hours=4)),
        "SCAN awaiting_anchor",
    ),
    "tasks": (lambda session, by, _: tasks(session, by=by), "ix_tasks_open"),
}
"""What is read, and the index that it begins with."""
CLOCKS = "ticket_clocks"
OF_A_SITE = ("ix_tickets_site", "ix_events_site")
"""How indexes begin that hold all its tickets or events, of all years."""


@pytest.fixture
def opened(make_settings: MakeSettings, sqlite_url: str, clock: FrozenClock) -> Any:
    business = Business.opened(build(make_settings(DATABASE_URL=sqlite_url), clock=clock))
    yield business
    business.desk.dispose()


@pytest.mark.parametrize("who", ["maya", "omar", "ada"])
def test_who_waits_is_read_from_an_index_of_those_who_wait(opened: Business, who: str) -> None:
    by = opened.actor(who)
    for name, (read, index) in READS.items():
        plan = _plan(opened, lambda session, read=read: read(session, by, opened.now))  # type: ignore[misc]
        assert index in plan, (name, plan)
        assert not any(whole in plan for whole in OF_A_SITE), (name, plan)


def test_a_list_is_read_in_its_order_at_several_sites_and_by_its_site_at_one(opened: Business) -> None:
    omar = opened.actor("omar")
    several = replace(omar, site_ids=omar.site_ids | {1, 2})
    newest = {by: _plan(opened, lambda session, by=by: _newest(session, by)) for by in (omar, several)}  # type: ignore[misc]
    assert "ix_tickets_site_logged" in newest[omar]
    assert "ix_tickets_logged" in newest[several]
    assert "TEMP B-TREE" not in newest[several]


def test_a_report_of_some_days_is_read_by_them_and_one_by_site_as_the_rows_lie(opened: Business) -> None:
    omar, ada = opened.actor("omar"), opened.actor("ada")
    of_days = _plan(opened, lambda session: recovery_times(session, by=omar, start=date(2026, 3, 1)), CLOCKS)
    of_a_site = _plan(
        opened,
        lambda session: recovery_times(session, by=ada, site="quay", end=date(2026, 3, 1), group_by="day"),
        CLOCKS,
    )
    by_site = _plan(opened, lambda session: recovery_times(session, by=ada, group_by="site"), CLOCKS)
    assert "ix_ticket_clocks_report (logged_at>?)" in of_days
    assert "ix_ticket_clocks_report (logged_at<?)" in of_a_site
    assert by_site.startswith("SCAN ticket_clocks\n")


def _newest(session: DeskSession, by: Actor) -> object:
    return listing.tickets(session, TicketFilter(), by=by)


def _plan(business: Business, read: Callable[[DeskSession], object], about: str = "") -> str:
    """Of the first statement that names it: those after it look for what hangs on the rows that were found."""
    asked = []
    with business.desk.read() as session:
        engine = session.get_bind()
        event.listen(engine, "before_cursor_execute", lambda *call: asked.append((call[2], call[3])))
        read(session)
        statement, values = next(each for each in asked if each[0].startswith("SELECT") and about in each[0])
        plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        return "".join(f"{row[-1]}\n" for row in plan)
