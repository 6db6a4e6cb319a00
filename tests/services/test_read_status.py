from datetime import timedelta

import pytest

from funnel.domain.status import SILENT_AFTER, verdict
from funnel.services.control_sending import pause_sending
from funnel.services.read_status import read_status

AWAY = "redis://127.0.0.1:1/0"


def figures(world, url=AWAY):
    return read_status(
        world.transactions, broker_url=url, queues=("deliver",), silent_after=SILENT_AFTER
    )


@pytest.fixture
def run(world):
    run_id = world.enroll(world.add_person())
    world.execute("update enrollments set next_due_at = plan_now() + interval '1 day'")
    return run_id


def add_message(world, run, **columns):
    values = {
        "status": "queued",
        "due_in": timedelta(0),
        "late": None,
        "reason": None,
        "held": timedelta(0),
        "is_published": False,
    } | columns
    world.execute(
        """
        insert into messages (id, kind, dedupe_key, subscriber_id, enrollment_id, sequence_id,
            step_key, template_key, lane, priority, status, reason, due_at, accepted_at,
            settled_at, available_at, published_at)
        select gen_random_uuid(), 'sequence', gen_random_uuid()::text, subscriber_id, id,
            sequence_id, 'first', 'short/first', lane, 2, :status, :reason,
            plan_now() + :due_in, plan_now() + :due_in + cast(:late as interval),
            plan_now() + :due_in, now() + :held, case when :is_published then now() end
        from enrollments where id = :run
        """,
        run=run,
        **values,
    )


def beat(world, name, role, age):
    world.execute(
        "insert into heartbeats (name, role, seen_at) values (:name, :role, now() - :age)",
        name=name,
        role=role,
        age=age,
    )


def test_work_is_counted_by_what_holds_it(world, run):
    minute = timedelta(minutes=1)
    add_message(world, run, due_in=-2 * minute)
    add_message(world, run, due_in=-minute, is_published=True)
    add_message(world, run, due_in=-5 * minute, held=minute, reason="451 greylisted")
    add_message(world, run, due_in=minute)
    add_message(world, run, status="sending")
    add_message(world, run, status="unknown", reason="no answer")
    add_message(world, run, status="failed", reason="no such user")
    add_message(world, run, status="failed", reason="no such user", due_in=-timedelta(days=2))
    backlog = figures(world).backlog
    assert (backlog.due, backlog.published, backlog.retrying) == (2, 1, 1)
    assert backlog.retry_reason == "451 greylisted"
    assert 5 * minute <= backlog.oldest_due < 6 * minute
    assert (backlog.sending, backlog.unknown, backlog.failed_today) == (1, 1, 1)
    assert (backlog.runs_due, backlog.ahead) == (0, 2)


def test_a_timer_that_nobody_asked_is_counted_with_its_age(world, run):
    world.execute("update enrollments set next_due_at = plan_now() - interval '3 minutes'")
    backlog = figures(world).backlog
    assert backlog.runs_due == 1
    assert backlog.waits_for >= timedelta(minutes=3)


def test_lateness_is_plan_time_from_the_planned_moment(world, run):
    for seconds in range(1, 101):
        add_message(world, run, status="accepted", late=timedelta(seconds=seconds))
    add_message(world, run, status="accepted", late=timedelta(hours=9), due_in=-timedelta(hours=20))
    found = figures(world)
    assert (found.hour.emails, found.day.emails) == (100, 101)
    assert found.hour.p50 == timedelta(seconds=50.5)
    assert found.hour.worst == timedelta(seconds=100)
    assert found.day.worst == timedelta(hours=9)


def test_a_worker_of_several_queues_shows_life_for_each(world):
    beat(world, "host:1", "dispatch,notices", timedelta(seconds=5))
    beat(world, "host:2", "deliver", timedelta(seconds=4))
    beat(world, "host:3", "deliver", timedelta(minutes=9))
    signs = {each.role: each for each in figures(world).signs}
    assert {role: sign.processes for role, sign in signs.items()} == {
        "dispatch": 1,
        "notices": 1,
        "deliver": 1,
    }
    assert signs["deliver"].age < timedelta(seconds=30)


def test_pauses_and_broken_invariants_are_named(world, run):
    pause_sending(world.transactions, by="anna", reason="a wrong link")
    add_message(world, run, status="failed")  # without saying why
    found = figures(world)
    assert found.pauses[0].startswith("by anna, ")
    assert found.pauses[0].endswith(": a wrong link")
    broken = {each.name for each in found.broken}
    assert "what was not sent says why" in broken
    assert not verdict(found).is_balanced


def test_the_newest_troubles_are_listed_without_addresses(world, run):
    for hours in range(7):
        reason = f"550 <ana@example.org>: {hours}\nno such user"
        add_message(world, run, status="failed", reason=reason, due_in=-timedelta(hours=hours))
    add_message(world, run, status="unknown", reason="no answer", due_in=-timedelta(minutes=30))
    add_message(world, run, status="accepted", late=timedelta(0))
    found = figures(world).troubles
    assert [each.status for each in found] == ["failed", "unknown", *["failed"] * 3]
    assert found[0].safe_reason == "550 <address>: 0 no such user"
    assert found[0].key == "short/first"


@pytest.mark.broker
def test_with_everything_running_and_nothing_due_mail_is_on_time(world, broker):
    for role in ("scheduler", "dispatch,notices,maintenance", "deliver"):
        beat(world, role, role, timedelta(seconds=1))
    result = verdict(figures(world, broker.url))
    assert result.is_on_time
    assert result.is_balanced
