"""Rows of a run's messages, facts and seats as what the planner knows them by."""

from uuid import UUID

from sqlalchemy import RowMapping

from funnel.domain.enrollment import PassedStep
from funnel.domain.facts import FactKind, Happening
from funnel.domain.message import LETTER_PRIORITY, MessageStatus
from funnel.domain.plan import SkipReason
from funnel.domain.session import Attendance, Registration, Session
from funnel.domain.version_switch import REMOVED_REASON
from funnel.storage import sessions


def passed(row: RowMapping) -> PassedStep:
    """Return the step that a message of a run stands for."""
    return PassedStep(
        key=row["step_key"],
        copy=row["copy"],
        status=MessageStatus(row["status"]),
        moment=row["due_at"],
        settled_at=row["settled_at"],
        session_id=row["session_id"],
        session_starts_at=row["session_starts_at"],
        skip=_skip_reason(row),
        is_letter=row["priority"] == LETTER_PRIORITY,
        was_removed=row["reason"] == REMOVED_REASON,
    )


def happening(row: RowMapping) -> Happening:
    """Return what a fact says."""
    return Happening(
        kind=FactKind(row["kind"]),
        at=row["at"],
        name=row["name"],
        step_key=row["step_key"] or "",
        reference=row["data"].get("reference", ""),
        replaces=row["data"].get("replaces", ""),
    )


def _skip_reason(row: RowMapping) -> SkipReason | None:
    """The planner's own word, before the details that a row may add after a colon."""
    word = (row["reason"] or "").partition(":")[0]
    is_known = row["status"] == MessageStatus.SKIPPED and word in _SKIP_REASONS
    return SkipReason(word) if is_known else None


_SKIP_REASONS = frozenset(SkipReason)


def registration(row: RowMapping, held: dict[UUID, Session]) -> Registration | None:
    """Return the seat in a row; ``held`` are the sessions of the rows before it."""
    session = held.get(row["session_id"]) or sessions.beside_others(row)
    if session is None:
        return None
    held[session.id] = session
    return Registration(
        session=session,
        registered_at=row["registered_at"],
        attendance=Attendance(row["attendance"]),
        attendance_known_at=row["attendance_known_at"],
        watched_at=row["watched_at"],
        left_at=row["left_at"],
    )
