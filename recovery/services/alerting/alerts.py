"""Telling somebody that a ticket needs them: on their desk always, and by text where they wish and may be woken."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select

from recovery.domain.actors import MACHINE
from recovery.domain.events import Tag
from recovery.models import Alert, Message, Staff, Ticket
from recovery.services.access import sees_sensitive
from recovery.services.alerting.rota import on_shift
from recovery.services.alerting.wishes import at_any_hour, is_quiet, wants_texts
from recovery.services.people.escalation import escalation_list, supervisors
from recovery.services.proving.trail import record
from recovery.services.session import DeskSession
from recovery.services.texting.messages import Saying, tell_staff
from recovery.services.wording.spoken import speech_with_staff

ALERT = "staff_alert"
"""The template."""
AT_ONCE = timedelta(minutes=1)
"""A call that was missed and a word that was late, found in one look, are one reason to open the ticket."""


class How(StrEnum):
    """How somebody was alerted: by text, or why on their pages alone."""

    TEXT = "text"
    QUIET = "quiet"
    NO_PHONE = "no_phone"
    NOT_WANTED = "not_wanted"
    TOLD_ALREADY = "told_already"


@dataclass(frozen=True, slots=True)
class Matter:
    """What somebody is alerted about. `why` is a key of `Speech.alerts`; `rung` counts from 1; `clock` is the one that
    nears its target or has passed it, and `skipped` how many steps below were due as well."""

    why: str
    rung: int
    clock: str | None = None
    skipped: int = 0


def escalate(
    session: DeskSession, ticket: Ticket, *, why: str, now: datetime, past_those_on_shift: bool = False
) -> None:
    """Alerts the next on the site's list: one step up with each lapse and each reopening, and one more for as long as
    those on a step are not to be woken."""
    rung = max(1, ticket.lapses + ticket.level - 1)
    line = _list(session, ticket) if past_those_on_shift else _line(session, ticket, now=now)
    told = dict[int, Staff]()
    for people in line[min(rung, len(line)) - 1 :] if line else ():
        told |= {person.id: person for person in people}
        if any(is_awake(session, person, ticket, now=now) for person in people):
            break
    for person in told.values():
        alert(session, ticket, person, Matter(why, rung), now=now)


def alert(session: DeskSession, ticket: Ticket, person: Staff, matter: Matter, *, now: datetime) -> None:
    how = _how(session, ticket, person, matter, now=now)
    event = record(
        session,
        ticket,
        Tag.TICKET_ESCALATED,
        by=MACHINE,
        at=now,
        to=person.id,
        why=matter.why,
        rung=matter.rung,
        clock=matter.clock,
        how=how.value,
        skipped=matter.skipped or None,
    )
    step = matter.rung if matter.clock else event.seq
    about = matter.clock or matter.why
    session.add(Alert(ticket_id=ticket.id, about=about, step=step, staff_id=person.id, at=now, how=how.value))
    if how is How.TEXT:
        meaning = f"ticket:{ticket.id}:{matter.clock or 'escalation'}:{step}:{person.id}"
        words = {"alert": speech_with_staff(ticket.site).alerts[matter.why]}
        is_urgent = at_any_hour(session, person, ticket, now=now)
        told = tell_staff(session, ticket, person, Saying(ALERT, meaning, words), now=now, at_any_hour=is_urgent)
        if told is not None and matter.clock is None:  # a clock runs on, whoever has looked
            told.holds_while = f"untouched:{told.id}"


def is_awake(session: DeskSession, person: Staff, ticket: Ticket, *, now: datetime) -> bool:
    return not is_quiet(session, person, ticket, now=now)


def may_hear(person: Staff, ticket: Ticket) -> bool:
    """Of a sensitive ticket only who may open it."""
    mine = person.id in {ticket.owner_id, ticket.logged_by_id}
    return person.works_at(ticket.site_id) and (not ticket.is_sensitive or mine or sees_sensitive(person.as_actor()))


def those_on_shift(session: DeskSession, ticket: Ticket, *, now: datetime) -> Sequence[Staff]:
    """The owner alone, where they are among them: they have it."""
    people = [person for person in on_shift(session, ticket.site, now=now) if may_hear(person, ticket)]
    return [person for person in people if person.id == ticket.owner_id] or people


def deputy_of(session: DeskSession, ticket: Ticket) -> Sequence[Staff]:
    """The owner's, else that of the first on the site's list who has one."""
    for person in (ticket.owner, *supervisors(session, ticket.site_id)):
        deputy = session.get(Staff, person.deputy_id) if person is not None and person.deputy_id else None
        if deputy is not None and may_hear(deputy, ticket):
            return [deputy]
    return []


def _line(session: DeskSession, ticket: Ticket, *, now: datetime) -> list[Sequence[Staff]]:
    """Without anybody on shift it is the site's list, one after the other."""
    at_work = those_on_shift(session, ticket, now=now)
    first = [at_work, deputy_of(session, ticket)] if at_work else []
    return [people for people in (*first, *_list(session, ticket)) if people]


def _list(session: DeskSession, ticket: Ticket) -> list[Sequence[Staff]]:
    return [[each] for each in escalation_list(session, ticket.site_id)]


def _how(session: DeskSession, ticket: Ticket, person: Staff, matter: Matter, *, now: datetime) -> How:
    if person.phone is None:
        return How.NO_PHONE
    if not wants_texts(person):
        return How.NOT_WANTED
    if is_quiet(session, person, ticket, now=now):
        return How.QUIET
    again_after = session.house.policy.ladder.again_after if matter.clock else AT_ONCE
    return How.TOLD_ALREADY if _is_told(session, ticket, person, now - again_after) else How.TEXT


def _is_told(session: DeskSession, ticket: Ticket, person: Staff, since: datetime) -> bool:
    texts = select(Message.id).where(
        Message.ticket_id == ticket.id,
        Message.audience == "staff",
        Message.staff_id == person.id,
        Message.template == ALERT,
        Message.created_at > since,
    )
    return session.scalar(texts.limit(1)) is not None
