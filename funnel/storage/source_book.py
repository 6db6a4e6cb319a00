"""Sources as the doors ask for them: by name, often, and by anybody."""

import re
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Final, Generic, Protocol, TypeVar

from funnel.storage.transaction import Transaction, Transactions

_KNOWN_FOR: Final = timedelta(seconds=5)
_MOST_KNOWN: Final = 1000
_SLUG: Final = re.compile(r"[a-z0-9-]{1,64}")


class _Switched(Protocol):
    """What can be switched off."""

    @property
    def is_active(self) -> bool: ...


AnySource = TypeVar("AnySource", bound=_Switched)


class SourceBook(Generic[AnySource]):
    """Sources by name, each read again after 5 s: a new secret counts within that time."""

    def __init__(
        self,
        transactions: Transactions,
        read: Callable[[Transaction, str], AnySource | None],
        *,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        """Read nothing yet; ``ticks`` are seconds that never go back."""
        self._transactions = transactions
        self._read = read
        self._ticks = ticks
        self._lock = threading.Lock()
        self._known: dict[str, tuple[AnySource | None, float]] = {}

    def find(self, slug: str) -> AnySource | None:
        """Return the active source of that name; strangers ask for anything."""
        if not _SLUG.fullmatch(slug):
            return None
        found = self._known.get(slug)
        if found is not None and self._ticks() < found[1]:
            return found[0]
        with self._transactions.begin() as tx:
            source = self._read(tx, slug)
        if source is not None and not source.is_active:
            source = None
        with self._lock:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[slug] = (source, self._ticks() + _KNOWN_FOR.total_seconds())
        return source
