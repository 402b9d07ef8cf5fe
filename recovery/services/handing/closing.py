"""A shift at a site closes when its Undetected board is empty, or when each row of it is handed over to somebody by name."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select

from recovery.domain.actors import Actor
from recovery.domain.errors import Forbidden, Invalid, WrongState
from recovery.domain.events import Tag
from recovery.domain.ids import new_id
from recovery.domain.permissions import Permission
from recovery.models import HandedOver, Handover, Site, Ticket
from recovery.services.access import lock_tickets, require, tickets_visible_to
from recovery.services.proving.trail import record, record_of_settings
from recovery.services.session import DeskSession
from recovery.services.ticketing.rows import UndetectedRow
from recovery.services.ticketing.tickets import hand_over
from recovery.services.ticketing.undetected import is_undetected, reasons_of, undetected


@dataclass(frozen=True, slots=True)
class Sheet:
    """What has to be handed over. `private` counts rows that this person is not shown: they cannot close this shift."""

    rows: Sequence[UndetectedRow]
    private: int
    number: int
    """Of the last closing; 0: none yet."""


def sheet_of(session: DeskSession, site: Site, *, by: Actor) -> Sheet:
    """What stands on the site's board now, longest first, each row with its reasons."""
    standing, shown = _standing(session, site), _standing(session, site, tickets_visible_to(by))
    rows = undetected(session, by=by, site=site.slug, limit=len(shown)).items if shown else ()
    return Sheet(rows, len(standing) - len(shown), _last_number(session, site))


def close_shift(
    session: DeskSession,
    site: Site,
    names: Mapping[int, int],
    *,
    note: str | None,
    now: datetime,
    by: Actor,
    after: int | None = None,
) -> Handover:
    """`names`: who takes which ticket, by their ids; those of tickets that are off the board by now are left alone.
    `after`: the number of the last closing that this person knew of.

    Raises Invalid by reference while a row has nobody, or somebody from elsewhere; Forbidden where a row is not theirs to
    hand over; WrongState where somebody has closed it meanwhile.
    """
    require(by, Permission.WORK)
    number = _next_number(session, site, after)
    tickets = lock_tickets(session, _standing(session, site))
    standing = _standing(session, site)  # once more under the locks: what was cleared meanwhile needs nobody
    _refuse_private(session, site, standing, by=by)
    _refuse_unnamed(session, [id_ for id_ in standing if id_ not in names or id_ not in tickets])
    handover = Handover(
        id=new_id(now),
        site_id=site.id,
        number=number,
        closed_at=now,
        closed_by_id=by.id,
        note=(note or "").strip() or None,
        rows=[],
    )
    session.add(handover)
    reasons = reasons_of(session, standing)
    for id_ in standing:
        why = " ".join(reason.value for reason in reasons[id_])
        _hand_over(session, handover, tickets[id_], names[id_], why=why, now=now, by=by)
    record_of_settings(
        session,
        Tag.SHIFT_CLOSED,
        by=by,
        at=now,
        site_id=site.id,
        site=site.id,
        handover=handover.id,
        rows=len(standing),
    )
    return handover


def ids_of(session: DeskSession, site: Site, references: Collection[str], *, by: Actor) -> dict[str, int]:
    """Of tickets of this site. Raises Invalid by reference for what this person does not see there."""
    known = select(Ticket.reference, Ticket.id).where(
        Ticket.reference.in_(references), Ticket.site_id == site.id, tickets_visible_to(by)
    )
    found = dict(session.execute(known).all())
    if unknown := [reference for reference in references if reference not in found]:
        sentence = "There is no such ticket at this site."
        raise Invalid(sentence, {reference: [sentence] for reference in unknown})
    return found


def _standing(session: DeskSession, site: Site, *which: ColumnElement[bool]) -> Sequence[int]:
    at_the_site = select(Ticket.id).where(Ticket.site_id == site.id, is_undetected(), *which)
    return session.scalars(at_the_site.order_by(Ticket.id)).all()


def _last_number(session: DeskSession, site: Site) -> int:
    return session.scalar(select(func.max(Handover.number)).where(Handover.site_id == site.id)) or 0


def _next_number(session: DeskSession, site: Site, after: int | None) -> int:
    """The site is held until the commit: of two who close its shift the second reads what the first has written."""
    session.execute(select(Site.id).where(Site.id == site.id).with_for_update(key_share=True))
    last = _last_number(session, site)
    if after is not None and after != last:
        raise WrongState("This shift was closed meanwhile: look at its sheet first, then close the next one.")
    return last + 1


def _refuse_private(session: DeskSession, site: Site, standing: Sequence[int], *, by: Actor) -> None:
    """Of such rows nothing is told but that they are there."""
    hidden = set(standing) - set(_standing(session, site, tickets_visible_to(by)))
    if hidden:
        raise Forbidden(
            f"{_rows(len(hidden), 'is', 'are')} kept private from you: ask a supervisor to close this shift."
        )


def _refuse_unnamed(session: DeskSession, unnamed: Sequence[int]) -> None:
    if not unnamed:
        return
    references = session.scalars(select(Ticket.reference).where(Ticket.id.in_(unnamed)).order_by(Ticket.id))
    beside = {reference: ["Say who takes it, or clear it first."] for reference in references}
    raise Invalid(f"{_rows(len(unnamed), 'has', 'have')} nobody yet: say who takes each, or clear it first.", beside)


def _rows(count: int, one: str, many: str) -> str:
    return f"{count} row {one}" if count == 1 else f"{count} rows {many}"


def _hand_over(
    session: DeskSession, handover: Handover, ticket: Ticket, to: int, *, why: str, now: datetime, by: Actor
) -> None:
    try:
        hand_over(session, ticket, to, now=now, by=by)
    except Invalid as wrong:
        raise Invalid.field(ticket.reference, wrong.detail) from None
    handover.rows.append(HandedOver(ticket_id=ticket.id, staff_id=to, why=why))
    record(session, ticket, Tag.TICKET_HANDED_OVER, by=by, at=now, handover=handover.id, staff=to, why=why)
