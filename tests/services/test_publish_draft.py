"""Publishing and rolling back: gates, conflicts, and what becomes of whoever is in the sequence."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from funnel.domain.errors import DraftConflictError, InvalidInputError, NotFoundError
from funnel.domain.impact import Change
from funnel.domain.sequence_text import sequence_text
from funnel.domain.version_switch import PublishPolicy
from funnel.services.check_renders import RenderCheckError
from funnel.services.edit_draft import edit_draft
from funnel.services.publish_draft import PublishOrder, publish_draft
from funnel.services.read_versions import read_versions
from funnel.storage import sequences
from tests.fixtures.posting import Post, assert_balanced
from tests.fixtures.versions import (
    BY,
    FIRST,
    ONE_HOUR,
    SECOND,
    SLUG,
    WITH_BETWEEN,
    YOUR_SEAT,
    Desk,
    letter,
    with_steps,
)
from tests.fixtures.world import SHORT_SEQUENCE, TUESDAY_NOON

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
WITHOUT_FIRST = with_steps(YOUR_SEAT, ONE_HOUR, letter("later", days=1, after="your-seat"))
KEEP, MOVE, CATCH_UP, SKIP = PublishPolicy


@pytest.fixture
def desk(post: Post) -> Desk:
    return Desk(post)


def live(desk: Desk) -> sequences.SequenceRecord:
    with desk.post.world.transactions.begin() as tx:
        found = sequences.find_sequence(tx, SLUG)
    assert found is not None
    return found


def version_of(desk: Desk, run: object) -> object:
    return desk.post.world.ask(
        "select number from sequence_versions v join enrollments e on e.version_id = v.id"
        " where e.id = :run",
        run=run,
    )


def test_a_publish_is_the_next_version_and_says_who_and_why(desk: Desk) -> None:
    desk.draft(WITH_BETWEEN)
    report = desk.publish(KEEP, note="a letter more")
    assert (report.number, report.replan, live(desk).number) == (2, None, 2)
    found = read_versions(SLUG, desk.post.world.transactions)
    newest = found.versions[0]
    assert (newest.origin, newest.published_by, newest.note) == ("draft", BY, "a letter more")
    assert found.draft is None
    actions = desk.post.world.ask("select string_agg(action, ' ' order by id) from audit")
    assert actions == "draft.saved sequence.published"


def test_a_sequence_may_begin_with_its_draft(desk: Desk) -> None:
    world = desk.post.world
    fresh = replace(SHORT_SEQUENCE, slug="fresh", steps=(letter("hello", days=1),))
    world.definition = fresh
    world.publish_email("hello", "Hello.")
    saved = edit_draft("fresh", sequence_text(fresh), by=BY, transactions=world.transactions)
    assert (saved.base_number, saved.live_number) == (None, None)
    order = PublishOrder(policy=MOVE, by=BY)
    report = publish_draft("fresh", order, desk.post.delivery.builder, world.transactions)
    desk.follow()
    assert report.number == 1
    with world.transactions.begin() as tx:
        found = sequences.find_sequence(tx, "fresh")
        assert found is not None
        assert sequences.read_definition(tx, found.live_version_id) == fresh


def test_keeping_leaves_everybody_on_their_version(desk: Desk) -> None:
    world = desk.post.world
    run = world.enroll(world.add_person())
    desk.post.deliver()
    desk.draft(WITH_BETWEEN)
    assert "1 person in it keeps the version they have" in desk.impact(KEEP).sentence
    desk.publish(KEEP)
    assert version_of(desk, run) == 1
    assert world.ask("select count(*) from replans") == 0


def test_a_queued_message_of_a_removed_step_is_cancelled_and_the_run_goes_on(desk: Desk) -> None:
    world = desk.post.world
    run = world.enroll(world.add_person())
    desk.play_until(TUESDAY_NOON + 20 * HOUR)
    world.travel_to(TUESDAY_NOON + 22 * HOUR)
    claimed = desk.post.claim()  # "first" is on the queue
    assert len(claimed) == 1
    desk.draft(with_steps(YOUR_SEAT, ONE_HOUR, letter("second", days=3, after="one-hour")))
    changes = {each.key: each for each in desk.changes(MOVE)[run]}
    assert changes["first"].change is Change.REMOVED
    desk.publish(MOVE)
    assert desk.post.deliver(claimed) == {"stale": 1}
    first = next(row for row in world.messages(run) if row.step_key == "first")
    assert (first.status, first.reason) == ("cancelled", "removed from the sequence")
    desk.play_until(TUESDAY_NOON + 9 * DAY)
    assert_balanced(world)


def test_a_removed_step_in_a_workers_hands_is_cancelled_when_it_comes_back(desk: Desk) -> None:
    world = desk.post.world
    run = world.enroll(world.add_person())
    desk.play_until(TUESDAY_NOON + 20 * HOUR)
    world.travel_to(TUESDAY_NOON + 22 * HOUR)
    desk.post.claim()
    world.execute(
        "update messages set status = 'sending', lease_until = now() + interval '1 minute'"
        " where step_key = 'first'"
    )
    desk.draft(with_steps(YOUR_SEAT, ONE_HOUR))
    desk.publish(MOVE)
    assert world.statuses(run)["first"] == "sending"
    assert world.ask("select state from enrollments") == "active"
    # The server said "later": it is queued again, and the run is woken.
    world.execute("update messages set status = 'queued' where step_key = 'first'")
    world.execute("update enrollments set next_due_at = plan_now()")
    desk.post.deliver()
    assert world.statuses(run)["first"] == "cancelled"
    assert world.ask("select state from enrollments") == "completed"
    assert_balanced(world)


def test_settled_rows_of_a_removed_step_stay(desk: Desk) -> None:
    world = desk.post.world
    run = world.enroll(world.add_person())
    desk.play_until(TUESDAY_NOON + DAY)
    desk.draft(WITHOUT_FIRST)
    desk.publish(MOVE)
    assert world.statuses(run)["first"] == "accepted"
    assert_balanced(world)


def test_what_was_removed_by_mistake_comes_after_a_roll_back(desk: Desk) -> None:
    world = desk.post.world
    run = world.enroll(world.add_person())
    desk.play_until(TUESDAY_NOON + 20 * HOUR)
    world.travel_to(TUESDAY_NOON + 22 * HOUR)
    desk.post.claim()
    desk.draft(with_steps(YOUR_SEAT, ONE_HOUR, letter("later", days=9)))
    desk.publish(MOVE)
    assert world.statuses(run)["first"] == "cancelled"
    report = desk.roll_back(1, CATCH_UP)
    assert (report.number, live(desk).origin) == (3, "rollback")
    with world.transactions.begin() as tx:
        assert sequences.read_definition(tx, live(desk).live_version_id) == SHORT_SEQUENCE
    desk.play_until(TUESDAY_NOON + 9 * DAY)
    assert world.statuses(run)["first/1"] == "accepted"
    assert world.statuses(run)["second"] == "accepted"
    assert_balanced(world)


def test_who_enters_while_others_are_moved_has_the_live_version_and_stays_there(desk: Desk) -> None:
    world = desk.post.world
    old = world.enroll(world.add_person())
    desk.post.deliver()
    desk.draft(WITH_BETWEEN)
    publish_draft(
        SLUG, PublishOrder(policy=SKIP, by=BY), desk.post.delivery.builder, world.transactions
    )
    world.version_id = live(desk).live_version_id
    new = world.enroll(world.add_person("new@example.org"))
    desk.draft(with_steps(YOUR_SEAT, FIRST))
    desk.publish(KEEP)
    assert (version_of(desk, old), version_of(desk, new), live(desk).number) == (2, 2, 3)
    assert "between" not in world.statuses(new)


def test_a_newer_publish_takes_over_whom_an_unfinished_one_did_not_reach(desk: Desk) -> None:
    world = desk.post.world
    run = world.enroll(world.add_person())
    desk.post.deliver()
    desk.draft(WITH_BETWEEN)
    order = PublishOrder(policy=MOVE, by=BY)
    publish_draft(SLUG, order, desk.post.delivery.builder, world.transactions)
    assert version_of(desk, run) == 1
    desk.draft(with_steps(YOUR_SEAT, FIRST, SECOND))
    desk.publish(MOVE)
    assert version_of(desk, run) == 3
    assert world.ask("select count(*) from replans where finished_at is null") == 0


class TestConflicts:
    def test_another_version_went_live_since_the_draft_was_begun(self, desk: Desk) -> None:
        desk.draft(WITH_BETWEEN)
        with desk.post.world.transactions.begin() as tx:
            kept = live(desk)
            new = sequences.NewVersion(
                definition=with_steps(YOUR_SEAT), brand_id=kept.brand_id, checksum="x"
            )
            sequences.publish_sequence(tx, new)
        with pytest.raises(DraftConflictError, match="version 2 is live by now") as caught:
            desk.publish(KEEP)
        assert "over version 2" in caught.value.remedy
        found = read_versions(SLUG, desk.post.world.transactions)
        assert found.draft is not None
        assert found.draft.definition == WITH_BETWEEN
        assert found.versions[0].number == 2
        text = sequence_text(WITH_BETWEEN)
        edit_draft(SLUG, text, by=BY, transactions=desk.post.world.transactions, on=2)
        assert desk.publish(KEEP).number == 3

    def test_of_two_who_publish_at_once_one_does(self, desk: Desk) -> None:
        desk.draft(WITH_BETWEEN)

        def publish(_: int) -> str:
            try:
                return str(desk.publish(KEEP).number)
            except (DraftConflictError, NotFoundError) as error:
                return type(error).__name__

        with ThreadPoolExecutor(2) as pool:
            first, second = sorted(pool.map(publish, range(2)))
        assert first == "2"
        assert second in {"DraftConflictError", "NotFoundError"}
        assert live(desk).number == 2

    def test_nothing_to_publish(self, desk: Desk) -> None:
        with pytest.raises(NotFoundError):
            desk.publish(KEEP)
        desk.draft(SHORT_SEQUENCE)
        with pytest.raises(InvalidInputError, match="live already"):
            desk.publish(KEEP)

    def test_nothing_to_undo(self, desk: Desk) -> None:
        with pytest.raises(InvalidInputError, match="version 1 is live"):
            desk.roll_back(1, KEEP)
        with pytest.raises(NotFoundError, match="no version 4"):
            desk.roll_back(4, KEEP)


class TestRenderGate:
    def test_an_email_that_fails_for_one_person_stops_the_publish(self, desk: Desk) -> None:
        world = desk.post.world
        session = world.add_session(TUESDAY_NOON + 9 * DAY)
        world.enroll(world.add_person("seat@example.org"), session)
        without_seat = world.add_person("none@example.org")
        world.enroll(without_seat)
        desk.post.deliver()
        # The world's texts are younger than its sequence: here they are as old.
        world.execute("update sequence_versions set published_at = now()")
        world.publish_email("between", "See you {{ session.day }}.")
        edit = edit_draft(SLUG, sequence_text(WITH_BETWEEN), by=BY, transactions=world.transactions)
        with pytest.raises(RenderCheckError) as caught:
            desk.publish(MOVE)
        (failure,) = caught.value.check.failures
        assert (failure.step_key, failure.subscriber_id) == ("between", without_seat)
        assert "session" in failure.variable
        assert caught.value.check.emails == 2
        assert live(desk).number == edit.live_number == 1
        assert read_versions(SLUG, world.transactions).draft is not None

    def test_a_text_that_changed_since_the_live_version_is_tried_again(self, desk: Desk) -> None:
        world = desk.post.world
        world.enroll(world.add_person())
        desk.post.deliver()
        world.publish_email("second", "See you {{ session.day }}.")
        desk.draft(WITH_BETWEEN)
        with pytest.raises(RenderCheckError, match="second for person"):
            desk.publish(MOVE)

    def test_who_does_not_get_it_does_not_stop_it(self, desk: Desk) -> None:
        world = desk.post.world
        world.enroll(world.add_person(), world.add_session(TUESDAY_NOON + 30 * DAY))
        desk.play_until(TUESDAY_NOON + 4 * DAY)
        world.publish_email("between", "It closes {{ replay.ends_day }}.")
        world.publish_email("last", "Bye.")
        definition = with_steps(*WITH_BETWEEN.steps, letter("last", days=9, after="second"))
        edit_draft(SLUG, sequence_text(definition), by=BY, transactions=world.transactions)
        with pytest.raises(RenderCheckError):
            desk.publish(CATCH_UP)
        assert desk.publish(SKIP).renders.failed == 0
