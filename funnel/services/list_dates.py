"""Which dates come, and which were, of all sequences: page by page."""

from dataclasses import dataclass
from datetime import datetime

from funnel.storage import date_lines
from funnel.storage.date_lines import DateLine, Place
from funnel.storage.transaction import Transactions

PAGE = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class DateList:
    """One page.

    Attributes:
        following: Where the next page begins; ``None``: this was the last.
        now: Plan time, aware UTC.
    """

    lines: tuple[DateLine, ...]
    following: Place | None
    now: datetime


def list_dates(
    transactions: Transactions, *, is_past: bool = False, after: Place | None = None
) -> DateList:
    """Return dates that are not over, the next first; or those that are, the latest first."""
    with transactions.begin_reading() as tx:
        lister = date_lines.list_past if is_past else date_lines.list_coming
        found = lister(tx, limit=PAGE + 1, after=after)
        shown = tuple(found[:PAGE])
        last = shown[-1].session if len(found) > PAGE else None
        return DateList(
            lines=shown,
            following=(last.starts_at, last.id) if last else None,
            now=tx.now,
        )
