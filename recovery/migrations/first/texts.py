"""The outbox, what came in, and the provider's side."""

import sqlalchemy as sa
from alembic import op

from recovery.migrations.spelling import BIG, TIME, where

TABLES = (
    "messages",
    "receipts",
    "send_gates",
    "simulated_texts",
)


def make() -> None:
    _messages()
    _receipts()
    _send_gates()
    _simulated_texts()


def _messages() -> None:
    op.create_table(
        "messages",
        sa.Column("id", BIG, nullable=False, autoincrement=False),
        sa.Column("ticket_id", BIG),
        sa.Column("site_id", BIG),
        sa.Column("contact_id", BIG),
        sa.Column("staff_id", BIG),
        sa.Column("audience", sa.String(8), nullable=False),
        sa.Column("direction", sa.String(32), nullable=False),
        sa.Column("status", sa.String(32), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("to_number", sa.Text()),
        sa.Column("body", sa.Text()),
        sa.Column("template", sa.Text()),
        sa.Column("message_class", sa.String(32)),
        sa.Column("meaning", sa.Text()),
        sa.Column("segments", BIG, nullable=False),
        sa.Column("validity_seconds", BIG, nullable=False),
        sa.Column("asks", sa.Text()),
        sa.Column("answered_at", TIME),
        sa.Column("holds_while", sa.Text()),
        sa.Column("urgent_until", TIME),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("not_before", TIME, nullable=False),
        sa.Column("expires_at", TIME),
        sa.Column("attempts", BIG, nullable=False),
        sa.Column("claim_token", sa.String(32)),
        sa.Column("lease_until", TIME),
        sa.Column("sending_at", TIME),
        sa.Column("doubted_at", TIME),
        sa.Column("look_at", TIME),
        sa.Column("looks", BIG, nullable=False),
        sa.Column("looked_by", sa.Text()),
        sa.Column("provider_sid", sa.Text()),
        sa.Column("error_code", sa.Text()),
        sa.Column("error", sa.Text()),
        sa.Column("drop_reason", sa.Text()),
        sa.Column("sent_at", TIME),
        sa.Column("final_at", TIME),
        sa.Column("read_at", TIME),
        sa.Column("understood_as", sa.Text()),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_messages"),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name="fk_messages_contact_id_contacts"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_messages_site_id_sites"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_messages_staff_id_staff"),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name="fk_messages_ticket_id_tickets"),
        sa.CheckConstraint(
            "(status IN ('claimed', 'sending')) = (claim_token IS NOT NULL AND lease_until IS NOT NULL)",
            name="ck_messages_claimed_has_lease",
        ),
        sa.CheckConstraint("direction IN ('outbound', 'inbound')", name="ck_messages_direction"),
        sa.CheckConstraint("status <> 'dropped' OR drop_reason IS NOT NULL", name="ck_messages_drop_has_reason"),
        sa.CheckConstraint("(direction = 'inbound') = (status = 'received')", name="ck_messages_inbound_is_received"),
        sa.CheckConstraint(
            "message_class IN ('transactional', 'marketing', 'security')", name="ck_messages_message_class"
        ),
        sa.CheckConstraint(
            "status IN ('pending', 'held', 'claimed', 'sending', 'in_doubt', 'sent', 'delivered', 'undelivered', 'failed', 'dropped', 'received')",
            name="ck_messages_message_status",
        ),
        sa.CheckConstraint(
            "direction = 'inbound' OR (meaning IS NOT NULL AND template IS NOT NULL)",
            name="ck_messages_outbound_has_meaning",
        ),
    )
    op.create_index("ix_messages_conversation", "messages", ["contact_id", "created_at"])
    op.create_index("ix_messages_doubts", "messages", ["look_at"], **where("status = 'in_doubt'"))
    op.create_index("ix_messages_leases", "messages", ["lease_until"], **where("status IN ('claimed', 'sending')"))
    op.create_index(
        "ix_messages_open_by_number",
        "messages",
        ["to_number", "id"],
        **where("status IN ('pending', 'held', 'claimed', 'sending', 'in_doubt')"),
    )
    op.create_index("ix_messages_ticket_id_created_at_id", "messages", ["ticket_id", "created_at", "id"])
    op.create_index("ix_messages_to_claim", "messages", ["not_before", "id"], **where("status IN ('pending', 'held')"))
    op.create_index("ix_messages_to_ask", "messages", ["look_at"], **where("status = 'sent' AND look_at IS NOT NULL"))
    op.create_index("uq_messages_meaning", "messages", ["meaning"], unique=True)
    op.create_index("uq_messages_provider_sid", "messages", ["provider_sid"], unique=True)


def _receipts() -> None:
    op.create_table(
        "receipts",
        sa.Column("id", BIG, nullable=False, autoincrement=False),
        sa.Column("message_id", BIG),
        sa.Column("provider_sid", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("error_code", sa.Text(), nullable=False),
        sa.Column("received_at", TIME, nullable=False),
        sa.Column("applied", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_receipts"),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name="fk_receipts_message_id_messages"),
        sa.UniqueConstraint("provider_sid", "status", "error_code", name="uq_receipts_provider_sid_status_error_code"),
    )
    op.create_index("ix_receipts_message_id", "receipts", ["message_id"])


def _send_gates() -> None:
    op.create_table(
        "send_gates",
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("closed_until", TIME, nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("refusals", BIG, nullable=False),
        sa.Column("tried_until", TIME),
        sa.PrimaryKeyConstraint("sender", name="pk_send_gates"),
    )


def _simulated_texts() -> None:
    op.create_table(
        "simulated_texts",
        sa.Column("id", BIG, nullable=False, autoincrement=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("direction", sa.String(32), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("sid", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_simulated_texts"),
        sa.UniqueConstraint("sid", name="uq_simulated_texts_sid"),
        sa.CheckConstraint("direction IN ('outbound', 'inbound')", name="ck_simulated_texts_direction"),
    )
    op.create_index("ix_simulated_texts_number_at_id", "simulated_texts", ["number", "at", "id"])
