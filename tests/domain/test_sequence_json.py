import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import funnel
from funnel.domain.errors import InvalidInputError
from funnel.domain.sequence import (
    DEFAULT_GOAL,
    Anchor,
    AnchorKind,
    Condition,
    ConditionKind,
    RunPolicy,
    SequenceDefinition,
    Step,
    StepKind,
    Timing,
    UnknownPolicy,
    Wait,
)
from funnel.domain.sequence_file import (
    definition_from_json,
    definition_to_json,
    parse_sequence,
)
from funnel.domain.timing import Delay, SendWindow
from funnel.domain.timing_text import read_timing, timing_text

SHIPPED = Path(funnel.__file__).parent / "templates" / "sequences" / "disruption-masterclass.yaml"

keys = st.from_regex(r"[a-z]{1,5}(-[a-z0-9]{1,5})?", fullmatch=True).filter(
    lambda key: key not in set(AnchorKind)
)
durations = st.timedeltas(timedelta(days=-40), timedelta(days=40))
delays = st.builds(Delay, days=st.integers(-400, 400), elapsed=durations)
hours = st.none() | st.times()
moments = st.timedeltas(timedelta(0), timedelta(days=6000)).map(
    lambda after: datetime(2024, 1, 1, tzinfo=UTC) + after
)
anchors = (
    st.builds(
        Anchor,
        kind=st.sampled_from(
            [each for each in AnchorKind if each not in {AnchorKind.STEP, AnchorKind.FIXED}]
        ),
    )
    | st.builds(Anchor, kind=st.just(AnchorKind.STEP), step_key=keys)
    | st.builds(Anchor, kind=st.just(AnchorKind.FIXED), fixed_at=moments)
)
timings = st.builds(Timing, anchor=anchors, delay=delays, at=hours)
windows = st.builds(
    lambda weekdays, ends: SendWindow(weekdays=weekdays, opens=ends[0], closes=ends[1]),
    st.frozensets(st.integers(0, 6), min_size=1),
    st.lists(st.times(), min_size=2, max_size=2, unique=True),
)
asked = st.lists(
    st.builds(
        Condition,
        kind=st.sampled_from(ConditionKind),
        is_negated=st.booleans(),
        name=st.just("") | st.text(),
        value=st.just("") | st.text(),
        step_key=st.just("") | keys,
        elapsed=st.just(timedelta(0)) | durations,
        limit=st.none() | delays,
    ),
    max_size=3,
).map(tuple)
steps = st.builds(
    Step,
    key=keys,
    name=st.just("") | st.text(),
    kind=st.sampled_from(StepKind),
    timing=timings,
    without_session=st.none() | timings,
    window=st.none() | windows,
    grace=durations,
    conditions=asked,
    wait=st.none() | st.builds(Wait, delay=delays, at=hours),
    lead=st.none() | durations,
    apart_from=st.lists(st.tuples(keys, durations), max_size=2).map(tuple),
    one_of=keys | st.just(""),
    repeats_when_moved=st.booleans(),
)
definitions = st.builds(
    SequenceDefinition,
    slug=keys,
    title=st.text(),
    brand=keys,
    steps=st.lists(steps, max_size=3).map(tuple),
    runs=st.sampled_from(RunPolicy),
    on_unknown=st.sampled_from(UnknownPolicy),
    days_between_letters=st.integers(1, 30),
    blackout_dates=st.frozensets(st.dates(), max_size=3),
    goal=st.just(DEFAULT_GOAL) | asked,
    exit_if=asked,
    tracks_opens=st.booleans(),
)


@settings(deadline=None)
@given(definitions)
def test_a_definition_comes_back_from_its_row_without_loss(definition):
    stored = json.dumps(definition_to_json(definition))
    assert definition_from_json(json.loads(stored)) == definition


def test_the_shipped_definition_comes_back_without_loss():
    definition = parse_sequence(SHIPPED.read_text(encoding="utf-8"), file_name=SHIPPED.name)
    assert definition_from_json(json.loads(json.dumps(definition_to_json(definition)))) == (
        definition
    )


def test_what_says_nothing_new_is_still_stored_in_the_first_form():
    definition = parse_sequence(SHIPPED.read_text(encoding="utf-8"), file_name=SHIPPED.name)
    stored = definition_to_json(definition)
    assert stored["form"] == 1
    assert "goal" not in stored
    assert all(
        set(each) == {"kind", "is_negated"} for s in stored["steps"] for each in s["conditions"]
    )
    assert definition_from_json(stored).goal == DEFAULT_GOAL


@pytest.mark.parametrize(
    "stored",
    [
        {},
        {"form": 2},
        {"form": 3},
        {"form": 1},
        {"form": 1, "steps": None},
        {"form": 1, "steps": [{"key": 1}]},
    ],
)
def test_what_is_no_stored_definition_is_refused(stored):
    with pytest.raises(InvalidInputError):
        definition_from_json(stored)


whole_delays = st.tuples(
    st.integers(0, 400), st.integers(0, 400).map(lambda n: timedelta(seconds=n * 97)), st.booleans()
).map(
    lambda parts: (
        Delay(days=-parts[0], elapsed=-parts[1])
        if parts[2]
        else Delay(days=parts[0], elapsed=parts[1])
    )
)
whole_hours = st.none() | st.times().map(lambda at: at.replace(second=0, microsecond=0))


@settings(max_examples=300, deadline=None)
@given(st.builds(Timing, anchor=anchors, delay=whole_delays, at=whole_hours))
def test_what_the_calendar_says_can_be_written_into_a_file(timing):
    assert read_timing(timing_text(timing)) == timing
