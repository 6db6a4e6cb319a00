"""A definition written as a file and read again is the same definition."""

from dataclasses import replace
from datetime import date, time, timedelta
from itertools import zip_longest
from pathlib import Path
from unicodedata import normalize

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import funnel
from funnel.domain.sequence import (
    AnchorKind,
    Condition,
    ConditionKind,
    RunPolicy,
    SequenceDefinition,
    Step,
    StepKind,
    UnknownPolicy,
    Wait,
)
from funnel.domain.sequence_file import parse_sequence
from funnel.domain.sequence_text import definition_checksum, sequence_text
from funnel.domain.text import clean_text
from funnel.domain.timing import Delay, SendWindow
from tests.domain.definitions import definitions

SHIPPED = Path(funnel.__file__).parent / "templates" / "sequences" / "disruption-masterclass.yaml"
MINUTE = timedelta(minutes=1)

titles = (
    st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), min_size=1, max_size=40)
    .map(str.strip)
    .filter(bool)
)
step_names = st.text(max_size=60).map(lambda text: clean_text(normalize("NFC", text), limit=60))
names = st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=9).filter(str.strip)
limits = st.none() | st.builds(Delay, days=st.integers(1, 9)) | st.just(Delay(elapsed=90 * MINUTE))
endings = st.lists(
    st.one_of(
        st.builds(Condition, kind=st.just(ConditionKind.TAG), name=names, limit=limits),
        st.builds(Condition, kind=st.just(ConditionKind.BOUGHT), name=st.just("") | names),
        st.builds(
            Condition, kind=st.just(ConditionKind.FIELD), name=names, value=st.just("") | names
        ),
        st.builds(Condition, kind=st.just(ConditionKind.CLICKED), name=names, limit=limits),
    ),
    max_size=3,
    unique=True,
).map(tuple)
windows = st.builds(
    lambda days, ends: SendWindow(weekdays=days, opens=ends[0], closes=ends[1]),
    st.frozensets(st.integers(0, 6), min_size=1),
    st.lists(
        st.builds(time, st.integers(0, 23), st.integers(0, 59)), min_size=2, max_size=2
    ).filter(lambda ends: ends[0] != ends[1]),
)


@st.composite
def fit_for_files(draw):
    """Any definition that a file can say: the checks between fields hold."""
    definition = draw(definitions())
    called = draw(st.lists(step_names, max_size=len(definition.steps), unique_by=str.casefold))
    steps = tuple(
        replace(_fit(each, draw), name=name)
        for each, name in zip_longest(definition.steps, called, fillvalue="")
    )
    groups = [each.one_of for each in steps]
    steps = tuple(
        replace(each, one_of="") if groups.count(each.one_of) == 1 else each for each in steps
    )
    goal = draw(endings)
    return replace(
        definition,
        title=draw(titles),
        steps=steps,
        runs=draw(st.sampled_from(RunPolicy)),
        on_unknown=draw(st.sampled_from(UnknownPolicy)),
        days_between_letters=draw(st.integers(1, 30)),
        blackout_dates=draw(st.frozensets(st.dates(date(2026, 1, 1)), max_size=3)),
        goal=goal or definition.goal,
        exit_if=draw(endings),
        tracks_opens=draw(st.booleans()),
    )


def _fit(step: Step, draw) -> Step:
    step = replace(step, conditions=_fit_conditions(step, draw), wait=None)
    if step.kind is StepKind.LETTER:
        window = draw(windows)
        timing, without = (
            each and replace(each, at=window.opens if each.at else None)
            for each in (step.timing, step.without_session)
        )
        return replace(step, window=window, timing=timing, without_session=without)
    may_wait = step.timing.anchor.kind is AnchorKind.SESSION_END
    is_awaited = ConditionKind.ATTENDED in {each.kind for each in step.conditions}
    wait = Wait(delay=Delay(days=step.timing.delay.days + 40), at=time(9))
    return replace(
        step,
        grace=max(step.grace, MINUTE),
        lead=None if step.timing.anchor.kind.happens_first else step.lead,
        wait=wait if may_wait and is_awaited else None,
    )


def _fit_conditions(step, draw):
    """In the order in which a file names them; what has a name comes from ``endings``."""
    timing = step.timing
    is_ahead = timing.delay.days < 0 or timing.delay.elapsed < timedelta(0)
    may_ask = _SEAT_ONLY if is_ahead or (timing.delay == Delay() and not timing.at) else _BARE
    kept = [each for each in step.conditions if each.kind in may_ask and not each.limit]
    # A limit in a step is checked against its timing; those of ``goal`` and ``exit_if`` are not.
    named = dict.fromkeys(replace(each, limit=None) for each in draw(endings))
    return tuple(sorted([*kept, *named], key=lambda each: each.is_negated))


# Ahead of what a step counts from, or with it, nobody may know yet who came and what they watched.
_SEAT_ONLY = {ConditionKind.REGISTERED}
_BARE = _SEAT_ONLY | {
    ConditionKind.ATTENDED,
    ConditionKind.MISSED,
    ConditionKind.ATTENDANCE_UNKNOWN,
    ConditionKind.REPLAY_WATCHED,
    ConditionKind.REPLAY_AVAILABLE,
}


@settings(max_examples=60)
@given(fit_for_files())
def test_a_definition_written_as_a_file_is_read_as_the_same(definition):
    text = sequence_text(definition)
    assert parse_sequence(text, file_name=f"{definition.slug}.yaml") == definition


def test_the_shipped_sequence_says_the_same_when_it_is_written_anew():
    shipped = parse_sequence(SHIPPED.read_text("utf-8"), file_name=SHIPPED.name)
    text = sequence_text(shipped)
    assert parse_sequence(text, file_name=SHIPPED.name) == shipped
    # In the words of its author, but for comments and blank lines.
    assert _lines(text) == _lines(SHIPPED.read_text("utf-8"))


def _lines(text):
    said = [line.strip() for line in text.splitlines()]
    return sorted(line for line in said if line and not line.startswith("#"))


@pytest.mark.parametrize(
    ("days", "words"),
    [
        ({0, 1, 2, 3, 4}, "mon-fri"),
        ({1, 3}, "tue, thu"),
        ({0, 1}, "mon, tue"),
        ({0, 4, 5, 6}, "mon, fri-sun"),
    ],
)
def test_weekdays_are_written_as_people_say_them(days, words):
    shipped = parse_sequence(SHIPPED.read_text("utf-8"), file_name=SHIPPED.name)
    step = replace(shipped.steps[1], window=SendWindow(weekdays=frozenset(days)))
    assert f"weekdays: {words}\n" in sequence_text(replace(shipped, steps=(step,)))


def test_the_checksum_is_of_what_is_said():
    definition = SequenceDefinition(slug="s", title="One", brand="default", steps=())
    assert definition_checksum(definition) == definition_checksum(replace(definition))
    assert definition_checksum(definition) != definition_checksum(replace(definition, title="Two"))
