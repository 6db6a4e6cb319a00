"""An email taken out of one person's run by hand: it is not sent, and nothing else changes."""

from datetime import UTC, datetime, timedelta
from threading import Thread
from uuid import UUID

import pytest

from funnel.domain.errors import InvalidInputError, NotFoundError
from funnel.domain.signup import Visitor
from funnel.services.choose_session import choose_session
from funnel.services.read_person_calendar import read_person_calendar
from funnel.services.skip_step import skip_step, undo_skip
from funnel.storage import outbox_open
from tests.fixtures.posting import Post, assert_balanced, enrolled
from tests.fixtures.world import TUESDAY_NOON, World

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
BY = "coach@example.org"


@pytest.fixture
def run(post: Post) -> UUID:
    _, run_id = enrolled(post.world)
    post.deliver()
    return run_id


def line(world: World, run: UUID, key: str) -> tuple[datetime | None, str]:
    calendar = read_person_calendar(run, world.transactions)
    return next((each.at, each.state.value) for each in calendar.lines if each.key == key)


def test_it_is_not_sent_and_what_counts_from_it_keeps_its_moment(post: Post, run: UUID) -> None:
    second = line(post.world, run, "second")
    told = skip_step(run, "first", post.world.transactions, by=BY)
    assert (told.name, told.at) == ("First", datetime(2031, 3, 5, 8, tzinfo=UTC))
    assert line(post.world, run, "first") == (told.at, "skipped")
    assert line(post.world, run, "second") == second
    for hours in range(0, 24 * 9, 12):
        post.world.travel_to(TUESDAY_NOON + hours * HOUR)
        post.deliver()
    assert post.world.statuses(run)["first"] == "skipped"
    assert post.world.statuses(run)["second"] == "accepted"
    assert post.world.ask("select data ->> 'by' from messages where step_key = 'first'") == BY
    assert_balanced(post.world)


def test_it_is_put_back_as_if_nothing_had_been(post: Post, run: UUID) -> None:
    before = read_person_calendar(run, post.world.transactions)
    skip_step(run, "first", post.world.transactions, by=BY)
    undo_skip(run, "first", post.world.transactions, by=BY)
    after = read_person_calendar(run, post.world.transactions)
    assert [(each.key, each.at, each.state, each.why) for each in after.lines] == [
        (each.key, each.at, each.state, each.why) for each in before.lines
    ]
    actions = post.world.ask(
        "select array_agg(action order by id) from audit where by = :by", by=BY
    )
    assert actions == ["email skipped", "email put back"]
    assert_balanced(post.world)
    post.world.travel_to(TUESDAY_NOON + DAY)
    post.deliver()
    assert post.world.statuses(run)["first"] == "accepted"


def test_the_last_one_skipped_ends_the_run_and_put_back_wakes_it(post: Post, run: UUID) -> None:
    for key in ("first", "one-hour", "second"):
        skip_step(run, key, post.world.transactions, by=BY)
    assert post.world.ask("select state from enrollments") == "completed"
    assert_balanced(post.world)
    undo_skip(run, "second", post.world.transactions, by=BY)
    assert post.world.ask("select state from enrollments") == "active"
    assert line(post.world, run, "second")[1] == "coming"
    assert_balanced(post.world)


def test_a_reminder_is_skipped_for_its_date_alone(post: Post, run: UUID) -> None:
    skip_step(run, "one-hour", post.world.transactions, by=BY)
    post.world.travel_to(TUESDAY_NOON + HOUR)
    post.deliver()
    assert line(post.world, run, "one-hour")[1] == "skipped"
    later = post.world.add_session(TUESDAY_NOON + 9 * DAY)
    post.world.publish_notice("session-moved")
    choose_session(run, later, Visitor(), post.world.transactions)
    calendar = read_person_calendar(run, post.world.transactions)
    states = [each.state.value for each in calendar.lines if each.key == "one-hour"]
    assert sorted(states) == ["coming", "skipped"]


def test_what_has_left_or_has_come_cannot_be_changed(post: Post, run: UUID) -> None:
    transactions = post.world.transactions
    for key in ("your-seat", "nonsense"):
        with pytest.raises(InvalidInputError, match="Nothing of this email is to come"):
            skip_step(run, key, transactions, by=BY)
    with pytest.raises(InvalidInputError, match="nothing to put back"):
        undo_skip(run, "first", transactions, by=BY)
    skip_step(run, "first", transactions, by=BY)
    with pytest.raises(InvalidInputError, match="Nothing of this email"):
        skip_step(run, "first", transactions, by=BY)  # the button of another tab
    post.world.travel_to(TUESDAY_NOON + DAY)
    with pytest.raises(InvalidInputError, match="Its moment has come"):
        undo_skip(run, "first", transactions, by=BY)
    with pytest.raises(NotFoundError):
        skip_step(post.world.sequence_id, "first", transactions, by=BY)


def test_a_queued_one_does_not_leave(post: Post, run: UUID) -> None:
    post.world.travel_to(TUESDAY_NOON + 21 * HOUR)
    batch = post.claim()
    skip_step(run, "first", post.world.transactions, by=BY)
    assert post.deliver(batch) == {"stale": 1}
    assert post.world.statuses(run)["first"] == "skipped"
    assert_balanced(post.world)


def test_one_that_a_worker_opens_at_that_moment_leaves_and_it_is_said(
    post: Post, run: UUID
) -> None:
    post.world.travel_to(TUESDAY_NOON + 21 * HOUR)
    (claimed,) = post.claim()
    version = post.world.ask("select live_version_id from templates where key = 'short/first'")
    said: list[str] = []

    def skip() -> None:
        try:
            skip_step(run, "first", post.world.transactions, by=BY)
        except InvalidInputError as error:
            said.append(str(error))

    with post.world.transactions.begin() as tx:
        assert outbox_open.lock_claimed(tx, [claimed]) == [0]
        thread = Thread(target=skip)
        thread.start()
        thread.join(0.3)  # it waits for the worker's lock
        assert isinstance(version, UUID)
        outbox_open.open_messages(
            tx, [(claimed.id, version)], owner="test", lease=timedelta(seconds=60)
        )
    thread.join(10)
    assert said == ["It is leaving at this very moment."]
    assert post.world.statuses(run)["first"] == "sending"
    assert post.world.ask("select count(*) from audit") == 0
