"""Why somebody got an email or did not, in sentences: what was asked, and what came of it.

For those who run the service: it speaks of the person, not to them.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from funnel.domain.calendar import CalendarLine, LineState
from funnel.domain.calendar_words import short_day
from funnel.domain.enrollment import EnrollmentState
from funnel.domain.errors import InvalidInputError
from funnel.domain.sequence import SequenceDefinition


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedDecision:
    """One decision.

    Attributes:
        about: What was asked: "consent", "window".
        says: One sentence.
        evidence: The rows and moments that say so; empty where the plan itself is the reason.
    """

    about: str
    says: str
    evidence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """All decisions about one copy of one email to one person, in order, and what they come to."""

    title: str
    lines: tuple[ExplainedDecision, ...]
    verdict: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """In whose time moments are told: the person's zone, and what its place is called."""

    zone: ZoneInfo
    place: str
    now: datetime

    def moment(self, at: datetime) -> str:
        """Return "Thu 12 November 2026 09:00 in Berlin"."""
        local = at.astimezone(self.zone)
        where = self.place if self.place.startswith("UTC") else f"in {self.place}"
        return f"{short_day(local.date())} {local.year} {local:%H:%M} {where}"

    def day(self, at: datetime) -> str:
        """Return "Thu 12 November"."""
        return short_day(at.astimezone(self.zone).date())


_BEGINNINGS = {
    LineState.SENT: "It left {at}: {why}.",
    LineState.QUEUED: "It is on its way since {at}: {why}.",
    LineState.COMING: "It leaves {at}: {why}.",
    LineState.OPEN: "It leaves {at} if what is open turns out so: {why}.",
    LineState.FAILED: "It was not sent; it failed {at}: {why}.",
    LineState.UNKNOWN: "Nobody knows whether it came; handed over {at}: {why}.",
    LineState.CANCELLED: "It was not sent: {why}.",
    LineState.NOT_COUNTED: "It has no moment: it comes {why}.",
}


def verdict_of(line: CalendarLine, reading: Reading) -> str:
    """Return what it comes to: "It leaves Thu 12 November 2026 09:00 in Berlin: …"."""
    if line.former is not None:
        date, _, why = line.why.partition(": skipped, ")
        return f"It was not sent {date}: {of_person(why)}."
    pattern = _BEGINNINGS.get(line.state)
    if pattern is None:
        is_over = line.at is None or line.at <= reading.now
        pattern = f"It {'was not' if is_over else 'will not be'} sent: {{why}}."
    at = "" if line.at is None else reading.moment(line.at)
    return pattern.format(at=at, why=of_person(_without_state(line.why)))


def _without_state(why: str) -> str:
    for word in ("skipped", "failed", "cancelled"):
        why = why.removeprefix(f"{word}: ")
    return why


def of_person(words: str) -> str:
    """Return a sentence that speaks to its reader as one that speaks of them."""
    return re.sub(r"\byour\b", "their", re.sub(r"\byou\b", "they", words))


def never_came(key: str, version: SequenceDefinition, state: EnrollmentState) -> CalendarLine:
    """Return the line of an email whose turn did not come before its run ended."""
    return CalendarLine(
        key=key,
        name=version.name_of(key),
        copy=0,
        kind=version.step(key).kind,
        state=LineState.CANCELLED,
        at=None,
        why=f"they had {'left' if state is EnrollmentState.LEFT else 'finished'} before its turn",
    )


def unknown_step(key: str, versions: Iterable[SequenceDefinition]) -> InvalidInputError:
    """Return the complaint about a key that no sequence has, with those that there are."""
    keys = list(dict.fromkeys(step.key for version in versions for step in version.steps))
    return InvalidInputError(
        f'there is no email "{key}"',
        field="step",
        remedy=f"The emails are: {', '.join(keys)}" if keys else "No sequence is live yet.",
    )
