"""Numbers, consent, and people as a site knows them."""

import sqlalchemy as sa
from alembic import op

from recovery.migrations.spelling import BIG, TIME, where

TABLES = (
    "contacts",
    "customers",
    "opt_outs",
)


def make() -> None:
    _contacts()
    _customers()
    _opt_outs()


def _contacts() -> None:
    op.create_table(
        "contacts",
        sa.Column("id", BIG, nullable=False, autoincrement=False),
        sa.Column("phone", sa.Text()),
        sa.Column("added_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_contacts"),
        sa.UniqueConstraint("phone", name="uq_contacts_phone"),
    )


def _customers() -> None:
    op.create_table(
        "customers",
        sa.Column("id", BIG, nullable=False, autoincrement=False),
        sa.Column("site_id", BIG, nullable=False),
        sa.Column("contact_id", BIG),
        sa.Column("name", sa.Text()),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("notes", sa.Text()),
        sa.Column("added_at", TIME, nullable=False),
        sa.Column("erased_at", TIME),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_customers"),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name="fk_customers_contact_id_contacts"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_customers_site_id_sites"),
        sa.UniqueConstraint("site_id", "contact_id", name="uq_customers_site_id_contact_id"),
    )
    op.create_index("ix_customers_contact_id", "customers", ["contact_id"])


def _opt_outs() -> None:
    op.create_table(
        "opt_outs",
        sa.Column("id", BIG, nullable=False, autoincrement=False),
        sa.Column("contact_id", BIG, nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("how", sa.Text(), nullable=False),
        sa.Column("message_id", BIG),
        sa.Column("lifted_at", TIME),
        sa.Column("number_seal", sa.String(64)),
        sa.PrimaryKeyConstraint("id", name="pk_opt_outs"),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name="fk_opt_outs_contact_id_contacts"),
    )
    op.create_index(
        "uq_opt_outs_standing", "opt_outs", ["contact_id", "sender"], unique=True, **where("lifted_at IS NULL")
    )
    op.create_index("ix_opt_outs_sealed", "opt_outs", ["number_seal"], **where("number_seal IS NOT NULL"))
