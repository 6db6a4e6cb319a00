"""What a claim spent and nobody used is given back, once, by whoever ends the claim."""

from datetime import timedelta
from pathlib import Path

import pytest

from funnel.sending.journal_folder import JournalFolder
from funnel.services.settle_from_journal import settle_from_journal
from funnel.services.sweep_messages import sweep_messages
from funnel.storage import budgets
from tests.fixtures.budgeted import TWO, by_provider, dispatched, note, pass_time, queue
from tests.fixtures.posting import THURSDAY_EVENING, Post
from tests.fixtures.world import World
from tests.services.test_settle_from_journal import Worker

AT_ONCE = timedelta(0)
SPENT = "select coalesce(sum(spent), 0) from budget_spending"


def lost(world: World) -> int:
    """Let the broker lose what is on the queue; return how many the sweep found."""
    return sweep_messages(world.transactions, republish_after=AT_ONCE).released


def test_what_the_broker_lost_has_spent_nothing(waiting: World) -> None:
    queue(waiting, 30)
    dispatched(waiting)
    assert waiting.ask(SPENT) == 30
    waiting.execute(
        "update messages set status = 'sending' where id in"
        " (select id from messages where status = 'queued' limit 10)"
    )
    assert lost(waiting) == 20
    assert waiting.ask(SPENT) == 10
    assert lost(waiting) == 0
    assert waiting.ask(SPENT) == 10


@pytest.mark.parametrize("minutes", [3, 150], ids=["by the minute", "by ten minutes"])
def test_it_is_found_where_rows_were_drawn_together_since(waiting: World, minutes: int) -> None:
    for _ in range(2):
        queue(waiting, 4)
        dispatched(waiting)
    ago = timedelta(minutes=minutes)
    waiting.execute("update messages set published_at = published_at - :ago", ago=ago)
    pass_time(waiting, ago.total_seconds())
    for _ in range(2):
        with waiting.transactions.begin() as tx:
            budgets.draw_together(tx)
    assert lost(waiting) == 8
    assert waiting.ask(SPENT) == 0


def test_where_two_providers_may_have_had_it_nothing_is_given_back(waiting: World) -> None:
    queue(waiting, 30)
    note(waiting, deferred=5, provider_down=5)
    pass_time(waiting, 31)
    assert by_provider(dispatched(waiting, TWO)) == {"smtp": 5, "ses": 25}  # in one claim
    queue(waiting, 3)
    assert by_provider(dispatched(waiting, TWO)) == {"ses": 3}  # in one of its own
    assert lost(waiting) == 33
    assert waiting.ask(SPENT) == 30


def test_a_task_that_comes_after_all_gives_nothing_back_again(post: Post) -> None:
    world = post.world
    session = world.add_session(THURSDAY_EVENING)
    for number in range(4):
        world.enroll(world.add_person(f"p{number}@example.org"), session)
    late = post.claim()
    assert lost(world) == 4
    post.claim()
    assert world.ask(SPENT) == 4
    assert post.deliver(late) == {"stale": 4}
    assert world.ask(SPENT) == 4


def test_a_worker_that_died_spent_only_what_may_have_left(post: Post, tmp_path: Path) -> None:
    worker = Worker(post, JournalFolder(tmp_path / "journal"))
    _, begun, accepted, declined, _ = worker.open(5)
    for each in (begun, accepted, declined):
        worker.journal.begin(each)
    worker.journal.accept(accepted, None)
    worker.journal.decline(declined)
    assert post.world.ask(SPENT) == 5
    worker.die()
    settle_from_journal(post.world.transactions, worker.folder)
    assert post.world.ask(SPENT) == 2
