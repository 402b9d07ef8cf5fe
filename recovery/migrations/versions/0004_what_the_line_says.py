"""What the line says: why a gate is closed, and since when."""

import sqlalchemy as sa
from alembic import op

from recovery.migrations.spelling import TIME

revision = "0004"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("send_gates", sa.Column("category", sa.Text()))
    op.add_column("send_gates", sa.Column("code", sa.Text()))
    op.add_column("send_gates", sa.Column("since", TIME))
    op.add_column("send_gates", sa.Column("awaits_receipt", TIME))


def downgrade() -> None:
    for column in ("awaits_receipt", "since", "code", "category"):
        op.drop_column("send_gates", column)
