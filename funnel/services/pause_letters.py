"""A person's own pause of the letters: emails of a seat go on, and consents stay as they are."""

from calendar import monthrange
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

from funnel.domain.errors import NotFoundError
from funnel.domain.speech import mark
from funnel.domain.subscriber import Subscriber
from funnel.domain.timing import local_day, local_moment
from funnel.services.plan_enrollments import plan_enrollments
from funnel.storage import runs, subscribers
from funnel.storage.audit import write_audit
from funnel.storage.transaction import Transaction, Transactions

_THE_PERSON = "the person"


class PauseLength(StrEnum):
    """How long a person may pause; who wants longer stops the letters."""

    WEEK = mark("1 week")
    FORTNIGHT = mark("2 weeks")
    MONTH = mark("a month")

    def after(self, day: date) -> date:
        """Return the day on which a pause of this length, begun on ``day``, is over."""
        weeks = {PauseLength.WEEK: 1, PauseLength.FORTNIGHT: 2}.get(self)
        if weeks is not None:
            return day + timedelta(weeks=weeks)
        year, month = divmod(day.year * 12 + day.month, 12)
        # The 31st becomes the last day of a shorter month.
        return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def pause_letters(
    subscriber_id: UUID,
    length: PauseLength,
    transactions: Transactions,
    *,
    by: str = _THE_PERSON,
) -> datetime:
    """Let no letter leave for a while, counted anew from now; return until when (aware, plan time).

    It ends as the day begins in the person's zone. Letters then come on their usual days, one a
    day at most. The audit log names ``by``, who asked for it.

    Raises:
        NotFoundError: No such person, or one that is forgotten.
    """
    with transactions.begin() as tx:
        person = _locked(tx, subscriber_id)
        zone = ZoneInfo(person.zone)
        until = local_moment(length.after(local_day(tx.now, zone)), time(0), zone)
        _write(tx, person, until, by=by)
        return until


def resume_letters(
    subscriber_id: UUID, transactions: Transactions, *, by: str = _THE_PERSON
) -> None:
    """End a pause; the letters go on as they would without one. The audit log names ``by``.

    Raises:
        NotFoundError: No such person, or one that is forgotten.
    """
    with transactions.begin() as tx:
        _write(tx, _locked(tx, subscriber_id), None, by=by)


def _locked(tx: Transaction, subscriber_id: UUID) -> Subscriber:
    subscribers.lock(tx, [subscriber_id])
    person = subscribers.find(tx, subscriber_id)
    if person is None or not person.email:
        raise NotFoundError("no such person")
    return person


def _write(tx: Transaction, person: Subscriber, until: datetime | None, *, by: str) -> None:
    subscribers.pause_letters(tx, person.id, until)
    write_audit(
        tx,
        by=by,
        action="letters paused" if until else "letters resumed",
        target=str(person.id),
        detail={"until": until.isoformat()} if until else None,
    )
    plan_enrollments(tx, runs.active_ids(tx, person.id))
