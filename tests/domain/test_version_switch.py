"""Who gets a new step that was put between those they have had: by policy, a case a line."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from funnel.domain.enrollment import Enrollment, Facts, PassedStep
from funnel.domain.message import MessageStatus
from funnel.domain.plan import SkipReason
from funnel.domain.sequence import Anchor, AnchorKind, SequenceDefinition, Step, StepKind, Timing
from funnel.domain.session import Registration, Session
from funnel.domain.timing import Delay, SendWindow
from funnel.domain.version_switch import (
    PublishPolicy,
    added_keys,
    added_later,
    removed_keys,
    switched,
)

BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = datetime(2031, 3, 3, 8, 0, tzinfo=UTC)  # 09:00 in Berlin
DAY = timedelta(days=1)
OFFICE = SendWindow(weekdays=frozenset(range(5)))
KEEP, MOVE, CATCH_UP, SKIP = PublishPolicy


def letter(key, days, after=None, window=OFFICE):
    kind = AnchorKind.STEP if after else AnchorKind.ENROLLMENT
    timing = Timing(
        anchor=Anchor(kind=kind, step_key=after or ""), delay=Delay(days=days), at=time(9)
    )
    return Step(key=key, kind=StepKind.LETTER, timing=timing, window=window)


def reminder(key, days):
    timing = Timing(anchor=Anchor(kind=AnchorKind.SESSION_START), delay=Delay(days=-days))
    return Step(key=key, kind=StepKind.SERVICE, timing=timing)


def sequence(*steps):
    return SequenceDefinition(slug="s", title="S", brand="default", steps=steps)


OLD = sequence(letter("one", 1), letter("two", 2, "one"), letter("three", 10, "two"))


def row(key, days, status=MessageStatus.ACCEPTED):
    moment = MONDAY + timedelta(days=days)
    settled_at = moment if status.is_settled else None
    return PassedStep(key=key, copy=0, status=status, moment=moment, settled_at=settled_at)


def skipped(new, *rows, days, policy, seat=None):
    """The keys that a run with these rows does not get, ``days`` after it was enrolled."""
    found = added_later(
        Enrollment(enrolled_at=MONDAY, zone=BERLIN),
        Facts(passed=rows, registration=seat),
        added_keys(OLD, new),
        after=new,
        policy=policy,
        now=MONDAY + timedelta(days=days, hours=1),
    )
    assert all(each.skip is SkipReason.ADDED_LATER for each in found)
    return [each.key for each in found]


BETWEEN = sequence(
    letter("one", 1), letter("new", 1, "one"), letter("two", 2, "one"), letter("three", 10, "two")
)
AFTER = sequence(*OLD.steps[:2], letter("new", 3, "two"), OLD.steps[2])


@pytest.mark.parametrize(
    ("case", "new", "rows", "days", "expected"),
    [  # keep, move, catch up, skip
        ("before its moment", BETWEEN, [], 0, [[], [], [], []]),
        ("the step it counts from has just left", BETWEEN, [("one", 1)], 1, [[], [], [], []]),
        ("its moment has passed", BETWEEN, [("one", 1)], 2, [[], ["new"], [], []]),
        ("past it", BETWEEN, [("one", 1), ("two", 3)], 4, [[], ["new"], [], ["new"]]),
        ("not there yet", AFTER, [("one", 1), ("two", 3)], 4, [[], [], [], []]),
        ("long there", AFTER, [("one", 1), ("two", 3)], 9, [[], ["new"], [], []]),
    ],
)
def test_policies(case, new, rows, days, expected):
    passed = [row(*each) for each in rows]
    found = [skipped(new, *passed, days=days, policy=each) for each in PublishPolicy]
    assert found == expected


def test_a_weekend_is_no_moment_of_a_letter_that_comes_on_weekdays():
    new = sequence(letter("new", 5), *OLD.steps)  # Saturday, so Monday
    assert skipped(new, days=6, policy=MOVE) == []
    assert skipped(new, days=7, policy=MOVE) == ["new"]


def test_what_counts_from_a_new_step_counts_as_if_that_had_always_been_there():
    new = sequence(letter("a", 1), letter("b", 2, "a"), letter("c", 20, "b"), *OLD.steps)
    assert skipped(new, days=10, policy=MOVE) == ["a", "b"]


def test_what_counts_from_a_step_that_is_still_to_come_is_ahead():
    """``three`` was due and waits for a day: it is no ground to call what follows it missed."""
    new = sequence(*OLD.steps, letter("new", 1, "three"))
    rows = [row("one", 1), row("two", 3)]
    assert skipped(new, *rows, days=40, policy=MOVE) == []
    held = row("three", 13, MessageStatus.QUEUED)
    assert skipped(new, *rows, held, days=40, policy=MOVE) == []


def test_who_holds_no_seat_has_no_moment_to_miss_but_a_point_that_they_reached():
    new = sequence(reminder("new", 1), *OLD.steps)
    rows = [row("one", 1)]
    assert skipped(new, *rows, days=4, policy=MOVE) == []
    assert skipped(new, *rows, days=4, policy=SKIP) == ["new"]


def test_a_reminder_is_missed_once_its_moment_is_over():
    start = MONDAY + 5 * DAY
    held = Registration(
        session=Session(
            id=None, title="T", starts_at=start, ends_at=start + DAY / 24, zone="Europe/Berlin"
        ),
        registered_at=MONDAY,
    )
    new = sequence(reminder("new", 1), *OLD.steps)
    assert skipped(new, days=3, policy=MOVE, seat=held) == []
    assert skipped(new, days=4, policy=MOVE, seat=held) == ["new"]


def test_a_step_that_has_a_row_already_is_not_written_again():
    came_back = row("new", 2, MessageStatus.ACCEPTED)
    assert skipped(BETWEEN, row("one", 1), came_back, days=9, policy=SKIP) == []


def test_a_renamed_key_is_a_removal_and_an_addition():
    renamed = sequence(replace(OLD.steps[0], key="first"), *OLD.steps[1:])
    assert added_keys(OLD, renamed) == {"first"}
    assert removed_keys(OLD, renamed) == {"one"}


def test_a_move_cancels_what_is_queued_for_a_removed_step_and_keeps_what_is_settled():
    rows = (row("one", 1), row("two", 3, MessageStatus.QUEUED))
    kept = switched(Facts(passed=rows), sequence(OLD.steps[2]))
    assert [each.key for each in kept.passed] == ["one"]
