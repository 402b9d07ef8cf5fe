"""Pacing: when each segment of the last second left, by sender."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.add_column("send_paces", sa.Column("taken", sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("send_paces", "taken")
