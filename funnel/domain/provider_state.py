"""How a provider does: when it is left alone, how fast it may go, when everything stops.

All moments are aware and real time. What the numbers stand for is in ``docs/budgets.md``.
"""

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from funnel.domain.budget import Budget
from funnel.domain.provider_tally import OutcomeTally
from funnel.domain.speech import mark_many, number, say_many

_TO_DEAD_ADDRESSES: Final = mark_many(
    "{number} of the last {of} emails went to an address that does not exist: {provider} stops "
    "accounts for that. Look where these addresses came from before sending goes on.",
    "{number} of the last {of} emails went to addresses that do not exist: {provider} stops "
    "accounts for that. Look where these addresses came from before sending goes on.",
)
_REFUSED: Final = mark_many(
    "{provider} refused {number} of the last {of} emails, and not for their addresses. Read what "
    "it said before sending goes on.",
    "{provider} refused {number} of the last {of} emails, and not for their addresses. Read what "
    "it said before sending goes on.",
)


class Circuit(StrEnum):
    """Whether a provider is used: closed as usual, open while it fails, trying one batch."""

    CLOSED = "closed"
    OPEN = "open"
    TRYING = "trying"


# Failures in a row, or this many more failures than acceptances, and it is left alone.
OPENS_AFTER: Final = 5
_OPENS_AT_LEAD: Final = 20
_FIRST_WAIT: Final = timedelta(seconds=30)
_LONGEST_WAIT: Final = timedelta(minutes=10)
# A try whose batch nobody heard of again (its worker died) is tried once more after that.
TRY_LASTS: Final = timedelta(minutes=2)

_SLOWEST: Final = 1 / 64
_GROWS_EVERY: Final = timedelta(minutes=5)
_GROWS_BY: Final = 1.25
# Batches that were on their way say the same thing again: it slows down once.
_SLOWS_ONCE_WITHIN: Final = timedelta(seconds=15)
_LONGEST_ASKED: Final = timedelta(hours=1)
# How fast a lane counts as going where no limit a second or a minute says it.
_USUAL_PER_MINUTE: Final = 600

_COUNTED_FOR: Final = timedelta(hours=1)
# What a provider refuses for another reason than a dead address concerns everybody: a sender that
# is not allowed, a text that is taken for spam. A few odd addresses never come to a quarter of it.
_REFUSED_AT_LEAST: Final = 25
_REFUSED_SHARE: Final = 0.25
# SES stops an account whose hard bounces reach a tenth: so do we, before it does, but never for
# the handful that any list holds.
_DEAD_AT_LEAST: Final = 50
_DEAD_SHARE: Final = 0.10


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderState:
    """One provider as a whole, or one of its lanes.

    Attributes:
        retry_at: Open: when one batch tries. Trying: when another one does. A lane: before that
            nothing leaves there, as the provider asked.
        pace: Share of the usual speed, as it was set ``paced_until`` is about.
        paced_until: When the pace grows again for the first time; ``None``: it is not slowed down.
        accepted: Hand-overs that were accepted since ``counted_from``.
        failed: Failures in a row, less what was accepted between them.
        refused: Emails refused since ``counted_from``, dead addresses apart.
        dead: Dead addresses since ``counted_from``.
        reason: The provider's words when it last failed or asked to slow down.
        changed_at: Since when the circuit is closed, or is not.
    """

    counted_from: datetime
    changed_at: datetime
    circuit: Circuit = Circuit.CLOSED
    retry_at: datetime | None = None
    pace: float = 1.0
    paced_until: datetime | None = None
    accepted: int = 0
    failed: int = 0
    refused: int = 0
    dead: int = 0
    reason: str = ""

    def share(self, now: datetime) -> float:
        """Return the share of the usual speed at which it may go at ``now``."""
        if self.paced_until is None or now < self.paced_until:
            return self.pace
        steps = (now - self.paced_until) // _GROWS_EVERY + 1
        return min(1.0, self.pace * _GROWS_BY**steps) if steps < 64 else 1.0

    def paced(self, now: datetime, per_minute: int | None) -> Budget | None:
        """Return the budget that holds a lane to its pace; ``None``: it may go as usual.

        Args:
            now: Aware.
            per_minute: The speed that its budgets allow; ``None``: they say nothing of it.
        """
        share = self.share(now)
        if share >= 1:
            return None
        return Budget(per_minute=max(1, round((per_minute or _USUAL_PER_MINUTE) * share)))


def with_outcomes(state: ProviderState, tally: OutcomeTally, now: datetime) -> ProviderState:
    """Return a provider's state once a batch of it has ended."""
    counted = _counted(state, tally, now)
    failures = tally.provider_down + tally.unknown
    if tally.accepted and state.circuit is not Circuit.CLOSED:
        return replace(
            counted, circuit=Circuit.CLOSED, retry_at=None, failed=0, reason="", changed_at=now
        )
    failed = max(0, state.failed + failures - tally.accepted)
    counted = replace(counted, failed=failed, reason=tally.reason or counted.reason)
    if not failures or state.circuit is Circuit.OPEN:
        return counted
    limit = _OPENS_AT_LEAD if tally.accepted else OPENS_AFTER
    if state.circuit is Circuit.CLOSED and failed < limit:
        return counted
    since = state.changed_at if state.circuit is Circuit.TRYING else now
    wait = min(max(now - since, _FIRST_WAIT), _LONGEST_WAIT)
    return replace(counted, circuit=Circuit.OPEN, retry_at=now + wait, changed_at=since)


def _counted(state: ProviderState, tally: OutcomeTally, now: datetime) -> ProviderState:
    is_over = now - state.counted_from >= _COUNTED_FOR
    before = (0, 0, 0) if is_over else (state.accepted, state.refused, state.dead)
    return replace(
        state,
        counted_from=now if is_over else state.counted_from,
        accepted=before[0] + tally.accepted,
        refused=before[1] + max(0, tally.failed - tally.dead),
        dead=before[2] + tally.dead,
    )


def slowed(state: ProviderState, tally: OutcomeTally, now: datetime) -> ProviderState:
    """Return a lane's state once a batch of it has ended: halved where it was asked to slow down.

    It grows back by a quarter every five minutes. What it asked to wait is waited, an hour at most.
    """
    wait = tally.asked_to_wait if tally.rate else None
    if wait is not None:
        until = now + min(wait, _LONGEST_ASKED)
        state = replace(state, retry_at=max(until, state.retry_at or until))
    if not tally.rate or _was_just_slowed(state, now):
        return state
    return replace(
        state,
        pace=max(_SLOWEST, state.share(now) / 2),
        paced_until=now + _GROWS_EVERY,
        reason=tally.reason or state.reason,
        changed_at=now,
    )


def _was_just_slowed(state: ProviderState, now: datetime) -> bool:
    if state.paced_until is None:
        return False
    return now < state.paced_until - _GROWS_EVERY + _SLOWS_ONCE_WITHIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """Why everything stops by itself: so many of so many went wrong.

    Attributes:
        is_about_addresses: They were dead; otherwise the emails were refused.
    """

    number: int
    of: int
    is_about_addresses: bool


def alarm(state: ProviderState) -> Alarm | None:
    """Return why sending must stop until a person has looked; ``None``: it may go on."""
    of = state.accepted + state.refused + state.dead
    if state.refused >= _REFUSED_AT_LEAST and state.refused > of * _REFUSED_SHARE:
        return Alarm(number=state.refused, of=of, is_about_addresses=False)
    if state.dead >= _DEAD_AT_LEAST and state.dead > of * _DEAD_SHARE:
        return Alarm(number=state.dead, of=of, is_about_addresses=True)
    return None


def alarm_text(found: Alarm, provider: str) -> str:
    """Return the sentence that says why everything stopped by itself."""
    words = _TO_DEAD_ADDRESSES if found.is_about_addresses else _REFUSED
    return _alarm(words, found.number, found.of, provider)


def alarm_told_again(reason: str) -> str:
    """Return why everything stopped, in the spoken language.

    Rows have the sentence in English. What a person wrote stays as it is.
    """
    for words in (_TO_DEAD_ADDRESSES, _REFUSED):
        for each in words:
            found = re.fullmatch(_as_pattern(each), reason)
            if found is not None:
                refused, of = (int(found[name].replace(",", "")) for name in ("number", "of"))
                return _alarm(words, refused, of, found["provider"])
    return reason


def _alarm(words: tuple[str, str], refused: int, of: int, provider: str) -> str:
    values = {"number": number(refused), "of": number(of), "provider": provider}
    return say_many(*words, refused, **values)


def _as_pattern(words: str) -> str:
    pattern = re.escape(words)
    for name, values in (("number", r"[\d,]+"), ("of", r"[\d,]+"), ("provider", ".+")):
        pattern = pattern.replace(re.escape(f"{{{name}}}"), f"(?P<{name}>{values})")
    return pattern
