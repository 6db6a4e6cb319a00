# ruff: noqa: E501 (a table is read by its rows)
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import funnel
from funnel.domain.enrollment import Enrollment
from funnel.domain.sequence import (
    AnchorKind,
    Condition,
    ConditionKind,
    RunPolicy,
    UnknownPolicy,
)
from funnel.domain.timing import EVERY_DAY, WEEKDAYS, Delay, SendWindow
from tests.domain.sequence_texts import parse, parse_step

TEMPLATES = Path(funnel.__file__).parent / "templates"
SHIPPED = TEMPLATES / "sequences" / "disruption-masterclass.yaml"
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
SOMEBODY = Enrollment(
    enrolled_at=datetime(2026, 11, 2, 10, tzinfo=UTC), zone=ZoneInfo("Europe/Berlin")
)


@pytest.mark.parametrize(
    ("words", "delay", "at", "anchor"),
    [
        ("on registration", Delay(), None, AnchorKind.REGISTRATION),
        ("at session start", Delay(), None, AnchorKind.SESSION_START),
        ("1 day after enrollment, 09:00", Delay(days=1), time(9), AnchorKind.ENROLLMENT),
        ("2 days after first,09:00", Delay(days=2), time(9), AnchorKind.STEP),
        ("1 h 30 min before session start", Delay(elapsed=-1.5 * HOUR), None, AnchorKind.SESSION_START),
        ("1 day 2 h after session end", Delay(days=1, elapsed=2 * HOUR), None, AnchorKind.SESSION_END),
        ("1 day 2 h before replay end", Delay(days=-1, elapsed=-2 * HOUR), None, AnchorKind.REPLAY_END),
        ("90 minutes after seat", Delay(elapsed=1.5 * HOUR), None, AnchorKind.STEP),
        ("1 hour after seat", Delay(elapsed=HOUR), None, AnchorKind.STEP),
        ("30 s after registration", Delay(elapsed=MINUTE / 2), None, AnchorKind.REGISTRATION),
        ("on 2026-12-01T09:00+01:00", Delay(), None, AnchorKind.FIXED),
        ("2 days before 2026-12-01T09:00Z, 17:30", Delay(days=-2), time(17, 30), AnchorKind.FIXED),
    ],
)  # fmt: skip
def test_timings_in_words(words, delay, at, anchor):
    timing = parse_step("kind: service", f"timing: {words}").timing
    assert (timing.delay, timing.at, timing.anchor.kind) == (delay, at, anchor)


def test_a_fixed_moment_keeps_its_offset():
    timing = parse_step("kind: service", "timing: on 2026-12-01T09:00+01:00").timing
    assert timing.anchor.fixed_at == datetime(2026, 12, 1, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("field", "window"),
    [
        ("weekdays: mon-fri", SendWindow(weekdays=WEEKDAYS)),
        ("weekdays: every day", SendWindow(weekdays=EVERY_DAY)),
        ("weekdays: tue, thu", SendWindow(weekdays=frozenset({1, 3}))),
        ("weekdays: [tue, fri-sun]", SendWindow(weekdays=frozenset({1, 4, 5, 6}))),
        ("weekdays: fri-mon", SendWindow(weekdays=frozenset({4, 5, 6, 0}))),
        ("hours: 07:30-20:00", SendWindow(opens=time(7, 30), closes=time(20))),
        ("hours: 08:00-02:00", SendWindow(opens=time(8), closes=time(2))),
        ('hours: "07:30 - 20:00"', SendWindow(opens=time(7, 30), closes=time(20))),
    ],
)
def test_windows_in_words(field, window):
    step = parse_step("kind: letter", "timing: 1 day after first, 09:00", field)
    assert step.window == window


def test_other_fields_in_words():
    definition = parse(
        """
title: "A title: with a colon"
brand: other-brand
runs: again after the end
on_unknown: resend
days_between_letters: 3
no_letters_on: [2026-12-25, 2026-12-26]
steps:
  - key: seat
    kind: service
    timing: on registration
    late: skip
  - key: last
    kind: service
    timing: 1 h before session start
    only_if: [registered, clicked]
    skip_if: goal reached
    wait: until 5 min before session start
    lead: 30 min
    apart_from: {seat: 2 h}
    repeats_when_moved: yes
"""
    )
    assert definition.title == "A title: with a colon"
    assert definition.brand == "other-brand"
    assert definition.runs is RunPolicy.AGAIN_AFTER_END
    assert definition.on_unknown is UnknownPolicy.RESEND
    assert definition.days_between_letters == 3
    assert definition.blackout_dates == {date(2026, 12, 25), date(2026, 12, 26)}
    seat, last = definition.steps
    assert seat.grace == 10 * MINUTE
    assert last.conditions == (
        Condition(kind=ConditionKind.REGISTERED),
        Condition(kind=ConditionKind.CLICKED),
        Condition(kind=ConditionKind.GOAL_REACHED, is_negated=True),
    )
    assert last.wait and last.wait.delay == Delay(elapsed=-5 * MINUTE)
    assert (last.lead, last.apart_from) == (30 * MINUTE, (("seat", 2 * HOUR),))
    assert last.repeats_when_moved
    # Nothing said: ten minutes, as a bare "skip".
    assert last.grace == 10 * MINUTE


def test_a_night_takes_an_hour_on_either_side_of_midnight():
    for at in ("20:00", "23:59", "00:00", "01:59"):
        fields = ("kind: letter", f"timing: 1 day after first, {at}", "hours: 20:00-02:00")
        assert parse_step(*fields).window == SendWindow(opens=time(20), closes=time(2))


def test_every_condition_is_read_where_it_stands():
    definition = parse(
        """
title: x
goal: [booked intro call, tag customer]
exit_if:
  - bought
  - clicked link stop in a
opens: yes
steps:
  - {key: a, kind: service, timing: on registration}
  - key: b
    kind: letter
    timing: 2 days after a, 09:00
    only_if: [left before 45 min, clicked link book in a within 2 days]
    skip_if:
      - field country is New Zealand
      - replied within 36 h
"""
    )
    assert definition.goal == (
        Condition(kind=ConditionKind.BOOKED, name="intro call"),
        Condition(kind=ConditionKind.TAG, name="customer"),
    )
    assert definition.exit_if == (
        Condition(kind=ConditionKind.BOUGHT),
        Condition(kind=ConditionKind.CLICKED, name="stop", step_key="a"),
    )
    assert definition.tracks_opens
    assert definition.steps[1].conditions == (
        Condition(kind=ConditionKind.LEFT_BEFORE, elapsed=45 * MINUTE),
        Condition(kind=ConditionKind.CLICKED, name="book", step_key="a", limit=Delay(days=2)),
        Condition(kind=ConditionKind.FIELD, is_negated=True, name="country", value="New Zealand"),
        Condition(kind=ConditionKind.REPLIED, is_negated=True, limit=Delay(elapsed=36 * HOUR)),
    )
    assert parse("title: x\nsteps: [{key: a, kind: service, timing: on registration}]").goal == (
        Condition(kind=ConditionKind.BOOKED),
    )
