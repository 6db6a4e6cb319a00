"""A condition that asks for a link which no email has is found before it silently never holds."""

from dataclasses import replace

import pytest

from funnel.domain.condition_text import read_condition
from funnel.domain.link_names import unknown_links
from tests.fixtures.world import SHORT_SEQUENCE

NAMES = {"your-seat": {"notes"}, "first": {"booking"}, "one-hour": set(), "second": set()}


@pytest.mark.parametrize(
    ("words", "names", "is_known"),
    [
        ("clicked", NAMES, True),
        ("clicked in one-hour", NAMES, True),
        ("clicked link booking", NAMES, True),
        ("clicked link talk", NAMES, False),
        ("clicked link booking in first", NAMES, True),
        ("clicked link booking in your-seat", NAMES, False),
        ("clicked link talk within 2 days", NAMES, False),
        ("clicked link talk", {"first": {"booking"}}, True),
        ("clicked link talk in first", {"first": {"booking"}}, False),
        ("tag talk", NAMES, True),
    ],
)
def test_a_link_is_known_where_an_email_has_it(words, names, is_known):
    condition = read_condition(words)
    *before, last = SHORT_SEQUENCE.steps
    in_step = replace(SHORT_SEQUENCE, steps=(*before, replace(last, conditions=(condition,))))
    as_goal = replace(SHORT_SEQUENCE, goal=(condition,))
    as_end = replace(SHORT_SEQUENCE, exit_if=(condition, condition))
    for definition in (in_step, as_goal, as_end):
        assert unknown_links(definition, names) == (() if is_known else (condition,))
