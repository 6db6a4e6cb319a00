"""When a hand-over that was put off is tried again."""

from datetime import timedelta

import pytest

from funnel.domain.failure import FailureKind
from funnel.domain.retry import MAX_ATTEMPTS, decide_retry, is_attempt

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("case", "attempts", "failure", "asked", "remaining", "expected"),
    [
        ("the first wait", 1, None, None, None, 30 * SECOND),
        ("the second", 2, FailureKind.OTHER, None, None, 2 * MINUTE),
        ("the third", 3, None, None, None, 8 * MINUTE),
        ("the longest", 4, None, None, None, 30 * MINUTE),
        ("no more", 5, None, None, None, None),
        ("no more, though asked to come back", 5, None, HOUR, None, None),
        ("greylisted: past its five minutes", 1, FailureKind.GREYLISTED, None, None, 6 * MINUTE),
        ("greylisted again", 2, FailureKind.GREYLISTED, None, None, 12 * MINUTE),
        ("a full mailbox", 1, FailureKind.MAILBOX_FULL, None, None, 20 * MINUTE),
        ("a full mailbox, at last", 4, FailureKind.MAILBOX_FULL, None, None, 6 * HOUR),
        ("too fast", 1, FailureKind.RATE, None, None, MINUTE),
        ("an outage uses no attempt up", 9, FailureKind.PROVIDER_DOWN, None, None, 30 * MINUTE),
        ("a full disk of ours neither", 5, FailureKind.OURS, None, None, 30 * MINUTE),
        ("asked for longer", 1, None, HOUR, None, HOUR),
        ("asked for less than our own wait", 4, None, SECOND, None, 30 * MINUTE),
        ("asked for a year", 1, FailureKind.RATE, 365 * DAY, None, DAY),
        ("in time", 2, None, None, 10 * MINUTE, 2 * MINUTE),
        ("once more before it is late", 4, None, None, 20 * MINUTE, 20 * MINUTE - 30 * SECOND),
        ("too near the end for that", 4, None, None, 50 * SECOND, 30 * MINUTE),
        ("late already", 2, None, None, -MINUTE, 2 * MINUTE),
        ("asked past the end: honoured", 1, None, HOUR, 20 * MINUTE, HOUR),
    ],
    ids=range(21),
)
def test_decide_retry(
    case: str,
    attempts: int,
    failure: FailureKind | None,
    asked: timedelta | None,
    remaining: timedelta | None,
    expected: timedelta | None,
) -> None:
    decision = decide_retry(
        attempts, asked_to_wait=asked, chance=0.5, failure=failure, remaining=remaining
    )
    assert decision.after == expected, case


def test_many_put_off_together_do_not_come_back_together() -> None:
    waits = {decide_retry(2, asked_to_wait=None, chance=n / 10).after for n in range(11)}
    assert len(waits) == 11
    assert {min(each for each in waits if each), max(each for each in waits if each)} == {
        96 * SECOND,
        144 * SECOND,
    }


def test_every_kind_of_failure_ends_unless_it_says_nothing_of_the_message() -> None:
    endless = {
        kind
        for kind in FailureKind
        if decide_retry(MAX_ATTEMPTS, asked_to_wait=None, chance=0, failure=kind).after is not None
    }
    assert endless == {kind for kind in FailureKind if not is_attempt(kind)}
    assert endless == {FailureKind.PROVIDER_DOWN, FailureKind.OURS}
