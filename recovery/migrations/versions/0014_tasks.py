"""Backstage tasks: what the kitchen, stock or IT is asked to do for a ticket."""

import sqlalchemy as sa
from alembic import op

from recovery.migrations.spelling import BIG, TIME, where

revision = "0014"
down_revision = "0013"

IS_OPEN = "status IN ('taken', 'waiting')"


def upgrade() -> None:
    op.create_table(
        "tasks",
        sa.Column("id", BIG, nullable=False, autoincrement=False),
        sa.Column("ticket_id", BIG, nullable=False),
        sa.Column("list", sa.String(32), nullable=False),
        sa.Column("words", sa.Text()),
        sa.Column("status", sa.String(32), nullable=False),
        sa.Column("asked_at", TIME, nullable=False),
        sa.Column("asked_by_id", BIG, nullable=False),
        sa.Column("due_at", TIME, nullable=False),
        sa.Column("late_at", TIME),
        sa.Column("taken_at", TIME),
        sa.Column("taken_by_id", BIG),
        sa.Column("done_at", TIME),
        sa.Column("done_by_id", BIG),
        sa.Column("cancelled_at", TIME),
        sa.PrimaryKeyConstraint("id", name="pk_tasks"),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name="fk_tasks_ticket_id_tickets"),
        sa.ForeignKeyConstraint(["asked_by_id"], ["staff.id"], name="fk_tasks_asked_by_id_staff"),
        sa.ForeignKeyConstraint(["taken_by_id"], ["staff.id"], name="fk_tasks_taken_by_id_staff"),
        sa.ForeignKeyConstraint(["done_by_id"], ["staff.id"], name="fk_tasks_done_by_id_staff"),
        sa.CheckConstraint("list IN ('kitchen', 'stock', 'it', 'other')", name="ck_tasks_task_list"),
        sa.CheckConstraint("status IN ('waiting', 'taken', 'done', 'cancelled')", name="ck_tasks_task_status"),
        sa.CheckConstraint("(taken_at IS NULL) = (taken_by_id IS NULL)", name="ck_tasks_taker_and_time"),
        sa.CheckConstraint("status <> 'waiting' OR taken_at IS NULL", name="ck_tasks_nobody_has_what_waits"),
        sa.CheckConstraint("status <> 'taken' OR taken_at IS NOT NULL", name="ck_tasks_taken_by_somebody"),
        sa.CheckConstraint("(done_at IS NULL) = (done_by_id IS NULL)", name="ck_tasks_doer_and_time"),
        sa.CheckConstraint("(status = 'done') = (done_at IS NOT NULL)", name="ck_tasks_done_has_time"),
        sa.CheckConstraint("(status = 'cancelled') = (cancelled_at IS NOT NULL)", name="ck_tasks_cancelled_has_time"),
        sa.CheckConstraint(f"NOT ({IS_OPEN}) OR words IS NOT NULL", name="ck_tasks_open_says_what"),
    )
    op.create_index("ix_tasks_open", "tasks", ["list", "due_at", "id"], **where(IS_OPEN))
    op.create_index("ix_tasks_to_be_late", "tasks", ["due_at"], **where(f"{IS_OPEN} AND late_at IS NULL"))
    op.create_index("ix_tasks_late", "tasks", ["ticket_id"], **where(f"{IS_OPEN} AND late_at IS NOT NULL"))
    op.create_index("ix_tasks_in_hand", "tasks", ["taken_by_id"], **where("status = 'taken'"))
    op.create_index("ix_tasks_ticket_id_id", "tasks", ["ticket_id", "id"])


def downgrade() -> None:
    op.drop_table("tasks")
