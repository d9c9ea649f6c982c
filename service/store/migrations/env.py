"""Runs migrations on the connection that service.store.engine hands over (there is no alembic.ini)."""

from alembic import context
from sqlalchemy import Connection

from service.store.tables import Base

connection: Connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
)
# No begin_transaction here: the caller's transaction holds the whole upgrade, so a failed one leaves nothing behind.
context.run_migrations()
