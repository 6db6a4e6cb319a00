"""A mailer over HTTP: a few requests at once, one email each, an honest outcome for every one.

A provider answers in 50 to 300 ms, so one request after the other would carry 5 in a second. A few
threads wait for the answers, each with a connection of its own (a ``requests.Session`` is no thing
to share); outcomes are yielded in the caller's thread, and the caller's functions are called by one
thread at a time. Decision 0030 says why threads.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from queue import Empty, SimpleQueue
from threading import Lock, Thread

from funnel.domain.errors import InvalidInputError, NotSentError, UnknownOutcomeError
from funnel.domain.failure import FailureKind
from funnel.sending.http_answers import Verdict, elsewhere
from funnel.sending.http_api import (
    Answer,
    ApiConnection,
    ApiRequest,
    ApiSettings,
    CannotReachError,
    HeldError,
)
from funnel.sending.mailer import (
    NO_JOURNAL,
    Journal,
    MayBegin,
    Outcome,
    OutcomeStatus,
    OutgoingEmail,
)

# Connecting may take a while: after so long the caller's word that an email may begin is stale.
_WORD_HOLDS_SECONDS = 1.0
# Waited for a thread beyond what its exchange may take: name look-ups know no time-out.
_PATIENCE_SECONDS = 5.0


class _Job:
    """One email on its way through a thread."""

    def __init__(self, email: OutgoingEmail, *, overdue_at: float) -> None:
        self.email = email
        self.overdue_at = overdue_at
        self.is_abandoned = False  # nobody waits for it: it must not begin any more
        self.has_begun = False
        self.asked_at = 0.0


@dataclass(frozen=True, slots=True)
class _Done:
    """A job's end; without a verdict it was held."""

    job: _Job
    verdict: Verdict | None
    at: float = field(default_factory=time.monotonic)


class _Batch:
    """What the threads of one ``send_all`` share."""

    def __init__(self, may_begin: MayBegin, journal: Journal, started: float) -> None:
        self.started = started
        self.results: SimpleQueue[_Done] = SimpleQueue()
        self._may_begin = may_begin
        self._journal = journal
        self._lock = Lock()

    def ask(self, job: _Job) -> None:
        """Ask whether a job may begin.

        Raises:
            HeldError: It may not.
        """
        with self._lock:
            if job.is_abandoned or not self._may_begin(job.email.message_id):
                raise HeldError("its time is over")
            job.asked_at = time.monotonic()

    def begin(self, job: _Job) -> None:
        """Write down that a body is about to leave."""
        if time.monotonic() - job.asked_at > _WORD_HOLDS_SECONDS:
            self.ask(job)
        with self._lock:
            if job.is_abandoned:
                raise HeldError("nobody waits for it any more")
            self._journal.begin(job.email.message_id)
            job.has_begun = True

    def accept(self, job: _Job, verdict: Verdict) -> None:
        """Write down that it was taken, as soon as the answer was read."""
        with self._lock:
            self._journal.accept(job.email.message_id, verdict.provider_id)

    def give_up(self, job: _Job, reason: str, failure: FailureKind) -> _Done:
        """Return the end of a job whose thread does not come back with one."""
        with self._lock:
            job.is_abandoned = True
            status = OutcomeStatus.UNKNOWN if job.has_begun else OutcomeStatus.DEFERRED
            known = None if job.has_begun else failure
        return _Done(job, Verdict(status=status, reason=reason, failure=known, ends_batch=True))

    def may_begin(self, email: OutgoingEmail) -> bool:
        """Return whether an email may begin."""
        with self._lock:
            return self._may_begin(email.message_id)

    def outcomes(self, done: _Done) -> Iterator[Outcome]:
        """Yield the outcome of a job, nothing where it was held."""
        if done.verdict is not None:
            yield self.outcome(done.job.email, done.verdict, at=done.at)

    def outcome(self, email: OutgoingEmail, verdict: Verdict, *, at: float) -> Outcome:
        """Return the outcome of one email, known at a monotonic moment."""
        return Outcome(
            message_id=email.message_id,
            status=verdict.status,
            elapsed=timedelta(seconds=at - self.started),
            reason=verdict.reason,
            code=verdict.code,
            failure=verdict.failure,
            provider_id=verdict.provider_id,
            is_address_dead=verdict.is_address_dead,
            retry_after=verdict.retry_after,
        )


_Work = Callable[[ApiConnection], None]


class _Crew:
    """Threads that wait for answers; started when there is work, gone when closed."""

    def __init__(self, settings: ApiSettings) -> None:
        self._settings = settings
        self._work: SimpleQueue[_Work | None] = SimpleQueue()
        self._threads: list[Thread] = []

    def start(self, work: _Work, *, busy: int) -> None:
        """Give work to a thread that is free; ``busy`` counts those that are not."""
        self._threads = [each for each in self._threads if each.is_alive()]
        if len(self._threads) <= busy:
            # Daemons: a provider that drips must not keep a process from ending.
            thread = Thread(target=self._serve, name="http-mailer", daemon=True)
            self._threads.append(thread)
            thread.start()
        self._work.put(work)

    def close(self) -> None:
        """Let the threads end after what they are at; they close their own connections."""
        for _ in self._threads:
            self._work.put(None)
        self._threads.clear()

    def _serve(self) -> None:
        connection = ApiConnection(self._settings)
        while (work := self._work.get()) is not None:
            work(connection)
        connection.close()


class HttpMailer(ABC):
    """Hands emails to one provider by HTTP, up to ``connections`` at once."""

    def __init__(self, settings: ApiSettings) -> None:
        """Take where the provider is; nothing is opened before the first email."""
        self._api = settings
        self._crew: _Crew | None = None

    @abstractmethod
    def prepare(self, email: OutgoingEmail) -> ApiRequest:
        """Return the request that hands one email over. Several threads may call it at once.

        Raises:
            InvalidInputError: No email that could be sent.
        """

    @abstractmethod
    def judge(self, answer: Answer) -> Verdict:
        """Return what an answer to that request means; redirects do not come here."""

    @property
    def connections(self) -> int:
        """How many emails are on their way at once."""
        return self._api.connections

    @property
    def repeats_safely(self) -> timedelta | None:
        """Never, unless the provider documents an idempotency key."""
        return None

    def send_all(
        self,
        emails: Sequence[OutgoingEmail],
        *,
        may_begin: MayBegin,
        journal: Journal = NO_JOURNAL,
    ) -> Iterator[Outcome]:
        """Hand the emails over; see ``Mailer.send_all``.

        What speaks of the account (no connection, a wrong key, "slow down") ends the batch: the
        rest is deferred with the same words, without asking again for each.
        """
        return self._outcomes(emails, _Batch(may_begin, journal, time.monotonic()))

    def close(self) -> None:
        """Give connections back; see ``Mailer.close``."""
        if self._crew is not None:
            self._crew.close()
            self._crew = None

    def _outcomes(self, emails: Sequence[OutgoingEmail], batch: _Batch) -> Iterator[Outcome]:
        waiting = iter(emails)
        on_their_way: set[_Job] = set()
        ending: Verdict | None = None
        try:
            while ending is None:
                self._fill(waiting, on_their_way, batch)
                if not on_their_way:
                    return
                done = self._next_done(on_their_way, batch)
                ending = _ending(done.verdict)
                yield from batch.outcomes(done)
            while on_their_way:
                yield from batch.outcomes(self._next_done(on_their_way, batch))
            for email in waiting:
                if batch.may_begin(email):
                    yield batch.outcome(email, ending, at=time.monotonic())
        finally:
            # The caller went away in the middle: what has begun is seen through, so that the
            # journal says what came of it.
            while on_their_way:
                self._next_done(on_their_way, batch)

    def _fill(
        self, waiting: Iterator[OutgoingEmail], on_their_way: set[_Job], batch: _Batch
    ) -> None:
        while len(on_their_way) < self._api.connections:
            email = next(waiting, None)
            if email is None:
                return
            self._crew = self._crew or _Crew(self._api)
            job = _Job(email, overdue_at=time.monotonic() + self._patience)
            self._crew.start(partial(self._carry, job, batch), busy=len(on_their_way))
            on_their_way.add(job)

    @property
    def _patience(self) -> float:
        return self._api.longest_seconds + _PATIENCE_SECONDS

    def _next_done(self, on_their_way: set[_Job], batch: _Batch) -> _Done:
        """Wait for the next end, take it off those on their way, and return it."""
        while True:
            first = min(on_their_way, key=lambda job: job.overdue_at)
            try:
                done = batch.results.get(timeout=max(0.0, first.overdue_at - time.monotonic()))
            except Empty:
                self.close()  # its thread is stuck: the others end by themselves, new ones start
                done = batch.give_up(first, "no answer came in time", FailureKind.PROVIDER_DOWN)
            if done.job in on_their_way:  # not the late end of one that was given up
                on_their_way.discard(done.job)
                return done

    def _carry(self, job: _Job, batch: _Batch, connection: ApiConnection) -> None:
        done = None
        try:
            verdict = self._attempt(job, batch, connection)
            if verdict is not None and verdict.is_worth_again:
                verdict = self._attempt(job, batch, connection)
            done = _Done(job, verdict)
        finally:
            # An error that is none of these is a mistake of ours: it goes to the log by the
            # thread's end, and the email is not left without an outcome.
            if done is None:
                done = batch.give_up(job, "an error of ours", FailureKind.OURS)
            batch.results.put(done)

    def _attempt(self, job: _Job, batch: _Batch, connection: ApiConnection) -> Verdict | None:
        """Return what became of one email, ``None`` where the caller did not let it begin."""
        try:
            request = self._prepared(job.email)
            batch.ask(job)
            if isinstance(request, Verdict):
                return request
            answer = connection.post(request, before=lambda: batch.begin(job))
            verdict = elsewhere(answer) or self.judge(answer)
            if verdict.status is OutcomeStatus.ACCEPTED:
                batch.accept(job, verdict)
        except HeldError:
            return None
        except NotSentError as error:
            is_down = isinstance(error, CannotReachError)
            return Verdict(
                status=OutcomeStatus.DEFERRED,
                reason=str(error),
                failure=FailureKind.PROVIDER_DOWN if is_down else FailureKind.OTHER,
                ends_batch=is_down,
            )
        except UnknownOutcomeError as error:
            return Verdict(status=OutcomeStatus.UNKNOWN, reason=str(error))
        return verdict

    def _prepared(self, email: OutgoingEmail) -> ApiRequest | Verdict:
        try:
            return self.prepare(email)
        except InvalidInputError as error:
            return Verdict(
                status=OutcomeStatus.REFUSED,
                reason=f"{error} ({error.field})",
                failure=FailureKind.OURS,
            )


def _ending(verdict: Verdict | None) -> Verdict | None:
    """Return what the rest of a batch is deferred with, ``None`` where it goes on.

    An unknown ends a batch too: a provider that has fallen silent, or fails after it was given an
    email, shall not make more unknowns than there are requests under way.
    """
    if verdict is None or not (verdict.ends_batch or verdict.status is OutcomeStatus.UNKNOWN):
        return None
    return replace(
        verdict,
        status=OutcomeStatus.DEFERRED,
        reason=f"not tried: {verdict.reason}",
        failure=verdict.failure or FailureKind.PROVIDER_DOWN,
    )
