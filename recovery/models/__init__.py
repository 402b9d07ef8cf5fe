"""Every mapped class, so that the metadata is whole wherever one of them is imported."""

from recovery.models.base import Base
from recovery.models.callback import Attempt, Callback, CallSlot
from recovery.models.clock import TicketClock
from recovery.models.customer import Contact, Customer, OptOut
from recovery.models.event import Anchor, AwaitingAnchor, Event
from recovery.models.handover import HandedOver, Handover
from recovery.models.idempotency import IdempotencyKey
from recovery.models.ladder import Alert, Climb
from recovery.models.message import Message, Receipt, SendGate, SendPace, SimulatedPhone, SimulatedText, Spend
from recovery.models.phone_call import PhoneCall, SimulatedCall
from recovery.models.photo import Photo, SimulatedPhoto
from recovery.models.remedy import Approval, Ledger, Remedy
from recovery.models.site import FormerCalendar, Heartbeat, JobRun, LimitRow, SettingsStream, Site, Tally, TargetRow
from recovery.models.staff import ApiToken, LoginSession, SignInLink, Staff, StaffSite
from recovery.models.stranger import Stranger
from recovery.models.task import Task
from recovery.models.text_version import TextVersion
from recovery.models.ticket import Promise, Ticket
from recovery.models.wait import Wait

__all__ = [
    "Alert",
    "Anchor",
    "ApiToken",
    "Approval",
    "Attempt",
    "AwaitingAnchor",
    "Base",
    "CallSlot",
    "Callback",
    "Climb",
    "Contact",
    "Customer",
    "Event",
    "FormerCalendar",
    "HandedOver",
    "Handover",
    "Heartbeat",
    "IdempotencyKey",
    "JobRun",
    "Ledger",
    "LimitRow",
    "LoginSession",
    "Message",
    "OptOut",
    "PhoneCall",
    "Photo",
    "Promise",
    "Receipt",
    "Remedy",
    "SendGate",
    "SendPace",
    "SettingsStream",
    "SignInLink",
    "SimulatedCall",
    "SimulatedPhone",
    "SimulatedPhoto",
    "SimulatedText",
    "Site",
    "Spend",
    "Staff",
    "StaffSite",
    "Stranger",
    "Tally",
    "TargetRow",
    "Task",
    "TextVersion",
    "Ticket",
    "TicketClock",
    "Wait",
]
