"""Is this one text too many, or one to a country that we do not text? Asked before anything is queued."""

from dataclasses import asdict
from datetime import datetime

from sqlalchemy import ColumnElement, bindparam, func, select

from recovery.domain.phones import country_of
from recovery.models import Contact, Message, Site, Ticket
from recovery.services.session import DeskSession
from recovery.services.texting.foreseen import A_DAY, AN_HOUR, OURS, Counted, foreseen

ANSWERS = ("stop_confirmed", "start_confirmed", "help")


def _count(*which: ColumnElement[bool], cap: str) -> ColumnElement[int]:
    """As far as its cap, so that a busy day costs no more than a quiet one."""
    found = select(Message.id).where(*which, *OURS).limit(bindparam(cap)).subquery()
    return select(func.count()).select_from(found).scalar_subquery()


_NUMBER = Message.contact_id == bindparam("contact")
COUNTS = select(
    _count(_NUMBER, Message.created_at > bindparam("an_hour_ago"), cap="number_hour"),
    _count(_NUMBER, Message.created_at > bindparam("a_day_ago"), cap="number_day"),
    _count(Message.ticket_id == bindparam("on_ticket"), Message.audience == "customer", cap="ticket"),
    _count(Message.site_id == bindparam("site"), Message.created_at > bindparam("a_day_ago"), cap="site_day"),
).execution_options(autoflush=False)
"""Made once: it runs with every text, and reads its indexes alone. What this very transaction writes is not counted."""


def cap_met(session: DeskSession, ticket: Ticket, contact: Contact, *, now: datetime) -> str | None:
    """Which of the policy's caps has been reached. Texts of the demo never leave, and are not counted."""
    caps = session.house.policy.caps
    if ticket.is_demo or not caps.count_texts:
        return None
    known = foreseen(session, contact.id)
    counted = known.counted(ticket, contact.id) if known else _counted(session, ticket, contact, now=now)
    return caps.met(**asdict(counted))


def _counted(session: DeskSession, ticket: Ticket, contact: Contact, *, now: datetime) -> Counted:
    caps = session.house.policy.caps
    counted = session.execute(
        COUNTS,
        {
            "contact": contact.id,
            "on_ticket": ticket.id,
            "site": ticket.site_id,
            "an_hour_ago": now - AN_HOUR,
            "a_day_ago": now - A_DAY,
            **{cap: getattr(caps, cap) or 0 for cap in ("number_hour", "number_day", "ticket", "site_day")},
        },
    ).one()
    return Counted(*counted)


def may_answer(session: DeskSession, contact: Contact, site: Site | None, *, now: datetime) -> bool:
    """Somebody, or something, that writes HELP all day is answered a few times, and from a country that we do not text not
    at all: such numbers earn by what is sent to them. `site` is that of their ticket."""
    if contact.phone is None or not is_texted(session, site, contact.phone):
        return False
    most = session.house.policy.caps.answers_day
    if most is None:
        return True
    which = (Message.contact_id == contact.id, Message.created_at > now - A_DAY, Message.template.in_(ANSWERS))
    answered = select(func.count()).select_from(Message).where(*which, *OURS)
    return (session.scalar(answered) or 0) < most


def is_texted(session: DeskSession, site: Site | None, phone: str) -> bool:
    """Whether the number's country is one that we text: those of the policy, else those of the sites."""
    country, named = country_of(phone), session.house.policy.countries
    if named is not None:
        return country in named
    if site is not None and country == site.country:
        return True
    there = select(Site.id).where(Site.country == country).limit(1)
    return session.scalar(there, execution_options={"autoflush": False}) is not None
