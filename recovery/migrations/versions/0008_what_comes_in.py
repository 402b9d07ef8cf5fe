"""What comes in: photos with a text, numbers that have no ticket, and texts of which we asked what they mean."""

import sqlalchemy as sa
from alembic import op

from recovery.migrations.spelling import BIG, TIME, where

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    _photos()
    _strangers()
    op.add_column("messages", sa.Column("found_by", sa.String(8)))
    op.add_column("messages", sa.Column("waits_for", BIG))
    op.add_column("messages", sa.Column("options", sa.Text()))
    op.create_index("ix_messages_waits_for", "messages", ["waits_for"], **where("waits_for IS NOT NULL"))


def _photos() -> None:
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


def _strangers() -> None:
    op.create_table(
        "strangers",
        sa.Column("id", BIG, nullable=False, autoincrement=False),
        sa.Column("contact_id", BIG, nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("texts", BIG, nullable=False),
        sa.Column("came_at", TIME, nullable=False),
        sa.Column("last_at", TIME, nullable=False),
        sa.Column("settled_at", TIME),
        sa.Column("settled_by_id", BIG),
        sa.Column("how", sa.String(16)),
        sa.Column("reason", sa.Text()),
        sa.Column("ticket_id", BIG),
        sa.PrimaryKeyConstraint("id", name="pk_strangers"),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name="fk_strangers_contact_id_contacts"),
        sa.ForeignKeyConstraint(["settled_by_id"], ["staff.id"], name="fk_strangers_settled_by_id_staff"),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name="fk_strangers_ticket_id_tickets"),
        sa.CheckConstraint("(settled_at IS NULL) = (how IS NULL)", name="ck_strangers_settled_says_how"),
        sa.CheckConstraint("how IS NULL OR how IN ('logged', 'set_aside')", name="ck_strangers_how"),
        sa.CheckConstraint("how <> 'set_aside' OR reason IS NOT NULL", name="ck_strangers_set_aside_has_reason"),
    )
    standing = where("settled_at IS NULL")
    op.create_index("uq_strangers_standing", "strangers", ["contact_id", "sender"], unique=True, **standing)
    op.create_index("ix_strangers_waiting", "strangers", ["came_at", "id"], **standing)


def downgrade() -> None:
    op.drop_index("ix_messages_waits_for", "messages")
    for column in ("options", "waits_for", "found_by"):
        op.drop_column("messages", column)
    op.drop_table("strangers")
    op.drop_table("simulated_photos")
    op.drop_table("photos")
