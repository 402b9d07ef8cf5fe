"""What the list of tickets is narrowed to, from its address: senseless values are left out, never an error."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from recovery.domain.calendars import day_typed
from recovery.domain.errors import Invalid
from recovery.domain.tickets import FAILURES, Severity, TicketStatus
from recovery.services.ticketing.listing import TicketFilter
from recovery.services.ticketing.rows import SiteBrief

FIELDS = ("q", "site", "status", "failure", "severity", "owner", "logged_from", "logged_to", "undetected")
OWNERS = [("", "Anybody's"), ("me", "Mine"), ("nobody", "Nobody's")]
LONGEST_SEARCH = 80


@dataclass(frozen=True, slots=True)
class Filter:
    filter: TicketFilter
    typed: Mapping[str, str]
    choices: Mapping[str, Sequence[Mapping[str, str]]]

    @property
    def query(self) -> dict[str, str]:
        return {name: value for name, value in self.typed.items() if value}

    @classmethod
    def from_query(cls, args: Mapping[str, str], sites: Sequence[SiteBrief]) -> "Filter":
        typed = {name: args.get(name, "").strip()[:LONGEST_SEARCH] for name in FIELDS}
        slugs = {site.slug for site in sites}
        wanted = TicketFilter(
            site=typed["site"] if typed["site"] in slugs else None,
            status=TicketStatus(typed["status"]) if typed["status"] in set(TicketStatus) else None,
            failure=typed["failure"] if typed["failure"] in FAILURES else None,
            severity=Severity(typed["severity"]) if typed["severity"] in set(Severity) else None,
            owner=typed["owner"] or None,
            q=typed["q"] or None,
            first_day=_day(typed["logged_from"]),
            last_day=_day(typed["logged_to"]),
            undetected=typed["undetected"] == "1",
        )
        return cls(wanted, typed, _choices(sites))


def _day(text: str) -> date | None:
    try:
        return day_typed(text, field="day")
    except Invalid:
        return None


def _choices(sites: Sequence[SiteBrief]) -> dict[str, list[dict[str, str]]]:
    def offered(first: str, rest: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
        return [{"value": value, "label": label} for value, label in [("", first), *rest]]

    return {
        "sites": offered("All sites", [(site.slug, site.name) for site in sites]),
        "statuses": offered("Any state", [(each.value, each.label.capitalize()) for each in TicketStatus]),
        "failures": offered("Any mistake", [(kind.code, kind.label) for kind in FAILURES.values()]),
        "severities": offered("Any severity", [(each.value, each.label.capitalize()) for each in Severity]),
        "owners": [{"value": value, "label": label} for value, label in OWNERS],
    }
