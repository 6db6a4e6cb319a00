"""The development mailer: keeps every mail in a folder, and reads it back for the built-in inbox.

For each mail ``<message id>.eml`` (the bytes as SMTP would carry them) and
``<plan time>-n<number>-<message id>.json`` (what the bytes do not say). The second name is the
mail's id: ids sort by the plan time at which mails left, and within one plan time, which may stand
still, by arrival. The ``.json`` comes last, so a mail is seen whole or not at all; a message handed
over twice is two of each (``<message id>.2``), so that doubles show. Any number of processes may
write and read at once. An older version gave both files the name ``<plan time>-<message id>``.
"""

import json
import os
import re
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Any
from uuid import UUID

from funnel.domain.errors import InvalidInputError, NotFoundError, NotSentError
from funnel.domain.failure import FailureKind
from funnel.domain.text import clean_text
from funnel.sending import mime
from funnel.sending.addresses import parse_address
from funnel.sending.mailer import (
    NO_JOURNAL,
    Attachment,
    Found,
    Journal,
    LookUp,
    MailerCheckError,
    MayBegin,
    Outcome,
    OutcomeStatus,
    OutgoingEmail,
)

_STAMP = "%Y%m%dT%H%M%S.%fZ"
# The whole form of a name: nothing else, above all no path, ever reaches the file system.
# In one plan time what an older version kept sorts first: "n" comes after every hexadecimal digit.
_ID = re.compile(
    r"\d{8}T\d{6}\.\d{6}Z-(?P<number>n\d{10}-)?"
    r"(?P<message>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?:\.(?P<copy>\d{1,4}))?)",
    re.ASCII,
)
_MOST_COPIES = 1000
_ARRIVALS = ".arrivals"  # grows by one byte for each mail: its size is the marker
_NUMBERS = ".numbers"  # grows by one byte for each number that was given: its size is the last
_DRAFTS = ".drafts"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptMail:
    """One kept mail, as a list of mails shows it.

    Attributes:
        id: Its name in the mailbox; ids sort by ``left_at``, then by arrival.
        copy: 1, and 2 or more when the same message was handed over again.
        planned_at: Aware UTC moment, plan time: for when it was planned.
        left_at: Aware UTC moment, plan time: when it was handed over.
        sent_at: Aware UTC moment, real time: the ``Date`` header.
        size: Octets of the whole message.
    """

    id: str
    message_id: UUID
    copy: int
    planned_at: datetime
    left_at: datetime
    sent_at: datetime
    from_name: str
    from_address: str
    to_name: str
    to_address: str
    subject: str
    topic: str | None
    lane: str | None
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MailParts:
    """A kept mail taken apart: decoded texts, decoded headers in their order, files, raw bytes."""

    html: str
    text: str
    headers: tuple[tuple[str, str], ...]
    attachments: tuple[Attachment, ...]
    raw: bytes


class MailboxMailer:
    """A mailer that delivers into a folder. It accepts all that SMTP could carry."""

    def __init__(self, folder: Path) -> None:
        """Take the folder; it is made when the first mail comes."""
        self._folder = folder

    @property
    def connections(self) -> int:
        """One file after the other."""
        return 1

    @property
    def repeats_safely(self) -> timedelta | None:
        """A second copy is kept beside the first, so that a demo shows it."""
        return None

    def send_all(
        self,
        emails: Sequence[OutgoingEmail],
        *,
        may_begin: MayBegin,
        journal: Journal = NO_JOURNAL,
    ) -> Iterator[Outcome]:
        """Keep the emails; see ``Mailer.send_all``."""
        started = time.monotonic()
        return self._outcomes(emails, may_begin, journal, started)

    def look_up(
        self,
        message_id: UUID,
        *,
        provider_id: str | None,  # noqa: ARG002  (of the contract)
        since: datetime,  # noqa: ARG002  (of the contract)
    ) -> LookUp | None:
        """Say whether the mail lies in the folder; see ``Mailer.look_up``."""
        copies = self._folder.glob(f"*-{message_id}*.json")
        kept = min((each.stem for each in copies), default=None)
        found = Found.NOT_FOUND if kept is None else Found.ACCEPTED
        return LookUp(found=found, provider_id=kept)

    def _outcomes(
        self,
        emails: Sequence[OutgoingEmail],
        may_begin: MayBegin,
        journal: Journal,
        started: float,
    ) -> Iterator[Outcome]:
        for email in emails:
            if may_begin(email.message_id):
                yield self._keep(email, journal, started)

    def _keep(self, email: OutgoingEmail, journal: Journal, started: float) -> Outcome:
        status, reason, kept_id, failure = OutcomeStatus.ACCEPTED, "kept", None, None
        try:
            raw = mime.build(email)
            journal.begin(email.message_id)
            kept_id = _store(self._folder, email, raw)
            journal.accept(email.message_id, kept_id)
        except InvalidInputError as error:
            status, reason = OutcomeStatus.REFUSED, f"{error} ({error.field})"
            failure = FailureKind.OURS
        except NotSentError as error:
            status, reason, failure = OutcomeStatus.DEFERRED, str(error), FailureKind.OURS
        except OSError as error:  # disk full, no right to write: nothing is visible yet
            status, reason = OutcomeStatus.DEFERRED, f"the mailbox cannot be written: {error}"
            failure = FailureKind.PROVIDER_DOWN
        return Outcome(
            message_id=email.message_id,
            status=status,
            elapsed=timedelta(seconds=time.monotonic() - started),
            reason=reason,
            provider_id=kept_id,
            failure=failure,
        )

    def check(self) -> None:
        """Write and remove a file in the folder; see ``Mailer.check``."""
        try:
            draft = _write_draft(self._folder, b"")
            draft.unlink()
        except OSError as error:
            raise MailerCheckError(
                f"the mailbox folder cannot be written: {error}",
                remedy=f"Let the workers' user write to {self._folder}, or name another folder.",
            ) from error

    def close(self) -> None:
        """Nothing is held open."""


class Mailbox:
    """Reads what a ``MailboxMailer`` kept, from this process or another one."""

    def __init__(self, folder: Path) -> None:
        """Take the folder; it need not exist yet."""
        self._folder = folder

    def list(self, limit: int, before: str | None = None) -> Sequence[KeptMail]:
        """Return up to ``limit`` mails, the one that left last in plan time first.

        Args:
            limit: Most mails to return.
            before: An id; only mails that sort before it, for the next page of a list.
        """
        ids = [each for each in self._ids() if before is None or each < before]
        ids.sort(reverse=True)
        return [self.get(each) for each in ids[:limit]]

    def count(self) -> int:
        """Return how many mails are kept."""
        return sum(1 for _ in self._ids())

    def get(self, mail_id: str) -> KeptMail:
        """Return one mail of the list.

        Raises:
            NotFoundError: No such mail; also for an id that is no id.
        """
        return _kept_mail(mail_id, json.loads(self._read(mail_id, ".json")))

    def newest_marker(self) -> str:
        """Return a word that changes with every mail; cheap enough to ask each second."""
        try:
            return str((self._folder / _ARRIVALS).stat().st_size)
        except FileNotFoundError:
            return "0"

    def parts(self, mail_id: str) -> MailParts:
        """Return one mail taken apart, as a mail program would.

        Raises:
            NotFoundError: No such mail; also for an id that is no id.
        """
        raw = self._read(mail_id, ".eml")
        message = BytesParser(EmailMessage, policy=policy.default).parsebytes(raw)
        return MailParts(
            html=_body(message, "html"),
            text=_body(message, "plain"),
            headers=tuple((name, str(value)) for name, value in message.items()),
            attachments=tuple(map(_attachment, message.iter_attachments())),
            raw=raw,
        )

    def _ids(self) -> Iterator[str]:
        try:
            names = os.listdir(self._folder)  # noqa: PTH208 - thousands of Path objects cost more
        except FileNotFoundError:
            return
        for name in names:
            stem, dot, suffix = name.rpartition(".")
            if dot and suffix == "json" and _ID.fullmatch(stem):
                yield stem

    def _read(self, mail_id: str, suffix: str) -> bytes:
        found = _ID.fullmatch(mail_id)
        if found is None:
            raise NotFoundError("no such mail")
        # An older version gave both files one name.
        stem = found["message"] if suffix == ".eml" and found["number"] else mail_id
        try:
            return (self._folder / f"{stem}{suffix}").read_bytes()
        except FileNotFoundError as error:
            raise NotFoundError("no such mail") from error


def _store(folder: Path, email: OutgoingEmail, raw: bytes) -> str:
    draft = _write_draft(folder, raw)
    try:
        name = _take_name(folder, draft, email)
    finally:
        draft.unlink()
    record = json.dumps(_record(email, len(raw)), ensure_ascii=False, indent=1)
    try:
        kept_id = f"{_left_at(email).strftime(_STAMP)}-n{_next_number(folder):010}-{name}"
        _write_draft(folder, record.encode("utf-8", "replace")).replace(folder / f"{kept_id}.json")
    except OSError:
        (folder / f"{name}.eml").unlink()
        raise
    # From here on the mail is visible: a page that missed the mark would only look a mail later.
    with suppress(OSError), (folder / _ARRIVALS).open("ab") as arrivals:
        arrivals.write(b".")
    return kept_id


def _write_draft(folder: Path, content: bytes) -> Path:
    drafts = folder / _DRAFTS
    # Names and addresses lie here: nobody else on this machine reads them.
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    drafts.mkdir(mode=0o700, exist_ok=True)
    draft = drafts / secrets.token_hex(12)
    try:
        draft.write_bytes(content)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    return draft


def _take_name(folder: Path, draft: Path, email: OutgoingEmail) -> str:
    for copy in range(1, _MOST_COPIES):
        name = f"{email.message_id}" if copy == 1 else f"{email.message_id}.{copy}"
        with suppress(FileExistsError):
            # A link, not a rename: it never replaces what another process has just put there.
            (folder / f"{name}.eml").hardlink_to(draft)
            return name
    raise OSError(f"{email.message_id} was kept {_MOST_COPIES} times")


def _next_number(folder: Path) -> int:
    """Return a number above every one before, whichever process asks."""
    # Unbuffered and appended: each writer stands after its own byte, and no two at one place.
    with (folder / _NUMBERS).open("ab", buffering=0) as numbers:
        numbers.write(b".")
        return numbers.tell()


def _left_at(email: OutgoingEmail) -> datetime:
    return (email.left_at or email.planned_at).astimezone(UTC)


def _record(email: OutgoingEmail, size: int) -> dict[str, Any]:
    """Return what a list shows: texts as the headers have them, without what could not be seen."""
    return {
        "message_id": str(email.message_id),
        "planned_at": email.planned_at.astimezone(UTC).isoformat(),
        "left_at": _left_at(email).isoformat(),
        "sent_at": email.sent_at.astimezone(UTC).isoformat(),
        "envelope_from": parse_address(email.from_address, field="from_address").text,
        "envelope_to": parse_address(email.to_address, field="to_address").text,
        "from_name": clean_text(email.from_name, limit=200),
        "from_address": email.from_address,
        "to_name": clean_text(email.to_name, limit=200),
        "to_address": email.to_address,
        "subject": clean_text(email.subject, limit=500),
        "topic": email.topic,
        "lane": email.lane,
        "size": size,
    }


def _kept_mail(mail_id: str, record: dict[str, Any]) -> KeptMail:
    found = _ID.fullmatch(mail_id)
    copy = found["copy"] if found else None
    planned_at = datetime.fromisoformat(record["planned_at"])
    left_at = record.get("left_at")  # an older version did not keep it
    return KeptMail(
        id=mail_id,
        message_id=UUID(record["message_id"]),
        copy=int(copy or 1),
        planned_at=planned_at,
        left_at=datetime.fromisoformat(left_at) if left_at else planned_at,
        sent_at=datetime.fromisoformat(record["sent_at"]),
        from_name=record["from_name"],
        from_address=record["from_address"],
        to_name=record["to_name"],
        to_address=record["to_address"],
        subject=record["subject"],
        topic=record["topic"],
        lane=record["lane"],
        size=record["size"],
    )


def _body(message: EmailMessage, subtype: str) -> str:
    part = message.get_body((subtype,))
    return "" if part is None else str(part.get_content())


def _attachment(part: EmailMessage) -> Attachment:
    known = dict(part["Content-Type"].params)
    payload = part.get_payload(decode=True)
    return Attachment(
        filename=part.get_filename() or "file",
        content_type=part.get_content_type(),
        content=payload if isinstance(payload, bytes) else b"",
        params=tuple(known.items()),
    )
