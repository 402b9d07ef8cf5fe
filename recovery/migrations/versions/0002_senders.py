"""Several senders: a site may have a number or a messaging service of its own."""

import sqlalchemy as sa
from alembic import op

from recovery.migrations.spelling import where

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("sites", sa.Column("sender", sa.Text()))
    lane = ["site_id", "sender", "not_before", "id"]
    waiting = "status IN ('pending', 'held')"
    op.create_index("ix_messages_to_leave", "messages", lane, **where(waiting))
    op.create_index("ix_messages_urgent", "messages", lane, **where(f"{waiting} AND urgent_until IS NOT NULL"))


def downgrade() -> None:
    op.drop_index("ix_messages_urgent", "messages")
    op.drop_index("ix_messages_to_leave", "messages")
    op.drop_column("sites", "sender")
