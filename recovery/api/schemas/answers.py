"""What calls give: the description, and the promise that tests hold answers to. `recovery.api.answers` builds them."""

from enum import StrEnum
from typing import Any

from marshmallow import fields

from recovery.api.fields import Strict
from recovery.domain.authority import LimitSpan
from recovery.domain.callbacks import CallbackStatus, CallReason, Outcome
from recovery.domain.permissions import Permission, Role, Scope
from recovery.domain.remedies import RemedyKind, RemedyStatus
from recovery.domain.tasks import TaskList, TaskStatus
from recovery.domain.tickets import PromiseAbout, Severity, Source, TicketStatus, ToldBy
from recovery.services.ticketing.rows import Undetected

IN_MINOR_UNITS = "In minor units of `currency`."


def text(*, null: bool = False, **metadata: Any) -> fields.String:
    return fields.String(required=True, allow_none=null, metadata=metadata)


def number(*, null: bool = False, **metadata: Any) -> fields.Integer:
    return fields.Integer(required=True, allow_none=null, metadata=metadata)


def flag(*, null: bool = False) -> fields.Boolean:
    return fields.Boolean(required=True, allow_none=null)


def instant(*, null: bool = False) -> fields.DateTime:
    return fields.DateTime(required=True, allow_none=null)


def one_of(kind: type[StrEnum], *, null: bool = False) -> fields.String:
    values = [each.value for each in kind]
    return fields.String(required=True, allow_none=null, metadata={"enum": [*values, None] if null else values})


def one(schema: type[Strict], *, null: bool = False) -> fields.Nested:
    return fields.Nested(schema, required=True, allow_none=null)


def many(schema: type[Strict]) -> fields.List[Any]:
    return fields.List(fields.Nested(schema), required=True)


class PersonSchema(Strict):
    id = text()
    name = text()


class CustomerSchema(Strict):
    phone = text(null=True, description="E.164.")
    name = text(null=True)
    language = text()
    timezone = text(null=True, description="The zone in which they are told times; null: their site's.")
    opted_out = flag()


class OrderAnswerSchema(Strict):
    reference = text(null=True)
    amount = number(null=True, description=IN_MINOR_UNITS)
    currency = text(null=True)
    kept = flag(null=True)


class PromiseAnswerSchema(Strict):
    due_at = instant()
    about = one_of(PromiseAbout)
    told_by = one_of(ToldBy)
    made_at = instant()
    kept = flag(null=True)


class RemedySchema(Strict):
    id = text()
    kind = one_of(RemedyKind)
    status = one_of(RemedyStatus)
    amount = number(null=True, description=IN_MINOR_UNITS)
    currency = text(null=True)
    proposed_amount = number(null=True, description=IN_MINOR_UNITS)
    detail = text(null=True)
    proposed_by = text(description="Id of a member of staff.")
    proposed_at = instant()
    needed_approval = flag()
    decided_by = text(null=True, description="Id of a member of staff.")
    decided_by_name = text(null=True)
    decided_at = instant(null=True)
    decision_reason = text(null=True)
    ready_at = instant(null=True)
    fulfilled_by = text(null=True, description="Id of a member of staff.")
    fulfilled_by_name = text(null=True)
    fulfilled_at = instant(null=True)
    ended_at = instant(null=True)
    end_reason = text(null=True)


class AttemptAnswerSchema(Strict):
    seconds = number(null=True)
    number = number()
    outcome = one_of(Outcome)
    at = instant()
    by = one(PersonSchema)
    note = text(null=True)
    inferred = flag()


class CallbackSchema(Strict):
    id = text()
    status = one_of(CallbackStatus)
    reason = one_of(CallReason)
    due_at = instant()
    as_soon_as_possible = flag()
    booked_at = instant()
    staff = one(PersonSchema, null=True)
    moves = number()
    attempts = many(AttemptAnswerSchema)
    reminded_at = instant(null=True)
    missed_at = instant(null=True)
    ended_at = instant(null=True)


class TicketSchema(Strict):
    reference = text(example="RD-7K3M9Q")
    status = one_of(TicketStatus)
    version = number()
    level = number()
    site = text()
    failure = text()
    severity = one_of(Severity)
    source = one_of(Source)
    sensitive = flag()
    restricted = fields.Boolean(
        required=True,
        metadata={"description": "Note, order and customer are left out until you POST …/viewings."},
    )
    owner = one(PersonSchema, null=True)
    customer = one(CustomerSchema, null=True)
    order = one(OrderAnswerSchema, null=True)
    note = text(null=True)
    promise = one(PromiseAnswerSchema, null=True)
    remedies = many(RemedySchema)
    callbacks = many(CallbackSchema)
    linked = fields.List(fields.String(), required=True, metadata={"description": "References of tickets it follows."})
    no_text_reason = text(null=True)
    unread = number()
    lapses = number()
    cause = text(null=True)
    action = text(null=True)
    void_reason = text(null=True)
    happened_at = instant()
    logged_at = instant()
    first_response_at = instant(null=True)
    auto_response_at = instant(null=True)
    resolved_at = instant(null=True)
    confirmed_at = instant(null=True)
    rating = number(null=True, description="How well it was put right, as the customer says: 1 to 5.")
    closed_at = instant(null=True)
    customer_url = text(null=True)
    url = text()


class TicketStateSchema(Strict):
    """Of the ticket that a thing hangs on, as it is now."""

    reference = text()
    status = one_of(TicketStatus)
    version = number()


class RemedyOnTicketSchema(RemedySchema):
    ticket = one(TicketStateSchema)


class CallbackOnTicketSchema(CallbackSchema):
    ticket = one(TicketStateSchema)


class PromiseOnTicketSchema(PromiseAnswerSchema):
    ticket = one(TicketStateSchema)


class ApprovalAnswerSchema(RemedySchema):
    ticket = one(TicketSchema)
    limit_passed = one_of(LimitSpan)
    limit = number(description=IN_MINOR_UNITS)
    asked_at = instant()
    asked_of = one(PersonSchema)
    deadline_at = instant()


class CallSchema(CallbackSchema):
    ticket = one(TicketSchema)


class TaskSchema(Strict):
    id = text()
    list = one_of(TaskList)
    words = text(null=True, description="null once they are erased with the customer.")
    status = one_of(TaskStatus)
    site = text()
    asked_at = instant()
    asked_by = one(PersonSchema)
    due_at = instant()
    late_at = instant(null=True)
    taken_at = instant(null=True)
    taken_by = one(PersonSchema, null=True)
    done_at = instant(null=True)
    done_by = one(PersonSchema, null=True)
    cancelled_at = instant(null=True)
    ticket = one(TicketStateSchema, null=True)


class UndetectedSchema(TicketSchema):
    reasons = fields.List(
        fields.String(metadata={"enum": [each.value for each in Undetected]}),
        required=True,
    )


class EventSchema(Strict):
    seq = number()
    tag = text()
    what = text()
    at = instant()
    by_kind = text()
    by = one(PersonSchema, null=True)
    payload = fields.Dict(required=True)
    hash = text()


class ClockSchema(Strict):
    at = instant(null=True)
    counted_seconds = number()
    wait_seconds = number()
    target_seconds = number(null=True)


class SpecialDaySchema(Strict):
    day = fields.Date(required=True)
    name = text(description="Empty where nobody named the day.")


class StretchSchema(Strict):
    start = instant()
    end = instant()
    counted = flag()
    reason = text()
    why = text(description="For people.")
    special_day = one(SpecialDaySchema, null=True)


class ClocksSchema(Strict):
    logged_at = instant()
    ended_at = instant(null=True)
    voided = flag()
    first_response = one(ClockSchema)
    auto_response = one(ClockSchema)
    authorisation = one(ClockSchema)
    remedy_ready = one(ClockSchema)
    resolved = one(ClockSchema)
    confirmed = one(ClockSchema)
    stretches = many(StretchSchema)


class MeSchema(Strict):
    id = text()
    name = text()
    email = text()
    role = one_of(Role)
    sites = fields.List(fields.String(), required=True)
    scopes = fields.List(fields.String(metadata={"enum": [each.value for each in Scope]}), required=True)
    permissions = fields.List(fields.String(metadata={"enum": [each.value for each in Permission]}), required=True)


class StaffSchema(Strict):
    id = text()
    name = text()
    role = one_of(Role)
    sites = fields.List(fields.String(), required=True)


class OnRotaSchema(Strict):
    staff = one(PersonSchema)
    shifts = text(description="As in mon-fri 08:00-16:00, in the site's zone; empty: not on the rota.")
    on_shift = flag()
    until = instant(null=True)


class SiteSchema(Strict):
    slug = text()
    name = text()
    timezone = text()
    currency = text()
    country = text()
    hours = text(description="Empty: always open.")


class CustomerFoundSchema(Strict):
    site = text()
    name = text(null=True)
    phone = text()
    language = text()
    opted_out = flag()
    tickets = number()
    last_ticket = text(null=True)
    last_failure = text(null=True)
    last_logged_at = instant(null=True)


class SlotSchema(Strict):
    due_at = instant()


def page_of(item: type[Strict]) -> type[Strict]:
    """`{"items": […], "next_cursor": …}`"""
    shape = {"items": many(item), "next_cursor": text(null=True, description="null on the last page.")}
    name = item.__name__.removesuffix("Schema")
    return type(f"{name}PageSchema", (Strict,), shape)


class WaitingSchema(Strict):
    all = number()
    late = number()


class BoardSchema(Strict):
    waiting = one(WaitingSchema)
    items = many(TicketSchema)
    next_cursor = text(null=True)
