"""Broken promises that nobody has renewed: the Undetected board finds them through an index of their own."""

from alembic import op

from recovery.migrations.spelling import where

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    broken = where("ended_at IS NULL AND lapsed_at IS NOT NULL")
    op.create_index("ix_promises_broken", "promises", ["ticket_id"], **broken)


def downgrade() -> None:
    op.drop_index("ix_promises_broken", "promises")
