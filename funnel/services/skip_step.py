"""Take one email out of a person's run by hand, and put it back while its moment has not come."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from funnel.domain.errors import InvalidInputError, NotFoundError
from funnel.domain.message import MessageStatus
from funnel.domain.plan import Decision, PlannedStep, SkipReason
from funnel.domain.planner import plan
from funnel.domain.sequence import SequenceDefinition
from funnel.domain.speech import say
from funnel.services.plan_enrollments import message_of, plan_enrollments
from funnel.storage import copies, enrollments, messages, runs, sequences
from funnel.storage.audit import write_audit
from funnel.storage.copies import EmailCopy
from funnel.storage.enrollments import Run
from funnel.storage.runs import RunRecord
from funnel.storage.transaction import Transaction, Transactions

_MAY_BE_SKIPPED = (Decision.SEND, Decision.WAIT)


@dataclass(frozen=True, slots=True, kw_only=True)
class SkippedEmail:
    """One email that was taken out, or put back.

    Attributes:
        name: What people see of it.
        at: The moment that it had or has, aware UTC, plan time.
        copy: Which copy of it.
    """

    subscriber_id: UUID
    key: str
    name: str
    at: datetime
    copy: int


def skip_step(
    enrollment_id: UUID, step_key: str, transactions: Transactions, *, by: str
) -> SkippedEmail:
    """Decide that an email of a run is not sent, now or ahead of its moment.

    Its row is written at once, with who decided; what counts from the email counts from its moment
    as before, and a letter's day is free. An email about a date is skipped for that date alone. One
    that a worker has in its hands at this moment leaves.

    Raises:
        NotFoundError: No such run.
        InvalidInputError: Nothing of that email is to come, or it is just leaving.
    """
    with transactions.begin() as tx:
        record = _locked(tx, enrollment_id)
        run, version, line = _line_to_come(tx, record, step_key)
        row = run.queued.get((step_key, line.copy))
        if row is None:
            decided = line._replace(decision=Decision.SKIP, skip=SkipReason.BY_HAND)
            new = message_of(decided, run, tx.now)
            messages.add(tx, [replace(new, data={**new.data, "by": by})])
        else:
            _skip_queued(tx, row, by=by)
        _note(tx, record, step_key, "email skipped", by=by)
        plan_enrollments(tx, runs.active_ids(tx, record.subscriber_id))
        return _told(record, version, line.key, line.moment or tx.now, line.copy)


def undo_skip(
    enrollment_id: UUID, step_key: str, transactions: Transactions, *, by: str
) -> SkippedEmail:
    """Put back an email that was skipped by hand, if its moment has not come; plan anew.

    Raises:
        NotFoundError: No such run.
        InvalidInputError: It was not skipped by hand, its moment has come, or they have left.
    """
    with transactions.begin() as tx:
        record = _locked(tx, enrollment_id)
        skipped = [each for each in copies.of_step(tx, enrollment_id, step_key) if _is_skip(each)]
        if not skipped or record.state.value == "left":
            raise InvalidInputError(
                say("This email is not skipped by hand, so there is nothing to put back."),
                field="step",
                remedy=say("Load the page anew to see how it stands."),
            )
        last = skipped[-1]
        # Awake before its row goes: sums of runs that have ended count the rows that there are.
        runs.wake(tx, enrollment_id)
        if last.due_at <= tx.now or not copies.forget_skip(tx, last.id):
            raise InvalidInputError(
                say("Its moment has come, so it stays skipped."),
                field="step",
                remedy=say("What is to come can still be changed."),
            )
        _note(tx, record, step_key, "email put back", by=by)
        plan_enrollments(tx, runs.active_ids(tx, record.subscriber_id))
        version = sequences.read_definition(tx, runs.version_of(tx, enrollment_id))
        return _told(record, version, step_key, last.due_at, last.copy)


def _locked(tx: Transaction, enrollment_id: UUID) -> RunRecord:
    enrollments.lock(tx, [enrollment_id])
    record = runs.find(tx, enrollment_id)
    if record is None:
        raise NotFoundError("no such run")
    return record


def _line_to_come(
    tx: Transaction, record: RunRecord, step_key: str
) -> tuple[Run, SequenceDefinition, PlannedStep]:
    """Return the one copy of an email that is still to come, as the planner says it now."""
    for run in enrollments.load_runs(tx, [record.id]):
        version = sequences.read_definition(tx, run.version_id)
        answer = plan(run.enrollment, version, run.facts, run.taken_days, tx.now)
        ahead = [each for each in answer.steps if each.key == step_key and _is_ahead(each)]
        if ahead:
            return run, version, ahead[-1]
    raise InvalidInputError(
        say("Nothing of this email is to come."),
        field="step",
        remedy=say("Load the page anew: it may have left, or was skipped meanwhile."),
    )


def _is_ahead(line: PlannedStep) -> bool:
    return line.decision in _MAY_BE_SKIPPED and line.moment is not None


def _skip_queued(tx: Transaction, message_id: UUID, *, by: str) -> None:
    reasons = {message_id: SkipReason.BY_HAND.value}
    # A worker that opens it at this moment holds its lock: then this waits, and finds it leaving.
    if not messages.settle_queued(tx, reasons, MessageStatus.SKIPPED):
        raise InvalidInputError(
            say("It is leaving at this very moment."),
            field="step",
            remedy=say("It cannot be stopped any more."),
        )
    copies.note_who(tx, message_id, by=by)


def _is_skip(each: EmailCopy) -> bool:
    return each.status is MessageStatus.SKIPPED and each.reason == SkipReason.BY_HAND


def _note(tx: Transaction, record: RunRecord, step_key: str, action: str, *, by: str) -> None:
    detail = {"email": step_key, "run": str(record.id)}
    write_audit(tx, by=by, action=action, target=str(record.subscriber_id), detail=detail)


def _told(
    record: RunRecord, version: SequenceDefinition, key: str, at: datetime, copy: int
) -> SkippedEmail:
    return SkippedEmail(
        subscriber_id=record.subscriber_id, key=key, name=version.name_of(key), at=at, copy=copy
    )
