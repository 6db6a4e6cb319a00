"""One person's calendar as it is live, and as the draft would make it; nothing is written."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, TypeAlias
from uuid import UUID
from zoneinfo import ZoneInfo

from funnel.domain.calendar import CalendarSubject, EmailRow, PersonCalendar, draw_calendar
from funnel.domain.enrollment import Enrollment, Facts, PassedStep
from funnel.domain.errors import NotFoundError
from funnel.domain.planner import plan
from funnel.domain.readers import PEOPLE, MadeUp
from funnel.domain.rehearsal_world import with_made_up
from funnel.domain.sequence import SequenceDefinition
from funnel.domain.session import Registration, Session
from funnel.domain.speech import say
from funnel.domain.step_edits import edit_step
from funnel.domain.step_form import FormProblem, StepForm, StepFormError
from funnel.domain.version_switch import PublishPolicy, added_keys, added_later, switched
from funnel.services.edit_steps import read_edited, read_standing
from funnel.storage import calendar_rows, enrollments, launches, sequences, sessions
from funnel.storage.enrollments import Run
from funnel.storage.transaction import Transaction, Transactions

_NOBODY: Final = UUID(int=0)
_JUST_NOW: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class SomebodyIn:
    """Somebody made up who joins now.

    Attributes:
        zone: Where they live, an IANA name.
        has_seat: They take a seat in the next date (a made-up one where there is none).
    """

    zone: str
    has_seat: bool = True


Somebody: TypeAlias = UUID | MadeUp | SomebodyIn
"""A run under way by its id, or somebody made up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftPreview:
    """One person's calendar twice.

    Attributes:
        before: As it is: by the version that they follow; for somebody made up by what is live.
            ``None``: nothing is live yet.
        after: With the draft, were it published now and they moved to it; ``None``: the card that
            was given cannot be so.
        problems: Why not, every mistake at its field.
        is_made_up_date: The date is none of the sequence's: it has none ahead.
    """

    before: PersonCalendar | None
    after: PersonCalendar | None
    problems: tuple[FormProblem, ...] = ()
    is_made_up_date: bool = False


def preview_draft(
    slug: str,
    person: Somebody,
    transactions: Transactions,
    form: tuple[str, StepForm] | None = None,
    *,
    policy: PublishPolicy = PublishPolicy.MOVE,
) -> DraftPreview:
    """Return what the draft (or what is live, where there is none) means for one person.

    Args:
        slug: The sequence.
        person: Whose calendar.
        transactions: One is opened, which cannot write.
        form: A card that is not saved yet, with the key of its email: as one types.
        policy: How somebody real would be moved; with ``KEEP`` nothing changes for them.

    Raises:
        NotFoundError: No such sequence, or no such run of it under way.
        InvalidInputError: The email of ``form`` is not in the sequence.
    """
    with transactions.begin_reading() as tx:
        standing = read_standing(tx, slug)
        problems: tuple[FormProblem, ...] = ()
        after: SequenceDefinition | None = standing.text.definition
        if form is not None:
            try:
                after = read_edited(edit_step(standing.text, *form), slug)
            except StepFormError as error:
                after, problems = None, error.problems
        live = standing.live
        if isinstance(person, UUID):
            run = _run(tx, person, None if live is None else live.id)
            calendars = _Real(tx, run, policy)
            return calendars.preview(after, problems)
        before = None if live is None else sequences.read_definition(tx, live.live_version_id)
        made_up = _made_up(tx, person, launches.find_id(tx, slug), standing.text.definition)
        return DraftPreview(
            before=None if before is None else made_up.calendar(before),
            after=None if after is None else made_up.calendar(after),
            problems=problems,
            is_made_up_date=made_up.is_made_up_date,
        )


@dataclass(frozen=True, slots=True)
class _Real:
    """Somebody who is in the sequence."""

    tx: Transaction
    run: Run
    policy: PublishPolicy

    def preview(
        self, after: SequenceDefinition | None, problems: tuple[FormProblem, ...]
    ) -> DraftPreview:
        rows = calendar_rows.rows_of_run(self.tx, self.run.id)
        frame = calendar_rows.find_run(self.tx, self.run.id)
        subject = CalendarSubject(
            subscriber_id=self.run.subscriber_id,
            enrollment_id=self.run.id,
            sequence_id=self.run.sequence_id,
            enrollment=self.run.enrollment,
            version=sequences.read_definition(self.tx, self.run.version_id),
            facts=self.run.facts,
            began_with_seat=frame is not None and frame.began_with_seat,
        )
        before = self._drawn(subject, rows)
        if after is None or self.policy is PublishPolicy.KEEP:
            same = None if after is None else before
            return DraftPreview(before=before, after=same, problems=problems)
        return DraftPreview(before=before, after=self._moved(subject, rows, after))

    def _moved(
        self, subject: CalendarSubject, rows: Sequence[EmailRow], after: SequenceDefinition
    ) -> PersonCalendar:
        now = self.tx.now
        added = added_later(
            subject.enrollment,
            subject.facts,
            added_keys(subject.version, after),
            after=after,
            policy=self.policy,
            now=now,
        )
        facts = switched(subject.facts, after, added)
        shown = [*rows, *(_row_of(each) for each in added)]
        return self._drawn(replace(subject, version=after, facts=facts), shown)

    def _drawn(self, subject: CalendarSubject, rows: Sequence[EmailRow]) -> PersonCalendar:
        now = self.tx.now
        answer = plan(subject.enrollment, subject.version, subject.facts, self.run.taken_days, now)
        return draw_calendar(subject, rows, answer, now)


@dataclass(frozen=True, slots=True, kw_only=True)
class _MadeUp:
    """Somebody who joined a moment ago."""

    enrollment: Enrollment
    facts: Facts
    now: datetime
    is_made_up_date: bool

    def calendar(self, version: SequenceDefinition) -> PersonCalendar:
        subject = CalendarSubject(
            subscriber_id=_NOBODY,
            enrollment_id=_NOBODY,
            sequence_id=_NOBODY,
            enrollment=self.enrollment,
            version=version,
            facts=self.facts,
            began_with_seat=self.facts.registration is not None,
        )
        answer = plan(self.enrollment, version, self.facts, frozenset(), self.now)
        return draw_calendar(subject, (), answer, self.now)


def _run(tx: Transaction, enrollment_id: UUID, sequence_id: UUID | None) -> Run:
    runs = enrollments.load_runs(tx, [enrollment_id])
    if not runs or runs[0].sequence_id != sequence_id:
        raise NotFoundError(say("This person is not in the sequence any more"))
    return runs[0]


def _made_up(
    tx: Transaction,
    person: MadeUp | SomebodyIn,
    sequence_id: UUID | None,
    version: SequenceDefinition,
) -> _MadeUp:
    zone = person.zone if isinstance(person, SomebodyIn) else PEOPLE[person].zone
    has_seat = not isinstance(person, SomebodyIn) or person.has_seat
    session = None if sequence_id is None else sessions.next_ahead(tx, sequence_id)
    is_made_up_date = session is None and has_seat
    held: Session | None = session or with_made_up((), version.title, tx.now)[0]
    joined_at = tx.now - _JUST_NOW
    return _MadeUp(
        enrollment=Enrollment(enrolled_at=joined_at, zone=ZoneInfo(zone)),
        facts=Facts(
            registration=Registration(session=held, registered_at=joined_at)
            if has_seat and held is not None
            else None
        ),
        now=tx.now,
        is_made_up_date=is_made_up_date,
    )


def _row_of(step: PassedStep) -> EmailRow:
    """Return the row that moving the person would write: a new email that they do not get."""
    return EmailRow(
        key=step.key,
        is_notice=False,
        copy=step.copy,
        status=step.status,
        reason="" if step.skip is None else step.skip.value,
        reasons=(),
        due_at=step.moment,
        settled_at=step.settled_at,
        attempts=0,
        session_id=step.session_id,
        session_starts_at=step.session_starts_at,
    )
