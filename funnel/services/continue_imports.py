"""Go through the lines of an import, batch by batch: a trial, or people written for good.

A batch is one short transaction under the lock of the import's row, and where to go on stands in
that row: whoever is killed in the middle has done a batch or none of it, and a second worker finds
the row locked and goes away.
"""

import sys
from collections import Counter
from collections.abc import Mapping
from uuid import UUID

import structlog

from funnel.domain.people_import import ImportStatus, Outcome
from funnel.services.take_people import judge_lines, take_lines
from funnel.storage import imports
from funnel.storage.imports import ImportRecord, LineRecord
from funnel.storage.transaction import Transaction, Transactions

log = structlog.get_logger()

# People in one transaction: it holds their locks, and somebody may be signing up.
PEOPLE_AT_ONCE = 100
_LINES_TRIED_AT_ONCE = 1_000


def continue_imports(
    transactions: Transactions,
    *,
    hash_key: bytes,
    most_batches: int | None = None,
    only: UUID | None = None,
) -> int:
    """Go on with the oldest import that is open, and return how many batches were done.

    Safe to call at any time, by any number of workers, and after a crash at any point.

    Args:
        transactions: One is opened for each batch.
        hash_key: The secret under which those who were erased are remembered.
        most_batches: Stop after so many; ``None``: go on until nothing is open.
        only: No other import than this one.
    """
    left = sys.maxsize if most_batches is None else most_batches
    done = 0
    while done < left and _do_batch(transactions, hash_key, only):
        done += 1
    return done


def _do_batch(transactions: Transactions, hash_key: bytes, only: UUID | None) -> bool:
    """Do one batch; say whether there was one to be done."""
    with transactions.begin() as tx:
        record = imports.claim_open(tx, only)
        if record is None:
            return False
        is_trial = record.status is ImportStatus.TRYING
        limit = _LINES_TRIED_AT_ONCE if is_trial else PEOPLE_AT_ONCE
        lines = imports.next_lines(tx, record.id, record.last_line, limit)
        if not lines:
            _finish(tx, record)
        elif is_trial:
            judge_lines(tx, record, lines, hash_key)
            _advance(tx, record, lines, record.sums)
        else:
            outcomes = [Outcome.BROKEN for each in lines if each.outcome is Outcome.BROKEN]
            outcomes += take_lines(tx, record, lines, hash_key)
            _advance(tx, record, lines, _with(record, Counter(outcomes)))
        return True


def _with(record: ImportRecord, more: Counter[Outcome]) -> dict[str, Mapping[str, int]]:
    """Return the sums of an import with those of one more batch."""
    before = record.sums.get("done", {}) if record.done else {}
    summed = Counter(before) + Counter({str(each): count for each, count in more.items()})
    return {**record.sums, "done": dict(summed)}


def _advance(
    tx: Transaction,
    record: ImportRecord,
    lines: list[LineRecord],
    sums: Mapping[str, Mapping[str, int]],
) -> None:
    imports.advance(
        tx, record.id, last_line=lines[-1].line, done=record.done + len(lines), sums=sums
    )


def _finish(tx: Transaction, record: ImportRecord) -> None:
    if record.status is ImportStatus.RUNNING:
        imports.set_status(tx, record.id, ImportStatus.FINISHED)
        log.info("import.finished", import_id=str(record.id), lines=record.done)
        return
    imports.heed_later_nos(tx, record.id)
    sums = {**record.sums, "tried": imports.count_outcomes(tx, record.id)}
    imports.advance(tx, record.id, last_line=record.last_line, done=record.done, sums=sums)
    imports.set_status(tx, record.id, ImportStatus.TRIED)
