"""A person's own calendar: what they got and what comes, each with its reason."""

from dataclasses import dataclass, replace
from uuid import UUID

from funnel.domain.calendar import CalendarSubject, PersonCalendar, draw_calendar
from funnel.domain.enrollment import Enrollment, EnrollmentState, Facts, PassedStep
from funnel.domain.errors import NotFoundError
from funnel.domain.planner import plan
from funnel.domain.session import Registration
from funnel.storage import calendar_rows, enrollments, runs, sequences, subscribers
from funnel.storage.calendar_rows import RunFrame
from funnel.storage.enrollments import Run
from funnel.storage.transaction import Transaction, Transactions


def read_person_calendar(enrollment_id: UUID, transactions: Transactions) -> PersonCalendar:
    """Return the calendar of one run; nothing is written.

    A run that has ended shows what it sent and what it did not; nothing of it is to come.

    Raises:
        NotFoundError: No such run.
    """
    with transactions.begin() as tx:
        return calendar_in(tx, enrollment_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonCalendars:
    """All that one person got and gets: a calendar a run, the newest first."""

    subscriber_id: UUID
    calendars: tuple[PersonCalendar, ...]


def read_calendars_of(person: str, transactions: Transactions) -> PersonCalendars:
    """Return every calendar of the person that an id or an address names.

    Raises:
        NotFoundError: No such person, or one that is forgotten.
        InvalidInputError: Neither an id nor an address.
    """
    with transactions.begin() as tx:
        found = subscribers.find_named(tx, person)
        if found is None or not found.email:
            raise NotFoundError("nobody of that address or id is known")
        return PersonCalendars(
            subscriber_id=found.id,
            calendars=tuple(calendar_in(tx, run.id) for run in runs.of_person(tx, found.id)),
        )


def calendar_in(tx: Transaction, enrollment_id: UUID) -> PersonCalendar:
    """Return the calendar of one run, as this transaction sees it.

    Raises:
        NotFoundError: No such run.
    """
    frame = calendar_rows.find_run(tx, enrollment_id)
    if frame is None:
        raise NotFoundError("no such run")
    active = enrollments.load_runs(tx, [enrollment_id])
    if frame.state is not EnrollmentState.ACTIVE or not active:
        return _ended(tx, frame)
    return calendar_of(tx, active[0])


def calendar_of(
    tx: Transaction, run: Run, *, registration: Registration | None = None
) -> PersonCalendar:
    """Return the calendar of a run under way, or what it would be with another seat.

    Args:
        tx: Read only.
        run: As ``enrollments.load_runs`` gives it.
        registration: Ask as if this seat were held (a moved session, for a preview); ``None``: as
            it is.
    """
    facts = run.facts if registration is None else replace(run.facts, registration=registration)
    version = sequences.read_definition(tx, run.version_id)
    frame = calendar_rows.find_run(tx, run.id)
    subject = CalendarSubject(
        subscriber_id=run.subscriber_id,
        enrollment_id=run.id,
        sequence_id=run.sequence_id,
        enrollment=run.enrollment,
        version=version,
        facts=facts,
        began_with_seat=frame is not None and frame.began_with_seat,
    )
    answer = plan(run.enrollment, version, facts, run.taken_days, tx.now)
    return draw_calendar(subject, calendar_rows.rows_of_run(tx, run.id), answer, tx.now)


def _ended(tx: Transaction, frame: RunFrame) -> PersonCalendar:
    rows = calendar_rows.rows_of_run(tx, frame.id)
    passed = tuple(
        PassedStep(
            key=row.key,
            copy=row.copy,
            status=row.status,
            moment=row.due_at,
            settled_at=row.settled_at,
        )
        for row in rows
        if not row.is_notice
    )
    subject = CalendarSubject(
        subscriber_id=frame.subscriber_id,
        enrollment_id=frame.id,
        sequence_id=frame.sequence_id,
        enrollment=Enrollment(enrolled_at=frame.enrolled_at, zone=frame.zone),
        version=sequences.read_definition(tx, frame.version_id),
        facts=Facts(
            registration=frame.registration,
            passed=passed,
            letters_paused_until=frame.letters_paused_until,
        ),
        began_with_seat=frame.began_with_seat,
    )
    return draw_calendar(subject, rows, None, tx.now)
