"""A table of people as other tools export it: every line is read, or named with what is wrong.

One wrong line costs that line alone. A quotation mark that is opened and never closed would make a
plain CSV reader swallow the rest of the file, so lines are put together only as long as they make
a row of the table.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from funnel.domain.errors import InvalidInputError
from funnel.domain.people_import import (
    MOST_COLUMNS,
    MOST_FILE_BYTES,
    MOST_LINES,
    Outcome,
    Problem,
    Reason,
)
from funnel.domain.speech import say
from funnel.intake.text_bytes import UNREADABLE, decode_lines

_MARKS: Final = ",;\t|"
_MOST_JOINED: Final = 40  # lines of one cell in quotation marks: an address, a note
_MOST_LINE: Final = 100_000  # characters; the csv module stops at 131,072 in one cell
_MOST_LINE_ENDS: Final = 4 * MOST_LINES  # a note in a cell may have several lines
_SEP: Final = re.compile(r"\A\"?sep=(.)\"?\Z", re.IGNORECASE)  # Excel's own first line
_NUL_SHOWN: Final = "\u2400"  # PostgreSQL keeps no NUL


@dataclass(frozen=True, slots=True, kw_only=True)
class TableLine:
    """One row of the file, as it was written.

    Attributes:
        line: Of the file, where the row begins, counted from 1.
        cells: As many as the header has; what is broken is one cell with the whole line.
        broken: Why it is no row of this table; ``None``: it is one.
    """

    line: int
    cells: tuple[str, ...]
    broken: Reason | None = None

    @property
    def outcome(self) -> Outcome | None:
        """What is known of it from reading alone."""
        return Outcome.BROKEN if self.broken else None


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleTable:
    """A file of people: what its columns are called, and its rows."""

    columns: tuple[str, ...]
    lines: tuple[TableLine, ...]
    encoding: str


def read_people_table(content: bytes, *, encoding: str = "") -> PeopleTable:
    """Return the table in a file.

    Args:
        content: CSV with commas, semicolons, tabs or bars; the first line that is not empty names
            the columns.
        encoding: Its name; empty: what its first bytes say, UTF-8, or what it looks like.

    Raises:
        InvalidInputError: Nothing of it can be used: too large, empty, no text, no such encoding.
    """
    if len(content) > MOST_FILE_BYTES:
        raise InvalidInputError(
            say("the file is larger than 20 MB"),
            field="file",
            remedy=say("Divide it into several, each with the line that names the columns."),
        )
    # Before any of it is put apart: five million empty lines would fill the memory.
    if _line_ends(content) > _MOST_LINE_ENDS:
        raise _too_many_lines()
    decoded = decode_lines(content, encoding)
    rows = _Rows(decoded.lines)
    header = rows.header()
    lines = tuple(islice(rows.read(len(header)), MOST_LINES + 1))
    if len(lines) > MOST_LINES:
        raise _too_many_lines()
    if not lines:
        raise InvalidInputError(
            say("the file names columns and nobody"),
            field="file",
            remedy=say("Export it again, with the people in it."),
        )
    return PeopleTable(columns=header, lines=lines, encoding=decoded.encoding)


def _line_ends(content: bytes) -> int:
    """Return how many lines a file ends, at least; in UTF-16 and UTF-32 other signs hold a 10."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")):
        return max(content.count(b"\n\x00"), content.count(b"\x00\n"))
    return max(content.count(b"\n"), content.count(b"\r"))


def _too_many_lines() -> InvalidInputError:
    return InvalidInputError(
        say("the file has more than {count} lines", count=f"{MOST_LINES:,}"),
        field="file",
        remedy=say("Divide it into several, each with the line that names the columns."),
    )


class _Rows:
    """The rows of a file's lines, one after the other."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines
        self._place = 0
        self._mark = ","

    def header(self) -> tuple[str, ...]:
        """Return the names of the columns, and stand behind them."""
        self._skip_empty()
        named = _SEP.match(self._lines[self._place].strip()) if self._is_more() else None
        if named:
            self._place += 1
            self._skip_empty()
        if not self._is_more():
            raise InvalidInputError(
                say("the file is empty"),
                field="file",
                remedy=say("Choose the file that the other tool exported."),
            )
        self._mark = named.group(1) if named else _mark_of(self._lines[self._place])
        cells = self._next(None)
        names = tuple(_trimmed([each.strip() for each in cells.cells]))
        self._check_header(names, is_broken=cells.broken is not None)
        return names

    def read(self, columns: int) -> Iterator[TableLine]:
        """Yield each row below the header."""
        self._skip_empty()
        while self._is_more():
            row = self._next(columns)
            if row.broken or any(each.strip() for each in row.cells):
                yield row
            self._skip_empty()

    def _check_header(self, names: Sequence[str], *, is_broken: bool) -> None:
        if is_broken or len(names) > MOST_COLUMNS or not any(names):
            raise InvalidInputError(
                say("the first line does not name the columns"),
                field="file",
                remedy=say(
                    "It has names such as email, first_name; at most {most} of them."
                ).format(most=MOST_COLUMNS),
            )

    def _skip_empty(self) -> None:
        while self._is_more() and not self._lines[self._place].strip(" \t\ufeff"):
            self._place += 1

    def _is_more(self) -> bool:
        return self._place < len(self._lines)

    def _next(self, columns: int | None) -> TableLine:
        """Read the row that begins here, and stand behind it."""
        begins = self._place
        raw = self._lines[begins]
        self._place += 1
        cells = _lasting_problem(raw) or self._cells(begins, columns)
        if isinstance(cells, Reason):
            self._place = begins + 1
            return self._broken(begins, cells)
        if any("\x00" in each for each in cells):
            return self._broken(begins, Reason(problem=Problem.NUL))
        return TableLine(line=begins + 1, cells=cells)

    def _broken(self, begins: int, reason: Reason) -> TableLine:
        """Return the lines from there to where we stand, as they are written."""
        raw = "\n".join(self._lines[begins : self._place])[:_MOST_LINE]
        kept = raw.replace("\x00", _NUL_SHOWN).replace(UNREADABLE, "")
        return TableLine(line=begins + 1, cells=(kept,), broken=reason)

    def _cells(self, begins: int, columns: int | None) -> tuple[str, ...] | Reason:
        """Return the cells of the row, over as many lines as its quotation marks need."""
        first = self._lines[begins]
        if '"' not in first:
            return _fitted(first.split(self._mark), columns)
        parts, read = [first], _parsed(first, self._mark)
        is_open = read is _OPEN
        while read is _OPEN and len(parts) <= _MOST_JOINED:
            place = begins + len(parts)
            if place >= len(self._lines) or _lasting_problem(self._lines[place]) is not None:
                break
            parts.append(self._lines[place])
            # What has no quotation mark closes none: it is not read again with all before it.
            if '"' in parts[-1]:
                read = _parsed("\n".join(parts), self._mark)
        if isinstance(read, list):
            self._place = begins + len(parts)
            return _fitted(read, columns)
        return Reason(problem=Problem.OPEN_QUOTE if is_open else Problem.STRAY_QUOTE)


def _lasting_problem(raw: str) -> Reason | None:
    """Return what is wrong with a line whatever stands around it."""
    if raw.startswith(UNREADABLE):
        return Reason(problem=Problem.NOT_ENCODED)
    return Reason(problem=Problem.TOO_LONG) if len(raw) > _MOST_LINE else None


_OPEN: Final = object()
_STRAY: Final = object()
_UNENDED: Final = "unexpected end of data"  # what the csv module says of an open quotation mark


def _parsed(text: str, mark: str) -> list[str] | object:
    """Return the cells of one row; ``_OPEN`` where a quotation mark is, ``_STRAY`` for no row."""
    if len(text) > _MOST_LINE:
        return _STRAY
    try:
        rows = list(csv.reader([text], delimiter=mark, strict=True))
    except csv.Error as error:
        return _OPEN if _UNENDED in str(error) else _STRAY
    return rows[0] if len(rows) == 1 else _STRAY


def _fitted(cells: Sequence[str], columns: int | None) -> tuple[str, ...] | Reason:
    """Return a row as wide as the header; spreadsheets leave empty cells at the end away."""
    if columns is None:
        return tuple(cells)
    kept = _trimmed(cells)
    if len(kept) > columns:
        return Reason(problem=Problem.TOO_MANY_CELLS, names=f"{len(kept)}/{columns}")
    return (*cells[:columns], *("",) * (columns - len(cells)))


def _trimmed(cells: Sequence[str]) -> Sequence[str]:
    end = len(cells)
    while end and not cells[end - 1].strip():
        end -= 1
    return cells[:end]


def _mark_of(header: str) -> str:
    """Return the mark that stands most often between the names of the columns."""
    outside = re.sub(r'"[^"]*"', "", header)
    return max(_MARKS, key=outside.count)
