"""A message that was handed over and to which no answer came: how it is settled, best first.

The provider's own key with the same bytes, its answer when it is asked by our id, its event, and at
last what the sequence chose beforehand. See RELIABILITY, "The SMTP boundary".
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from funnel.domain.retry import MAX_ATTEMPTS
from funnel.domain.sequence import UnknownPolicy

# All of it real time. A provider's search lags behind what it took; its events by minutes.
FIRST_ASKED_AFTER: Final = timedelta(minutes=2)
EVENT_GRACE: Final = timedelta(minutes=30)
# Of servers that report nothing: somebody who chose "send again" gains nothing by waiting longer.
SILENT_GRACE: Final = timedelta(minutes=5)
# One "not found" may be a search that is not up to date yet.
_NOT_FOUND_TWICE: Final = 2
_MOST_ASKS: Final = 8
_LONGEST_WAIT: Final = timedelta(minutes=30)


class Verdict(StrEnum):
    """What became of an unknown message after all."""

    SENT = "sent"  # the other side has it
    NOT_SENT = "not sent"  # it does not: it may be handed over again
    REFUSED = "refused"  # it took nothing, and never will
    HELD = "held"  # nobody can tell, and nobody chose: it waits for a person


class Answer(StrEnum):
    """What the provider says of it now."""

    HAS_IT = "has it"
    NOT_FOUND = "not found"
    CANNOT_SAY = "cannot say"
    REFUSED_IT = "refused it"
    CANNOT_BE_ASKED = "cannot be asked"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownFacts:
    """What the next step depends on.

    Attributes:
        answer: Of the provider.
        asks: How often it was asked, this time included.
        age: Real time since the hand-over.
        attempts: Hand-overs so far.
        reports: Whether its provider tells of its own accord what it delivered.
        policy: What the sequence chose; ``HOLD`` for what belongs to none.
    """

    answer: Answer
    asks: int
    age: timedelta
    attempts: int
    reports: bool
    policy: UnknownPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class NextStep:
    """``verdict``, or ``ask_after`` so long; with the reason, for the row."""

    verdict: Verdict | None = None
    ask_after: timedelta | None = None
    reason: str = ""


_SETTLED: Final = {
    Answer.HAS_IT: NextStep(verdict=Verdict.SENT),
    Answer.REFUSED_IT: NextStep(
        verdict=Verdict.REFUSED, reason="no answer came, and the provider refused it when repeated"
    ),
}


def next_step(facts: UnknownFacts) -> NextStep:
    """Say what to do with an unknown message, now that its provider was asked."""
    if facts.answer in _SETTLED:
        return _SETTLED[facts.answer]
    if facts.answer is Answer.NOT_FOUND and facts.asks >= _NOT_FOUND_TWICE:
        return _again(facts, "no answer came, and the provider says that it never had it")
    if facts.answer in (Answer.NOT_FOUND, Answer.CANNOT_SAY) and facts.asks < _MOST_ASKS:
        return NextStep(ask_after=_wait(facts.asks))
    return _without_answer(facts)


def _without_answer(facts: UnknownFacts) -> NextStep:
    grace = EVENT_GRACE if facts.reports else SILENT_GRACE
    if facts.age < grace:
        return NextStep(ask_after=grace - facts.age)
    if facts.policy is UnknownPolicy.RESEND:
        return _again(facts, "no answer came; its sequence says that it is sent again then")
    return NextStep(verdict=Verdict.HELD)


def _again(facts: UnknownFacts, reason: str) -> NextStep:
    if facts.attempts >= MAX_ATTEMPTS:
        return NextStep(verdict=Verdict.HELD)
    return NextStep(verdict=Verdict.NOT_SENT, reason=reason)


def _wait(asks: int) -> timedelta:
    return min(timedelta(minutes=2 ** min(asks, _MOST_ASKS)), _LONGEST_WAIT)
