"""Plan many people anew after something changed for all of them: in bounded, restartable batches.

A batch is one short transaction. What it has done stands in its rows: a run that is planned carries
the replan's id, and the notice that tells its person was queued beside it. So whoever is killed in
the middle has done a batch or none of it, and the next one goes on from there.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from uuid import UUID

import structlog

from funnel.domain.errors import FunnelError
from funnel.domain.message import MASS_NOTICE_PRIORITY, MessageStatus, Notice
from funnel.domain.replan import KnownDate, ReplanKind, date_last_known
from funnel.services.plan_enrollments import plan_claimed
from funnel.services.queue_notice import NoticeRequest, queue_notices
from funnel.services.switch_version import switch_version
from funnel.storage import enrollments, messages, replans, seat_changes, sessions
from funnel.storage.replans import End, Replan
from funnel.storage.seat_changes import SeatHolder
from funnel.storage.transaction import Transaction, Transactions

log = structlog.get_logger()

# Runs in one transaction: enough to share its statements, few enough that nobody waits for it.
RUNS_AT_ONCE = 200
# Ids looked up at once: the order is found once for many batches, and memory stays flat.
_LOOKED_UP = 5_000
_TAKEN_OVER = "the date has changed again"


def continue_replans(
    transactions: Transactions, *, most_batches: int | None = None
) -> Replan | None:
    """Go on with the oldest replan that is open; who is due soonest is planned first.

    Two workers at most: the second comes from the other end, from who is due last. Where two are
    at it, this returns at once. Safe to call at any time, and after a crash at any point.

    Args:
        transactions: One is opened for each batch.
        most_batches: Stop after so many; ``None``: go on until it is finished.

    Returns:
        The replan that was worked on, as it stands now; ``None`` where none is open.
    """
    with transactions.begin() as tx:
        replan = replans.find_open(tx)
    if replan is None:
        return None
    left = sys.maxsize if most_batches is None else most_batches
    for end in End:
        if left > 0:
            left -= _work_from(end, transactions, replan, most_batches=left)
    with transactions.begin() as tx:
        return replans.get(tx, replan.id)


def _work_from(end: End, transactions: Transactions, replan: Replan, *, most_batches: int) -> int:
    """Plan batches from one end, while nobody else is there; return how many."""
    batches = 0
    while (run_ids := _look_up(end, transactions, replan)) is not None:
        if not run_ids:
            _finish(transactions, replan)
            return batches
        for start in range(0, len(run_ids), RUNS_AT_ONCE):
            if batches == most_batches:
                return batches
            some = run_ids[start : start + RUNS_AT_ONCE]
            planned = _do_batch(end, transactions, replan, some)
            if planned is None:
                return batches
            batches += 1
            if not planned:
                break  # whoever comes from the other end has been here: what is left is looked up
    return batches


def _look_up(end: End, transactions: Transactions, replan: Replan) -> Sequence[UUID] | None:
    """Return runs that are still to be planned; ``None``: somebody is there, or it is closed."""
    with transactions.begin() as tx:
        if not replans.try_lock(tx, replan.id, end):
            return None
        return replans.next_runs(tx, replan, _LOOKED_UP, end=end)


def _do_batch(
    end: End, transactions: Transactions, replan: Replan, run_ids: Sequence[UUID]
) -> int | None:
    """Plan one batch and return of how many; ``None``: somebody is there, or it is closed."""
    with transactions.begin() as tx:
        if not replans.try_lock(tx, replan.id, end):
            return None
        together = seat_changes.with_siblings(tx, run_ids)
        enrollments.lock(tx, together)
        # A second statement: some may have been planned, or given up their seat, meanwhile.
        waiting = set(replans.still_to_plan(tx, replan, run_ids))
        if waiting:
            concerned = [each for each in run_ids if each in waiting]
            _APPLY[replan.kind](tx, replan, concerned)
            done_before = set(run_ids) - waiting
            # One that cannot be planned keeps its timer: the dispatcher meets it then, and puts it
            # off, loudly too.
            plan_claimed(tx, [each for each in together if each not in done_before])
            replans.advance(tx, replan.id, len(concerned))
        return len(waiting)


def _finish(transactions: Transactions, replan: Replan) -> None:
    """Close it, if nobody is left once the batch of whoever works beside this is done."""
    with transactions.begin() as tx:
        replans.wait_for_batches(tx)
        # Asked again: a batch may have been undone, or a seat given, since rows were looked up.
        if replans.is_open(tx, replan.id) and not replans.next_runs(tx, replan, 1):
            done = replans.finish(tx, replan.id)
            log.info("replan.finished", replan_id=str(done.id), kind=done.kind, runs=done.done)


def _move_seats(tx: Transaction, replan: Replan, run_ids: Sequence[UUID]) -> None:
    """Bring runs to the session's new date, and tell their people once."""
    session_id = _session_id(replan)
    session = sessions.find(tx, session_id)
    seat_changes.note_new_date(tx, run_ids, replan.id)
    if session is None:
        return
    now_held = KnownDate.of(session)
    notices: list[NoticeRequest] = []
    superseded: dict[UUID, str] = {}
    for holder in seat_changes.read_holders(tx, run_ids, session_id):
        if holder.queued_notice_id is not None:
            superseded[holder.queued_notice_id] = _TAKEN_OVER
        known = _last_known(replan, holder)
        # Who knows the date that now stands is not told again: it moved there and back, or they
        # took their seat after the move.
        if known is not None and known.starts_at != now_held.starts_at:
            notices.append(_moved_notice(replan, holder, known, now_held))
    messages.settle_queued(tx, superseded, MessageStatus.SKIPPED)
    queue_notices(tx, notices)


def _end_seats(tx: Transaction, replan: Replan, run_ids: Sequence[UUID]) -> None:
    """Free the seats of a session that is called off, and tell their people once."""
    session_id = _session_id(replan)
    session = sessions.find(tx, session_id)
    holders = seat_changes.read_holders(tx, run_ids, session_id)
    seat_changes.end_seats(tx, run_ids, session_id, replan.id)
    if session is None:
        return
    known = [_last_known(replan, each) or KnownDate.of(session) for each in holders]
    queue_notices(
        tx, [_cancelled_notice(replan, *each) for each in zip(holders, known, strict=True)]
    )


def _session_id(replan: Replan) -> UUID:
    if replan.session_id is None:
        raise FunnelError(f"the replan {replan.id} names no session")
    return replan.session_id


def _last_known(replan: Replan, holder: SeatHolder) -> KnownDate | None:
    return date_last_known(
        replan.changes,
        registered_at=holder.registered_at,
        planned_for=holder.planned_for,
        notice=holder.notice,
    )


def _moved_notice(
    replan: Replan, holder: SeatHolder, known: KnownDate, now_held: KnownDate
) -> NoticeRequest:
    return NoticeRequest(
        notice=Notice.SESSION_MOVED,
        subscriber_id=holder.subscriber_id,
        sequence_id=holder.sequence_id,
        enrollment_id=holder.enrollment_id,
        session_id=replan.session_id,
        session_starts_at=now_held.starts_at,
        dedupe=f"{holder.enrollment_id}:{replan.id}",
        priority=MASS_NOTICE_PRIORITY,
        data={"former": known.to_json(), "told": now_held.to_json()},
    )


def _cancelled_notice(replan: Replan, holder: SeatHolder, known: KnownDate) -> NoticeRequest:
    return NoticeRequest(
        notice=Notice.SESSION_CANCELLED,
        subscriber_id=holder.subscriber_id,
        sequence_id=holder.sequence_id,
        enrollment_id=holder.enrollment_id,
        session_id=replan.session_id,
        dedupe=f"{holder.enrollment_id}:{replan.session_id}",
        priority=MASS_NOTICE_PRIORITY,
        data={"former": known.to_json()},
    )


# What a batch changes before it is planned, by the reason of the replan. Each marks the runs.
_APPLY: Mapping[ReplanKind, Callable[[Transaction, Replan, Sequence[UUID]], None]] = {
    ReplanKind.SESSION_MOVED: _move_seats,
    ReplanKind.SESSION_CANCELLED: _end_seats,
    ReplanKind.VERSION_PUBLISHED: switch_version,
}
