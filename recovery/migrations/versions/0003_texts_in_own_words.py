"""Texts in one's own words, by site and language, and how a site's texts are written."""

import sqlalchemy as sa
from alembic import op

from recovery.migrations.spelling import BIG, TIME, where

revision = "0003"
down_revision = "0002"

OF_SITE, OF_HOUSE = "site_id IS NOT NULL", "site_id IS NULL"
OF_A_SITE = ("texts_stamp", "folds_texts", "language")


def upgrade() -> None:
    op.add_column("sites", sa.Column("language", sa.Text(), nullable=False, server_default="en"))
    op.add_column("sites", sa.Column("folds_texts", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.add_column("sites", sa.Column("texts_stamp", BIG))
    op.create_table(
        "text_versions",
        sa.Column("id", BIG, nullable=False, autoincrement=False),
        sa.Column("site_id", BIG),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("saved_at", TIME, nullable=False),
        sa.Column("saved_by_id", BIG),
        sa.Column("is_sent", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_text_versions"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_text_versions_site_id_sites"),
        sa.CheckConstraint("version >= 1", name="ck_text_versions_counts_from_one"),
    )
    _unique("uq_text_versions_site", ["site_id", "language", "name", "version"], OF_SITE)
    _unique("uq_text_versions_house", ["language", "name", "version"], OF_HOUSE)
    _unique("uq_text_versions_sent_at_site", ["site_id", "language", "name"], f"is_sent AND {OF_SITE}")
    _unique("uq_text_versions_sent_by_house", ["language", "name"], f"is_sent AND {OF_HOUSE}")


def downgrade() -> None:
    op.drop_table("text_versions")
    for column in OF_A_SITE:
        op.drop_column("sites", column)


def _unique(name: str, columns: list[str], condition: str) -> None:
    op.create_index(name, "text_versions", columns, unique=True, **where(condition))
