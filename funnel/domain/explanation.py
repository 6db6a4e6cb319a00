"""Why somebody got an email or did not, in sentences: what was asked, and what came of it.

For those who run the service: it speaks of the person, not to them.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from funnel.domain.calendar import CalendarLine, LineState, PersonCalendar
from funnel.domain.calendar_words import short_day
from funnel.domain.enrollment import EnrollmentState
from funnel.domain.errors import InvalidInputError
from funnel.domain.sequence import SequenceDefinition
from funnel.domain.speech import mark, say, spoken


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
        where = self.place if self.place.startswith("UTC") else say("in {place}", place=self.place)
        return f"{short_day(local.date())} {local.year} {local:%H:%M} {where}"

    def day(self, at: datetime) -> str:
        """Return "Thu 12 November"."""
        return short_day(at.astimezone(self.zone).date())


_BEGINNINGS = {
    LineState.SENT: mark("It left {at}: {why}."),
    LineState.QUEUED: mark("It is on its way since {at}: {why}."),
    LineState.COMING: mark("It leaves {at}: {why}."),
    LineState.OPEN: mark("It leaves {at} if what is open turns out so: {why}."),
    LineState.FAILED: mark("It was not sent; it failed {at}: {why}."),
    LineState.UNKNOWN: mark("Nobody knows whether it came; handed over {at}: {why}."),
    LineState.CANCELLED: mark("It was not sent: {why}."),
    LineState.NOT_COUNTED: mark("It has no moment: it comes {why}."),
}


def verdict_of(line: CalendarLine, reading: Reading) -> str:
    """Return what it comes to: "It leaves Thu 12 November 2026 09:00 in Berlin: …"."""
    if line.former is not None:
        date, _, why = line.why.partition(": ")
        why = why.removeprefix(_beginning(_SKIPPED).replace(": ", ", "))
        return say("It was not sent {date}: {why}.", date=date, why=of_person(why))
    pattern = _BEGINNINGS.get(line.state)
    if pattern is None:
        is_over = line.at is None or line.at <= reading.now
        pattern = (
            mark("It was not sent: {why}.") if is_over else mark("It will not be sent: {why}.")
        )
    at = "" if line.at is None else reading.moment(line.at)
    return say(pattern, at=at, why=of_person(_without_state(line.why)))


_SKIPPED = mark("skipped: {why}")


def _beginning(pattern: str) -> str:
    return say(pattern, why="")


def _without_state(why: str) -> str:
    for pattern in (_SKIPPED, "failed: {why}", "cancelled: {why}"):
        why = why.removeprefix(_beginning(pattern))
    return why


def of_person(words: str) -> str:
    """Return a sentence that speaks to its reader as one that speaks of them."""
    for spoken_to, spoken_of in _OF_PERSON.get(spoken().language, _OF_PERSON["en"]):
        words = re.sub(rf"\b{spoken_to}\b", spoken_of, words)
    return words


def calendar_of_person(calendar: PersonCalendar) -> PersonCalendar:
    """Return a person's own calendar as somebody else reads it: "when they took their seat"."""
    lines = (replace(each, why=of_person(each.why)) for each in calendar.lines)
    return replace(calendar, lines=tuple(lines))


# The same verb goes with both, in either language.
_OF_PERSON: Final = {
    "en": (("your", "their"), ("you", "they")),
    "de": (("Sie", "sie"), ("Ihnen", "ihnen"), (r"Ihr(\w*)", r"ihr\1")),
}


def never_came(key: str, version: SequenceDefinition, state: EnrollmentState) -> CalendarLine:
    """Return the line of an email whose turn did not come before its run ended."""
    return CalendarLine(
        key=key,
        name=version.name_of(key),
        copy=0,
        kind=version.step(key).kind,
        state=LineState.CANCELLED,
        at=None,
        why=say("they had left before its turn")
        if state is EnrollmentState.LEFT
        else say("they had finished before its turn"),
    )


def unknown_step(key: str, versions: Iterable[SequenceDefinition]) -> InvalidInputError:
    """Return the complaint about a key that no sequence has, with those that there are."""
    keys = list(dict.fromkeys(step.key for version in versions for step in version.steps))
    return InvalidInputError(
        say('there is no email "{key}"', key=key),
        field="step",
        remedy=say("The emails are: {names}", names=", ".join(keys))
        if keys
        else say("No sequence is live yet."),
    )
