"""Where the customer chooses the zone in which we tell them times: first those that may be theirs, then all."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from recovery.domain.calendars import local_time
from recovery.domain.page_words.choosing import PAGE_WORDS
from recovery.domain.page_words.zones import ZONE_WORDS
from recovery.domain.phones import country_of
from recovery.domain.wording import clock_in
from recovery.domain.zones import by_area, city_of, place_of, zones_of
from recovery.models import Ticket
from recovery.services.wording.spoken import speech_with_customer, zone_of


def zones_page(ticket: Ticket, *, now: datetime) -> dict[str, Any]:
    """What templates/customer/zone.html expects."""
    speech, theirs = speech_with_customer(ticket), zone_of(ticket)
    words = ZONE_WORDS[speech.language]
    likely = [
        {"value": zone, "label": f"{place_of(zone)}, {clock_in(local_time(now, zone), speech)}"}
        for zone in _likely(ticket, now=now)
    ]
    every = [
        {"name": words.areas.get(area, area), "zones": [{"value": zone, "label": place_of(zone)} for zone in zones]}
        for area, zones in by_area().items()
    ]
    return {
        "language": speech.language,
        "words": words,
        "site": ticket.site.name,
        "now": PAGE_WORDS[speech.language].zone.format(zone=city_of(theirs)),
        "chosen": theirs,
        "areas": [{"name": words.likely, "zones": likely}, *every],
        "back": PAGE_WORDS[speech.language].back,
    }


def _likely(ticket: Ticket, *, now: datetime) -> Sequence[str]:
    """Theirs, the site's, those of their number's country, and those of the site's."""
    phone = ticket.customer.phone if ticket.customer else None
    countries = (country_of(phone) if phone else None, ticket.site.country)
    of_countries = (zone for country in countries for zone in zones_of(country, now=now))
    return list(dict.fromkeys((zone_of(ticket), ticket.site.timezone, *of_countries)))
