"""Calls: those that the desk places and takes itself, and what is inferred of how they went."""

import sqlalchemy as sa
from alembic import op

from recovery.migrations.spelling import BIG, TIME, where

revision = "0018"
down_revision = "0017"

LIVE = "state <> 'ended'"
PLACED = f"{LIVE} AND direction = 'outbound'"
STATES = ("requested", "dialling", "in_doubt", "ringing", "answered", "connecting", "talking", "ended")
ENDS = (
    "completed",
    "busy",
    "no_answer",
    "cancelled",
    "not_in_service",
    "failed",
    "staff_away",
    "unconnected",
    "refused",
    "expired",
    "unknown",
)


def upgrade() -> None:
    with op.batch_alter_table("sites") as sites:
        sites.add_column(sa.Column("voice_number", sa.Text()))
        sites.add_column(sa.Column("line_number", sa.Text()))
    with op.batch_alter_table("attempts") as attempts:
        attempts.add_column(sa.Column("inferred", sa.Boolean(), nullable=False, server_default=sa.false()))
        attempts.add_column(sa.Column("seconds", BIG))
    op.create_table(
        "phone_calls",
        sa.Column("id", BIG, nullable=False, autoincrement=False),
        sa.Column("direction", sa.String(32), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("site_id", BIG, nullable=False),
        sa.Column("ticket_id", BIG),
        sa.Column("callback_id", BIG),
        sa.Column("staff_id", BIG),
        sa.Column("our_number", sa.Text(), nullable=False),
        sa.Column("near_number", sa.Text()),
        sa.Column("far_number", sa.Text()),
        sa.Column("requested_at", TIME, nullable=False),
        sa.Column("heard_at", TIME, nullable=False),
        sa.Column("claim_token", sa.String(32)),
        sa.Column("lease_until", TIME),
        sa.Column("provider_sid", sa.Text()),
        sa.Column("talking_since", TIME),
        sa.Column("left_at", TIME),
        sa.Column("far_end", sa.Text()),
        sa.Column("answered_by", sa.Text()),
        sa.Column("seconds", BIG),
        sa.Column("ending", sa.String(32)),
        sa.Column("ended_at", TIME),
        sa.Column("error_code", sa.Text()),
        sa.Column("error", sa.Text()),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_phone_calls"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_phone_calls_site_id_sites"),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name="fk_phone_calls_ticket_id_tickets"),
        sa.ForeignKeyConstraint(["callback_id"], ["callbacks.id"], name="fk_phone_calls_callback_id_callbacks"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_phone_calls_staff_id_staff"),
        sa.UniqueConstraint("provider_sid", name="uq_phone_calls_provider_sid"),
        sa.CheckConstraint("direction IN ('outbound', 'inbound')", name="ck_phone_calls_direction"),
        sa.CheckConstraint(f"state IN {STATES}", name="ck_phone_calls_call_state"),
        sa.CheckConstraint(f"ending IN {ENDS}", name="ck_phone_calls_call_end"),
        sa.CheckConstraint("(state = 'ended') = (ended_at IS NOT NULL)", name="ck_phone_calls_ended_has_time"),
        sa.CheckConstraint("(ending IS NULL) = (ended_at IS NULL)", name="ck_phone_calls_ended_somehow"),
        sa.CheckConstraint(
            "direction <> 'outbound' OR (callback_id IS NOT NULL AND staff_id IS NOT NULL)",
            name="ck_phone_calls_caller",
        ),
        sa.CheckConstraint(
            "(state = 'dialling') = (lease_until IS NOT NULL)", name="ck_phone_calls_leased_while_dialling"
        ),
        sa.CheckConstraint("seconds IS NULL OR seconds >= 0", name="ck_phone_calls_seconds"),
    )
    op.create_index("uq_phone_calls_of_callback", "phone_calls", ["callback_id"], unique=True, **where(PLACED))
    op.create_index("uq_phone_calls_of_staff", "phone_calls", ["staff_id"], unique=True, **where(PLACED))
    op.create_index("ix_phone_calls_requested", "phone_calls", ["requested_at"], **where("state = 'requested'"))
    op.create_index("ix_phone_calls_live", "phone_calls", ["heard_at"], **where(LIVE))
    op.create_index("ix_phone_calls_ticket", "phone_calls", ["ticket_id", "id"])
    op.create_index("ix_phone_calls_callback", "phone_calls", ["callback_id", "id"])
    op.create_table(
        "simulated_calls",
        sa.Column("id", BIG, nullable=False, autoincrement=False),
        sa.Column("sid", sa.Text(), nullable=False),
        sa.Column("parent_id", BIG),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("shows", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("comes_in", sa.Boolean(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("asks_key", sa.Boolean(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("answered_at", TIME),
        sa.Column("ended_at", TIME),
        sa.PrimaryKeyConstraint("id", name="pk_simulated_calls"),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["simulated_calls.id"], name="fk_simulated_calls_parent_id_simulated_calls"
        ),
        sa.UniqueConstraint("sid", name="uq_simulated_calls_sid"),
    )
    op.create_index("ix_simulated_calls_number_at", "simulated_calls", ["number", "at"])
    op.create_index("ix_simulated_calls_going_on", "simulated_calls", ["at"], **where("ended_at IS NULL"))


def downgrade() -> None:
    op.drop_table("simulated_calls")
    op.drop_table("phone_calls")
    with op.batch_alter_table("attempts") as attempts:
        attempts.drop_column("seconds")
        attempts.drop_column("inferred")
    with op.batch_alter_table("sites") as sites:
        sites.drop_column("line_number")
        sites.drop_column("voice_number")
