"""What has to be so of the whole organisation at the end of the month: its texts, its money, its trail."""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from recovery.bootstrap import Components
from recovery.domain.links import open_token
from recovery.services.proving.audit import verify
from recovery.services.sending.departures import REF
from tests.month.provider import Provider
from tests.month.town import Place
from tests.month.walls import is_night, is_open
from tests.month.workers import read_instant
from tests.outside import accepted_once, explained

AT_WORK_ANYWAY = {"staff_approval"}
ANSWERS_TO_STOP = {"stop_confirmed"}
URGENT_FOR = timedelta(minutes=10)
WOKEN_FOR = {"severe"}
"""Colleagues are alerted of these at any hour: so the policy says."""
OUTBOUND = """SELECT m.*, t.severity FROM messages m LEFT JOIN tickets t ON t.id = m.ticket_id
    WHERE m.direction = 'outbound' ORDER BY m.id"""
GRANTS = """SELECT e.tag, e.at, e.payload, t.id AS ticket_id, t.site_id, t.customer_id, s.id AS staff_id, s.role
    FROM events e JOIN tickets t ON t.id = e.stream_id LEFT JOIN staff s ON s.id = e.actor_id
    WHERE e.tag IN ('ticket:remedy:granted', 'ticket:remedy:cancelled', 'ticket:remedy:failed') ORDER BY e.at, e.rowid"""
"""In the order in which they were written."""
GIVEN = "SELECT id, amount FROM remedies WHERE status IN ('granted', 'ready', 'fulfilled') AND amount IS NOT NULL"
MAY_GIVE = {
    "frontline": {"ticket": 2_000, "staff_day": 10_000, "customer_month": 10_000},
    "supervisor": {"ticket": 15_000, "staff_day": 50_000, "customer_month": 10_000},
    "admin": {},
}
"""On one's own, in minor units."""
Entry = tuple[str, int, str, str]
"""Of the ledgers: span, whose it is, the day or month there, currency."""


def wrong_books(
    desk: Components, look: sqlite3.Connection, provider: Provider, places: Mapping[int, Place]
) -> Iterator[str]:
    texts = _rows(look, OUTBOUND)
    yield from accepted_once(texts, _taken(desk, provider))
    yield from explained(texts, _rows(look, "SELECT tag, payload FROM events ORDER BY stream_id, seq"))
    for text in texts:
        yield from _settled(text)
        yield from _by_night(text, places.get(text.site_id))
    yield from _after_stop(look)
    yield from _ledgers(look, places)
    with desk.read() as session:
        verdict = verify(session, desk.house.audit_key)
    if not verdict.ok:
        yield f"`audit verify` finds {verdict.first_break or verdict.first_wrong_clock}"


def _taken(desk: Components, provider: Provider) -> list[int]:
    opened = [open_token(desk.house.secret_key, REF, text.outgoing.ref) for text in provider.kept]
    return [token.id if token else 0 for token in opened]


def _settled(text: SimpleNamespace) -> Iterator[str]:
    if text.status in {"claimed", "sending", "in_doubt"}:
        yield f"text {text.id} ({text.template}) is still {text.status}"


def _by_night(text: SimpleNamespace, place: Place | None) -> Iterator[str]:
    """By the clock on the wall, not by ours. Urgent is what answers somebody, for ten minutes, and what colleagues are asked
    while they are at work."""
    if text.sending_at is None or place is None:
        return
    left, site = read_instant(text.sending_at), place.seed.new
    if not is_night(site.timezone, left):
        return
    urgent_until = read_instant(text.urgent_until) if text.urgent_until else None
    if urgent_until is None or urgent_until <= left:
        yield f"text {text.id} ({text.template}) left at {left} by night"
        return
    created = read_instant(text.created_at)
    if urgent_until - created > URGENT_FOR:
        yield f"text {text.id} ({text.template}) stays urgent for {urgent_until - created}"
    at_work = is_open(site, place.special, created) or text.template in AT_WORK_ANYWAY or text.severity in WOKEN_FOR
    if text.audience == "staff" and not at_work:
        yield f"text {text.id} ({text.template}) woke a colleague at {left}"


def _after_stop(look: sqlite3.Connection) -> Iterator[str]:
    for row in _rows(
        look,
        """SELECT m.id, m.template, m.sending_at FROM messages m JOIN opt_outs o ON o.contact_id = m.contact_id
        AND o.sender = m.sender WHERE m.sending_at > o.at AND (o.lifted_at IS NULL OR m.sending_at < o.lifted_at)
        AND m.direction = 'outbound'""",
    ):
        if row.template not in ANSWERS_TO_STOP:
            yield f"text {row.id} ({row.template}) left at {row.sending_at}, after a STOP"


def _ledgers(look: sqlite3.Connection, places: Mapping[int, Place]) -> Iterator[str]:
    """Each grant added up again, as the trail tells it: who gave it alone may have given no more than that, and at the end the
    ledgers hold as much."""
    totals, given = Counter[Entry](), dict[int, tuple[int, list[Entry]]]()
    for row in _rows(look, GRANTS):
        told = json.loads(row.payload)
        amount, entries = given.pop(told["remedy"], (0, []))
        totals.subtract(dict.fromkeys(entries, amount))
        if row.tag == "ticket:remedy:granted" and "amount" in told:
            entries = list(_entries(row, told, places[row.site_id]))
            given[told["remedy"]] = told["amount"], entries
            totals.update(dict.fromkeys(entries, told["amount"]))
            for entry in entries if told["authority"] == "own" else ():
                if totals[entry] > MAY_GIVE[row.role].get(entry[0], totals[entry]):
                    yield f"a {row.role} gave until it was {totals[entry]} for {entry} at {row.at}"
    counted = {
        tuple(entry): total
        for *entry, total in look.execute("SELECT span, subject_id, period, currency, total FROM ledgers")
    }
    yield from (
        f"{totals[entry]} was given and {counted.get(entry, 0)} is counted for {entry}"
        for entry in totals.keys() | counted.keys()
        if totals[entry] != counted.get(entry, 0)
    )
    if dict(look.execute(GIVEN).fetchall()) != {remedy: amount for remedy, (amount, _) in given.items()}:
        yield "other remedies are given than the trail tells of"


def _entries(row: SimpleNamespace, told: Mapping[str, Any], place: Place) -> Iterator[Entry]:
    there = read_instant(row.at).astimezone(place.zone)
    yield "ticket", row.ticket_id, "", told["currency"]
    if told["authority"] == "own":
        yield "staff_day", row.staff_id, f"{there:%Y-%m-%d}", told["currency"]
    if row.customer_id is not None:
        yield "customer_month", row.customer_id, f"{there:%Y-%m}", told["currency"]


def _rows(look: sqlite3.Connection, query: str) -> Sequence[SimpleNamespace]:
    found: Iterable[sqlite3.Row] = look.execute(query)
    return [SimpleNamespace(**dict(row)) for row in found]
