"""Why somebody got an email, did not, or will: every decision in its order, with its evidence."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from funnel.domain.calendar import CalendarLine, LineState
from funnel.domain.calendar_words import counted
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
from funnel.domain.speech import say
from funnel.domain.subscriber import Subscriber
from funnel.rendering.words import place_in_words
from funnel.services.explain_decisions import Asked, consent_of, decisions_of, suppression_of
from funnel.services.read_person_calendar import calendar_in
from funnel.storage import calendar_rows, explanations, imports, runs, sequences, subscribers
from funnel.storage.explanations import SignupState
from funnel.storage.imports import LineOfPerson
from funnel.storage.runs import RunRecord
from funnel.storage.transaction import Transaction, Transactions


def explain_step(
    person: str, step_key: str, transactions: Transactions, *, most_published: int
) -> tuple[Explanation, ...]:
    """Return why: one explanation for each copy of the email in each run, the newest run first.

    Somebody who is in no sequence with such an email gets one that says how far they came.

    Args:
        person: An address, or the person's id.
        step_key: The email's key.
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
        if explained:
            return tuple(explained)
        return (_not_enrolled(tx, found, _name_of(tx, theirs, step_key)),)


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
    again = f", for another date ({line.copy})" if line.copy else ""
    return f"{line.name}{again}, in “{sequence_title}”, to {person.email}"


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


def _not_enrolled(tx: Transaction, person: Subscriber, name: str) -> Explanation:
    reading = _reading(person.zone, tx.now)
    signups = explanations.open_signups(tx, person.id)
    told = [
        consent_of(tx, person, Topic.SEAT, reading),
        suppression_of(tx, person, reading),
        *(_signup(each, reading) for each in signups),
        *(_imported(each) for each in imports.lines_of_address(tx, person.email_key)),
    ]
    why = "they are in no sequence that has it"
    if signups and signups[0].status == SignupStatus.PENDING:
        why = "they have not confirmed their signup"
    elif signups:
        why = f"their signup is {signups[0].status}"
    return Explanation(
        title=f"{name}, to {person.email}",
        lines=tuple(told),
        verdict=f"It was not sent: {why}.",
    )


def _imported(line: LineOfPerson) -> ExplainedDecision:
    became = say(OUTCOMES[line.outcome])
    because = import_why(Reason.read(line.reason))
    return ExplainedDecision(
        about="import",
        says=say(
            "They came by an import, line {line} of “{file}”: {became}. {why}",
            line=line.line,
            file=line.file_name,
            became=became,
            why=because,
        ).strip(),
        evidence=f"import {line.import_id}",
    )


def _signup(signup: SignupState, reading: Reading) -> ExplainedDecision:
    if signup.mailed_at is None:
        said = "no confirmation was sent"
    elif signup.opened_at is not None:
        said = f"they opened the confirmation on {reading.moment(signup.opened_at)}, did not press"
    elif signup.fetched_at is not None:
        at = reading.moment(signup.fetched_at)
        said = f"its page was opened on {at}, perhaps by a machine, and nobody pressed"
    else:
        said = f"the confirmation was sent on {reading.moment(signup.mailed_at)} and not opened"
    if signup.status == SignupStatus.PENDING:
        said += f"; it can be confirmed until {reading.moment(signup.expires_at)}"
    times = f", fetched {counted(signup.fetched, 'time')}" if signup.fetched else ""
    return ExplainedDecision(
        about="signup",
        says=f"They signed up on {reading.moment(signup.received_at)}; {said}.",
        evidence=f"signup {signup.id}: {signup.status}{times}",
    )


def _reading(zone: str, now: datetime) -> Reading:
    found = ZoneInfo(zone)
    return Reading(zone=found, place=place_in_words(found), now=now)
