"""Errors of the database, named for those who may not speak SQLAlchemy."""

from typing import Final

from sqlalchemy.exc import InterfaceError, OperationalError, ProgrammingError

# Away, out of connections, a lock that did not come in time.
DATABASE_IS_AWAY: Final[tuple[type[Exception], ...]] = (OperationalError, InterfaceError)
# A table that is not there yet: the schema is older than the code.
SCHEMA_IS_OLD: Final[tuple[type[Exception], ...]] = (ProgrammingError,)
