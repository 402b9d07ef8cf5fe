"""Questions above somebody's authority: asked of the next who may decide, passed on when nobody answers."""

import json
from datetime import datetime

from sqlalchemy import select

from recovery.domain.actors import MACHINE, Actor
from recovery.domain.authority import Limits
from recovery.domain.errors import Refused
from recovery.domain.events import Tag
from recovery.domain.permissions import Role
from recovery.domain.remedies import RemedyStatus, condition_of
from recovery.models import Approval, Event, Remedy, Staff, Ticket
from recovery.services.deciding import authority
from recovery.services.people.escalation import admins, first_approver
from recovery.services.proving.trail import record
from recovery.services.session import DeskSession, instant
from recovery.services.texting.links import approval_url
from recovery.services.texting.messages import Saying, remedies_in_words, tell_staff
from recovery.services.timing.promises import words_for
from recovery.services.wording.spoken import speech_with_staff


def ask(
    session: DeskSession,
    ticket: Ticket,
    remedy: Remedy,
    passed: authority.Passed,
    *,
    now: datetime,
    by: Actor,
) -> Approval:
    """Raises Refused where nobody is left who may decide it."""
    person = first_approver(session, ticket.site_id, besides=by.id or 0, enough=_roles_for(session, ticket, remedy))
    if person is None:
        raise Refused(
            "This is above what you may grant, and there is nobody else who could approve it. Offer something within "
            "your limit, or ask an admin to add a supervisor to this site.",
        )
    remedy.status, remedy.needed_approval = RemedyStatus.PENDING_APPROVAL, True
    session.add(remedy)
    approval = Approval(
        remedy_id=remedy.id,
        ticket_id=ticket.id,
        span=passed.span,
        limit=passed.limit,
        asked_at=now,
        asked_of_id=person.id,
        deadline_at=now + session.house.policy.approval_deadline,
        rung=1,
        link_generation=0,
    )
    session.add(approval)
    record(
        session,
        ticket,
        Tag.APPROVAL_ASKED,
        by=by,
        at=now,
        remedy=remedy.id,
        of=person.id,
        limit_kind=passed.span.value,
        limit=passed.limit,
        deadline_at=instant(approval.deadline_at),
    )
    _text(session, ticket, remedy, approval, person, asker=by.name, now=now)
    return approval


def pass_on(session: DeskSession, ticket: Ticket, approval: Approval, *, now: datetime) -> None:
    """Nobody answered in time, or nobody can any more: the deputy of the one who was asked, then the admins, each once.

    When everybody was asked the deadline stays in the past, and the Undetected board shows it until it is answered.
    """
    remedy = session.get_one(Remedy, approval.remedy_id)
    person = _next_person(session, ticket, remedy, approval)
    if person is None:
        approval.nobody_left_at = now
        record(session, ticket, Tag.APPROVAL_EXHAUSTED, by=MACHINE, at=now, remedy=remedy.id, rung=approval.rung)
        return
    approval.rung += 1
    approval.deadline_at = now + session.house.policy.approval_deadline
    approval.asked_of_id = person.id
    approval.link_generation += 1
    record(
        session,
        ticket,
        Tag.APPROVAL_PASSED_ON,
        by=MACHINE,
        at=now,
        remedy=remedy.id,
        of=person.id,
        deadline_at=instant(approval.deadline_at),
        rung=approval.rung,
    )
    _text(session, ticket, remedy, approval, person, asker=remedy.proposed_by.first_name, now=now)


def may_answer(session: DeskSession, ticket: Ticket, approval: Approval, person: Staff) -> bool:
    """With the role and the sites that the person has now."""
    remedy = session.get_one(Remedy, approval.remedy_id)
    return _may_decide(person, ticket, _roles_for(session, ticket, remedy))


def _roles_for(session: DeskSession, ticket: Ticket, remedy: Remedy) -> set[Role]:
    """A supervisor may approve up to a supervisor's own limit on a ticket; above it only an admin."""
    supervisors: Limits = authority.limits_of(session, ticket.site, Role.SUPERVISOR)
    so_far = authority.total_on(session, ticket, ticket.site.currency)
    if supervisors.per_ticket is not None and so_far + (remedy.amount or 0) > supervisors.per_ticket:
        return {Role.ADMIN}
    return {Role.SUPERVISOR, Role.ADMIN}


def _next_person(session: DeskSession, ticket: Ticket, remedy: Remedy, approval: Approval) -> Staff | None:
    may_not = _asked_so_far(session, ticket, remedy) | {remedy.proposed_by_id}
    enough = _roles_for(session, ticket, remedy)
    asked = session.get_one(Staff, approval.asked_of_id)
    deputy = session.get(Staff, asked.deputy_id) if asked.deputy_id is not None else None
    line = [deputy, *admins(session)] if deputy is not None else admins(session)
    return next((person for person in line if person.id not in may_not and _may_decide(person, ticket, enough)), None)


def _may_decide(person: Staff, ticket: Ticket, enough: set[Role]) -> bool:
    return person.role in enough and person.works_at(ticket.site_id)


def _asked_so_far(session: DeskSession, ticket: Ticket, remedy: Remedy) -> set[int]:
    """As the trail tells it."""
    payloads = session.scalars(
        select(Event.payload).where(
            Event.stream_id == ticket.id, Event.tag.in_((Tag.APPROVAL_ASKED.value, Tag.APPROVAL_PASSED_ON.value))
        ),
    )
    asked = [json.loads(payload) for payload in payloads]
    return {told["of"] for told in asked if told["remedy"] == remedy.id}


def _text(
    session: DeskSession,
    ticket: Ticket,
    remedy: Remedy,
    approval: Approval,
    person: Staff,
    *,
    asker: str,
    now: datetime,
) -> None:
    speech = speech_with_staff(ticket.site)
    values = {
        "staff": asker,
        "remedies": remedies_in_words([remedy], speech),
        "promise": words_for(ticket, approval.deadline_at, now=now, speech=speech),
        "link": approval_url(session.house, approval),
    }
    meaning = f"remedy:{remedy.id}:approval:{approval.rung}"
    saying = Saying("staff_approval", meaning, values, holds_while=condition_of(remedy.id, "asked"))
    tell_staff(session, ticket, person, saying, now=now)
