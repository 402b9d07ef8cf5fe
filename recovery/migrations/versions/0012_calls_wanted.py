"""Calls wanted: who pressed *Call me* and has not chosen a time."""

import sqlalchemy as sa
from alembic import op

from recovery.migrations.spelling import TIME, where

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.add_column("tickets", sa.Column("call_wanted_at", TIME))
    op.create_index("ix_tickets_call_wanted", "tickets", ["call_wanted_at"], **where("call_wanted_at IS NOT NULL"))


def downgrade() -> None:
    op.drop_index("ix_tickets_call_wanted", "tickets")
    op.drop_column("tickets", "call_wanted_at")
