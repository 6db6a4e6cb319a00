"""The contract of sending: finished emails in, one outcome for each out.

A mailer speaks of batches, because a provider may take many emails in one call, and of outcomes,
because "it raised" does not say whether the email left. Who writes a new one reads
``docs/add-a-provider.md`` and passes ``tests/sending/kit.py``.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from funnel.domain.errors import SendError

MayBegin = Callable[[UUID], bool]


class OutcomeStatus(StrEnum):
    """How one hand-over ended; RELIABILITY, "The SMTP boundary", says which failure is which."""

    ACCEPTED = "accepted"  # the other side took responsibility
    REFUSED = "refused"  # it said no for good: never try this message again
    DEFERRED = "deferred"  # provably not sent: try again later
    UNKNOWN = "unknown"  # handed over, no answer: settle it before anything else (RFC 1047)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file that travels with an email.

    Attributes:
        filename: As the reader sees it; any characters.
        content_type: Type and subtype, lower case: ``text/calendar``.
        content: The bytes themselves; text is UTF-8.
        params: Further parameters of the content type: ``(("method", "PUBLISH"),)``.
    """

    filename: str
    content_type: str
    content: bytes
    params: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingEmail:
    """One finished email: all that a mailer may know, and all that its bytes depend on.

    Attributes:
        message_id: Our id of the message. Message-ID and boundaries come from it, so that a
            second attempt makes the same bytes.
        message_id_domain: Right-hand side of the Message-ID: the sender's own domain.
        from_name: Any characters; control characters fall away. May be empty, as ``to_name``.
        to_address: A bare address; its domain may be an internationalised one.
        reply_to: A bare address, ``None`` for no such header.
        text: The plain part.
        html: The HTML part.
        sent_at: Aware real moment for ``Date``, the same at every attempt.
        planned_at: Aware moment in plan time for which it was planned.
        left_at: Aware moment in plan time of this hand-over, for the built-in inbox; ``None``
            stands for ``planned_at``.
        headers: Further headers, name and value.
        list_unsubscribe_url: One-click address (RFC 8058), ``None`` for notices.
        list_id: Like ``letters.example.com`` (RFC 2919), without brackets.
        feedback_id: Value of ``Feedback-ID``.
        topic: What the one-click header ends; for display.
        lane: The lane that the email left by; for display.
    """

    message_id: UUID
    message_id_domain: str
    from_name: str
    from_address: str
    to_name: str
    to_address: str
    subject: str
    text: str
    html: str
    sent_at: datetime
    planned_at: datetime
    reply_to: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    attachments: tuple[Attachment, ...] = ()
    list_unsubscribe_url: str | None = None
    list_id: str | None = None
    feedback_id: str | None = None
    topic: str | None = None
    lane: str | None = None
    left_at: datetime | None = None

    def __post_init__(self) -> None:
        """Refuse naive moments: a ``Date`` without its zone would be a guess."""
        moments = (self.sent_at, self.planned_at, self.left_at or self.planned_at)
        if any(each.tzinfo is None for each in moments):
            raise ValueError("sent_at, planned_at and left_at must be aware")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one hand-over.

    Attributes:
        message_id: Our id of the message.
        status: What the caller does next depends on nothing else.
        elapsed: Monotonic time from the call of ``send_all`` to the answer: the database's time
            at the call plus this is the time of the hand-over, whatever the worker's own clock.
        reason: One line for people; the other side's words where it gave any.
        code: The other side's code: ``250``, ``550 5.1.1``; empty where none came.
        provider_id: The other side's id of the message, ``None`` where it named none.
        is_address_dead: The address itself was refused for good: the caller must suppress it.
        retry_after: How long the other side asked to wait, ``None`` where it did not say.
    """

    message_id: UUID
    status: OutcomeStatus
    elapsed: timedelta
    reason: str = ""
    code: str = ""
    provider_id: str | None = None
    is_address_dead: bool = False
    retry_after: timedelta | None = None


class MailerCheckError(SendError):
    """The log-in probe failed.

    Attributes:
        remedy: One sentence that says what to change.
    """

    def __init__(self, message: str, *, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy


class Mailer(Protocol):
    """One way to hand emails over. An instance serves one process and one caller at a time."""

    def send_all(
        self, emails: Sequence[OutgoingEmail], *, may_begin: MayBegin
    ) -> Iterator[Outcome]:
        """Hand the emails over, in their order; yield one outcome for each as it is known.

        No error of the other side, of the network or of one email's content is raised: each is
        an outcome.

        Args:
            emails: Finished emails; each message id at most once.
            may_begin: Asked at the last moment before each hand-over begins (again, should the
                hand-over have to begin anew on a fresh connection). ``False``: this email is not
                handed over and no outcome is yielded for it, so the caller gives it back.
        """
        ...

    def check(self) -> None:
        """Reach the other side and log in, without sending anything.

        Raises:
            MailerCheckError: With what to change.
        """
        ...

    def close(self) -> None:
        """Give connections back; the mailer may be used again and then opens new ones."""
        ...
