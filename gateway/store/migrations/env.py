"""Alembic environment: runs on the connection that gateway.store.migrate hands over."""

from alembic import context

import gateway.reference.tables
import gateway.store.archief_tables
import gateway.store.audit_tables
import gateway.store.deur_tables
import gateway.store.scherm_tables
import gateway.store.tables
import gateway.store.telling_tables  # noqa: F401
from gateway.store.metadata import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True, transactional_ddl=True)
context.run_migrations()
