"""Tickets, what was promised on them, and their clocks."""

import sqlalchemy as sa
from alembic import op

from recovery.migrations.spelling import BIG, TIME, where

TABLES = (
    "tickets",
    "promises",
    "ticket_clocks",
)


def make() -> None:
    _tickets()
    _promises()
    _ticket_clocks()


def _tickets() -> None:
    op.create_table(
        "tickets",
        sa.Column("reference", sa.String(16), nullable=False),
        sa.Column("site_id", BIG, nullable=False),
        sa.Column("customer_id", BIG),
        sa.Column("failure", sa.String(40), nullable=False),
        sa.Column("severity", sa.String(32), nullable=False),
        sa.Column("source", sa.String(32), nullable=False),
        sa.Column("status", sa.String(32), nullable=False),
        sa.Column("level", BIG, nullable=False),
        sa.Column("is_sensitive", sa.Boolean(), nullable=False),
        sa.Column("note", sa.Text()),
        sa.Column("salt", sa.String(32), nullable=False),
        sa.Column("order_reference", sa.Text()),
        sa.Column("order_amount", BIG),
        sa.Column("order_currency", sa.String(3)),
        sa.Column("order_kept", sa.Boolean()),
        sa.Column("owner_id", BIG),
        sa.Column("logged_by_id", BIG),
        sa.Column("logged_at", TIME, nullable=False),
        sa.Column("happened_at", TIME, nullable=False),
        sa.Column("apologised_in_person", sa.Boolean(), nullable=False),
        sa.Column("no_text_reason", sa.Text()),
        sa.Column("promise_due_at", TIME),
        sa.Column("first_response_at", TIME),
        sa.Column("auto_response_at", TIME),
        sa.Column("resolved_at", TIME),
        sa.Column("resolved_by_id", BIG),
        sa.Column("confirmed_at", TIME),
        sa.Column("closed_at", TIME),
        sa.Column("cause", sa.Text()),
        sa.Column("action", sa.Text()),
        sa.Column("void_reason", sa.Text()),
        sa.Column("linked_to_id", BIG),
        sa.Column("continues_id", BIG),
        sa.Column("link_generation", BIG, nullable=False),
        sa.Column("unread", BIG, nullable=False),
        sa.Column("lapses", BIG, nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.Column("id", BIG, nullable=False, autoincrement=False),
        sa.Column("event_seq", BIG, nullable=False),
        sa.Column("event_head", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_tickets"),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name="fk_tickets_customer_id_customers"),
        sa.ForeignKeyConstraint(
            ["id", "event_seq"],
            ["events.stream_id", "events.seq"],
            name="fk_tickets_last_event",
            deferrable=True,
            initially="DEFERRED",
        ),
        sa.ForeignKeyConstraint(["continues_id"], ["tickets.id"], name="fk_tickets_continues_id_tickets"),
        sa.ForeignKeyConstraint(["linked_to_id"], ["tickets.id"], name="fk_tickets_linked_to_id_tickets"),
        sa.ForeignKeyConstraint(["logged_by_id"], ["staff.id"], name="fk_tickets_logged_by_id_staff"),
        sa.ForeignKeyConstraint(["owner_id"], ["staff.id"], name="fk_tickets_owner_id_staff"),
        sa.ForeignKeyConstraint(["resolved_by_id"], ["staff.id"], name="fk_tickets_resolved_by_id_staff"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_tickets_site_id_sites"),
        sa.UniqueConstraint("reference", name="uq_tickets_reference"),
        sa.CheckConstraint("(status = 'closed') = (closed_at IS NOT NULL)", name="ck_tickets_closed_has_time"),
        sa.CheckConstraint(
            "continues_id IS NULL OR continues_id = linked_to_id", name="ck_tickets_continues_what_it_is_linked_to"
        ),
        sa.CheckConstraint("version > 0 AND level > 0 AND unread >= 0", name="ck_tickets_counts"),
        sa.CheckConstraint(
            "NOT (status IN ('in_recovery', 'open', 'waiting_for_customer')) OR promise_due_at IS NOT NULL OR source IN ('drill', 'mystery_shop', 'store_walk')",
            name="ck_tickets_live_has_promise",
        ),
        sa.CheckConstraint(
            "order_amount IS NULL OR (order_amount > 0 AND order_currency IS NOT NULL)", name="ck_tickets_order_price"
        ),
        sa.CheckConstraint(
            "status NOT IN ('resolved', 'closed') OR (resolved_at IS NOT NULL AND resolved_by_id IS NOT NULL)",
            name="ck_tickets_resolved_by_somebody",
        ),
        sa.CheckConstraint("(resolved_at IS NULL) = (resolved_by_id IS NULL)", name="ck_tickets_resolver_and_time"),
        sa.CheckConstraint("severity IN ('minor', 'serious', 'severe')", name="ck_tickets_severity"),
        sa.CheckConstraint(
            "source IN ('counter', 'phone', 'text', 'web', 'proactive', 'store_walk', 'mystery_shop', 'drill', 'greeter')",
            name="ck_tickets_source",
        ),
        sa.CheckConstraint(
            "status IN ('open', 'in_recovery', 'waiting_for_customer', 'resolved', 'closed', 'void')",
            name="ck_tickets_ticket_status",
        ),
    )
    op.create_index("ix_tickets_continues", "tickets", ["continues_id"], **where("continues_id IS NOT NULL"))
    op.create_index("ix_tickets_customer_logged", "tickets", ["customer_id", "logged_at", "id"])
    op.create_index(
        "ix_tickets_live_by_promise",
        "tickets",
        ["promise_due_at", "site_id", "id"],
        **where("status IN ('in_recovery', 'open', 'waiting_for_customer')"),
    )
    op.create_index("ix_tickets_logged", "tickets", ["logged_at", "id"])
    op.create_index("ix_tickets_owner_logged", "tickets", ["owner_id", "logged_at", "id"])
    op.create_index("ix_tickets_resolved_open", "tickets", ["status", "resolved_at"], **where("status = 'resolved'"))
    op.create_index("ix_tickets_site_failure_logged", "tickets", ["site_id", "failure", "logged_at", "id"])
    op.create_index("ix_tickets_site_logged", "tickets", ["site_id", "logged_at", "id"])
    op.create_index("ix_tickets_site_status_logged", "tickets", ["site_id", "status", "logged_at", "id"])
    op.create_index("ix_tickets_status_logged", "tickets", ["status", "logged_at", "id"])
    op.create_index("ix_tickets_unread", "tickets", ["site_id"], **where("unread > 0"))


def _promises() -> None:
    op.create_table(
        "promises",
        sa.Column("id", BIG, nullable=False, autoincrement=False),
        sa.Column("ticket_id", BIG, nullable=False),
        sa.Column("number", BIG, nullable=False),
        sa.Column("due_at", TIME, nullable=False),
        sa.Column("warn_at", TIME, nullable=False),
        sa.Column("about", sa.String(32), nullable=False),
        sa.Column("told_by", sa.String(32), nullable=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("made_by_id", BIG),
        sa.Column("renewal", BIG, nullable=False),
        sa.Column("warned_at", TIME),
        sa.Column("lapsed_at", TIME),
        sa.Column("ended_at", TIME),
        sa.Column("outcome", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_promises"),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name="fk_promises_ticket_id_tickets"),
        sa.CheckConstraint("outcome IS NULL OR outcome IN ('kept', 'broken', 'replaced')", name="ck_promises_outcome"),
        sa.CheckConstraint("(outcome IS NULL) = (ended_at IS NULL)", name="ck_promises_outcome_and_time"),
        sa.CheckConstraint("about IN ('touch', 'remedy', 'answer', 'callback')", name="ck_promises_promise_about"),
        sa.CheckConstraint("told_by IN ('text', 'in_person', 'page', 'nobody')", name="ck_promises_told_by"),
    )
    op.create_index("ix_promises_ticket", "promises", ["ticket_id", "number"], unique=True)
    op.create_index("ix_promises_to_lapse", "promises", ["due_at"], **where("ended_at IS NULL AND lapsed_at IS NULL"))
    op.create_index("ix_promises_to_warn", "promises", ["warn_at"], **where("ended_at IS NULL AND warned_at IS NULL"))
    op.create_index("uq_promises_current", "promises", ["ticket_id"], unique=True, **where("ended_at IS NULL"))


def _ticket_clocks() -> None:
    op.create_table(
        "ticket_clocks",
        sa.Column("ticket_id", BIG, nullable=False, autoincrement=False),
        sa.Column("site_id", BIG, nullable=False),
        sa.Column("failure", sa.String(40), nullable=False),
        sa.Column("severity", sa.String(12), nullable=False),
        sa.Column("staff_id", BIG),
        sa.Column("logged_at", TIME, nullable=False),
        sa.Column("local_day", sa.String(10), nullable=False),
        sa.Column("hour_of_week", sa.Integer(), nullable=False),
        sa.Column("first_response", sa.Integer()),
        sa.Column("auto_response", sa.Integer()),
        sa.Column("authorisation", sa.Integer()),
        sa.Column("remedy_ready", sa.Integer()),
        sa.Column("resolved", sa.Integer()),
        sa.Column("confirmed", sa.Integer()),
        sa.Column("customer_wait", sa.Integer()),
        sa.Column("promises_kept", sa.Integer(), nullable=False),
        sa.Column("promises_broken", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("ticket_id", name="pk_ticket_clocks"),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name="fk_ticket_clocks_ticket_id_tickets"),
    )
    op.create_index(
        "ix_ticket_clocks_report",
        "ticket_clocks",
        ["logged_at", "site_id", "failure", "severity", "staff_id", "resolved", "first_response"],
    )
    op.create_index("ix_ticket_clocks_site_failure", "ticket_clocks", ["site_id", "failure", "resolved"])
