"""The list of a sequence's emails as its page draws it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from funnel.domain.draft_changes import StepState
from funnel.domain.sequence import StepKind
from funnel.domain.speech import mark, number, say, say_many
from funnel.domain.step_words import SequencePart
from funnel.services.read_sequence_page import SequencePage, StepLine

_PARTS: Final = {
    SequencePart.BEFORE: mark("Before the masterclass"),
    SequencePart.REMINDERS: mark("Reminders"),
    SequencePart.AFTER: mark("After it"),
    SequencePart.LETTERS_AFTER: mark("The letters after it"),
    SequencePart.OTHER: mark("On fixed days"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo:
    """What was just done, and the text to put back: the draft as it was before.

    Attributes:
        source: The former text; "": there was no draft.
        base: The version that it was begun from; "": whatever is live.
        seen: Checksum of the draft now.
    """

    says: str
    source: str
    base: str
    seen: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """One of a row's numbers."""

    name: str
    says: str
    value: str
    is_zero: bool
    is_bad: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One email of the list; ``part``: the heading above it, where another part begins."""

    line: StepLine
    number: int
    part: str
    says: str
    numbers: tuple[Number, ...]


def rows_of(page: SequencePage) -> list[Row]:
    """Return the rows; emails that are only live any more stand where they stood."""
    rows: list[Row] = []
    for line in page.steps:
        before = rows[-1].line.part if rows else None
        rows.append(
            Row(
                line=line,
                number=0 if line.position is None else line.position + 1,
                part=say(_PARTS[line.part]) if line.part is not before else "",
                says=_says(line),
                numbers=tuple(numbers_of(line)),
            )
        )
    return rows


def _says(line: StepLine) -> str:
    """Return "2 days after Listening, at 09:00, on weekdays; to those who came"."""
    late = line.late if line.kind is StepKind.SERVICE else ""
    return "; ".join(filter(None, (line.timing, *line.conditions, late)))


def numbers_of(line: StepLine) -> Iterator[Number]:
    """Yield what stands in a row: waiting, sent, skipped, failed."""
    for name, says, count in (
        ("waiting", say("waiting"), line.waiting),
        ("sent", say("sent"), line.sent),
        ("skipped", say("skipped"), line.skipped),
        ("failed", say("failed"), line.failed),
    ):
        yield Number(
            name=name,
            says=says,
            value=number(count),
            is_zero=not count,
            is_bad=name == "failed" and bool(count),
        )


def draft_sentence(page: SequencePage) -> str:
    """Return what the draft does, in short: "Bias differs; Systems is new"."""
    said = []
    for line in page.steps:
        if line.state is StepState.NEW:
            said.append(say("{name} is new", name=line.name))
        elif line.state is StepState.REMOVED:
            said.append(say("{name} is taken out", name=line.name))
        elif line.state is StepState.MOVED:
            said.append(say("{name} stands elsewhere", name=line.name))
        elif line.state is StepState.CHANGED:
            said.append(say("{name} differs", name=line.name))
    if not said:
        return say("The draft changes no email.")
    most = 3
    shown = "; ".join(said[:most])
    if len(said) <= most:
        return f"{shown}."
    return say_many(
        "{shown}; and {count} more.", "{shown}; and {count} more.", len(said) - most, shown=shown
    )
