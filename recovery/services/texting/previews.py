"""The first text as it would go now: nothing is written, and the words come from where the real ones come from."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from recovery.domain.actors import Actor
from recovery.domain.authority import Limits, LimitSpan
from recovery.domain.calendars import local_time
from recovery.domain.errors import Invalid
from recovery.domain.permissions import Role
from recovery.domain.phones import country_of, parse_phone
from recovery.domain.promise_times import default_due
from recovery.domain.tickets import FAILURES, REFERENCE_LETTERS
from recovery.domain.wording import due_words, joined, remedy_words
from recovery.models import Contact, Customer, Ledger, Site, Ticket
from recovery.services.access import visible_site
from recovery.services.deciding.authority import limits_of
from recovery.services.deciding.remedies import NewRemedy
from recovery.services.reporting.spending import cost_words
from recovery.services.session import DeskSession
from recovery.services.texting.caps import cap_met, is_texted
from recovery.services.texting.messages import first_word, render, standing_opt_out
from recovery.services.ticketing.logging_mistakes import NewTicket
from recovery.services.timing.calendars import calendar_of
from recovery.services.wording.spoken import speech_with_customer, zone_of
from recovery.sms.texts import Text

NO_NUMBER = "There is no number to text. Tell them yourself when they will hear from us."
OPTED_OUT = "This number has asked for no texts. A call will be put on the list."
TOO_MANY = "There have been very many texts, so that none goes for now. A call will be put on the list."
NOT_THERE = "This number is of a country that we do not text. A call will be put on the list."
STAND_IN = {"id": 1 << 62, "link_generation": 0, "reference": f"RD-{'X' * REFERENCE_LETTERS}"}
"""As long as what the ticket will have: the text shown has the segments of the one that goes."""
NOBODY_YET = Contact(id=0)
"""A number that has had no text."""


@dataclass(frozen=True, slots=True)
class FirstText:
    to: str
    """First name, or empty."""
    text: Text | None
    why_not: str = ""
    cost: str = ""
    """In words; empty where the price is not known."""


def first_text(session: DeskSession, new: NewTicket, *, now: datetime, by: Actor) -> FirstText:
    """Raises NotFound for a site of others. A number that is not whole yet is as good as none."""
    site = visible_site(session, new.site, by=by)
    phone = _phone(new, site)
    if phone is None:
        return FirstText("", None, NO_NUMBER)
    contact, customer = _known(session, site, phone)
    if why_not := _why_not(session, site, phone, contact):
        return FirstText("", None, why_not)
    typed = new.customer.name if new.customer else None
    name = typed or (customer.name if customer else None)
    granted, asked = _split(session, site, new.remedies, customer=customer, now=now, by=by)
    language = (new.customer.language if new.customer else None) or (customer.language if customer else site.language)
    to = Customer(name=name, language=language, timezone=customer.timezone if customer else None)
    draft = Ticket(**STAND_IN, failure=new.failure, site=site, customer=to)
    draft.site_id, draft.is_demo = site.id, site.is_demo
    if cap_met(session, draft, contact or NOBODY_YET, now=now):
        return FirstText("", None, TOO_MANY)
    speech = speech_with_customer(draft)
    given = [remedy_words(r.kind, r.amount, site.currency, r.detail, speech=speech) for r in granted]
    due = _due(session, site, new, asked=asked, now=now)
    values = {
        "remedies": joined(given, speech),
        "promise": due_words(due, now=now, timezone=zone_of(draft), speech=speech),
    }
    text = render(session, draft, "logged_waiting" if asked else "logged", values, by=by)
    return FirstText(first_word(name), text, cost=cost_words(session, country_of(phone), text.segments.count))


def why_not_texted(session: DeskSession, site: Site, typed: str) -> str:
    """Of a number as it is typed, whatever went wrong; empty where it is texted, or is not whole yet."""
    phone = _read(typed, site)
    return _why_not(session, site, phone, _known(session, site, phone)[0]) if phone else ""


def _why_not(session: DeskSession, site: Site, phone: str, contact: Contact | None) -> str:
    if not is_texted(session, site, phone):
        return NOT_THERE
    opted_out = contact is not None and standing_opt_out(session, contact.id, session.house.sender_of(site))
    return OPTED_OUT if opted_out else ""


def _phone(new: NewTicket, site: Site) -> str | None:
    return _read(new.customer.phone, site) if new.customer else None


def _read(typed: str | None, site: Site) -> str | None:
    try:
        return parse_phone(typed, site.country)
    except Invalid:
        return None


def _known(session: DeskSession, site: Site, phone: str) -> tuple[Contact | None, Customer | None]:
    contact = session.scalar(select(Contact).where(Contact.phone == phone))
    if contact is None:
        return None, None
    query = select(Customer).where(Customer.site_id == site.id, Customer.contact_id == contact.id)
    return contact, session.scalar(query)


def _split(
    session: DeskSession,
    site: Site,
    remedies: tuple[NewRemedy, ...],
    *,
    customer: Customer | None,
    now: datetime,
    by: Actor,
) -> tuple[list[NewRemedy], bool]:
    """What this person may grant, and whether anything has to be asked for: one remedy after the other, as they are logged."""
    totals = _totals(session, site, customer, now=now, by=by)
    limits = limits_of(session, site, by.role or Role.FRONTLINE)
    granted = []
    for remedy in remedies:
        after = {span: total + (remedy.amount or 0) for span, total in totals.items()}
        if not remedy.amount or _within(after, limits):
            granted.append(remedy)
            totals = after
    return granted, len(granted) < len(remedies)


def _totals(
    session: DeskSession, site: Site, customer: Customer | None, *, now: datetime, by: Actor
) -> dict[LimitSpan, int]:
    local = local_time(now, site.timezone)
    day = (LimitSpan.STAFF_DAY, by.id, f"{local:%Y-%m-%d}", site.currency)
    month = (LimitSpan.CUSTOMER_MONTH, customer.id if customer else None, f"{local:%Y-%m}", site.currency)
    totals = dict.fromkeys((LimitSpan.TICKET, *(key[0] for key in (day, month) if key[1] is not None)), 0)
    for key in (day, month):
        row = session.get(Ledger, key) if key[1] is not None else None
        if row is not None:
            totals[key[0]] = row.total
    return totals


def _within(totals: dict[LimitSpan, int], limits: Limits) -> bool:
    ceilings = {span: limits.of(span) for span in totals}
    return all(ceilings[span] is None or total <= (ceilings[span] or 0) for span, total in totals.items())


def _due(session: DeskSession, site: Site, new: NewTicket, *, asked: bool, now: datetime) -> datetime:
    policy = session.house.policy
    if new.promise_minutes is not None:
        return now + timedelta(minutes=new.promise_minutes)
    if asked:
        return now + policy.approval_deadline
    severity = new.severity or FAILURES[new.failure].severity
    return default_due(
        now=now,
        minutes=policy.promise_minutes[severity],
        calendar=calendar_of(site),
        minutes_after_opening=policy.promise_minutes_after_opening,
    )
