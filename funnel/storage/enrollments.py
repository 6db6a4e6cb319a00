"""Runs: which are due, all that a plan depends on, and what the plan then says."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import RowMapping, text

from funnel.domain.enrollment import (
    Enrollment,
    EnrollmentState,
    Facts,
    LettersEnd,
)
from funnel.domain.message import LETTER_PRIORITY, MessageStatus
from funnel.domain.session import Registration, Session
from funnel.storage import arrays, counters, run_rows
from funnel.storage.rows import as_json
from funnel.storage.transaction import Transaction

# PRODUCT, "Another date": a letter that the person got within this time is not repeated.
REMEMBERED_FOR = timedelta(days=180)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One enrollment with what writing its messages needs; the planner gets ``enrollment``."""

    id: UUID
    subscriber_id: UUID
    sequence_id: UUID
    version_id: UUID
    sequence_slug: str
    lane: str
    plan_revision: int
    enrollment: Enrollment
    facts: Facts
    taken_days: frozenset[date]
    queued: Mapping[tuple[str, int], UUID]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunUpdate:
    """What a plan writes into the run's row."""

    id: UUID
    state: str
    next_due_at: datetime | None
    waiting_for: str | None
    letter_days: Sequence[date]


def claim_due(tx: Transaction, lane: str, limit: int) -> list[UUID]:
    """Lock and return due runs of a lane, earliest first; what another holds is left out.

    Neither lock waits: the lock order everywhere else is subscriber before enrollment, and a
    claim that waited for a subscriber while it held an enrollment could deadlock.
    """
    claimed = tx.connection.execute(_CLAIM_DUE, {"lane": lane, "limit": limit}).all()
    people = {each.subscriber_id for each in claimed}
    locked = set(
        tx.connection.execute(_LOCK_PEOPLE_WITHOUT_WAITING, {"ids": list(people)}).scalars()
    )
    return [each.id for each in claimed if each.subscriber_id in locked]


_CLAIM_DUE = text(
    """
    select id, subscriber_id from enrollments
    where state = 'active' and not is_parked and lane = :lane and next_due_at <= plan_now()
    order by next_due_at limit :limit
    for no key update skip locked
    """
)
_LOCK_PEOPLE_WITHOUT_WAITING = text(
    "select id from subscribers where id = any(:ids) order by id for no key update skip locked"
)


def lock(tx: Transaction, run_ids: Sequence[UUID]) -> None:
    """Lock the people of these runs, then the runs: the order that everybody keeps."""
    tx.connection.execute(_LOCK_PEOPLE, {"ids": list(run_ids)})
    tx.connection.execute(_LOCK_RUNS, {"ids": list(run_ids)})


_LOCK_PEOPLE = text(
    """
    select id from subscribers
    where id in (select subscriber_id from enrollments where id = any(:ids))
    order by id for no key update
    """
)
_LOCK_RUNS = text("select id from enrollments where id = any(:ids) order by id for no key update")


def in_rounds(tx: Transaction, run_ids: Sequence[UUID]) -> list[list[UUID]]:
    """Divide active runs into rounds with one run a person, the older runs first."""
    rounds: list[list[UUID]] = []
    taken: Counter[UUID] = Counter()
    for row in tx.connection.execute(_RUNS_BY_AGE, {"ids": list(run_ids)}):
        number = taken[row.subscriber_id]
        taken[row.subscriber_id] += 1
        if number == len(rounds):
            rounds.append([])
        rounds[number].append(row.id)
    return rounds


_RUNS_BY_AGE = text(
    """
    select id, subscriber_id from enrollments where id = any(:ids) and state = 'active'
    order by enrolled_at, id
    """
)


def load_runs(tx: Transaction, run_ids: Sequence[UUID]) -> list[Run]:
    """Return the active runs among these with all their facts, the earliest enrolled first.

    Call it after ``lock``, in statements of their own: facts that were read before the lock may
    be older than the plan that they would overwrite.
    """
    ids = {"ids": list(run_ids)}
    rows = tx.connection.execute(_LOAD_RUNS, ids).mappings().all()
    passed = _by_run(tx.connection.execute(_LOAD_PASSED, ids).mappings())
    happened = _by_run(tx.connection.execute(_LOAD_HAPPENED, ids).mappings())
    others = _other_letters(tx, [row["id"] for row in rows])
    held: dict[UUID, Session] = {}
    return [
        _run(
            row,
            registration=run_rows.registration(row, held),
            passed=passed[row["id"]],
            happened=happened[row["id"]],
            others=others[row["id"]],
        )
        for row in rows
    ]


_LOAD_RUNS = text(
    """
    select e.id, e.subscriber_id, e.sequence_id, e.version_id, q.slug, e.lane, e.plan_revision,
           e.enrolled_at, e.letters_end, e.goal_reached_at, p.zone, p.wants_letters,
           p.wants_seat_emails, p.fields, p.letters_paused_until,
           r.registered_at, r.attendance, r.attendance_known_at, r.watched_at, r.left_at,
           s.id as session_id, s.title, s.starts_at, s.ends_at, s.zone as session_zone, s.seats,
           s.join_url, s.replay_url, s.replay_known_at, s.replay_ends_at, s.closed_at,
           s.cancelled_at
    from enrollments e
    join subscribers p on p.id = e.subscriber_id
    join sequences q on q.id = e.sequence_id
    left join registrations r on r.enrollment_id = e.id and r.status = 'registered'
    left join sessions s on s.id = r.session_id and s.cancelled_at is null
    where e.id = any(:ids) and e.state = 'active'
    order by e.enrolled_at, e.id
    """
)
_LOAD_PASSED = text(
    """
    select id, enrollment_id, step_key, copy, status, reason, due_at, settled_at, session_id,
           session_starts_at, priority
    from messages where enrollment_id = any(:ids) and kind = 'sequence'
    """
)


# Clicks belong to their run; what else happened to a person concerns each of their runs.
_LOAD_HAPPENED = text(
    """
    select e.id as enrollment_id, f.kind, f.at, f.name, f.step_key, f.data
    from enrollments e
    join facts f on f.subscriber_id = e.subscriber_id
     and (f.enrollment_id is null or f.enrollment_id = e.id)
     and f.kind in ('clicked', 'tagged', 'untagged', 'booked', 'booking cancelled', 'bought',
                    'replied')
    where e.id = any(:ids)
    order by f.at, f.id
    """
)


def _by_run(rows: Iterable[RowMapping]) -> defaultdict[UUID, list[RowMapping]]:
    grouped: defaultdict[UUID, list[RowMapping]] = defaultdict(list)
    for row in rows:
        grouped[row["enrollment_id"]].append(row)
    return grouped


@dataclass(slots=True)
class _OtherLetters:
    """What a person's other runs mean for this one."""

    taken: set[date]
    had: dict[str, date]


def _other_letters(tx: Transaction, run_ids: Sequence[UUID]) -> dict[UUID, _OtherLetters]:
    found = {each: _OtherLetters(set(), {}) for each in run_ids}
    ids = {"ids": list(run_ids)}
    for row in tx.connection.execute(_RESERVED_BY_OLDER_RUNS, ids):
        found[row.id].taken.update(row.letter_days)
    since = {"since": tx.now - REMEMBERED_FOR, "letter": LETTER_PRIORITY}
    for row in tx.connection.execute(_SENT_BY_OTHER_RUNS, ids | since):
        day = row.left_at.astimezone(ZoneInfo(row.zone)).date()
        found[row.id].taken.add(day)
        if row.is_same_sequence and row.status in ("accepted", "unknown"):
            found[row.id].had[row.step_key] = day
    return found


# Over several runs at most one letter a day: the older run (enrolled at, id) chooses first.
_RESERVED_BY_OLDER_RUNS = text(
    """
    select e.id, o.letter_days from enrollments e
    join enrollments o on o.subscriber_id = e.subscriber_id and o.id <> e.id
     and o.state = 'active' and (o.enrolled_at, o.id) < (e.enrolled_at, e.id)
    where e.id = any(:ids)
    """
)
_SENT_BY_OTHER_RUNS = text(
    """
    select e.id, p.zone, m.step_key, m.status, coalesce(m.accepted_at, m.due_at) as left_at,
           o.sequence_id = e.sequence_id as is_same_sequence
    from enrollments e
    join subscribers p on p.id = e.subscriber_id
    join enrollments o on o.subscriber_id = e.subscriber_id and o.id <> e.id
    join messages m on m.enrollment_id = o.id and m.priority = :letter and m.due_at >= :since
     and m.status in ('queued', 'sending', 'accepted', 'unknown')
    where e.id = any(:ids)
    """
)


def _run(
    row: RowMapping,
    *,
    registration: Registration | None,
    passed: Sequence[RowMapping],
    happened: Sequence[RowMapping],
    others: _OtherLetters,
) -> Run:
    return Run(
        id=row["id"],
        subscriber_id=row["subscriber_id"],
        sequence_id=row["sequence_id"],
        version_id=row["version_id"],
        sequence_slug=row["slug"],
        lane=row["lane"],
        plan_revision=row["plan_revision"],
        enrollment=Enrollment(
            enrolled_at=row["enrolled_at"],
            zone=ZoneInfo(row["zone"]),
            letters_end=LettersEnd(row["letters_end"]) if row["letters_end"] else None,
        ),
        facts=Facts(
            registration=registration,
            passed=tuple(run_rows.passed(each) for each in passed),
            wants_letters=row["wants_letters"],
            wants_seat_emails=row["wants_seat_emails"],
            goal_reached_at=row["goal_reached_at"],
            had_letters=others.had,
            happened=tuple(run_rows.happening(each) for each in happened),
            fields={name: str(value) for name, value in row["fields"].items()},
            letters_paused_until=row["letters_paused_until"],
        ),
        taken_days=frozenset(others.taken),
        queued={
            (each["step_key"], each["copy"]): each["id"]
            for each in passed
            if each["status"] == MessageStatus.QUEUED
        },
    )


def save_plans(tx: Transaction, updates: Sequence[RunUpdate]) -> None:
    """Write timers, days and states; each write is a new plan revision."""
    if updates:
        tx.connection.execute(_SAVE_PLANS, {"rows": as_json(_values(each) for each in updates)})
        # Only active runs are planned, so that each of these has ended now.
        ended = [each.id for each in updates if each.state != EnrollmentState.ACTIVE]
        counters.end_runs(tx, ended)


def _values(update: RunUpdate) -> dict[str, Any]:
    return {
        "id": update.id,
        "state": update.state,
        "next_due_at": update.next_due_at,
        "waiting_for": update.waiting_for,
        "letter_days": list(update.letter_days),
    }


_SAVE_PLANS = text(
    """
    update enrollments e set
        state = r.state, next_due_at = r.next_due_at, waiting_for = r.waiting_for,
        letter_days = r.letter_days, plan_revision = e.plan_revision + 1,
        ended_at = case when r.state = 'active' then null else coalesce(e.ended_at, plan_now()) end
    from json_to_recordset(cast(:rows as json)) as r(
        id uuid, state text, next_due_at timestamptz, waiting_for text, letter_days date[])
    where e.id = r.id
    """
)


def wake(tx: Transaction, run_id: UUID) -> None:
    """Plan a run anew at the next tick, whatever it waits for."""
    tx.connection.execute(_WAKE, {"id": run_id})


_WAKE = text(
    """
    update enrollments set next_due_at = least(coalesce(next_due_at, plan_now()), plan_now())
    where id = :id and state = 'active'
    """
)


def put_off(tx: Transaction, run_id: UUID, *, by: timedelta) -> None:
    """Ask a run that cannot be planned again later: it must not hold up the others."""
    tx.connection.execute(_PUT_OFF, {"id": run_id, "by": by})


_PUT_OFF = text("update enrollments set next_due_at = plan_now() + :by where id = :id")


def wake_waiting(tx: Transaction, run_ids: Sequence[UUID]) -> None:
    """Ask anew, at once, the runs that wait for nothing but the outcome of a message."""
    if run_ids:
        tx.connection.execute(_WAKE_WAITING, {"ids": arrays.uuids(run_ids)})


_WAKE_WAITING = text(
    """
    update enrollments set next_due_at = plan_now()
    where id in (
        select id from enrollments
        where id = any(cast(:ids as uuid[])) and state = 'active' and waiting_for = 'outcome'
        order by id for no key update
    )
    """
)
