"""When a line of a plan is to be written, and which row it becomes."""

from datetime import UTC, datetime, timedelta

import pytest

from funnel.domain.enrollment import PassedStep
from funnel.domain.message import MessageStatus
from funnel.domain.plan import Decision, PlannedStep, SkipReason
from funnel.domain.sequence import StepKind

NOW = datetime(2026, 3, 10, 9, tzinfo=UTC)
LATER = NOW + timedelta(seconds=1)


def line(
    decision: Decision, moment: datetime | None, *, kind: StepKind = StepKind.LETTER
) -> PlannedStep:
    skip = SkipReason.CONDITION if decision is Decision.SKIP else None
    return PlannedStep(key="first", kind=kind, copy=1, decision=decision, moment=moment, skip=skip)


@pytest.mark.parametrize(
    ("case", "decision", "moment", "written", "expected"),
    [
        ("its moment", Decision.SEND, NOW, None, True),
        ("a second early", Decision.SEND, LATER, None, False),
        ("not to be sent, at its moment", Decision.SKIP, NOW, None, True),
        ("not to be sent, before", Decision.SKIP, LATER, None, False),
        ("queued, and in its place", Decision.SEND, NOW, MessageStatus.QUEUED, False),
        ("queued, decided against: at once", Decision.SKIP, LATER, MessageStatus.QUEUED, True),
        ("in a worker's hands", Decision.SKIP, NOW, MessageStatus.SENDING, False),
        ("settled", Decision.SKIP, NOW, MessageStatus.SKIPPED, False),
        ("still open", Decision.WAIT, NOW, None, False),
        ("not counted", Decision.NOT_COUNTED, None, None, False),
    ],
)
def test_a_line_is_due(
    case: str,
    decision: Decision,
    moment: datetime | None,
    written: MessageStatus | None,
    expected: bool,  # noqa: FBT001  (a column of the table)
) -> None:
    assert line(decision, moment).is_due(written, NOW) is expected, case


def test_what_is_sent_is_queued_and_not_settled() -> None:
    row = PassedStep.of(line(Decision.SEND, NOW, kind=StepKind.SERVICE), None, LATER)
    assert (row.key, row.copy, row.moment) == ("first", 1, NOW)
    assert (row.status, row.settled_at, row.skip) == (MessageStatus.QUEUED, None, None)
    assert not row.is_letter


@pytest.mark.parametrize("decision", [Decision.SKIP, Decision.NOT_COUNTED])
def test_what_is_not_sent_is_settled_as_it_is_written(decision: Decision) -> None:
    planned = line(decision, None)
    row = PassedStep.of(planned, None, NOW)
    assert (row.status, row.settled_at, row.moment) == (MessageStatus.SKIPPED, NOW, NOW)
    assert row.skip is planned.skip
    assert row.is_letter
