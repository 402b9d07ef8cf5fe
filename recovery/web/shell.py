"""What stands around every page: the site, the person, the way to the other pages."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from flask import current_app, g, session, url_for
from sqlalchemy.exc import SQLAlchemyError

from recovery.domain.actors import Actor
from recovery.domain.calendars import local_time
from recovery.domain.permissions import Permission
from recovery.edge import components
from recovery.models import Staff
from recovery.services.hearing.strangers import count_strangers
from recovery.services.people.directory import sites_of
from recovery.services.reporting.spending import spend_standing
from recovery.services.running.heartbeats import a_worker_lives
from recovery.services.session import DeskSession
from recovery.services.ticketing.listing import count_waiting_approvals
from recovery.services.ticketing.rows import SiteBrief
from recovery.services.ticketing.undetected import count_undetected
from recovery.web.banners import line_banners
from recovery.web.session import now

SITE = "site"
"""In the cookie: where this browser logs, remembered from the last time."""
NO_WORKER = "No worker is at work: texts wait, and nobody watches promises."
SPENT = "This month's money for texts is spent: only what is urgent goes, and the rest waits. Call instead."


class Page(NamedTuple):
    name: str
    label: str
    endpoint: str
    icon: str
    needs: Permission


PAGES = (
    Page("desk", "Desk", "desk.show", "desk", Permission.SEE),
    Page("board", "Board", "board.show", "board", Permission.SEE),
    Page("approvals", "Approvals", "approvals.index", "approvals", Permission.APPROVE),
    Page("tickets", "Tickets", "tickets.index", "message", Permission.SEE),
    Page("undetected", "Undetected", "undetected.index", "undetected", Permission.SEE),
    Page("waiting", "Waiting", "waiting.index", "person", Permission.SEE),
    Page("tasks", "Tasks", "tasks.index", "check", Permission.SEE),
    Page("rota", "Rota", "rota.show", "clock", Permission.SEE),
    Page("reports", "Reports", "reports.show", "reports", Permission.REPORTS),
    Page("audit", "Audit", "audit.show", "audit", Permission.AUDIT),
    Page("team", "People", "team.index", "people", Permission.LEAD),
    Page("simulator", "Phones", "simulator.show", "simulator", Permission.SEE),
    Page("admin", "Admin", "admin.show", "admin", Permission.ADMINISTER),
)
"""Most used first. What this installation does not have (the simulated phones beside a real gateway) is left out."""


def page_values() -> dict[str, Any]:
    """For every template. An error page is drawn without the shell: what broke may be what the shell asks for."""
    instant = now()
    around = {} if "actor" not in g or g.get("is_error") or g.get("is_fragment") else _around(g.actor, g.staff, instant)
    return {"now": instant, "now_iso": f"{instant:%Y-%m-%dT%H:%M:%SZ}", "shell": None, "banners": []} | around


def chosen_site(sites: Sequence[SiteBrief]) -> SiteBrief | None:
    """The one that this browser used last, else the first."""
    return next((site for site in sites if site.slug == session.get(SITE)), sites[0] if sites else None)


def initials(name: str) -> str:
    words = name.split()
    return (words[0][:1] + (words[-1][:1] if len(words) > 1 else "")).upper()


def _around(actor: Actor, staff: Staff, instant: datetime) -> dict[str, Any]:
    try:
        with components().read() as reading:
            sites = sites_of(reading, by=actor)
            asked = count_waiting_approvals(reading, by=actor) if actor.may(Permission.APPROVE) else 0
            counts = {
                "approvals": asked,
                "undetected": count_undetected(reading, by=actor) + count_strangers(reading, by=actor),
            }
            banners = _banners(reading, actor, instant)
    except SQLAlchemyError:
        sites, counts, banners = [], {}, []
    return {"shell": _shell(actor, staff, instant, sites, counts), "banners": banners}


def _banners(reading: DeskSession, actor: Actor, instant: datetime) -> list[dict[str, Any]]:
    """What is wrong with the desk itself, for everyone at work to see; an admin is led to where it is told in full."""
    faults = [] if a_worker_lives(reading, now=instant) else [("late", NO_WORKER)]
    faults += _money(reading, instant)
    link = {"url": url_for("admin.show"), "label": "See what is wrong"} if actor.may(Permission.ADMINISTER) else None
    here = [{"tone": tone, "text": fault, "link": link} for tone, fault in faults]
    return here + line_banners(reading, by=actor, now=instant)


def _money(reading: DeskSession, instant: datetime) -> list[tuple[str, str]]:
    """Nothing is asked where the policy has no limit."""
    if reading.house.policy.spending.month_limit_micros is None:
        return []
    standing = spend_standing(reading, now=instant)
    if standing.is_over:
        return [("late", SPENT)]
    return [("soon", f"{standing.percent} % of this month's money for texts is spent.")] if standing.is_warned else []


def _shell(
    actor: Actor, staff: Staff, instant: datetime, sites: Sequence[SiteBrief], counts: Mapping[str, int]
) -> dict[str, Any]:
    return {
        "site": _site(sites, instant),
        "person": {"name": staff.name, "initials": initials(staff.name), "role": staff.role.label},
        "nav": [
            _nav(page, counts.get(page.name, 0))
            for page in PAGES
            if page.endpoint in current_app.view_functions and _is_offered(page, actor)
        ],
        "sign_out_url": url_for("sign_in.leave"),
        "me_url": url_for("me.show"),
    }


def _is_offered(page: Page, actor: Actor) -> bool:
    """An admin finds the people, and more to do for them, under Admin."""
    return actor.may(page.needs) and not (page.name == "team" and actor.is_admin)


def _site(sites: Sequence[SiteBrief], instant: datetime) -> dict[str, str]:
    site = chosen_site(sites)
    if site is None:
        return {"name": "Recovery Desk", "zone": "UTC", "clock": f"{instant:%A %H:%M}"}
    name = site.name if len(sites) == 1 else "Recovery Desk"
    return {"name": name, "zone": site.timezone, "clock": f"{local_time(instant, site.timezone):%A %H:%M}"}


def _nav(page: Page, count: int) -> dict[str, Any]:
    return {"page": page.name, "label": page.label, "url": url_for(page.endpoint), "icon": page.icon, "count": count}
