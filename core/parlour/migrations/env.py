"""Alembic's environment: runs revisions on the connection that the runner opened."""

from alembic import context
from sqlalchemy import Connection

from parlour.kit.db import Base

connection: Connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    compare_type=True,
    compare_server_default=False,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
