"""People as a site knows them, found again by their number."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache

from sqlalchemy import and_, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import ReturningInsert

from recovery.domain.actors import Actor
from recovery.domain.ids import new_id
from recovery.domain.phones import parse_phone, seal
from recovery.models import Contact, Customer, OptOut, Site, Ticket
from recovery.services.access import tickets_visible_to
from recovery.services.session import DeskSession
from recovery.services.ticketing.ticket_statements import was_a_mistake

KNOWN_HERE = (
    select(Contact, Customer)
    .outerjoin(Customer, and_(Customer.contact_id == Contact.id, Customer.site_id == bindparam("site_id")))
    .where(Contact.phone == bindparam("phone"))
    .with_for_update(of=Contact, read=True, key_share=True)
)
"""Made once: it runs with every mistake that is logged. Who is being erased in this moment is nobody known: the lock is the
one that the first text about it takes anyway."""


@dataclass(frozen=True, slots=True)
class NewCustomer:
    phone: str | None = None
    """As typed; read with the site's country."""
    name: str | None = None
    language: str | None = None


def find_or_add(session: DeskSession, site: Site, new: NewCustomer | None, *, now: datetime) -> Customer | None:
    """None where nothing is known of them. Raises Invalid for a number that cannot be one."""
    phone = parse_phone(new.phone, site.country, field="customer.phone") if new else None
    name = new.name.strip() if new and new.name and new.name.strip() else None
    if new is None or (phone is None and name is None):
        return None
    contact, customer = _known(session, site, phone) if phone else (None, None)
    if phone and contact is None:
        contact = contact_for(session, phone, now=now)
    customer = customer or _added(session, site, contact, now=now)
    customer.name = name or customer.name
    customer.language = new.language or customer.language
    return customer


def contact_for(session: DeskSession, phone: str, *, now: datetime) -> Contact:
    """The one row of this number, made once whoever races. `phone` is E.164. Who wanted no texts before they were erased
    still wants none."""
    row = {"id": new_id(now), "phone": phone, "added_at": now}
    made = session.scalars(_adding(session.get_bind().dialect.name), row).first()
    if made is None:
        return session.scalars(select(Contact).where(Contact.phone == phone)).one()
    session.execute(
        update(OptOut)
        .where(OptOut.number_seal == seal(session.house.secret_key, phone), OptOut.lifted_at.is_(None))
        .values(contact_id=made.id, number_seal=None),
    )
    return made


def last_recovery(session: DeskSession, customer: Customer, *, by: Actor) -> Ticket | None:
    """The newest that the person may see; what was logged in error was none, nor was a wait that kept its promise."""
    return session.scalar(
        select(Ticket)
        .where(
            Ticket.customer_id == customer.id,
            was_a_mistake(),
            tickets_visible_to(by),
        )
        .order_by(Ticket.logged_at.desc(), Ticket.id.desc())
        .limit(1),
    )


def _known(session: DeskSession, site: Site, phone: str) -> tuple[Contact | None, Customer | None]:
    row = session.execute(KNOWN_HERE, {"site_id": site.id, "phone": phone}).first()
    return (row[0], row[1]) if row else (None, None)


@cache
def _adding(dialect: str) -> ReturningInsert[Contact]:
    make = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return make(Contact).on_conflict_do_nothing(index_elements=[Contact.phone]).returning(Contact)


def _added(session: DeskSession, site: Site, contact: Contact | None, *, now: datetime) -> Customer:
    customer = Customer(
        id=new_id(now),
        site_id=site.id,
        contact_id=contact.id if contact else None,
        contact=contact,
        language=site.language,
        added_at=now,
        is_demo=site.is_demo,
    )
    session.add(customer)
    return customer
