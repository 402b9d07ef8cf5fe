"""Whoever leads a site looks, once a day, at what was left: and leaves some of it again."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from random import Random

from sqlalchemy import select

from recovery.domain.actors import Actor
from recovery.domain.callbacks import LIVE as LIVE_CALLS
from recovery.domain.callbacks import Outcome
from recovery.domain.errors import Forbidden
from recovery.domain.tickets import LIVE
from recovery.models import Callback, Remedy, Site, Staff, Ticket
from recovery.services.access import lock_ticket
from recovery.services.backstage import tasks
from recovery.services.backstage.task_rows import open_tasks
from recovery.services.calling import attempts
from recovery.services.calling.call_rows import callbacks_of
from recovery.services.deciding import remedies
from recovery.services.handing import sheets
from recovery.services.handing.closing import close_shift
from recovery.services.hearing.strangers import set_aside, strangers
from recovery.services.people.staff import deactivate, locked_with_admins, reactivate
from recovery.services.session import DeskSession
from recovery.services.ticketing import tickets
from recovery.services.ticketing.undetected import is_undetected, undetected
from recovery.services.timing.promises import promise_by_hand
from tests.month.acts import Scene, Script
from tests.month.town import Place

OLD_ENOUGH = timedelta(hours=3)
"""Younger ones are still somebody's."""
OUTCOMES = {Outcome.REACHED: 70, Outcome.NO_ANSWER: 14, Outcome.VOICEMAIL: 6, Outcome.DISCONNECTED: 6, Outcome.BUSY: 4}


def rounds(
    scene: Scene, place: Place, chance: Random, *, began: datetime, until: timedelta, thorough_from: timedelta
) -> Script:
    """`until` and `thorough_from` count from the beginning of the month: at its end nothing is left."""
    while scene.now - began < until:
        opening = place.calendar.next_opening(scene.now + timedelta(hours=18))
        yield opening - scene.now + timedelta(minutes=chance.uniform(20, 60))
        thorough = scene.now - began >= thorough_from
        leader = chance.choice(place.supervisors) if not thorough else place.admin
        for ticket_id in _left(scene, place):
            if thorough or chance.random() < 0.7:
                scene.do("tickets cleared on a round", partial(_clear, scene, chance, leader, ticket_id))
        if chance.random() < 0.5:
            scene.do("shifts closed", partial(_close_shift, scene, place, leader))
        scene.do("strangers set aside", partial(_set_strangers_aside, scene, place.admin))


def goes_and_comes_back(scene: Scene, place: Place, who: Actor, *, away: timedelta) -> Script:
    """Somebody leaves with their hands full, and is taken on again."""
    now = scene.now
    scene.do("people who left", lambda s: deactivate(s, locked_with_admins(s, who.id or 0), now=now, by=place.admin))
    scene.away.add(who.id)
    yield away
    later = scene.now
    scene.away.discard(who.id)
    scene.do("people back", lambda s: reactivate(s, locked_with_admins(s, who.id or 0), now=later, by=place.admin))


def _left(scene: Scene, place: Place) -> Sequence[int]:
    """What stands on the Undetected board, and what is open since long; also calls that are due on what is over."""
    with scene.desk.read() as session:
        old = session.scalars(
            select(Ticket.id).where(
                Ticket.site_id == place.id, Ticket.status.in_(LIVE), Ticket.logged_at < scene.now - OLD_ENOUGH
            )
        )
        calls = session.scalars(
            select(Callback.ticket_id)
            .join(Ticket, Ticket.id == Callback.ticket_id)
            .where(Ticket.site_id == place.id, Callback.status.in_(LIVE_CALLS), Callback.due_at < scene.now)
        )
        board = undetected(session, by=place.admin, site=place.slug, limit=200).items
        return sorted({*old, *calls, *(row.ticket.id for row in board)})


def _clear(scene: Scene, chance: Random, by: Actor, ticket_id: int, session: DeskSession) -> None:
    """All that hangs on it; then it is put right, or promised anew."""
    now = scene.now
    ticket = lock_ticket(session, ticket_id)
    if ticket.owner_id is None:
        tickets.take(session, ticket, now=now, by=by)
    if ticket.unread:
        tickets.mark_read(session, ticket, now=now, by=by)
    for remedy in remedies.remedies_of(session, ticket):
        _settle(session, ticket, remedy, chance=chance, by=by, now=now)
    for task in open_tasks(session, ticket):
        tasks.finish(session, ticket, task, now=now, by=by)
    for call in callbacks_of(session, ticket):
        if call.status in LIVE_CALLS and call.due_at <= now:
            outcome = chance.choices(list(OUTCOMES), list(OUTCOMES.values()))[0]
            attempts.attempt(session, ticket, call, outcome=outcome, note=None, now=now, by=by)
    if ticket.is_live and chance.random() < 0.8:
        tickets.resolve(session, ticket, how=None, now=now, by=by)
    elif ticket.is_live:
        promise_by_hand(session, ticket, due_at=now + timedelta(minutes=90), tell=True, now=now, by=by)


def _settle(session: DeskSession, ticket: Ticket, remedy: Remedy, *, chance: Random, by: Actor, now: datetime) -> None:
    if remedy.status == "pending_approval":
        try:
            remedies.approve(session, ticket, remedy, now=now, by=by)
        except Forbidden:
            remedies.cancel(session, ticket, remedy, reason="nobody answered", now=now, by=by)
    elif remedy.status in {"granted", "ready"}:
        act = remedies.fulfil if chance.random() < 0.8 else remedies.fail
        more = {} if act is remedies.fulfil else {"reason": "the card was refused"}
        act(session, ticket, remedy, now=now, by=by, **more)


def _close_shift(scene: Scene, place: Place, by: Actor, session: DeskSession) -> None:
    """What nobody cleared is handed over by name, and the next shift reads its sheet."""
    site = session.get_one(Site, place.id)
    standing = session.scalars(select(Ticket.id).where(Ticket.site_id == place.id, is_undetected())).all()
    here = session.scalars(select(Staff.id).where(Staff.deactivated_at.is_(None))).all()
    to = next(actor.id for actor in (*place.frontline, *place.supervisors) if actor.id in here)
    handover = close_shift(session, site, dict.fromkeys(standing, to or 0), note="Busy.", now=scene.now, by=by)
    session.flush()
    taker = next(actor for actor in place.everybody() if actor.id == to)
    sheets.take(session, handover.id, now=scene.now, by=taker)


def _set_strangers_aside(scene: Scene, by: Actor, session: DeskSession) -> None:
    for stranger in strangers(session, by=by):
        set_aside(session, stranger.id, reason="A wrong number.", now=scene.now, by=by)
