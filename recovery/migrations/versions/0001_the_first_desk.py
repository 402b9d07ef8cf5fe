"""The first desk: every table of the first release."""

from alembic import op

from recovery.migrations.first import amends, customers, organisation, texts, tickets, trail

revision = "0001"
down_revision = None

PARTS = (organisation, trail, customers, tickets, amends, texts)

BUSY = ("tickets", "promises", "messages", "events", "callbacks", "remedies", "ticket_clocks")
"""PostgreSQL looks after these when one row in a hundred is new or changed, not one in five: their partial indexes and
the reports' index-only scans live on fresh statistics and a clean visibility map."""


def upgrade() -> None:
    for part in PARTS:
        part.make()
    if op.get_bind().dialect.name == "postgresql":
        for table in BUSY:
            op.execute(
                f"ALTER TABLE {table} SET (autovacuum_vacuum_scale_factor = 0.01,"
                " autovacuum_vacuum_insert_scale_factor = 0.01, autovacuum_analyze_scale_factor = 0.01)"
            )


def downgrade() -> None:
    for part in reversed(PARTS):
        for table in reversed(part.TABLES):
            op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION IF EXISTS refuse_change()")
