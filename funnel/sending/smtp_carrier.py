"""Carries emails over one connection, one after the other, each with an honest outcome.

Where the server offers PIPELINING (RFC 2920) the end of one message and the envelope of the next
leave together, so that a message costs one packet out, one in, and one wait. Until the final dot
an email was provably not sent; from then on only the server's answer says what became of it
(RFC 1047).
"""

import re
import time

from funnel.domain.errors import NotSentError, UnknownOutcomeError
from funnel.domain.failure import FailureKind
from funnel.sending.mailer import OutcomeStatus
from funnel.sending.replies import CONTENT, Verdict, judge
from funnel.sending.smtp_connection import GO_ON, HANGING_UP, SmtpConnection
from funnel.sending.smtp_opening import SmtpSettings
from funnel.sending.smtp_wire import DroppedError, Reply, Steps
from funnel.sending.smtp_work import Job, Work, not_sent

_RESET_SECONDS = 5.0
# A server that swallows what was sent ahead is found out well before its message's time is over.
_PATIENCE_WITH_PIPELINING = 1 / 3
# Up to this size the dot leaves in the packets of its message; a longer one is sent first, so that
# the journal is told when the dot leaves and not many seconds before.
_ONE_WRITE = 65536
_END = b".\r\n"
# Faster than this, waiting for another connection to come free would cost more than it spares.
_QUICK_SECONDS = 0.01
# As Postfix and SES name the message they took.
_THEIR_ID = re.compile(r"queued as ([^\s<>]+)|^Ok ([0-9a-f-]{30,})$", re.IGNORECASE)


class PipeliningError(DroppedError):
    """What was sent ahead was never answered: begin anew, a command at a time."""


class Carrier:
    """One connection at work for one call; ``run`` ends when nothing is left to carry."""

    __slots__ = ("_ahead", "_connection", "_settings", "_spare", "_work", "was_deaf")

    def __init__(
        self, connection: SmtpConnection, work: Work, settings: SmtpSettings, *, others: int
    ) -> None:
        """Take an open connection and its work; ``others`` is how many more are at it."""
        self._connection = connection
        self._work = work
        self._settings = settings
        self._spare = others
        self._ahead: Job | None = None  # its envelope left with the message before
        self.was_deaf = False  # the server did not hear what was sent ahead

    def run(self) -> Steps[None]:
        """Carry what there is; closes the connection where it can carry no more."""
        is_in_step = False
        try:
            job = self._work.take(self._connection)
            while job is not None:
                if not (yield from self._settle(job)):
                    return
                job = self._ahead or self._work.take(self._connection)
            is_in_step = True
        finally:
            self._connection.used_at = time.monotonic()
            if self._ahead is not None:
                self._work.give_back(self._ahead)
            if not is_in_step:
                self._connection.close()

    def _settle(self, job: Job) -> Steps[bool]:
        """Carry one email to its outcome; return whether the connection may carry another."""
        connection = self._connection
        is_fresh = connection.is_fresh
        try:
            verdict = yield from self._transact(job)
        except UnknownOutcomeError as error:
            self._work.settle(
                job.message_id, Verdict(status=OutcomeStatus.UNKNOWN, reason=str(error))
            )
            return False
        except NotSentError as error:
            # A kept connection may have been closed long ago. Nothing was accepted on it, so the
            # email begins anew; on a fresh one it would only knock again and again.
            if isinstance(error, PipeliningError) or (
                isinstance(error, DroppedError) and not is_fresh
            ):
                self._work.give_back(job)
            else:
                self._work.settle(job.message_id, not_sent(error))
            return False
        if verdict is None:
            return False
        self._work.settle(job.message_id, verdict)
        connection.is_fresh = False
        return not connection.is_closed and not verdict.code.startswith(str(HANGING_UP))

    def _transact(self, job: Job) -> Steps[Verdict | None]:
        """Return what became of one email; ``None``: it may not leave any more."""
        was_ahead = self._ahead is job
        self._ahead = None
        verb, reply = yield from self._envelope(job, was_ahead=was_ahead)
        if (verb, reply.code) != ("DATA", GO_ON):
            self._connection.needs_reset = True
            if reply.code < 400:
                self._connection.close()
            return _judged(verb, reply)
        # The envelope may have waited long behind the message before. There is no other way out of
        # DATA than to hang up: a lone dot would send an empty message.
        if was_ahead and not self._work.may_begin(job):
            return None
        return (yield from self._content(job))

    def _envelope(self, job: Job, *, was_ahead: bool) -> Steps[tuple[str, Reply]]:
        connection = self._connection
        now = time.monotonic()
        job.deadline = job.deadline or now + self._settings.timeout_seconds
        connection.deadline = job.deadline
        if connection.needs_reset:
            connection.deadline = min(job.deadline, now + _RESET_SECONDS)
            yield from connection.reset()
            connection.deadline = job.deadline
        commands = job.commands(connection.extensions)
        if not (was_ahead or connection.pipelines):
            return (yield from connection.envelope(commands))
        if not was_ahead:
            yield from connection.wire.send(b"".join(commands))
        patience = self._settings.timeout_seconds * _PATIENCE_WITH_PIPELINING
        connection.deadline = min(job.deadline, now + patience)
        try:
            return (yield from connection.envelope_replies())
        except DroppedError:
            raise
        except NotSentError as error:
            self.was_deaf = True
            raise PipeliningError(str(error)) from error

    def _content(self, job: Job) -> Steps[Verdict]:
        """Send content and dot, and with it the envelope of whoever comes next."""
        connection, wire = self._connection, self._connection.wire
        connection.deadline = job.deadline
        content = job.content
        if len(content) > _ONE_WRITE:
            yield from wire.send(content)
            content = b""
        tail = self._tail()
        try:
            self._work.journal.begin(job.message_id)
        except NotSentError as error:
            verdict = Verdict(
                status=OutcomeStatus.DEFERRED, reason=str(error), failure=FailureKind.OURS
            )
            self._connection.close()
            if self._ahead is not None:
                self._work.give_back(self._ahead)
                self._ahead = None
            self._work.defer_the_rest(verdict)
            return verdict
        try:
            yield from wire.send(b"".join((content, _END, tail)))
        except NotSentError as error:
            if wire.unsent > len(tail):
                raise
            raise UnknownOutcomeError(f"after the final dot: {error}") from error
        return (yield from self._answer(job))

    def _tail(self) -> bytes:
        """Return the envelope that leaves with the dot; empty: nobody's."""
        connection, work = self._connection, self._work
        is_quick = connection.answer_took < _QUICK_SECONDS
        # At a batch's end a slow server's other connections come free before this one does.
        if connection.pipelines and (is_quick or len(work.waiting) > self._spare):
            self._ahead = work.take(connection)
        if self._ahead is None:
            return b""
        return b"".join(self._ahead.commands(connection.extensions))

    def _answer(self, job: Job) -> Steps[Verdict]:
        connection = self._connection
        dot_at = time.monotonic()
        connection.deadline = dot_at + self._settings.answer_seconds
        try:
            reply = yield from connection.wire.reply()
        except NotSentError as error:
            raise UnknownOutcomeError(f"after the final dot: {error}") from error
        if reply.code // 100 == 3:
            raise UnknownOutcomeError(f"after the final dot: {reply.code} {reply.text}")
        connection.answer_took = time.monotonic() - dot_at
        if reply.code // 100 != 2:
            # What was sent ahead began a new transaction already: a RSET would end that one.
            connection.needs_reset = self._ahead is None
            return _judged(CONTENT, reply)
        verdict = _accepted(reply)
        self._work.journal.accept(job.message_id, verdict.provider_id)
        return verdict


def _accepted(reply: Reply) -> Verdict:
    text = reply.text
    found = _THEIR_ID.search(text)
    return Verdict(
        status=OutcomeStatus.ACCEPTED,
        reason=text,
        code=reply.codes,
        provider_id=found and (found[1] or found[2]),
    )


def _judged(verb: str, reply: Reply) -> Verdict:
    return judge(verb, code=reply.code, enhanced=reply.enhanced_code, text=reply.text)
