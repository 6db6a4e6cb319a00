"""People as a table for a spreadsheet, page by page, however many they are."""

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from funnel.domain.text import clean_text
from funnel.storage import people_export, people_filters, people_lines
from funnel.storage.audit import write_audit
from funnel.storage.people_export import COLUMNS
from funnel.storage.people_filters import Filter
from funnel.storage.people_lines import WAYS, PersonLine
from funnel.storage.transaction import Transactions

_A_PAGE: Final = 500
_LONGEST: Final = 100
# A byte order mark: without it, Excel reads "Özge" as something else.
_MARK: Final = "\ufeff"
# What a spreadsheet takes for the beginning of a formula (OWASP, "CSV Injection"), the full-width
# signs too, of which some make plain ones.
_BEGINS_FORMULA: Final = frozenset("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")


def export_people(
    asked: str, only: Filter | None, transactions: Transactions, *, by: str
) -> Iterator[bytes]:
    """Yield the table in UTF-8, a page at a time; the audit log names ``by`` before the first.

    Args:
        asked: What a name or an address begins with; without it and without ``only``, everybody.
        only: One kind of people.
        transactions: One is opened for each page, so that a slow reader holds nothing.
        by: Who asks.
    """
    with transactions.begin() as tx:
        detail = {"of": only.kind.value if only else "a search" if asked else "everybody"}
        write_audit(tx, by=by, action="people exported", target="people", detail=detail)
    yield (_MARK + _written([COLUMNS])).encode()
    for ids in _pages(clean_text(asked, limit=_LONGEST), only, transactions):
        with transactions.begin_reading() as tx:
            rows = people_export.read_rows(tx, ids)
        yield _written([_cell(row[name]) for name in COLUMNS] for row in rows).encode()


def harmless(cell: str) -> str:
    """Return a cell that no spreadsheet runs: with an apostrophe before what begins a formula."""
    return f"'{cell}" if cell[:1] in _BEGINS_FORMULA else cell


def _cell(value: Any) -> str:  # noqa: ANN401  (whatever a column holds)
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, bool):
        return "yes" if value else "no"
    return harmless("" if value is None else str(value))


def _written(rows: Iterable[Iterable[str]]) -> str:
    file = io.StringIO()
    csv.writer(file).writerows(rows)
    return file.getvalue()


def _pages(asked: str, only: Filter | None, transactions: Transactions) -> Iterator[list[UUID]]:
    if only is not None:
        yield from _of_kind(only, transactions)
    elif asked:
        for way in range(len(WAYS)):
            yield from _beginning(asked, way, transactions)
    else:
        yield from _everybody(transactions)


def _of_kind(only: Filter, transactions: Transactions) -> Iterator[list[UUID]]:
    after: tuple[datetime, str] | None = None
    while True:
        with transactions.begin_reading() as tx:
            page = people_filters.list_filtered(tx, only, limit=_A_PAGE, after=after)
        if not page:
            return
        yield [each.line.id for each in page]
        after = (page[-1].at, page[-1].key)


def _beginning(asked: str, way: int, transactions: Transactions) -> Iterator[list[UUID]]:
    after: tuple[str, UUID] | None = None
    while True:
        with transactions.begin_reading() as tx:
            page = people_lines.list_beginning(tx, asked, way=way, limit=_A_PAGE, after=after)
        if not page:
            return
        yield [each.id for each in page]
        after = (page[-1].begins, page[-1].id)


def _everybody(transactions: Transactions) -> Iterator[list[UUID]]:
    after: tuple[datetime, UUID] | None = None
    while page := _newest(transactions, after):
        yield [each.id for each in page]
        after = (page[-1].created_at, page[-1].id)


def _newest(transactions: Transactions, after: tuple[datetime, UUID] | None) -> list[PersonLine]:
    with transactions.begin_reading() as tx:
        return people_lines.list_newest(tx, limit=_A_PAGE, after=after)
