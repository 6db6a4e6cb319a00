"""Add a series of sessions that come again by a rule, end it, and let it go on."""

from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from funnel.domain.errors import InvalidInputError, NotFoundError
from funnel.domain.mistakes import Mistakes
from funnel.domain.series import NewSeries, Series, check_series
from funnel.domain.speech import say
from funnel.domain.subscriber import known_zone
from funnel.services.fill_series import FilledSeries, fill_one
from funnel.storage import sequences, sessions
from funnel.storage import series as series_storage
from funnel.storage.audit import write_audit
from funnel.storage.transaction import Transactions


def add_series(
    new: NewSeries,
    transactions: Transactions,
    *,
    by: str,
    is_trial: bool = False,
    mistakes: Mistakes | None = None,
) -> FilledSeries:
    """Write a series, make its next sessions, and return both; of a trial nothing stays.

    Args:
        new: As it is asked for.
        transactions: One is opened.
        by: Who asks, for the audit.
        is_trial: Write nothing.
        mistakes: What could not be read of it: said with all else that is wrong.

    Raises:
        NotFoundError: No such sequence.
        InvalidInputError: The rule cannot be read, or no session of it can be held.
    """
    rule = check_series(new, mistakes)
    with transactions.begin() as tx:
        sequence = sequences.find_sequence(tx, new.sequence_slug)
        if sequence is None:
            raise NotFoundError(f"there is no sequence “{new.sequence_slug}”")
        zone = known_zone(new.zone) or new.zone
        series = Series(
            id=uuid4(),
            sequence_id=sequence.id,
            rule=rule,
            zone=zone,
            title=new.title,
            length=new.length,
            begins_on=new.begins_on or tx.now.astimezone(ZoneInfo(zone)).date(),
            seats=new.seats,
            join_url=new.join_url,
            clicks_count=new.clicks_count,
            ahead=new.ahead,
            ends_on=new.ends_on,
        )
        if next(series.occurrences(tx.now), None) is None:
            raise InvalidInputError(
                say("no session of the series lies ahead"),
                field="until",
                remedy=say(
                    "Look at its first and last day; none is added for more than three years."
                ),
            )
        series_storage.add(tx, series)
        write_audit(tx, by=by, action="series.add", target=str(series.id))
        filled = fill_one(tx, sequence.id, series.id) or FilledSeries(series=series)
        if is_trial:
            tx.undo()
        return filled


def end_series(series_id: UUID, transactions: Transactions, *, by: str) -> Series:
    """Make no further session of a series; those that are there stay. Again changes nothing.

    Raises:
        NotFoundError: No such series.
    """
    with transactions.begin() as tx:
        series = series_storage.lock(tx, series_id)
        if series is None:
            raise NotFoundError("no such series")
        if series.ended_at is None:
            series_storage.end(tx, series_id)
            write_audit(tx, by=by, action="series.end", target=str(series_id))
        return series_storage.lock(tx, series_id) or series


def resume_series(series_id: UUID, transactions: Transactions, *, by: str) -> FilledSeries:
    """Take the end of a series back, and make the sessions that are missing now.

    Raises:
        NotFoundError: No such series.
    """
    with transactions.begin() as tx:
        found = series_storage.find(tx, series_id)
        if found is None:
            raise NotFoundError("no such series")
        # The sequence before the series, as where its sessions are made.
        sessions.lock_sequence(tx, found.sequence_id)
        series = series_storage.lock(tx, series_id) or found
        if series.ended_at is not None:
            series_storage.resume(tx, series_id)
            write_audit(tx, by=by, action="series.resume", target=str(series_id))
        return fill_one(tx, series.sequence_id, series_id) or FilledSeries(series=series)
