"""SMTP behind the contract: one kept connection, one message at a time, an honest outcome each.

The table of RELIABILITY, "The SMTP boundary", is ``_judge`` and the errors of ``SmtpConnection``.
"""

import re
import ssl
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from funnel.domain.errors import InvalidInputError, NotSentError, UnknownOutcomeError
from funnel.domain.failure import FailureKind
from funnel.sending import mime
from funnel.sending.addresses import Address, parse_address
from funnel.sending.mailer import (
    NO_JOURNAL,
    Journal,
    LookUp,
    MailerCheckError,
    MayBegin,
    Outcome,
    OutcomeStatus,
    OutgoingEmail,
)
from funnel.sending.smtp_connection import (
    CannotOpenError,
    DroppedError,
    Reply,
    SmtpConnection,
    SmtpSecurity,
)
from funnel.sending.smtp_opening import SmtpSettings, open_connection, trusted

__all__ = ["SmtpMailer", "SmtpSecurity", "SmtpSettings"]

# Firewalls forget a quiet connection without a word; servers close it after five minutes.
_IDLE_SECONDS = 30.0
_RESET_SECONDS = 5.0
_FAREWELL_SECONDS = 2.0

# RFC 3463: the recipient's own address does not exist, has moved, or its domain takes no mail.
# Not 5.1.0 (anything), 5.1.5 (fine), 5.1.7 and 5.1.8 (the sender's), 5.1.9 (a relay's).
_DEAD_ADDRESS = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"})
_ADDRESS_REFUSALS = frozenset({550, 551, 553})
# They speak of our connection, not of the message: log in first, encrypt first, wrong order.
_NOT_ABOUT_THE_MESSAGE = frozenset({503, 530, 534, 535, 538})
_HANGING_UP = 421  # RFC 5321 3.8: may come in answer to anything
_GO_ON = 354
_CONTENT = "content"
# As Postfix and SES name the message they took.
_THEIR_ID = re.compile(r"queued as ([^\s<>]+)|^Ok ([0-9a-f-]{30,})$", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Prepared:
    """One email ready for the wire."""

    message_id: UUID
    raw: bytes
    sender: Address
    recipient: Address
    needs_smtputf8: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Verdict:
    """An outcome before its message and its time are added."""

    status: OutcomeStatus
    reason: str
    code: str = ""
    provider_id: str | None = None
    is_address_dead: bool = False
    failure: FailureKind | None = None


class SmtpMailer:
    """Hands emails to one SMTP server over one connection that is kept between calls."""

    def __init__(self, settings: SmtpSettings) -> None:
        """Take the settings; nothing is opened before the first email."""
        self._settings = settings
        self._context: ssl.SSLContext | None = None
        self._connection: SmtpConnection | None = None
        self._journal = NO_JOURNAL
        self._is_fresh = True
        self._needs_reset = False
        self._used_at = 0.0

    @property
    def connections(self) -> int:
        """How many messages travel at once."""
        return 1

    @property
    def repeats_safely(self) -> timedelta | None:
        """SMTP knows no key: a message handed over twice is two (RFC 1047)."""
        return None

    def look_up(
        self,
        message_id: UUID,
        *,
        provider_id: str | None,
        since: datetime,  # noqa: ARG002 - of the contract
    ) -> LookUp | None:
        """SMTP has no such question; see ``Mailer.look_up``."""
        return None

    def send_all(
        self,
        emails: Sequence[OutgoingEmail],
        *,
        may_begin: MayBegin,
        journal: Journal = NO_JOURNAL,
    ) -> Iterator[Outcome]:
        """Hand the emails over; see ``Mailer.send_all``.

        Where no connection can be opened, the rest of the batch is deferred without trying.
        """
        self._journal = journal
        return self._outcomes(emails, may_begin, time.monotonic())

    def check(self) -> None:
        """Open a connection, log in and say goodbye; see ``Mailer.check``."""
        self.close()
        try:
            self._ready(time.monotonic() + self._settings.timeout_seconds)
        except CannotOpenError as error:
            raise MailerCheckError(str(error), remedy=error.remedy) from error
        finally:
            self.close()

    def close(self) -> None:
        """Say QUIT where a connection is open, without waiting long; see ``Mailer.close``."""
        if self._connection is None:
            return
        self._connection.deadline = time.monotonic() + _FAREWELL_SECONDS
        with suppress(NotSentError):  # it hung up first: the same to us
            self._connection.command("QUIT")
        self._drop()

    def _outcomes(
        self, emails: Sequence[OutgoingEmail], may_begin: MayBegin, started: float
    ) -> Iterator[Outcome]:
        closed: _Verdict | None = None
        for email in emails:
            verdict = None
            if closed is None:
                try:
                    verdict = self._hand_over(email, may_begin)
                except CannotOpenError as error:
                    closed = _not_sent(error)
            if closed is not None and may_begin(email.message_id):
                verdict = closed
            if verdict is not None:
                yield _outcome(email, verdict, started)

    def _hand_over(self, email: OutgoingEmail, may_begin: MayBegin) -> _Verdict | None:
        """Return what became of one email, ``None`` where the caller did not let it begin."""
        deadline = time.monotonic() + self._settings.timeout_seconds
        try:
            prepared = _prepare(email)
        except InvalidInputError as error:
            return _invalid(error) if may_begin(email.message_id) else None
        while True:
            connection = self._ready(deadline)
            is_fresh, self._is_fresh = self._is_fresh, False
            if not may_begin(email.message_id):
                return None
            try:
                return self._transact(connection, prepared)
            except NotSentError as error:
                # A kept connection may have been closed long ago. Nothing was accepted on it, so
                # the email begins anew; on a fresh one it would only knock again and again.
                if is_fresh or not isinstance(error, DroppedError):
                    return _not_sent(error)
            except UnknownOutcomeError as error:
                return _Verdict(status=OutcomeStatus.UNKNOWN, reason=str(error))

    def _ready(self, deadline: float) -> SmtpConnection:
        """Return a connection between two messages, the kept one where it still lives."""
        if self._connection is not None and not self._is_alive(self._connection, deadline):
            self._drop()
        if self._connection is None:
            self._connection = open_connection(self._settings, trust=self._trust, deadline=deadline)
            self._is_fresh, self._needs_reset = True, False
            self._used_at = time.monotonic()
        self._connection.deadline = deadline
        return self._connection

    def _trust(self) -> ssl.SSLContext:
        if self._context is None:
            self._context = trusted(self._settings)
        return self._context

    def _is_alive(self, connection: SmtpConnection, deadline: float) -> bool:
        if time.monotonic() - self._used_at > _IDLE_SECONDS:
            return False
        if not self._needs_reset:
            return True
        connection.deadline = min(deadline, time.monotonic() + _RESET_SECONDS)
        try:
            self._needs_reset = not connection.command("RSET").is_positive
        except NotSentError:
            return False
        return not self._needs_reset

    def _transact(self, connection: SmtpConnection, prepared: _Prepared) -> _Verdict:
        is_in_step = False
        try:
            verdict = _impossible(connection, prepared)
            if verdict is None:
                command, reply = self._converse(connection, prepared)
                verdict = _judge(command, reply)
                if verdict.status is OutcomeStatus.ACCEPTED:
                    self._journal.accept(prepared.message_id, verdict.provider_id)
                self._needs_reset = verdict.status is not OutcomeStatus.ACCEPTED
                # A "yes" where none was due, as to DATA, means that we no longer understand it.
                is_nonsense = verdict.status is OutcomeStatus.DEFERRED and reply.code < 400
                is_in_step = reply.code != _HANGING_UP and not is_nonsense
            else:
                is_in_step = True
            return verdict
        finally:
            self._used_at = time.monotonic()
            if not is_in_step:
                self._drop()

    def _converse(self, connection: SmtpConnection, prepared: _Prepared) -> tuple[str, Reply]:
        options = _mail_options(connection, prepared)
        command, reply = connection.envelope(prepared.sender, prepared.recipient, options=options)
        if reply.code == _HANGING_UP:
            raise DroppedError(f"{reply.codes} {reply.text}", code=reply.codes)
        if (command, reply.code) != ("DATA", _GO_ON):
            return command, reply
        connection.content(prepared.raw)
        self._journal.begin(prepared.message_id)
        return _CONTENT, connection.finish(answer_seconds=self._settings.answer_seconds)

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _prepare(email: OutgoingEmail) -> _Prepared:
    return _Prepared(
        message_id=email.message_id,
        raw=mime.build(email),
        sender=parse_address(email.from_address, field="from_address"),
        recipient=parse_address(email.to_address, field="to_address"),
        needs_smtputf8=mime.needs_smtputf8(email),
    )


def _impossible(connection: SmtpConnection, prepared: _Prepared) -> _Verdict | None:
    """Return a refusal where the server says beforehand that it cannot take this message."""
    reason = None
    limit = connection.extensions.get("SIZE", "")
    if limit.isdecimal() and 0 < int(limit) < len(prepared.raw):
        reason = f"the message has {len(prepared.raw)} octets, the server takes {limit}"
    missing = {"SMTPUTF8", "8BITMIME"}.difference(connection.extensions)
    if prepared.needs_smtputf8 and missing:
        reason = f"an address is not ASCII and the server lacks {' and '.join(sorted(missing))}"
    return None if reason is None else _Verdict(status=OutcomeStatus.REFUSED, reason=reason)


def _mail_options(connection: SmtpConnection, prepared: _Prepared) -> str:
    options = f" SIZE={len(prepared.raw)}" if "SIZE" in connection.extensions else ""
    return f"{options} BODY=8BITMIME SMTPUTF8" if prepared.needs_smtputf8 else options


def _judge(command: str, reply: Reply) -> _Verdict:
    """Return what a reply means for the message, by what it answers."""
    status = OutcomeStatus.DEFERRED
    is_dead = False
    their_id = None
    if reply.is_positive and command == _CONTENT:
        status = OutcomeStatus.ACCEPTED
        found = _THEIR_ID.search(reply.text)
        their_id = found and (found[1] or found[2])
    elif reply.code // 100 == 5 and reply.code not in _NOT_ABOUT_THE_MESSAGE:
        status = OutcomeStatus.REFUSED
        is_dead = (
            command in {"RCPT", _CONTENT}
            and reply.code in _ADDRESS_REFUSALS
            and reply.enhanced_code in _DEAD_ADDRESS
        )
    return _Verdict(
        status=status,
        reason=reply.text if command == _CONTENT else f"{command}: {reply.text}",
        code=reply.codes,
        provider_id=their_id,
        is_address_dead=is_dead,
        failure=_failure(status, is_dead=is_dead),
    )


def _failure(status: OutcomeStatus, *, is_dead: bool) -> FailureKind | None:
    if status is OutcomeStatus.ACCEPTED:
        return None
    return FailureKind.ADDRESS_DEAD if is_dead else FailureKind.OTHER


def _not_sent(error: NotSentError) -> _Verdict:
    code = error.code if isinstance(error, (CannotOpenError, DroppedError)) else ""
    return _Verdict(
        status=OutcomeStatus.DEFERRED,
        reason=str(error),
        code=code,
        failure=FailureKind.PROVIDER_DOWN,
    )


def _invalid(error: InvalidInputError) -> _Verdict:
    return _Verdict(
        status=OutcomeStatus.REFUSED, reason=f"{error} ({error.field})", failure=FailureKind.OURS
    )


def _outcome(email: OutgoingEmail, verdict: _Verdict, started: float) -> Outcome:
    return Outcome(
        message_id=email.message_id,
        status=verdict.status,
        elapsed=timedelta(seconds=time.monotonic() - started),
        reason=verdict.reason,
        code=verdict.code,
        provider_id=verdict.provider_id,
        is_address_dead=verdict.is_address_dead,
        failure=verdict.failure,
    )
