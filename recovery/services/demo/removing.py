"""Taking the demo business away. The one place that deletes events: the triggers that forbid it are dropped and made
again in the same transaction, and the settings' chain keeps which streams went, so that `audit verify` can tell this
from somebody's tampering."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, delete, or_, select, true

from recovery.domain.actors import MACHINE
from recovery.domain.errors import Refused
from recovery.domain.events import Tag
from recovery.models import (
    Alert,
    ApiToken,
    Approval,
    Attempt,
    AwaitingAnchor,
    Callback,
    CallSlot,
    Climb,
    Contact,
    Customer,
    Event,
    FormerCalendar,
    HandedOver,
    Handover,
    Ledger,
    LimitRow,
    LoginSession,
    Message,
    OptOut,
    PhoneCall,
    Photo,
    Promise,
    Receipt,
    Remedy,
    SignInLink,
    SimulatedCall,
    SimulatedPhone,
    SimulatedText,
    Site,
    Staff,
    StaffSite,
    Stranger,
    TargetRow,
    Task,
    TextVersion,
    Ticket,
    TicketClock,
    Wait,
)
from recovery.models.base import Base
from recovery.models.triggers import drop_triggers, make_triggers
from recovery.services.proving.trail import record_of_settings
from recovery.services.session import DeskSession

TICKETS = select(Ticket.id).where(Ticket.is_demo)
STAFF = select(Staff.id).where(Staff.is_demo)
SITES = select(Site.id).where(Site.is_demo)
CUSTOMERS = select(Customer.id).where(Customer.is_demo)
TEXTS = select(Message.id).where(Message.is_demo)
OF_STAFF = (LoginSession, SignInLink, ApiToken)
OF_TICKETS = (Alert, Climb, Attempt, Callback, Task, Wait, Approval, Remedy, Promise, TicketClock)


def remove(session: DeskSession, *, now: datetime) -> int:
    """Gives how many tickets went. Raises Refused where people of the demo have worked on real tickets."""
    tickets, staff = list(session.scalars(TICKETS)), list(session.scalars(STAFF))
    contacts = list(session.scalars(select(Customer.contact_id).where(Customer.is_demo).distinct()))
    connection = session.connection()
    drop_triggers(connection)
    for table, condition in _in_order():
        connection.execute(delete(table).where(condition))
    _forget_numbers(session, connection, [contact for contact in contacts if contact is not None])
    _refuse_if_they_worked(session)
    connection.execute(delete(_table(Staff)).where(Staff.id.in_(STAFF)))
    connection.execute(delete(_table(Site)).where(Site.id.in_(SITES)))
    make_triggers(connection)
    session.expunge_all()
    streams = " ".join(f"{stream:x}" for stream in sorted(tickets + staff))
    record_of_settings(session, Tag.DEMO_REMOVED, by=MACHINE, at=now, tickets=len(tickets), streams=streams)
    return len(tickets)


def _in_order() -> list[tuple[Table, ColumnElement[bool]]]:
    """What points at something goes before it."""
    sids = select(Message.provider_sid).where(Message.is_demo, Message.provider_sid.is_not(None))
    tokens = [(_table(row), row.staff_id.in_(STAFF)) for row in OF_STAFF]
    of_tickets = [(_table(row), row.ticket_id.in_(TICKETS)) for row in OF_TICKETS]
    subjects = or_(Ledger.subject_id.in_(TICKETS), Ledger.subject_id.in_(STAFF), Ledger.subject_id.in_(CUSTOMERS))
    return [
        (_table(Event), Event.stream_id.in_(TICKETS) | Event.stream_id.in_(STAFF)),
        (_table(AwaitingAnchor), AwaitingAnchor.stream_id.in_(TICKETS) | AwaitingAnchor.stream_id.in_(STAFF)),
        (_table(SimulatedText), SimulatedText.sid.in_(sids)),
        (_table(Receipt), Receipt.message_id.in_(TEXTS)),
        (_table(Stranger), Stranger.ticket_id.in_(TICKETS) | Stranger.settled_by_id.in_(STAFF)),
        (_table(Photo), Photo.message_id.in_(TEXTS)),
        (_table(Ledger), subjects),
        (_table(Message), Message.is_demo.is_(True)),
        (_table(CallSlot), CallSlot.site_id.in_(SITES)),
        (_table(PhoneCall), PhoneCall.site_id.in_(SITES)),
        (_table(SimulatedCall), SimulatedCall.parent_id.is_not(None)),  # whoever's: a call is over in minutes
        (_table(SimulatedCall), true()),
        (_table(HandedOver), HandedOver.ticket_id.in_(TICKETS)),
        (_table(Handover), Handover.site_id.in_(SITES)),
        *of_tickets,
        (_table(Ticket), Ticket.is_demo.is_(True)),
        (_table(Customer), Customer.is_demo.is_(True)),
        (_table(FormerCalendar), FormerCalendar.site_id.in_(SITES)),
        (_table(LimitRow), LimitRow.site_id.in_(SITES)),
        (_table(TargetRow), TargetRow.site_id.in_(SITES)),
        (_table(Alert), Alert.staff_id.in_(STAFF)),
        (_table(TextVersion), TextVersion.site_id.in_(SITES)),
        *tokens,
        (_table(StaffSite), StaffSite.site_id.in_(SITES) | StaffSite.staff_id.in_(STAFF)),
    ]


def _forget_numbers(session: DeskSession, connection: Connection, contacts: list[int]) -> None:
    """Those that nobody else has: a real customer may have the same number."""
    for start in range(0, len(contacts), 500):
        some = contacts[start : start + 500]
        still = (
            select(Customer.contact_id)
            .where(Customer.contact_id.in_(some))
            .union(select(Message.contact_id).where(Message.contact_id.in_(some)))
        )
        kept = set(session.scalars(still))
        gone = [contact for contact in some if contact not in kept]
        connection.execute(delete(_table(OptOut)).where(OptOut.contact_id.in_(gone)))
        numbers = select(Contact.phone).where(Contact.id.in_(gone))
        connection.execute(delete(_table(SimulatedPhone)).where(SimulatedPhone.number.in_(numbers)))
        connection.execute(delete(_table(Contact)).where(Contact.id.in_(gone)))


def _refuse_if_they_worked(session: DeskSession) -> None:
    for column in _columns_of_people():
        if (
            column.table.name != "staff"
            and session.scalar(select(column).where(column.in_(STAFF)).limit(1)) is not None
        ):
            raise Refused(
                "People of the demo have worked on real tickets, which keep who did what: deactivate them instead."
            )


def _columns_of_people() -> list[Any]:
    return [
        key.parent
        for table in Base.metadata.tables.values()
        for key in table.foreign_keys
        if key.target_fullname == "staff.id"
    ]


def _table(row: Any) -> Table:
    """Of the table itself, beside the session: its guard is for changes that nobody is told of, and this one is told."""
    table: Table = row.__table__
    return table
