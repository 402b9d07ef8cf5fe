"""Which number a site calls from and is called on, and which phone rings then. An admin's act."""

from datetime import datetime

from sqlalchemy import select

from recovery.domain.actors import Actor
from recovery.domain.errors import Invalid
from recovery.domain.phones import parse_phone
from recovery.models import Site, Staff
from recovery.services.people.sites import change_field, require_admin
from recovery.services.session import DeskSession

LOOP = "That is the number that customers call: give the phone that shall ring then."


def set_line(
    session: DeskSession, site: Site, *, voice_number: str, line_number: str, now: datetime, by: Actor
) -> list[str]:
    """As typed; empty is the organisation's number, and no phone. Gives what changed. Raises Forbidden, Invalid."""
    require_admin(by)
    wanted = {
        "voice_number": parse_phone(voice_number, site.country, field="voice_number"),
        "line_number": parse_phone(line_number, site.country, field="line_number"),
    }
    if wanted["line_number"] and wanted["line_number"] == (wanted["voice_number"] or session.house.voice_number):
        raise Invalid.field("line_number", LOOP)
    changed = [name for name, value in wanted.items() if value != getattr(site, name)]
    for name in changed:
        change_field(session, site, name, wanted[name], now=now, by=by)
    return changed


def voice_numbers(session: DeskSession) -> dict[str, list[str]]:
    """Every number of ours that calls, with the names of the sites whose own it is."""
    own = session.execute(
        select(Site.voice_number, Site.name).where(Site.voice_number.is_not(None)).order_by(Site.name)
    ).all()
    numbers: dict[str, list[str]] = {session.house.voice_number: []} if session.house.voice_number else {}
    for number, name in own:
        numbers.setdefault(number or "", []).append(name)
    return numbers


def callers_without_phone(session: DeskSession) -> int:
    """Colleagues whom the desk cannot ring."""
    return len(session.scalars(select(Staff.id).where(Staff.phone.is_(None), Staff.deactivated_at.is_(None))).all())
