"""The chains of events and their anchors."""

import sqlalchemy as sa
from alembic import op

from recovery.migrations.spelling import BIG, TIME

TABLES = (
    "events",
    "anchors",
    "awaiting_anchor",
)


def make() -> None:
    _events()
    _anchors()
    _awaiting_anchor()


def _events() -> None:
    op.create_table(
        "events",
        sa.Column("stream_id", BIG, nullable=False, autoincrement=False),
        sa.Column("seq", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("tag", sa.String(40), nullable=False),
        sa.Column("tag_version", sa.Integer(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("actor_kind", sa.String(32), nullable=False),
        sa.Column("actor_id", sa.BigInteger()),
        sa.Column("site_id", sa.BigInteger()),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("key_id", sa.String(12), nullable=False),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("stream_id", "seq", name="pk_events"),
        sa.CheckConstraint("actor_kind IN ('staff', 'customer', 'machine')", name="ck_events_actor_kind"),
    )
    op.create_index("ix_events_actor_at", "events", ["actor_id", "at"])
    op.create_index("ix_events_at", "events", ["at", "stream_id", "seq"])
    op.create_index("ix_events_site_at", "events", ["site_id", "at", "stream_id", "seq"])


def _anchors() -> None:
    op.create_table(
        "anchors",
        sa.Column("id", BIG, nullable=False, autoincrement=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("heads", sa.Text(), nullable=False),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_anchors"),
        sa.UniqueConstraint("previous", name="uq_anchors_previous"),
    )


def _awaiting_anchor() -> None:
    op.create_table(
        "awaiting_anchor",
        sa.Column("stream_id", BIG, nullable=False, autoincrement=False),
        sa.Column("seq", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("stream_id", "seq", name="pk_awaiting_anchor"),
    )
