from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from funnel.domain.demo import DemoGoal, DemoMove, DemoScene, Hold, next_move

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)

QUIET = DemoScene(
    now=NOW,
    goal=DemoGoal.NEXT,
    goal_at=NOW - 10 * SECOND,
    is_frozen=False,
    is_busy=False,
    is_sending_paused=False,
    last_left_at=NOW - HOUR,
    next_timer_at=NOW + 5 * HOUR,
    is_signup_pending=False,
    word_awaited_since=None,
    next_end_at=None,
)


def scene(**changes):
    return replace(QUIET, **changes)


ALL = {"goal": DemoGoal.ALL}
SESSION = {"goal": DemoGoal.SESSION, "goal_at": NOW + 8 * HOUR}


@pytest.mark.parametrize(
    ("case", "changes", "expected"),
    [
        ("no goal: time runs by itself", {"goal": DemoGoal.NONE}, DemoMove(is_reached=True)),
        ("to the next email", {}, DemoMove(skip_to=NOW + 5 * HOUR)),
        (
            "one has left since it was pressed",
            {"last_left_at": NOW - 9 * SECOND},
            DemoMove(is_reached=True),
        ),
        (
            "the one that left as it was pressed is not the next one",
            {"last_left_at": NOW - 10 * SECOND},
            DemoMove(skip_to=NOW + 5 * HOUR),
        ),
        ("something is due", {"is_busy": True}, DemoMove(hold=Hold.BUSY)),
        (
            "something is due and the brake is on",
            {"is_busy": True, "is_sending_paused": True},
            DemoMove(hold=Hold.SENDING_PAUSED),
        ),
        ("time stands still", {"is_frozen": True}, DemoMove(hold=Hold.PAUSED)),
        (
            "nobody is under way",
            {"next_timer_at": None},
            DemoMove(hold=Hold.NOTHING_AHEAD, is_reached=True),
        ),
        (
            "to the next email, though a confirmation is pending: its reminder is an email",
            {"is_signup_pending": True},
            DemoMove(skip_to=NOW + 5 * HOUR),
        ),
        (
            "a timer that has just passed moves no clock back",
            {"next_timer_at": NOW - SECOND},
            DemoMove(skip_to=NOW),
        ),
        ("to the session, an email before it", SESSION, DemoMove(skip_to=NOW + 5 * HOUR)),
        (
            "to the session, nothing before it",
            SESSION | {"next_timer_at": NOW + 9 * HOUR},
            DemoMove(skip_to=NOW + 8 * HOUR),
        ),
        (
            "the session has begun",
            SESSION | {"now": NOW + 8 * HOUR},
            DemoMove(is_reached=True),
        ),
        (
            "to the session, a breath after an email",
            SESSION | {"last_left_at": NOW - SECOND / 2},
            DemoMove(hold=Hold.BREATH),
        ),
        (
            "to the session, whoever has not confirmed yet",
            SESSION | {"is_signup_pending": True},
            DemoMove(skip_to=NOW + 5 * HOUR),
        ),
        ("all: skips on", ALL, DemoMove(skip_to=NOW + 5 * HOUR)),
        (
            "all: an email that has left is no end",
            ALL | {"last_left_at": NOW - 5 * SECOND},
            DemoMove(skip_to=NOW + 5 * HOUR),
        ),
        (
            "all: breathes",
            ALL | {"last_left_at": NOW - SECOND / 2},
            DemoMove(hold=Hold.BREATH),
        ),
        (
            "all: waits for a pending confirmation",
            ALL | {"is_signup_pending": True},
            DemoMove(hold=Hold.SIGNUP_PENDING),
        ),
        (
            "all: stops at a session's end",
            ALL | {"next_end_at": NOW + 2 * HOUR},
            DemoMove(skip_to=NOW + 2 * HOUR),
        ),
        (
            "all: waits there for a word",
            ALL | {"word_awaited_since": NOW},
            DemoMove(hold=Hold.WORD_AWAITED),
        ),
        (
            "all: somebody pressed on after the session's end",
            ALL | {"word_awaited_since": NOW - 20 * SECOND},
            DemoMove(skip_to=NOW + 5 * HOUR),
        ),
        (
            "all: everybody is through",
            ALL | {"next_timer_at": None},
            DemoMove(hold=Hold.NOTHING_AHEAD, is_reached=True),
        ),
    ],
)
def test_next_move(case, changes, expected):
    assert next_move(scene(**changes)) == expected
