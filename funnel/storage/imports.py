"""Files of people and their lines: uploaded, tried, taken in; kept for a while."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, func, insert, select, text, update

from funnel.domain.people_import import ImportStatus, Outcome
from funnel.storage.rows import as_json
from funnel.storage.studio_tables import ImportLineRow, ImportRow
from funnel.storage.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRecord:
    """One file; moments are real time.

    Attributes:
        total: Its rows, the broken ones too.
        done: Of those, gone through since it was last started or tried.
        last_line: The last of them.
        sums: Rows by what became of them, under "tried" and "done".
    """

    id: UUID
    file_name: str
    columns: Sequence[str]
    options: Mapping[str, Any]
    status: ImportStatus
    total: int
    done: int
    last_line: int
    sums: Mapping[str, Mapping[str, int]]
    by: str
    created_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LineRecord:
    """One row of a file; ``reason`` is a code, see ``domain/people_import.Reason``."""

    line: int
    cells: Sequence[str]
    outcome: Outcome | None = None
    reason: str = ""
    email_key: str | None = None
    subscriber_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LineVerdict:
    """What became of a line, or would."""

    line: int
    outcome: Outcome
    reason: str = ""
    email_key: str | None = None
    subscriber_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LineOfPerson:
    """A line about somebody, with the file that it stands in.

    Attributes:
        sequence: Into which the file's people were put, by its slug; "": into none.
    """

    import_id: UUID
    file_name: str
    by: str
    at: datetime
    line: int
    outcome: Outcome
    reason: str
    sequence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewImport:
    """A file that was uploaded."""

    id: UUID
    file_name: str
    columns: Sequence[str]
    options: Mapping[str, Any]
    sums: Mapping[str, Mapping[str, int]]
    by: str


def add(tx: Transaction, new: NewImport, lines: Sequence[LineRecord]) -> None:
    """Write a file with its rows."""
    tx.connection.execute(
        insert(ImportRow).values(
            id=new.id,
            file_name=new.file_name,
            columns=list(new.columns),
            options=dict(new.options),
            sums=dict(new.sums),
            total=len(lines),
            by=new.by,
        )
    )
    # COPY: two hundred thousand rows in two seconds, where statements take a minute.
    connection = tx.connection.connection.driver_connection
    if connection is None:
        return
    with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        for each in lines:
            copy.write_row((new.id, each.line, list(each.cells), each.outcome, each.reason))


_COPY = "copy import_lines (import_id, line, cells, outcome, reason) from stdin"


def find(tx: Transaction, import_id: UUID) -> ImportRecord | None:
    """Return a file."""
    row = tx.connection.execute(_select().where(ImportRow.id == import_id)).one_or_none()
    return None if row is None else _record(row)


def lock(tx: Transaction, import_id: UUID) -> ImportRecord | None:
    """Lock a file, waiting for the batch that is under way, and return it as it is then."""
    row = tx.connection.execute(
        select(ImportRow.id).where(ImportRow.id == import_id).with_for_update()
    ).one_or_none()
    return None if row is None else find(tx, import_id)


def claim_open(tx: Transaction, import_id: UUID | None = None) -> ImportRecord | None:
    """Lock and return the oldest file (or the named one) that a worker is to go on with.

    ``None``: there is none, or somebody else is at it.
    """
    open_ = [each for each in ImportStatus if each.is_open]
    oldest = select(ImportRow.id).where(ImportRow.status.in_(open_))
    if import_id is not None:
        oldest = oldest.where(ImportRow.id == import_id)
    oldest = oldest.order_by(ImportRow.created_at).limit(1).with_for_update(skip_locked=True)
    found = tx.connection.execute(oldest).scalar()
    return None if found is None else find(tx, found)


def list_newest(
    tx: Transaction, *, limit: int, before: datetime | None = None
) -> list[ImportRecord]:
    """Return the newest files, before a moment (real time) if one is given."""
    newest = _select().order_by(ImportRow.created_at.desc(), ImportRow.id.desc()).limit(limit)
    if before is not None:
        newest = newest.where(ImportRow.created_at < before)
    return [_record(row) for row in tx.connection.execute(newest)]


def set_options(tx: Transaction, import_id: UUID, options: Mapping[str, Any]) -> None:
    """Write how a file is to be read."""
    _change(tx, import_id, {"options": dict(options)})


def begin(tx: Transaction, import_id: UUID, status: ImportStatus) -> None:
    """Begin at the first line."""
    _change(tx, import_id, {"status": status, "done": 0, "last_line": 0, "finished_at": None})


def set_status(tx: Transaction, import_id: UUID, status: ImportStatus) -> None:
    """Write how a file stands; what is finished says when (real time)."""
    is_over = status is ImportStatus.FINISHED
    _change(tx, import_id, {"status": status, "finished_at": tx.real_now if is_over else None})


def advance(
    tx: Transaction,
    import_id: UUID,
    *,
    last_line: int,
    done: int,
    sums: Mapping[str, Mapping[str, int]],
) -> None:
    """Write how far it is."""
    changes = {"last_line": last_line, "done": done, "sums": {k: dict(v) for k, v in sums.items()}}
    _change(tx, import_id, changes)


def next_lines(tx: Transaction, import_id: UUID, after: int, limit: int) -> list[LineRecord]:
    """Return the next rows of a file, the broken ones too."""
    statement = (
        _lines().where(ImportLineRow.import_id == import_id, ImportLineRow.line > after)
    ).order_by(ImportLineRow.line)
    return [_line(row) for row in tx.connection.execute(statement.limit(limit))]


def list_lines(
    tx: Transaction,
    import_id: UUID,
    outcomes: Sequence[Outcome],
    *,
    after: int,
    up_to: int | None,
    limit: int,
) -> list[LineRecord]:
    """Return rows of those outcomes behind a line, up to another one where it is given."""
    found: list[LineRecord] = []
    for outcome in outcomes:
        statement = _lines().where(
            ImportLineRow.import_id == import_id,
            ImportLineRow.outcome == outcome,
            ImportLineRow.line > after,
        )
        if up_to is not None:
            statement = statement.where(ImportLineRow.line <= up_to)
        statement = statement.order_by(ImportLineRow.line).limit(limit)
        found.extend(_line(row) for row in tx.connection.execute(statement))
    return sorted(found, key=lambda each: each.line)[:limit]


def same_addresses(
    tx: Transaction, import_id: UUID, keys: Sequence[str]
) -> list[tuple[str, int, Outcome]]:
    """Return the lines of a file with those addresses that were judged, the first ones first."""
    rows = tx.connection.execute(
        select(ImportLineRow.email_key, ImportLineRow.line, ImportLineRow.outcome)
        .where(
            ImportLineRow.email_key.in_(keys),
            ImportLineRow.import_id == import_id,
            ImportLineRow.outcome.is_not(None),
        )
        .order_by(ImportLineRow.line)
    )
    return [(row.email_key, row.line, Outcome(row.outcome)) for row in rows]


def forget_verdicts(tx: Transaction, import_id: UUID) -> None:
    """Take back what a trial said of the rows; the broken ones stay broken."""
    tx.connection.execute(
        update(ImportLineRow)
        .where(
            ImportLineRow.import_id == import_id,
            ImportLineRow.outcome.is_not(None),
            ImportLineRow.outcome != Outcome.BROKEN,
        )
        .values(outcome=None, reason="", email_key=None, subscriber_id=None)
    )


def save_verdicts(tx: Transaction, import_id: UUID, verdicts: Iterable[LineVerdict]) -> None:
    """Write what became of rows; one whose person was erased meanwhile stays empty."""
    rows = as_json(
        {name: getattr(each, name) for name in LineVerdict.__slots__} for each in verdicts
    )
    tx.connection.execute(_SAVE_VERDICTS, {"id": import_id, "rows": rows})


_SAVE_VERDICTS = text(
    """
    update import_lines l set outcome = r.outcome, reason = r.reason, email_key = r.email_key,
           subscriber_id = r.subscriber_id
    from json_to_recordset(cast(:rows as json)) as r(
        line integer, outcome text, reason text, email_key text, subscriber_id uuid)
    where l.import_id = :id and l.line = r.line and l.cells <> '{}'
    """
)


def heed_later_nos(tx: Transaction, import_id: UUID) -> None:
    """After a trial: whoever says no in a later line is not taken in an earlier one."""
    tx.connection.execute(_HEED_LATER_NOS, {"id": import_id})


_HEED_LATER_NOS = text(
    """
    update import_lines l set outcome = 'twice', reason = 'left in another line: ' || n.line
    from (select email_key, min(line) as line from import_lines
          where import_id = :id and outcome = 'to the list' group by email_key) n
    where l.import_id = :id and l.email_key = n.email_key
      and l.outcome in ('new', 'updated', 'unchanged')
    """
)


def count_outcomes(tx: Transaction, import_id: UUID) -> dict[str, int]:
    """Return how many rows have each outcome."""
    rows = tx.connection.execute(
        select(ImportLineRow.outcome, func.count())
        .where(ImportLineRow.import_id == import_id, ImportLineRow.outcome.is_not(None))
        .group_by(ImportLineRow.outcome)
    )
    return {outcome: count for outcome, count in rows if outcome is not None}


def lines_of_address(tx: Transaction, email_key: str, limit: int = 20) -> list[LineOfPerson]:
    """Return what files that were taken in say of an address, the newest file first."""
    statement = (
        select(
            ImportRow.id.label("import_id"),
            ImportRow.file_name,
            ImportRow.by,
            func.coalesce(ImportRow.finished_at, ImportRow.created_at).label("at"),
            ImportLineRow.line,
            ImportLineRow.outcome,
            ImportLineRow.reason,
            func.coalesce(ImportRow.options["sequence"].astext, "").label("sequence"),
        )
        .join(ImportRow, ImportRow.id == ImportLineRow.import_id)
        .where(
            ImportLineRow.email_key == email_key,
            ImportLineRow.outcome.is_not(None),
            ImportRow.status.in_([each for each in ImportStatus if each.has_begun]),
            ImportLineRow.line <= ImportRow.last_line,
        )
        .order_by(ImportRow.created_at.desc(), ImportLineRow.line)
        .limit(limit)
    )
    rows = tx.connection.execute(statement).mappings()
    return [LineOfPerson(**{**row, "outcome": Outcome(row["outcome"])}) for row in rows]


def forget_lines(tx: Transaction, older_than: timedelta, limit: int) -> int:
    """Delete rows of files that were uploaded so long ago (real time), unless one is under way."""
    done = tx.connection.execute(_FORGET_LINES, {"age": older_than, "limit": limit})
    return done.rowcount


_FORGET_LINES = text(
    """
    delete from import_lines l using (
        select l.import_id, l.line from imports i join import_lines l on l.import_id = i.id
        where i.created_at < now() - cast(:age as interval)
          and i.status not in ('trying', 'running')
        limit :limit
    ) old
    where l.import_id = old.import_id and l.line = old.line
    """
)


def remove(tx: Transaction, import_id: UUID) -> None:
    """Delete a file that nobody was taken in from, with its rows."""
    tx.connection.execute(delete(ImportRow).where(ImportRow.id == import_id))


def _change(tx: Transaction, import_id: UUID, changes: Mapping[str, Any]) -> None:
    tx.connection.execute(update(ImportRow).where(ImportRow.id == import_id).values(**changes))


def _select() -> Any:  # noqa: ANN401  (its type is as long as the table)
    return select(*(getattr(ImportRow, name) for name in ImportRecord.__slots__))


def _record(row: Row[Any]) -> ImportRecord:
    values = dict(row._mapping)  # noqa: SLF001  (the public name of it in SQLAlchemy)
    return ImportRecord(**{**values, "status": ImportStatus(values["status"])})


def _lines() -> Any:  # noqa: ANN401  (as above)
    return select(*(getattr(ImportLineRow, name) for name in LineRecord.__slots__))


def _line(row: Row[Any]) -> LineRecord:
    values = dict(row._mapping)  # noqa: SLF001  (as above)
    outcome = values["outcome"]
    return LineRecord(**{**values, "outcome": None if outcome is None else Outcome(outcome)})
