"""What is done with a message to which no answer came, once its provider was asked."""

from datetime import timedelta

import pytest

from funnel.domain.sequence import UnknownPolicy
from funnel.domain.unknown import EVENT_GRACE, Answer, UnknownFacts, Verdict, next_step

MINUTE = timedelta(minutes=1)
HOLD, RESEND = UnknownPolicy.HOLD, UnknownPolicy.RESEND


@pytest.mark.parametrize(
    ("answer", "asks", "age", "facts_of", "expected"),
    [
        (Answer.HAS_IT, 1, 2, (1, True, HOLD), Verdict.SENT),
        (Answer.REFUSED_IT, 1, 2, (1, True, HOLD), Verdict.REFUSED),
        (Answer.NOT_FOUND, 1, 2, (1, True, HOLD), 2),  # its search may lag behind
        (Answer.NOT_FOUND, 2, 4, (1, True, HOLD), Verdict.NOT_SENT),
        (Answer.NOT_FOUND, 2, 4, (5, True, RESEND), Verdict.HELD),  # no attempt is left
        (Answer.CANNOT_SAY, 1, 2, (1, True, HOLD), 2),
        (Answer.CANNOT_SAY, 4, 30, (1, True, HOLD), 16),
        (Answer.CANNOT_SAY, 7, 90, (1, True, HOLD), 30),
        (Answer.CANNOT_SAY, 8, 120, (1, True, HOLD), Verdict.HELD),
        (Answer.CANNOT_SAY, 8, 120, (1, True, RESEND), Verdict.NOT_SENT),
        (Answer.CANNOT_BE_ASKED, 1, 2, (1, True, RESEND), 28),  # its event may still come
        (Answer.CANNOT_BE_ASKED, 2, 30, (1, True, RESEND), Verdict.NOT_SENT),
        (Answer.CANNOT_BE_ASKED, 2, 30, (1, True, HOLD), Verdict.HELD),
        (Answer.CANNOT_BE_ASKED, 1, 2, (1, False, RESEND), 3),  # SMTP tells nothing later
        (Answer.CANNOT_BE_ASKED, 1, 5, (1, False, RESEND), Verdict.NOT_SENT),
        (Answer.CANNOT_BE_ASKED, 1, 5, (5, False, RESEND), Verdict.HELD),
    ],
    ids=range(16),
)
def test_next_step(
    answer: Answer, asks: int, age: int, facts_of: tuple[int, bool, UnknownPolicy], expected: object
) -> None:
    attempts, reports, policy = facts_of
    facts = UnknownFacts(
        answer=answer,
        asks=asks,
        age=age * MINUTE,
        attempts=attempts,
        reports=reports,
        policy=policy,
    )
    step = next_step(facts)
    if isinstance(expected, Verdict):
        assert (step.verdict, step.ask_after) == (expected, None)
    else:
        assert isinstance(expected, int)
        assert (step.verdict, step.ask_after) == (None, expected * MINUTE)


def test_nothing_is_asked_for_ever() -> None:
    for answer in Answer:
        age, steps = 2 * MINUTE, 0
        while True:
            steps += 1
            step = next_step(
                UnknownFacts(
                    answer=answer, asks=steps, age=age, attempts=1, reports=True, policy=HOLD
                )
            )
            if step.verdict is not None:
                break
            assert step.ask_after is not None
            assert step.ask_after > timedelta(0)
            age += step.ask_after
        assert steps <= 8
        assert age <= 5 * EVENT_GRACE
