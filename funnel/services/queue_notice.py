"""Queue a notice in the transaction that gives the reason for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from funnel.domain.message import NOTICE_PRIORITY, Lane, MessageKind, Notice
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
        data: What its text needs beside the person, such as the date before a move.
    """

    notice: Notice
    subscriber_id: UUID
    sequence_id: UUID
    dedupe: str
    signup_id: UUID | None = None
    enrollment_id: UUID | None = None
    session_id: UUID | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


def former_date(session: Session) -> dict[str, dict[str, str]]:
    """Return a notice's data about the date that was: the session's row will say another."""
    return {
        "former": {
            "title": session.title,
            "starts_at": session.starts_at.isoformat(),
            "ends_at": session.ends_at.isoformat(),
            "zone": session.zone,
        }
    }


def queue_notice(tx: Transaction, request: NoticeRequest) -> None:
    """Queue it in the notices' lane, due now; asked for twice, it is queued once."""
    message = NewMessage(
        id=uuid4(),
        kind=MessageKind.NOTICE,
        dedupe_key=f"{request.notice}:{request.dedupe}",
        subscriber_id=request.subscriber_id,
        enrollment_id=request.enrollment_id,
        signup_id=request.signup_id,
        session_id=request.session_id,
        sequence_id=request.sequence_id,
        template_key=f"notices/{request.notice}",
        lane=Lane.NOTICES,
        priority=NOTICE_PRIORITY,
        due_at=tx.now,
        data=dict(request.data),
    )
    messages.add(tx, [message])
