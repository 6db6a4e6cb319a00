"""Queue a notice in the transaction that gives the reason for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from funnel.domain.message import NOTICE_PRIORITY, Lane, MessageKind, Notice
from funnel.domain.replan import KnownDate
from funnel.domain.session import Session
from funnel.storage import messages
from funnel.storage.messages import NewMessage
from funnel.storage.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeRequest:
    """One notice to one person.

    Attributes:
        dedupe: What makes it the same notice if it is asked for twice, within its kind: the
            signup's id, or the run's id and the session's start.
        session_starts_at: The date that it tells, plan time: once the session has another, it
            does not leave.
        priority: Within the notices' lane, smaller first.
        data: What its text needs beside the person, such as the date before a move.
    """

    notice: Notice
    subscriber_id: UUID
    sequence_id: UUID
    dedupe: str
    signup_id: UUID | None = None
    enrollment_id: UUID | None = None
    session_id: UUID | None = None
    session_starts_at: datetime | None = None
    priority: int = NOTICE_PRIORITY
    data: Mapping[str, Any] = field(default_factory=dict)


def former_date(session: Session) -> dict[str, dict[str, str]]:
    """Return a notice's data about the date that was: the session's row will say another."""
    return {"former": KnownDate.of(session).to_json()}


def told_date(session: Session) -> dict[str, dict[str, str]]:
    """Return a notice's data about the date that it tells, for whoever changes that one later."""
    return {"told": KnownDate.of(session).to_json()}


def queue_notice(tx: Transaction, request: NoticeRequest) -> None:
    """Queue it in the notices' lane, due now; asked for twice, it is queued once."""
    queue_notices(tx, [request])


def queue_notices(tx: Transaction, requests: Sequence[NoticeRequest]) -> None:
    """Queue several in one statement; each as ``queue_notice`` would."""
    messages.add(tx, [_message(tx, each) for each in requests])


def _message(tx: Transaction, request: NoticeRequest) -> NewMessage:
    return NewMessage(
        id=uuid4(),
        kind=MessageKind.NOTICE,
        dedupe_key=f"{request.notice}:{request.dedupe}",
        subscriber_id=request.subscriber_id,
        enrollment_id=request.enrollment_id,
        signup_id=request.signup_id,
        session_id=request.session_id,
        session_starts_at=request.session_starts_at,
        sequence_id=request.sequence_id,
        template_key=f"notices/{request.notice}",
        lane=Lane.NOTICES,
        priority=request.priority,
        due_at=tx.now,
        data=dict(request.data),
    )
