"""Let runs follow to a published version, and write down which new steps they do not get."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import structlog

from funnel.domain.enrollment import PassedStep
from funnel.domain.errors import FunnelError
from funnel.domain.plan import Decision, PlannedStep
from funnel.domain.sequence import SequenceDefinition
from funnel.domain.version_switch import PublishPolicy, added_keys, added_later
from funnel.services.plan_enrollments import message_of
from funnel.storage import enrollments, messages, replans, sequences, version_runs
from funnel.storage.enrollments import Run
from funnel.storage.messages import NewMessage
from funnel.storage.replans import Replan
from funnel.storage.transaction import Transaction

log = structlog.get_logger()

# What odd data can make of a run: it keeps its version, loudly, and the others go on.
_UNFIT = (FunnelError, ValueError, TypeError, LookupError, ArithmeticError)


def switch_version(tx: Transaction, replan: Replan, run_ids: Sequence[UUID]) -> None:
    """Move the pointers of a batch of runs to the version of a publish, by its policy.

    Only to a later version than their own: who entered after the publish, or was moved on by the
    next one, stays. The caller holds the locks and plans the runs afterwards in the same
    transaction; that plan also cancels what is queued for steps that are gone.

    Raises:
        FunnelError: The replan is not one of a publish: it names no version.
    """
    replans.mark(tx, replan, run_ids)
    if replan.version_id is None:
        raise FunnelError(f"the replan {replan.id} names no version")
    after = sequences.read_definition(tx, replan.version_id)
    policy = PublishPolicy(replan.policy)
    rows: list[NewMessage] = []
    moved: list[UUID] = []
    older = version_runs.on_older_versions(tx, run_ids, replan.version_id)
    for run in enrollments.load_runs(tx, older):
        try:
            rows.extend(_rows(tx, run, after, policy))
        except _UNFIT:
            log.exception("run.not_moved", enrollment_id=str(run.id))
        else:
            moved.append(run.id)
    messages.add(tx, rows)
    version_runs.move_pointers(tx, moved, replan.version_id)


def _rows(
    tx: Transaction, run: Run, after: SequenceDefinition, policy: PublishPolicy
) -> list[NewMessage]:
    before = sequences.read_definition(tx, run.version_id)
    skipped = added_later(
        run.enrollment,
        run.facts,
        added_keys(before, after),
        after=after,
        policy=policy,
        now=tx.now,
    )
    return [_row(each, run, after, tx.now) for each in skipped]


def _row(passed: PassedStep, run: Run, after: SequenceDefinition, now: datetime) -> NewMessage:
    line = PlannedStep(
        key=passed.key,
        kind=after.step(passed.key).kind,
        copy=passed.copy,
        decision=Decision.SKIP,
        moment=passed.moment,
        skip=passed.skip,
        reasons=("the sequence had no such email at that moment",),
    )
    return message_of(line, run, now)
