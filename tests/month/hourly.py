"""What has to be so at every hour of the month, asked in plain SQL of the rows alone. Each question gives the ids of the
tickets for which it is not so."""

import sqlite3
from collections.abc import Iterator
from datetime import datetime, timedelta

from tests.month.workers import BREATH, spelt

LIVE = "t.status IN ('in_recovery', 'open', 'waiting_for_customer')"
OWED = f"{LIVE} AND t.source NOT IN ('store_walk', 'mystery_shop', 'drill')"
CURRENT = "SELECT 1 FROM promises p WHERE p.ticket_id = t.id AND p.ended_at IS NULL"
A_CALL = "SELECT 1 FROM callbacks c WHERE c.ticket_id = t.id AND c.status IN ('booked', 'due', 'missed')"
AN_ANSWER = "SELECT 1 FROM approvals a WHERE a.ticket_id = t.id AND a.answered_at IS NULL"
LATE_AT_MOST = BREATH * 2 + timedelta(minutes=1)
TEXTS_LATE_AT_MOST = timedelta(hours=2)
"""The line was stopped for a while."""

ALWAYS = {
    "is open, and its customer has no promise": f"""
        SELECT t.id FROM tickets t WHERE {OWED} AND NOT EXISTS ({CURRENT} AND p.due_at = t.promise_due_at)""",
    "is over, and promises something": """
        SELECT t.id FROM promises p JOIN tickets t ON t.id = p.ticket_id WHERE p.ended_at IS NULL
        AND (t.status IN ('resolved', 'closed', 'void') OR t.promise_due_at IS NULL)""",
    "is over, and is still to be called as its customer wished": """
        SELECT t.id FROM callbacks c JOIN tickets t ON t.id = c.ticket_id WHERE c.status IN ('booked', 'due', 'missed')
        AND c.reason IN ('booked', 'dropped') AND t.status IN ('resolved', 'closed', 'void')""",
    "has two calls promised to its customer at once": """
        SELECT c.ticket_id FROM callbacks c WHERE c.status IN ('booked', 'due', 'missed')
        AND c.reason IN ('booked', 'dropped') GROUP BY c.ticket_id HAVING count(*) > 1""",
    "has a time that more callers have than are there to call": """
        SELECT c.ticket_id FROM call_slots s JOIN callbacks c ON c.id = s.callback_id JOIN sites ON sites.id = s.site_id
        WHERE s.place > coalesce(sites.calls_at_once, 2)""",
    "chose a time for a call, with more who chose it than are there to call": """
        SELECT max(t.id) FROM callbacks c JOIN tickets t ON t.id = c.ticket_id JOIN sites ON sites.id = t.site_id
        WHERE c.status = 'booked' AND c.reason IN ('booked', 'dropped') AND NOT c.as_soon_as_possible AND c.in_vain = 0
        GROUP BY sites.id, strftime('%s', c.due_at) / 900 HAVING count(*) > coalesce(sites.calls_at_once, 2)""",
    "chose a time for a call, and has no place among the calls of that time": """
        SELECT c.ticket_id FROM callbacks c WHERE c.status = 'booked' AND c.reason IN ('booked', 'dropped')
        AND NOT c.as_soon_as_possible AND c.in_vain = 0 AND NOT EXISTS (SELECT 1 FROM call_slots s
        WHERE s.callback_id = c.id AND strftime('%s', s.starts_at) / 900 = strftime('%s', c.due_at) / 900)""",
    "has a place among the calls, and no call": """
        SELECT c.ticket_id FROM call_slots s JOIN callbacks c ON c.id = s.callback_id
        WHERE c.status NOT IN ('booked', 'due', 'missed')""",
}
"""Whether or not a worker is there."""
NOW_AND_THEN = {
    "counts other replies as unread than there are": """
        SELECT t.id FROM tickets t WHERE (t.unread > 0 OR t.id IN (SELECT m.ticket_id FROM messages m
        WHERE m.status = 'received' AND m.read_at IS NULL AND m.ticket_id IS NOT NULL))
        AND t.unread <> (SELECT count(*) FROM messages m
        WHERE m.ticket_id = t.id AND m.status = 'received' AND m.read_at IS NULL)""",
}
"""What is dear to ask: three times a day."""

IN_TIME = {
    "was promised something that has gone by, and nobody was told": """
        SELECT p.ticket_id FROM promises p WHERE p.ended_at IS NULL AND p.lapsed_at IS NULL AND p.due_at < :late""",
    "has a call that came due unseen": "SELECT ticket_id FROM callbacks WHERE status = 'booked' AND due_at < :late",
    "has a call that was missed unseen": "SELECT ticket_id FROM callbacks WHERE status = 'due' AND miss_at < :late",
    "waits for an answer that nobody is asked for any more": """
        SELECT ticket_id FROM approvals WHERE answered_at IS NULL AND nobody_left_at IS NULL AND deadline_at < :late""",
    "has a task past its time that no list shows as late": """
        SELECT ticket_id FROM tasks WHERE status IN ('waiting', 'taken') AND late_at IS NULL AND due_at < :late""",
    "asked for a call, chose no time, and is not called": """
        SELECT t.id FROM tickets t WHERE t.call_wanted_at < :an_hour_ago""",
    "has a text that waits, and nothing holds it": """
        SELECT ticket_id FROM messages WHERE status IN ('pending', 'held') AND not_before < :texts_late""",
    "has a text that a worker took with it": """
        SELECT ticket_id FROM messages WHERE status IN ('claimed', 'sending') AND lease_until < :late""",
    "has a text in doubt that nobody looks for": """
        SELECT ticket_id FROM messages WHERE status = 'in_doubt' AND look_at < :texts_late""",
    "was resolved more than seven days ago, and stays open": """
        SELECT t.id FROM tickets t WHERE t.status = 'resolved' AND t.resolved_at < :a_week_ago""",
}
"""While a worker is there."""

IN_NOBODYS_HANDS = f"""
    SELECT t.id FROM tickets t WHERE {OWED}
    AND NOT EXISTS ({CURRENT} AND p.lapsed_at IS NULL) AND NOT EXISTS ({A_CALL})
    AND NOT EXISTS ({AN_ANSWER} AND a.nobody_left_at IS NULL)"""
"""No machine touches them, and no call of theirs stands on the desk: they have to stand on the board."""
GIVEN_UP = f"""
    SELECT t.id FROM callbacks g JOIN tickets t ON t.id = g.ticket_id
    WHERE g.given_up_at IS NOT NULL AND {LIVE} AND NOT EXISTS ({A_CALL})
    AND NOT EXISTS (SELECT 1 FROM events e WHERE e.stream_id = t.id AND e.actor_kind = 'staff' AND e.at > g.given_up_at
    AND e.tag IN ('ticket:promise:made', 'ticket:ticket:touched', 'ticket:ticket:resolved'))"""
"""We called in vain to the end, no text can say so, and nobody has done anything since."""
ON_THE_BOARD = f"""
    SELECT t.id FROM tickets t WHERE t.unread > 0 OR {LIVE} AND t.owner_id IS NULL
    UNION SELECT c.ticket_id FROM callbacks c WHERE c.status = 'missed'
    UNION SELECT c.ticket_id FROM callbacks c WHERE c.status IN ('booked', 'due') AND c.reason IN ('undelivered', 'no_phone')
    UNION SELECT a.ticket_id FROM approvals a WHERE a.answered_at IS NULL AND a.nobody_left_at IS NOT NULL
    UNION SELECT k.ticket_id FROM tasks k WHERE k.status IN ('waiting', 'taken') AND k.late_at IS NOT NULL
    UNION {IN_NOBODYS_HANDS} UNION {GIVEN_UP}"""
"""What the Undetected board has to show at least."""


def wrong_now(look: sqlite3.Connection, now: datetime, *, watched: bool) -> Iterator[tuple[int, str]]:
    """`watched`: a worker is there, and has been for a while."""
    moments = {
        "late": spelt(now - LATE_AT_MOST),
        "an_hour_ago": spelt(now - timedelta(hours=1, minutes=11)),
        "texts_late": spelt(now - TEXTS_LATE_AT_MOST),
        "a_week_ago": spelt(now - timedelta(days=7, hours=6) - LATE_AT_MOST),
    }
    for sentence, query in (ALWAYS | (IN_TIME if watched else {})).items():
        yield from ((ticket_id, sentence) for (ticket_id,) in look.execute(query, moments))


def wrong_in_a_while(look: sqlite3.Connection) -> Iterator[tuple[int, str]]:
    for sentence, query in NOW_AND_THEN.items():
        yield from ((ticket_id, sentence) for (ticket_id,) in look.execute(query))


def on_the_board(look: sqlite3.Connection) -> set[int]:
    return {ticket_id for (ticket_id,) in look.execute(ON_THE_BOARD)}
