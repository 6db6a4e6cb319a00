"""What holds for a whole sequence, as a form: texts in fields, and back into the file's head."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from funnel.domain.condition_text import condition_text
from funnel.domain.sequence import DEFAULT_GOAL, RunPolicy, SequenceDefinition, UnknownPolicy
from funnel.domain.sequence_file import SEQUENCE_FIELDS
from funnel.domain.sequence_text import flow_list, scalar
from funnel.domain.step_edits import DraftText
from funnel.domain.yaml_edit import edit_mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceForm:
    """The settings of a sequence as the fields of a form hold them; the words are the file's.

    Attributes:
        title: What people see.
        brand: Who sends.
        runs: When the same person may go through it again.
        on_unknown: What becomes of an email to which no answer came.
        days_between_letters: A number.
        no_letters_on: Dates, "2026-12-25".
        goal: What reaches the goal, in words; none: a booked call.
        exit_if: What ends the letters of a run.
        opens: "yes": letters tell when they are opened; "" or "no".
    """

    title: str
    brand: str = "default"
    runs: str = RunPolicy.ONCE_PER_SESSION
    on_unknown: str = UnknownPolicy.HOLD
    days_between_letters: str = "2"
    no_letters_on: tuple[str, ...] = ()
    goal: tuple[str, ...] = ()
    exit_if: tuple[str, ...] = ()
    opens: str = ""


def settings_of(definition: SequenceDefinition) -> SequenceForm:
    """Return the settings of a sequence, each field filled in."""
    goal = () if definition.goal == DEFAULT_GOAL else definition.goal
    return SequenceForm(
        title=definition.title,
        brand=definition.brand,
        runs=definition.runs,
        on_unknown=definition.on_unknown,
        days_between_letters=str(definition.days_between_letters),
        no_letters_on=tuple(each.isoformat() for each in sorted(definition.blackout_dates)),
        goal=tuple(condition_text(each) for each in goal),
        exit_if=tuple(condition_text(each) for each in definition.exit_if),
        opens="yes" if definition.tracks_opens else "",
    )


def edit_settings(text: DraftText, form: SequenceForm) -> str:
    """Return the text of a sequence with other settings; what means the same stays as written."""
    before = _fields(settings_of(text.definition))
    changes = {name: value for name, value in _fields(form).items() if value != before[name]}
    if not changes:
        return text.source
    pieces = text.pieces
    below = {name: value for name, value in changes.items() if _has(pieces.tail, name)}
    above = {name: value for name, value in changes.items() if name not in below}
    head, steps_line = _before_steps(pieces.head)
    return replace(
        pieces,
        head=(edit_mapping(head, above, SEQUENCE_FIELDS) if above else head) + steps_line,
        tail=edit_mapping(pieces.tail, below, SEQUENCE_FIELDS) if below else pieces.tail,
    ).text


def _fields(form: SequenceForm) -> Mapping[str, str | None]:
    is_tracked = form.opens.strip() not in ("", "no")
    return {
        "title": scalar(form.title.strip()),
        "brand": scalar(form.brand.strip()),
        "runs": scalar(form.runs.strip()),
        "on_unknown": scalar(form.on_unknown.strip()),
        "days_between_letters": scalar(form.days_between_letters.strip()),
        "no_letters_on": _list(form.no_letters_on),
        "goal": _list(form.goal),
        "exit_if": _list(form.exit_if),
        "opens": scalar(form.opens.strip()) if is_tracked else None,
    }


def _list(texts: tuple[str, ...]) -> str | None:
    words = [each.strip() for each in texts if each.strip()]
    return flow_list(words) if words else None


def _has(text: str, name: str) -> bool:
    return any(line.startswith(f"{name}:") for line in text.splitlines())


def _before_steps(head: str) -> tuple[str, str]:
    """Cut the head before its line ``steps:``."""
    lines = head.splitlines(keepends=True)
    start = next(at for at, line in enumerate(lines) if line.startswith("steps:"))
    while start and not lines[start - 1].strip():
        start -= 1
    return "".join(lines[:start]), "".join(lines[start:])
