"""What stands in a database, as far as the demo business is concerned."""

from dataclasses import dataclass

from sqlalchemy import Select, select

from recovery.domain.errors import Refused
from recovery.domain.events import Tag
from recovery.models import Event, Site, Ticket
from recovery.services.session import DeskSession


@dataclass(frozen=True, slots=True)
class Standing:
    has_sites: bool
    has_real_tickets: bool
    has_demo: bool
    is_whole: bool
    """False where loading was cut off in the middle."""


def standing(session: DeskSession) -> Standing:
    last = session.scalar(
        select(Event.tag)
        .where(Event.tag.in_((Tag.DEMO_LOADED.value, Tag.DEMO_REMOVED.value)))
        .order_by(Event.seq.desc())
        .limit(1),
    )
    return Standing(
        has_sites=_is_there(session, select(Site.id)),
        has_real_tickets=_is_there(session, select(Ticket.id).where(Ticket.is_demo.is_(False))),
        has_demo=_is_there(session, select(Site.id).where(Site.is_demo)),
        is_whole=last == Tag.DEMO_LOADED,
    )


def refuse_demo_beside_real_texts(session: DeskSession, *, real_gateway: bool) -> None:
    """For whatever starts with a gateway that reaches real telephones. Raises Refused."""
    if real_gateway and _is_there(session, select(Site.id).where(Site.is_demo)):
        raise Refused(
            "The demo business is in this database, so nothing starts with SMS_GATEWAY=twilio: "
            "take it away with `python3 -m recovery demo --remove`, or use SMS_GATEWAY=simulator."
        )


def _is_there(session: DeskSession, query: Select[int]) -> bool:
    return session.scalar(query.limit(1)) is not None
