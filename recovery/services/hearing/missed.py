"""What customers wrote while nobody was at our door. The provider does not bring a text again that we were not there for,
so that its list is read as well, over and over: the second witness of what was sent to us, as it is of what we sent.

Nothing here is on the way of a text that leaves.
"""

import json
import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from recovery.domain.messages import Direction
from recovery.domain.photos import Media
from recovery.domain.senders import SenderKind, kind_of
from recovery.models import Heartbeat, Message
from recovery.services.running.tallies import LISTS_UNREAD, count
from recovery.services.sending.outbox import held_since
from recovery.services.session import DeskSession, instant
from recovery.services.texting.replies import Inbound
from recovery.services.texting.senders import known_senders
from recovery.sms.gateway import Heard

HEARD = "texts:heard"
"""The heartbeat whose time says up to when we know of all that was written."""
EVERY = timedelta(minutes=2)
FURTHER_BACK = timedelta(minutes=10)
"""Than up to where we know: the provider's list may be behind."""
AFTER_A_START = timedelta(hours=24)
FURTHEST_BACK = timedelta(days=30)
"""However long nobody looked: a reply that is older is of no use to anybody."""
BROUGHT_WITHIN = timedelta(seconds=30)
"""The provider waits fifteen seconds at our door: what is younger may still be brought."""
LOOKS_FOR_AT_MOST = timedelta(minutes=5)
"""Then whoever looked is gone, and another worker does."""
LONGEST_PUT_OFF = timedelta(minutes=20)
NAMES_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Look:
    token: str
    begun_at: datetime
    since: Mapping[str, datetime]
    """By sender."""


@dataclass(frozen=True, slots=True)
class Listening:
    """How it goes. Up to `heard_until` we know of all that was written, but for what `cut_at` says: a list that was too
    long was read back to there alone."""

    heard_until: datetime
    failures: int
    why: str
    cut_at: datetime | None


def is_due(session: DeskSession, *, now: datetime) -> bool:
    """False also while a restored outbox waits: what a text answers is known once we know what went out."""
    row = session.get(Heartbeat, HEARD)
    return held_since(session) is None and (row is None or _next_at(row) <= now)


def start_look(session: DeskSession, *, thorough: bool, now: datetime) -> Look | None:
    """Makes it ours for a while. `thorough` after a start: a day back, whatever we think that we know. None where another
    worker was quicker."""
    row = _locked(session, now=now)
    if not is_due(session, now=now):
        return None
    token = secrets.token_hex(8)
    _tell(row, **_told(row) | {"token": token, "next_at": instant(now + LOOKS_FOR_AT_MOST)})
    since = row.at - FURTHER_BACK
    since = max(min(since, now - AFTER_A_START) if thorough else since, now - FURTHEST_BACK)
    return Look(token, now, _by_sender(session, since))


def unknown(session: DeskSession, texts: Iterable[Heard], *, now: datetime) -> Sequence[Heard]:
    """Those that nobody has brought, nor will. The name of a text stays known when its words are erased."""
    settled = [text for text in texts if text.from_number and text.written_at <= now - BROUGHT_WITHIN]
    names = [text.provider_sid for text in settled]
    known: set[str | None] = set()
    for begin in range(0, len(names), NAMES_AT_ONCE):
        some = Message.provider_sid.in_(names[begin : begin + NAMES_AT_ONCE])
        known |= set(session.scalars(select(Message.provider_sid).where(some)))
    return [text for text in settled if text.provider_sid not in known]


def as_brought(text: Heard, media: Collection[Media]) -> Inbound:
    return Inbound(
        from_number=text.from_number,
        to=text.to,
        body=text.body,
        provider_sid=text.provider_sid,
        service=text.service,
        media=tuple(media),
        written_at=text.written_at,
    )


def went_well(session: DeskSession, look: Look, *, cut_at: datetime | None, now: datetime) -> bool:
    """False where it is not ours any more, as after a restore: then nothing is known by it."""
    row = _locked(session, now=now)
    if _told(row).get("token") != look.token:
        return False
    row.at = look.begun_at
    _tell(row, next_at=instant(look.begun_at + EVERY), cut_at=instant(cut_at))
    return True


def put_off(session: DeskSession, look: Look, *, why: str, now: datetime) -> None:
    """What was not heard is asked for again, from where we were; each time that it fails, a little later."""
    count(session, LISTS_UNREAD, now=now)
    row = _locked(session, now=now)
    told = _told(row)
    if told.get("token") == look.token:
        failures = told.get("failures", 0) + 1
        wait = min(EVERY * 2 ** min(failures, 8), LONGEST_PUT_OFF)
        _tell(row, next_at=instant(now + wait), failures=failures, why=why, cut_at=told.get("cut_at"))


def know_until(session: DeskSession, moment: datetime, *, now: datetime) -> None:
    """After a restore: what was written since the backup was made is nowhere here, whoever had brought it."""
    row = _locked(session, now=now)
    row.at = moment
    _tell(row)


def listening(session: DeskSession) -> Listening | None:
    """None before the first look."""
    row = session.get(Heartbeat, HEARD)
    if row is None:
        return None
    told = _told(row)
    cut_at = told.get("cut_at")
    return Listening(
        row.at, told.get("failures", 0), told.get("why", ""), datetime.fromisoformat(cut_at) if cut_at else None
    )


def _by_sender(session: DeskSession, since: datetime) -> Mapping[str, datetime]:
    """Never before the first text that we sent from there: what was written to a number before is not for us. To a name in
    letters nobody can write."""
    found = {}
    for sender in sorted(known_senders(session)):
        first = None if kind_of(sender) is SenderKind.NAME else _first_sent(session, sender)
        if first is not None:
            found[sender] = max(since, first)
    return found


def _first_sent(session: DeskSession, sender: str) -> datetime | None:
    """By id, which grows with time: the first that is found ends the search."""
    return session.scalar(
        select(Message.sent_at)
        .where(
            Message.sender == sender,
            Message.direction == Direction.OUTBOUND,
            Message.sent_at.is_not(None),
        )
        .order_by(Message.id)
        .limit(1)
    )


def _locked(session: DeskSession, *, now: datetime) -> Heartbeat:
    make = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    row = {"name": HEARD, "at": now - AFTER_A_START, "detail": "{}"}
    session.execute(make(Heartbeat).values(row).on_conflict_do_nothing())
    return session.get_one(Heartbeat, HEARD, with_for_update=True, populate_existing=True)


def _next_at(row: Heartbeat) -> datetime:
    told = _told(row).get("next_at")
    return datetime.fromisoformat(told) if told else row.at


def _told(row: Heartbeat) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(row.detail)
    return told


def _tell(row: Heartbeat, **detail: object) -> None:
    row.detail = json.dumps({name: value for name, value in detail.items() if value is not None}, sort_keys=True)
