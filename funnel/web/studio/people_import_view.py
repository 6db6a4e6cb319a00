"""What the page of one file of people shows: its form, what became of its lines, its CSV."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from funnel.domain.consent import Topic
from funnel.domain.errors import InvalidInputError
from funnel.domain.import_words import COLUMNS, OUTCOMES, remedy, why
from funnel.domain.people_import import Column, ImportOptions, Outcome, Reason
from funnel.domain.speech import mark, number, say
from funnel.intake.people_columns import LINE_COLUMN, REASON_COLUMN, REMEDY_COLUMN
from funnel.services.import_people import ImportPage, columns_of, list_lines
from funnel.storage.imports import LineOfPerson, LineRecord
from funnel.storage.transaction import Transactions
from funnel.web.forms import PostedForm
from funnel.web.zones import ZoneRegion, zone_regions

FILES_OF: Final[Mapping[str, tuple[Outcome, ...]]] = {
    "not taken": (Outcome.REFUSED, Outcome.BROKEN),
}
_FIRST_LINES = 5
_LINES_AT_ONCE = 2_000  # of a download
_TOPICS: Final = (
    (Topic.LETTERS, mark("the letters of a sequence"), mark("teaching and invitations")),
    (Topic.SEAT, mark("emails about a seat"), mark("reminders and the replay of a date they take")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnView:
    """One column of the file, with values that stand in it."""

    name: str
    samples: str
    chosen: Column


@dataclass(frozen=True, slots=True, kw_only=True)
class StartView:
    """A sequence to begin in, with its emails; the values are what the form posts."""

    title: str
    whole: str
    steps: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FormView:
    """The form that says how a file is read."""

    columns: tuple[ColumnView, ...]
    meanings: tuple[tuple[Column, str], ...]
    topics: tuple[tuple[Topic, str, str, bool], ...]
    wording: str
    agreed_on: str
    zone: str
    regions: tuple[ZoneRegion, ...]
    is_day_first: bool
    start: str
    starts: tuple[StartView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LineView:
    """One line of the file: who it is about, and why it became what it became."""

    number: int
    who: str
    href: str
    why: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupView:
    """The lines of one outcome: how many, and the first of them."""

    outcome: Outcome
    title: str
    count: str
    lines: tuple[LineView, ...]
    is_more: bool
    is_warm: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultView:
    """What became of a file, or would."""

    groups: tuple[GroupView, ...]
    people: int
    not_taken: int
    done: int
    total: int


def given_options(posted: PostedForm, columns: int) -> ImportOptions:
    """Return what a form says.

    Raises:
        InvalidInputError: Its day is no date.
    """
    sequence, _, step = posted.get("start").partition("/")
    return ImportOptions(
        columns=columns_of([posted.get(f"column-{place}") for place in range(columns)]),
        zone=posted.get("zone"),
        is_day_first=posted.get("order") == "day",
        agreed_on=_day(posted.get("agreed_on").strip()),
        topics=tuple(each for each in Topic if posted.get(f"topic-{each}")),
        wording=posted.get("wording"),
        sequence=sequence,
        step=step,
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise InvalidInputError(
            say("“{day}” is no date", day=text[:40]),
            field="agreed_on",
            remedy=say("Write it as 2025-03-31, or leave it empty."),
        ) from error


def options_view(page: ImportPage, posted: PostedForm | None) -> FormView:
    """Return the form as it is kept, or as it was just posted and refused."""
    options = page.options
    day = options.agreed_on.isoformat() if options.agreed_on else ""
    if posted is not None:
        day = posted.get("agreed_on")
        rest = tuple(pair for pair in posted.items if pair[0] != "agreed_on")  # it may be no day
        options = given_options(PostedForm(items=rest), len(page.record.columns))
    return FormView(
        columns=tuple(
            ColumnView(name=name, samples=" · ".join(samples), chosen=chosen)
            for name, samples, chosen in zip(
                page.record.columns, page.samples, options.columns, strict=True
            )
        ),
        meanings=tuple((each, say(words)) for each, words in COLUMNS.items()),
        topics=tuple(
            (topic, say(words), say(more), topic in options.topics)
            for topic, words, more in _TOPICS
        ),
        wording=options.wording,
        agreed_on=day,
        zone=options.zone,
        regions=zone_regions(options.zone),
        is_day_first=options.is_day_first,
        start=f"{options.sequence}/{options.step}" if options.sequence else "",
        starts=tuple(
            StartView(
                title=each.title,
                whole=f"{each.slug}/",
                steps=tuple((f"{each.slug}/{key}", name) for key, name in each.steps),
            )
            for each in page.sequences
        ),
    )


def result_view(page: ImportPage, transactions: Transactions) -> ResultView:
    """Return the lines by what became of them, or would."""
    sums = page.sums
    groups = tuple(_group(page, each, sums[each], transactions) for each in sums)
    return ResultView(
        groups=groups,
        people=sum(sums.get(each, 0) for each in (Outcome.NEW, Outcome.UPDATED)),
        not_taken=sum(sums.get(each, 0) for each in FILES_OF["not taken"]),
        done=page.record.done,
        total=page.record.total,
    )


def _group(page: ImportPage, outcome: Outcome, count: int, transactions: Transactions) -> GroupView:
    lines = list_lines(page.record.id, [outcome], transactions, limit=_FIRST_LINES)
    return GroupView(
        outcome=outcome,
        title=say(OUTCOMES[outcome]),
        count=number(count),
        lines=tuple(_line(each, page) for each in lines),
        is_more=count > len(lines),
        is_warm=outcome in FILES_OF["not taken"],
    )


def _line(line: LineRecord, page: ImportPage) -> LineView:
    reason = Reason.read(line.reason)
    return LineView(
        number=line.line,
        who=_who(line, page.options.columns),
        href=f"/studio/people/{line.subscriber_id}" if line.subscriber_id else "",
        why=why(reason),
        remedy=remedy(reason),
    )


def _who(line: LineRecord, columns: Sequence[Column]) -> str:
    """Return the address of a line, or what stands there; the whole of one that is broken."""
    if line.outcome is Outcome.BROKEN or Column.EMAIL not in columns or not line.cells:
        return " ".join(line.cells)
    address = line.cells[columns.index(Column.EMAIL)].strip()
    return address or " ".join(each for each in line.cells if each)


def said_of_address(line: LineOfPerson) -> dict[str, object]:
    """Return what an import did with an address, for the list."""
    return {
        "id": line.import_id,
        "name": line.file_name,
        "line": line.line,
        "outcome": say(OUTCOMES[line.outcome]),
        "why": why(Reason.read(line.reason)),
    }


def csv_of(
    page: ImportPage, outcomes: Sequence[Outcome], transactions: Transactions
) -> Iterator[bytes]:
    """Yield lines as a table with the file's own columns, and ours with the reasons behind them.

    Cells stand as they were written, for the table is uploaded again when it is mended.
    """
    yield "\ufeff".encode()
    yield _row([*page.record.columns, LINE_COLUMN, REASON_COLUMN, REMEDY_COLUMN])
    after = 0
    width = len(page.record.columns)
    while True:
        lines = list_lines(
            page.record.id, outcomes, transactions, after=after, limit=_LINES_AT_ONCE
        )
        if not lines:
            return
        for each in lines:
            reason = Reason.read(each.reason)
            cells = [*each.cells, *[""] * (width - len(each.cells))]
            yield _row([*cells, str(each.line), why(reason), remedy(reason)])
        after = lines[-1].line


def _row(cells: Sequence[str]) -> bytes:
    written = io.StringIO()
    csv.writer(written).writerow(cells)
    return written.getvalue().encode()
