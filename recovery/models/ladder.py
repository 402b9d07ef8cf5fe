from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from recovery.models.base import Base, Proven
from recovery.models.staff import Staff
from recovery.models.ticket import Ticket


class Climb(Base):
    """A ticket whose clocks are watched: when they are looked at next. It only says when to look; what is due then is read
    from the clocks themselves. Gone when no step is left."""

    __tablename__ = "climbs"
    __table_args__ = (Index(None, "look_at"),)  # the tick that looks

    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"), primary_key=True, autoincrement=False)
    look_at: Mapped[datetime]

    ticket: Mapped[Ticket] = relationship()


class Alert(Proven, Base):
    """Somebody was alerted about a ticket. Rows are only added; the key is what makes each step happen once."""

    __tablename__ = "alerts"
    __table_args__ = (
        CheckConstraint("step > 0", name="counted_from_one"),
        Index(None, "staff_id", "at"),  # the desk: what somebody was alerted about lately
    )

    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"), primary_key=True, autoincrement=False)
    about: Mapped[str] = mapped_column(String(20), primary_key=True)
    """A clock, or why somebody had to hear: `promise_lapsed`, `reopened` …"""
    step: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """Of a clock, the number of the rung; else that of the event."""
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    how: Mapped[str] = mapped_column(String(20))
    """`text`, or why on the page alone: a value of `services.alerting.alerts.How`."""

    ticket: Mapped[Ticket] = relationship()
    staff: Mapped[Staff] = relationship(viewonly=True)
