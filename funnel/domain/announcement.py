"""An announcement: one email, written by a person for once, to all who hold a seat in a session.

It is a message like any other (docs/decisions/0021): asked again under the lock before it leaves,
never twice, accounted for in the ledger. Who took their seat after it was sent does not get it.
"""

import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from funnel.domain.errors import InvalidInputError
from funnel.domain.message import EndReason
from funnel.domain.mistakes import Mistakes
from funnel.domain.plan import SkipReason
from funnel.domain.session import Session
from funnel.domain.speech import say
from funnel.domain.text import clean_text

KEY_PREFIX = "announcements/"
TEXT_LIMIT = 20_000  # characters
_SUBJECT_LIMIT = 300  # characters, merge fields included; what is fixed has a limit of its own
# What is written after a session is news for as long as its other emails may be late.
_AFTERWARDS = timedelta(hours=20)

# The greeting is the template's part, unless the text greets by a field itself.
_GREETS = re.compile(r"\{\{.*?\bperson\.(?:greeting|first_name)\b.*?\}\}", re.DOTALL)
_TAG = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_HEAD = """---
subject: {subject}
preheader: "About your seat on {{{{ session.day }}}} at {{{{ session.hour }}}}"
layout: service
---
"""
_LINES_BEFORE = _HEAD.count("\n")
_GREETING = "{{ person.greeting }}\n\n"


class AnnouncementState(StrEnum):
    """How far one is: of what is queued, the messages say how each ended."""

    QUEUEING = "queueing"
    QUEUED = "queued"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """One announcement; moments are aware UTC, in plan time.

    Attributes:
        session_starts_at: The date that it speaks of.
        subject: As it was written, merge fields included.
        reached: The last person who was looked at, in the order of their ids.
        total: People who held a seat when it was sent; once all are queued, its messages.
        queued: Messages that it has, those among them that were skipped at once.
    """

    id: UUID
    session_id: UUID
    session_starts_at: datetime
    subject: str
    by: str
    reached: UUID | None
    total: int
    queued: int
    created_at: datetime
    stopped_at: datetime | None
    finished_at: datetime | None

    @property
    def state(self) -> AnnouncementState:
        """Whether messages are still to be made of it, and whether somebody stopped it."""
        if self.stopped_at is not None:
            return AnnouncementState.STOPPED
        is_open = self.finished_at is None
        return AnnouncementState.QUEUEING if is_open else AnnouncementState.QUEUED

    @property
    def title(self) -> str:
        """The subject as a list shows it: a merge field is a gap."""
        return plain_subject(self.subject)


@dataclass(frozen=True, slots=True, kw_only=True)
class NotSent:
    """People who do not get one, with the reason in a marketer's words."""

    why: str
    people: int


def template_key(announcement_id: UUID) -> str:
    """Return the key of an announcement's text."""
    return f"{KEY_PREFIX}{announcement_id}"


def dedupe_key(announcement_id: UUID, subscriber_id: UUID) -> str:
    """Return what makes it the same email: one announcement to one person, whatever their runs."""
    return f"announcement:{announcement_id}:{subscriber_id}"


def valid_until(session: Session, sent_at: datetime) -> datetime:
    """Return until when an announcement may leave.

    Written before the session's end it is about a masterclass that is still to come, or on: not
    after its end. Written later it may leave within 20 hours, as what follows a session may.

    Args:
        session: The one it is about.
        sent_at: When it was sent, aware, plan time.
    """
    return session.ends_at if sent_at < session.ends_at else sent_at + _AFTERWARDS


def announcement_source(subject: str, text: str) -> str:
    """Return the template that a subject and a text come to: Markdown with merge fields.

    Raises:
        InvalidInputError: They are empty or too long; of both at once, where both are.
    """
    subject = clean_subject(subject)
    text = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    mistakes = Mistakes()
    mistakes.hear(_check_subject, subject)
    mistakes.hear(_check_text, text)
    mistakes.end()
    greeting = "" if _GREETS.search(text) else _GREETING
    # A JSON string is a YAML string: quotation marks and backslashes stay what they are.
    head = _HEAD.format(subject=json.dumps(subject, ensure_ascii=False))
    return f"{head}{greeting}{text}\n"


def _check_subject(subject: str) -> None:
    if not subject:
        raise InvalidInputError(
            say("the announcement has no subject"),
            field="subject",
            remedy=say("Say in a few words what it is about: “We start 15 minutes late”."),
        )
    if len(subject) > _SUBJECT_LIMIT:
        raise InvalidInputError(
            say("the subject is too long"),
            field="subject",
            remedy=say("Under 45 characters it is read whole on a phone."),
        )


def _check_text(text: str) -> None:
    if not text:
        raise InvalidInputError(
            say("the announcement has no text"),
            field="text",
            remedy=say("Write what everybody with a seat should know."),
        )
    if len(text) > TEXT_LIMIT:
        raise InvalidInputError(
            say("the text is longer than {limit} characters", limit=f"{TEXT_LIMIT:,}"),
            field="text",
            remedy=say("Say the one thing that matters, and link to the rest."),
        )


def clean_subject(subject: str) -> str:
    """Return a subject as one line without control characters, a little too long at most."""
    return clean_text(subject, limit=_SUBJECT_LIMIT + 1)


def line_of_text(source: str, line: int | None) -> int | None:
    """Return which line of the text that was given stands on a line of its template.

    Args:
        source: As ``announcement_source`` made it.
        line: Of the template, counted from 1.

    Returns:
        Counted from 1; ``None`` where the subject stands there, or no line is meant.
    """
    before = _LINES_BEFORE + (_GREETING.count("\n") if _GREETING in source else 0)
    return line - before if line is not None and line > before else None


def skip_reason(suppression: str | None, *, wants_seat_emails: bool) -> str | None:
    """Return why a message to somebody is skipped at once, for its row; ``None``: it is not.

    The open asks the same again, and says it in the same words.
    """
    if suppression is not None:
        return f"{SkipReason.SUPPRESSED.value}: {suppression}"
    return None if wants_seat_emails else EndReason.UNWANTED.value


def plain_subject(subject: str) -> str:
    """Return a subject without its merge fields, for lists: each is a gap."""
    return " ".join(_TAG.sub("…", subject).split())


def reason_words(reason: str) -> str:
    """Return in a marketer's words why an announcement did not go to somebody.

    Args:
        reason: As the message's row has it.
    """
    word, _, detail = reason.partition(": ")
    if word == SkipReason.SUPPRESSED.value:
        return say("on the do-not-email list ({reason})", reason=say(detail))
    known = {
        EndReason.UNWANTED.value: _UNWANTED,
        EndReason.SEAT_GIVEN_UP.value: _SEAT_GIVEN_UP,
        EndReason.DATE_MOVED.value: _DATE_MOVED,
        EndReason.DATE_CANCELLED.value: _DATE_CANCELLED,
        EndReason.STOPPED.value: _STOPPED,
        EndReason.LEFT.value: _LEFT,
        SkipReason.LATE.value: _LATE,
    }
    return say(known[word]) if word in known else reason


_UNWANTED = "stopped the emails about their seat"
_SEAT_GIVEN_UP = "gave up the seat, or took another date"
_DATE_MOVED = "the date was moved before it left"
_DATE_CANCELLED = "the date was called off before it left"
_STOPPED = "stopped before it left"
_LEFT = "unsubscribed from everything"
_LATE = "it could not leave in time"
