"""The schedule in memory, and few words where the broker does not take its ticks.

Celery logs two tracebacks for each tick that it could not hand over, a dozen ticks a second: an
hour without a broker, or with one that is full, makes a log of hundreds of megabytes.
"""

from time import monotonic
from typing import Any

import structlog
from celery.beat import ScheduleEntry, Scheduler, SchedulingError

log = structlog.get_logger()

_SAID_AGAIN_AFTER_SECONDS = 10.0


class PlainScheduler(Scheduler):
    """Says why ticks are not taken when that begins, every ten seconds of it, and when it ends.

    The default one, which writes a file into the working folder, keeps nothing worth keeping here.
    """

    _missed = 0
    _said_at = float("-inf")

    def adjust(self, n: Any, drift: float = 0.0) -> Any:  # noqa: ANN401  (as its base)
        """Return when an entry is due, and not ten milliseconds before, as its base does.

        Beat asks again and again from then until it is due: half of all that it used.
        """
        return n + drift if n else n

    def apply_entry(self, entry: ScheduleEntry, producer: Any = None) -> None:  # noqa: ANN401  (as its base)
        """Hand one tick to the broker; one that is not taken is not made up for."""
        try:
            self.apply_async(entry, producer=producer, advance=False)
        except SchedulingError as error:
            self._missed += 1
            self._say(str(error))
        else:
            if self._missed:
                log.warning("ticks.taken_again", missed=self._missed)
            self._missed, self._said_at = 0, float("-inf")

    def _say(self, why: str) -> None:
        if monotonic() - self._said_at >= _SAID_AGAIN_AFTER_SECONDS:
            self._said_at = monotonic()
            log.warning("ticks.not_taken", why=why, missed=self._missed)
