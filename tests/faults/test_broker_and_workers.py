"""Faults with real processes.

*Lost*: due, not at the sink, and no reason in a row. *Double*: one message at the sink twice.
"""

import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from email import message_from_bytes

import pytest
from sqlalchemy import text

from funnel.storage import ledger
from tests.fixtures.processes import DELIVER, REST, SCHEDULER, Processes
from tests.fixtures.servers import Broker
from tests.fixtures.world import World
from tests.sending.scripted_server import Act, Conversation, ScriptedServer, well_behaved

pytestmark = [pytest.mark.faults, pytest.mark.broker]

THURSDAY_EVENING = datetime(2031, 3, 6, 17, 0, tzinfo=UTC)
PEOPLE = 120


def enroll_people(world: World, number: int = PEOPLE) -> None:
    session = world.add_session(THURSDAY_EVENING)
    for each in range(number):
        world.enroll(world.add_person(f"p{each}@example.org"), session)


def arrived(sink: ScriptedServer) -> Counter[str]:
    return Counter(str(message_from_bytes(each)["Message-ID"]) for each in sink.handed_over)


def count(world: World, status: str) -> int:
    found = world.ask("select count(*) from messages where status = :status", status=status)
    assert isinstance(found, int)
    return found


def unsettled(world: World) -> int:
    found = world.ask(
        "select count(*) from messages"
        " where status in ('queued', 'sending') and due_at <= plan_now()"
    )
    assert isinstance(found, int)
    return found


def assert_nothing_lost_or_doubled(world: World, sink: ScriptedServer) -> None:
    mails = arrived(sink)
    assert [each for each, times in mails.items() if times > 1] == []
    accepted = count(world, "accepted")
    # Whoever died between the server's answer and its own commit left an unknown that arrived.
    assert accepted <= len(mails) <= accepted + count(world, "unknown")
    with world.transactions.begin() as tx:
        broken = [(each.name, each.offenders) for each in ledger.check_ledger(tx) if not each.holds]
    assert broken == []


def slowly(conversation: Conversation) -> None:
    conversation.wait(0.02)
    well_behaved(conversation)


SLOW: list[Act] = [slowly] * 10_000


def test_a_broker_flushed_in_mid_run_loses_and_doubles_nothing(
    world: World, processes: Processes, broker: Broker, sink: ScriptedServer
) -> None:
    sink.script["dot"] = SLOW.copy()
    enroll_people(world)
    processes.start()
    for share in (4, 2):
        processes.until(lambda s=share: len(sink.accepted) > PEOPLE // s, "some mail arrived")
        broker.flush()
    processes.until(lambda: count(world, "accepted") == PEOPLE, "every mail arrived")
    assert unsettled(world) == 0
    assert_nothing_lost_or_doubled(world, sink)


def test_a_broker_away_for_an_hour_skips_what_became_late_and_bursts_nothing(
    world: World, processes: Processes, broker: Broker, sink: ScriptedServer
) -> None:
    enroll_people(world, 10)
    processes.start()
    processes.until(lambda: count(world, "accepted") == 10, "the first mails arrived")
    world.travel_to(THURSDAY_EVENING - timedelta(hours=1, minutes=20))
    processes.until(lambda: unsettled(world) == 0, "the letters before it are settled")
    before = len(sink.accepted)
    broker.kill()
    world.travel_to(THURSDAY_EVENING - timedelta(minutes=20))  # the reminder was due 40 min ago
    broker.start()
    processes.until(
        lambda: (
            world.ask("select count(*) from messages where step_key = 'one-hour'") == 10
            and unsettled(world) == 0
        ),
        "every reminder is settled",
    )
    assert (
        world.ask(
            "select count(*) from messages where step_key = 'one-hour' and status = 'skipped'"
            " and reason = 'would be late'"
        )
        == 10
    )
    assert len(sink.accepted) == before
    assert_nothing_lost_or_doubled(world, sink)


def test_a_frozen_broker_stops_nothing_for_good(
    world: World, processes: Processes, broker: Broker, sink: ScriptedServer
) -> None:
    enroll_people(world, 5)
    processes.start()
    processes.until(lambda: count(world, "accepted") == 5, "the first mails arrived")
    broker.freeze()
    world.travel_to(datetime(2031, 3, 5, 8, 0, 1, tzinfo=UTC))
    time.sleep(3)  # real time: connections stay open and answer nothing
    broker.thaw()
    processes.until(lambda: count(world, "accepted") == 10, "the letters arrived")
    assert_nothing_lost_or_doubled(world, sink)


def test_two_schedulers_and_three_dispatchers_send_each_mail_once(
    world: World, processes: Processes, sink: ScriptedServer
) -> None:
    enroll_people(world, 60)
    processes.start()
    processes.start(f"{SCHEDULER}#2", f"{REST}#2")
    processes.until(lambda: count(world, "accepted") == 60, "every mail arrived")
    processes.terminate(SCHEDULER)
    processes.terminate(REST)
    assert_nothing_lost_or_doubled(world, sink)


def test_sigterm_ends_a_busy_worker_within_its_batch_and_loses_nothing(
    world: World, processes: Processes, sink: ScriptedServer
) -> None:
    sink.script["dot"] = SLOW.copy()
    enroll_people(world, 60)
    processes.start()
    processes.until(lambda: len(sink.accepted) > 10, "some mail arrived")
    assert processes.terminate(DELIVER) <= 25
    assert count(world, "sending") == 0
    processes.start(DELIVER)
    processes.until(lambda: count(world, "accepted") == 60, "every mail arrived")
    assert_nothing_lost_or_doubled(world, sink)


def test_the_database_restarted_under_the_workers_is_found_again(
    world: World, processes: Processes, sink: ScriptedServer
) -> None:
    enroll_people(world, 5)
    processes.start()
    processes.until(lambda: count(world, "accepted") == 5, "the first mails arrived")
    with world.transactions.begin() as tx:
        tx.connection.execute(
            text(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database() and pid <> pg_backend_pid()"
            )
        )
    world.travel_to(datetime(2031, 3, 5, 8, 0, 1, tzinfo=UTC))
    processes.until(lambda: count(world, "accepted") == 10, "the letters arrived")
    assert_nothing_lost_or_doubled(world, sink)
