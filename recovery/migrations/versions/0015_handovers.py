"""Handovers: shifts that were closed, and who was named for what stood on the board then."""

import sqlalchemy as sa
from alembic import op

from recovery.migrations.spelling import BIG, TIME

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.create_table(
        "handovers",
        sa.Column("id", BIG, nullable=False, autoincrement=False),
        sa.Column("site_id", BIG, nullable=False),
        sa.Column("number", BIG, nullable=False),
        sa.Column("closed_at", TIME, nullable=False),
        sa.Column("closed_by_id", BIG, nullable=False),
        sa.Column("note", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_handovers"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_handovers_site_id_sites"),
        sa.ForeignKeyConstraint(["closed_by_id"], ["staff.id"], name="fk_handovers_closed_by_id_staff"),
        sa.UniqueConstraint("site_id", "number", name="uq_handovers_site_id_number"),
        sa.CheckConstraint("number > 0", name="ck_handovers_counted_from_one"),
    )
    op.create_table(
        "handed_over",
        sa.Column("handover_id", BIG, nullable=False, autoincrement=False),
        sa.Column("ticket_id", BIG, nullable=False, autoincrement=False),
        sa.Column("staff_id", BIG, nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("taken_at", TIME),
        sa.PrimaryKeyConstraint("handover_id", "ticket_id", name="pk_handed_over"),
        sa.ForeignKeyConstraint(["handover_id"], ["handovers.id"], name="fk_handed_over_handover_id_handovers"),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name="fk_handed_over_ticket_id_tickets"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_handed_over_staff_id_staff"),
    )
    op.create_index("ix_handed_over_ticket_id", "handed_over", ["ticket_id"])


def downgrade() -> None:
    op.drop_table("handed_over")
    op.drop_table("handovers")
