"""Sending: asked again under the lock, each outcome recorded once, whatever the server says."""

from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default

import pytest

from funnel.services.sweep_messages import sweep_messages
from funnel.storage.outbox import Claimed
from tests.fixtures.posting import THURSDAY_EVENING, Post, assert_balanced, enrolled
from tests.sending.scripted_server import hang_up, reset, say

HARD_REFUSAL = "550 5.1.1 no such mailbox"


def test_a_due_email_arrives_whole_and_its_row_says_when(post: Post) -> None:
    _, run = enrolled(post.world)
    assert post.deliver() == {"accepted": 1}
    row = post.world.messages(run)[0]
    assert row.status == "accepted"
    assert row.accepted_at is not None
    assert timedelta(0) <= row.accepted_at - row.due_at < timedelta(minutes=1)
    mail = message_from_bytes(post.server.accepted[0], policy=default)
    assert mail["Subject"] == "Subject of your-seat"
    assert mail["To"] == "Ana <ana@example.org>"
    assert mail["Message-ID"] == f"<{row.id}@example.org>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["List-Id"] == "<seat.short.example.org>"
    assert "Hello Ana," in mail.get_body(("plain",)).get_content()
    assert_balanced(post.world)


def test_a_batch_that_comes_twice_or_late_sends_once(post: Post) -> None:
    enrolled(post.world)
    batch = post.claim()
    assert post.deliver(batch) == {"accepted": 1}
    assert post.deliver(batch) == {"stale": 1}
    assert post.deliver([Claimed(batch[0].id, batch[0].epoch - 1)]) == {"stale": 1}
    assert len(post.server.accepted) == 1


def test_what_the_broker_lost_leaves_under_a_new_epoch_and_the_old_task_does_nothing(
    post: Post,
) -> None:
    enrolled(post.world)
    lost = post.claim()
    assert post.claim() == []
    post.world.execute("update messages set published_at = now() - interval '31 seconds'")
    sweep_messages(post.world.transactions, republish_after=timedelta(seconds=30))
    again = post.claim()
    assert [each.id for each in again] == [each.id for each in lost]
    assert post.deliver(lost) == {"stale": 1}
    assert post.deliver(again) == {"accepted": 1}


@pytest.mark.parametrize(
    ("statement", "status", "reason"),
    [
        (
            "update subscribers set wants_seat_emails = false",
            "skipped",
            "stopped before it left",
        ),
        (
            "insert into suppressions (email_key, reason) values ('ana@example.org', 'complained')",
            "skipped",
            "the address is on the do-not-email list: complained",
        ),
        ("update enrollments set state = 'left'", "cancelled", "left"),
    ],
)
def test_what_is_no_longer_wanted_does_not_leave(
    post: Post, statement: str, status: str, reason: str
) -> None:
    _, run = enrolled(post.world)
    batch = post.claim()
    post.world.execute(statement)
    assert post.deliver(batch) == {status: 1}
    assert post.server.accepted == []
    row = post.world.messages(run)[0]
    assert (row.status, row.reason) == (status, reason)


@pytest.mark.parametrize(
    ("statement", "then"),
    [
        (
            "insert into pauses (scope, reason, by) values ('all', 'wrong link', 'ops')",
            "given back",
        ),
        ("update enrollments set plan_revision = plan_revision + 1", "to plan anew"),
    ],
)
def test_what_is_paused_or_planned_anew_is_given_back(
    post: Post, statement: str, then: str
) -> None:
    _, run = enrolled(post.world)
    batch = post.claim()
    post.world.execute(statement)
    assert post.deliver(batch) == {then: 1}
    row = post.world.messages(run)[0]
    assert (row.status, row.published_at) == ("queued", None)
    assert post.server.accepted == []


@pytest.mark.parametrize(
    ("post", "outcome", "reason"),
    [
        ({"RCPT": [say("450 4.2.1 later")]}, "queued", "4.2.1"),
        ({"dot": [say("451 4.3.0 busy")]}, "queued", "4.3.0"),
        ({"connect": [hang_up]}, "queued", ""),
        ({"RCPT": [say(HARD_REFUSAL)]}, "failed", "5.1.1"),
        ({"dot": [say("554 5.7.1 spam")]}, "failed", "5.7.1"),
        ({"dot": [reset]}, "unknown", ""),
        ({"dot": [hang_up]}, "unknown", ""),
    ],
    indirect=["post"],
    ids=["rcpt 4xx", "dot 4xx", "connect", "rcpt 550", "dot 554", "reset after", "closed after"],
)
def test_each_outcome_has_its_state(post: Post, outcome: str, reason: str) -> None:
    _, run = enrolled(post.world)
    assert post.deliver() == {outcome: 1}
    row = post.world.messages(run)[0]
    assert row.status == outcome
    assert row.reason and reason in row.reason
    assert_balanced(post.world)


@pytest.mark.parametrize("post", [{"dot": [hang_up]}], indirect=True)
def test_an_unknown_message_is_never_sent_again_by_itself(post: Post) -> None:
    enrolled(post.world)
    post.deliver()
    post.world.travel_to(THURSDAY_EVENING - timedelta(hours=30))
    post.retry_now()
    sweep_messages(post.world.transactions, republish_after=timedelta(seconds=0))
    assert "unknown" not in post.deliver()
    assert sum(b"Subject of your-seat" in each for each in post.server.handed_over) == 1


@pytest.mark.parametrize("post", [{"dot": [say("451 busy")] * 2}], indirect=True)
def test_a_retry_makes_the_same_bytes(post: Post) -> None:
    enrolled(post.world)
    for _ in range(2):
        assert post.deliver() == {"queued": 1}
        post.world.execute("update subscribers set first_name = 'Somebody else'")
        post.retry_now()
    assert post.deliver() == {"accepted": 1}
    assert len(set(post.server.handed_over)) == 1


@pytest.mark.parametrize("post", [{"RCPT": [say("450 later")] * 9}], indirect=True)
def test_a_message_that_never_leaves_ends_visibly_after_five_attempts(post: Post) -> None:
    _, run = enrolled(post.world)
    for _ in range(7):
        post.deliver()
        post.retry_now()
    row = post.world.messages(run)[0]
    assert (row.status, row.attempts) == ("failed", 5)
    assert row.reason and row.reason.startswith("gave up after 5 attempts")


@pytest.mark.parametrize("post", [{"RCPT": [say(HARD_REFUSAL)]}], indirect=True)
def test_a_dead_address_is_not_written_to_again(post: Post) -> None:
    _, run = enrolled(post.world)
    post.deliver()
    assert post.world.ask("select reason from suppressions") == "bounced"
    post.world.travel_to(datetime(2031, 3, 5, 8, 0, 1, tzinfo=UTC))
    assert post.deliver() == {"skipped": 1}
    assert post.world.statuses(run)["first"] == "skipped"


def test_a_missing_value_fails_that_message_by_name_and_the_rest_goes_on(post: Post) -> None:
    post.world.publish_email("first", "On {{ session.day }}.")
    without_seat = post.world.enroll(post.world.add_person("ben@example.org"), None)
    _, with_seat = enrolled(post.world)
    post.deliver()
    post.world.travel_to(datetime(2031, 3, 5, 8, 0, 1, tzinfo=UTC))
    assert post.deliver() == {"failed": 1, "accepted": 1}
    failed = post.world.messages(without_seat)[0]
    assert failed.reason and "session.day" in failed.reason
    assert post.world.statuses(with_seat)["first"] == "accepted"
    assert_balanced(post.world)


def test_a_changed_text_reaches_everybody_from_the_next_open(post: Post) -> None:
    enrolled(post.world)
    batch = post.claim()
    post.world.publish_email("your-seat", "Changed meanwhile.", layout="service")
    post.deliver(batch)
    assert b"Changed meanwhile." in post.server.accepted[0]


def test_a_worker_that_died_while_sending_leaves_one_unknown(post: Post) -> None:
    _, run = enrolled(post.world)
    post.claim()
    post.world.execute(
        "update messages set status = 'sending', lease_until = now() - interval '1 second'"
    )
    swept = sweep_messages(post.world.transactions, republish_after=timedelta(seconds=30))
    assert swept.unknown == 1
    row = post.world.messages(run)[0]
    assert (row.status, row.reason) == ("unknown", "the worker was lost while it sent")
    assert post.claim() == []
    assert_balanced(post.world)


def test_a_run_completes_when_its_last_message_is_settled(post: Post) -> None:
    _, run = enrolled(post.world)
    moment = THURSDAY_EVENING - timedelta(days=2)
    for _ in range(40):
        post.deliver()
        moment += timedelta(hours=6)
        post.world.travel_to(moment)
    post.deliver()
    post.deliver()
    assert post.world.ask("select state from enrollments") == "completed"
    assert set(post.world.statuses(run).values()) <= {"accepted", "skipped"}
    assert_balanced(post.world)
