"""Bring a database to the newest schema, or say what stands between the two."""

import warnings
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

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

_FOLDER = Path(__file__).parent / "migrations"

# Two starters must not migrate at once: the second waits, then finds nothing to do.
_LOCK = 4_860_211


def upgrade(url: str) -> None:
    """Migrate the database at ``url`` to the newest schema, under an advisory lock.

    Raises:
        sqlalchemy.exc.OperationalError: The database is away.
    """
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        # A migration that cannot get its lock soon must not queue every reader behind it.
        connection.execute(text("set local lock_timeout = '5s'"))
        if not _is_current(connection):
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")


def is_current(url: str) -> bool:
    """Say whether the database at ``url`` has the newest schema."""
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        return _is_current(connection)


def differences(url: str) -> list[str]:
    """Return what the tables in the code have and the migrated database has not, in words."""
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection, warnings.catch_warnings():
        # A check that is not validated (messages' kinds, 0005) is read back with an option that
        # SQLAlchemy does not know itself.
        warnings.filterwarnings("ignore", message="Can't validate argument 'dialect_options'")
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return [str(each) for each in compare_metadata(context, Base.metadata)]


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    return config


def _is_current(connection: Connection) -> bool:
    head = ScriptDirectory.from_config(_config()).get_current_head()
    return MigrationContext.configure(connection).get_current_revision() == head
