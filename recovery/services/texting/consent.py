"""Who wants no texts from whom. The contact's row is the lock at which a STOP and a send meet."""

import json
from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select, true
from sqlalchemy.dialects import postgresql, sqlite

from recovery.domain.actors import CUSTOMER, MACHINE, Actor
from recovery.domain.callbacks import CallReason
from recovery.domain.events import Tag
from recovery.domain.ids import SETTINGS_STREAM, new_id
from recovery.domain.messages import QUEUED, Direction, Keyword
from recovery.domain.senders import SIMULATED
from recovery.domain.tickets import OVER
from recovery.models import Contact, Customer, Event, Message, OptOut, Site, Ticket
from recovery.services.calling.call_tasks import open_call_task
from recovery.services.hearing.strangers import follow_sender
from recovery.services.proving.trail import hold_settings, record, record_of_settings
from recovery.services.session import DeskSession
from recovery.services.texting.messages import OPTED_OUT, WRONG_NUMBER, standing_opt_out
from recovery.services.texting.queued import drop_queued

HOW_ASKED = "keyword"
CARRIED = "carried"


def lock_contact(session: DeskSession, contact_id: int) -> Contact:
    return session.get_one(Contact, contact_id, with_for_update=True, populate_existing=True)


def opt_out(
    session: DeskSession,
    contact: Contact,
    *,
    sender: str,
    how: str,
    message_id: int | None,
    now: datetime,
    said_at: datetime | None = None,
    by: Actor | None = None,
) -> bool:
    """From now on nothing of this sender's begins to be sent to this number; what waits is dropped with its reason.

    `said_at` where we hear of it later. False where the number had opted out already.
    """
    lock_contact(session, contact.id)
    if standing_opt_out(session, contact.id, sender) is not None:
        return False
    session.add(
        OptOut(id=new_id(now), contact_id=contact.id, sender=sender, at=said_at or now, how=how, message_id=message_id),
    )
    session.flush()
    for ticket in _locked_tickets(session, contact.id, sender):
        drop_queued(session, ticket, reason=OPTED_OUT, sender=sender, audience="customer", now=now)
        if ticket.status not in OVER and session.house.sender_of(ticket.site) == sender:
            if ticket.no_text_reason != WRONG_NUMBER:  # START must not make us write to a stranger again
                ticket.no_text_reason = OPTED_OUT
            record(
                session,
                ticket,
                Tag.CUSTOMER_OPTED_OUT,
                by=by or (CUSTOMER if how == HOW_ASKED else MACHINE),
                at=now,
                contact=contact.id,
                sender=sender,
                message=message_id,
                how=how,
            )
            open_call_task(session, ticket, CallReason.OPTED_OUT, now=now)
    return True


def opt_in(
    session: DeskSession,
    contact: Contact,
    *,
    sender: str,
    message_id: int | None,
    now: datetime,
    said_at: datetime | None = None,
) -> bool:
    """Lifts a standing opt-out; its row stays as evidence. False where there was none."""
    lock_contact(session, contact.id)
    standing = standing_opt_out(session, contact.id, sender)
    if standing is None:
        return False
    standing.lifted_at = said_at or now
    session.flush()
    for ticket in _locked_tickets(session, contact.id, sender):
        if ticket.no_text_reason == OPTED_OUT and session.house.sender_of(ticket.site) == sender:
            ticket.no_text_reason = None
            record(
                session,
                ticket,
                Tag.CUSTOMER_OPTED_IN,
                by=CUSTOMER,
                at=now,
                contact=contact.id,
                sender=sender,
                message=message_id,
            )
    return True


def is_overtaken(
    session: DeskSession, contact: Contact, keyword: Keyword, message: Message, *, senders: Collection[str]
) -> bool:
    """Whether they have said the other to the same sender since this STOP or START was written. The contact is locked."""
    other = {Keyword.STOP: Keyword.START, Keyword.START: Keyword.STOP}.get(keyword)
    if other is None:
        return False
    newer = select(Message.id).where(
        Message.contact_id == contact.id,
        Message.created_at > message.created_at,
        Message.direction == Direction.INBOUND,
        Message.understood_as == other,
        Message.sender.in_({*senders, message.sender}),
    )
    stopped = select(OptOut.id).where(
        OptOut.contact_id == contact.id, OptOut.sender.in_(senders), OptOut.at > message.created_at
    )
    queries = (newer, stopped) if keyword is Keyword.START else (newer,)
    return any(session.scalar(query.limit(1)) is not None for query in queries)


def learn_opt_out(session: DeskSession, contact: Contact, *, sender: str, left_at: datetime, now: datetime) -> None:
    """From the provider, which refused a text that left at `left_at`: a START since then is newer than what it knew. The
    contact is locked."""
    if not _opted_in_since(session, contact, sender=sender, since=left_at):
        opt_out(session, contact, sender=sender, how="code", message_id=None, now=now)


def carry_over(session: DeskSession, site: Site, *, to: str, now: datetime) -> None:
    """The site gets another sender: whoever asked for no texts from the one it had did not mean the number. What they
    said stays where it is as well, for sites that keep that sender."""
    theirs = select(Customer.contact_id).where(Customer.site_id == site.id, Customer.contact_id.is_not(None))
    _carry(session, session.house.sender_of(site), to, OptOut.contact_id.in_(theirs), now=now)


def follow_house_sender(session: DeskSession, *, now: datetime) -> int:
    """The organisation's own sender stands in the settings, so that nobody tells us when it changes: where it is another
    than at the last look, every opt-out from that one is carried over. Gives how many were.

    The simulated phones are left out: nobody there is a customer, whatever was tried on them.
    """
    sender = session.house.sender
    if sender == SIMULATED or _last_house_sender(session) == sender:
        return 0
    hold_settings(session)  # two workers may start with the new one
    former = _last_house_sender(session)
    if former == sender:
        return 0
    carried = _carry(session, former, sender, true(), now=now) if former else 0
    if former:
        follow_sender(session, former, sender)
    trail: dict[str, Any] = {"before": former, "after": sender, "opt_outs": carried}
    record_of_settings(session, Tag.SENDER_CHANGED, by=MACHINE, at=now, **trail)
    return carried


def _last_house_sender(session: DeskSession) -> str:
    """Empty before the first look."""
    told = select(Event.payload).where(Event.stream_id == SETTINGS_STREAM, Event.tag == Tag.SENDER_CHANGED.value)
    payload = session.scalar(told.order_by(Event.seq.desc()).limit(1))
    return str(json.loads(payload)["after"]) if payload else ""


def _carry(session: DeskSession, former: str, to: str, whose: ColumnElement[bool], *, now: datetime) -> int:
    """Also of a number that was erased: it may come back."""
    known = select(OptOut.contact_id).where(OptOut.sender == to, OptOut.lifted_at.is_(None))
    standing = session.execute(
        select(OptOut.contact_id, OptOut.number_seal).where(
            OptOut.sender == former, OptOut.lifted_at.is_(None), OptOut.contact_id.not_in(known), whose
        ),
    ).all()
    make = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    for contact_id, seal in standing:
        row = {
            "id": new_id(now),
            "contact_id": contact_id,
            "sender": to,
            "at": now,
            "how": CARRIED,
            "number_seal": seal,
        }
        session.execute(make(OptOut).values(row).on_conflict_do_nothing())
    return len(standing)


def _opted_in_since(session: DeskSession, contact: Contact, *, sender: str, since: datetime) -> bool:
    """Whether a START came at `since` or later, also from somebody of whose STOP we never heard."""
    lifted = select(OptOut.id).where(
        OptOut.contact_id == contact.id, OptOut.sender == sender, OptOut.lifted_at >= since
    )
    written = select(Message.id).where(
        Message.contact_id == contact.id,
        Message.created_at >= since,
        Message.direction == Direction.INBOUND,
        Message.understood_as == Keyword.START,
    )
    return any(session.scalar(query.limit(1)) is not None for query in (lifted, written))


def _locked_tickets(session: DeskSession, contact_id: int, sender: str) -> list[Ticket]:
    """Those of the sender's sites that are not over, or that have a text of the sender's waiting; by id, as every lock of
    several tickets."""
    waiting = select(Message.ticket_id).where(
        Message.contact_id == contact_id, Message.sender == sender, Message.status.in_(QUEUED)
    )
    there = Ticket.site_id.in_(
        select(Site.id).where(func.coalesce(Site.sender, session.house.sender) == sender),
    )
    not_over = Ticket.status.not_in(OVER)
    marked = Ticket.no_text_reason == OPTED_OUT
    theirs = Ticket.customer_id.in_(select(Customer.id).where(Customer.contact_id == contact_id))
    return list(
        session.scalars(
            select(Ticket)
            .where(Ticket.id.in_(waiting) | (theirs & there & (not_over | marked)))
            .order_by(Ticket.id)
            .with_for_update(of=Ticket)
            .execution_options(populate_existing=True),
        ),
    )
