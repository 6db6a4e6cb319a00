"""Runs as signups and people change them; what a plan writes is in ``enrollments``."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import insert, select, update

from funnel.domain.enrollment import EnrollmentState, LettersEnd
from funnel.domain.runs import LatestRun
from funnel.storage import counters
from funnel.storage.definition_tables import SequenceRow
from funnel.storage.lane_domains import lane_for
from funnel.storage.tables import EnrollmentRow, SessionRow
from funnel.storage.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """One run and whose it is."""

    id: UUID
    subscriber_id: UUID
    sequence_id: UUID
    sequence_title: str
    state: EnrollmentState
    session_id: UUID | None
    calendar_revision: int


def find(tx: Transaction, enrollment_id: UUID) -> RunRecord | None:
    """Return the run of that id."""
    rows = _records(tx, EnrollmentRow.id == enrollment_id)
    return rows[0] if rows else None


def of_person(tx: Transaction, subscriber_id: UUID) -> list[RunRecord]:
    """Return a person's runs, the newest first."""
    return _records(tx, EnrollmentRow.subscriber_id == subscriber_id)


def version_of(tx: Transaction, enrollment_id: UUID) -> UUID:
    """Return the version that a run points to; the run exists."""
    statement = select(EnrollmentRow.version_id).where(EnrollmentRow.id == enrollment_id)
    version_id: UUID = tx.connection.execute(statement).scalar_one()
    return version_id


def plan_revision_of(tx: Transaction, enrollment_id: UUID) -> int:
    """Return the number of a run's newest plan; the run exists."""
    statement = select(EnrollmentRow.plan_revision).where(EnrollmentRow.id == enrollment_id)
    revision: int = tx.connection.execute(statement).scalar_one()
    return revision


def active_ids(tx: Transaction, subscriber_id: UUID) -> list[UUID]:
    """Return a person's runs that are under way, the older first."""
    statement = select(EnrollmentRow.id).where(
        EnrollmentRow.subscriber_id == subscriber_id,
        EnrollmentRow.state == EnrollmentState.ACTIVE,
    )
    ordered = statement.order_by(EnrollmentRow.enrolled_at, EnrollmentRow.id)
    return list(tx.connection.execute(ordered).scalars())


def active_ids_of_session(tx: Transaction, session_id: UUID) -> list[UUID]:
    """Return the runs under way that hold a seat in a session."""
    statement = select(EnrollmentRow.id).where(
        EnrollmentRow.session_id == session_id, EnrollmentRow.state == EnrollmentState.ACTIVE
    )
    return list(tx.connection.execute(statement.order_by(EnrollmentRow.id)).scalars())


def find_latest(tx: Transaction, subscriber_id: UUID, sequence_id: UUID) -> LatestRun | None:
    """Return a person's newest run in a sequence; a cancelled session counts as no seat."""
    statement = (
        select(
            EnrollmentRow.id,
            EnrollmentRow.run,
            EnrollmentRow.state,
            SessionRow.id.label("session_id"),
            SessionRow.starts_at,
        )
        .outerjoin(
            SessionRow,
            (SessionRow.id == EnrollmentRow.session_id) & SessionRow.cancelled_at.is_(None),
        )
        .where(
            EnrollmentRow.subscriber_id == subscriber_id, EnrollmentRow.sequence_id == sequence_id
        )
        .order_by(EnrollmentRow.run.desc())
        .limit(1)
    )
    row = tx.connection.execute(statement).one_or_none()
    if row is None:
        return None
    return LatestRun(
        id=row.id,
        run=row.run,
        state=EnrollmentState(row.state),
        session_id=row.session_id,
        session_starts_at=row.starts_at,
    )


def add(tx: Transaction, subscriber_id: UUID, email: str, sequence_id: UUID, run: int) -> UUID:
    """Begin a run, now, in the live version; its timer is due until it has been planned."""
    enrollment_id = uuid4()
    live = select(SequenceRow.live_version_id).where(SequenceRow.id == sequence_id)
    tx.connection.execute(
        insert(EnrollmentRow).values(
            id=enrollment_id,
            subscriber_id=subscriber_id,
            sequence_id=sequence_id,
            version_id=live.scalar_subquery(),
            run=run,
            lane=lane_for(tx, email),
            next_due_at=tx.now,
        )
    )
    return enrollment_id


def wake(tx: Transaction, enrollment_id: UUID) -> None:
    """Let a completed run go on: something new is to come; plan it in the same transaction."""
    revived = tx.connection.execute(
        update(EnrollmentRow)
        .where(EnrollmentRow.id == enrollment_id, EnrollmentRow.state == EnrollmentState.COMPLETED)
        .values(state=EnrollmentState.ACTIVE, next_due_at=tx.now, ended_at=None)
        .returning(EnrollmentRow.id)
    )
    counters.revive_runs(tx, revived.scalars().all())


def end_letters_of_others(tx: Transaction, enrollment_id: UUID) -> None:
    """End the letters of the person's other runs in the same sequence: a newer one has begun."""
    own = select(EnrollmentRow.subscriber_id, EnrollmentRow.sequence_id).where(
        EnrollmentRow.id == enrollment_id
    )
    person, sequence_id = tx.connection.execute(own).one()
    tx.connection.execute(
        update(EnrollmentRow)
        .where(
            EnrollmentRow.subscriber_id == person,
            EnrollmentRow.sequence_id == sequence_id,
            EnrollmentRow.id != enrollment_id,
            EnrollmentRow.state == EnrollmentState.ACTIVE,
            EnrollmentRow.letters_end.is_(None),
        )
        .values(letters_end=LettersEnd.SUPERSEDED)
    )


def set_session(tx: Transaction, enrollment_id: UUID, session_id: UUID | None) -> None:
    """Write the seat that a run now holds; calendars that know the old one learn of it."""
    tx.connection.execute(
        update(EnrollmentRow)
        .where(EnrollmentRow.id == enrollment_id)
        .values(session_id=session_id, calendar_revision=EnrollmentRow.calendar_revision + 1)
    )


def leave(tx: Transaction, subscriber_id: UUID) -> None:
    """End every run of a person: no timer is left."""
    ended = tx.connection.execute(
        update(EnrollmentRow)
        .where(
            EnrollmentRow.subscriber_id == subscriber_id,
            EnrollmentRow.state == EnrollmentState.ACTIVE,
        )
        .values(
            state=EnrollmentState.LEFT,
            ended_at=tx.now,
            next_due_at=None,
            waiting_for=None,
            letter_days=[],
        )
        .returning(EnrollmentRow.id)
    )
    counters.end_runs(tx, ended.scalars().all())


def reach_goal(tx: Transaction, enrollment_ids: Sequence[UUID], at: datetime) -> int:
    """Write when the goal was reached; the earliest moment counts, whichever is told first."""
    reached_at = EnrollmentRow.goal_reached_at
    done = tx.connection.execute(
        update(EnrollmentRow)
        .where(EnrollmentRow.id.in_(enrollment_ids), reached_at.is_(None) | (reached_at > at))
        .values(goal_reached_at=at)
    )
    return done.rowcount


def _records(tx: Transaction, condition: object) -> list[RunRecord]:
    statement = (
        select(
            EnrollmentRow.id,
            EnrollmentRow.subscriber_id,
            EnrollmentRow.sequence_id,
            SequenceRow.title.label("sequence_title"),
            EnrollmentRow.state,
            EnrollmentRow.session_id,
            EnrollmentRow.calendar_revision,
        )
        .join(SequenceRow, SequenceRow.id == EnrollmentRow.sequence_id)
        .where(condition)  # type: ignore[arg-type]  # a condition on columns, made above
        .order_by(EnrollmentRow.enrolled_at.desc(), EnrollmentRow.id)
    )
    rows = tx.connection.execute(statement).mappings()
    return [RunRecord(**{**row, "state": EnrollmentState(row["state"])}) for row in rows]
