"""A customer known to this site, found while their number is being typed. Never more than one: a list of customers is nobody's business."""

from sqlalchemy import and_, select
from sqlalchemy.orm import joinedload

from recovery.domain.phones import prefixes_of
from recovery.models import Contact, Customer, Site, Ticket
from recovery.services.session import DeskSession

FROM_DIGITS = 7
LAST_DIGITS = 4
RECENT_TICKETS = 500
"""Four digits are looked for among the customers of so many last tickets."""
ENOUGH_TO_DOUBT = 2


def known_customer(session: DeskSession, site: Site, typed: str) -> Customer | None:
    """From the seventh digit by how the number begins; by exactly four digits by how it ends. None where two would fit."""
    digits = sum(letter.isdecimal() for letter in typed)
    if digits >= FROM_DIGITS:
        return _beginning(session, site, typed)
    return _ending(session, site, "".join(filter(str.isdecimal, typed))) if digits == LAST_DIGITS else None


def _beginning(session: DeskSession, site: Site, typed: str) -> Customer | None:
    for start in prefixes_of(typed, site.country):
        matches = and_(
            Contact.phone >= start, Contact.phone < f"{start}:"
        )  # the sign after the nine: an index serves it
        found = session.scalars(
            select(Customer)
            .join(Contact, Contact.id == Customer.contact_id)
            .where(matches, Contact.phone.startswith(start), Customer.site_id == site.id, Customer.erased_at.is_(None))
            .options(joinedload(Customer.contact))
            .limit(ENOUGH_TO_DOUBT),
        ).all()
        if found:
            return found[0] if len(found) == 1 else None
    return None


def _ending(session: DeskSession, site: Site, digits: str) -> Customer | None:
    recent = (
        select(Ticket.customer_id)
        .where(Ticket.site_id == site.id)
        .order_by(Ticket.logged_at.desc(), Ticket.id.desc())
        .limit(RECENT_TICKETS)
        .subquery()
    )
    found = session.scalars(
        select(Customer)
        .join(Contact, Contact.id == Customer.contact_id)
        .where(
            Customer.id.in_(select(recent.c.customer_id)), Contact.phone.endswith(digits), Customer.erased_at.is_(None)
        )
        .options(joinedload(Customer.contact))
        .limit(ENOUGH_TO_DOUBT),
    ).all()
    return found[0] if len(found) == 1 else None
