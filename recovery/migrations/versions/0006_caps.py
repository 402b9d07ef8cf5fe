"""Caps: how many texts a site sends in a day."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_index("ix_messages_site_id_created_at", "messages", ["site_id", "created_at"])


def downgrade() -> None:
    op.drop_index("ix_messages_site_id_created_at", "messages")
