"""What a worker left in hand is settled by what it wrote down, and by nothing else."""

import os
import random
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from funnel.domain.errors import InvalidInputError, NotFoundError
from funnel.sending.journal import FileJournal
from funnel.sending.journal_folder import JournalFolder
from funnel.services.settle_from_journal import settle_from_journal, settle_own
from funnel.services.settle_host import list_open_hosts, settle_host
from funnel.services.sweep_messages import sweep_messages
from tests.fixtures.posting import THURSDAY_EVENING, Post, assert_balanced
from tests.fixtures.world import World

HALF_A_MINUTE = timedelta(seconds=30)


class Worker:
    """A worker that opened messages and then is gone, as far as anybody can see."""

    def __init__(self, post: Post, folder: JournalFolder) -> None:
        self.post, self.folder = post, folder
        self.journal: FileJournal = folder.new_journal(role="deliver", provider="smtp", started="")
        self.journal.hold()

    def open(self, people: int) -> list[UUID]:
        """Take so many messages in hand, as a slice does; return their ids."""
        session = self.post.world.add_session(THURSDAY_EVENING)
        for number in range(people):
            self.post.world.enroll(self.post.world.add_person(f"p{number}@example.org"), session)
        return self.open_claimed()

    def open_claimed(self) -> list[UUID]:
        ids = [each.id for each in self.post.claim()]
        self.post.world.execute(
            "update messages set status = 'sending', lease_owner = :owner, attempts = attempts + 1,"
            " lease_until = now() + interval '2 minutes', opened_at = plan_now()"
            " where id = any(:i)",
            owner=self.journal.owner,
            i=ids,
        )
        return ids

    def die(self) -> None:
        """Give the lock up as the kernel does: nothing else is done any more."""
        os.close(self.journal._fd)
        self.journal._fd = -1


@pytest.fixture
def folder(tmp_path: Path) -> JournalFolder:
    return JournalFolder(tmp_path / "journal")


@pytest.fixture
def worker(post: Post, folder: JournalFolder) -> Worker:
    return Worker(post, folder)


def statuses(world: World) -> dict[UUID, str]:
    with world.transactions.begin() as tx:
        rows = tx.connection.exec_driver_sql("select id, status from messages")
        return {row.id: row.status for row in rows}


def test_each_message_is_settled_as_its_journal_says(worker: Worker) -> None:
    world = worker.post.world
    unbegun, begun, accepted, declined = worker.open(4)
    for each in (begun, accepted, declined):
        worker.journal.begin(each)
    worker.journal.accept(accepted, "their-id")
    worker.journal.decline(declined)
    assert settle_from_journal(world.transactions, worker.folder) == {}  # it lives
    worker.die()
    settled = settle_from_journal(world.transactions, worker.folder)
    assert settled == Counter(queued=2, unknown=1, accepted=1)
    assert statuses(world) == {
        unbegun: "queued",
        begun: "unknown",
        accepted: "accepted",
        declined: "queued",
    }
    assert world.ask("select provider_id from messages where status = 'accepted'") == "their-id"
    assert world.ask("select accepted_at = opened_at from messages where status = 'accepted'")
    assert world.ask("select provider from messages where status = 'unknown'") == "smtp"
    assert world.ask("select min(attempts) from messages where status = 'queued'") == 1
    assert_balanced(world)
    assert worker.post.deliver() == {"accepted": 2}
    # The second look takes the journal away.
    settle_from_journal(world.transactions, worker.folder)
    assert worker.folder.owners() == []
    assert_balanced(world)


@pytest.mark.parametrize(
    "boot_id", ["11111111-2222-3333-4444-555555555555", ""], ids=["another", "not known"]
)
def test_after_a_power_cut_nothing_that_it_says_is_believed(worker: Worker, boot_id: str) -> None:
    world = worker.post.world
    _, accepted = worker.open(2)
    worker.journal.begin(accepted)
    worker.journal.accept(accepted, "their-id")
    worker.die()
    settled = settle_from_journal(world.transactions, worker.folder, boot_id=boot_id)
    assert settled == {"unknown": 2}
    assert_balanced(world)


def test_what_is_torn_or_spoilt_is_not_believed(worker: Worker) -> None:
    world = worker.post.world
    first, second = worker.open(2)
    worker.journal.begin(first)
    worker.journal.accept(first, None)
    raw = worker.journal.path.read_bytes()
    worker.journal.begin(second)
    worker.die()
    worker.journal.path.write_bytes(raw + b"\0" * 30)
    settled = settle_from_journal(world.transactions, worker.folder)
    assert settled == {"accepted": 1, "unknown": 1}


def test_a_commit_that_came_after_somebody_looked_is_found_by_the_second_look(
    worker: Worker,
) -> None:
    world = worker.post.world
    [message] = worker.open(1)
    world.execute("update messages set status = 'queued' where id = :id", id=message)
    worker.journal.begin(message)
    worker.die()
    assert settle_from_journal(world.transactions, worker.folder) == {}
    world.execute("update messages set status = 'sending' where id = :id", id=message)
    assert settle_from_journal(world.transactions, worker.folder) == {"unknown": 1}
    assert settle_from_journal(world.transactions, worker.folder) == {}


def test_what_kills_its_worker_each_time_ends_visibly_after_five_attempts(
    post: Post, folder: JournalFolder
) -> None:
    world = post.world
    for number in range(1, 6):
        worker = Worker(post, folder)
        assert len(worker.open(1) if number == 1 else worker.open_claimed()) == 1
        worker.die()
        settled = settle_from_journal(world.transactions, folder, chance=lambda: 0.5)
        assert settled == {"failed" if number == 5 else "queued": 1}
        apart = world.ask("select available_at > now() + interval '20 seconds' from messages")
        assert apart is (number > 1 and number < 5)
        post.retry_now()
    assert str(world.ask("select reason from messages")).startswith("gave up after 5 attempts")
    assert_balanced(world)


def test_what_kills_its_worker_while_it_is_built_ends_as_well_and_alone(
    post: Post, folder: JournalFolder
) -> None:
    world = post.world
    session = world.add_session(THURSDAY_EVENING)
    for number in range(2):
        world.enroll(world.add_person(f"p{number}@example.org"), session)
    for _ in range(5):
        worker = Worker(post, folder)
        innocent, poison = sorted(each.id for each in post.claim())
        worker.journal.take(innocent)
        worker.journal.take(poison)
        worker.die()
        settle_from_journal(world.transactions, folder)
        # The broker's loss of the rest is found after half a minute.
        world.execute("update messages set published_at = null, available_at = now()")
    assert statuses(world) == {innocent: "queued", poison: "failed"}
    assert world.ask("select attempts from messages where id = :id", id=innocent) == 0
    assert_balanced(world)


def test_nobody_settles_behind_the_back_of_a_frozen_worker(worker: Worker) -> None:
    world = worker.post.world
    worker.open(1)
    world.execute("update messages set lease_until = now() - interval '1 hour'")
    swept = sweep_messages(
        world.transactions, republish_after=HALF_A_MINUTE, journals=worker.folder
    )
    assert (swept.unknown, swept.from_journals) == (0, {})
    assert set(statuses(world).values()) == {"sending"}
    # It wakes, has nothing in hand by its own reckoning, and settles what it lost sight of.
    settle_own(world.transactions, worker.journal, owner=worker.journal.owner)
    assert set(statuses(world).values()) == {"queued"}
    assert not worker.journal.has_open_ends


def test_without_a_journal_what_is_over_its_lease_is_unknown(worker: Worker) -> None:
    world = worker.post.world
    worker.open(2)
    worker.die()
    worker.journal.path.unlink()
    fresh = sweep_messages(
        world.transactions, republish_after=HALF_A_MINUTE, journals=worker.folder
    )
    assert fresh.unknown == 0  # its lease runs
    world.execute("update messages set lease_until = now() - interval '1 second'")
    swept = sweep_messages(
        world.transactions, republish_after=HALF_A_MINUTE, journals=worker.folder
    )
    assert swept.unknown == 2
    assert_balanced(world)


def test_what_another_machine_has_is_settled_only_when_a_person_gives_it_up(
    worker: Worker, tmp_path: Path
) -> None:
    world = worker.post.world
    worker.open(2)
    worker.die()
    world.execute("update messages set lease_until = now() - interval '1 hour'")
    elsewhere = JournalFolder(tmp_path / "another machine")
    swept = sweep_messages(world.transactions, republish_after=HALF_A_MINUTE, journals=elsewhere)
    assert swept.unknown == 0
    [host] = list_open_hosts(world.transactions)
    assert (host.host_id, host.messages, host.expired) == (worker.folder.host_id(), 2, 2)
    with pytest.raises(InvalidInputError, match="that is this machine"):
        settle_host(
            host.host_id,
            world.transactions,
            by="ops",
            is_dry_run=False,
            own_host_id=worker.folder.host_id(),
        )
    with pytest.raises(NotFoundError):
        settle_host("0" * 32, world.transactions, by="ops", is_dry_run=False)
    dry = settle_host(host.host_id, world.transactions, by="ops", is_dry_run=True)
    assert (dry.messages, set(statuses(world).values())) == (2, {"sending"})
    done = settle_host(host.host_id, world.transactions, by="ops", is_dry_run=False)
    assert (done.messages, set(statuses(world).values())) == (2, {"unknown"})
    assert world.ask("select by || ': ' || action from audit") == "ops: host given up"
    assert_balanced(world)


def test_several_sweepers_settle_each_message_once(worker: Worker) -> None:
    world = worker.post.world
    first, *_ = worker.open(6)
    worker.journal.begin(first)
    worker.die()
    with ThreadPoolExecutor(4) as pool:
        found = [
            pool.submit(settle_from_journal, world.transactions, worker.folder) for _ in range(4)
        ]
        total = sum((each.result() for each in found), Counter[str]())
    assert total == Counter(queued=5, unknown=1)
    assert_balanced(world)


def test_any_crash_at_any_record_loses_and_doubles_nothing(
    post: Post, folder: JournalFolder
) -> None:
    """Whatever a slice had come to: what the other side has is never queued again."""
    world = post.world
    chance = random.Random(6)  # noqa: S311  (a seed, no secret)
    worker = Worker(post, folder)
    ids = worker.open(12)
    begun: set[UUID] = set()
    answered: dict[UUID, Callable[[UUID], None]] = {}
    for message in chance.sample(ids, 9):
        worker.journal.begin(message)
        begun.add(message)
        if chance.random() < 0.7:
            is_yes = chance.random() < 0.6
            say = (lambda m: worker.journal.accept(m, "x")) if is_yes else worker.journal.decline
            say(message)
            answered[message] = say
    worker.die()
    settle_from_journal(world.transactions, folder)
    ended = statuses(world)
    for message in ids:
        if message not in begun:
            assert ended[message] == "queued"
        elif message not in answered:
            assert ended[message] == "unknown"
        else:
            expected = "queued" if answered[message] == worker.journal.decline else "accepted"
            assert ended[message] == expected
    assert_balanced(world)
