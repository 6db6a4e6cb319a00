"""One request or task is one transaction; nobody below commits."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, text

from funnel.storage.base import PLAN_NOW, REAL_NOW


class Transaction:
    """An open transaction and its two clocks; repositories take its ``connection``.

    READ COMMITTED: each statement sees what was committed before it began, so what must not
    change is locked first and read in a second statement.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.tallies: Counter[Any] = Counter()
        self.watch: Any = None  # see storage/result_sums.py
        self._last_acts: dict[Callable[[Transaction], None], None] = {}

    @property
    def now(self) -> datetime:
        """Plan time at which this transaction began, aware UTC."""
        return self._moments[0]

    @property
    def real_now(self) -> datetime:
        """The database's clock when this transaction began, aware UTC."""
        return self._moments[1]

    def before_commit(self, act: Callable[["Transaction"], None]) -> None:
        """Do ``act`` as the last thing before the commit; given twice, it is done once."""
        self._last_acts[act] = None

    def undo(self) -> None:
        """Write nothing of all this: what a trial found out is all that was wanted."""
        self._last_acts.clear()
        transaction = self.connection.get_transaction()
        if transaction is not None:
            transaction.rollback()

    def finish(self) -> None:
        """Do what was kept for the end, in the same order in every transaction.

        Each act locks sums: in two orders, two transactions would wait for each other.
        """
        for act in sorted(self._last_acts, key=lambda each: each.__module__):
            act(self)

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo the block alone when it raises, with what it kept for the end."""
        tallies = Counter(self.tallies)
        try:
            with self.connection.begin_nested():
                yield
        except BaseException:
            self.tallies = tallies
            raise

    @cached_property
    def _moments(self) -> tuple[datetime, datetime]:
        plan, real = self.connection.execute(_MOMENTS).one()
        return plan, real


# Who asks for one nearly always wants the other too.
_MOMENTS = text(f"select {PLAN_NOW}, {REAL_NOW}")


@dataclass(frozen=True, slots=True)
class Transactions:
    """Opens transactions on one engine; made after the fork, one per process."""

    engine: Engine

    @contextmanager
    def begin(self) -> Iterator[Transaction]:
        """Commit at the end of the block, roll back when it raises."""
        with self.engine.begin() as connection:
            tx = Transaction(connection)
            yield tx
            tx.finish()

    @contextmanager
    def begin_reading(self) -> Iterator[Transaction]:
        """Open one in which PostgreSQL refuses every write, for what promises to change nothing."""
        with self.begin() as tx:
            tx.connection.execute(text("set transaction read only"))
            yield tx

    def close(self) -> None:
        """Give every pooled connection back to the operating system."""
        self.engine.dispose()


def open_database(url: str, *, pool_size: int = 5) -> Transactions:
    """Return transactions on the database at ``url`` (``postgresql+psycopg://…``)."""
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_pre_ping=True,  # a database that restarted costs one look, not one failed request
        connect_args={
            "options": "-c timezone=UTC -c lock_timeout=10s",
            "connect_timeout": 5,
            "application_name": "funnel",
        },
    )
    return Transactions(engine)
