from datetime import datetime

from sqlalchemy import ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from recovery.models.base import Base


class TicketClock(Base):
    """What reports read: one narrow row per ticket that counts, written from the fold in the event's own transaction.

    Seconds; None where that moment has not come.
    """

    __tablename__ = "ticket_clocks"
    __table_args__ = (
        # reports: covering, so that a span of a million tickets is read from the index alone
        Index(
            "ix_ticket_clocks_report",
            "logged_at",
            "site_id",
            "failure",
            "severity",
            "staff_id",
            "resolved",
            "first_response",
        ),
        Index("ix_ticket_clocks_site_failure", "site_id", "failure", "resolved"),
    )

    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"), primary_key=True, autoincrement=False)
    site_id: Mapped[int]
    failure: Mapped[str] = mapped_column(String(40))
    severity: Mapped[str] = mapped_column(String(12))
    staff_id: Mapped[int | None]
    logged_at: Mapped[datetime]
    local_day: Mapped[str] = mapped_column(String(10))
    hour_of_week: Mapped[int] = mapped_column(Integer)
    """0 is Monday from midnight to one, in the site's zone."""
    first_response: Mapped[int | None] = mapped_column(Integer)
    auto_response: Mapped[int | None] = mapped_column(Integer)
    authorisation: Mapped[int | None] = mapped_column(Integer)
    remedy_ready: Mapped[int | None] = mapped_column(Integer)
    resolved: Mapped[int | None] = mapped_column(Integer)
    confirmed: Mapped[int | None] = mapped_column(Integer)
    customer_wait: Mapped[int | None] = mapped_column(Integer)
    promises_kept: Mapped[int] = mapped_column(Integer, default=0)
    promises_broken: Mapped[int] = mapped_column(Integer, default=0)
