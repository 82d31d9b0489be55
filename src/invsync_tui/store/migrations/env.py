"""Alembic's entry: runs the migrations on the connection that `migrate.run_migrations` hands over."""

from __future__ import annotations

from alembic import context

from invsync_tui.store.models import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
