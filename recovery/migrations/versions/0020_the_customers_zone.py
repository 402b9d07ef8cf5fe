"""The zone in which a customer is told times, where they chose one."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.add_column("customers", sa.Column("timezone", sa.Text()))


def downgrade() -> None:
    op.drop_column("customers", "timezone")
