"""Sessions as a page offers them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from funnel.domain.signup import SessionOffer
from funnel.web.moments import Span, span_of


@dataclass(frozen=True, slots=True, kw_only=True)
class DateChoice:
    """One date to choose; ``seats_left`` is ``None`` where seats are not limited."""

    id: str
    span: Span
    seats_left: int | None

    @property
    def is_full(self) -> bool:
        """Whether nobody can take it any more."""
        return self.seats_left is not None and self.seats_left <= 0


def date_choices(offers: Iterable[SessionOffer], zone: str, now: datetime) -> list[DateChoice]:
    """Return the dates in the reader's zone; ``now`` is plan time."""
    return [
        DateChoice(
            id=str(each.session.id),
            span=span_of(each.session, zone, now),
            seats_left=each.seats_left,
        )
        for each in offers
    ]
