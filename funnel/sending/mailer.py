"""The contract of sending: finished emails in, one outcome for each out.

A mailer speaks of batches, because a provider may take many emails in one call, and of outcomes,
because "it raised" does not say whether the email left. Who writes a new one reads
``docs/add-a-provider.md`` and passes ``tests/sending/kit.py``.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple, Protocol
from uuid import UUID

from funnel.domain.errors import SendError
from funnel.domain.failure import FailureKind
from funnel.domain.quoted_text import QuotedText

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
        text: The plain part; quoted where it was made in the form in which it travels.
        html: The HTML part, likewise.
        sent_at: Aware real moment for ``Date``, the same at every attempt.
        planned_at: Aware moment in plan time for which it was planned.
        left_at: Aware moment in plan time of this hand-over, for the built-in inbox; ``None``
            stands for ``planned_at``.
        headers: Further headers, name and value.
        list_unsubscribe_url: One-click address (RFC 8058), ``None`` for notices.
        list_id: Like ``letters.example.com`` (RFC 2919), without brackets.
        feedback_id: Value of ``Feedback-ID``.
        tag: What sort of email it is, for the provider's own statistics: its template's key.
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
    text: str | QuotedText
    html: str | QuotedText
    sent_at: datetime
    planned_at: datetime
    reply_to: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    attachments: tuple[Attachment, ...] = ()
    list_unsubscribe_url: str | None = None
    list_id: str | None = None
    feedback_id: str | None = None
    tag: str | None = None
    topic: str | None = None
    lane: str | None = None
    left_at: datetime | None = None

    def __post_init__(self) -> None:
        """Refuse naive moments: a ``Date`` without its zone would be a guess."""
        moments = (self.sent_at, self.planned_at, self.left_at or self.planned_at)
        if any(each.tzinfo is None for each in moments):
            raise ValueError("sent_at, planned_at and left_at must be aware")

    @property
    def text_str(self) -> str:
        """The plain part as it reads, for providers that encode by themselves."""
        return self.text if isinstance(self.text, str) else self.text.decode()

    @property
    def html_str(self) -> str:
        """The HTML part, likewise."""
        return self.html if isinstance(self.html, str) else self.html.decode()


# A tuple, because each email makes one and a frozen dataclass costs three times as much.
class Outcome(NamedTuple):
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
        failure: What it complained about; ``None`` for an accepted or unknown one.
    """

    message_id: UUID
    status: OutcomeStatus
    elapsed: timedelta
    reason: str = ""
    code: str = ""
    provider_id: str | None = None
    is_address_dead: bool = False
    retry_after: timedelta | None = None
    failure: FailureKind | None = None


class Found(StrEnum):
    """What a provider answers when it is asked whether it has a message."""

    ACCEPTED = "accepted"
    NOT_FOUND = "not_found"  # it never came: it may be handed over again
    CANNOT_SAY = "cannot_say"  # not now, or not yet


@dataclass(frozen=True, slots=True, kw_only=True)
class LookUp:
    """A provider's answer about one message; ``provider_id`` only where it has it."""

    found: Found
    provider_id: str | None = None


class Journal(Protocol):
    """What a hand-over writes down so that a crash beside it leaves no doubt (RELIABILITY)."""

    def begin(self, message_id: UUID) -> None:
        """Write down that the message is about to be out of our hands.

        Called right before the final dot, or the HTTP body, leaves.

        Raises:
            NotSentError: It cannot be written; then nothing is handed over.
        """
        ...

    def accept(self, message_id: UUID, provider_id: str | None) -> None:
        """Write down that the other side took it, as soon as its "yes" was read; never raises."""
        ...


class _NoJournal:
    """Writes nothing down: for tests of a layout, and where a crash may leave a doubt."""

    def begin(self, message_id: UUID) -> None:
        """Nothing is kept."""

    def accept(self, message_id: UUID, provider_id: str | None) -> None:
        """Nothing is kept."""


NO_JOURNAL: Journal = _NoJournal()


class MailerCheckError(SendError):
    """The log-in probe failed.

    Attributes:
        remedy: One sentence that says what to change.
    """

    def __init__(self, message: str, *, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy


class Mailer(Protocol):
    """One way to hand emails over. An instance serves one process and one caller at a time.

    Attributes:
        connections: How many messages it carries at the same time.
        repeats_safely: How long the same bytes under the same id, handed over again, are still
            one email (an idempotency key); ``None``: never, as in SMTP.
    """

    @property
    def connections(self) -> int: ...

    @property
    def repeats_safely(self) -> timedelta | None: ...

    def send_all(
        self,
        emails: Sequence[OutgoingEmail],
        *,
        may_begin: MayBegin,
        journal: Journal = NO_JOURNAL,
    ) -> Iterator[Outcome]:
        """Hand the emails over; yield one outcome for each as it is known, in any order.

        They begin in their order. No error of the other side, of the network or of one email's
        content is raised: each is an outcome.

        Args:
            emails: Finished emails; each message id at most once.
            may_begin: Asked at the last moment before each hand-over begins, and again before
                anything that could be accepted leaves, should time have passed. ``False``: this
                email is not handed over and no outcome is yielded for it, so the caller gives it
                back.
            journal: Told right before each email is out of our hands, and as it is accepted.
        """
        ...

    def look_up(
        self, message_id: UUID, *, provider_id: str | None, since: datetime
    ) -> LookUp | None:
        """Ask whether the other side has a message whose hand-over ended unknown.

        Args:
            message_id: Our id of the message.
            provider_id: The other side's id, where one was learned.
            since: Aware moment of the hand-over.

        Returns:
            Its answer; ``None`` where this provider has no such question.
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
