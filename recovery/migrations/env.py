"""Alembic runs this file for every command; the connection is always handed over by `recovery.migrations`."""

from alembic import context

given = context.config.attributes
context.configure(
    connection=given["connection"],
    render_as_batch=True,  # SQLite cannot alter a table: it is rebuilt
    on_version_apply=given["after_each"],
)
context.run_migrations()
