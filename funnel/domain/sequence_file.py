"""A sequence as a file: an author's words in, a definition out, or every mistake by line.

The words are explained in ``docs/sequence-file.md``.
"""

import re
from collections.abc import Sequence
from datetime import date
from pathlib import PurePath

from yaml.nodes import MappingNode

from funnel.domain.errors import InvalidInputError
from funnel.domain.marked_yaml import Fields, Problem, read_mapping
from funnel.domain.sequence import RunPolicy, SequenceDefinition, Step, UnknownPolicy
from funnel.domain.sequence_json import definition_from_json, definition_to_json
from funnel.domain.step_checks import check_steps
from funnel.domain.step_file import STEP_FIELDS, choice, read_key, read_step

__all__ = [
    "Problem",
    "SequenceFileError",
    "definition_from_json",
    "definition_to_json",
    "parse_sequence",
]

_FILE_FIELDS = (
    "title",
    "brand",
    "runs",
    "on_unknown",
    "days_between_letters",
    "no_letters_on",
    "steps",
)
_MOST_STEPS = 200
_LONGEST_TITLE = 200


class SequenceFileError(InvalidInputError):
    """A sequence file cannot be read; the live version stays.

    Attributes:
        file_name: The file.
        problems: Every mistake, in the order of the file.
    """

    def __init__(self, file_name: str, problems: Sequence[Problem]) -> None:
        self.file_name = file_name
        self.problems = tuple(sorted(problems, key=lambda each: (each.line, each.column)))
        message = "\n".join(f"{file_name}, {each}" for each in self.problems)
        super().__init__(message, field="sequence", remedy=self.problems[0].remedy)


def parse_sequence(text: str, *, file_name: str) -> SequenceDefinition:
    """Return the definition that a sequence file describes.

    Args:
        text: The whole file.
        file_name: Its name; without its ending it is the sequence's slug.

    Raises:
        SequenceFileError: It cannot be read; it carries every mistake with line, reason, remedy.
    """
    problems: list[Problem] = []
    node = read_mapping(text, problems)
    definition = None if node is None else _definition(node, file_name, problems)
    if problems or definition is None:
        raise SequenceFileError(file_name, problems)
    return definition


def _definition(
    node: MappingNode, file_name: str, problems: list[Problem]
) -> SequenceDefinition | None:
    fields = Fields(node, _FILE_FIELDS, problems)
    slug = _slug(fields, file_name)
    title = fields.require("title", _read_title)
    brand = fields.read("brand", read_key, "default")
    steps = _steps(fields, problems)
    runs = fields.read("runs", choice(RunPolicy), RunPolicy.ONCE_PER_SESSION)
    on_unknown = fields.read("on_unknown", choice(UnknownPolicy), UnknownPolicy.HOLD)
    days = fields.read("days_between_letters", _read_days, 2)
    blackout_dates = fields.read_each("no_letters_on", _read_date)
    if title is None:
        return None
    return SequenceDefinition(
        slug=slug,
        title=title,
        brand=brand,
        steps=tuple(steps),
        runs=runs,
        on_unknown=on_unknown,
        days_between_letters=days,
        blackout_dates=frozenset(blackout_dates),
    )


def _slug(fields: Fields, file_name: str) -> str:
    stem = PurePath(file_name).stem
    try:
        return read_key(stem)
    except InvalidInputError as error:
        fields.wrong(None, f"the file's name names the sequence: {error}", error.remedy)
        return ""


def _steps(fields: Fields, problems: list[Problem]) -> list[Step]:
    nodes = list(fields.mappings("steps"))
    if not nodes and not problems:
        fields.wrong("steps", "there are no steps", "Add steps: with an entry for every email.")
    if len(nodes) > _MOST_STEPS:
        fields.wrong("steps", f"there are more than {_MOST_STEPS} steps", "Split the sequence.")
        return []
    read: list[tuple[Step, Fields]] = []
    positions: dict[str, int] = {}
    for position, node in enumerate(nodes):
        step_fields = Fields(node, STEP_FIELDS, problems)
        key = step_fields.peek("key")
        if key in positions:
            step_fields.wrong("key", f'the key "{key}" is used twice', "Give each step its own.")
        elif key is not None:
            positions[key] = position
        step = read_step(step_fields)
        if step is not None and positions[step.key] == position:
            read.append((step, step_fields))
    check_steps(read, positions)
    return [step for step, _ in read]


def _read_title(text: str) -> str:
    if len(text) > _LONGEST_TITLE:
        raise InvalidInputError(
            f"the title is longer than {_LONGEST_TITLE} characters", remedy="Shorten it."
        )
    return text


def _read_days(text: str) -> int:
    if re.fullmatch(r"[1-9]|[12]\d|30", text) is None:
        raise InvalidInputError(
            f'"{text}" is no number of days', remedy="Write a number from 1 to 30."
        )
    return int(text)


def _read_date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InvalidInputError(
            f'"{text}" is no date', remedy="Write year, month and day: 2026-12-25."
        ) from error
