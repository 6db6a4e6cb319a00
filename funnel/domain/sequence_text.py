"""A definition as a sequence file: the words of ``docs/sequence-file.md``, one field a line.

The opposite of ``parse_sequence``. Comments are an author's own and cannot come back; what the
fields say always does.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence

from funnel.domain.condition_text import condition_text
from funnel.domain.sequence import (
    DEFAULT_GOAL,
    Condition,
    SequenceDefinition,
    Step,
    StepKind,
    Timing,
    Wait,
)
from funnel.domain.timing import EVERY_DAY, SendWindow
from funnel.domain.timing_text import duration_text, timing_text

_DAY_NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DEFAULT_WINDOW = SendWindow()
_SHORTEST_RANGE = 3
# What YAML takes as it stands: alone on its line, and within a flow list too. All else is quoted.
_PLAIN_LINE = re.compile(r"[A-Za-z0-9](?:(?:[\w ,./+-]|:(?=[\w.+-]))*[\w.+-])?", re.ASCII)
_PLAIN = re.compile(r"[A-Za-z0-9](?:[\w ./+-]*[\w.+-])?", re.ASCII)


def sequence_text(definition: SequenceDefinition) -> str:
    """Return the file that says this definition, in the house form.

    Reading it under the name ``<slug>.yaml`` gives the same definition, for every definition that
    a file can say: seconds are the smallest part of a duration, minutes of an hour.
    """
    head = "\n".join(_head(definition))
    steps = "\n\n".join(_step(each) for each in definition.steps)
    return f"{head}\n\nsteps:\n{steps}\n"


def definition_checksum(definition: SequenceDefinition) -> str:
    """Return the SHA-256 of what a definition says, not of how a file writes it."""
    return hashlib.sha256(sequence_text(definition).encode()).hexdigest()


def source_checksum(source: str) -> str:
    """Return the SHA-256 of a file's text, comments included: which text somebody had seen."""
    return hashlib.sha256(source.encode()).hexdigest()


def _head(definition: SequenceDefinition) -> Iterator[str]:
    yield f"title: {scalar(definition.title)}"
    yield f"brand: {definition.brand}"
    yield f"runs: {definition.runs}"
    yield f"on_unknown: {definition.on_unknown}"
    yield f"days_between_letters: {definition.days_between_letters}"
    if definition.blackout_dates:
        days = sorted(definition.blackout_dates)
        yield f"no_letters_on: [{', '.join(each.isoformat() for each in days)}]"
    if definition.goal != DEFAULT_GOAL:
        yield f"goal: {_words(definition.goal)}"
    if definition.exit_if:
        yield f"exit_if: {_words(definition.exit_if)}"
    if definition.tracks_opens:
        yield "opens: yes"


def _step(step: Step) -> str:
    return step_lines(house_fields(step))


def step_lines(fields: Iterable[tuple[str, str]], *, indent: int = 2) -> str:
    """Return the entry of a step in the list of steps, without the end of its last line."""
    between = f"\n{' ' * (indent + 2)}"
    return f"{' ' * indent}- " + between.join(f"{name}: {value}" for name, value in fields)


def house_fields(step: Step) -> Iterator[tuple[str, str]]:
    """Yield the fields of a step in their order, each as YAML writes it."""
    yield "key", step.key
    if step.name:
        yield "name", scalar(step.name)
    yield "kind", step.kind
    yield "timing", timing_text(step.timing)
    if step.without_session is not None:
        yield "without_session", timing_text(step.without_session)
    yield from _window(step)
    yield from _conditions(step.conditions)
    yield from _service_fields(step)
    if step.one_of:
        yield "one_of", step.one_of


def _window(step: Step) -> Iterator[tuple[str, str]]:
    window = step.window
    if window is None or step.kind is not StepKind.LETTER:
        return
    if window.weekdays != EVERY_DAY:
        yield "weekdays", _weekdays(window.weekdays)
    if (window.opens, window.closes) != (_DEFAULT_WINDOW.opens, _DEFAULT_WINDOW.closes):
        yield "hours", f"{window.opens:%H:%M}-{window.closes:%H:%M}"


def _weekdays(days: Iterable[int]) -> str:
    """Return "mon-fri" or "tue, thu": three days or more in a row are a range."""
    runs: list[list[int]] = []
    for day in sorted(days):
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    return ", ".join(_run(each) for each in runs)


def _run(days: Sequence[int]) -> str:
    if len(days) < _SHORTEST_RANGE:
        return ", ".join(_DAY_NAMES[each] for each in days)
    return f"{_DAY_NAMES[days[0]]}-{_DAY_NAMES[days[-1]]}"


def _service_fields(step: Step) -> Iterator[tuple[str, str]]:
    if step.kind is not StepKind.SERVICE:
        return
    yield "late", f"within {duration_text(step.grace)}"
    if step.wait is not None:
        yield "wait", f"until {_wait(step, step.wait)}"
    if step.lead is not None:
        yield "lead", duration_text(step.lead)
    if step.apart_from:
        pairs = (f"{key}: {duration_text(gap)}" for key, gap in step.apart_from)
        yield "apart_from", f"{{{', '.join(pairs)}}}"
    if step.repeats_when_moved:
        yield "repeats_when_moved", "yes"


def _wait(step: Step, wait: Wait) -> str:
    return timing_text(Timing(anchor=step.timing.anchor, delay=wait.delay, at=wait.at))


def _conditions(conditions: Sequence[Condition]) -> Iterator[tuple[str, str]]:
    wanted = [each for each in conditions if not each.is_negated]
    refused = [each for each in conditions if each.is_negated]
    if wanted:
        yield "only_if", _words(wanted)
    if refused:
        yield "skip_if", _words(refused)


def _words(conditions: Sequence[Condition]) -> str:
    return flow_list([condition_text(each) for each in conditions])


def flow_list(texts: Sequence[str]) -> str:
    """Return texts as YAML writes them on one line; a single one stands alone."""
    words = [scalar(each) for each in texts]
    return words[0] if len(words) == 1 else f"[{', '.join(words)}]"


def line_scalar(value: str) -> str:
    """Return one text as YAML reads it back from a line of its own: "2 days after bias, 09:00"."""
    return value if _PLAIN_LINE.fullmatch(value) else scalar(value)


def scalar(value: str) -> str:
    """Return one text as YAML reads it back; a JSON string is a quoted YAML one."""
    return value if _PLAIN.fullmatch(value) else json.dumps(value, ensure_ascii=False)
