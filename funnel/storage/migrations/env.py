"""Alembic's entry: the caller hands a connection over; there is no configuration file to drift."""

from alembic import context

from funnel.storage import (  # noqa: F401  (their import fills the metadata)
    definition_tables,
    delivery_tables,
    fact_tables,
    login_tables,
    message_tables,
    refusal_tables,
    studio_tables,
    tables,
    version_tables,
)
from funnel.storage.base import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    compare_type=True,
    compare_server_default=False,  # PostgreSQL prints defaults back in other words
)
with context.begin_transaction():
    context.run_migrations()
