"""Who came, from a table: Zoom's reports of meetings and webinars, or any table with addresses.

Zoom's columns are those of "Meeting participants" and "Webinar attendees" (Zoom support, "Getting
started with reports"): a block about the meeting may stand above the one about its people.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from funnel.domain.errors import InvalidInputError
from funnel.domain.speech import say
from funnel.domain.subscriber import normalise_address

# Names of columns, in small letters; the first that the table has is taken.
KNOWN_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "email": ("email", "user email", "e-mail", "e-mail address", "email address", "mail"),
    "attended": ("attended", "attendance", "present"),
    "joined": ("join time", "joined", "joined at", "first joined"),
    "left": ("leave time", "left", "left at", "last left"),
}
_YES = frozenset({"yes", "y", "true", "1", "x", "attended", "ja"})
_NO = frozenset({"no", "n", "false", "0", "missed", "nein"})
_NOTHING = frozenset({"", "--", "-", "n/a"})
# Of formats that fit, the one that lies on the session's own days is meant: 03/09 may be either.
_FORMATS = (
    "%m/%d/%Y %I:%M:%S %p",
    "%m/%d/%Y %I:%M %p",
    "%b %d, %Y %I:%M:%S %p",
    "%b %d, %Y %H:%M:%S",
    "%d/%m/%Y %I:%M:%S %p",
    "%m/%d/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%d/%m/%Y %H:%M",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
)
_HEADINGS = frozenset({"other attended", "host details", "panelist details"})
_ONE_DAY = timedelta(days=1)
_LINES_LOOKED_AT = 30  # for the mark between cells
_ENCODINGS = (("\ufeff".encode(), "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


@dataclass(frozen=True, slots=True, kw_only=True)
class TableReading:
    """How a table is to be read.

    Attributes:
        columns: Our name to the table's, where it is not one of ``KNOWN_COLUMNS``.
        zone: In which moments without an offset are meant.
        starts_at: The session's start, aware; times belong to its day or the ones beside it.
        encoding: Name of the encoding; empty: UTF-8, or what its first bytes say.
    """

    zone: ZoneInfo
    starts_at: datetime
    columns: Mapping[str, str] = field(default_factory=dict)
    encoding: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttendanceRow:
    """One line about one person.

    Attributes:
        line: Its number in the file, counted from 1.
        attended: What it says; a line without such a column stands for somebody who came.
        joined_at: Aware UTC; ``None`` where it is not said.
    """

    line: int
    email: str
    attended: bool
    joined_at: datetime | None = None
    left_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RowProblem:
    """A line that says nothing that can be used, and what to do about it."""

    line: int
    reason: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AttendanceTable:
    """What a table says: who came, and which lines are broken."""

    rows: tuple[AttendanceRow, ...]
    problems: tuple[RowProblem, ...]
    columns: Mapping[str, str]


def read_attendance(content: bytes, reading: TableReading) -> AttendanceTable:
    """Return what an attendance table says, and every line that cannot be read.

    Args:
        content: The file: CSV with commas, semicolons or tabs; UTF-8, UTF-16 or as named.
        reading: How it is to be understood.

    Raises:
        InvalidInputError: It is no table, its encoding is another one, or it has no column with
            addresses: nothing of it can be used.
    """
    lines = _lines(_text(content, reading.encoding))
    header_line, header = _header(lines, reading)
    positions = _positions(header, reading)
    rows: list[AttendanceRow] = []
    problems: list[RowProblem] = []
    for line, cells in _records_of(lines[header_line:]):
        given = {name: _cell(cells, position) for name, position in positions.items()}
        try:
            rows.append(_row(line, given, reading))
        except InvalidInputError as error:
            problems.append(RowProblem(line=line, reason=str(error), remedy=error.remedy))
    named = {name: header[position].strip() for name, position in positions.items()}
    return AttendanceTable(rows=tuple(rows), problems=tuple(problems), columns=named)


def _records_of(lines: Sequence[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
    """Yield the records about people, up to a heading of Zoom's that begins another block.

    "Other Attended" lists who called by telephone, without an address.
    """
    for line, cells in lines:
        filled = [each for each in cells if each]
        if len(filled) == 1 and filled[0].lower() in _HEADINGS:
            return
        if filled:
            yield line, cells


def _text(content: bytes, encoding: str) -> str:
    is_marked = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    if b"\x00" in content and not is_marked and not encoding.lower().startswith("utf"):
        raise InvalidInputError(
            say("this is no text"),
            field="file",
            remedy=say("Save the table as CSV, and give that file."),
        )
    marked = (name for mark, name in _ENCODINGS if content.startswith(mark))
    name = encoding or next(marked, "utf-8")
    try:
        return content.decode(name)
    except LookupError as error:
        raise InvalidInputError(
            say("no encoding is called {name}", name=name),
            field="encoding",
            remedy=say("Name one such as cp1252."),
        ) from error
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InvalidInputError(
            say("line {line} is not {name}", line=line, name=name),
            field="encoding",
            remedy=say(
                "Save it as UTF-8, or name its encoding: --encoding cp1252 fits most of Excel."
            ),
        ) from error


def _lines(text: str) -> list[tuple[int, list[str]]]:
    """Return the cells of each record with the number of the line on which it begins."""
    reader = csv.reader(io.StringIO(text), delimiter=_delimiter(text), strict=True)
    lines = []
    begins = 1
    try:
        for cells in reader:
            lines.append((begins, [each.strip() for each in cells]))
            begins = reader.line_num + 1
    except csv.Error as error:
        raise InvalidInputError(
            say("line {begins} is broken: {reason}", begins=begins, reason=error),
            field="file",
            remedy=say("Look for a quotation mark that is opened there and never closed."),
        ) from error
    return lines


def _delimiter(text: str) -> str:
    """Return the mark that stands most often in one line of the beginning."""
    beginning = text.splitlines()[:_LINES_LOOKED_AT]
    counts = {mark: max((line.count(mark) for line in beginning), default=0) for mark in ",;\t"}
    return max(counts, key=lambda mark: counts[mark])


def _header(lines: Sequence[tuple[int, list[str]]], reading: TableReading) -> tuple[int, list[str]]:
    """Return how many records stand up to the header, and the header: the last that could be it.

    Zoom's blocks about the host and the panelists hold addresses as well; the guests come last.
    """
    wanted = _names("email", reading)
    found: tuple[int, list[str]] | None = None
    for number, (_, cells) in enumerate(lines, start=1):
        if any(cell.lower() in wanted for cell in cells):
            found = (number, cells)
    if found is None:
        first = next((cells for _, cells in lines if any(cells)), [])
        shown = ", ".join(each for each in first if each) or "none"
        raise InvalidInputError(
            say("no column holds addresses; the columns are: {shown}", shown=shown),
            field="email",
            remedy=say('Name it: --map email="E-mail of the guest".'),
        )
    return found


def _positions(header: Sequence[str], reading: TableReading) -> dict[str, int]:
    lowered = [each.lower() for each in header]
    positions = {}
    for name in KNOWN_COLUMNS:
        wanted = [each for each in _names(name, reading) if each in lowered]
        if wanted:
            positions[name] = lowered.index(wanted[0])
        elif name in reading.columns:
            raise InvalidInputError(
                say("no column is called “{columns}”", columns=reading.columns[name]),
                field=name,
                remedy=say(
                    "The columns are: {names}.", names=", ".join(each for each in header if each)
                ),
            )
    return positions


def _names(name: str, reading: TableReading) -> tuple[str, ...]:
    own = reading.columns.get(name)
    return KNOWN_COLUMNS[name] if own is None else (own.strip().lower(),)


def _cell(cells: Sequence[str], position: int) -> str:
    return cells[position] if position < len(cells) else ""


def _row(line: int, given: Mapping[str, str], reading: TableReading) -> AttendanceRow:
    if given["email"] in _NOTHING:
        raise InvalidInputError(
            say("there is no address"), remedy=say("Add it, or leave the line out.")
        )
    address = normalise_address(given["email"])
    attended = _attended(given)
    joined_at = _moment(given.get("joined", ""), reading) if attended else None
    left_at = _moment(given.get("left", ""), reading) if attended else None
    if joined_at and left_at and left_at < joined_at:
        raise InvalidInputError(
            say("they left before they came"), remedy=say("Look at the two times of this line.")
        )
    return AttendanceRow(
        line=line,
        email=address.email,
        attended=attended,
        joined_at=joined_at,
        left_at=left_at,
    )


def _attended(given: Mapping[str, str]) -> bool:
    """Return what the line says; a time of coming speaks where the word is left out."""
    cell = given.get("attended")
    if cell is None:
        return True
    word = cell.lower()
    if word in _NOTHING:
        return given.get("joined", "") not in _NOTHING
    if word not in _YES and word not in _NO:
        raise InvalidInputError(
            say("“{cell}” is neither yes nor no", cell=cell), remedy=say("Write yes or no.")
        )
    return word in _YES


def _moment(cell: str, reading: TableReading) -> datetime | None:
    if cell in _NOTHING:
        return None
    shown = re.sub(r"[\u202f\u00a0]", " ", cell)  # newer reports put one before AM and PM
    day = reading.starts_at.astimezone(reading.zone).date()
    fitting = list(_readings(shown, reading.zone))
    for moment in fitting:
        if abs(moment.astimezone(reading.zone).date() - day) <= _ONE_DAY:
            return moment.astimezone(UTC)
    if fitting:
        raise InvalidInputError(
            say("“{cell}” is not on the day of the session, {day}", cell=cell, day=_day(day)),
            remedy=say("Name the right session, or the zone of the table: --zone."),
        )
    raise InvalidInputError(
        say("“{cell}” is no moment", cell=cell),
        remedy=say("Write it as 2027-03-09 18:05, or as Zoom does."),
    )


def _readings(shown: str, zone: ZoneInfo) -> Iterator[datetime]:
    """Yield each moment that these words can mean."""
    try:
        moment = datetime.fromisoformat(shown)
    except ValueError:
        pass
    else:
        yield moment if moment.tzinfo else moment.replace(tzinfo=zone)
    for each in _FORMATS:
        try:
            yield datetime.strptime(shown, each).replace(tzinfo=zone)
        except ValueError:
            continue


def _day(day: date) -> str:
    return day.isoformat()
