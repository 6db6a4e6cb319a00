"""The emails of one call: who comes next, in which bytes, and what became of each."""

import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from uuid import UUID

from funnel.domain.errors import InvalidInputError, NotSentError
from funnel.domain.failure import FailureKind
from funnel.sending import mime
from funnel.sending.addresses import Address, parse_address
from funnel.sending.dkim import DkimSigner
from funnel.sending.mailer import Journal, MayBegin, Outcome, OutcomeStatus, OutgoingEmail
from funnel.sending.replies import Verdict, judge
from funnel.sending.smtp_connection import SmtpConnection
from funnel.sending.smtp_wire import CannotOpenError, DroppedError

_MANY_SENDERS = 64


@dataclass(slots=True, kw_only=True)
class Job:
    """One email on its way.

    Attributes:
        content: Its bytes as DATA carries them, without the final dot. No line that ``mime.build``
            makes begins with a full stop, so there is nothing to double (RFC 5321 4.5.2), and
            looking for one takes longer than making the head.
        deadline: Monotonic moment by which its final dot must have left, over all attempts; 0
            before the first.
    """

    message_id: UUID
    content: bytes
    sender: Address
    recipient: Address
    needs_smtputf8: bool
    deadline: float = 0.0

    @property
    def size(self) -> int:
        """Octets as SIZE counts them (RFC 1870)."""
        return len(self.content)

    def commands(self, extensions: dict[str, str]) -> tuple[bytes, bytes, bytes]:
        """Return MAIL, RCPT and DATA for a server that offers these extensions."""
        options = f" SIZE={self.size}" if "SIZE" in extensions else ""
        if self.needs_smtputf8:
            options = f"{options} BODY=8BITMIME SMTPUTF8"
        return (
            f"MAIL FROM:<{self.sender.text}>{options}\r\n".encode(),
            f"RCPT TO:<{self.recipient.text}>\r\n".encode(),
            b"DATA\r\n",
        )


class Work:
    """What one call of ``send_all`` has to do. Every email gets one outcome, or may not begin.

    Attributes:
        waiting: Who has not begun, or begins anew.
        outcomes: What is known and not yet told.
    """

    __slots__ = ("_may_begin", "_signer", "_started", "journal", "outcomes", "waiting")

    def __init__(
        self,
        emails: Iterable[OutgoingEmail],
        *,
        may_begin: MayBegin,
        journal: Journal,
        signer: DkimSigner | None,
    ) -> None:
        """Take the emails; none is built before its turn."""
        self.waiting: deque[OutgoingEmail | Job] = deque(emails)
        self.outcomes: deque[Outcome] = deque()
        self.journal = journal
        self._may_begin = may_begin
        self._signer = signer
        self._started = time.monotonic()

    def take(self, connection: SmtpConnection) -> Job | None:
        """Return the next email that this connection can carry; ``None``: there is none."""
        while self.waiting:
            job = self._prepared(self.waiting.popleft())
            if job is None or not self.may_begin(job):
                continue
            reason = _impossible(job, connection.extensions)
            if reason is None:
                return job
            kind = FailureKind.TOO_LARGE if "octets" in reason else FailureKind.OTHER
            verdict = Verdict(status=OutcomeStatus.REFUSED, reason=reason, failure=kind)
            self.settle(job.message_id, verdict)
        return None

    def may_begin(self, job: Job) -> bool:
        """Ask the caller."""
        return self._may_begin(job.message_id)

    def give_back(self, job: Job) -> None:
        """Let an email begin anew on another connection, before all others."""
        self.waiting.appendleft(job)

    def settle(self, message_id: UUID, verdict: Verdict) -> None:
        """Keep what became of an email, to be told."""
        self.outcomes.append(
            Outcome(
                message_id=message_id,
                status=verdict.status,
                elapsed=timedelta(seconds=time.monotonic() - self._started),
                reason=verdict.reason,
                code=verdict.code,
                provider_id=verdict.provider_id,
                is_address_dead=verdict.is_address_dead,
                failure=verdict.failure,
            )
        )

    def defer_the_rest(self, verdict: Verdict) -> None:
        """Settle all that wait in the same way: what stopped one would stop each of them."""
        while self.waiting:
            message_id = self.waiting.popleft().message_id
            if self._may_begin(message_id):
                self.settle(message_id, verdict)

    def _prepared(self, item: OutgoingEmail | Job) -> Job | None:
        if isinstance(item, Job):
            return item
        try:
            return self._prepare(item)
        except InvalidInputError as error:
            if self._may_begin(item.message_id):
                self.settle(item.message_id, _invalid(error))
            return None

    def _prepare(self, email: OutgoingEmail) -> Job:
        sender = _sender(email.from_address)
        raw = mime.build(email)
        if self._signer is not None:
            raw = self._signer.sign(raw, sender.domain)
        return Job(
            message_id=email.message_id,
            content=raw,
            sender=sender,
            recipient=parse_address(email.to_address, field="to_address"),
            needs_smtputf8=mime.needs_smtputf8(email),
        )


def not_sent(error: NotSentError) -> Verdict:
    """Return what an error before the final dot means: try again later."""
    code = error.code if isinstance(error, (CannotOpenError, DroppedError)) else ""
    kind = FailureKind.PROVIDER_DOWN
    if code:
        digits, _, enhanced = code.partition(" ")
        judged = judge("", code=int(digits), enhanced=enhanced, text=str(error)).failure
        kind = judged if judged is FailureKind.RATE else kind
    return Verdict(status=OutcomeStatus.DEFERRED, reason=str(error), code=code, failure=kind)


def _invalid(error: InvalidInputError) -> Verdict:
    reason = f"{error} ({error.field})"
    return Verdict(status=OutcomeStatus.REFUSED, reason=reason, failure=FailureKind.OURS)


@lru_cache(maxsize=_MANY_SENDERS)
def _sender(address: str) -> Address:
    return parse_address(address, field="from_address")


def _impossible(job: Job, extensions: dict[str, str]) -> str | None:
    """Return why a server says beforehand that it cannot take this message, if it does."""
    limit = extensions.get("SIZE", "")
    if limit.isdecimal() and 0 < int(limit) < job.size:
        return f"the message has {job.size} octets, the server takes {limit}"
    if job.needs_smtputf8:
        missing = {"SMTPUTF8", "8BITMIME"}.difference(extensions)
        if missing:
            return f"an address is not ASCII and the server lacks {' and '.join(sorted(missing))}"
    return None
