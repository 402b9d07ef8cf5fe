"""Pacing: when each sender is free for the next text."""

import sqlalchemy as sa
from alembic import op

from recovery.migrations.spelling import TIME

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "send_paces",
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("next_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("sender", name="pk_send_paces"),
    )


def downgrade() -> None:
    op.drop_table("send_paces")
