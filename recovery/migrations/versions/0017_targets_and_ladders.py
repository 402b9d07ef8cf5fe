"""Targets by failure, severity and site; the ladder of alerts, the rota, and what staff wish to be told by text."""

import sqlalchemy as sa
from alembic import op

from recovery.migrations.spelling import BIG, TIME

revision = "0017"
down_revision = "0016"

WATCH_WHAT_IS_LIVE = """
INSERT INTO climbs (ticket_id, look_at)
SELECT id, logged_at FROM tickets
WHERE status IN ('in_recovery', 'open', 'waiting_for_customer') AND level = 1
AND source NOT IN ('drill', 'mystery_shop', 'store_walk')
"""


def upgrade() -> None:
    op.create_table(
        "targets",
        sa.Column("id", BIG, nullable=False, autoincrement=False),
        sa.Column("site_id", BIG, nullable=False),
        sa.Column("failure", sa.String(40), nullable=False),
        sa.Column("severity", sa.String(12), nullable=False),
        sa.Column("clock", sa.String(20), nullable=False),
        sa.Column("minutes", BIG),
        sa.Column("set_at", TIME, nullable=False),
        sa.Column("set_by_id", BIG),
        sa.PrimaryKeyConstraint("id", name="pk_targets"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_targets_site_id_sites"),
        sa.CheckConstraint("minutes IS NULL OR minutes > 0", name="ck_targets_some_time"),
    )
    op.create_index("ix_targets_site_id_set_at", "targets", ["site_id", "set_at"])
    op.add_column("sites", sa.Column("soonest_target", BIG))
    op.add_column("tickets", sa.Column("target_passed_at", TIME))
    op.create_table(
        "climbs",
        sa.Column("ticket_id", BIG, nullable=False, autoincrement=False),
        sa.Column("look_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("ticket_id", name="pk_climbs"),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name="fk_climbs_ticket_id_tickets"),
    )
    op.create_index("ix_climbs_look_at", "climbs", ["look_at"])
    op.create_table(
        "alerts",
        sa.Column("ticket_id", BIG, nullable=False, autoincrement=False),
        sa.Column("about", sa.String(20), nullable=False),
        sa.Column("step", BIG, nullable=False, autoincrement=False),
        sa.Column("staff_id", BIG, nullable=False, autoincrement=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("how", sa.String(20), nullable=False),
        sa.PrimaryKeyConstraint("ticket_id", "about", "step", "staff_id", name="pk_alerts"),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name="fk_alerts_ticket_id_tickets"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_alerts_staff_id_staff"),
        sa.CheckConstraint("step > 0", name="ck_alerts_counted_from_one"),
    )
    op.create_index("ix_alerts_staff_id_at", "alerts", ["staff_id", "at"])
    op.execute(WATCH_WHAT_IS_LIVE)
    op.add_column("staff_sites", sa.Column("shifts", sa.Text()))
    op.add_column("staff", sa.Column("wants_alerts", sa.Boolean()))
    op.add_column("staff", sa.Column("quiet_hours", sa.Text()))


def downgrade() -> None:
    op.drop_column("staff", "quiet_hours")
    op.drop_column("staff", "wants_alerts")
    op.drop_column("staff_sites", "shifts")
    op.drop_table("alerts")
    op.drop_table("climbs")
    op.drop_column("tickets", "target_passed_at")
    op.drop_column("sites", "soonest_target")
    op.drop_table("targets")
