"""Every connection is busy with letters, and more of them wait: no confirmation is behind them."""

from email import message_from_bytes

import pytest

from funnel.domain.budget import Budget
from funnel.domain.message import Lane
from funnel.services.set_budget import set_budget
from tests.faults.test_broker_and_workers import count
from tests.fixtures.budgeted import BY, queue
from tests.fixtures.processes import Processes
from tests.fixtures.signups import Door, add_source
from tests.fixtures.world import World
from tests.sending.scripted_server import Conversation, ScriptedServer, well_behaved

pytestmark = pytest.mark.faults

LETTERS = 120
AN_HOUR = 100  # emails; a tenth of them is kept from letters
CONFIRMATIONS = ("ada@example.net", "bo@example.net")


def test_a_confirmation_is_accepted_before_letters_that_were_due_long_before_it(
    waiting: World, processes: Processes, sink: ScriptedServer
) -> None:
    def wait_for_the_confirmations(conversation: Conversation) -> None:
        """Answer about a letter when all confirmations are there; what holds them up never ends."""
        while not is_confirmation(conversation.message):
            if confirmed() == len(CONFIRMATIONS):
                break
            conversation.wait(0.05)
        well_behaved(conversation)

    def confirmed() -> int:
        return sum(map(is_confirmation, sink.accepted))

    sink.script["dot"] = [wait_for_the_confirmations] * 1_000
    waiting.publish_notice("confirm")
    set_budget(waiting.transactions, Budget(per_hour=AN_HOUR), by=BY)
    queue(waiting, LETTERS, lane=Lane.OTHER)
    door = Door(world=waiting, source=add_source(waiting))
    processes.start()
    processes.until(lambda: count(waiting, "sending") > 0, "letters are in hand")
    processes.until(
        lambda: waiting.ask("select sum(spent) from budget_spending") == AN_HOUR * 9 // 10,
        "letters have used what they may of the hour",
    )
    for address in CONFIRMATIONS:
        door.sign_up(address)
    processes.until(lambda: count(waiting, "accepted") > 10, "letters leave again")
    first = [is_confirmation(each) for each in sink.accepted[: len(CONFIRMATIONS)]]
    assert first == [True] * len(CONFIRMATIONS)
    assert count(waiting, "unknown") == 0


def is_confirmation(message: bytes) -> bool:
    return str(message_from_bytes(message)["To"]).endswith("@example.net")
