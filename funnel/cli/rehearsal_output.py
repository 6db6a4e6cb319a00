"""What a rehearsal looks like: a grid for the eye; JSON, CSV and a calendar for programs."""

import csv
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from funnel.cli.console import complain, new_table, say, sentence
from funnel.domain.errors import InvalidInputError
from funnel.domain.rehearsal import Severity
from funnel.domain.rehearsal_findings import finding_text
from funnel.domain.rehearsal_text import (
    CSV_HEADINGS,
    count_emails,
    csv_rows,
    grid_rows,
    json_people,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from funnel.domain.rehearsal import RehearsalFinding, RehearsedLife
    from funnel.services.rehearse import Rehearsal

# More people than this are summed up: nobody reads a grid of a hundred columns.
MOST_COLUMNS = 24
_COLUMN = 20  # characters: a moment has 16
_EMAIL_COLUMN = 20
_FILE_WIDTH = 200


def show_rehearsal(rehearsal: "Rehearsal", format_: str, out: Path | None) -> None:
    """Show it on the terminal or write it; its findings follow, on standard error where asked.

    Raises:
        InvalidInputError: The file cannot be written.
    """
    if format_ == "grid" and out is None:
        say(_title(rehearsal))
        _show_grid(rehearsal, _terminal())
        _show_findings(rehearsal.findings)
        return
    content = _content(rehearsal, format_)
    if out is None:
        say(content.decode().rstrip("\r\n"))
    else:
        _write(out, content)
    # Standard output is the file's own here: what is wrong goes beside it.
    for finding in rehearsal.findings:
        if finding.severity is Severity.ERROR:
            complain(finding_text(finding), remedy=finding.remedy)


def _title(rehearsal: "Rehearsal") -> str:
    version = rehearsal.world.version
    people = len(rehearsal.lives)
    whom = f"{people:,} {'person' if people == 1 else 'people'}"
    return f"“{version.title}” ({rehearsal.origin}), rehearsed for {whom}. Times are theirs."


def _terminal() -> Console:
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_FILE_WIDTH)


def _show_grid(rehearsal: "Rehearsal", console: Console) -> None:
    if len(rehearsal.lives) > MOST_COLUMNS:
        console.print(_sums(rehearsal))
        return
    at_once = max(1, (console.width - _EMAIL_COLUMN) // (_COLUMN + 2))
    for start in range(0, len(rehearsal.lives), at_once):
        console.print(_grid(rehearsal, rehearsal.lives[start : start + at_once]))


def _grid(rehearsal: "Rehearsal", lives: "Sequence[RehearsedLife]") -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("email", no_wrap=True)
    for life in lives:
        table.add_column(life.person.name, max_width=_COLUMN)
    for row in grid_rows(rehearsal.world.version, lives):
        table.add_row(*row)
    return table


def _sums(rehearsal: "Rehearsal") -> Table:
    table = new_table("email", "people", "not sent", numbers=("people",))
    for line in count_emails(rehearsal.world.version, rehearsal.lives):
        reasons = ", ".join(f"{number:,} {reason}" for reason, number in line.reasons)
        table.add_row(line.key, f"{line.sent:,}", reasons)
    return table


def _show_findings(findings: "Sequence[RehearsalFinding]") -> None:
    if not findings:
        say("Nothing to mend.")
        return
    words = {Severity.ERROR: "To mend", Severity.WARNING: "To weigh", Severity.NOTE: "Note"}
    for finding in findings:
        line = f"{words[finding.severity]}: {finding_text(finding)}"
        say(sentence(line), style="bold red" if finding.severity is Severity.ERROR else "")
        if finding.remedy:
            say(f"  {finding.remedy}")


def _content(rehearsal: "Rehearsal", format_: str) -> bytes:
    if format_ == "json":
        return _json(rehearsal).encode()
    if format_ == "csv":
        return _csv(rehearsal).encode()
    if format_ == "ics":
        from funnel.rendering.rehearsal_calendar import rehearsal_calendar

        return rehearsal_calendar(rehearsal.lives, stamp=rehearsal.world.starts_at)
    sink = io.StringIO()
    _show_grid(rehearsal, Console(file=sink, highlight=False, width=_FILE_WIDTH))
    return f"{_title(rehearsal)}\n{sink.getvalue()}".encode()


def _json(rehearsal: "Rehearsal") -> str:
    world = rehearsal.world
    content = {
        "sequence": world.version.slug,
        "rehearsed": rehearsal.origin,
        "starts_at": world.starts_at.isoformat(),
        "dates": [
            {"starts_at": each.starts_at.isoformat(), "zone": each.zone, "title": each.title}
            for each in world.sessions
        ],
        "people": json_people(rehearsal.lives),
        "findings": [
            {
                "severity": each.severity,
                "message": each.message,
                "remedy": each.remedy,
                "person": each.person,
                "email": each.step_key,
                "variable": each.variable,
            }
            for each in rehearsal.findings
        ],
    }
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


def _csv(rehearsal: "Rehearsal") -> str:
    sink = io.StringIO()
    writer = csv.writer(sink)  # RFC 4180: CRLF, quotes where they are needed
    writer.writerow(CSV_HEADINGS)
    writer.writerows(csv_rows(rehearsal.lives))
    return sink.getvalue()


def _write(out: Path, content: bytes) -> None:
    try:
        out.write_bytes(content)
    except OSError as error:
        raise InvalidInputError(
            f"{out} cannot be written: {error.strerror}", field="out", remedy="Name another file."
        ) from error
