"""Where recovery takes longest, over all that ever was: by site and failure, picked by counting from one index.

Sorting a million rows takes over a second on either database; the index has them in order already, so that a
percentile is the row at a known place.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from recovery.domain.actors import Actor
from recovery.domain.permissions import Permission
from recovery.models import Site, TicketClock
from recovery.services.access import at_sites_of, require
from recovery.services.reporting.report_figures import Figures
from recovery.services.session import DeskSession
from recovery.services.timing.targets import targets_in_force

CLOCK = "resolved"


@dataclass(frozen=True, slots=True)
class Place:
    site: str
    """Slug."""
    site_name: str
    failure: str
    figures: Figures
    """Of the recovery time."""


def slowest_places(session: DeskSession, *, by: Actor) -> Sequence[Place]:
    """The highest median first. Raises Forbidden."""
    require(by, Permission.REPORTS)
    target = targets_in_force(session).in_seconds(CLOCK)
    usual = target if isinstance(target, int) else None
    reached, within = func.count(), func.count().filter(TicketClock.resolved <= target)
    counted = (
        select(TicketClock.site_id, TicketClock.failure, reached, within)
        .where(at_sites_of(TicketClock.site_id, by), TicketClock.resolved.is_not(None))
        .group_by(TicketClock.site_id, TicketClock.failure)
    )
    sites = {id_: (slug, name) for id_, slug, name in session.execute(select(Site.id, Site.slug, Site.name))}
    places = [
        Place(*sites[site_id], failure, Figures(count, *_picked(session, site_id, failure, count), timely, usual))
        for site_id, failure, count, timely in session.execute(counted).all()
    ]
    return sorted(places, key=lambda place: (-(place.figures.p50 or 0), place.site, place.failure))


def _picked(session: DeskSession, site_id: int, failure: str, count: int) -> tuple[int | None, int | None, int | None]:
    def at(percent: int) -> int | None:
        rank = -(-percent * count // 100)
        in_order = (
            select(TicketClock.resolved)
            .where(TicketClock.site_id == site_id, TicketClock.failure == failure, TicketClock.resolved.is_not(None))
            .order_by(TicketClock.resolved)
        )
        return session.scalar(in_order.limit(1).offset(rank - 1))

    return at(50), at(90), at(95)
