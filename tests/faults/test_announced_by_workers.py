"""An announcement and tests of emails by the real workers, one of them killed while it sends."""

import os
from collections import Counter
from datetime import UTC, datetime
from email import message_from_bytes

import pytest

from funnel.domain.links import Links
from funnel.domain.readers import MadeUp, MadeUpReader
from funnel.domain.signing import LinkTokens
from funnel.rendering.confinement import Confinement, Confines
from funnel.rendering.renderer import Renderer
from funnel.services.announce import announce
from funnel.services.build_email import EmailBuilder
from funnel.services.preview_template import Previewing
from funnel.services.send_test import list_tests, send_tests_of_sequence
from tests.fixtures.posting import assert_balanced
from tests.fixtures.processes import DELIVER, Processes
from tests.fixtures.world import World
from tests.sending.scripted_server import Conversation, ScriptedServer, well_behaved

pytestmark = [pytest.mark.faults, pytest.mark.broker]

THURSDAY_EVENING = datetime(2031, 3, 6, 17, 0, tzinfo=UTC)
PEOPLE = 30
BY = "mira@example.org"
IN_HAND = "select array_agg(distinct lease_owner) from messages where status = 'sending'"


def slowly(conversation: Conversation) -> None:
    conversation.wait(0.02)
    well_behaved(conversation)


@pytest.fixture
def previewing(world: World):
    confinement = Confinement(confines=Confines(processes=1))
    links = Links("https://funnel.example.org", LinkTokens([b"1" * 32]))
    yield Previewing(
        transactions=world.transactions,
        builder=EmailBuilder(links=links, renderer=Renderer()),
        confinement=confinement,
    )
    confinement.close()


def test_each_seat_gets_one_and_tests_arrive_beside_them(
    world: World, processes: Processes, sink: ScriptedServer, previewing: Previewing
) -> None:
    sink.script["dot"] = [slowly] * 1_000
    session = world.add_session(THURSDAY_EVENING)
    for number in range(PEOPLE):
        world.enroll(world.add_person(f"p{number}@example.org"), session)
    world.execute("update enrollments set next_due_at = null, waiting_for = 'test'")
    processes.start()
    given = {"by": BY, "transactions": world.transactions, "previewing": previewing}
    announce(session, "We start late", "See you at {{ session.hour }}.", **given)
    processes.until(lambda: len(sink.accepted) > PEOPLE // 3, "some mail arrived")
    processes.kill(DELIVER)
    processes.start(DELIVER)
    reader = MadeUpReader(kind=MadeUp.USUAL)
    number = send_tests_of_sequence("short", reader, to="ana@example.net", **given)
    settled = "select count(*) from messages where status in ('accepted', 'unknown')"
    world.execute("update test_emails set available_at = now()")

    def is_settled() -> bool:
        # The leases of those who are gone end now, and not in two minutes.
        owners = world.ask(IN_HAND)
        world.execute(
            "update messages set lease_until = now() - interval '1 second' "
            "where status = 'sending' and lease_owner = any(:gone)",
            gone=[each for each in owners or () if not is_there(each)],
        )
        return world.ask(settled) == PEOPLE

    processes.until(is_settled, "everybody's is settled")
    processes.until(lambda: set(states(world)) == {"accepted"}, "the tests arrived")
    assert len(states(world)) == number == 4
    assert_each_came_once(world, sink, tests=number)


def is_there(owner: str) -> bool:
    """Whether the process of a lease, host:pid:role, still runs."""
    try:
        os.kill(int(owner.split(":")[1]), 0)
    except ProcessLookupError:
        return False
    return True


def states(world: World) -> list[str]:
    return [each.status for each in list_tests(world.transactions)]


def assert_each_came_once(world: World, sink: ScriptedServer, *, tests: int) -> None:
    mails = [message_from_bytes(each) for each in sink.handed_over]
    times = Counter(str(each["Message-ID"]) for each in mails)
    assert max(times.values()) == 1
    assert sum(str(each["Subject"]).startswith("[Test] ") for each in mails) == tests
    unknown = world.ask("select count(*) from messages where status = 'unknown'")
    assert isinstance(unknown, int)
    assert PEOPLE - unknown <= len(mails) - tests <= PEOPLE
    assert unknown <= 2 * 8  # two processes, each with one message on each of its connections
    assert_balanced(world)
