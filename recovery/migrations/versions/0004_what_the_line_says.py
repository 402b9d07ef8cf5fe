"""What the line says: why a gate is closed, and what is played on the simulated phones."""

import sqlalchemy as sa
from alembic import op

from recovery.migrations.spelling import BIG, TIME, where

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("send_gates", sa.Column("category", sa.Text()))
    op.add_column("send_gates", sa.Column("code", sa.Text()))
    op.add_column("send_gates", sa.Column("since", TIME))
    op.add_column("send_gates", sa.Column("awaits_receipt", TIME))
    op.add_column("simulated_texts", sa.Column("due_at", TIME))
    op.add_column("simulated_texts", sa.Column("error_code", sa.Text()))
    op.create_index("ix_messages_lost", "messages", ["final_at"], **where("status IN ('failed', 'undelivered')"))
    op.create_index("ix_messages_silent", "messages", ["sent_at"], **where("status = 'sent' AND error IS NOT NULL"))
    op.create_table(
        "simulated_phones",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("fate", sa.String(32), nullable=False),
        sa.Column("seconds", BIG, nullable=False),
        sa.Column("code", BIG),
        sa.Column("receipts", sa.String(32), nullable=False),
        sa.Column("answers_stop", sa.Boolean(), nullable=False),
        sa.Column("opted_out_at", TIME),
        sa.PrimaryKeyConstraint("number", name="pk_simulated_phones"),
        sa.CheckConstraint("fate IN ('arrives', 'silent', 'fails', 'refused')", name="ck_simulated_phones_fate"),
        sa.CheckConstraint(
            "receipts IN ('in_order', 'shuffled', 'repeated')", name="ck_simulated_phones_receipt_order"
        ),
        sa.CheckConstraint(
            "fate NOT IN ('fails', 'refused') OR code IS NOT NULL", name="ck_simulated_phones_fault_has_code"
        ),
    )


def downgrade() -> None:
    op.drop_table("simulated_phones")
    op.drop_index("ix_messages_silent", "messages")
    op.drop_index("ix_messages_lost", "messages")
    for column in ("error_code", "due_at"):
        op.drop_column("simulated_texts", column)
    for column in ("awaits_receipt", "since", "code", "category"):
        op.drop_column("send_gates", column)
