"""Which series there are."""

from dataclasses import dataclass

from funnel.domain.series import Series
from funnel.storage import series as series_storage
from funnel.storage.transaction import Transactions


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesLine:
    """A series in a list, and how many of its sessions lie ahead."""

    series: Series
    coming: int


def list_series(transactions: Transactions) -> list[SeriesLine]:
    """Return all series, those that have ended too, the oldest first."""
    with transactions.begin() as tx:
        return [
            SeriesLine(series=each, coming=series_storage.count_coming(tx, each.id))
            for each in series_storage.list_all(tx)
        ]
