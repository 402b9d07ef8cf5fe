"""After a change of the times at which a site is open: which booked calls lie in what is shut now."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from flask import url_for

from recovery.domain.calendars import local_time
from recovery.models import Site
from recovery.services.calling.slots import calls_shut_out
from recovery.services.session import DeskSession
from recovery.services.timing.calendars import calendar_of
from recovery.web.saying import Link, say
from recovery.web.session import now
from recovery.web.wording import counted

Changed = TypeVar("Changed")
NAMED = 5
"""The others are counted."""


def changed_with_calls(
    session: DeskSession, site: Site, change: Callable[[], Changed]
) -> tuple[Changed, Sequence[tuple[str, datetime]]]:
    """With the reference and time of each call that is booked for what the change shuts."""
    before = calendar_of(site)
    changed = change()
    session.flush()
    calls = calls_shut_out(session, site, before=before, now=now())
    return changed, [(each.ticket.reference, local_time(each.due_at, site.timezone)) for each in calls]


def warn_of_calls(calls: Sequence[tuple[str, datetime]]) -> None:
    """Nothing of them is changed: whether we call all the same is for people to say."""
    if not calls:
        return
    one, many = "call is booked for when it is shut now", "calls are booked for when it is shut now"
    links = [
        Link(url_for("tickets.show", reference=reference), f"{reference}, {at:%a} {at.day} {at:%b} {at:%H:%M}")
        for reference, at in calls[:NAMED]
    ]
    say(f"{counted(len(calls), one, many)}: move what nobody will be there for.", tone="soon", links=links)
