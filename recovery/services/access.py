"""Who sees what. The wrong site is the same as nothing, because the query itself leaves it out."""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, false, or_, select, true
from sqlalchemy.orm import joinedload

from recovery.domain.actors import Actor, ActorKind
from recovery.domain.errors import Forbidden, Invalid, NotFound, Stale
from recovery.domain.permissions import Permission, may
from recovery.models import Callback, Customer, Remedy, Site, Task, Ticket, Wait
from recovery.services.proving.changes_since import changes_since
from recovery.services.session import DeskSession
from recovery.services.ticketing.rows import TicketRow
from recovery.services.ticketing.ticket_statements import only_checked

SITE_BY_SLUG = select(Site).where(Site.slug == bindparam("slug"))
WHAT_CHANGES_NEED = (joinedload(Ticket.site), joinedload(Ticket.customer).joinedload(Customer.contact))
BY_ID = select(Ticket).where(Ticket.id == bindparam("ticket_id"))
BY_IDS = select(Ticket).where(Ticket.id.in_(bindparam("ids", expanding=True))).order_by(Ticket.id)
BY_ID_LOCKED, BY_IDS_LOCKED = (
    query.options(*WHAT_CHANGES_NEED).with_for_update(of=Ticket).execution_options(populate_existing=True)
    for query in (BY_ID, BY_IDS)
)
"""Made once: every act begins with one of them."""


def sites_visible_to(by: Actor) -> ColumnElement[bool]:
    return true() if by.is_admin else Site.id.in_(by.site_ids)


def at_sites_of(column: Any, by: Actor) -> ColumnElement[bool]:
    """For any column that holds a site's id."""
    if by.is_admin:
        return true()
    return column.in_(sorted(by.site_ids)) if by.site_ids else false()


def tickets_visible_to(by: Actor) -> ColumnElement[bool]:
    """Tickets of the person's sites; sensitive ones for a frontline only where they logged or own them. No query begins
    with it: a site has more tickets than whatever else is asked for."""
    here = true() if by.is_admin else only_checked(at_sites_of(Ticket.site_id, by))
    if sees_sensitive(by):
        return here
    return and_(here, or_(Ticket.is_sensitive.is_(False), Ticket.logged_by_id == by.id, Ticket.owner_id == by.id))


def may_see(ticket: TicketRow, *, by: Actor) -> bool:
    """The rule of `tickets_visible_to`, for a row that is at hand already; a test holds the two together."""
    if not by.works_at(ticket.site.id):
        return False
    if not ticket.is_sensitive or sees_sensitive(by):
        return True
    return by.id is not None and by.id in {ticket.logged_by_id, ticket.owner.id if ticket.owner else None}


def sees_sensitive(by: Actor) -> bool:
    """By role: a supervisor's token that may only read still reads what they may."""
    return by.kind is not ActorKind.STAFF or (by.role is not None and may(by.role, Permission.SUPERVISE))


def require(by: Actor, permission: Permission) -> None:
    """Raises Forbidden."""
    if not by.may(permission):
        raise Forbidden("Your role may not do this; ask a supervisor.")


def visible_ticket(session: DeskSession, reference: str, *, by: Actor) -> Ticket:
    """For reading. Raises NotFound."""
    return _one(session, _by_reference(reference, by))


def locked_ticket(
    session: DeskSession,
    reference: str,
    *,
    by: Actor,
    version: int | None = None,
    yours: Mapping[str, Any] | None = None,
) -> Ticket:
    """For changing: the row is locked, and is what the form was made from. Raises NotFound, Stale."""
    ticket = _one(session, _by_reference(reference, by), lock=True)
    refuse_stale(session, ticket, version, yours=yours)
    return ticket


def lock_ticket(session: DeskSession, ticket_id: int) -> Ticket:
    """For the machine and for the holder of a link: by identity, whatever the site. Raises NotFound."""
    return _found(session.scalar(BY_ID_LOCKED, {"ticket_id": ticket_id}))


def lock_tickets(session: DeskSession, ids: Collection[int]) -> dict[int, Ticket]:
    """As `lock_ticket`, in the house's order: by id. Those that are not there are left out."""
    return {ticket.id: ticket for ticket in session.scalars(BY_IDS_LOCKED, {"ids": list(ids)})}


def ticket_of_remedy(session: DeskSession, remedy_id: int, *, by: Actor) -> tuple[Ticket, Remedy]:
    """Both locked, the ticket first. Raises NotFound."""
    ticket = _one(
        session,
        select(Ticket).where(
            Ticket.id == select(Remedy.ticket_id).where(Remedy.id == remedy_id).scalar_subquery(),
            tickets_visible_to(by),
        ),
        lock=True,
    )
    remedy = session.get_one(Remedy, remedy_id, populate_existing=True)
    return ticket, remedy


def ticket_of_callback(session: DeskSession, callback_id: int, *, by: Actor) -> tuple[Ticket, Callback]:
    """Both locked, the ticket first. Raises NotFound."""
    ticket = _one(
        session,
        select(Ticket).where(
            Ticket.id == select(Callback.ticket_id).where(Callback.id == callback_id).scalar_subquery(),
            tickets_visible_to(by),
        ),
        lock=True,
    )
    callback = session.get_one(Callback, callback_id, populate_existing=True)
    return ticket, callback


def ticket_of_task(session: DeskSession, task_id: int, *, by: Actor) -> tuple[Ticket, Task]:
    """Both locked, the ticket first. Whoever works at the site does its tasks, also where the ticket is not for their eyes:
    they learn nothing of it. Raises NotFound."""
    on = select(Task.ticket_id).where(Task.id == task_id).scalar_subquery()
    query = select(Ticket).where(Ticket.id == on, at_sites_of(Ticket.site_id, by))
    ticket = session.scalar(_whole(query, lock=True))
    if ticket is None:
        raise NotFound("There is no such task at your sites.")
    return ticket, session.get_one(Task, task_id, populate_existing=True)


def ticket_of_wait(session: DeskSession, wait_id: int, *, by: Actor) -> tuple[Ticket, Wait]:
    """Both locked, the ticket first. Raises NotFound."""
    on = select(Wait.ticket_id).where(Wait.id == wait_id).scalar_subquery()
    ticket = _one(session, select(Ticket).where(Ticket.id == on, tickets_visible_to(by)), lock=True)
    return ticket, session.get_one(Wait, wait_id, populate_existing=True)


def visible_site(session: DeskSession, slug: str, *, by: Actor) -> Site:
    """Raises NotFound."""
    site = None if "\0" in slug else session.scalar(SITE_BY_SLUG, {"slug": slug})  # PostgreSQL cannot look for that
    if site is None or not by.works_at(site.id):
        raise NotFound(f"There is no site “{slug}” that you work at.")
    return site


def refuse_stale(
    session: DeskSession, ticket: Ticket, version: int | None, *, yours: Mapping[str, Any] | None = None
) -> None:
    """Raises Stale where a person changed the ticket after `version` was read, Invalid where it never had that version.
    `yours`: what was to be saved, by field."""
    if version is None or version == ticket.version:
        return
    if version > ticket.version:
        raise Invalid.field("version", f"This ticket never had a version {version}: send the one that you read.")
    missed = changes_since(session, ticket, version)
    raise Stale(
        "Somebody changed this ticket after you opened it. Look at what changed, then save again.",
        current=ticket.version,
        changed=[{**change, "yours": (yours or {}).get(change["field"])} for change in missed],
    )


def _by_reference(reference: str, by: Actor) -> Select[Ticket]:
    return select(Ticket).where(Ticket.reference == reference.upper(), tickets_visible_to(by))


def _one(session: DeskSession, query: Select[Ticket], *, lock: bool = False) -> Ticket:
    return _found(session.scalar(_whole(query, lock=lock)))


def _found(ticket: Ticket | None) -> Ticket:
    if ticket is None:
        raise NotFound("There is no such ticket at your sites.")
    return ticket


def _whole(query: Select[Ticket], *, lock: bool) -> Select[Ticket]:
    query = query.options(*WHAT_CHANGES_NEED)
    return query.with_for_update(of=Ticket).execution_options(populate_existing=True) if lock else query
