"""Waits: who waits for a free colleague, and their place in line."""

import sqlalchemy as sa
from alembic import op

from recovery.migrations.spelling import BIG, TIME, where

revision = "0016"
down_revision = "0015"

IS_LIVE = "status IN ('called', 'coming', 'later', 'no_show', 'waiting')"


def upgrade() -> None:
    op.create_table(
        "waits",
        sa.Column("id", BIG, nullable=False, autoincrement=False),
        sa.Column("ticket_id", BIG, nullable=False),
        sa.Column("site_id", BIG, nullable=False),
        sa.Column("status", sa.String(32), nullable=False),
        sa.Column("arrived_at", TIME, nullable=False),
        sa.Column("line_at", TIME, nullable=False),
        sa.Column("estimate_at", TIME, nullable=False),
        sa.Column("estimates", BIG, nullable=False),
        sa.Column("promised_by", TIME, nullable=False),
        sa.Column("due_at", TIME),
        sa.Column("changes", BIG, nullable=False),
        sa.Column("called_at", TIME),
        sa.Column("called_by_id", BIG),
        sa.Column("ended_at", TIME),
        sa.Column("helped_by_id", BIG),
        sa.PrimaryKeyConstraint("id", name="pk_waits"),
        sa.UniqueConstraint("ticket_id", name="uq_waits_ticket_id"),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name="fk_waits_ticket_id_tickets"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_waits_site_id_sites"),
        sa.ForeignKeyConstraint(["called_by_id"], ["staff.id"], name="fk_waits_called_by_id_staff"),
        sa.ForeignKeyConstraint(["helped_by_id"], ["staff.id"], name="fk_waits_helped_by_id_staff"),
        sa.CheckConstraint(
            "status IN ('waiting', 'called', 'coming', 'later', 'no_show', 'helped', 'gone')",
            name="ck_waits_wait_status",
        ),
        sa.CheckConstraint(f"({IS_LIVE}) = (ended_at IS NULL)", name="ck_waits_over_has_time"),
        sa.CheckConstraint("(status = 'helped') = (helped_by_id IS NOT NULL)", name="ck_waits_helped_by_somebody"),
        sa.CheckConstraint("(called_at IS NULL) = (called_by_id IS NULL)", name="ck_waits_caller_and_time"),
        sa.CheckConstraint(
            "status NOT IN ('called', 'no_show') OR called_at IS NOT NULL", name="ck_waits_called_by_somebody"
        ),
        sa.CheckConstraint(
            "status NOT IN ('called', 'coming', 'later') OR due_at IS NOT NULL", name="ck_waits_goes_on_by_itself"
        ),
    )
    op.create_index("ix_waits_line", "waits", ["site_id", "line_at", "id"], **where(IS_LIVE))
    op.create_index("ix_waits_due", "waits", ["due_at"], **where(f"{IS_LIVE} AND due_at IS NOT NULL"))
    op.create_index("ix_waits_turns", "waits", ["site_id", "called_at"], **where("called_at IS NOT NULL"))


def downgrade() -> None:
    op.drop_table("waits")
