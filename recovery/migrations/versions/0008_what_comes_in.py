"""Photos: what comes with a text, and what simulated phones send."""

import sqlalchemy as sa
from alembic import op

from recovery.migrations.spelling import BIG, TIME, where

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "photos",
        sa.Column("id", BIG, nullable=False, autoincrement=False),
        sa.Column("message_id", BIG, nullable=False),
        sa.Column("position", BIG, nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("reason", sa.String(32)),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("content_type", sa.String(64), nullable=False),
        sa.Column("size", BIG, nullable=False),
        sa.Column("tries", BIG, nullable=False),
        sa.Column("look_at", TIME),
        sa.Column("content", sa.LargeBinary()),
        sa.Column("arrived_at", TIME, nullable=False),
        sa.Column("final_at", TIME),
        sa.PrimaryKeyConstraint("id", name="pk_photos"),
        sa.UniqueConstraint("message_id", "position", name="uq_photos_message_id_position"),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name="fk_photos_message_id_messages"),
        sa.CheckConstraint("state IN ('wanted', 'kept', 'refused')", name="ck_photos_photo_state"),
        sa.CheckConstraint(
            "reason IN ('too_large', 'no_photo', 'elsewhere', 'given_up')", name="ck_photos_why_no_photo"
        ),
        sa.CheckConstraint("(state = 'wanted') = (look_at IS NOT NULL)", name="ck_photos_wanted_is_looked_for"),
        sa.CheckConstraint("(state = 'kept') = (content IS NOT NULL)", name="ck_photos_kept_has_content"),
        sa.CheckConstraint("(state = 'refused') = (reason IS NOT NULL)", name="ck_photos_refused_has_reason"),
    )
    op.create_index("ix_photos_to_fetch", "photos", ["look_at"], **where("state = 'wanted'"))
    op.create_table(
        "simulated_photos",
        sa.Column("id", BIG, nullable=False, autoincrement=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_simulated_photos"),
    )
    op.create_index("ix_simulated_photos_number", "simulated_photos", ["number"])


def downgrade() -> None:
    op.drop_table("simulated_photos")
    op.drop_table("photos")
