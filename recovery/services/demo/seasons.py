"""When mistakes happen: rush hours, the shape of a week, and one bad week."""

from datetime import datetime, timedelta

from recovery.domain.calendars import local_time
from recovery.services.demo.business import BAD_WEEK, WORSE, DemoSite
from recovery.services.demo.chance import Chance

DAYS = 90
QUIET_BEFORE_NOW = timedelta(hours=5)
"""What came before is put right by now; what goes on right now is told apart."""
AN_HOUR = timedelta(hours=1)


def moments(site: DemoSite, *, now: datetime, random: Chance) -> list[datetime]:
    """In order: as many as the site has tickets, all of them while it is open."""
    first = now.replace(minute=0, second=0, microsecond=0) - timedelta(days=DAYS)
    hours = [first + AN_HOUR * number for number in range(DAYS * 24)]
    hours = [hour for hour in hours if hour + AN_HOUR <= now - QUIET_BEFORE_NOW]
    weights = [_weight(site, hour, now=now) for hour in hours]
    chosen = random.choices(hours, weights, k=site.tickets)
    return sorted(hour + timedelta(seconds=random.randrange(3600)) for hour in chosen)


def in_bad_week(site: DemoSite, moment: datetime, *, now: datetime) -> bool:
    slug, first, last = BAD_WEEK
    return site.slug == slug and now - timedelta(days=first) <= moment < now - timedelta(days=last)


def _weight(site: DemoSite, hour: datetime, *, now: datetime) -> int:
    local = local_time(hour, site.timezone)
    weight = site.by_hour[local.hour] * site.by_weekday[local.weekday()]
    return weight * WORSE if in_bad_week(site, hour, now=now) else weight
