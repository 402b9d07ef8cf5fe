from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from recovery.domain.authority import LimitSpan
from recovery.domain.remedies import RemedyKind, RemedyStatus
from recovery.models.base import Base, Proven, status_type
from recovery.models.staff import Staff
from recovery.models.ticket import Ticket

DECIDED = "('granted', 'ready', 'fulfilled', 'refused', 'failed')"


class Remedy(Proven, Base):
    """Something given to put a mistake right. The constraints below hold whatever the code does."""

    __tablename__ = "remedies"
    __table_args__ = (
        CheckConstraint("amount IS NULL OR amount > 0", name="amount_positive"),
        CheckConstraint("(amount IS NULL) = (currency IS NULL)", name="amount_with_currency"),
        CheckConstraint("kind NOT IN ('refund', 'voucher') OR amount IS NOT NULL", name="money_has_amount"),
        CheckConstraint(
            f"status NOT IN {DECIDED} OR (decided_by_id IS NOT NULL AND decided_at IS NOT NULL)",
            name="decided_by_somebody",
        ),
        CheckConstraint(
            "needed_approval = false OR decided_by_id IS NULL OR decided_by_id <> proposed_by_id",
            name="nobody_approves_their_own",
        ),
        CheckConstraint("status <> 'refused' OR decision_reason IS NOT NULL", name="refusal_has_reason"),
        CheckConstraint("status <> 'pending_approval' OR needed_approval = true", name="pending_needs_approval"),
        CheckConstraint(
            "(status = 'fulfilled') = (fulfilled_at IS NOT NULL)"
            " AND (fulfilled_at IS NULL) = (fulfilled_by_id IS NULL)",
            name="fulfilled_by_somebody",
        ),
        Index(None, "ticket_id", "id"),
        # approvals waiting, by site
        Index(
            "ix_remedies_waiting",
            "ticket_id",
            sqlite_where=text("status = 'pending_approval'"),
            postgresql_where=text("status = 'pending_approval'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"))
    kind: Mapped[RemedyKind] = mapped_column(status_type(RemedyKind))
    status: Mapped[RemedyStatus] = mapped_column(status_type(RemedyStatus))
    amount: Mapped[int | None]
    """Minor units; what was decided. `proposed_amount` keeps what was asked for."""
    currency: Mapped[str | None] = mapped_column(String(3))
    proposed_amount: Mapped[int | None]
    detail: Mapped[str | None]
    proposed_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    proposed_at: Mapped[datetime]
    needed_approval: Mapped[bool] = mapped_column(default=False)
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    decided_at: Mapped[datetime | None]
    decision_reason: Mapped[str | None]
    limit_in_force: Mapped[int | None]
    """The ticket limit of the one who decided, as it was then; None was unlimited."""
    counted_day: Mapped[str | None] = mapped_column(String(10))
    counted_month: Mapped[str | None] = mapped_column(String(10))
    """The local day of the giver's ledger, and the month of the customer's, in which the amount was counted: a cancelled
    one is taken out of those, whatever the site's zone is by then. None: no amount, or nobody's day."""
    ready_at: Mapped[datetime | None]
    fulfilled_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    fulfilled_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None]

    ticket: Mapped[Ticket] = relationship()
    proposed_by: Mapped[Staff] = relationship(foreign_keys=proposed_by_id, viewonly=True)
    decided_by: Mapped[Staff | None] = relationship(foreign_keys=decided_by_id, viewonly=True)
    fulfilled_by: Mapped[Staff | None] = relationship(foreign_keys=fulfilled_by_id, viewonly=True)
    approval: Mapped["Approval | None"] = relationship(back_populates="remedy")


class Approval(Proven, Base):
    """A question above somebody's authority: one per remedy, passed on when its deadline goes by."""

    __tablename__ = "approvals"
    __table_args__ = (
        # the approval tick
        Index(
            "ix_approvals_overdue",
            "deadline_at",
            sqlite_where=text("answered_at IS NULL AND nobody_left_at IS NULL"),
            postgresql_where=text("answered_at IS NULL AND nobody_left_at IS NULL"),
        ),
        # the Undetected board: nobody is left to be asked
        Index(
            "ix_approvals_exhausted",
            "ticket_id",
            sqlite_where=text("answered_at IS NULL AND nobody_left_at IS NOT NULL"),
            postgresql_where=text("answered_at IS NULL AND nobody_left_at IS NOT NULL"),
        ),
    )

    remedy_id: Mapped[int] = mapped_column(ForeignKey("remedies.id"), primary_key=True, autoincrement=False)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"))
    span: Mapped[LimitSpan] = mapped_column(status_type(LimitSpan))
    """The limit that it passed."""
    limit: Mapped[int]
    asked_at: Mapped[datetime]
    asked_of_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    deadline_at: Mapped[datetime]
    rung: Mapped[int] = mapped_column(default=1)
    """1 the first asked, 2 their deputy, 3 and on the admins."""
    link_generation: Mapped[int] = mapped_column(default=0)
    nobody_left_at: Mapped[datetime | None]
    """Everybody who may decide it was asked: its deadline stays in the past, where the Undetected board shows it."""
    answered_at: Mapped[datetime | None]

    remedy: Mapped[Remedy] = relationship(back_populates="approval")
    asked_of: Mapped[Staff] = relationship(viewonly=True)


class Ledger(Base):
    """Money given, by whom a limit counts it for. Raised in the transaction of the grant, never recomputed.

    `subject_id` is a ticket, a staff member or a customer; `period` is empty, a local day or a local month.
    """

    __tablename__ = "ledgers"
    __table_args__ = (
        CheckConstraint("total >= 0", name="not_negative"),
        CheckConstraint("ceiling IS NULL OR total <= ceiling", name="within_limit"),
    )

    span: Mapped[LimitSpan] = mapped_column(status_type(LimitSpan), primary_key=True)
    subject_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    period: Mapped[str] = mapped_column(String(10), primary_key=True)
    currency: Mapped[str] = mapped_column(String(3), primary_key=True)
    total: Mapped[int] = mapped_column(default=0)
    ceiling: Mapped[int | None]
    """The limit at the last raise on somebody's own authority; None once an approval went above it."""
