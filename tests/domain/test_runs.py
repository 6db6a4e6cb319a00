"""When a signup begins a new run: PRODUCT, "Another date"."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from funnel.domain.enrollment import EnrollmentState
from funnel.domain.runs import LatestRun, starts_new_run
from funnel.domain.sequence import RunPolicy

NOW = datetime(2031, 3, 4, 11, tzinfo=UTC)
A, B = UUID(int=1), UUID(int=2)
AHEAD, BEGUN = NOW + timedelta(hours=1), NOW
ONCE, PER_SESSION, AFTER_END = (
    RunPolicy.ONCE,
    RunPolicy.ONCE_PER_SESSION,
    RunPolicy.AGAIN_AFTER_END,
)
ACTIVE, COMPLETED, LEFT = EnrollmentState.ACTIVE, EnrollmentState.COMPLETED, EnrollmentState.LEFT


@pytest.mark.parametrize(
    ("case", "state", "held", "starts_at", "wished", "new_run_for"),
    [
        ("a first date for who had none", ACTIVE, None, None, A, set()),
        ("another date before the first", ACTIVE, A, AHEAD, B, set()),
        ("the same date again", ACTIVE, A, AHEAD, A, set()),
        ("another date once it has begun", ACTIVE, A, BEGUN, B, {PER_SESSION}),
        ("the same date once it has begun", ACTIVE, A, BEGUN, A, set()),
        ("the letters again", ACTIVE, A, BEGUN, None, set()),
        ("another date after the end", COMPLETED, A, BEGUN, B, {PER_SESSION, AFTER_END}),
        ("the letters after the end", COMPLETED, A, BEGUN, None, {PER_SESSION, AFTER_END}),
        ("a first date after the letters' end", COMPLETED, None, None, A, {AFTER_END}),
        ("back after leaving", LEFT, A, AHEAD, A, {ONCE, PER_SESSION, AFTER_END}),
    ],
)
def test_a_new_run_or_the_same(
    case: str,
    state: EnrollmentState,
    held: UUID | None,
    starts_at: datetime | None,
    wished: UUID | None,
    new_run_for: set[RunPolicy],
) -> None:
    latest = LatestRun(id=A, run=1, state=state, session_id=held, session_starts_at=starts_at)
    for policy in RunPolicy:
        assert starts_new_run(latest, wished, policy, NOW) is (policy in new_run_for), (
            case,
            policy,
        )


def test_the_first_is_new() -> None:
    assert all(starts_new_run(None, A, policy, NOW) for policy in RunPolicy)
