"""What calls take. Shape alone: whether it can be done is the services' to say."""

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, fields, post_load, validate, validates_schema

from recovery.api.fields import (
    NULL,
    Choice,
    Flag,
    Instant,
    RowId,
    Strict,
    Text,
    TicketReference,
    WholeNumber,
)
from recovery.domain.callbacks import Outcome
from recovery.domain.languages import LANGUAGES
from recovery.domain.money import LARGEST_AMOUNT
from recovery.domain.remedies import RemedyKind
from recovery.domain.tasks import LONGEST_WORDS, TaskList
from recovery.domain.tickets import FAILURES, LONGEST_NAME, LONGEST_NOTE, Severity, Source
from recovery.services.deciding.remedies import NewRemedy
from recovery.services.hearing.strangers import LONGEST_REASON
from recovery.services.people.customers import NewCustomer
from recovery.services.ticketing.logging_mistakes import NewTicket, Order
from recovery.services.ticketing.tickets import Change

MOST_REMEDIES = 10
LONGEST_CODE = 64
LONGEST_PHONE = 60
LONGEST_TEXT = 1000
"""The provider takes 1,600 characters, and a greeting and a link come to it."""
MOST_MINUTES = 30 * 24 * 60
MINOR_UNITS = "In minor units: 450 is 4.50."


class Currency(Text):
    def __init__(self, **options: Any) -> None:
        super().__init__(longest=3, metadata={"example": "GBP"}, **options)


class Amount(WholeNumber):
    def __init__(self, **options: Any) -> None:
        metadata = {"description": MINOR_UNITS} | options.pop("metadata", {})
        super().__init__(smallest=1, largest=LARGEST_AMOUNT, metadata=metadata, **options)


class Versioned(Strict):
    version = WholeNumber(
        smallest=1,
        metadata={
            "description": "As you read it: if somebody changed the ticket since, nothing is done, and you get 409."
        },
    )


class NewCustomerSchema(Strict):
    phone = Text(LONGEST_PHONE, allow_none=True, metadata={"example": "07700 900123"})
    name = Text(LONGEST_NAME, allow_none=True)
    language = Text(
        validate=validate.OneOf(LANGUAGES, error=f"Choose one of: {', '.join(LANGUAGES)}."),
        allow_none=True,
    )

    @post_load
    def made(self, data: Mapping[str, Any], **_: Any) -> NewCustomer:
        return NewCustomer(**data)


class OrderSchema(Strict):
    reference = Text(allow_none=True)
    amount = Amount(allow_none=True)
    currency = Currency(allow_none=True)
    kept = Flag(allow_none=True, metadata={"description": "Whether the customer kept what they got."})

    @post_load
    def made(self, data: Mapping[str, Any], **_: Any) -> Order:
        return Order(**data)


class NewRemedySchema(Strict):
    kind = Choice(RemedyKind, required=True)
    amount = Amount(allow_none=True)
    currency = Currency(allow_none=True)
    detail = Text(allow_none=True, metadata={"description": "What a gesture is: “a pastry”."})

    @post_load
    def made(self, data: Mapping[str, Any], **_: Any) -> NewRemedy:
        return NewRemedy(**data)


class NewTicketSchema(Strict):
    site = Text(LONGEST_CODE, required=True, metadata={"example": "harbour-st"})
    failure = Text(LONGEST_CODE, required=True, metadata={"description": f"One of: {', '.join(FAILURES)}."})
    severity = Choice(Severity, metadata={"description": "By default what the failure usually is."})
    source = Choice(Source)
    customer = fields.Nested(NewCustomerSchema, allow_none=True)
    order = fields.Nested(OrderSchema, allow_none=True)
    note = Text(LONGEST_NOTE, allow_none=True)
    remedies = fields.List(
        fields.Nested(NewRemedySchema, error_messages={"null": NULL}),
        validate=validate.Length(max=MOST_REMEDIES, error=f"Send at most {MOST_REMEDIES} remedies."),
        allow_none=True,
        error_messages={"invalid": "Send a list: […]."},
    )
    promise_minutes = WholeNumber(smallest=1, largest=MOST_MINUTES, allow_none=True)
    apologised_in_person = Flag()
    happened_at = Instant(allow_none=True, metadata={"description": "At most seven days back."})
    linked_to = TicketReference(allow_none=True)

    @post_load
    def made(self, data: dict[str, Any], **_: Any) -> NewTicket:
        """An order or remedies of null are none, as a customer of null is."""
        return NewTicket(
            **data | {"order": data.get("order") or Order(), "remedies": tuple(data.get("remedies") or ())}
        )


class TicketChangeSchema(Versioned):
    owner = RowId()
    severity = Choice(Severity)
    note = Text(LONGEST_NOTE)
    cause = Text(LONGEST_NOTE)

    @post_load
    def made(self, data: dict[str, Any], **_: Any) -> tuple[Change, int | None]:
        version = data.pop("version", None)
        return Change(owner_id=data.pop("owner", None), **data), version


class ProposalSchema(Versioned, NewRemedySchema):
    @post_load
    def made(self, data: dict[str, Any], **_: Any) -> tuple[NewRemedy, int | None]:
        version = data.pop("version", None)
        return NewRemedy(**data), version


class ApprovalSchema(Versioned):
    amount = Amount(metadata={"description": f"A smaller one than was asked for. {MINOR_UNITS}"})


class RefusalSchema(Versioned):
    reason = Text(LONGEST_NOTE, required=True, needed=True)


class DismissalSchema(Strict):
    reason = Text(LONGEST_REASON, required=True, needed=True)


class ReasonSchema(Versioned):
    reason = Text(LONGEST_NOTE, allow_none=True)


class PromiseSchema(Versioned):
    due_at = Instant()
    minutes = WholeNumber(smallest=1, largest=MOST_MINUTES)
    tell_customer = Flag(load_default=False)

    @validates_schema
    def one_time(self, data: Mapping[str, Any], **_: Any) -> None:
        if ("due_at" in data) == ("minutes" in data):
            raise ValidationError("Send due_at, or minutes from now: one of the two.", "due_at")


class MoveTextSchema(Versioned):
    to = TicketReference(required=True)


class NewMessageSchema(Versioned):
    body = Text(LONGEST_TEXT, required=True, needed=True)


class NewCallbackSchema(Versioned):
    due_at = Instant(allow_none=True, metadata={"description": "Left out: as soon as someone is free."})


class NewTaskSchema(Versioned):
    list = Choice(TaskList, required=True)
    words = Text(LONGEST_WORDS, required=True, needed=True, metadata={"description": "Everybody at the site reads it."})


class AttemptSchema(Versioned):
    outcome = Choice(Outcome, required=True)
    note = Text(LONGEST_NOTE, allow_none=True)


class CorrectionSchema(Versioned):
    outcome = Choice(Outcome, required=True)


class ResolutionSchema(Versioned):
    how = Text(LONGEST_NOTE, allow_none=True)


class ClosureSchema(Versioned):
    cause = Text(LONGEST_NOTE, allow_none=True)
    action = Text(LONGEST_NOTE, allow_none=True)


class VoidSchema(Versioned):
    reason = Text(LONGEST_NOTE, required=True, needed=True)
    duplicate_of = TicketReference(allow_none=True)
