"""What a report is asked for: a span of days, a site, a way to group; and the addresses that ask for it again."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from flask import request, url_for

from recovery.domain.calendars import day_typed, local_day
from recovery.domain.errors import Invalid
from recovery.edge import actor
from recovery.services.people.directory import sites_of
from recovery.services.reporting.report_scope import GROUPINGS
from recovery.services.session import DeskSession
from recovery.services.ticketing.rows import SiteBrief
from recovery.web.session import now

USUAL_DAYS = 30
SPANS = ((1, "Today"), (7, "7 days"), (30, "30 days"), (90, "90 days"))
LONGEST_SPAN = timedelta(days=3660)
GROUP_LABELS = {
    "failure": "Failure",
    "site": "Site",
    "staff": "Person",
    "severity": "Severity",
    "hour_of_week": "Hour of the week",
    "day": "Day",
}


@dataclass(frozen=True, slots=True)
class Asked:
    start: date
    until: date
    """The last day, itself included."""
    site: str
    """Slug, "" for all of one's own."""
    group_by: str
    today: date
    """Where it is latest, of the sites asked for."""
    still_today: date
    """Where it is earliest: a span begins with it, so that it has what any of them logged today."""
    sites: tuple[SiteBrief, ...]

    @property
    def scope(self) -> dict[str, Any]:
        """As `services.reporting.reports` takes it."""
        end = self.until + timedelta(days=1)
        return {"by": actor(), "start": self.start, "end": end, "site": self.site or None}

    @property
    def span_words(self) -> str:
        if self.until == self.today:
            for days, label in SPANS:
                if self.start == self._first_of(days):
                    return "today" if days == 1 else f"the last {label}"
        return f"{_day(self.start)} to {_day(self.until)}"

    @property
    def site_words(self) -> str:
        name = next((site.name for site in self.sites if site.slug == self.site), "")
        if name or not self.sites:
            return name or "no site"
        return self.sites[0].name if len(self.sites) == 1 else "all sites" if actor().is_admin else "your sites"

    def address(self, endpoint: str = "reports.show", **changes: Any) -> str:
        asked = {"from": self.start, "until": self.until, "site": self.site or None, "group_by": self.group_by}
        return url_for(endpoint, **asked | changes)

    def spans(self) -> list[dict[str, Any]]:
        found = []
        for days, label in SPANS:
            start = self._first_of(days)
            is_this = (self.start, self.until) == (start, self.today)
            found.append(
                {"label": label, "url": replace(self, start=start, until=self.today).address(), "is_this": is_this}
            )
        return found

    def _first_of(self, days: int) -> date:
        return self.still_today - timedelta(days=days - 1)

    def groupings(self) -> list[dict[str, Any]]:
        return [
            {"label": label, "url": replace(self, group_by=name).address(), "is_this": name == self.group_by}
            for name, label in GROUP_LABELS.items()
        ]


def usual(session: DeskSession, *, site: str = "") -> Asked:
    sites = tuple(sites_of(session, by=actor()))
    zones = [each.timezone for each in sites if site in {"", each.slug}] or ["UTC"]
    days = [local_day(now(), zone) for zone in zones]
    today, still_today = max(days), min(days)
    return Asked(still_today - timedelta(days=USUAL_DAYS - 1), today, "", "failure", today, still_today, sites)


def asked(session: DeskSession, *, group_by: str = "") -> Asked:
    """From the address; `group_by` comes before what stands there. Raises Invalid by field."""
    site = request.args.get("site", "")
    default = usual(session, site=site)
    group_by = group_by or request.args.get("group_by") or default.group_by
    if group_by not in GROUPINGS:
        raise Invalid.field("group_by", "Choose one of the groups offered.")
    wanted = replace(
        default,
        start=_read("from", default.start),
        until=_read("until", default.until),
        site=site,
        group_by=group_by,
    )
    if wanted.until < wanted.start:
        raise Invalid.field("until", "The last day comes before the first: swap them.")
    if wanted.until - wanted.start > LONGEST_SPAN:
        raise Invalid.field("from", "That is more than ten years: choose a shorter span.")
    return wanted


def _read(name: str, default: date) -> date:
    text = request.args.get(name, "").strip()
    return day_typed(text, field=name) if text else default


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
