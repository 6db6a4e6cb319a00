"""A sequence as a file: an author's words in, a definition out, or every mistake by line.

The words are explained in ``docs/sequence-file.md``.
"""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date
from pathlib import PurePath

from yaml.nodes import MappingNode

from funnel.domain.condition_checks import check_endings
from funnel.domain.condition_text import read_condition
from funnel.domain.errors import InvalidInputError
from funnel.domain.marked_yaml import EnoughError, Fields, Problem, Problems, read_mapping
from funnel.domain.sequence import (
    DEFAULT_GOAL,
    Condition,
    RunPolicy,
    SequenceDefinition,
    Step,
    UnknownPolicy,
)
from funnel.domain.sequence_json import definition_from_json, definition_to_json
from funnel.domain.speech import say
from funnel.domain.step_checks import check_steps
from funnel.domain.step_file import (
    NOT_FIELDS,
    STEP_FIELDS,
    choice,
    read_key,
    read_step,
    read_yes_or_no,
)

__all__ = [
    "Problem",
    "SequenceFileError",
    "definition_from_json",
    "definition_to_json",
    "parse_sequence",
]

SEQUENCE_FIELDS = (
    "title",
    "brand",
    "runs",
    "on_unknown",
    "days_between_letters",
    "no_letters_on",
    "goal",
    "exit_if",
    "opens",
    "steps",
)
MOST_STEPS = 200
LONGEST_TITLE = 200


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
        SequenceFileError: It cannot be read; it carries every mistake with line, reason, remedy, of
            very many the first fifty.
    """
    problems = Problems()
    definition = None
    # What was found by then is told: the rest comes when these are mended.
    with suppress(EnoughError):
        node = read_mapping(text, problems)
        definition = None if node is None else _definition(node, file_name, problems)
    if problems or definition is None:
        raise SequenceFileError(file_name, problems)
    return definition


def _definition(
    node: MappingNode, file_name: str, problems: list[Problem]
) -> SequenceDefinition | None:
    fields = Fields(node, SEQUENCE_FIELDS, problems)
    slug = _slug(fields, file_name)
    title = fields.require("title", _read_title)
    brand = fields.read("brand", read_key, "default")
    steps, positions = _steps(fields, problems)
    goal = _endings(fields, "goal", positions)
    exit_if = _endings(fields, "exit_if", positions)
    runs = fields.read("runs", choice(RunPolicy), RunPolicy.ONCE_PER_SESSION)
    on_unknown = fields.read("on_unknown", choice(UnknownPolicy), UnknownPolicy.HOLD)
    days = fields.read("days_between_letters", _read_days, 2)
    blackout_dates = _blackout_dates(fields)
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
        blackout_dates=blackout_dates,
        goal=goal or DEFAULT_GOAL,
        exit_if=exit_if,
        tracks_opens=fields.read("opens", read_yes_or_no, default=False),
    )


def _blackout_dates(fields: Fields) -> frozenset[date]:
    """A day that stands there twice is a slip: another one was meant."""
    days = fields.read_each("no_letters_on", _read_date)
    for entry, day in enumerate(days):
        if day in days[:entry]:
            fields.wrong(
                "no_letters_on",
                say('"{text}" is here twice', text=day.isoformat()),
                say("Keep one."),
                entry=entry,
            )
    return frozenset(days)


def _slug(fields: Fields, file_name: str) -> str:
    stem = PurePath(file_name).stem
    try:
        return read_key(stem)
    except InvalidInputError as error:
        fields.wrong(
            None, say("the file's name names the sequence: {reason}", reason=error), error.remedy
        )
        return ""


def _steps(fields: Fields, problems: list[Problem]) -> tuple[list[Step], dict[str, int]]:
    """Return the steps that could be read, and where each key of the file stands."""
    nodes = list(fields.mappings("steps"))
    if not nodes and not problems:
        fields.wrong(
            "steps", say("there are no steps"), say("Add steps: with an entry for every email.")
        )
    if len(nodes) > MOST_STEPS:
        fields.wrong(
            "steps",
            say("there are more than {most_steps} steps", most_steps=MOST_STEPS),
            say("Split the sequence."),
        )
        return [], {}
    read: list[tuple[Step, Fields]] = []
    positions: dict[str, int] = {}
    for position, node in enumerate(nodes):
        step_fields = Fields(node, STEP_FIELDS, problems, NOT_FIELDS)
        key = step_fields.peek("key")
        if key in positions:
            step_fields.wrong(
                "key", say('the key "{key}" is used twice', key=key), say("Give each step its own.")
            )
        elif key is not None:
            positions[key] = position
        step = read_step(step_fields)
        if step is not None and positions[step.key] == position:
            read.append((step, step_fields))
    check_steps(read, positions)
    return [step for step, _ in read], positions


def _endings(fields: Fields, name: str, positions: Mapping[str, int]) -> tuple[Condition, ...]:
    conditions = tuple(fields.read_each(name, read_condition))
    for each in check_endings(name, conditions, positions):
        fields.wrong(each.name, each.reason, each.remedy, entry=each.entry)
    return conditions


def _read_title(text: str) -> str:
    if len(text) > LONGEST_TITLE:
        raise InvalidInputError(
            say("the title is longer than {longest_title} characters", longest_title=LONGEST_TITLE),
            remedy=say("Shorten it."),
        )
    return text


def _read_days(text: str) -> int:
    if re.fullmatch(r"[1-9]|[12]\d|30", text) is None:
        raise InvalidInputError(
            say('"{text}" is no number of days', text=text),
            remedy=say("Write a number from 1 to 30."),
        )
    return int(text)


def _read_date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InvalidInputError(
            say('"{text}" is no date', text=text),
            remedy=say("Write year, month and day: 2026-12-25."),
        ) from error
