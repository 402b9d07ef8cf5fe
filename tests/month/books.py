"""What has to be so of the whole organisation at the end of the month: its texts, its money, its trail."""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from types import SimpleNamespace

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
GIVEN = "status IN ('granted', 'ready', 'fulfilled') AND amount IS NOT NULL"
LEDGERS = {
    "ticket": f"SELECT ticket_id, '', currency, sum(amount) FROM remedies WHERE {GIVEN} GROUP BY 1, 3",
    "staff_day": f"SELECT decided_by_id, counted_day, currency, sum(amount) FROM remedies"
    f" WHERE {GIVEN} AND counted_day IS NOT NULL AND NOT needed_approval GROUP BY 1, 2, 3",
    "customer_month": f"SELECT t.customer_id, r.counted_month, r.currency, sum(r.amount) FROM remedies r"
    f" JOIN tickets t ON t.id = r.ticket_id WHERE r.{GIVEN.replace(' amount', ' r.amount')}"
    f" AND t.customer_id IS NOT NULL GROUP BY 1, 2, 3",
}
LIMITS = {"frontline": 10_000, "supervisor": 50_000}
"""In minor units, a day."""


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
    yield from _ledgers(look)
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


def _ledgers(look: sqlite3.Connection) -> Iterator[str]:
    for span, query in LEDGERS.items():
        given = Counter({(who, period, currency): total for who, period, currency, total in look.execute(query)})
        kept = "SELECT subject_id, period, currency, total FROM ledgers WHERE span = ? AND total > 0"
        counted = Counter(
            {(who, period, currency): total for who, period, currency, total in look.execute(kept, (span,))}
        )
        for entry in given.keys() | counted.keys():
            if given[entry] != counted[entry]:
                yield f"{given[entry]} was given and {counted[entry]} is counted for {span} {entry}"
    over = """SELECT s.role, l.period, l.total FROM ledgers l JOIN staff s ON s.id = l.subject_id
        WHERE l.span = 'staff_day'"""
    for role, period, total in look.execute(over):
        if total > LIMITS.get(role, total):
            yield f"a {role} gave {total} on {period}"


def _rows(look: sqlite3.Connection, query: str) -> Sequence[SimpleNamespace]:
    found: Iterable[sqlite3.Row] = look.execute(query)
    return [SimpleNamespace(**dict(row)) for row in found]
