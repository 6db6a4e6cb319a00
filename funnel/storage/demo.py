"""The demo's clock, and the one look at the rows that tells whether it may move.

Only the demo and tests write here. Everything is plan time except where *real* is said.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import text

from funnel.domain.demo import DemoGoal, DemoScene, Player
from funnel.domain.demo_dates import AHEAD, demo_session, next_start
from funnel.domain.judgement import SETTLES_AFTER
from funnel.storage import sessions
from funnel.storage.transaction import Transaction


def lock_clock(tx: Transaction) -> None:
    """Keep others from moving the clock until this transaction ends."""
    tx.connection.execute(text("select id from clock for update"))


def read_scene(tx: Transaction) -> DemoScene:
    """Return what the demo's clock needs to know, in one statement."""
    given = {"settles_after": SETTLES_AFTER}
    row = tx.connection.execute(_SCENE, given).mappings().one()
    return DemoScene(**{**row, "goal": DemoGoal(row["goal"])})


# A queued message whose moment has come is in flight even while it waits for a retry or for a
# worker; one in somebody's hands is in flight whatever its moment was. So is a click until it is
# judged: what waits for it must not be decided before.
_SCENE = text(
    """
    with opened as (
        -- as evidence.to_judge: a join link is judged at the start of its session
        select greatest(e.at + cast(:settles_after as interval), s.starts_at) as judged_at
        from evidence e left join sessions s on s.id = e.session_id
        where e.judged_at is null and e.kind in ('link opened', 'join link opened')
    )
    select plan_now() as now, clock.goal, clock.goal_at, clock.frozen_at is not null as is_frozen,
      exists (select from messages where status = 'sending')
        or exists (select from messages where status = 'queued' and due_at <= plan_now())
        or exists (select from enrollments
                   where state = 'active' and not is_parked and next_due_at <= plan_now())
        or exists (select from opened where judged_at <= plan_now())
        or exists (select from replans where finished_at is null)
        or exists (select from announcements where finished_at is null)
        or exists (select from signups where status = 'pending' and next_at <= plan_now())
        as is_busy,
      exists (select from pauses) as is_sending_paused,
      (select max(accepted_at) from messages where status = 'accepted') as last_left_at,
      (select min(at) from (
         select min(next_due_at) as at from enrollments where state = 'active' and not is_parked
         union all select min(due_at) from messages where status = 'queued'
         union all select min(judged_at) from opened
         union all select min(next_at) from signups where status = 'pending') as timers)
        as next_timer_at,
      exists (select from signups s join messages m on m.signup_id = s.id
              where s.status = 'pending' and m.status in ('queued', 'sending', 'accepted')
                and m.template_key in ('notices/confirm', 'notices/confirm-again'))
        as is_signup_pending,
      (select max(s.ends_at) from sessions s join registrations r on r.session_id = s.id
       where r.status = 'registered' and s.ends_at <= plan_now()
         and s.closed_at is null and s.cancelled_at is null
         and not exists (select from registrations said
                         where said.session_id = s.id and said.attendance <> 'unknown'))
        as word_awaited_since,
      (select min(s.ends_at) from sessions s join registrations r on r.session_id = s.id
       where r.status = 'registered' and s.ends_at > plan_now() and s.cancelled_at is null)
        as next_end_at
    from clock
    """
)


def move_clock(tx: Transaction, moment: datetime) -> None:
    """Make plan time equal ``moment``; never backwards."""
    tx.connection.execute(_MOVE, {"moment": moment})


_MOVE = text("update clock set ahead_by = greatest(ahead_by, :moment - now())")


def freeze_clock(tx: Transaction) -> None:
    """Let plan time stand still at what it is now."""
    tx.connection.execute(text("update clock set frozen_at = plan_now()"))


def thaw_clock(tx: Transaction) -> None:
    """Let plan time go on from where it stands; nothing where it goes already."""
    tx.connection.execute(_THAW)


_THAW = text(
    """
    update clock set ahead_by = frozen_at - now(), frozen_at = null where frozen_at is not null
    """
)


def write_goal(tx: Transaction, goal: DemoGoal, goal_at: datetime | None) -> None:
    """Note what the demo plays towards."""
    tx.connection.execute(_GOAL, {"goal": goal, "goal_at": goal_at})


_GOAL = text("update clock set goal = :goal, goal_at = :goal_at")


def next_start_with_seat(tx: Transaction) -> datetime | None:
    """Return the start of the next session in which somebody holds a seat."""
    start: datetime | None = tx.connection.execute(_NEXT_START).scalar()
    return start


_NEXT_START = text(
    """
    select min(s.starts_at) from sessions s join registrations r on r.session_id = s.id
    where r.status = 'registered' and s.starts_at > plan_now() and s.cancelled_at is null
    """
)


def add_missing_sessions(tx: Transaction, sequence_id: UUID, *, base_url: str) -> int:
    """Add sessions until three lie ahead; return how many were added."""
    starts = list(tx.connection.execute(_STARTS_AHEAD, {"sequence_id": sequence_id}).scalars())
    missing = max(AHEAD - len(starts), 0)
    for _ in range(missing):
        starts.append(next_start(tx.now, starts[-1] if starts else None))
        session = demo_session(uuid4(), starts[-1], base_url=base_url)
        sessions.add(tx, sequence_id, session, clicks_count=False)
    return missing


def move_rooms(tx: Transaction, base_url: str) -> None:
    """Let the demo's sessions name their pages at the address where this demo is reached now."""
    for column, page in (("join_url", "/demo/room"), ("replay_url", "/demo/replay")):
        tx.connection.execute(
            text(f"update sessions set {column} = :url where {column} like '%' || :page"),  # noqa: S608  (our own words)
            {"url": f"{base_url}{page}", "page": page},
        )


_STARTS_AHEAD = text(
    """
    select starts_at from sessions
    where sequence_id = :sequence_id and starts_at > plan_now() and cancelled_at is null
    order by starts_at
    """
)


def earliest_runs(tx: Transaction, *, limit: int) -> Sequence[UUID]:
    """Return the active runs whose timers come first."""
    return tx.connection.execute(_EARLIEST_RUNS, {"limit": limit}).scalars().all()


_EARLIEST_RUNS = text(
    """
    select id from enrollments where state = 'active' and next_due_at is not null
    order by next_due_at limit :limit
    """
)


def count_active_runs(tx: Transaction) -> int:
    """Return how many runs have not ended."""
    active: int = tx.connection.execute(
        text("select count(*) from enrollments where state = 'active'")
    ).scalar_one()
    return active


def next_reminder_at(tx: Transaction) -> datetime | None:
    """Return when the next confirmation reminder leaves, ``None`` where none is to come."""
    at: datetime | None = tx.connection.execute(_NEXT_REMINDER).scalar()
    return at


_NEXT_REMINDER = text(
    "select min(next_at) from signups where status = 'pending' and reminded_at is null"
)


def newest_players(tx: Transaction, *, limit: int) -> Sequence[Player]:
    """Return the people who came last, each with their newest run, the newest first."""
    rows = tx.connection.execute(_NEWEST_PLAYERS, {"limit": limit}).mappings()
    return [Player(**row) for row in rows]


_NEWEST_PLAYERS = text(
    """
    select e.id as run_id, p.first_name as name, p.email as address
    from enrollments e join subscribers p on p.id = e.subscriber_id
    where not exists (select from enrollments newer
                      where newer.subscriber_id = e.subscriber_id
                        and (newer.enrolled_at, newer.id) > (e.enrolled_at, e.id))
    order by e.enrolled_at desc, e.id limit :limit
    """
)
