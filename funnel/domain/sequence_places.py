"""Where a mistake of a sequence file stands: of which email, in which field."""

from collections.abc import Iterator

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from funnel.domain.marked_yaml import Problem
from funnel.domain.step_form import FormProblem
from funnel.domain.yaml_edit import safe_loader

_Place = tuple[int, int]


def placed(text: str, problems: tuple[Problem, ...]) -> tuple[FormProblem, ...]:
    """Return a file's mistakes by the fields in which they stand.

    Args:
        text: The file, which is YAML.
        problems: As ``parse_sequence`` found them.
    """
    places = dict(_places(yaml.compose(text, Loader=safe_loader())))
    return tuple(_placed(each, places) for each in problems)


def _placed(problem: Problem, places: dict[_Place, tuple[str, str]]) -> FormProblem:
    step_key, field = places.get((problem.line, problem.column), ("", ""))
    return FormProblem(field=field, reason=problem.reason, remedy=problem.remedy, step_key=step_key)


def _places(root: Node | None) -> Iterator[tuple[_Place, tuple[str, str]]]:
    for name, value in _fields(root):
        if name == "steps" and isinstance(value, SequenceNode):
            for step in value.value:
                yield from _of_step(step)
        else:
            yield from _of_value(value, ("", name))


def _of_step(step: Node) -> Iterator[tuple[_Place, tuple[str, str]]]:
    fields = dict(_fields(step))
    key = fields.get("key")
    name = str(key.value) if isinstance(key, ScalarNode) else ""
    yield _place(step), (name, "")
    for field, value in fields.items():
        yield from _of_value(value, (name, field))


def _of_value(value: Node, where: tuple[str, str]) -> Iterator[tuple[_Place, tuple[str, str]]]:
    yield _place(value), where
    if isinstance(value, SequenceNode):
        for each in value.value:
            yield from _of_value(each, where)
    elif isinstance(value, MappingNode):
        for key, each in value.value:
            yield _place(key), where
            yield _place(each), where


def _fields(node: Node | None) -> Iterator[tuple[str, Node]]:
    if isinstance(node, MappingNode):
        yield from ((str(key.value), value) for key, value in node.value)


def _place(node: Node) -> _Place:
    return node.start_mark.line + 1, node.start_mark.column + 1
