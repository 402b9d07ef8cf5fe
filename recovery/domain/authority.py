"""What a person may grant alone."""

from dataclasses import dataclass
from enum import StrEnum


class LimitSpan(StrEnum):
    TICKET = "ticket"
    STAFF_DAY = "staff_day"
    CUSTOMER_MONTH = "customer_month"

    @property
    def label(self) -> str:
        return {
            LimitSpan.TICKET: "for one ticket",
            LimitSpan.STAFF_DAY: "for one person's day",
            LimitSpan.CUSTOMER_MONTH: "for one customer's month",
        }[self]


@dataclass(frozen=True, slots=True)
class Limits:
    """In minor units of the site's currency; None is unlimited."""

    per_ticket: int | None
    per_day: int | None
    per_customer_month: int | None

    def of(self, span: LimitSpan) -> int | None:
        return {
            LimitSpan.TICKET: self.per_ticket,
            LimitSpan.STAFF_DAY: self.per_day,
            LimitSpan.CUSTOMER_MONTH: self.per_customer_month,
        }[span]
