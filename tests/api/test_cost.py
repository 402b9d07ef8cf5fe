"""What a call costs in queries: the same for five rows as for sixty, and never more than ten."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event, select

from recovery.domain.errors import NotFound
from recovery.models import Contact
from recovery.services.texting.consent import opt_out
from recovery.services.ticketing import listing
from recovery.services.ticketing.reading_tickets import ticket_row_by_id
from tests.api.calling import LOGGED, Desk
from tests.factories import NO_CAPS

MOST = 10
LISTS = (
    "/tickets",
    "/board",
    "/undetected",
    "/callbacks",
    "/approvals",
    "/staff",
    "/sites",
    "/customers?phone=07700900123",
)


@contextmanager
def counted(desk: Desk) -> Iterator[list[str]]:
    statements: list[str] = []

    def note(*told: object) -> None:
        statements.append(str(told[2]))

    engines = (desk.business.desk.reading, desk.business.desk.writing)
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    yield statements
    for engine in engines:
        event.remove(engine, "before_cursor_execute", note)


def log_busily(desk: Desk, count: int) -> str:
    """Tickets with all that can hang on one."""
    body = LOGGED | {"remedies": [{"kind": "remake"}, {"kind": "refund", "amount": 4500}]}
    for _ in range(count):
        reference: str = desk.done("maya", "POST", "/tickets", body)["reference"]
        call = desk.done("maya", "POST", f"/tickets/{reference}/callbacks", {})
        desk.done("maya", "POST", f"/callbacks/{call['id']}/attempts", {"outcome": "disconnected"})
        desk.done("maya", "POST", f"/tickets/{reference}/messages", {"body": "On our way."})
    return reference


def queries(desk: Desk, path: str) -> int:
    with counted(desk) as statements:
        desk.done("ada", "GET", path)
    return len(statements)


def test_a_list_costs_the_same_with_five_rows_and_with_sixty(small_desk: Desk) -> None:
    small_desk.app.config["API_CALLS_A_MINUTE"] = None
    small_desk.business.set_policy(caps=NO_CAPS)
    log_busily(small_desk, 5)
    small_desk.token("ada")
    few = {path: queries(small_desk, path) for path in LISTS}
    reference = log_busily(small_desk, 55)
    many = {path: queries(small_desk, path) for path in LISTS}
    assert few == many
    assert max(many.values()) <= MOST
    for path in ("", "/messages", "/events", "/clock"):
        assert queries(small_desk, f"/tickets/{reference}{path}") <= MOST


def test_logging_a_mistake_costs_few_statements(small_desk: Desk) -> None:
    small_desk.log()
    with counted(small_desk) as statements:
        small_desk.done("maya", "POST", "/tickets", LOGGED, key="counted")
    assert len(statements) <= 18, "\n".join(statements)


VARIETY: tuple[dict[str, object], ...] = (
    {},
    {"remedies": [{"kind": "refund", "amount": 4500}, {"kind": "voucher", "amount": 300}, {"kind": "remake"}]},
    {"customer": {"name": "Gentleman by the window"}, "remedies": []},
    {"customer": {"phone": "07700 900124", "language": "en"}, "promise_minutes": 6, "apologised_in_person": True},
    {"source": "store_walk", "customer": None},
    {"failure": "unsafe"},
    {"order": {"reference": "A113", "amount": 450, "currency": "GBP", "kept": False}, "note": "asked for oat milk"},
)


@pytest.mark.parametrize("more", VARIETY)
@pytest.mark.parametrize("who", ["maya", "omar", "ada"])
def test_a_log_is_answered_with_what_reading_gives(desk: Desk, who: str, more: dict[str, object]) -> None:
    body = {name: value for name, value in (LOGGED | more).items() if value is not None}
    logged = desk.done(who, "POST", "/tickets", body, key="once")
    assert desk.done(who, "POST", "/tickets", body, key="once") == logged
    assert desk.ticket(logged["reference"], who) == logged


def test_a_log_of_somebody_who_opted_out_says_so_at_once(desk: Desk) -> None:
    desk.log()
    business = desk.business
    with business.desk.write() as session:
        contact = session.scalars(select(Contact)).one()
        opt_out(session, contact, sender="simulator", how="keyword", message_id=None, now=business.now)
    again = desk.log()
    assert again["customer"]["opted_out"] is True
    assert desk.ticket(again["reference"]) == again


@pytest.mark.parametrize("who", ["maya", "omar", "ada", "nell"])
def test_a_row_at_hand_is_shown_to_whom_the_query_shows_it(small_desk: Desk, who: str) -> None:
    for logger, failure in (("maya", "late"), ("maya", "unsafe"), ("omar", "unsafe"), ("omar", "rude")):
        small_desk.log(logger, failure=failure)
    by, desk = small_desk.business.actor(who), small_desk.business.desk
    with desk.read() as session:
        everything = listing.tickets(session, listing.TicketFilter(), by=small_desk.business.actor("ada")).items
        listed = {row.id for row in listing.tickets(session, listing.TicketFilter(), by=by).items}
        shown = set()
        for row in everything:
            try:
                shown.add(ticket_row_by_id(session, row.id, by=by).id)
            except NotFound:
                continue
    assert shown == listed
