"""What puts a ticket right: remedies with their approvals and ledgers, callbacks with their attempts."""

import sqlalchemy as sa
from alembic import op

from recovery.migrations.spelling import BIG, TIME, where

TABLES = (
    "remedies",
    "approvals",
    "ledgers",
    "callbacks",
    "attempts",
)


def make() -> None:
    _remedies()
    _approvals()
    _ledgers()
    _callbacks()
    _attempts()


def _remedies() -> None:
    op.create_table(
        "remedies",
        sa.Column("id", BIG, nullable=False, autoincrement=False),
        sa.Column("ticket_id", BIG, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("status", sa.String(32), nullable=False),
        sa.Column("amount", BIG),
        sa.Column("currency", sa.String(3)),
        sa.Column("proposed_amount", BIG),
        sa.Column("detail", sa.Text()),
        sa.Column("proposed_by_id", BIG, nullable=False),
        sa.Column("proposed_at", TIME, nullable=False),
        sa.Column("needed_approval", sa.Boolean(), nullable=False),
        sa.Column("decided_by_id", BIG),
        sa.Column("decided_at", TIME),
        sa.Column("decision_reason", sa.Text()),
        sa.Column("limit_in_force", BIG),
        sa.Column("counted_day", sa.String(10)),
        sa.Column("counted_month", sa.String(10)),
        sa.Column("ready_at", TIME),
        sa.Column("fulfilled_by_id", BIG),
        sa.Column("fulfilled_at", TIME),
        sa.Column("ended_at", TIME),
        sa.Column("end_reason", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_remedies"),
        sa.ForeignKeyConstraint(["decided_by_id"], ["staff.id"], name="fk_remedies_decided_by_id_staff"),
        sa.ForeignKeyConstraint(["fulfilled_by_id"], ["staff.id"], name="fk_remedies_fulfilled_by_id_staff"),
        sa.ForeignKeyConstraint(["proposed_by_id"], ["staff.id"], name="fk_remedies_proposed_by_id_staff"),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name="fk_remedies_ticket_id_tickets"),
        sa.CheckConstraint("amount IS NULL OR amount > 0", name="ck_remedies_amount_positive"),
        sa.CheckConstraint("(amount IS NULL) = (currency IS NULL)", name="ck_remedies_amount_with_currency"),
        sa.CheckConstraint(
            "status NOT IN ('granted', 'ready', 'fulfilled', 'refused', 'failed') OR (decided_by_id IS NOT NULL AND decided_at IS NOT NULL)",
            name="ck_remedies_decided_by_somebody",
        ),
        sa.CheckConstraint(
            "(status = 'fulfilled') = (fulfilled_at IS NOT NULL) AND (fulfilled_at IS NULL) = (fulfilled_by_id IS NULL)",
            name="ck_remedies_fulfilled_by_somebody",
        ),
        sa.CheckConstraint(
            "kind NOT IN ('refund', 'voucher') OR amount IS NOT NULL", name="ck_remedies_money_has_amount"
        ),
        sa.CheckConstraint(
            "needed_approval = false OR decided_by_id IS NULL OR decided_by_id <> proposed_by_id",
            name="ck_remedies_nobody_approves_their_own",
        ),
        sa.CheckConstraint(
            "status <> 'pending_approval' OR needed_approval = true", name="ck_remedies_pending_needs_approval"
        ),
        sa.CheckConstraint("status <> 'refused' OR decision_reason IS NOT NULL", name="ck_remedies_refusal_has_reason"),
        sa.CheckConstraint(
            "kind IN ('remake', 'replacement', 'refund', 'voucher', 'gesture')", name="ck_remedies_remedy_kind"
        ),
        sa.CheckConstraint(
            "status IN ('pending_approval', 'granted', 'ready', 'fulfilled', 'refused', 'cancelled', 'failed')",
            name="ck_remedies_remedy_status",
        ),
    )
    op.create_index("ix_remedies_ticket_id_id", "remedies", ["ticket_id", "id"])
    op.create_index("ix_remedies_waiting", "remedies", ["ticket_id"], **where("status = 'pending_approval'"))


def _approvals() -> None:
    op.create_table(
        "approvals",
        sa.Column("remedy_id", BIG, nullable=False, autoincrement=False),
        sa.Column("ticket_id", BIG, nullable=False),
        sa.Column("span", sa.String(32), nullable=False),
        sa.Column("limit", BIG, nullable=False),
        sa.Column("asked_at", TIME, nullable=False),
        sa.Column("asked_of_id", BIG, nullable=False),
        sa.Column("deadline_at", TIME, nullable=False),
        sa.Column("rung", BIG, nullable=False),
        sa.Column("link_generation", BIG, nullable=False),
        sa.Column("nobody_left_at", TIME),
        sa.Column("answered_at", TIME),
        sa.PrimaryKeyConstraint("remedy_id", name="pk_approvals"),
        sa.ForeignKeyConstraint(["asked_of_id"], ["staff.id"], name="fk_approvals_asked_of_id_staff"),
        sa.ForeignKeyConstraint(["remedy_id"], ["remedies.id"], name="fk_approvals_remedy_id_remedies"),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name="fk_approvals_ticket_id_tickets"),
        sa.CheckConstraint("span IN ('ticket', 'staff_day', 'customer_month')", name="ck_approvals_limit_span"),
    )
    op.create_index(
        "ix_approvals_overdue",
        "approvals",
        ["deadline_at"],
        **where("answered_at IS NULL AND nobody_left_at IS NULL"),
    )
    op.create_index(
        "ix_approvals_exhausted",
        "approvals",
        ["ticket_id"],
        **where("answered_at IS NULL AND nobody_left_at IS NOT NULL"),
    )


def _ledgers() -> None:
    op.create_table(
        "ledgers",
        sa.Column("span", sa.String(32), nullable=False),
        sa.Column("subject_id", BIG, nullable=False, autoincrement=False),
        sa.Column("period", sa.String(10), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("total", BIG, nullable=False),
        sa.Column("ceiling", BIG),
        sa.PrimaryKeyConstraint("span", "subject_id", "period", "currency", name="pk_ledgers"),
        sa.CheckConstraint("span IN ('ticket', 'staff_day', 'customer_month')", name="ck_ledgers_limit_span"),
        sa.CheckConstraint("total >= 0", name="ck_ledgers_not_negative"),
        sa.CheckConstraint("ceiling IS NULL OR total <= ceiling", name="ck_ledgers_within_limit"),
    )


def _callbacks() -> None:
    op.create_table(
        "callbacks",
        sa.Column("id", BIG, nullable=False, autoincrement=False),
        sa.Column("ticket_id", BIG, nullable=False),
        sa.Column("status", sa.String(32), nullable=False),
        sa.Column("reason", sa.String(32), nullable=False),
        sa.Column("due_at", TIME, nullable=False),
        sa.Column("miss_at", TIME, nullable=False),
        sa.Column("as_soon_as_possible", sa.Boolean(), nullable=False),
        sa.Column("booked_at", TIME, nullable=False),
        sa.Column("booked_by_id", BIG),
        sa.Column("staff_id", BIG),
        sa.Column("moves", BIG, nullable=False),
        sa.Column("attempt_count", BIG, nullable=False),
        sa.Column("in_vain", BIG, nullable=False),
        sa.Column("remind_at", TIME),
        sa.Column("reminded_at", TIME),
        sa.Column("missed_at", TIME),
        sa.Column("ended_at", TIME),
        sa.Column("given_up_at", TIME),
        sa.PrimaryKeyConstraint("id", name="pk_callbacks"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_callbacks_staff_id_staff"),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name="fk_callbacks_ticket_id_tickets"),
        sa.CheckConstraint(
            "reason IN ('booked', 'undelivered', 'opted_out', 'no_phone', 'lapsed', 'dropped')",
            name="ck_callbacks_call_reason",
        ),
        sa.CheckConstraint(
            "status IN ('booked', 'due', 'reached', 'missed', 'unreached', 'cancelled')",
            name="ck_callbacks_callback_status",
        ),
        sa.CheckConstraint(
            "(status IN ('booked', 'due', 'missed')) = (ended_at IS NULL)", name="ck_callbacks_ended_has_time"
        ),
    )
    op.create_index(
        "ix_callbacks_live_by_due",
        "callbacks",
        ["due_at", "ticket_id"],
        **where("status IN ('booked', 'due', 'missed')"),
    )
    op.create_index("ix_callbacks_ticket_id_id", "callbacks", ["ticket_id", "id"])
    op.create_index("ix_callbacks_booked", "callbacks", ["due_at"], **where("status = 'booked'"))
    op.create_index(
        "ix_callbacks_to_remind", "callbacks", ["remind_at"], **where("status = 'booked' AND reminded_at IS NULL")
    )
    op.create_index("ix_callbacks_to_miss", "callbacks", ["miss_at"], **where("status = 'due'"))
    op.create_index(
        "ix_callbacks_given_up", "callbacks", ["ticket_id", "given_up_at"], **where("given_up_at IS NOT NULL")
    )
    op.create_index(
        "uq_callbacks_live_task",
        "callbacks",
        ["ticket_id", "reason"],
        unique=True,
        **where("status IN ('booked', 'due', 'missed') AND NOT reason IN ('booked', 'dropped')"),
    )
    op.create_index(
        "uq_callbacks_live_with_customer",
        "callbacks",
        ["ticket_id"],
        unique=True,
        **where("status IN ('booked', 'due', 'missed') AND reason IN ('booked', 'dropped')"),
    )


def _attempts() -> None:
    op.create_table(
        "attempts",
        sa.Column("id", BIG, nullable=False, autoincrement=False),
        sa.Column("callback_id", BIG, nullable=False),
        sa.Column("ticket_id", BIG, nullable=False),
        sa.Column("number", BIG, nullable=False),
        sa.Column("outcome", sa.String(32), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("by_id", BIG, nullable=False),
        sa.Column("note", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_attempts"),
        sa.ForeignKeyConstraint(["by_id"], ["staff.id"], name="fk_attempts_by_id_staff"),
        sa.ForeignKeyConstraint(["callback_id"], ["callbacks.id"], name="fk_attempts_callback_id_callbacks"),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name="fk_attempts_ticket_id_tickets"),
        sa.UniqueConstraint("callback_id", "number", name="uq_attempts_callback_id_number"),
        sa.CheckConstraint(
            "outcome IN ('reached', 'no_answer', 'busy', 'voicemail', 'disconnected', 'wrong_number')",
            name="ck_attempts_outcome",
        ),
    )
