"""Why somebody got an email, did not, or will: every decision in its order, with its evidence."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from funnel.domain.calendar import CalendarLine, LineState
from funnel.domain.consent import Topic
from funnel.domain.errors import NotFoundError
from funnel.domain.explanation import (
    ExplainedDecision,
    Explanation,
    Reading,
    never_came,
    unknown_step,
    verdict_of,
)
from funnel.domain.import_words import OUTCOMES
from funnel.domain.import_words import why as import_why
from funnel.domain.people_import import Reason
from funnel.domain.sequence import SequenceDefinition, StepKind
from funnel.domain.signup import SignupStatus
from funnel.domain.speech import mark, say, say_many
from funnel.domain.subscriber import Subscriber
from funnel.rendering.words import place_in_words
from funnel.services.explain_absence import runs_without, why_never_planned
from funnel.services.explain_besides import AskedBesides, explain_besides
from funnel.services.explain_decisions import Asked, consent_of, decisions_of, suppression_of
from funnel.services.read_person_calendar import calendar_in
from funnel.storage import calendar_rows, explanations, imports, runs, sequences, subscribers
from funnel.storage.explanations import SignupState
from funnel.storage.imports import LineOfPerson
from funnel.storage.runs import RunRecord
from funnel.storage.transaction import Transaction, Transactions

_SIGNUP_STATES: Final = {
    SignupStatus.PENDING: mark("pending"),
    SignupStatus.MERGED: mark("merged into another one"),
    SignupStatus.LIMITED: mark("one of too many from its address"),
    SignupStatus.SUPPRESSED: mark("of an address on the do-not-email list"),
    SignupStatus.CONFIRMED: mark("confirmed"),
    SignupStatus.EXPIRED: mark("expired"),
}


def explain_step(
    person: str, step_key: str, transactions: Transactions, *, most_published: int
) -> tuple[Explanation, ...]:
    """Return why: one explanation for each copy of the email in each run, the newest run first.

    Notices and announcements have one for each message, or one that says why there is none.
    Somebody who is in no sequence with such an email gets one that says how far they came.

    Args:
        person: An address, or the person's id.
        step_key: The email's key: a step's, a notice's, or the id of an announcement.
        transactions: Read only.
        most_published: Messages of one lane that may be on the queue at once.

    Raises:
        NotFoundError: No such person, or one that is forgotten.
        InvalidInputError: Neither an id nor an address, or no email of that key.
    """
    with transactions.begin() as tx:
        found = subscribers.find_named(tx, person)
        if found is None or not found.email:
            raise NotFoundError("nobody of that address or id is known")
        theirs = runs.of_person(tx, found.id)
        explained = [
            explanation
            for run in theirs
            for explanation in _of_run(tx, found, run, step_key, most_published)
        ]
        asked = AskedBesides(
            person=found,
            key=step_key,
            reading=_reading(found.zone, tx.now),
            most_published=most_published,
        )
        explained += explain_besides(tx, asked)
        if explained:
            return tuple(explained)
        name, lacking = _name_of(tx, theirs, step_key), runs_without(tx, theirs, step_key)
        return (_not_enrolled(tx, found, name, lacking),)


def _of_run(
    tx: Transaction, person: Subscriber, run: RunRecord, step_key: str, most_published: int
) -> Iterator[Explanation]:
    version = _version_of(tx, run)
    messages = {each.copy: each for each in explanations.messages_of_step(tx, run.id, step_key)}
    if not messages and not any(each.key == step_key for each in version.steps):
        return
    calendar = calendar_in(tx, run.id)
    reading = _reading(calendar.zone, calendar.now)
    lines = [each for each in calendar.lines if each.key == step_key and each.kind is not None]
    for line in lines or [never_came(step_key, version, run.state)]:
        asked = Asked(
            person=person,
            run_id=run.id,
            version=version,
            session=calendar.session,
            line=line,
            message=messages.get(line.copy),
            lines=calendar.lines,
            letters=tuple(each for each in calendar.lines if _has_day(each, step_key)),
            letters_paused_until=calendar.letters_paused_until,
            most_published=most_published,
            reading=reading,
        )
        yield Explanation(
            title=_title(person, run.sequence_title, line),
            lines=tuple(decisions_of(tx, asked)),
            verdict=verdict_of(line, reading),
        )


def _has_day(line: CalendarLine, step_key: str) -> bool:
    is_taken = line.is_ahead or line.state in (LineState.SENT, LineState.UNKNOWN)
    return line.kind is StepKind.LETTER and line.key != step_key and is_taken


def _title(person: Subscriber, sequence_title: str, line: CalendarLine) -> str:
    if line.copy:
        return say(
            "{name}, for another date ({copy}), in “{sequence}”, to {address}",
            name=line.name,
            copy=line.copy,
            sequence=sequence_title,
            address=person.email,
        )
    return say(
        "{name}, in “{sequence}”, to {address}",
        name=line.name,
        sequence=sequence_title,
        address=person.email,
    )


def _version_of(tx: Transaction, run: RunRecord) -> SequenceDefinition:
    frame = calendar_rows.find_run(tx, run.id)
    if frame is None:
        raise NotFoundError("no such run")
    return sequences.read_definition(tx, frame.version_id)


def _name_of(tx: Transaction, theirs: Sequence[RunRecord], step_key: str) -> str:
    """Return what people see of an email that is live.

    A key that no sequence has is refused, with those of this person's sequences, else of all.
    """
    live = [
        sequences.read_definition(tx, each.live_version_id) for each in sequences.list_sequences(tx)
    ]
    names = (step.known_as for each in live for step in each.steps if step.key == step_key)
    name = next(names, "")
    if not name:
        raise unknown_step(step_key, [_version_of(tx, each) for each in theirs] or live)
    return name


def _not_enrolled(
    tx: Transaction, person: Subscriber, name: str, lacking: Sequence[ExplainedDecision]
) -> Explanation:
    reading = _reading(person.zone, tx.now)
    signups = explanations.open_signups(tx, person.id)
    told = [
        consent_of(tx, person, Topic.SEAT, reading),
        suppression_of(tx, person, reading),
        *lacking,
        *(_signup(each, reading) for each in signups),
        *(_imported(each) for each in imports.lines_of_address(tx, person.email_key)),
    ]
    verdict = ""
    if signups and person.confirmed_at is None:
        verdict = _unconfirmed(signups[0])
    return Explanation(
        title=say("{name}, to {address}", name=name, address=person.email),
        lines=tuple(told),
        verdict=verdict or why_never_planned(tx, person, lacking),
    )


def _unconfirmed(signup: SignupState) -> str:
    if signup.status == SignupStatus.PENDING:
        return say("It was not sent: they have not confirmed their signup.")
    state = say(_SIGNUP_STATES[SignupStatus(signup.status)])
    return say("It was not sent: their signup is {state}.", state=state)


def _imported(line: LineOfPerson) -> ExplainedDecision:
    became = say(OUTCOMES[line.outcome])
    because = import_why(Reason.read(line.reason))
    return ExplainedDecision(
        about=say("import"),
        says=say(
            "They came by an import, line {line} of “{file}”: {became}. {why}",
            line=line.line,
            file=line.file_name,
            became=became,
            why=because,
        ).strip(),
        evidence=say("import {id}", id=line.import_id),
    )


def _signup(signup: SignupState, reading: Reading) -> ExplainedDecision:
    what = _confirmed_or_not(signup, reading)
    at = reading.moment(signup.received_at)
    says = say("They signed up on {moment}; {what}.", moment=at, what=what)
    if signup.status == SignupStatus.PENDING:
        says = say(
            "They signed up on {moment}; {what}; it can be confirmed until {expires}.",
            moment=at,
            what=what,
            expires=reading.moment(signup.expires_at),
        )
    return ExplainedDecision(
        about=say("signup"),
        says=says,
        evidence=_of_signup(signup),
    )


def _of_signup(signup: SignupState) -> str:
    row = say("signup {id}: {status}", id=signup.id, status=signup.status)
    if not signup.fetched:
        return row
    times = say_many("fetched {count} time", "fetched {count} times", signup.fetched)
    return f"{row}, {times}"


def _confirmed_or_not(signup: SignupState, reading: Reading) -> str:
    if signup.mailed_at is None:
        return say("no confirmation was sent")
    if signup.opened_at is not None:
        at = reading.moment(signup.opened_at)
        return say("they opened the confirmation on {moment}, did not press", moment=at)
    if signup.fetched_at is not None:
        at = reading.moment(signup.fetched_at)
        return say(
            "its page was opened on {moment}, perhaps by a machine, and nobody pressed", moment=at
        )
    at = reading.moment(signup.mailed_at)
    return say("the confirmation was sent on {moment} and not opened", moment=at)


def _reading(zone: str, now: datetime) -> Reading:
    found = ZoneInfo(zone)
    return Reading(zone=found, place=place_in_words(found), now=now)
