"""Send an email again to one person, by hand: what they had is shown before, and nothing forced."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from funnel.domain.consent import Topic
from funnel.domain.enrollment import EnrollmentState
from funnel.domain.errors import InvalidInputError, NotFoundError
from funnel.domain.message import (
    LETTER_PRIORITY,
    SERVICE_PRIORITY,
    MessageKind,
    MessageStatus,
)
from funnel.domain.sequence import SequenceDefinition, Step, StepKind
from funnel.domain.speech import say
from funnel.domain.subscriber import Subscriber
from funnel.domain.timing import SendWindow, local_day, local_moment
from funnel.services.plan_enrollments import plan_enrollments
from funnel.storage import (
    copies,
    enrollments,
    messages,
    registrations,
    runs,
    sequences,
    subscribers,
    suppressions,
)
from funnel.storage.audit import write_audit
from funnel.storage.copies import EmailCopy
from funnel.storage.lane_domains import lane_for
from funnel.storage.messages import NewMessage
from funnel.storage.runs import RunRecord
from funnel.storage.transaction import Transaction, Transactions

_WAS_HANDED_OVER = frozenset({MessageStatus.ACCEPTED, MessageStatus.UNKNOWN, MessageStatus.FAILED})
_ON_ITS_WAY = frozenset({MessageStatus.QUEUED, MessageStatus.SENDING})
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResendOffer:
    """What sending an email again would mean, or why it cannot be; moments are plan time.

    Attributes:
        copies: What there is of it so far, the first one first.
        seen: How many copies the asker has seen: whoever sends it says so.
        refusal: Why it cannot be sent again; "": it can.
        remedy: What to do instead, with ``refusal``.
        leaves_at: When it would leave: now, or a letter's next free day (aware UTC).
    """

    subscriber_id: UUID
    enrollment_id: UUID
    sequence_title: str
    key: str
    name: str
    is_letter: bool
    zone: str
    copies: tuple[EmailCopy, ...]
    seen: int
    refusal: str
    remedy: str
    leaves_at: datetime
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class _Subject:
    run: RunRecord
    person: Subscriber
    version: SequenceDefinition
    step: Step
    copies: tuple[EmailCopy, ...]


def read_resend(enrollment_id: UUID, step_key: str, transactions: Transactions) -> ResendOffer:
    """Return what the person got of an email, and what sending it again would mean.

    Raises:
        NotFoundError: No such run, or its sequence has no such email.
    """
    with transactions.begin_reading() as tx:
        subject = _subject(tx, enrollment_id, step_key)
        refused = _refusal(tx, subject)
        return ResendOffer(
            subscriber_id=subject.person.id,
            enrollment_id=enrollment_id,
            sequence_title=subject.run.sequence_title,
            key=step_key,
            name=subject.step.known_as,
            is_letter=subject.step.kind is StepKind.LETTER,
            zone=subject.person.zone,
            copies=subject.copies,
            seen=len(subject.copies),
            refusal=str(refused) if refused else "",
            remedy=refused.remedy if refused else "",
            leaves_at=_leaves_at(tx, subject),
            now=tx.now,
        )


def resend_email(
    enrollment_id: UUID, step_key: str, transactions: Transactions, *, seen: int, by: str
) -> datetime:
    """Send another copy of an email, as its text is now; return when it leaves (aware, plan time).

    A letter leaves on the first day that is free of others and within its window: nobody gets two
    letters on one day. All else leaves at once. Consent, do-not-email list and the seat are asked
    here, and again at the moment of sending.

    Args:
        enrollment_id: The run.
        step_key: The email.
        transactions: One is opened.
        seen: Copies that there were when somebody decided this: pressed twice, it is sent once.
        by: Who decided.

    Raises:
        NotFoundError: No such run, or its sequence has no such email.
        InvalidInputError: It may not be sent again, or another copy was made meanwhile.
    """
    with transactions.begin() as tx:
        enrollments.lock(tx, [enrollment_id])
        subject = _subject(tx, enrollment_id, step_key)
        refused = _refusal(tx, subject)
        if len(subject.copies) != seen:
            raise InvalidInputError(
                say("It was sent again meanwhile, so nothing more was sent."),
                field="seen",
                remedy=say("Look at what there is of it by now, then decide."),
            )
        if refused is not None:
            raise refused
        leaves_at = _leaves_at(tx, subject)
        copy = _add_copy(tx, subject, leaves_at, by=by)
        # A run that had ended goes on until this one is settled.
        runs.wake(tx, enrollment_id)
        plan_enrollments(tx, runs.active_ids(tx, subject.person.id))
        _check_it_leaves(tx, subject, copy)
        write_audit(
            tx,
            by=by,
            action="email sent again",
            target=str(subject.person.id),
            detail={"email": step_key, "run": str(enrollment_id), "copy": copy},
        )
        return leaves_at


def _subject(tx: Transaction, enrollment_id: UUID, step_key: str) -> _Subject:
    run = runs.find(tx, enrollment_id)
    person = subscribers.find(tx, run.subscriber_id) if run else None
    if run is None or person is None or not person.email:
        raise NotFoundError("no such run")
    version = sequences.read_definition(tx, runs.version_of(tx, enrollment_id))
    step = next((each for each in version.steps if each.key == step_key), None)
    if step is None:
        raise NotFoundError("no such email")
    found = tuple(copies.of_step(tx, enrollment_id, step_key))
    return _Subject(run=run, person=person, version=version, step=step, copies=found)


def _refusal(tx: Transaction, subject: _Subject) -> InvalidInputError | None:
    """Return why an email may not be sent again; ``None``: it may."""
    return _never(tx, subject) or _not_now(tx, subject)


def _never(tx: Transaction, subject: _Subject) -> InvalidInputError | None:
    person, is_letter = subject.person, subject.step.kind is StepKind.LETTER
    is_wanted = person.wants_letters if is_letter else person.wants_seat_emails
    if suppressions.find(tx, person.email_key) is not None:
        problem = say("The address is on the do-not-email list.")
        return _refused(problem, say("Only a new signup of their own can change that."))
    if subject.run.state is EnrollmentState.LEFT:
        problem = say("They left this sequence.")
        return _refused(problem, say("Only a new signup of their own brings them back."))
    if not is_wanted:
        problem = (
            say("They do not want the letters.")
            if is_letter
            else say("They do not want emails about their seat.")
        )
        return _refused(problem, say("Only they can change that, in their preferences."))
    return None


def _not_now(tx: Transaction, subject: _Subject) -> InvalidInputError | None:
    if any(each.status in _ON_ITS_WAY for each in subject.copies):
        return _refused(say("It is on its way already."), say("Wait until it has left."))
    if not any(each.status in _WAS_HANDED_OVER for each in subject.copies):
        problem = say("It was never sent to them, so it cannot be sent again.")
        return _refused(problem, say("“why?” beside the email says why it was not sent."))
    needs_seat = subject.step.timing.anchor.kind.needs_session
    if needs_seat and registrations.held(tx, subject.run.id) is None:
        problem = say("It is about a seat, and they hold none any more.")
        return _refused(problem, say("Give them a seat first."))
    return None


def _refused(problem: str, remedy: str) -> InvalidInputError:
    return InvalidInputError(problem, field="email", remedy=remedy)


def _leaves_at(tx: Transaction, subject: _Subject) -> datetime:
    """Return now, or for a letter the first moment of its window on a day without another."""
    if subject.step.kind is not StepKind.LETTER:
        return tx.now
    zone = ZoneInfo(subject.person.zone)
    taken = copies.letter_days(tx, subject.person.id, zone)
    window = subject.step.window or SendWindow()
    moment = window.first_in(tx.now, zone)
    while (day := local_day(moment, zone)) in taken:
        moment = window.first_in(local_moment(day + _ONE_DAY, time(0), zone), zone)
    return moment


def _add_copy(tx: Transaction, subject: _Subject, leaves_at: datetime, *, by: str) -> int:
    is_letter = subject.step.kind is StepKind.LETTER
    run, number = subject.run, subject.copies[-1].copy + 1
    seat = registrations.held(tx, run.id)
    message = NewMessage(
        id=uuid4(),
        kind=MessageKind.SEQUENCE,
        dedupe_key=f"{run.id}:{subject.step.key}:{number}",
        subscriber_id=subject.person.id,
        enrollment_id=run.id,
        sequence_id=run.sequence_id,
        step_key=subject.step.key,
        copy=number,
        template_key=subject.copies[-1].template_key,
        topic=Topic.LETTERS if is_letter else Topic.SEAT,
        lane=lane_for(tx, subject.person.email),
        priority=LETTER_PRIORITY if is_letter else SERVICE_PRIORITY,
        due_at=leaves_at,
        plan_revision=runs.plan_revision_of(tx, run.id),
        data={"by": by},
    )
    starts_at = None if seat is None else registrations.starts_at(tx, seat.id)
    if seat is not None and starts_at is not None:
        message = replace(message, session_id=seat.session_id, session_starts_at=starts_at)
    messages.add(tx, [message])
    return number


def _check_it_leaves(tx: Transaction, subject: _Subject, copy: int) -> None:
    """The planner has the last word on what counts from a date: no reminder comes too late."""
    made = copies.of_step(tx, subject.run.id, subject.step.key)
    if _is_under_way(made, copy):
        return
    raise InvalidInputError(
        say("It is too late for it: it would not help them any more."),
        field="email",
        remedy=say("Send them the email with their seat again: it has the link to the room."),
    )


def _is_under_way(made: Sequence[EmailCopy], copy: int) -> bool:
    return any(each.copy == copy and each.status is MessageStatus.QUEUED for each in made)
