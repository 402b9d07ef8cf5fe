"""The times that can be booked: from opening hours, capacity and what is booked. Each place of a time is had once, whoever
races: its row has them as its key."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import contains_eager

from recovery.domain.calendars import Calendar
from recovery.domain.callbacks import WITH_CUSTOMER, CallbackStatus
from recovery.models import Callback, CallSlot, Site, Ticket
from recovery.services.session import DeskSession
from recovery.services.timing.calendars import calendar_of


def open_slots(session: DeskSession, site: Site, *, now: datetime) -> list[datetime]:
    """Starts of the times that a customer may choose, in UTC: inside opening hours, from a step ahead of now, not full."""
    policy = session.house.policy
    step = timedelta(minutes=policy.callback_step_minutes)
    first, last = now + step, now + timedelta(days=policy.callback_days_ahead)
    full = set(_full(session, site, first, last))
    return [slot for slot in calendar_of(site).slots(first, last, policy.callback_step_minutes) if slot not in full]


def take_slot(session: DeskSession, site: Site, callback_id: int, due_at: datetime) -> bool:
    """For a call, under its ticket's lock. What it had before is free again; False, and nothing changed,
    where the time is full. Who asks for the last place waits for who is about to have it."""
    starts_at = _slot(session, site, due_at)
    if session.scalar(select(CallSlot.starts_at).where(CallSlot.callback_id == callback_id)) == starts_at:
        return True
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    for place in range(1, capacity(session, site) + 1):
        row = {"site_id": site.id, "starts_at": starts_at, "place": place, "callback_id": callback_id}
        taken = insert(CallSlot).values(row).on_conflict_do_nothing().returning(CallSlot.place)
        if session.scalar(taken) is not None:
            session.execute(
                delete(CallSlot).where(CallSlot.callback_id == callback_id, CallSlot.starts_at != starts_at)
            )
            return True
    return False


def free_slot(session: DeskSession, callback: Callback) -> None:
    session.execute(delete(CallSlot).where(CallSlot.callback_id == callback.id))


def capacity(session: DeskSession, site: Site) -> int:
    return site.calls_at_once or session.house.policy.calls_at_once


def nearest_free(session: DeskSession, site: Site, due_at: datetime, *, now: datetime, most: int = 3) -> list[datetime]:
    """In order; those around a time that is taken."""
    nearest = sorted(open_slots(session, site, now=now), key=lambda slot: abs(slot - due_at))
    return sorted(nearest[:most])


def calls_shut_out(session: DeskSession, site: Site, *, before: Calendar, now: datetime) -> Sequence[Callback]:
    """Booked for a time that was open by the calendar `before` and is shut by today's, the soonest first."""
    booked = (
        select(Callback)
        .join(Ticket, Ticket.id == Callback.ticket_id)
        .options(contains_eager(Callback.ticket))
        .where(
            Ticket.site_id == site.id,
            Callback.status == CallbackStatus.BOOKED,
            Callback.reason.in_(WITH_CUSTOMER),
            Callback.due_at > now,
        )
        .order_by(Callback.due_at, Callback.id)
    )
    today = calendar_of(site)
    if today == before:
        return ()
    return [each for each in session.scalars(booked) if before.is_open(each.due_at) and not today.is_open(each.due_at)]


def _slot(session: DeskSession, site: Site, due_at: datetime) -> datetime:
    return calendar_of(site).slot_of(due_at, session.house.policy.callback_step_minutes)


def _full(session: DeskSession, site: Site, first: datetime, last: datetime) -> Sequence[datetime]:
    return session.scalars(
        select(CallSlot.starts_at)
        .where(CallSlot.site_id == site.id, CallSlot.starts_at >= first, CallSlot.starts_at < last)
        .group_by(CallSlot.starts_at)
        .having(func.count() >= capacity(session, site))
    ).all()
