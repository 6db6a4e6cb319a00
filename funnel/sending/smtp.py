"""SMTP behind the contract: several kept connections, driven by one selector in one thread.

A slow server holds up only the connection it is slow on, and no lock or thread stands between two
messages. What is said on a connection is ``funnel.sending.smtp_carrier``; which failure is which,
RELIABILITY, "The SMTP boundary", and ``funnel.sending.replies``. Why not threads: decision 0027.
"""

import ssl
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from selectors import EVENT_READ, BaseSelector, DefaultSelector
from uuid import UUID

from funnel.domain.errors import NotSentError
from funnel.sending.dkim import DkimSigner
from funnel.sending.mailer import (
    NO_JOURNAL,
    Journal,
    LookUp,
    MailerCheckError,
    MayBegin,
    Outcome,
    OutgoingEmail,
)
from funnel.sending.smtp_carrier import Carrier
from funnel.sending.smtp_connection import SmtpConnection, SmtpSecurity
from funnel.sending.smtp_opening import Found, SmtpSettings, find, opening, trusted
from funnel.sending.smtp_wire import CannotOpenError, Steps
from funnel.sending.smtp_work import Work, not_sent

__all__ = ["SmtpMailer", "SmtpSecurity", "SmtpSettings"]

# Firewalls forget a quiet connection without a word; servers close it after five minutes.
_IDLE_SECONDS = 30.0
_OPENING_SECONDS = 10.0
_FAREWELL_SECONDS = 2.0
# How long an answer of the resolver, and a server's limit of connections, are believed.
_ADDRESS_SECONDS = 300.0
_LIMIT_SECONDS = 300.0
_DISTRUST_SECONDS = 3600.0
_FOR_EVER = float("inf")


class SmtpMailer:
    """Hands emails to one SMTP server over connections that are kept between calls."""

    def __init__(self, settings: SmtpSettings, *, signer: DkimSigner | None = None) -> None:
        """Take the settings; nothing is opened before the first email.

        Args:
            settings: Where and how.
            signer: Signs every email whose sender a key fits; ``None``: nobody does.
        """
        self._settings = settings
        self._signer = signer
        self._selector: BaseSelector | None = None
        self._connections: list[SmtpConnection] = []
        self._carriers: dict[SmtpConnection, Carrier] = {}
        self._context: ssl.SSLContext | None = None
        self._found: tuple[float, Sequence[Found]] = (0.0, ())
        self._limit: tuple[float, int] = (0.0, settings.connections)  # until when, how many
        self._no_pipelining_until = 0.0
        self._soonest = _FOR_EVER  # no deadline comes before it

    @property
    def connections(self) -> int:
        """How many messages travel at once at most."""
        return self._settings.connections

    @property
    def repeats_safely(self) -> timedelta | None:
        """SMTP knows no key: a message handed over twice is two (RFC 1047)."""
        return None

    def look_up(
        self,
        message_id: UUID,  # noqa: ARG002 - of the contract
        *,
        provider_id: str | None,  # noqa: ARG002 - of the contract
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
        work = Work(emails, may_begin=may_begin, journal=journal, signer=self._signer)
        return self._outcomes(work)

    def check(self) -> None:
        """Open a connection, log in and say goodbye; see ``Mailer.check``."""
        self.close()
        try:
            connection = self._open()
            while not connection.is_open:
                for error in self._turn():
                    raise error
        except CannotOpenError as error:
            raise MailerCheckError(str(error), remedy=error.remedy) from error
        finally:
            self.close()

    def close(self) -> None:
        """Say QUIT on each connection, without waiting long; see ``Mailer.close``."""
        for each in self._connections:
            is_idle = each.is_open and each.steps is None
            if not is_idle:
                each.close()
                continue
            each.deadline = time.monotonic() + _FAREWELL_SECONDS
            each.steps = _farewell(each)
            self._step(each)
        self._forget_closed()
        while self._connections:
            self._turn()
        self._carriers.clear()
        if self._selector is not None:
            self._selector.close()
            self._selector = None

    # -- one call ------------------------------------------------------------------------------

    def _outcomes(self, work: Work) -> Iterator[Outcome]:
        if work.waiting:
            self._drop_stale()
        try:
            while True:
                self._engage(work)
                while work.outcomes:
                    yield work.outcomes.popleft()
                if not (work.waiting or self._carriers):
                    return
                self._open_more(work)
                self._heed(self._turn(), work)
        finally:
            # Only a caller that stopped listening leaves some at work: nobody hears of theirs.
            for each in list(self._carriers):
                self._drop(each)

    def _engage(self, work: Work) -> None:
        """Put idle connections to work, and what they can do at once behind them."""
        for each in self._connections:
            if not work.waiting:
                return
            if each.is_open and each.steps is None:
                each.pipelines = "PIPELINING" in each.extensions and self._trusts_pipelining()
                others = len(self._carriers)
                carrier = Carrier(each, work, self._settings, others=others)
                self._carriers[each] = carrier
                each.steps = carrier.run()
                self._step(each)
        self._forget_closed()

    def _open_more(self, work: Work) -> None:
        """Open what is needed: one first, the others when that one is let in."""
        opening_now = sum(not each.is_open for each in self._connections)
        if not self._connections:
            missing = 1
        elif opening_now == len(self._connections):
            return
        else:
            until, limit = self._limit
            most = limit if time.monotonic() < until else self._settings.connections
            missing = min(most - len(self._connections), len(work.waiting) - opening_now)
        try:
            for _ in range(missing if work.waiting else 0):
                self._open()
        except CannotOpenError as error:
            self._heed([error], work)

    def _heed(self, errors: Sequence[CannotOpenError], work: Work) -> None:
        """Take what cannot be opened for what it is: no way at all, or no further connection."""
        if not errors:
            return
        if self._connections:
            self._limit = (time.monotonic() + _LIMIT_SECONDS, len(self._connections))
        else:
            work.defer_the_rest(not_sent(errors[-1]))

    # -- connections ---------------------------------------------------------------------------

    def _open(self) -> SmtpConnection:
        """Begin to open a connection.

        Raises:
            CannotOpenError: The host has no address.
        """
        now = time.monotonic()
        found_at, found = self._found
        if not found or now - found_at > _ADDRESS_SECONDS:
            found = find(self._settings)
            now = time.monotonic()
            self._found = (now, found)
        if self._selector is None:
            self._selector = DefaultSelector()
        patience = min(_OPENING_SECONDS, self._settings.timeout_seconds)
        connection = SmtpConnection(deadline=now + patience)
        connection.steps = opening(
            connection,
            self._settings,
            found=found,
            selector=self._selector,
            trust=self._trust,
        )
        self._connections.append(connection)
        self._step(connection)
        return connection

    def _trust(self) -> ssl.SSLContext:
        if self._context is None:
            self._context = trusted(self._settings)
        return self._context

    def _trusts_pipelining(self) -> bool:
        return time.monotonic() >= self._no_pipelining_until

    def _drop_stale(self) -> None:
        """Close what was quiet for long, what never came to be, and what the server has closed."""
        now = time.monotonic()
        for each in self._connections:
            is_idle = each.steps is None
            if now > (each.used_at + _IDLE_SECONDS if is_idle else each.deadline):
                self._drop(each)
        self._forget_closed()
        if self._connections:
            # An idle one has nothing to say but goodbye.
            self._turn(wait=False)

    def _drop(self, connection: SmtpConnection) -> None:
        if connection.steps is not None:
            connection.steps.close()
            connection.steps = None
        self._carriers.pop(connection, None)
        connection.close()

    def _forget_closed(self) -> None:
        if any(each.is_closed and each.steps is None for each in self._connections):
            self._connections = [
                each for each in self._connections if not each.is_closed or each.steps is not None
            ]

    # -- the selector --------------------------------------------------------------------------

    def _turn(self, *, wait: bool = True) -> list[CannotOpenError]:
        """Wait for the network, let each connection go on that can, and return what cannot open."""
        errors: list[CannotOpenError] = []
        selector = self._selector
        if selector is None:
            return errors
        left = max(self._soonest - time.monotonic(), 0.0) if wait else 0.0
        for key, _ in selector.select(None if left == _FOR_EVER else left):
            self._step(key.data, errors)
        if time.monotonic() >= self._soonest:
            self._end_the_late(errors)
        self._forget_closed()
        return errors

    def _end_the_late(self, errors: list[CannotOpenError]) -> None:
        now = time.monotonic()
        self._soonest = _FOR_EVER
        for each in list(self._connections):
            if each.steps is not None and each.deadline <= now:
                self._step(each, errors, is_late=True)
            if each.steps is not None:
                self._soonest = min(self._soonest, each.deadline)

    def _step(
        self,
        connection: SmtpConnection,
        errors: list[CannotOpenError] | None = None,
        *,
        is_late: bool = False,
    ) -> None:
        """Let one conversation go on to its next wait."""
        steps = connection.steps
        if steps is None:  # an idle one that the server speaks to, or has closed
            connection.close()
            return
        try:
            event = steps.throw(TimeoutError()) if is_late else next(steps)
        except StopIteration:
            self._end(connection)
        except CannotOpenError as error:
            self._end(connection)
            if errors is None:
                raise
            errors.append(error)
        else:
            if connection.wire.watched != event:
                connection.wire.watch(event)
            self._soonest = min(self._soonest, connection.deadline)

    def _end(self, connection: SmtpConnection) -> None:
        connection.steps = None
        connection.used_at = time.monotonic()
        carrier = self._carriers.pop(connection, None)
        if carrier is not None and carrier.was_deaf:
            self._no_pipelining_until = time.monotonic() + _DISTRUST_SECONDS
        if not connection.is_closed and connection.wire.watched != EVENT_READ:
            connection.wire.watch(EVENT_READ)


def _farewell(connection: SmtpConnection) -> Steps[None]:
    with suppress(NotSentError):  # it hung up first: the same to us
        yield from connection.command("QUIT")
    connection.close()
