"""Keep the next sessions of every series there, so that people can take a seat in them."""

from dataclasses import dataclass
from uuid import UUID, uuid4

import structlog

from funnel.domain.recurrence import Occurrence
from funnel.domain.series import Series
from funnel.domain.session import Session
from funnel.storage import series as series_storage
from funnel.storage import sessions
from funnel.storage.transaction import Transaction, Transactions

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class SkippedDay:
    """A day of a series without a session: another one is held at that time."""

    occurrence: Occurrence
    other: Session


@dataclass(frozen=True, slots=True, kw_only=True)
class FilledSeries:
    """What one look at a series came to; ``notes`` say what is odd about an hour."""

    series: Series
    made: tuple[Session, ...] = ()
    skipped: tuple[SkippedDay, ...] = ()
    notes: tuple[str, ...] = ()


def fill_series(transactions: Transactions) -> list[FilledSeries]:
    """Make the sessions that are missing, of every series that has not ended.

    Idempotent: a day is made once, whatever becomes of its session; one that was moved or
    cancelled is not made again. A day on which another session of the sequence is held is left
    out as long as that is so. What happens next to a series changes nothing about its sessions:
    each is a session like any other.
    """
    with transactions.begin() as tx:
        found = series_storage.list_all(tx, only_open=True)
    filled = []
    for each in found:
        with transactions.begin() as tx:
            filled.append(fill_one(tx, each.sequence_id, each.id))
    return [each for each in filled if each is not None]


def fill_one(tx: Transaction, sequence_id: UUID, series_id: UUID) -> FilledSeries | None:
    """Make the missing sessions of one series in this transaction; ``None``: it has ended."""
    # As where a session is added by hand: they must see each other.
    sessions.lock_sequence(tx, sequence_id)
    series = series_storage.lock(tx, series_id)
    if series is None or series.ended_at is not None:
        return None
    missing = series.ahead - series_storage.count_coming(tx, series_id)
    made_before = series_storage.made_days(tx, series_id)
    made: list[Session] = []
    skipped: list[SkippedDay] = []
    notes: list[str] = []
    for occurrence in series.occurrences(tx.now):
        if len(made) >= missing:
            break
        if occurrence.on in made_before:
            continue
        session = _session(series, occurrence)
        other = sessions.overlapping(tx, sequence_id, session.starts_at, session.ends_at)
        if other is not None:
            skipped.append(SkippedDay(occurrence=occurrence, other=other))
            continue
        sessions.add(
            tx,
            sequence_id,
            session,
            clicks_count=series.clicks_count,
            occurrence=(series_id, occurrence.on),
        )
        made.append(session)
        notes.extend([occurrence.note] if occurrence.note else [])
    if made:
        log.info("series.filled", series_id=str(series_id), made=len(made), skipped=len(skipped))
    return FilledSeries(series=series, made=tuple(made), skipped=tuple(skipped), notes=tuple(notes))


def _session(series: Series, occurrence: Occurrence) -> Session:
    return Session(
        id=uuid4(),
        title=series.title,
        starts_at=occurrence.starts_at,
        ends_at=occurrence.starts_at + series.length,
        zone=series.zone,
        seats=series.seats,
        join_url=series.join_url,
    )
