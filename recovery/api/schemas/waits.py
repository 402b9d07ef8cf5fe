"""Waits for a free colleague: what their calls take, ask for and give."""

from collections.abc import Mapping
from typing import Any

from marshmallow import fields, post_load

from recovery.api.fields import Choice, Strict, Text
from recovery.api.schemas.answers import PersonSchema, TicketStateSchema, instant, number, one, one_of, text
from recovery.api.schemas.queries import LONGEST_CODE, SiteQuery
from recovery.api.schemas.requests import NewCustomerSchema
from recovery.domain.waits import WaitStatus
from recovery.services.people.customers import NewCustomer
from recovery.services.waiting.joining import LONGEST_WHAT_FOR, NewWait


class NewWaitSchema(Strict):
    site = Text(LONGEST_CODE, required=True, metadata={"example": "harbour-st"})
    customer = fields.Nested(
        NewCustomerSchema, required=True, metadata={"description": "With a phone number, or a name to call out."}
    )
    note = Text(LONGEST_WHAT_FOR, allow_none=True, metadata={"description": "What for."})

    @post_load
    def made(self, data: Mapping[str, Any], **_: Any) -> NewWait:
        return NewWait(data["site"], data["customer"] or NewCustomer(), data.get("note"))


class WaitQuery(SiteQuery):
    status = Choice(WaitStatus, metadata={"description": "By default those who may still come."})


class WhoWaitsSchema(Strict):
    name = text(null=True)
    phone = text(null=True, description="E.164.")


class WaitSchema(Strict):
    id = text()
    status = one_of(WaitStatus)
    site = text()
    place = number(null=True, description="1 is first; null for who is not in line at the moment.")
    arrived_at = instant()
    estimate_at = instant()
    promised_by = instant()
    goes_on_at = instant(null=True)
    called_at = instant(null=True)
    called_by = one(PersonSchema, null=True)
    ended_at = instant(null=True)
    helped_by = one(PersonSchema, null=True)
    note = text(null=True)
    customer = one(WhoWaitsSchema)
    ticket = one(TicketStateSchema)
