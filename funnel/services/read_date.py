"""All that the page of one date shows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from funnel.domain.errors import NotFoundError
from funnel.domain.session import Attendance, Session
from funnel.domain.session_dates import mark_of
from funnel.storage import date_lines, replans, seat_lines
from funnel.storage.date_lines import DateLine
from funnel.storage.replans import Replan
from funnel.storage.transaction import Transaction, Transactions


@dataclass(frozen=True, slots=True, kw_only=True)
class DatePage:
    """One date.

    Attributes:
        attendance: How many came, did not, and of how many it is not known.
        replan: The planning of its people that is under way, or the last one; ``None``: never.
        start_before: When it began before it was last moved.
        mark: What a form gives back, so that it decides about what it has shown.
        example: A run whose person holds a seat, to draw a calendar of; ``None`` where nobody does.
        now: Plan time, aware UTC.
    """

    line: DateLine
    attendance: Mapping[Attendance, int]
    replan: Replan | None
    start_before: datetime | None
    mark: str
    example: UUID | None
    now: datetime

    @property
    def session(self) -> Session:
        """The session itself."""
        return self.line.session

    @property
    def is_movable(self) -> bool:
        """Whether it may still get another day, or be called off."""
        return self.session.cancelled_at is None and self.session.starts_at > self.now

    @property
    def is_over(self) -> bool:
        """Whether it has been held."""
        return self.session.cancelled_at is None and self.session.ends_at <= self.now


def read_date(
    session_id: UUID, transactions: Transactions, *, run_id: UUID | None = None
) -> DatePage:
    """Return one date; ``run_id`` names whose calendar is the example.

    Raises:
        NotFoundError: No such session; or that run holds no seat in it.
    """
    with transactions.begin_reading() as tx:
        line = date_lines.find(tx, session_id)
        if line is None:
            raise NotFoundError("no such session")
        example = seat_lines.an_example(tx, session_id, run_id)
        if run_id is not None and example is None:
            raise NotFoundError("that run holds no seat in it")
        return _page(tx, line, example)


def _page(tx: Transaction, line: DateLine, example: UUID | None) -> DatePage:
    session = line.session
    moved = replans.find_last_move(tx, session.id)
    return DatePage(
        line=line,
        attendance=seat_lines.count_attendance(tx, session.id),
        replan=replans.find_last_of_session(tx, session.id),
        start_before=moved.changes[-1].former.starts_at if moved and moved.changes else None,
        mark=mark_of(session, platform_id=line.platform_id, clicks_count=line.clicks_count),
        example=example,
        now=tx.now,
    )
