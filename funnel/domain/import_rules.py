"""What an import may change of what is known here, line by line: decision 0022 in code.

A yes that somebody else vouches for never outweighs what a person said here; a no does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from funnel.domain.consent import SuppressionReason, Topic
from funnel.domain.people_import import (
    ImportedPerson,
    ImportOptions,
    Outcome,
    PersonState,
    Problem,
    Reason,
)
from funnel.domain.subscriber import ZoneChoice, ZoneSource


@dataclass(frozen=True, slots=True, kw_only=True)
class SameLine:
    """Another line of the file with the same address, and what is known of it so far."""

    line: int
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidHere:
    """The newest word about a topic."""

    is_given: bool
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPerson:
    """Somebody who is here already."""

    id: UUID
    first_name: str
    last_name: str
    zone_source: ZoneSource
    locale: str
    fields: Mapping[str, object]
    confirmed_at: datetime | None
    words: Mapping[Topic, SaidHere] = field(default_factory=dict)
    tags: frozenset[str] = frozenset()
    is_in_sequence: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownHere:
    """All that is known here of one address."""

    suppressed: SuppressionReason | None = None
    person: KnownPerson | None = None
    same_lines: Sequence[SameLine] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What a line changes of its person; empty and ``None`` change nothing."""

    first_name: str = ""
    last_name: str = ""
    zone: ZoneChoice | None = None
    locale: str = ""
    confirmed_at: datetime | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    topics: tuple[Topic, ...] = ()
    tags: tuple[str, ...] = ()
    begins: bool = False  # in the sequence that was chosen


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What becomes of a line, and why it is not more."""

    outcome: Outcome
    reason: Reason | None = None
    changes: Changes = field(default_factory=Changes)


def judge(line: int, person: ImportedPerson, known: KnownHere, options: ImportOptions) -> Verdict:
    """Return what becomes of a line that could be read.

    Args:
        line: Its number.
        person: What it says.
        known: What is known of its address, read under the person's lock.
        options: What holds for the whole file.
    """
    twice = _twice(line, person, known.same_lines)
    if twice is not None:
        return Verdict(outcome=Outcome.TWICE, reason=twice)
    if known.suppressed is not None:
        names = str(known.suppressed)
        return Verdict(
            outcome=Outcome.ON_LIST, reason=Reason(problem=Problem.SUPPRESSED, names=names)
        )
    if person.state is not PersonState.ACTIVE:
        return _refuses(person, known.person)
    if known.person is None or known.person.confirmed_at is None:
        return _taken(person, options, known.person)
    return _known(person, known.person, options)


def _twice(line: int, person: ImportedPerson, others: Sequence[SameLine]) -> Reason | None:
    """Return which other line counts in this one's place: a no first, then the first of them."""
    nos = [each.line for each in others if each.outcome is Outcome.TO_LIST]
    if person.state is PersonState.ACTIVE and nos:
        return Reason(problem=Problem.LEFT_LINE, names=str(nos[0]))
    settled = {Outcome.ON_LIST, Outcome.TO_LIST}
    if person.state is PersonState.ACTIVE:
        settled |= {Outcome.NEW, Outcome.UPDATED, Outcome.UNCHANGED}
    before = [each.line for each in others if each.line < line and each.outcome in settled]
    return Reason(problem=Problem.SAME_LINE, names=str(before[0])) if before else None


def _refuses(person: ImportedPerson, known: KnownPerson | None) -> Verdict:
    """Judge somebody who must not be written to; who agreed here after that has come back."""
    yes = [each.at for each in known.words.values() if each.is_given] if known else []
    if person.left_at is not None and yes and max(yes) > person.left_at:
        reason = Reason(problem=Problem.AGREED_LATER, names=str(person.state))
        return Verdict(outcome=Outcome.UNCHANGED, reason=reason)
    return Verdict(
        outcome=Outcome.TO_LIST, reason=Reason(problem=Problem.STATE, names=str(person.state))
    )


def _taken(person: ImportedPerson, options: ImportOptions, known: KnownPerson | None) -> Verdict:
    """Judge somebody who is new, or who signed up here and never confirmed."""
    topics = _topics(options, known)
    changes = Changes(
        first_name=person.first_name,
        last_name=person.last_name,
        zone=person.zone,
        locale=person.locale,
        confirmed_at=person.agreed_at,
        fields=person.fields,
        topics=topics,
        tags=person.tags,
        begins=bool(options.sequence) and bool(topics),
    )
    return Verdict(outcome=Outcome.UPDATED if known else Outcome.NEW, changes=changes)


def _known(person: ImportedPerson, known: KnownPerson, options: ImportOptions) -> Verdict:
    """Judge somebody who confirmed here: only what nobody said yet is filled in."""
    has_name = bool(known.first_name or known.last_name)
    is_zone_new = known.zone_source is ZoneSource.DEFAULT and person.zone.name is not None
    topics = _topics(options, known)
    wants = bool(topics) or any(known.words[each].is_given for each in known.words)
    changes = Changes(
        first_name="" if has_name else person.first_name,
        last_name="" if has_name else person.last_name,
        zone=person.zone if is_zone_new else None,
        fields={name: value for name, value in person.fields.items() if name not in known.fields},
        topics=topics,
        tags=tuple(each for each in person.tags if each not in known.tags),
        begins=bool(options.sequence) and wants and not known.is_in_sequence,
    )
    if changes != Changes():
        return Verdict(outcome=Outcome.UPDATED, changes=changes)
    is_in = bool(options.sequence) and known.is_in_sequence
    problem = Problem.IN_SEQUENCE if is_in else Problem.KNOWN
    return Verdict(outcome=Outcome.UNCHANGED, reason=Reason(problem=problem))


def _topics(options: ImportOptions, known: KnownPerson | None) -> tuple[Topic, ...]:
    """Return the topics that nobody has said a word about here, yes or no."""
    said = known.words if known else {}
    return tuple(each for each in options.topics if each not in said)
