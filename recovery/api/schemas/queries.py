"""What lists may be asked for. Everything in a query is text."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Any

from marshmallow import ValidationError, fields, post_load, validates_schema

from recovery.api.fields import Choice, Instant, Said, SpokenFlag, SpokenNumber, Strict, Text
from recovery.domain.calendars import is_within_reach
from recovery.domain.callbacks import CallbackStatus
from recovery.domain.tasks import TaskList, TaskStatus
from recovery.domain.tickets import FAILURES, Severity, TicketStatus
from recovery.services.ticketing.listing import TicketFilter

MOST = 200
USUAL = 50
LONGEST_CURSOR = 100
LONGEST_CODE = 64


class Paged(Strict):
    limit = SpokenNumber(smallest=1, largest=MOST, load_default=USUAL)
    cursor = Text(LONGEST_CURSOR, metadata={"description": "`next_cursor` of the page before."})


class FailureCode(Text):
    def __init__(self, **options: Any) -> None:
        super().__init__(LONGEST_CODE, metadata={"description": f"One of: {', '.join(FAILURES)}."}, **options)

    def read(self, value: Any) -> str:
        code = super().read(value)
        if code not in FAILURES:
            raise ValidationError(f"Choose one of: {', '.join(FAILURES)}.")
        return code


class TicketQuery(Paged):
    site = Text(LONGEST_CODE)
    status = Choice(TicketStatus)
    failure = FailureCode()
    severity = Choice(Severity)
    owner = Text(LONGEST_CODE, metadata={"description": "An id, `me` or `nobody`."})
    customer_phone = Text(metadata={"description": "As people write it."})
    q = Text(metadata={"description": "A reference, an order's reference, or a part of a name or a note."})
    logged_from = Instant()
    logged_to = Instant(metadata={"description": "Up to, not including."})
    undetected = SpokenFlag()

    @validates_schema
    def in_order(self, data: Mapping[str, Any], **_: Any) -> None:
        _refuse_empty_span(data, "logged_from", "logged_to")

    @post_load
    def made(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        limit, cursor = data.pop("limit"), data.pop("cursor", None)
        return {"wanted": TicketFilter(**data), "limit": limit, "cursor": cursor}


class SiteQuery(Paged):
    site = Text(LONGEST_CODE)


class CallQuery(SiteQuery):
    status = Choice(CallbackStatus, metadata={"description": "By default those that are still to be made."})
    due_before = Instant()


class TaskQuery(SiteQuery):
    list = Choice(TaskList)
    status = Choice(TaskStatus, metadata={"description": "By default those that are still to be done."})


class VersionQuery(Strict):
    """Of a call that takes no body."""

    version = SpokenNumber(
        smallest=1,
        metadata={
            "description": "As you read it: if somebody changed the ticket since, nothing is done, and you get 409."
        },
    )


class SlotQuery(Paged):
    site = Text(LONGEST_CODE, required=True)


class CustomerQuery(Paged):
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
            day = date.fromisoformat(value)
        except (TypeError, ValueError):
            raise ValidationError("Send a date such as 2026-05-12.") from None
        if not is_within_reach(day):
            raise ValidationError("Send a date of this century.")
        return day


class ReportQuery(Strict):
    start = Day(data_key="from", metadata={"description": "In the site's zone."})
    end = Day(data_key="to", metadata={"description": "Up to, not including."})
    site = Text(LONGEST_CODE)
    group_by = Choice(GroupBy, load_default=GroupBy.SITE)

    @validates_schema
    def in_order(self, data: Mapping[str, Any], **_: Any) -> None:
        _refuse_empty_span(data, "start", "end", names=("from", "to"))


def _refuse_empty_span(data: Mapping[str, Any], begin: str, end: str, *, names: tuple[str, str] | None = None) -> None:
    """Nothing is in it, and whoever asks believes that nothing happened."""
    first, last = names or (begin, end)
    if begin in data and end in data and data[begin] >= data[end]:
        raise ValidationError(f"The span is empty: {last} is not in it, so it comes after {first}.", last)
