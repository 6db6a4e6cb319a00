"""A brand as a file says it: ``name: value`` lines, each mistake with its line."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import fields
from typing import Final

from yaml.nodes import MappingNode, Node, ScalarNode

from funnel.domain.brand import REQUIRED, Brand, value_problem
from funnel.domain.errors import InvalidInputError
from funnel.domain.marked_yaml import (
    EnoughError,
    Fields,
    Problem,
    Problems,
    problem_at,
    read_mapping,
)
from funnel.domain.speech import say

KNOWN: Final = tuple(each.name for each in fields(Brand) if each.name != "slug")
_IS_TEXT: Final = ("tag:yaml.org,2002:str", "tag:yaml.org,2002:null")
_SHOWN = 60  # characters of a value that is wrong


class BrandFileError(InvalidInputError):
    """A brand's file says something that no email can be sent with.

    Attributes:
        problems: Every mistake in the order of the file, of very many the first fifty.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda each: (each.line, each.column)))
        message = "\n".join(str(each) for each in self.problems)
        super().__init__(message, field="brand", remedy=self.problems[0].remedy)


def parse_brand(text: str, *, slug: str) -> Brand:
    """Return the brand that a YAML file describes.

    Args:
        text: The file's text.
        slug: The file's name without its ending.

    Raises:
        BrandFileError: With each mistake, its line, and what to write instead.
    """
    problems = Problems()
    values: dict[str, str] = {}
    # What was found by then is told: the rest comes when these are mended.
    with suppress(EnoughError):
        node = read_mapping(text, problems)
        if node is not None:
            values = dict(_values(node, problems))
            _require(node, values, problems)
    if problems:
        raise BrandFileError(problems)
    return Brand(slug=slug, **values)


def _values(node: MappingNode, problems: Problems) -> Iterator[tuple[str, str]]:
    Fields(node, KNOWN, problems)  # names that are not known, or stand there twice
    for key, value in node.value:
        if isinstance(key, ScalarNode) and key.value in KNOWN:
            yield key.value, _read(key.value, value, problems)


def _read(key: str, node: Node, problems: Problems) -> str:
    if not isinstance(node, ScalarNode) or node.tag not in _IS_TEXT:
        problems.append(
            problem_at(
                node, say('"{key}" must be a text', key=key), say("Put it in quotation marks.")
            )
        )
        return ""
    value = "" if node.tag != _IS_TEXT[0] else str(node.value).strip()
    remedy = value_problem(key, value)
    if remedy:
        shown = value if len(value) <= _SHOWN else f"{value[:_SHOWN]}…"
        reason = say('"{field}" is "{value}"', field=key, value=shown)
        problems.append(problem_at(node, reason, remedy))
    return value


def _require(node: MappingNode, values: Mapping[str, str], problems: Problems) -> None:
    lines = {str(key.value): value for key, value in node.value}
    told = {each.line for each in problems}
    for key in REQUIRED:
        place = lines.get(key)
        if not values.get(key) and (place is None or place.start_mark.line + 1 not in told):
            reason = say('"{key}" is missing', key=key)
            problems.append(problem_at(place or node, reason, say("Fill it in.")))
