"""How often somebody may ask: counted in this process, forgotten when it ends.

Only against floods. What must hold whatever happens, such as mails per address, is counted in the
database; several web processes allow that many times more here.
"""

import ipaddress
import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import timedelta
from math import ceil

_MOST_KEYS = 10_000
_HOUSEHOLD_BITS = 64  # one customer of an IPv6 network owns all addresses below that prefix


class SlidingWindow:
    """Counts what each key did within the time that has just passed; safe between threads."""

    def __init__(
        self,
        over: timedelta,
        *,
        most_keys: int = _MOST_KEYS,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        """Count over that time; ``ticks`` are seconds that never go back."""
        self._over = over.total_seconds()
        self._most_keys = most_keys
        self._ticks = ticks
        self._lock = threading.Lock()
        self._taken: dict[str, deque[float]] = {}

    def take(self, key: str, *, most: int) -> int | None:
        """Count one more of ``key``; return ``None``, or after how many seconds it may come again.

        What is refused is not counted: who keeps asking is let in when their time comes.
        """
        now = self._ticks()
        with self._lock:
            taken = self._taken.get(key)
            if taken is None:
                self._make_room(now)
                taken = self._taken[key] = deque()
            while taken and taken[0] <= now - self._over:
                taken.popleft()
            if len(taken) >= most:
                return max(1, ceil(taken[0] + self._over - now))
            taken.append(now)
            return None

    def _make_room(self, now: float) -> None:
        if len(self._taken) < self._most_keys:
            return
        fresh = {
            key: taken
            for key, taken in self._taken.items()
            if taken and taken[-1] > now - self._over
        }
        # All of them fresh: somebody walks through addresses. Remembering none is better than
        # growing without end, and the per-source limit still counts.
        self._taken = fresh if len(fresh) < self._most_keys else {}


def network_of(ip: str | None) -> str:
    """Return what one visitor's limits count by: an IPv4 address, or an IPv6 network of /64."""
    if ip is None:
        return "unknown"
    address = ipaddress.ip_address(ip)
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, _HOUSEHOLD_BITS), strict=False))
    return str(address)
