"""Sites, staff and what runs the house."""

import sqlalchemy as sa
from alembic import op

from recovery.migrations.spelling import BIG, TIME

TABLES = (
    "sites",
    "staff",
    "staff_sites",
    "limits",
    "settings_stream",
    "login_sessions",
    "sign_in_links",
    "api_tokens",
    "idempotency_keys",
    "heartbeats",
    "job_runs",
    "tallies",
)


def make() -> None:
    _sites()
    _staff()
    _staff_sites()
    _limits()
    _settings_stream()
    _login_sessions()
    _sign_in_links()
    _api_tokens()
    _idempotency_keys()
    _heartbeats()
    _job_runs()
    _tallies()


def _sites() -> None:
    op.create_table(
        "sites",
        sa.Column("id", BIG, nullable=False, autoincrement=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("hours", sa.Text(), nullable=False),
        sa.Column("added_at", TIME, nullable=False),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sites"),
        sa.UniqueConstraint("slug", name="uq_sites_slug"),
    )


def _staff() -> None:
    op.create_table(
        "staff",
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("phone", sa.Text()),
        sa.Column("password_hash", sa.Text()),
        sa.Column("deputy_id", BIG),
        sa.Column("added_at", TIME, nullable=False),
        sa.Column("deactivated_at", TIME),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.Column("id", BIG, nullable=False, autoincrement=False),
        sa.Column("event_seq", BIG, nullable=False),
        sa.Column("event_head", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_staff"),
        sa.ForeignKeyConstraint(["deputy_id"], ["staff.id"], name="fk_staff_deputy_id_staff"),
        sa.UniqueConstraint("email", name="uq_staff_email"),
        sa.CheckConstraint("email = lower(email)", name="ck_staff_email_in_lower_case"),
        sa.CheckConstraint("role IN ('frontline', 'supervisor', 'admin')", name="ck_staff_role"),
    )


def _staff_sites() -> None:
    op.create_table(
        "staff_sites",
        sa.Column("staff_id", BIG, nullable=False, autoincrement=False),
        sa.Column("site_id", BIG, nullable=False, autoincrement=False),
        sa.Column("rung", BIG),
        sa.PrimaryKeyConstraint("staff_id", "site_id", name="pk_staff_sites"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_staff_sites_site_id_sites"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_staff_sites_staff_id_staff"),
    )


def _limits() -> None:
    op.create_table(
        "limits",
        sa.Column("id", BIG, nullable=False, autoincrement=False),
        sa.Column("site_id", BIG, nullable=False),
        sa.Column("whom", sa.Text(), nullable=False),
        sa.Column("span", sa.String(32), nullable=False),
        sa.Column("minor_units", BIG),
        sa.Column("set_at", TIME, nullable=False),
        sa.Column("set_by_id", BIG),
        sa.PrimaryKeyConstraint("id", name="pk_limits"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_limits_site_id_sites"),
        sa.CheckConstraint("span IN ('ticket', 'staff_day', 'customer_month')", name="ck_limits_limit_span"),
        sa.CheckConstraint("minor_units IS NULL OR minor_units >= 0", name="ck_limits_not_negative"),
    )
    op.create_index("ix_limits_site_id_whom_span_set_at", "limits", ["site_id", "whom", "span", "set_at"])


def _settings_stream() -> None:
    op.create_table(
        "settings_stream",
        sa.Column("id", BIG, nullable=False, autoincrement=False),
        sa.Column("event_seq", BIG, nullable=False),
        sa.Column("event_head", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_settings_stream"),
        sa.CheckConstraint("id = 1", name="ck_settings_stream_one_row"),
    )


def _login_sessions() -> None:
    op.create_table(
        "login_sessions",
        sa.Column("id", BIG, nullable=False, autoincrement=False),
        sa.Column("staff_id", BIG, nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("opened_at", TIME, nullable=False),
        sa.Column("last_used_at", TIME, nullable=False),
        sa.Column("ends_at", TIME, nullable=False),
        sa.Column("revoked_at", TIME),
        sa.PrimaryKeyConstraint("id", name="pk_login_sessions"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_login_sessions_staff_id_staff"),
        sa.UniqueConstraint("token_hash", name="uq_login_sessions_token_hash"),
    )
    op.create_index("ix_login_sessions_staff_id_ends_at", "login_sessions", ["staff_id", "ends_at"])


def _sign_in_links() -> None:
    op.create_table(
        "sign_in_links",
        sa.Column("id", BIG, nullable=False, autoincrement=False),
        sa.Column("staff_id", BIG, nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("issued_at", TIME, nullable=False),
        sa.Column("ends_at", TIME, nullable=False),
        sa.Column("used_at", TIME),
        sa.PrimaryKeyConstraint("id", name="pk_sign_in_links"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_sign_in_links_staff_id_staff"),
        sa.UniqueConstraint("token_hash", name="uq_sign_in_links_token_hash"),
    )


def _api_tokens() -> None:
    op.create_table(
        "api_tokens",
        sa.Column("id", BIG, nullable=False, autoincrement=False),
        sa.Column("staff_id", BIG, nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("added_at", TIME, nullable=False),
        sa.Column("last_used_at", TIME),
        sa.Column("revoked_at", TIME),
        sa.PrimaryKeyConstraint("id", name="pk_api_tokens"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_api_tokens_staff_id_staff"),
        sa.UniqueConstraint("token_hash", name="uq_api_tokens_token_hash"),
    )


def _idempotency_keys() -> None:
    op.create_table(
        "idempotency_keys",
        sa.Column("owner", sa.String(40), nullable=False),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("status", BIG, nullable=False),
        sa.Column("thing", sa.Text(), nullable=False),
        sa.Column("thing_id", BIG),
        sa.Column("kept_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("owner", "key", name="pk_idempotency_keys"),
    )
    op.create_index("ix_idempotency_keys_kept_at", "idempotency_keys", ["kept_at"])


def _heartbeats() -> None:
    op.create_table(
        "heartbeats",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_heartbeats"),
    )


def _job_runs() -> None:
    op.create_table(
        "job_runs",
        sa.Column("id", BIG, nullable=False, autoincrement=False),
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("ended_at", TIME),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_job_runs"),
        sa.UniqueConstraint("job", "period", name="uq_job_runs_job_period"),
    )


def _tallies() -> None:
    op.create_table(
        "tallies",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("count", BIG, nullable=False),
        sa.Column("last_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_tallies"),
    )
