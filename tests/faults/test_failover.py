"""The first provider fails under real workers: the second carries on, until the first is back."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes

import pytest

from tests.faults.test_broker_and_workers import count, enroll_people, unsettled
from tests.fixtures.budgeted import pass_time
from tests.fixtures.processes import Processes
from tests.fixtures.world import World
from tests.sending.postmark_server import TOKEN, PostmarkServer
from tests.sending.scripted_server import ScriptedServer, hang_up, reset, well_behaved

pytestmark = pytest.mark.faults

PEOPLE = 30
TAKEN_BEFORE = 3
FIRST_LETTERS = datetime(2031, 3, 5, 8, 0, 1, tzinfo=UTC)
SECOND_LETTERS = datetime(2031, 3, 10, 8, 0, 1, tzinfo=UTC)
CIRCUIT = "select circuit from provider_states where provider = 'smtp' and lane = '*'"


@pytest.fixture
def second(processes: Processes) -> Iterator[PostmarkServer]:
    """A second provider, which the workers of the test fall over to."""
    with PostmarkServer() as server:
        processes.change(
            launcher="tests.faults.drill.launcher",  # it says where "Postmark" is
            FUNNEL_FALLBACK_MAILER="postmark",
            FUNNEL_POSTMARK_TOKEN=TOKEN,
            DRILL_POSTMARK_URL=server.base_url,
        )
        yield server


def test_letters_leave_by_the_second_provider_until_the_first_is_back_and_none_twice(
    world: World, processes: Processes, sink: ScriptedServer, second: PostmarkServer
) -> None:
    # It takes three, falls silent about the fourth, and lets nobody in from then on.
    sink.script["dot"] = [well_behaved] * TAKEN_BEFORE + [reset]
    sink.script["connect"] = [well_behaved] + [hang_up] * 10_000
    enroll_people(world, PEOPLE)
    processes.start()
    processes.until(lambda: world.ask(CIRCUIT) == "open", "the first one is left alone")
    processes.until(lambda: is_settled(world), "the others left by the second one")
    assert by_provider(world, "your-seat") == {
        ("smtp", "accepted"): TAKEN_BEFORE,
        # Nobody knows whether it arrived, so the second one is not given it.
        ("smtp", "unknown"): 1,
        ("postmark", "accepted"): PEOPLE - TAKEN_BEFORE - 1,
    }
    assert len(sink.handed_over) == TAKEN_BEFORE + 1

    sink.script["connect"] = []
    pass_time(world, 600)
    world.travel_to(FIRST_LETTERS)
    processes.until(lambda: world.ask(CIRCUIT) == "closed", "a few found out that it is back")
    processes.until(lambda: is_settled(world), "the first letters left")
    assert by_provider(world, "first").keys() <= {("smtp", "accepted"), ("postmark", "accepted")}

    carried = len(second.taken)
    world.travel_to(SECOND_LETTERS)
    processes.until(lambda: count(world, "accepted") == 3 * PEOPLE - 1, "the second letters left")
    assert by_provider(world, "second") == {("smtp", "accepted"): PEOPLE}
    assert len(second.taken) == carried
    arrived = Counter(
        str(message_from_bytes(each)["Message-ID"]) for each in (*sink.handed_over, *second.taken)
    )
    assert set(arrived.values()) == {1}
    assert len(arrived) == 3 * PEOPLE


def is_settled(world: World) -> bool:
    """Whether all that is due is settled; what was put off comes back at once."""
    world.execute("update messages set available_at = now() where available_at > now()")
    return world.ask("select count(*) from messages") != 0 and unsettled(world) == 0


def by_provider(world: World, step: str) -> Counter[tuple[str, str]]:
    with world.transactions.begin() as tx:
        rows = tx.connection.exec_driver_sql(
            "select provider, status, count(*) from messages where step_key = %s group by 1, 2",
            (step,),
        )
        return Counter({(row[0], row[1]): row[2] for row in rows})
