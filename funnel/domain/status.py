"""Is mail on time, and if not, why: one sentence from the figures."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

# What is handed over within a minute of its moment is on time for its reader; what waits longer
# than that has a reason that somebody wants to know.
ON_TIME_WITHIN = timedelta(minutes=1)
# Roles write their sign of life every few seconds as they make progress.
SILENT_AFTER = timedelta(seconds=60)
NEEDED_ROLES = ("scheduler", "dispatch", "deliver")

_ROLE_WORDS = {
    "scheduler": "the scheduler",
    "dispatch": "the worker that dispatches",
    "deliver": "the worker that delivers",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Lateness:
    """How late emails of a period were handed over, against their planned moment (plan time)."""

    emails: int
    p50: timedelta | None = None
    p95: timedelta | None = None
    p99: timedelta | None = None
    worst: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """What the database knows of the work to do now.

    Attributes:
        due: Emails whose moment has come and that nobody holds up (published ones included).
        oldest_due: How long the oldest of them has been due.
        published: Of those, put on the queue and not yet opened.
        retrying: Due, refused for now by the other side, waiting for another try.
        retry_reason: What the other side said, of one of them.
        sending: In a worker's hands.
        unknown: Handed over without an answer; held for a person.
        failed_today: Given up within the last day.
        runs_due: Runs whose timer has come and that were not planned yet.
        oldest_run: How long the oldest of those timers has been due.
        ahead: Emails and timers that lie in the future.
    """

    due: int = 0
    oldest_due: timedelta = timedelta(0)
    published: int = 0
    retrying: int = 0
    retry_reason: str = ""
    sending: int = 0
    unknown: int = 0
    failed_today: int = 0
    runs_due: int = 0
    oldest_run: timedelta = timedelta(0)
    ahead: int = 0

    @property
    def waits_for(self) -> timedelta:
        """How long the oldest piece of due work has been waiting."""
        return max(self.oldest_due, self.oldest_run)


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """One queue of the broker: ``tasks`` wait, and carry the ids of ``emails``."""

    name: str
    tasks: int
    emails: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """What the broker holds; ``error``: why it cannot be asked, or takes nothing more."""

    queues: tuple[Queue, ...] = ()
    in_hands: int = 0  # tasks that a worker took and has not acknowledged
    in_hands_emails: int = 0
    error: str = ""

    @property
    def emails(self) -> int:
        """Ids of emails in the broker, waiting or taken; one that is there twice counts twice."""
        return sum(each.emails for each in self.queues) + self.in_hands_emails


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """The latest sign of life of a role, and how many processes of it gave one lately."""

    role: str
    processes: int
    age: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """An invariant of the ledger that does not hold."""

    name: str
    offenders: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """An email that failed, or whose outcome nobody knows; without its address."""

    message_id: UUID
    key: str  # of the email: "disruption-masterclass/bias"
    status: str
    reason: str
    age: timedelta

    @property
    def safe_reason(self) -> str:
        """The reason on one line, without the addresses that mail servers repeat in it."""
        return without_addresses(self.reason)


_ADDRESS = re.compile(r"<?[^\s<>@]+@[^\s<>@]+>?")


def without_addresses(words: str) -> str:
    """Return a mail server's words on one line, without the addresses that it repeats."""
    return " ".join(_ADDRESS.sub("<address>", words).split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmations:
    """What became of the confirmations that a sequence's signups of a period were sent.

    Attributes:
        asked: Signups that were sent one.
        pressed: Of those, whose button was pressed.
        only_opened: Of the others, whose page a person opened, as far as that can be told.
    """

    sequence: str
    asked: int
    pressed: int
    only_opened: int

    @property
    def unopened(self) -> int:
        """How many were neither pressed nor opened by a person."""
        return self.asked - self.pressed - self.only_opened


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderWords:
    """What became of what a provider said in the last day.

    Attributes:
        unread: Requests of its that could not be read.
        newest_note: Why one of them was not applied.
    """

    provider: str
    applied: int
    waiting: int
    ignored: int
    unread: int
    newest_note: str

    @property
    def text(self) -> str:
        """All of it, as one line."""
        numbers = (
            (self.applied, "applied"),
            (self.waiting, "waiting for their email"),
            (self.ignored, "none of ours"),
            (self.unread, "that could not be read"),
        )
        told = ", ".join(f"{number:,} {what}" for number, what in numbers if number)
        note = f" Last: {self.newest_note}." if self.newest_note else ""
        return f"Events of {self.provider} in the last day: {told}.{note}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplanProgress:
    """People who are being planned anew; ``age`` is real time since it began."""

    kind: str
    done: int
    total: int
    age: timedelta

    @property
    def text(self) -> str:
        """All of it, as one line."""
        return (
            f"Planning anew ({self.kind}): {min(self.done, self.total):,} of {self.total:,} "
            f"people done, begun {words_of(self.age)} ago."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OverdueHost:
    """A machine whose workers have emails in hand though their leases are over: frozen, or gone."""

    host_id: str
    emails: int
    since: timedelta

    @property
    def text(self) -> str:
        """All of it, as one line."""
        return (
            f"{_count(self.emails, 'email')} in the hands of host {self.host_id}, whose lease was "
            f"over {words_of(self.since)} ago: see `funnel ops hosts`."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusFigures:
    """All that the sentence is made from."""

    backlog: Backlog
    hour: Lateness
    day: Lateness
    broker: Broker
    signs: tuple[Sign, ...]
    pauses: tuple[str, ...] = ()  # "by anna, 12 min ago: a wrong link"
    broken: tuple[Broken, ...] = ()
    definition_errors: tuple[str, ...] = ()
    drafts_of_files: tuple[str, ...] = ()  # sequences whose changed file waits as their draft
    replans: tuple[ReplanProgress, ...] = ()
    troubles: tuple[Trouble, ...] = ()
    jams: tuple[str, ...] = ()  # reminders that the provider's hour cannot carry, in words
    confirmations: tuple[Confirmations, ...] = ()
    overdue_hosts: tuple[OverdueHost, ...] = ()
    provider_words: tuple[ProviderWords, ...] = ()
    asking_topics: tuple[str, ...] = ()  # of a provider, waiting for a person to say yes


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The last line of ``funnel status``."""

    is_on_time: bool
    is_balanced: bool
    sentences: tuple[str, ...] = field(default=())

    @property
    def text(self) -> str:
        """All of it, as one line."""
        return " ".join(self.sentences)


def verdict(figures: StatusFigures) -> Verdict:
    """Say whether mail is on time, why not, and whether every email is accounted for."""
    reasons = tuple(_reasons(figures))
    is_on_time = not reasons
    first = _on_time(figures.day) if is_on_time else _late(figures.backlog, reasons)
    return Verdict(
        is_on_time=is_on_time,
        is_balanced=not figures.broken,
        sentences=(first, _accounts(figures), *_attention(figures)),
    )


def queue_note(backlog: Backlog, broker: Broker) -> str:
    """Explain the difference between what the database put on the queue and what is there."""
    if broker.error:
        return f"The broker does not do its work: {broker.error}."
    here = backlog.published + backlog.sending
    if broker.emails == here:
        return "The broker and the database agree."
    if broker.emails < here:
        lost = _count(here - broker.emails, "email")
        return (
            f"The broker holds {lost} less than the database put there: a worker has just taken "
            "them, or the broker lost them and the sweep puts them back within a minute."
        )
    more = _count(broker.emails - here, "email")
    return (
        f"The broker holds {more} more than the database knows as waiting: they were delivered "
        "already or put there again, and are dropped when a worker meets them."
    )


def words_of(duration: timedelta) -> str:
    """Return a duration as people say it: "0.4 s", "12 s", "4 min", "3 h", "2 days"."""
    seconds = max(duration.total_seconds(), 0.0)
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < 119.5:
        return f"{seconds:.0f} s"
    if seconds < 119.5 * 60:
        return f"{seconds / 60:.0f} min"
    if seconds < 47.5 * 3600:
        return f"{seconds / 3600:.0f} h"
    return f"{seconds / 86400:.0f} days"


def _reasons(figures: StatusFigures) -> Iterator[str]:
    if figures.pauses:
        yield f"sending is paused ({figures.pauses[0]}); `funnel resume all` lets it go on"
    if figures.broker.error:
        yield f"the broker does not do its work ({figures.broker.error})"
    signs = {each.role: each for each in figures.signs}
    for role in NEEDED_ROLES:
        sign = signs.get(role)
        if sign is None or not sign.processes:
            since = f" for {words_of(sign.age)}" if sign is not None else ""
            yield f"{_ROLE_WORDS[role]} has given no sign of life{since}"
    backlog = figures.backlog
    if backlog.retrying and backlog.retry_reason:
        tried = _count(backlog.retrying, "email")
        yield f'the mail server does not take {tried} for now ("{backlog.retry_reason}")'
    p99 = figures.hour.p99
    if backlog.waits_for > ON_TIME_WITHIN:
        yield "more is due than the workers have carried so far"
    elif p99 is not None and p99 > ON_TIME_WITHIN:
        yield f"1 % of the last hour's emails left {words_of(p99)} or more after their moment"


def _on_time(day: Lateness) -> str:
    if not day.emails or day.p99 is None:
        return "On time: nothing is due, and no email has left in the last day."
    return (
        f"On time: 99 % of the last day's {_count(day.emails, 'email')} left within "
        f"{words_of(day.p99)} of the planned time."
    )


def _late(backlog: Backlog, reasons: tuple[str, ...]) -> str:
    why = "; ".join(reasons)
    work = backlog.due + backlog.retrying
    if work:
        wait = words_of(backlog.oldest_due)
        verb = "is" if work == 1 else "are"
        emails = f"{_count(work, 'email')} {verb} due"
        return f"Not on time: {emails}, the oldest for {wait}, because {why}."
    if backlog.runs_due:
        wait = words_of(backlog.oldest_run)
        runs = _count(backlog.runs_due, "timer")
        return f"Not on time: {runs} of people came up {wait} ago and were not asked: {why}."
    return f"Not on time: nothing is due at the moment, but {why}."


def _accounts(figures: StatusFigures) -> str:
    if not figures.broken:
        return "Every email is accounted for."
    named = "; ".join(f'"{each.name}" ({each.offenders})' for each in figures.broken)
    return f"The ledger does not balance: {named}."


def _attention(figures: StatusFigures) -> Iterator[str]:
    backlog = figures.backlog
    if backlog.unknown:
        verb = "is" if backlog.unknown == 1 else "are"
        yield (
            f"{_count(backlog.unknown, 'email')} {verb} held, because no answer came back after "
            "the hand-over."
        )
    if backlog.failed_today:
        yield f"{_count(backlog.failed_today, 'email')} failed in the last day."
    if figures.definition_errors:
        files = ", ".join(figures.definition_errors)
        verb = "is" if len(figures.definition_errors) == 1 else "are"
        yield f"{files} {verb} not live as written: `funnel sequence load` says why."
    for topic in figures.asking_topics:
        yield f"{topic} asks to send its events here: `funnel provider confirm` says yes."
    for jam in figures.jams:
        yield f"{jam[:1].upper()}{jam[1:]}."
    for slug in figures.drafts_of_files:
        yield (
            f"The file of {slug} has changed and waits as a draft, for what is live came from one: "
            f"`funnel sequence diff {slug}`."
        )


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
