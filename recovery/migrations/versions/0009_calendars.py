"""Calendars: special days, and how a site's calendar was before it was changed."""

import json
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

from recovery.migrations.spelling import BIG, TIME

revision = "0009"
down_revision = "0008"

SETTINGS_STREAM = 1
SITES = sa.table(
    "sites",
    sa.column("id", BIG),
    sa.column("hours", sa.Text()),
    sa.column("timezone", sa.Text()),
    sa.column("calendar_changed_at", TIME),
)
EVENTS = sa.table(
    "events",
    sa.column("stream_id", BIG),
    sa.column("seq", BIG),
    sa.column("at", TIME),
    sa.column("tag", sa.Text()),
    sa.column("payload", sa.Text()),
)
FORMER = sa.table(
    "former_calendars",
    sa.column("id", BIG),
    sa.column("site_id", BIG),
    sa.column("until", TIME),
    sa.column("hours", sa.Text()),
    sa.column("timezone", sa.Text()),
    sa.column("special_days", sa.Text()),
)


def upgrade() -> None:
    op.add_column("sites", sa.Column("special_days", sa.Text(), nullable=False, server_default=""))
    op.add_column("sites", sa.Column("calendar_changed_at", TIME))
    op.create_table(
        "former_calendars",
        sa.Column("id", BIG, nullable=False, autoincrement=False),
        sa.Column("site_id", BIG, nullable=False),
        sa.Column("until", TIME, nullable=False),
        sa.Column("hours", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("special_days", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_former_calendars"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_former_calendars_site_id_sites"),
    )
    op.create_index("ix_former_calendars_site_id_until", "former_calendars", ["site_id", "until"])
    _remember(op.get_bind())


def downgrade() -> None:
    op.drop_table("former_calendars")
    op.drop_column("sites", "calendar_changed_at")
    op.drop_column("sites", "special_days")


def _remember(connection: sa.Connection) -> None:
    """The trail tells how the calendars were: it is read backwards, from how they are."""
    for site, calendar in _sites(connection).items():
        former: dict[datetime, dict[str, str]] = {}
        for at, change in reversed(_changes(connection)):
            if change["site"] == site and change["field"] in calendar:
                calendar[change["field"]] = change["before"]
                former[at] = dict(calendar)
        if former:
            _keep(connection, site, former)


def _sites(connection: sa.Connection) -> dict[int, dict[str, str]]:
    rows = connection.execute(sa.select(SITES.c.id, SITES.c.hours, SITES.c.timezone))
    return {row.id: {"hours": row.hours, "timezone": row.timezone} for row in rows}


def _changes(connection: sa.Connection) -> list[tuple[datetime, dict[str, Any]]]:
    changes = sa.select(EVENTS.c.at, EVENTS.c.payload).where(
        EVENTS.c.stream_id == SETTINGS_STREAM, EVENTS.c.tag == "settings:site:changed"
    )
    return [(row.at, json.loads(row.payload)) for row in connection.execute(changes.order_by(EVENTS.c.seq))]


def _keep(connection: sa.Connection, site: int, former: dict[datetime, dict[str, str]]) -> None:
    known = connection.execute(sa.select(sa.func.count()).select_from(FORMER)).scalar_one()
    rows = [
        {"id": number, "site_id": site, "until": until, "special_days": "", **calendar}
        for number, (until, calendar) in enumerate(former.items(), start=known + 1)
    ]
    connection.execute(sa.insert(FORMER), rows)
    changed = {"calendar_changed_at": max(former)}
    connection.execute(sa.update(SITES).where(SITES.c.id == site).values(changed))
