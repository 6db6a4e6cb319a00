"""A slice of messages at once: each for itself, whoever interferes, in whatever order."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from threading import Event, Thread
from uuid import UUID

import pytest
from sqlalchemy.exc import OperationalError

from funnel.domain.failure import FailureKind
from funnel.sending.journal import UnwrittenJournal
from funnel.sending.mailer import (
    NO_JOURNAL,
    Journal,
    MayBegin,
    Outcome,
    OutcomeStatus,
    OutgoingEmail,
)
from funnel.services import record_outcomes
from funnel.services.deliver_batch import deliver_batch
from funnel.storage.outbox import Claimed
from funnel.storage.transaction import Transactions, open_database
from tests.fixtures.away import Away
from tests.fixtures.carrying import Carrier, HandClock, accepted
from tests.fixtures.posting import THURSDAY_EVENING, Post, assert_balanced

NOBODY = UUID(int=0)


@pytest.fixture
def carrier(post: Post) -> Carrier:
    """The worker's mailer; sending is known to be fast, so a slice is as large as its batch."""
    carrier = Carrier()
    post.delivery.mailer = carrier
    post.delivery.pace.per_second = 1000.0
    return carrier


def claim(post: Post, people: int) -> list[Claimed]:
    """Enrol so many, p0 to pN, and claim their first email; in the order of their addresses."""
    session = post.world.add_session(THURSDAY_EVENING)
    for number in range(people):
        post.world.enroll(post.world.add_person(f"p{number}@example.org"), session)
    claimed = {each.id: each for each in post.claim()}
    return [claimed[message_of(post, f"p{number}@example.org")] for number in range(people)]


def message_of(post: Post, address: str) -> UUID:
    found = post.world.ask(
        "select m.id from messages m join subscribers p on p.id = m.subscriber_id"
        " where p.email = :address",
        address=address,
    )
    assert isinstance(found, UUID)
    return found


def status_of(post: Post, address: str) -> object:
    return post.world.ask(
        "select status from messages where id = :id", id=message_of(post, address)
    )


def failing(status: OutcomeStatus, failure: FailureKind, **more: object) -> Outcome:
    return Outcome(
        message_id=NOBODY,
        status=status,
        elapsed=timedelta(0),
        code="450",
        reason="no",
        failure=failure,
        **more,  # type: ignore[arg-type]  # the test's own values
    )


def test_one_that_cannot_be_built_fails_alone(post: Post, carrier: Carrier) -> None:
    batch = claim(post, 5)
    post.world.execute(
        "update subscribers set zone = 'No/Where', confirmed_at = plan_now()"
        " where email = 'p2@example.org'"
    )
    assert post.deliver(batch) == {"accepted": 4, "failed": 1}
    assert status_of(post, "p2@example.org") == "failed"
    assert carrier.calls == [4]
    assert_balanced(post.world)


def test_who_unsubscribes_between_the_reading_and_the_open_gets_nothing(
    post: Post, carrier: Carrier
) -> None:
    batch = claim(post, 5)

    class WhileItIsBuilt(UnwrittenJournal):
        """Is told of each message that is being built: after the reading, before the open."""

        def take(self, message_id: UUID) -> None:
            post.world.execute(
                "update subscribers set wants_seat_emails = false where email = 'p3@example.org'"
            )

    post.delivery.journal = WhileItIsBuilt()
    assert post.deliver(batch) == {"accepted": 4, "skipped": 1}
    assert "p3@example.org" not in carrier.taken
    assert status_of(post, "p3@example.org") == "skipped"
    assert_balanced(post.world)


def test_an_unsubscribe_that_holds_the_locks_is_waited_for_and_honoured(
    post: Post, carrier: Carrier
) -> None:
    """The open waits for the message's row; what was committed meanwhile counts."""
    batch = claim(post, 3)
    is_locked, may_commit = Event(), Event()

    def unsubscribe() -> None:
        with post.world.transactions.begin() as tx:
            tx.connection.exec_driver_sql(
                "insert into suppressions (email_key, reason)"
                " values ('p1@example.org', 'unsubscribed')"
            )
            tx.connection.exec_driver_sql("select from messages for update")
            is_locked.set()
            may_commit.wait(10)

    other = Thread(target=unsubscribe)
    other.start()
    assert is_locked.wait(10)
    transactions = open_database(post.world.url, pool_size=2)
    post.delivery.transactions = transactions
    sending = Thread(target=lambda: post.deliver(batch))
    sending.start()
    sending.join(0.5)
    may_commit.set()
    other.join()
    sending.join(20)
    transactions.close()
    assert sorted(carrier.taken) == ["p0@example.org", "p2@example.org"]
    assert status_of(post, "p1@example.org") == "skipped"


def test_two_workers_with_the_same_batch_send_each_once(post: Post) -> None:
    batch = claim(post, 40)
    carriers = [Carrier(), Carrier()]
    tallies: list[dict[str, int]] = []

    def work(carrier: Carrier, transactions: Transactions) -> None:
        other = Post(post.world, post.server)
        other.delivery.mailer, other.delivery.transactions = carrier, transactions
        tallies.append(dict(deliver_batch(batch, other.delivery)))

    transactions = open_database(post.world.url, pool_size=4)
    threads = [Thread(target=work, args=(each, transactions)) for each in carriers]
    for each in threads:
        each.start()
    for each in threads:
        each.join(30)
    transactions.close()
    taken = carriers[0].taken + carriers[1].taken
    assert len(taken) == len(set(taken)) == 40
    assert sum(each.get("accepted", 0) for each in tallies) == 40
    assert sum(each.get("stale", 0) for each in tallies) == 40
    assert_balanced(post.world)


def test_a_message_that_stands_twice_in_a_batch_leaves_once(post: Post, carrier: Carrier) -> None:
    batch = claim(post, 2)
    late = Claimed(batch[0].id, batch[0].epoch - 1)
    assert post.deliver([batch[0], late, batch[1], batch[0]]) == {"accepted": 2, "stale": 1}
    assert len(carrier.taken) == 2


def test_what_went_back_to_wait_is_not_opened_by_its_old_task(post: Post, carrier: Carrier) -> None:
    batch = claim(post, 1)
    carrier.ends["p0@example.org"] = failing(OutcomeStatus.DEFERRED, FailureKind.GREYLISTED)
    assert post.deliver(batch) == {"queued": 1}
    assert post.deliver(batch) == {"stale": 1}  # the same epoch still, and not on the queue
    assert post.world.ask("select attempts from messages") == 1


def test_outcomes_come_in_any_order(post: Post, carrier: Carrier) -> None:
    batch = claim(post, 7)
    carrier.in_order = lambda emails: sorted(emails, key=lambda each: each.to_address, reverse=True)
    carrier.ends = {
        "p1@example.org": failing(OutcomeStatus.REFUSED, FailureKind.CONTENT),
        "p3@example.org": failing(OutcomeStatus.UNKNOWN, FailureKind.OTHER),
        "p5@example.org": failing(OutcomeStatus.DEFERRED, FailureKind.MAILBOX_FULL),
    }
    assert post.deliver(batch) == {"accepted": 4, "failed": 1, "unknown": 1, "queued": 1}
    statuses = [status_of(post, f"p{number}@example.org") for number in range(7)]
    expected = ["accepted", "failed", "accepted", "unknown", "accepted", "queued", "accepted"]
    assert statuses == expected
    kept = "select count(*) from messages where context is not null and status = :status"
    assert [post.world.ask(kept, status=each) for each in ("unknown", "queued", "accepted")] == [
        1,
        1,
        0,
    ]
    assert_balanced(post.world)


def test_dead_addresses_of_a_flush_are_suppressed(post: Post, carrier: Carrier) -> None:
    batch = claim(post, 3)
    dead = failing(OutcomeStatus.REFUSED, FailureKind.ADDRESS_DEAD, is_address_dead=True)
    carrier.ends = {"p0@example.org": dead, "p2@example.org": dead}
    assert post.deliver(batch) == {"accepted": 1, "failed": 2}
    assert post.world.ask("select count(*) from suppressions where reason = 'bounced'") == 2


def test_outcomes_are_written_fifty_at_a_time_or_when_the_first_is_old(
    post: Post, carrier: Carrier
) -> None:
    batch = claim(post, 120)
    clock = HandClock()
    post.delivery.monotonic = clock
    recorded: list[object] = []

    def look(_: OutgoingEmail) -> None:
        number = len(carrier.taken)
        if number == 110:
            clock.pass_by(0.11)
        if number in (50, 51, 101, 110, 112):
            recorded.append(
                post.world.ask("select count(*) from messages where status = 'accepted'")
            )

    carrier.after = look
    assert post.deliver(batch) == {"accepted": 120}
    # Asked before the outcome of the 50th, 51st, 101st, 110th and 112th is told.
    assert recorded == [0, 50, 100, 100, 110]
    assert_balanced(post.world)


def test_a_slice_is_worth_two_seconds_and_no_smaller_than_the_connections(
    post: Post, carrier: Carrier
) -> None:
    batch = claim(post, 60)
    clock = HandClock()
    post.delivery.monotonic = clock
    post.delivery.pace.per_second = None
    carrier.after = lambda _: clock.pass_by(0.1)
    assert post.deliver(batch) == {"accepted": 60}
    assert carrier.calls[0] == 8  # nothing is known yet
    assert max(carrier.calls[1:]) == 15  # ten a second, and a margin
    assert max(carrier.calls) * 0.1 <= 2.0


def test_what_has_not_begun_two_seconds_after_its_open_is_looked_at_again(
    post: Post, carrier: Carrier
) -> None:
    batch = claim(post, 12)
    clock = HandClock()
    post.delivery.monotonic = clock

    def stall(email: OutgoingEmail) -> None:
        clock.pass_by(0.5)
        if len(carrier.taken) == 2:
            post.world.execute("update subscribers set wants_seat_emails = false")

    carrier.after = stall
    # Four begin within two seconds; the others are asked anew, and nobody wants them any more.
    assert post.deliver(batch) == {"accepted": 4, "skipped": 8}
    assert post.world.ask("select max(attempts) from messages where status = 'skipped'") == 0
    assert_balanced(post.world)


def test_a_batch_whose_time_is_up_gives_the_rest_back(post: Post, carrier: Carrier) -> None:
    batch = claim(post, 9)
    clock = HandClock()
    post.delivery.monotonic = clock
    carrier.after = lambda _: clock.pass_by(11)
    assert post.deliver(batch) == {"accepted": 1, "given back": 8}
    assert post.world.ask("select count(*) from messages where attempts = 0") == 8
    assert post.world.ask("select count(*) from messages where published_at is null") == 8
    carrier.after = lambda _: None
    assert post.deliver() == {"accepted": 8}
    assert len(set(carrier.taken)) == len(carrier.taken) == 9


def test_a_frozen_worker_whose_lease_is_over_does_not_hand_over(
    post: Post, carrier: Carrier
) -> None:
    batch = claim(post, 2)
    clock = HandClock()
    post.delivery.monotonic = clock
    carrier.before = lambda _: clock.pass_by(500)
    assert post.deliver(batch) == {"given back": 2}
    assert carrier.taken == []
    carrier.before = lambda _: None
    assert post.deliver() == {"accepted": 2}


def test_a_server_that_is_slow_to_say_yes_is_waited_for(post: Post, carrier: Carrier) -> None:
    batch = claim(post, 1)
    clock = HandClock()
    post.delivery.monotonic = clock
    asked: list[bool] = []

    class SlowToSayYes(Carrier):
        """Asks again before the final dot, five seconds after it began."""

        def send_all(
            self,
            emails: Sequence[OutgoingEmail],
            *,
            may_begin: MayBegin,
            journal: Journal = NO_JOURNAL,
        ) -> Iterator[Outcome]:
            for email in emails:
                asked.append(may_begin(email.message_id))
                clock.pass_by(5)
                asked.append(may_begin(email.message_id))
                yield accepted(email.message_id)

    post.delivery.mailer = SlowToSayYes()
    assert post.deliver(batch) == {"accepted": 1}
    assert asked == [True, True]


def test_the_order_to_end_stops_a_batch_between_two_messages(post: Post, carrier: Carrier) -> None:
    batch = claim(post, 6)
    post.delivery.is_draining = lambda: len(carrier.taken) >= 2
    assert post.deliver(batch) == {"accepted": 2, "given back": 4}
    assert post.deliver() == {"given back": 4}  # nothing is even read
    assert len(carrier.calls) == 1
    post.delivery.is_draining = lambda: False
    assert post.deliver() == {"accepted": 4}


def test_being_told_to_slow_down_never_uses_a_message_up(post: Post, carrier: Carrier) -> None:
    claim(post, 1)
    carrier.ends["p0@example.org"] = failing(OutcomeStatus.DEFERRED, FailureKind.RATE)
    for _ in range(9):
        post.world.execute("update messages set published_at = null")
        post.retry_now()
        assert post.deliver() == {"queued": 1}
    assert post.world.ask("select attempts from messages") == 4
    assert post.world.ask("select available_at > now() + interval '20 minutes' from messages")
    del carrier.ends["p0@example.org"]
    post.retry_now()
    assert post.deliver() == {"accepted": 1}


def test_a_provider_that_is_down_ends_the_batch_and_costs_no_attempt_of_the_rest(
    post: Post, carrier: Carrier
) -> None:
    batch = claim(post, 6)
    down = failing(OutcomeStatus.DEFERRED, FailureKind.PROVIDER_DOWN)
    carrier.in_order = lambda emails: sorted(emails, key=lambda each: each.to_address)
    carrier.ends["p1@example.org"] = down
    assert post.deliver(batch) == {"accepted": 1, "queued": 1, "given back": 4}
    assert post.world.ask("select count(*) from messages where attempts = 0") == 5
    waits = post.world.ask(
        "select count(*) from messages where status = 'queued' and available_at > now()"
    )
    assert waits == 5


@pytest.mark.parametrize("calls", [3, 30], ids=["soon back", "back after a while"])
def test_a_database_that_goes_away_in_the_middle_doubles_and_loses_nothing(
    post: Post, carrier: Carrier, monkeypatch: pytest.MonkeyPatch, calls: int
) -> None:
    batch = claim(post, 80)
    monkeypatch.setattr(record_outcomes, "_RECORD_AGAIN_AFTER", (0.05,) * 5)
    away = Away(post.delivery, calls)
    carrier.after = lambda _: away.leave() if len(carrier.taken) == 45 else None
    if calls < 5:
        assert post.deliver(batch) == {"accepted": 80}
        assert carrier.calls == [80, 30]  # once it was missed, nothing more began
    else:
        with pytest.raises(OperationalError):
            post.deliver(batch)
        away.come_back()
        assert len(carrier.taken) == 50
        assert post.deliver([]) == {}  # the next batch writes first what is left over
        assert post.world.ask("select count(*) from messages where status = 'accepted'") == 50
        post.world.execute("update messages set published_at = null where status = 'queued'")
        assert post.deliver() == {"accepted": 30}
    assert len(set(carrier.taken)) == len(carrier.taken) == 80
    assert_balanced(post.world)
