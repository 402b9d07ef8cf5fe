"""Who and where: sites, colleagues and known customers, as far as somebody may see them."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import and_, func, or_, select

from recovery.domain.actors import Actor
from recovery.domain.permissions import Role
from recovery.models import Contact, Customer, OptOut, Site, Staff, StaffSite, Ticket
from recovery.services.access import at_sites_of, sites_visible_to, tickets_visible_to
from recovery.services.session import DeskSession
from recovery.services.ticketing.rows import CustomerFound, SiteBrief, StaffRow
from recovery.services.ticketing.ticket_statements import was_a_mistake


def sites_of(session: DeskSession, *, by: Actor) -> Sequence[SiteBrief]:
    query = select(Site.id, Site.slug, Site.name, Site.timezone, Site.currency, Site.country, Site.hours)
    found = session.execute(query.where(sites_visible_to(by)).order_by(Site.name, Site.id))
    return [SiteBrief(*row) for row in found]


def staff_of(session: DeskSession, *, by: Actor, site: str | None = None) -> Sequence[StaffRow]:
    """Active colleagues at the person's sites, and the admins, who are everywhere."""
    slugs = {each.id: each.slug for each in sites_of(session, by=by) if site in {None, each.slug}}
    places = session.execute(
        select(StaffSite.staff_id, StaffSite.site_id).where(StaffSite.site_id.in_(slugs)),
    )
    where: dict[int, list[str]] = {}
    for staff_id, site_id in places:
        where.setdefault(staff_id, []).append(slugs[site_id])
    query = (
        select(Staff.id, Staff.name, Staff.email, Staff.role)
        .where(Staff.deactivated_at.is_(None), or_(Staff.id.in_(where), Staff.role == Role.ADMIN))
        .order_by(Staff.name, Staff.id)
    )
    return [StaffRow(*row, tuple(sorted(where.get(row[0], ())))) for row in session.execute(query)]


def customers_with(session: DeskSession, phones: Iterable[str], *, by: Actor) -> Sequence[CustomerFound]:
    """As each of the person's sites knows them, with the latest of their tickets. `phones` are E.164."""
    query = (
        select(Customer.id, Customer.name, Customer.language, Contact.phone, Site.slug, OptOut.id)
        .join(Contact, Contact.id == Customer.contact_id)
        .join(Site, Site.id == Customer.site_id)
        .outerjoin(
            OptOut,
            and_(
                OptOut.contact_id == Contact.id,
                OptOut.sender == func.coalesce(Site.sender, session.house.sender),
                OptOut.lifted_at.is_(None),
            ),
        )
        .where(Contact.phone.in_(list(phones)), at_sites_of(Customer.site_id, by), Customer.erased_at.is_(None))
        .order_by(Customer.added_at, Customer.id)
    )
    rows: Sequence[Sequence[Any]] = session.execute(query).all()
    latest = _latest_tickets(session, [row[0] for row in rows], by=by)
    nothing = (None, None, None, 0)
    return [CustomerFound(*(*row[:5], row[5] is not None, *latest.get(row[0], nothing))) for row in rows]


def _latest_tickets(session: DeskSession, customer_ids: Sequence[int], *, by: Actor) -> dict[int, tuple[Any, ...]]:
    """Reference, failure and time of the newest that the person may see, and how many there are; what was no
    mistake does not count."""
    order = func.row_number().over(
        partition_by=Ticket.customer_id, order_by=(Ticket.logged_at.desc(), Ticket.id.desc())
    )
    count = func.count().over(partition_by=Ticket.customer_id)
    theirs = (
        select(
            Ticket.customer_id, Ticket.reference, Ticket.failure, Ticket.logged_at, count.label("n"), order.label("nth")
        )
        .where(Ticket.customer_id.in_(customer_ids), was_a_mistake(), tickets_visible_to(by))
        .subquery()
    )
    query = select(*(column for column in theirs.c if column.key != "nth")).where(theirs.c.nth == 1)
    return {row[0]: tuple(row[1:]) for row in session.execute(query)}
