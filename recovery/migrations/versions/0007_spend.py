"""Spend: what each text costs, and what the months cost together."""

import sqlalchemy as sa
from alembic import op

from recovery.migrations.spelling import BIG

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("messages", sa.Column("cost_micros", BIG))
    op.add_column("messages", sa.Column("held_for", sa.Text()))
    op.create_table(
        "spends",
        sa.Column("month", sa.String(7), nullable=False),
        sa.Column("site_id", BIG, nullable=False, autoincrement=False),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("country", sa.String(2), nullable=False),
        sa.Column("texts", BIG, nullable=False),
        sa.Column("segments", BIG, nullable=False),
        sa.Column("micros", BIG, nullable=False),
        sa.PrimaryKeyConstraint("month", "site_id", "template", "country", name="pk_spends"),
    )


def downgrade() -> None:
    op.drop_table("spends")
    op.drop_column("messages", "held_for")
    op.drop_column("messages", "cost_micros")
