from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from recovery.models.base import Base, Proven
from recovery.models.site import Site
from recovery.models.staff import Staff


class Handover(Base):
    """A shift that was closed at a site. Rows are only added."""

    __tablename__ = "handovers"
    __table_args__ = (
        # services.handing.sheets: the newest of a site; and of two who close a shift at once one comes second
        UniqueConstraint("site_id", "number"),
        CheckConstraint("number > 0", name="counted_from_one"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"))
    number: Mapped[int]
    """Of this site's closings, from 1."""
    closed_at: Mapped[datetime]
    closed_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    note: Mapped[str | None]

    site: Mapped[Site] = relationship(viewonly=True)
    closed_by: Mapped[Staff] = relationship(viewonly=True)
    rows: Mapped[list["HandedOver"]] = relationship(order_by="HandedOver.ticket_id")


class HandedOver(Proven, Base):
    """What stood on the Undetected board when a shift was closed, and who was named for it."""

    __tablename__ = "handed_over"

    handover_id: Mapped[int] = mapped_column(ForeignKey("handovers.id"), primary_key=True, autoincrement=False)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"), primary_key=True, autoincrement=False, index=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    """To whom."""
    why: Mapped[str]
    """Why it stood there: values of `Undetected`, space-separated."""
    taken_at: Mapped[datetime | None]
    """When the person named said that they have read it."""

    staff: Mapped[Staff] = relationship(viewonly=True)
