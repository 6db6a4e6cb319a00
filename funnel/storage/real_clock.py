"""The database's clock, asked seldom: for what is judged before a transaction begins."""

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import text

from funnel.storage.base import REAL_NOW
from funnel.storage.transaction import Transactions

_ASKED_AGAIN_AFTER: Final = timedelta(minutes=1)

# Counts on while the machine sleeps, where the system offers such a clock.
_TICKING: Final = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def _ticks() -> float:
    return time.clock_gettime(_TICKING)


class RealClock:
    """Real time, whatever this machine's own clock says; safe to share between threads.

    A webhook's age is judged before anything is written, and a question to the database for each
    would cost the hot path a round trip. So the database is asked once a minute, and the ticks of
    this machine count on from its answer.
    """

    def __init__(self, transactions: Transactions, *, ticks: Callable[[], float] = _ticks) -> None:
        """Ask nothing yet: the first ``now`` does. ``ticks`` are seconds that never go back."""
        self._transactions = transactions
        self._ticks = ticks
        self._lock = threading.Lock()
        self._known: tuple[datetime, float] | None = None

    def now(self) -> datetime:
        """Return the present, aware UTC."""
        known = self._known
        if known is None or self._ticks() - known[1] > _ASKED_AGAIN_AFTER.total_seconds():
            return self.asked_anew()
        return known[0] + timedelta(seconds=self._ticks() - known[1])

    def asked_anew(self) -> datetime:
        """Ask the database and return the present: where a first judgement is worth a doubt."""
        with self._lock:
            with self._transactions.begin() as tx:
                now: datetime = tx.connection.execute(text(f"select {REAL_NOW}")).scalar_one()
            self._known = (now, self._ticks())
        return now
