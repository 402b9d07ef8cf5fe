"""How well it was put right, as the customer says."""

import sqlalchemy as sa
from alembic import op

from recovery.migrations.spelling import BIG

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    on_the_scale = sa.CheckConstraint("rating IS NULL OR rating BETWEEN 1 AND 5", name="ck_tickets_rating_on_the_scale")
    op.add_column("tickets", sa.Column("rating", BIG, on_the_scale))


def downgrade() -> None:
    op.drop_column("tickets", "rating")
