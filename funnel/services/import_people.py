"""People from another tool: a file is uploaded, tried, started, stopped.

``continue_imports`` does the work. Trying writes nothing but a verdict beside each line of the
file, and starting needs a trial: what becomes of a line can depend on a later one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from funnel.domain.errors import InvalidInputError, NotFoundError
from funnel.domain.people_import import (
    KEPT_FOR_DAYS,
    WORDING_LIMIT,
    Column,
    ImportOptions,
    ImportStatus,
    Outcome,
    check_options,
)
from funnel.domain.speech import say
from funnel.domain.step_moments import timing_for
from funnel.domain.subscriber import email_key, known_zone
from funnel.domain.text import clean_text
from funnel.intake.people_columns import guess_columns
from funnel.intake.people_csv import read_people_table
from funnel.storage import imports, sequences, sessions
from funnel.storage.audit import write_audit
from funnel.storage.imports import ImportRecord, LineOfPerson, LineRecord, NewImport
from funnel.storage.transaction import Transaction, Transactions

_FILE_NAME_LIMIT = 120
_SAMPLES = 3  # values of each column that are shown
_LOOKED_AT = 200  # lines among which they are looked for
_FORGOTTEN_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceChoice:
    """A sequence that people can begin in: its emails that count for who has no seat, by key."""

    slug: str
    title: str
    steps: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportPage:
    """One file as its page shows it.

    Attributes:
        tool: Which tool's export the header looks like.
        samples: For each column, values that stand in it.
        sums: Lines by what became of them, or what the trial says would.
    """

    record: ImportRecord
    options: ImportOptions
    tool: str
    samples: tuple[tuple[str, ...], ...]
    sequences: tuple[SequenceChoice, ...]

    @property
    def sums(self) -> dict[Outcome, int]:
        """Return how many lines have each outcome, as far as it has been gone through."""
        counts = self.record.sums.get("done" if self.record.status.has_begun else "tried", {})
        return {each: counts[each] for each in Outcome if counts.get(each)}


def upload_people(
    content: bytes, file_name: str, *, by: str, transactions: Transactions, encoding: str = ""
) -> ImportPage:
    """Keep a file of people, line by line, and guess what its columns hold.

    Raises:
        InvalidInputError: Nothing of it can be used.
    """
    table = read_people_table(content, encoding=encoding)
    guess = guess_columns(table.columns)
    lines = [
        LineRecord(
            line=each.line,
            cells=each.cells,
            outcome=each.outcome,
            reason=str(each.broken) if each.broken else "",
        )
        for each in table.lines
    ]
    broken = sum(each.broken is not None for each in table.lines)
    with transactions.begin() as tx:
        zone = _usual_zone(tx)
        new = NewImport(
            id=uuid4(),
            file_name=clean_text(file_name, limit=_FILE_NAME_LIMIT) or say("a file"),
            columns=table.columns,
            options=ImportOptions(columns=guess.columns, zone=zone).to_json(),
            sums={"read": {Outcome.BROKEN: broken}},
            by=by,
        )
        imports.add(tx, new, lines)
        write_audit(
            tx,
            by=by,
            action="people uploaded",
            target=str(new.id),
            detail={"lines": len(lines), "broken": broken, "encoding": table.encoding},
        )
        return _page(tx, _found(tx, new.id))


def read_import(import_id: UUID, transactions: Transactions) -> ImportPage:
    """Return a file as it stands.

    Raises:
        NotFoundError: No such file.
    """
    with transactions.begin_reading() as tx:
        return _page(tx, _found(tx, import_id))


def list_imports(
    transactions: Transactions, *, limit: int, before: datetime | None = None
) -> list[ImportRecord]:
    """Return the newest files, before a moment (real time) if one is given."""
    with transactions.begin_reading() as tx:
        return imports.list_newest(tx, limit=limit, before=before)


def list_lines(
    import_id: UUID,
    outcomes: Sequence[Outcome],
    transactions: Transactions,
    *,
    after: int = 0,
    limit: int = 20,
) -> list[LineRecord]:
    """Return lines with those outcomes behind one of them, in their order.

    Once people are being written, only lines that have been gone through count.
    """
    with transactions.begin_reading() as tx:
        record = _found(tx, import_id)
        up_to = record.last_line if record.status.has_begun else None
        return imports.list_lines(tx, import_id, outcomes, after=after, up_to=up_to, limit=limit)


def lines_of_address(address: str, transactions: Transactions) -> list[LineOfPerson]:
    """Return what the imports of the last weeks did with an address, the newest first.

    Raises:
        InvalidInputError: Not an address.
    """
    with transactions.begin_reading() as tx:
        return imports.lines_of_address(tx, email_key(address))


def try_import(
    import_id: UUID, options: ImportOptions, *, by: str, transactions: Transactions
) -> None:
    """Begin to say what would become of each line; ``continue_imports`` goes through them.

    Raises:
        NotFoundError: No such file.
        InvalidInputError: It cannot be read that way, or people are being written already.
    """
    with transactions.begin() as tx:
        record = _locked(tx, import_id)
        if record.status.has_begun:
            raise InvalidInputError(
                say("this file is being taken in already"),
                remedy=say("Upload it again to take it in another way: nobody comes in twice."),
            )
        checked = _checked(tx, options, record)
        imports.set_options(tx, import_id, checked.to_json())
        imports.forget_verdicts(tx, import_id)
        imports.begin(tx, import_id, ImportStatus.TRYING)
        imports.advance(
            tx, import_id, last_line=0, done=0, sums={"read": record.sums.get("read", {})}
        )
        write_audit(tx, by=by, action="import tried", target=str(import_id))


def start_import(import_id: UUID, *, by: str, transactions: Transactions) -> None:
    """Begin to write people, or go on where it was stopped.

    Raises:
        NotFoundError: No such file.
        InvalidInputError: It was not tried, or is finished.
    """
    with transactions.begin() as tx:
        record = _locked(tx, import_id)
        if record.status is ImportStatus.RUNNING:
            return
        if record.status is ImportStatus.STOPPED:
            imports.set_status(tx, import_id, ImportStatus.RUNNING)
        elif record.status is ImportStatus.TRIED:
            _check_lines_are_kept(record, tx.real_now)
            imports.begin(tx, import_id, ImportStatus.RUNNING)
        else:
            raise InvalidInputError(
                say("this file is not ready to be taken in"),
                remedy=say("Try it first: then you see what would become of each line."),
            )
        write_audit(
            tx, by=by, action="import started", target=str(import_id), detail={"at": record.done}
        )


def stop_import(import_id: UUID, *, by: str, transactions: Transactions) -> None:
    """Stop behind the batch that is under way; who was taken in stays.

    Raises:
        NotFoundError: No such file.
    """
    with transactions.begin() as tx:
        record = _locked(tx, import_id)
        if record.status is ImportStatus.RUNNING:
            imports.set_status(tx, import_id, ImportStatus.STOPPED)
            detail = {"done": record.done, "of": record.total}
            write_audit(tx, by=by, action="import stopped", target=str(import_id), detail=detail)
        elif record.status is ImportStatus.TRYING:
            imports.set_status(tx, import_id, ImportStatus.UPLOADED)


def discard_import(import_id: UUID, *, by: str, transactions: Transactions) -> None:
    """Delete a file of which nobody was taken in.

    Raises:
        NotFoundError: No such file.
        InvalidInputError: People came in by it: it stays, to say where from.
    """
    with transactions.begin() as tx:
        if _locked(tx, import_id).status.has_begun:
            raise InvalidInputError(
                say("people came in by this file"),
                remedy=say(
                    "Its lines are deleted {days} days after the upload.", days=KEPT_FOR_DAYS
                ),
            )
        imports.remove(tx, import_id)
        write_audit(tx, by=by, action="upload discarded", target=str(import_id))


def forget_imports(transactions: Transactions) -> int:
    """Delete some of the lines of files that were uploaded 30 days ago; return how many."""
    with transactions.begin() as tx:
        age = timedelta(days=KEPT_FOR_DAYS)
        return imports.forget_lines(tx, age, _FORGOTTEN_AT_ONCE)


def _check_lines_are_kept(record: ImportRecord, now: datetime) -> None:
    if record.created_at < now - timedelta(days=KEPT_FOR_DAYS):
        raise InvalidInputError(
            say("the lines of this file are not kept any more"),
            remedy=say("Upload it again: a list that old has changed since."),
        )


def _found(tx: Transaction, import_id: UUID) -> ImportRecord:
    record = imports.find(tx, import_id)
    if record is None:
        raise NotFoundError("no such import")
    return record


def _locked(tx: Transaction, import_id: UUID) -> ImportRecord:
    record = imports.lock(tx, import_id)
    if record is None:
        raise NotFoundError("no such import")
    return record


def _checked(tx: Transaction, options: ImportOptions, record: ImportRecord) -> ImportOptions:
    """Return options as they are kept, once they fit the file and what is live."""
    check_options(options, len(record.columns))
    zone = known_zone(options.zone)
    if zone is None:
        raise InvalidInputError(
            say("the time zone is not known"),
            field="zone",
            remedy=say("Choose a zone such as Europe/Berlin."),
        )
    if options.agreed_on is not None and options.agreed_on > tx.now.date():
        raise InvalidInputError(
            say("the day on which all agreed is still to come"),
            field="agreed_on",
            remedy=say("Give the day on which the last of them did."),
        )
    choices = {each.slug: {key for key, _ in each.steps} for each in _choices(tx)}
    if options.sequence and options.sequence not in choices:
        raise InvalidInputError(
            say("no sequence of that name is live"),
            field="start",
            remedy=say("Choose another place to begin, or none."),
        )
    if options.step and options.step not in choices.get(options.sequence, set()):
        raise InvalidInputError(
            say("the sequence has no such email to begin with"),
            field="start",
            remedy=say("Choose another place to begin, or none."),
        )
    return ImportOptions(
        columns=options.columns,
        zone=zone,
        is_day_first=options.is_day_first,
        agreed_on=options.agreed_on,
        topics=options.topics,
        wording=clean_text(options.wording, limit=WORDING_LIMIT),
        sequence=options.sequence,
        step=options.step,
    )


def _page(tx: Transaction, record: ImportRecord) -> ImportPage:
    lines = imports.next_lines(tx, record.id, 0, _LOOKED_AT)
    return ImportPage(
        record=record,
        options=ImportOptions.from_json(record.options),
        tool=guess_columns(record.columns).tool,
        samples=_samples(lines, len(record.columns)),
        sequences=_choices(tx),
    )


def _samples(lines: Sequence[LineRecord], columns: int) -> tuple[tuple[str, ...], ...]:
    whole = [each.cells for each in lines if each.outcome is not Outcome.BROKEN and each.cells]
    return tuple(
        tuple(dict.fromkeys(cells[place] for cells in whole if cells[place].strip()))[:_SAMPLES]
        for place in range(columns)
    )


def _choices(tx: Transaction) -> tuple[SequenceChoice, ...]:
    """Return the live sequences, with the emails that count for somebody without a seat."""
    found = []
    for each in sequences.list_sequences(tx):
        version = sequences.read_definition(tx, each.live_version_id)
        steps = (
            (step.key, step.known_as)
            for step in version.steps
            if timing_for(step, None) is not None
        )
        found.append(SequenceChoice(slug=each.slug, title=each.title, steps=tuple(steps)))
    return tuple(found)


def _usual_zone(tx: Transaction) -> str:
    """Return the zone in which the next dates are announced: the best guess where nobody says."""
    zones = (sessions.zone_of_sequence(tx, each.id) for each in sequences.list_sequences(tx))
    return next((each for each in zones if each), "UTC")


def columns_of(values: Sequence[str]) -> tuple[Column, ...]:
    """Return columns as a form or a command names them; unknown words are left out."""
    return tuple(Column(each) if each in set(Column) else Column.NOTHING for each in values)
