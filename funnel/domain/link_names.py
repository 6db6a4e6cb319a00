"""Conditions that ask for a click on a link: whether any email has it."""

from collections.abc import Collection, Iterator, Mapping

from funnel.domain.sequence import Condition, ConditionKind, SequenceDefinition


def unknown_links(
    definition: SequenceDefinition, names: Mapping[str, Collection[str]]
) -> tuple[Condition, ...]:
    """Return the conditions that ask for a link which no email has: nobody can ever click it.

    Args:
        definition: The sequence.
        names: What the counted links of each step's email are called, by the step's key. A step
            that is missing here is taken to have any link: its email is not known.
    """
    found = (each for each in _conditions(definition) if not _exists(each, definition, names))
    return tuple(dict.fromkeys(found))


def _conditions(definition: SequenceDefinition) -> Iterator[Condition]:
    for step in definition.steps:
        yield from step.conditions
    yield from definition.goal
    yield from definition.exit_if


def _exists(
    condition: Condition, definition: SequenceDefinition, names: Mapping[str, Collection[str]]
) -> bool:
    if condition.kind is not ConditionKind.CLICKED or not condition.name:
        return True
    keys = [condition.step_key] if condition.step_key else [each.key for each in definition.steps]
    return any(key not in names or condition.name in names[key] for key in keys)
