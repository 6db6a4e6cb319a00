"""How many messages are opened at once: as many as leave soon after."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

# The promise is that an unsubscribe committed before the open is honoured. What was opened and has
# not begun to leave after that long is looked at again.
OPEN_LASTS: Final = timedelta(seconds=2)
# A slice is made to last a little less, so that a rate which was overestimated by a third still
# fits.
_WORTH_SECONDS = OPEN_LASTS.total_seconds() * 0.75
# However fast the server: memory, and the locks of one transaction, are bounded.
MOST_AT_ONCE: Final = 250
# One fast slice proves little about the next one.
_MOST_GROWTH = 8


@dataclass(slots=True)
class SlicePace:
    """How fast messages left lately, and how many of them make a slice.

    Attributes:
        per_second: Messages handed over a second; ``None`` until the first were.
    """

    per_second: float | None = None

    def size(self, connections: int) -> int:
        """Return how many messages to open now.

        Args:
            connections: Messages that leave at the same time: all of them begin at once, so fewer
                would only leave connections idle. Nothing but so many is opened as long as the
                server's speed is not known.
        """
        worth = 0 if self.per_second is None else int(self.per_second * _WORTH_SECONDS)
        return max(1, min(max(worth, connections), MOST_AT_ONCE))

    def note(self, handed_over: int, lasted: timedelta) -> None:
        """Take in how long the messages of a slice took; a slower server is believed at once."""
        if handed_over == 0:
            return
        seen = handed_over / max(lasted.total_seconds(), 0.001)
        if self.per_second is not None:
            seen = min(seen, self.per_second * _MOST_GROWTH)
        self.per_second = seen
