"""Who holds a seat in a date, and to whom of them its host may want to write."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from funnel.domain.text import clean_text
from funnel.storage import seat_lines
from funnel.storage.seat_lines import SeatLine, WarmPerson
from funnel.storage.transaction import Transactions

PAGE = 25
_SHORTEST = 2  # characters; one alone begins too many names
_LONGEST = 100
_WARM_PAGE = 50
_WARM_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatPlace:
    """The last seat of a page: where the next one begins.

    Attributes:
        key: An ISO moment in the list of the newest, an address among those found by name.
    """

    key: str
    id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatList:
    """One page of seats; ``asked`` is what was looked for, as it was understood."""

    asked: str
    is_too_short: bool
    lines: tuple[SeatLine, ...]
    following: SeatPlace | None


def list_seats(
    session_id: UUID,
    transactions: Transactions,
    *,
    asked: str = "",
    after: SeatPlace | None = None,
) -> SeatList:
    """Return seats that are held, the newest first, or those of people who begin with ``asked``.

    Args:
        session_id: The date.
        transactions: One is opened, to read.
        asked: The beginning of a full name, of a last name or of an address, in any case.
        after: The last seat of the page before.
    """
    begins = clean_text(asked, limit=_LONGEST)
    if begins and len(begins) < _SHORTEST:
        return SeatList(asked=begins, is_too_short=True, lines=(), following=None)
    with transactions.begin_reading() as tx:
        if begins:
            place = (after.key, after.id) if after else None
            found = seat_lines.list_beginning(tx, session_id, begins, limit=PAGE + 1, after=place)
        else:
            since = (datetime.fromisoformat(after.key), after.id) if after else None
            found = seat_lines.list_newest(tx, session_id, limit=PAGE + 1, after=since)
    shown = tuple(found[:PAGE])
    following = _place(shown[-1], by_name=bool(begins)) if len(found) > PAGE else None
    return SeatList(asked=begins, is_too_short=False, lines=shown, following=following)


def _place(line: SeatLine, *, by_name: bool) -> SeatPlace:
    return SeatPlace(key=line.key if by_name else line.registered_at.isoformat(), id=line.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmList:
    """One page of people to write to; ``following``: the last seat of it, if there is more."""

    people: tuple[WarmPerson, ...]
    following: UUID | None


def list_warm(
    session_id: UUID, transactions: Transactions, *, after: UUID | None = None
) -> WarmList:
    """Return who came, clicked a link of an email and has not booked.

    Whoever must not be written to is not among them.
    """
    with transactions.begin_reading() as tx:
        found = seat_lines.list_warm(tx, session_id, limit=_WARM_PAGE + 1, after=after)
    shown = tuple(found[:_WARM_PAGE])
    return WarmList(people=shown, following=shown[-1].seat_id if len(found) > _WARM_PAGE else None)


def each_warm(session_id: UUID, transactions: Transactions) -> Iterator[WarmPerson]:
    """Yield all of them, read in bounded steps: for a file."""
    after: UUID | None = None
    while True:
        with transactions.begin_reading() as tx:
            found = seat_lines.list_warm(tx, session_id, limit=_WARM_AT_ONCE, after=after)
        yield from found
        if len(found) < _WARM_AT_ONCE:
            return
        after = found[-1].seat_id
