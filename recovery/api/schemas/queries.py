"""What lists may be asked for. Everything in a query is text."""

from datetime import date
from enum import StrEnum
from typing import Any

from marshmallow import ValidationError, fields, post_load

from recovery.api.fields import Choice, Instant, Said, SpokenFlag, SpokenNumber, Strict, Text
from recovery.domain.callbacks import CallbackStatus
from recovery.domain.tickets import Severity, TicketStatus
from recovery.services.ticketing.listing import TicketFilter

MOST = 200
USUAL = 50
LONGEST_CURSOR = 100
LONGEST_CODE = 64


class Paged(Strict):
    limit = SpokenNumber(smallest=1, largest=MOST, load_default=USUAL)
    cursor = Text(LONGEST_CURSOR, metadata={"description": "`next_cursor` of the page before."})


class TicketQuery(Paged):
    site = Text(LONGEST_CODE)
    status = Choice(TicketStatus)
    failure = Text(LONGEST_CODE)
    severity = Choice(Severity)
    owner = Text(LONGEST_CODE, metadata={"description": "An id, `me` or `nobody`."})
    customer_phone = Text(metadata={"description": "As people write it."})
    q = Text(metadata={"description": "A reference, an order's reference, or a part of a name or a note."})
    logged_from = Instant()
    logged_to = Instant(metadata={"description": "Up to, not including."})
    undetected = SpokenFlag()

    @post_load
    def made(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        limit, cursor = data.pop("limit"), data.pop("cursor", None)
        return {"wanted": TicketFilter(**data), "limit": limit, "cursor": cursor}


class SiteQuery(Paged):
    site = Text(LONGEST_CODE)


class CallQuery(SiteQuery):
    status = Choice(CallbackStatus, metadata={"description": "By default those that are still to be made."})
    due_before = Instant()


class SlotQuery(Strict):
    site = Text(LONGEST_CODE, required=True)


class StaffQuery(Strict):
    site = Text(LONGEST_CODE)


class CustomerQuery(Strict):
    phone = Text(required=True, needed=True, metadata={"description": "As people write it.", "example": "07700 900123"})


class GroupBy(StrEnum):
    SITE = "site"
    FAILURE = "failure"
    SEVERITY = "severity"
    STAFF = "staff"
    HOUR_OF_WEEK = "hour_of_week"
    DAY = "day"


class Day(Said, fields.Date):
    def read(self, value: Any) -> date:
        try:
            return date.fromisoformat(value)
        except (TypeError, ValueError):
            raise ValidationError("Send a date such as 2026-05-12.") from None


class ReportQuery(Strict):
    start = Day(data_key="from", metadata={"description": "In the site's zone."})
    end = Day(data_key="to", metadata={"description": "Up to, not including."})
    site = Text(LONGEST_CODE)
    group_by = Choice(GroupBy, load_default=GroupBy.SITE)
