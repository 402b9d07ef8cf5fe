"""Whose texts wait, and from which site: what a claim goes through in turn, so that nobody's burst keeps others waiting."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from itertools import zip_longest

from sqlalchemy import Select, TextualSelect, bindparam, func, select, text, update

from recovery.models import Message, Site
from recovery.models.message import URGENT_WAITING, WAITING
from recovery.services.sending.outbox import BULK, Lane, Lanes
from recovery.services.session import DeskSession
from recovery.services.texting.senders import known_senders


def due_lanes(session: DeskSession, *, now: datetime) -> Lanes:
    """By one look at an index for each lane, however many texts wait in it."""
    return Lanes(_due(session, URGENT_WAITING, now), _due(session, WAITING, now))


def in_turn(due: Lanes, served: Mapping[str, int]) -> Lanes:
    """Of each sender the site after the one that was `served` last comes first, and senders take turns."""
    return Lanes(_in_turn(due.urgent, served), _in_turn(due.every, served))


def strangers(session: DeskSession, lanes: Lanes) -> frozenset[str]:
    """Senders of waiting texts that are configured no longer."""
    return lanes.senders - known_senders(session)


def give_todays_sender(session: DeskSession, gone: Iterable[str]) -> None:
    """What waits to leave from a sender that is configured no longer leaves from its site's, as it is today."""
    todays = select(Site.sender).where(Site.id == Message.site_id).scalar_subquery()
    session.execute(
        update(Message)
        .where(text(f"messages.{WAITING}"), Message.sender.in_(sorted(gone)))
        .values(sender=func.coalesce(todays, session.house.sender)),
        execution_options=BULK,
    )


def _in_turn(lanes: Sequence[Lane], served: Mapping[str, int]) -> list[Lane]:
    by_sender: dict[str, list[Lane]] = defaultdict(list)
    for lane in sorted(lanes, key=lambda lane: (lane.site_id <= served.get(lane.sender, -1), lane.site_id)):
        by_sender[lane.sender].append(lane)
    rounds = zip_longest(*by_sender.values())
    return [lane for each in rounds for lane in each if lane is not None]


def _due(session: DeskSession, waiting: str, now: datetime) -> list[Lane]:
    firsts = session.execute(_first_of_each(waiting))
    lanes = [Lane(sender, site_id) for sender, site_id, not_before in firsts if not_before <= now]
    return lanes + [Lane(sender, 0) for sender in session.scalars(_without_site(waiting), {"now": now})]


@cache
def _first_of_each(waiting: str) -> TextualSelect:
    return text(_FIRST_OF_EACH.format(waiting=waiting)).columns(Message.sender, Message.site_id, Message.not_before)


@cache
def _without_site(waiting: str) -> Select[str]:
    due = Message.not_before <= bindparam("now", type_=Message.not_before.type)
    return select(Message.sender).where(text(f"messages.{waiting}"), Message.site_id.is_(None), due).distinct()


# A loose scan: from the first text of one lane to the first of the next, over ix_messages_to_leave or its urgent part.
_FIRST_OF_EACH = """
WITH RECURSIVE firsts(id) AS (
  SELECT (SELECT id FROM messages WHERE {waiting} AND site_id IS NOT NULL
           ORDER BY site_id, sender, not_before, id LIMIT 1)
  UNION ALL
  SELECT (SELECT messages.id FROM messages
           WHERE {waiting} AND (messages.site_id, messages.sender) > (known.site_id, known.sender)
           ORDER BY messages.site_id, messages.sender, messages.not_before, messages.id LIMIT 1)
    FROM firsts JOIN messages known ON known.id = firsts.id
)
SELECT messages.sender, messages.site_id, messages.not_before FROM firsts JOIN messages ON messages.id = firsts.id
"""
