"""Texts that nobody has begun to send: told of on their ticket when they are written, dropped with a reason when they no
longer hold."""

from collections.abc import Collection
from datetime import datetime
from functools import cache

from sqlalchemy import Select, bindparam, select, text

from recovery.domain.actors import MACHINE, Actor
from recovery.domain.events import Tag, commitment
from recovery.domain.messages import LEFT, MessageStatus, move
from recovery.models import Message, Ticket
from recovery.models.message import WAITING
from recovery.services.proving.trail import record
from recovery.services.session import DeskSession


def tell_queued(session: DeskSession, ticket: Ticket, message: Message, *, by: Actor, now: datetime) -> None:
    held = {"held_for": message.held_for} if message.held_for else {}
    record(
        session,
        ticket,
        Tag.TEXT_QUEUED,
        by=by,
        at=now,
        message=message.id,
        template=message.template,
        meaning=message.meaning,
        body_commitment=commitment(ticket.salt, message.body),
        segments=message.segments,
        audience=message.audience,
        **held,
    )


def drop_queued(
    session: DeskSession,
    ticket: Ticket,
    *,
    reason: str,
    now: datetime,
    templates: Collection[str] = (),
    holds_while: Collection[str] = (),
    sender: str | None = None,
    audience: str | None = None,
) -> None:
    """Those of the ticket that meet all that is named; everything where nothing is."""
    wanted = {
        "template": list(templates),
        "holds_while": list(holds_while),
        "sender": [] if sender is None else [sender],
        "audience": [] if audience is None else [audience],
    }
    named = {name: values for name, values in wanted.items() if values}
    for message in session.scalars(_queued(*named), {"ticket_id": ticket.id, **named}):
        message.status = move(message.status, MessageStatus.DROPPED)
        message.drop_reason, message.final_at = reason, now
        record(session, ticket, Tag.TEXT_DROPPED, by=MACHINE, at=now, message=message.id, reason=reason)


@cache
def _queued(*named: str) -> Select[Message]:
    """Made once for each choice of columns that are named: every resolution asks."""
    those = (getattr(Message, name).in_(bindparam(name, expanding=True)) for name in named)
    mine = (Message.ticket_id == bindparam("ticket_id"), text(f"messages.{WAITING}"))
    return select(Message).where(*mine, *those).order_by(Message.id).with_for_update()


def has_left(session: DeskSession, ticket: Ticket) -> bool:
    """Whether the customer may have got a text of ours about it."""
    left = select(Message.id).where(
        Message.ticket_id == ticket.id, Message.audience == "customer", Message.status.in_(LEFT)
    )
    return session.scalar(left.limit(1)) is not None
