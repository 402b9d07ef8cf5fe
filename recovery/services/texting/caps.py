"""Is this one text too many, or one to a country that we do not text? Asked before anything is queued."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, bindparam, func, select

from recovery.domain.messages import Direction, MessageStatus
from recovery.domain.phones import country_of
from recovery.models import Contact, Message, Site, Ticket
from recovery.services.session import DeskSession

AN_HOUR, A_DAY = timedelta(hours=1), timedelta(days=1)
ANSWERS = ("stop_confirmed", "start_confirmed", "help")


def _count(*which: ColumnElement[bool]) -> ColumnElement[int]:
    ours = (Message.direction == Direction.OUTBOUND, Message.status != MessageStatus.DROPPED)
    return select(func.count()).select_from(Message).where(*which, *ours).scalar_subquery()


_NUMBER = Message.contact_id == bindparam("contact")
COUNTS = select(
    _count(_NUMBER, Message.created_at > bindparam("an_hour_ago")),
    _count(_NUMBER, Message.created_at > bindparam("a_day_ago")),
    _count(Message.ticket_id == bindparam("ticket"), Message.audience == "customer"),
    _count(Message.site_id == bindparam("site"), Message.created_at > bindparam("a_day_ago")),
).execution_options(autoflush=False)
"""Made once: it runs with every text, and reads its indexes alone. What this very transaction writes is not counted."""


def cap_met(session: DeskSession, ticket: Ticket, contact: Contact, *, now: datetime) -> str | None:
    """Which of the policy's caps has been reached. Texts of the demo never leave, and are not counted."""
    if ticket.is_demo:
        return None
    counted = session.execute(
        COUNTS,
        {
            "contact": contact.id,
            "ticket": ticket.id,
            "site": ticket.site_id,
            "an_hour_ago": now - AN_HOUR,
            "a_day_ago": now - A_DAY,
        },
    ).one()
    number_hour, number_day, on_ticket, site_day = counted
    caps = session.house.policy.caps
    return caps.met(number_hour=number_hour, number_day=number_day, ticket=on_ticket, site_day=site_day)


def may_answer(session: DeskSession, contact: Contact, site: Site | None, *, now: datetime) -> bool:
    """Somebody, or something, that writes HELP all day is answered a few times, and from a country that we do not text not
    at all: such numbers earn by what is sent to them. `site` is that of their ticket."""
    if contact.phone is None or not is_texted(session, site, contact.phone):
        return False
    most = session.house.policy.caps.answers_day
    if most is None:
        return True
    answered = select(
        _count(Message.contact_id == contact.id, Message.created_at > now - A_DAY, Message.template.in_(ANSWERS))
    )
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
