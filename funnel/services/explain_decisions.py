"""The decisions about one email of one run, each with the rows that say so."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from funnel.domain.calendar import CalendarLine, FormerDate, LineState
from funnel.domain.calendar_words import counted, weekdays_text
from funnel.domain.consent import Topic
from funnel.domain.explanation import ExplainedDecision, Reading
from funnel.domain.message import MessageStatus
from funnel.domain.sequence import SequenceDefinition, Step, StepKind
from funnel.domain.session import Session
from funnel.domain.subscriber import Subscriber
from funnel.domain.timing import EVERY_DAY, SendWindow
from funnel.domain.timing_text import named_timing_text
from funnel.services.explain_conditions import AskedConditions, conditions_of
from funnel.storage import explanations, pauses, sessions
from funnel.storage.explanations import MessageRecord
from funnel.storage.transaction import Transaction

_WITHOUT_DAY = frozenset({LineState.SKIPPED, LineState.CANCELLED, LineState.NOT_COUNTED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One copy of one email of one run, and what is known of it.

    Attributes:
        line: As it stands in the person's calendar.
        message: Its row, once it has one.
        lines: All of the run's calendar.
        letters: The other letters of this run that have left or are to come.
        most_published: Messages of one lane that may be on the queue at once.
    """

    person: Subscriber
    run_id: UUID
    version: SequenceDefinition
    session: Session | None
    line: CalendarLine
    message: MessageRecord | None
    lines: tuple[CalendarLine, ...]
    letters: tuple[CalendarLine, ...]
    letters_paused_until: datetime | None
    most_published: int
    reading: Reading

    @property
    def step(self) -> Step | None:
        """What the version says of it; ``None`` for one that was taken out."""
        return next((each for each in self.version.steps if each.key == self.line.key), None)

    @property
    def is_letter(self) -> bool:
        """Whether it is one of the letters."""
        return self.line.kind is StepKind.LETTER


def decisions_of(tx: Transaction, asked: Asked) -> Iterator[ExplainedDecision]:
    """Yield the decisions in the order in which they are made."""
    topic = Topic.LETTERS if asked.is_letter else Topic.SEAT
    yield consent_of(tx, asked.person, topic, asked.reading)
    yield suppression_of(tx, asked.person, asked.reading)
    if asked.step is None:
        yield ExplainedDecision(
            about="sequence", says="The email is no longer part of their sequence."
        )
    else:
        yield _window(asked, asked.step)
        yield _letter_a_day(asked)
        yield from conditions_of(tx, _conditions(asked, asked.step))
    yield _session(tx, asked)
    yield _throttle(tx, asked)
    yield _answer(asked)


def consent_of(
    tx: Transaction, person: Subscriber, topic: Topic, reading: Reading
) -> ExplainedDecision:
    """Return whether a person wants what an email is part of, and who said so."""
    wants = person.wants_letters if topic is Topic.LETTERS else person.wants_seat_emails
    what = "the letters" if topic is Topic.LETTERS else "the emails about their seat"
    word = explanations.last_word(tx, person.id, topic)
    evidence = "no word about it was ever written down"
    if word is not None:
        said = "yes" if word.is_given else "no"
        wording = f", wording {word.wording}" if word.wording else ""
        evidence = (
            f"consent {word.id}: {said} on {reading.moment(word.at)}, by {word.source}{wording}"
        )
    says = f"They want {what}." if wants else f"They do not want {what}, so none leaves."
    return ExplainedDecision(about="consent", says=says, evidence=evidence)


def suppression_of(tx: Transaction, person: Subscriber, reading: Reading) -> ExplainedDecision:
    """Return whether the address may be written to."""
    row = explanations.suppressed_since(tx, person.email_key)
    if row is None:
        return ExplainedDecision(about="do-not-email list", says="The address may be written to.")
    return ExplainedDecision(
        about="do-not-email list",
        says=f"The address must not be written to: {row.reason}.",
        evidence=f"since {reading.moment(row.at)}, by {row.source or 'nobody named'}",
    )


def _window(asked: Asked, step: Step) -> ExplainedDecision:
    timing = named_timing_text(step.timing, asked.version)
    if not asked.is_letter:
        return ExplainedDecision(
            about="window",
            says=f"Counted {timing}; an email about a seat leaves at any hour.",
            evidence=_validity(asked),
        )
    window = step.window or SendWindow()
    is_daily = window.weekdays == EVERY_DAY
    days = "every day" if is_daily else f"on {weekdays_text(window.weekdays)}"
    says = (
        f"Counted {timing}; it may leave {days} from {window.opens:%H:%M}"
        f" to {window.closes:%H:%M} in {asked.reading.place}."
    )
    paused = asked.letters_paused_until
    if paused is not None and paused > asked.reading.now:
        says += f" Their letters are paused until {asked.reading.moment(paused)}."
    return ExplainedDecision(about="window", says=says, evidence=_validity(asked))


def _validity(asked: Asked) -> str:
    message = asked.message
    if message is None:
        return "" if asked.line.at is None else f"planned for {asked.reading.moment(asked.line.at)}"
    until = message.valid_until
    last = f", good until {asked.reading.moment(until)}" if until else ""
    return f"message {message.id}: planned for {asked.reading.moment(message.due_at)}{last}"


def _letter_a_day(asked: Asked) -> ExplainedDecision:
    if not asked.is_letter:
        says = "It is no letter, so it takes no day from the letters."
        return ExplainedDecision(about="letter a day", says=says)
    apart = asked.version.days_between_letters
    rule = f"One letter a day at most, {counted(apart, 'day')} apart in this sequence"
    if asked.line.at is None or asked.line.state in _WITHOUT_DAY:
        return ExplainedDecision(about="letter a day", says=f"{rule}; this one takes no day.")
    at = asked.line.at
    near = sorted(asked.letters, key=lambda each: abs((each.at or at) - at))[:2]
    named = [f"{each.name} {asked.reading.day(each.at)}" for each in near if each.at is not None]
    return ExplainedDecision(
        about="letter a day",
        says=f"{rule}; it has {asked.reading.day(at)}.",
        evidence=f"the nearest others: {', '.join(named)}" if named else "",
    )


def _conditions(asked: Asked, step: Step) -> AskedConditions:
    message = asked.message
    return AskedConditions(
        run_id=asked.run_id,
        version=asked.version,
        step=step,
        session=asked.session,
        lines=asked.lines,
        decided_at=None if message is None else message.accepted_at or message.settled_at,
        reading=asked.reading,
    )


def _session(tx: Transaction, asked: Asked) -> ExplainedDecision:
    if asked.line.former is not None:
        return _former_date(tx, asked, asked.line.former)
    session = asked.session
    if session is None:
        return ExplainedDecision(about="date", says="They hold no seat.")
    seat = explanations.held_seat(tx, asked.run_id)
    return ExplainedDecision(
        about="date",
        says=f"They hold a seat in “{session.title}”, {asked.reading.moment(session.starts_at)}.",
        evidence=f"session {session.id}" + (f", registration {seat.id}" if seat else ""),
    )


def _former_date(tx: Transaction, asked: Asked, former: FormerDate) -> ExplainedDecision:
    """Return for which date an email was skipped, where that is not the one now held."""
    found = sessions.find(tx, former.session_id)
    title = f"“{found.title}”, " if found else ""
    message = f", message {asked.message.id}" if asked.message else ""
    return ExplainedDecision(
        about="date",
        says=f"It was for the date before: {title}{asked.reading.moment(former.starts_at)}.",
        evidence=f"session {former.session_id}{message}",
    )


def _throttle(tx: Transaction, asked: Asked) -> ExplainedDecision:
    brake = next((each for each in pauses.standing(tx) if each.scope == pauses.EVERYTHING), None)
    if brake is not None:
        return ExplainedDecision(
            about="throttle",
            says=f"Everything is paused: {brake.reason}.",
            evidence=f"by {brake.by}, on {asked.reading.moment(brake.at)} by the server's clock",
        )
    message = asked.message
    if message is None:
        says = "Nothing is paused now; its place in the lane is asked for when it leaves."
        return ExplainedDecision(about="throttle", says=says)
    if message.status != MessageStatus.QUEUED:
        return ExplainedDecision(about="throttle", says="It is settled; nothing holds it back.")
    throttle = explanations.throttle_of(tx, message.lane)
    says = (
        f"{throttle.published} of {asked.most_published} places of the lane"
        f" “{message.lane}” are taken"
    )
    if message.available_at > throttle.real_now:
        again = asked.reading.moment(message.available_at)
        says += f"; it is tried again {again}, by the server's clock"
    return ExplainedDecision(
        about="throttle",
        says=f"{says}.",
        evidence=f"message {message.id}: {_tries(message)} so far",
    )


def _answer(asked: Asked) -> ExplainedDecision:
    message = asked.message
    if message is None or not message.attempts:
        return ExplainedDecision(about="provider", says="It was not handed over to anybody.")
    who = message.provider or "the mail system"
    said = {
        "accepted": f"{who} took it",
        "unknown": f"It was handed over to {who}, and no answer came back",
        "failed": f"{who} refused it",
    }.get(message.status, f"{who} has not taken it")
    reason = f": {message.reason}" if message.reason else ""
    later = "" if message.delivery == "none" else f"; then: {message.delivery}"
    at = message.accepted_at or message.settled_at
    when = f" on {asked.reading.moment(at)}" if at else ""
    their_id = f", there {message.provider_id}" if message.provider_id else ""
    return ExplainedDecision(
        about="provider",
        says=f"{said}{when}{reason}{later}.",
        evidence=f"message {message.id}{their_id}, {_tries(message)}",
    )


def _tries(message: MessageRecord) -> str:
    return "1 try" if message.attempts == 1 else f"{message.attempts} tries"
