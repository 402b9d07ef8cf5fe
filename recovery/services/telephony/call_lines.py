"""Rows of calls: found and locked, and who is on one."""

from sqlalchemy import ColumnElement, exists, select

from recovery.domain.links import make_token, open_token
from recovery.domain.messages import Direction
from recovery.domain.phone_calls import CallState
from recovery.models import PhoneCall, Ticket
from recovery.services.access import lock_ticket
from recovery.services.session import DeskSession, House

REF = "c"
"""What the addresses of a call's callbacks are derived for."""


def ref_of(house: House, call_id: int) -> str:
    return make_token(house.secret_key, REF, call_id)


def call_id_of(house: House, ref: str | None) -> int | None:
    opened = open_token(house.secret_key, REF, ref) if ref else None
    return opened.id if opened else None


def locked_call(session: DeskSession, call_id: int) -> tuple[Ticket | None, PhoneCall]:
    """Both locked, the ticket first; the call is there, for only we make its reference."""
    ticket_id = session.scalar(select(PhoneCall.ticket_id).where(PhoneCall.id == call_id))
    ticket = lock_ticket(session, ticket_id) if ticket_id is not None else None
    return ticket, session.get_one(PhoneCall, call_id, with_for_update={"of": PhoneCall}, populate_existing=True)


def known_call(session: DeskSession, ref: str | None, provider_sid: str) -> int | None:
    """The reference is proof, also where the provider's answer was lost; else the name that the provider gave."""
    call_id = call_id_of(session.house, ref)
    match = PhoneCall.id == call_id if call_id is not None else PhoneCall.provider_sid == provider_sid
    return session.scalar(select(PhoneCall.id).where(match)) if call_id is not None or provider_sid else None


def live_call_of(session: DeskSession, callback_id: int) -> PhoneCall | None:
    return session.scalar(select(PhoneCall).where(PhoneCall.callback_id == callback_id, *_live()))


def live_call_by(session: DeskSession, staff_id: int) -> PhoneCall | None:
    return session.scalar(select(PhoneCall).where(PhoneCall.staff_id == staff_id, *_live()))


def is_on_the_phone(session: DeskSession, ticket_id: int) -> bool:
    """Somebody speaks with the customer of this ticket now, or is about to."""
    return session.scalar(select(exists().where(PhoneCall.ticket_id == ticket_id, *_live()))) or False


def last_call_of(session: DeskSession, callback_id: int) -> PhoneCall | None:
    """The newest, whether it goes on or not."""
    return session.scalar(
        select(PhoneCall).where(PhoneCall.callback_id == callback_id).order_by(PhoneCall.id.desc()).limit(1)
    )


def _live() -> tuple[ColumnElement[bool], ...]:
    return PhoneCall.state != CallState.ENDED, PhoneCall.direction == Direction.OUTBOUND
