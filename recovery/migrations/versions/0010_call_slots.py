"""Call slots: each place of a time is had once, and a site says how many calls it makes at one time."""

import sqlalchemy as sa
from alembic import op

from recovery.migrations.spelling import BIG, TIME

revision = "0010"
down_revision = "0009"

SOMEBODY_CALLS = "calls_at_once IS NULL OR calls_at_once > 0"


def upgrade() -> None:
    with op.batch_alter_table("sites") as sites:
        sites.add_column(sa.Column("calls_at_once", BIG))
        sites.create_check_constraint("ck_sites_somebody_calls", SOMEBODY_CALLS)
    op.create_table(
        "call_slots",
        sa.Column("site_id", BIG, nullable=False, autoincrement=False),
        sa.Column("starts_at", TIME, nullable=False),
        sa.Column("place", BIG, nullable=False, autoincrement=False),
        sa.Column("callback_id", BIG, nullable=False),
        sa.PrimaryKeyConstraint("site_id", "starts_at", "place", name="pk_call_slots"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_call_slots_site_id_sites"),
        sa.ForeignKeyConstraint(
            ["callback_id"],
            ["callbacks.id"],
            name="fk_call_slots_callback_id_callbacks",
            deferrable=True,
            initially="DEFERRED",
        ),
    )
    op.create_index("ix_call_slots_callback_id", "call_slots", ["callback_id"])


def downgrade() -> None:
    op.drop_table("call_slots")
    with op.batch_alter_table("sites") as sites:
        sites.drop_constraint("ck_sites_somebody_calls", type_="check")
        sites.drop_column("calls_at_once")
