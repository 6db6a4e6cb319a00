"""The decisions about one email of one run, each with the rows that say so."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from funnel.domain.calendar import CalendarLine, FormerDate, LineState
from funnel.domain.calendar_words import weekdays_text
from funnel.domain.consent import Topic
from funnel.domain.delivery_words import delivery_in_words
from funnel.domain.explanation import ExplainedDecision, Reading
from funnel.domain.message import MessageStatus
from funnel.domain.provider_state import alarm_told_again
from funnel.domain.sequence import SequenceDefinition, Step, StepKind
from funnel.domain.session import Session
from funnel.domain.speech import mark, number, say, say_many
from funnel.domain.step_words import timing_in_words
from funnel.domain.subscriber import Subscriber
from funnel.domain.timing import EVERY_DAY, WEEKDAYS, SendWindow
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
            about=say("sequence"), says=say("The email is no longer part of their sequence.")
        )
    else:
        yield _window(asked, asked.step)
        yield _letter_a_day(asked)
        yield from conditions_of(tx, _conditions(asked, asked.step))
    yield _session(tx, asked)
    yield throttle_of(tx, asked.message, asked.reading, asked.most_published)
    yield answer_of(asked.message, asked.reading)


def consent_of(
    tx: Transaction, person: Subscriber, topic: Topic, reading: Reading
) -> ExplainedDecision:
    """Return whether a person wants what an email is part of, and who said so."""
    wants = person.wants_letters if topic is Topic.LETTERS else person.wants_seat_emails
    word = explanations.last_word(tx, person.id, topic)
    evidence = say("no word about it was ever written down")
    if word is not None:
        said = say("yes") if word.is_given else say("no")
        wording = say(", wording {wording}", wording=word.wording) if word.wording else ""
        evidence = say(
            "consent {id}: {said} on {moment}, by {source}{wording}",
            id=word.id,
            said=said,
            moment=reading.moment(word.at),
            source=word.source,
            wording=wording,
        )
    wanted, unwanted = _WANTS[topic]
    says = say(wanted) if wants else say(unwanted)
    return ExplainedDecision(about=say("consent"), says=says, evidence=evidence)


_WANTS: Final = {
    Topic.LETTERS: (
        mark("They want the letters."),
        mark("They do not want the letters, so none leaves."),
    ),
    Topic.SEAT: (
        mark("They want the emails about their seat."),
        mark("They do not want the emails about their seat, so none leaves."),
    ),
}


def suppression_of(tx: Transaction, person: Subscriber, reading: Reading) -> ExplainedDecision:
    """Return whether the address may be written to."""
    row = explanations.suppressed_since(tx, person.email_key)
    if row is None:
        return ExplainedDecision(
            about=say("do-not-email list"), says=say("The address may be written to.")
        )
    return ExplainedDecision(
        about=say("do-not-email list"),
        says=say("The address must not be written to: {reason}.", reason=say(row.reason)),
        evidence=say(
            "since {moment}, by {who}",
            moment=reading.moment(row.at),
            who=row.source or say("nobody named"),
        ),
    )


def _window(asked: Asked, step: Step) -> ExplainedDecision:
    timing = timing_in_words(step.timing, asked.version)
    if not asked.is_letter:
        return ExplainedDecision(
            about=say("moment"),
            says=say("Counted {timing}; an email about a seat leaves at any hour.", timing=timing),
            evidence=_validity(asked),
        )
    window = step.window or SendWindow()
    says = say(
        "Counted {timing}; it may leave {days} from {opens} to {closes} in {place}.",
        timing=timing,
        days=_days(window.weekdays),
        opens=f"{window.opens:%H:%M}",
        closes=f"{window.closes:%H:%M}",
        place=asked.reading.place,
    )
    paused = asked.letters_paused_until
    if paused is not None and paused > asked.reading.now:
        until = asked.reading.moment(paused)
        says = " ".join((says, say("Their letters are paused until {moment}.", moment=until)))
    return ExplainedDecision(about=say("moment"), says=says, evidence=_validity(asked))


def _days(weekdays: frozenset[int]) -> str:
    if weekdays == EVERY_DAY:
        return say("every day")
    if weekdays == WEEKDAYS:
        return say("on weekdays")
    return say("on {days}", days=weekdays_text(weekdays))


def _validity(asked: Asked) -> str:
    message = asked.message
    if message is None:
        if asked.line.at is None:
            return ""
        return say("planned for {moment}", moment=asked.reading.moment(asked.line.at))
    until = message.valid_until
    last = say(", good until {moment}", moment=asked.reading.moment(until)) if until else ""
    return say(
        "message {id}: planned for {moment}{last}",
        id=message.id,
        moment=asked.reading.moment(message.due_at),
        last=last,
    )


def _letter_a_day(asked: Asked) -> ExplainedDecision:
    about = say("letter a day")
    if not asked.is_letter:
        says = say("It is no letter, so it takes no day from the letters.")
        return ExplainedDecision(about=about, says=says)
    apart = asked.version.days_between_letters
    rule = say_many(
        "One letter a day at most, {count} day apart in this sequence",
        "One letter a day at most, {count} days apart in this sequence",
        apart,
    )
    if asked.line.at is None or asked.line.state in _WITHOUT_DAY:
        return ExplainedDecision(about=about, says=say("{rule}; this one takes no day.", rule=rule))
    at = asked.line.at
    near = sorted(asked.letters, key=lambda each: abs((each.at or at) - at))[:2]
    named = [f"{each.name} {asked.reading.day(each.at)}" for each in near if each.at is not None]
    return ExplainedDecision(
        about=about,
        says=say("{rule}; it has {day}.", rule=rule, day=asked.reading.day(at)),
        evidence=say("the nearest others: {names}", names=", ".join(named)) if named else "",
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
        return ExplainedDecision(about=say("date"), says=say("They hold no seat."))
    seat = explanations.held_seat(tx, asked.run_id)
    return ExplainedDecision(
        about=say("date"),
        says=say(
            "They hold a seat in “{title}”, {moment}.",
            title=session.title,
            moment=asked.reading.moment(session.starts_at),
        ),
        evidence=say("session {id}, registration {seat}", id=session.id, seat=seat.id)
        if seat
        else say("session {id}", id=session.id),
    )


def _former_date(tx: Transaction, asked: Asked, former: FormerDate) -> ExplainedDecision:
    """Return for which date an email was skipped, where that is not the one now held."""
    found = sessions.find(tx, former.session_id)
    title = f"“{found.title}”, " if found else ""
    about = former.session_id
    return ExplainedDecision(
        about=say("date"),
        says=say(
            "It was for the date before: {date}.",
            date=f"{title}{asked.reading.moment(former.starts_at)}",
        ),
        evidence=say("session {id}, message {message}", id=about, message=asked.message.id)
        if asked.message
        else say("session {id}", id=about),
    )


def throttle_of(
    tx: Transaction, message: MessageRecord | None, reading: Reading, most_published: int
) -> ExplainedDecision:
    """Return what holds back a message now, if anything does; ``None``: it has no row yet."""
    about = say("its turn")
    brake = next((each for each in pauses.standing(tx) if each.scope == pauses.EVERYTHING), None)
    if brake is not None:
        return ExplainedDecision(
            about=about,
            says=say(
                "Everything is paused: {reason}.", reason=alarm_told_again(brake.reason).rstrip(".")
            ),
            evidence=say(
                "by {who}, on {moment} by the server's clock",
                who=brake.by,
                moment=reading.moment(brake.at),
            ),
        )
    if message is None:
        says = say(
            "Nothing is paused now. When it leaves, it waits its turn behind what is in the queue."
        )
        return ExplainedDecision(about=about, says=says)
    if message.status != MessageStatus.QUEUED:
        return ExplainedDecision(about=about, says=say("It is settled; nothing holds it back."))
    return _place_in_lane(tx, message, reading, most_published)


def _place_in_lane(
    tx: Transaction, message: MessageRecord, reading: Reading, most_published: int
) -> ExplainedDecision:
    throttle = explanations.throttle_of(tx, message.lane)
    says = say(
        "At most {all} emails to mailboxes of their kind are on their way at once; "
        "{taken} are now.",
        taken=number(throttle.published),
        all=number(most_published),
    )
    if message.available_at > throttle.real_now:
        again = reading.moment(message.available_at)
        retried = say("It is tried again {moment}, by the server's clock.", moment=again)
        says = f"{says} {retried}"
    return ExplainedDecision(
        about=say("its turn"),
        says=says,
        evidence=say(
            "message {id}, lane {lane}: {tries} so far",
            id=message.id,
            lane=message.lane,
            tries=_tries(message),
        ),
    )


def answer_of(message: MessageRecord | None, reading: Reading) -> ExplainedDecision:
    """Return what came back from whom a message was handed to."""
    if message is None or not message.attempts:
        return ExplainedDecision(
            about=say("answer"), says=say("It was not handed over to anybody.")
        )
    who = message.provider or say("the mail system")
    at = message.accepted_at or message.settled_at
    said = say(_ANSWERS.get(MessageStatus(message.status), _NOT_TAKEN), who=who)
    if at:
        said = say("{said} on {moment}", said=said, moment=reading.moment(at))
    if message.reason:
        said = f"{said}: {message.reason}"
    said = _with_delivery(said, message, reading)
    their_id = say(", there {id}", id=message.provider_id) if message.provider_id else ""
    return ExplainedDecision(
        about=say("answer"),
        says=f"{said}.",
        evidence=say(
            "message {id}{there}, {tries}",
            id=message.id,
            there=their_id,
            tries=_tries(message),
        ),
    )


def _with_delivery(said: str, message: MessageRecord, reading: Reading) -> str:
    """Return the answer with what the provider said afterwards, by its own clock."""
    later = delivery_in_words(message.delivery, message.delivery_reason)
    if not later:
        return said
    if message.delivery_at is None:
        return say("{said}; then: {later}", said=said, later=later)
    at = reading.moment(message.delivery_at)
    return say("{said}; then, on {moment}: {later}", said=said, moment=at, later=later)


_NOT_TAKEN: Final = mark("{who} has not taken it")
_ANSWERS: Final = {
    MessageStatus.ACCEPTED: mark("{who} took it"),
    MessageStatus.UNKNOWN: mark("It was handed over to {who}, and no answer came back"),
    MessageStatus.FAILED: mark("{who} refused it"),
}


def _tries(message: MessageRecord) -> str:
    return say_many("{count} try", "{count} tries", message.attempts)
