"""Targets by failure, severity and site."""

import sqlalchemy as sa
from alembic import op

from recovery.migrations.spelling import BIG, TIME

revision = "0016"
down_revision = "0015"


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


def downgrade() -> None:
    op.drop_table("targets")
