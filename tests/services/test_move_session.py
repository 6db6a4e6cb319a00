"""A session that moves: what is refused, and that its people follow and are told once."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest

from funnel.domain.errors import InvalidInputError, NotFoundError
from funnel.services.cancel_session import cancel_session
from funnel.services.continue_replans import continue_replans
from funnel.services.move_session import move_session
from funnel.services.preview_session_move import preview_session_move
from funnel.storage.replans import Replan
from tests.fixtures.posting import Post, assert_balanced, enrolled
from tests.fixtures.signups import Door
from tests.fixtures.world import TUESDAY_NOON, World

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
THURSDAY = TUESDAY_NOON + 2 * DAY
FRIDAY = TUESDAY_NOON + 3 * DAY
MONDAY = TUESDAY_NOON + 6 * DAY


@pytest.fixture
def session(world: World) -> UUID:
    return world.add_session(THURSDAY)


def move(world: World, session: UUID, to: datetime, **values: object) -> Replan:
    return move_session(session, to, by="test", transactions=world.transactions, **values)  # type: ignore[arg-type]


def told(world: World) -> list[tuple[str, str]]:
    """Return what session-moved notices say that are not given up: former and new start."""
    with world.transactions.begin() as tx:
        rows = tx.connection.exec_driver_sql(
            "select data -> 'former' ->> 'starts_at', data -> 'told' ->> 'starts_at' from messages"
            " where template_key = 'notices/session-moved' and status <> 'skipped' order by 2, 1"
        )
        return [(row[0], row[1]) for row in rows]


class TestRefused:
    @pytest.mark.parametrize(
        ("field", "to", "values"),
        [
            ("start", TUESDAY_NOON - MINUTE, {}),
            ("start", TUESDAY_NOON + 4 * 366 * DAY, {}),
            ("start", FRIDAY.replace(tzinfo=None), {}),
            ("length", FRIDAY, {"length": 25 * HOUR}),
            ("length", FRIDAY, {"length": timedelta(0)}),
        ],
    )
    def test_what_cannot_be_held(
        self, world: World, session: UUID, field: str, to: datetime, values: dict[str, object]
    ) -> None:
        with pytest.raises(InvalidInputError) as caught:
            move(world, session, to, **values)
        assert (caught.value.field, bool(caught.value.remedy)) == (field, True)
        assert world.ask("select count(*) from replans") == 0

    def test_on_top_of_another_one_but_not_of_itself(self, world: World, session: UUID) -> None:
        world.add_session(FRIDAY)
        for attempt in (move, preview):
            with pytest.raises(InvalidInputError):
                attempt(world, session, FRIDAY + HOUR)
        assert move(world, session, THURSDAY + HOUR).kind == "session moved"

    def test_once_begun_or_cancelled(self, world: World, session: UUID) -> None:
        other = world.add_session(MONDAY)
        cancel_session(other, world.transactions)
        with pytest.raises(InvalidInputError, match="cancelled"):
            move(world, other, MONDAY + DAY)
        world.travel_to(THURSDAY)
        with pytest.raises(InvalidInputError, match="begun"):
            move(world, session, FRIDAY)

    def test_no_such_session(self, world: World) -> None:
        with pytest.raises(NotFoundError):
            move(world, uuid4(), FRIDAY)

    def test_a_replay_that_would_end_before_it(self, world: World, session: UUID) -> None:
        world.execute("update sessions set replay_ends_at = :at", at=FRIDAY)
        with pytest.raises(InvalidInputError) as caught:
            move(world, session, FRIDAY)
        assert caught.value.field == "replay_ends_at"


def preview(world: World, session: UUID, to: datetime) -> object:
    return preview_session_move(session, to, world.transactions)


def test_the_same_moment_changes_nothing(world: World, session: UUID) -> None:
    assert move(world, session, THURSDAY).is_finished
    assert world.ask("select count(*) from replans") == 0
    begun = move(world, session, FRIDAY)
    assert move(world, session, FRIDAY).id == begun.id


class TestFollowing:
    def test_plan_calendar_and_notice_follow(self, door: Door, session: UUID) -> None:
        world = door.world
        run = door.seat(session=session).enrollment_id
        before = world.ask("select calendar_revision from enrollments")
        replan = move(world, session, FRIDAY)
        assert (replan.total, replan.done, replan.is_finished) == (1, 0, False)
        done = continue_replans(world.transactions)
        assert done is not None
        assert (done.total, done.done, done.is_finished) == (1, 1, True)
        assert continue_replans(world.transactions) is None
        assert world.ask("select calendar_revision from enrollments") == before + 1  # type: ignore[operator]
        assert told(world) == [(THURSDAY.isoformat(), FRIDAY.isoformat())]
        assert world.ask("select ends_at - starts_at from sessions") == timedelta(minutes=90)
        world.travel_to(FRIDAY - HOUR)
        assert world.statuses(run)["your-seat"] == "queued"

    def test_who_comes_after_the_move_is_not_told(self, door: Door, session: UUID) -> None:
        world = door.world
        move(world, session, FRIDAY)
        door.seat("late@example.org", session)
        continue_replans(world.transactions)
        assert told(world) == []

    def test_who_has_left_is_not_told(self, door: Door, session: UUID) -> None:
        world = door.world
        door.seat(session=session)
        world.execute(
            "update enrollments set state = 'left', next_due_at = null, waiting_for = null"
        )
        move(world, session, FRIDAY)
        done = continue_replans(world.transactions)
        assert done is not None and done.is_finished
        assert told(world) == []

    def test_a_new_length_alone_is_planned_and_not_told(self, door: Door, session: UUID) -> None:
        door.seat(session=session)
        replan = move(door.world, session, THURSDAY, length=2 * HOUR)
        assert replan.total == 1
        continue_replans(door.world.transactions)
        assert told(door.world) == []

    def test_a_completed_run_is_woken_for_its_reminders(self, door: Door, session: UUID) -> None:
        world = door.world
        run = door.seat(session=session).enrollment_id
        world.execute(
            "update enrollments set state = 'completed', next_due_at = null,"
            " ended_at = plan_now(), waiting_for = null"
        )
        move(world, session, FRIDAY)
        continue_replans(world.transactions)
        assert world.ask("select state from enrollments where id = :id", id=run) == "active"
        assert world.ask("select ended_at from enrollments where id = :id", id=run) is None


class TestTwoMoves:
    def test_who_was_not_told_yet_is_told_once_of_the_newest(
        self, door: Door, session: UUID
    ) -> None:
        world = door.world
        door.seat(session=session)
        first = move(world, session, FRIDAY)
        second = move(world, session, MONDAY)
        continue_replans(world.transactions)
        assert told(world) == [(THURSDAY.isoformat(), MONDAY.isoformat())]
        assert world.ask("select finished_at is not null from replans where id = :id", id=first.id)
        assert world.ask("select done from replans where id = :id", id=second.id) == 1

    def test_a_notice_that_has_not_left_is_taken_over(self, door: Door, session: UUID) -> None:
        world = door.world
        door.seat(session=session)
        move(world, session, FRIDAY)
        continue_replans(world.transactions)
        move(world, session, MONDAY)
        continue_replans(world.transactions)
        assert told(world) == [(THURSDAY.isoformat(), MONDAY.isoformat())]

    def test_who_was_told_hears_of_the_date_they_know(self, door: Door, session: UUID) -> None:
        world = door.world
        door.seat(session=session)
        move(world, session, FRIDAY)
        continue_replans(world.transactions)
        world.execute(
            "update messages set status = 'unknown', reason = 'test', settled_at = plan_now()"
            " where template_key = 'notices/session-moved'"
        )
        move(world, session, MONDAY)
        continue_replans(world.transactions)
        assert told(world) == [
            (THURSDAY.isoformat(), FRIDAY.isoformat()),
            (FRIDAY.isoformat(), MONDAY.isoformat()),
        ]

    def test_there_and_back_is_no_news(self, door: Door, session: UUID) -> None:
        world = door.world
        door.seat(session=session)
        move(world, session, FRIDAY)
        continue_replans(world.transactions)
        move(world, session, THURSDAY)
        continue_replans(world.transactions)
        assert told(world) == []

    def test_a_call_off_speaks_of_the_date_that_was_known(self, door: Door, session: UUID) -> None:
        world = door.world
        door.seat(session=session)
        move(world, session, FRIDAY)
        cancel_session(session, world.transactions)
        continue_replans(world.transactions)
        assert told(world) == []
        assert (
            world.ask(
                "select data -> 'former' ->> 'starts_at' from messages"
                " where template_key = 'notices/session-cancelled'"
            )
            == THURSDAY.isoformat()
        )


class TestTheOpen:
    """Nothing leaves for a date that was given up, also before the replan reached its run."""

    @pytest.fixture
    def queued(self, post: Post) -> tuple[UUID, UUID]:
        world = post.world
        _, run = enrolled(world)
        session = world.ask("select session_id from enrollments")
        assert isinstance(session, UUID)
        post.deliver()
        starts_at = world.ask("select starts_at from sessions")
        assert isinstance(starts_at, datetime)
        world.travel_to(starts_at - HOUR)
        return run, session

    def test_a_reminder_follows_though_nobody_replanned(
        self, post: Post, queued: tuple[UUID, UUID]
    ) -> None:
        world, (run, session) = post.world, queued
        claimed = post.claim()
        assert world.statuses(run)["one-hour"] == "queued"
        starts_at = world.ask("select starts_at from sessions")
        assert isinstance(starts_at, datetime)
        sent = len(post.server.handed_over)
        move(world, session, starts_at + DAY)
        assert post.deliver(claimed) == {"to plan anew": 1}
        assert len(post.server.handed_over) == sent
        assert post.deliver() == {}
        rows = {row.step_key: row for row in world.messages(run)}
        assert rows["one-hour"].due_at == starts_at + DAY - HOUR
        world.travel_to(starts_at + DAY - HOUR)
        post.retry_now()
        post.deliver()
        assert world.statuses(run)["one-hour"] == "accepted"
        assert_balanced(world)

    def test_of_a_session_called_off_nothing_leaves(
        self, post: Post, queued: tuple[UUID, UUID]
    ) -> None:
        world, (run, session) = post.world, queued
        claimed = post.claim()
        sent = len(post.server.handed_over)
        cancel_session(session, world.transactions)
        post.deliver(claimed)
        post.deliver()
        assert len(post.server.handed_over) == sent
        assert world.statuses(run)["one-hour"] == "skipped"

    def test_reminders_that_were_sent_come_again_once(
        self, post: Post, queued: tuple[UUID, UUID]
    ) -> None:
        world, (run, session) = post.world, queued
        post.deliver()
        assert world.statuses(run)["one-hour"] == "accepted"
        starts_at = world.ask("select starts_at from sessions")
        assert isinstance(starts_at, datetime)
        outline = preview_session_move(session, starts_at + DAY, world.transactions)
        assert (outline.people, outline.repeated, outline.late) == (1, {"one-hour": 1}, {})
        soon = preview_session_move(session, world_now(world) + MINUTE, world.transactions)
        assert soon.late == {"one-hour": 1}
        world.publish_notice("session-moved")
        move(world, session, starts_at + DAY)
        continue_replans(world.transactions)
        world.travel_to(starts_at + DAY - HOUR)
        for _ in range(3):
            post.deliver()
        assert world.statuses(run)["one-hour/1"] == "accepted"
        assert_balanced(world)

    def test_a_notice_of_a_date_given_up_does_not_leave(
        self, post: Post, queued: tuple[UUID, UUID]
    ) -> None:
        world, (_, session) = post.world, queued
        world.publish_notice("session-moved")
        starts_at = world.ask("select starts_at from sessions")
        assert isinstance(starts_at, datetime)
        move(world, session, starts_at + DAY)
        continue_replans(world.transactions)
        claimed = post.claim()
        move(world, session, starts_at + 2 * DAY)
        assert post.deliver(claimed).get("accepted", 0) == 0
        continue_replans(world.transactions)
        assert post.deliver() == {"accepted": 1}
        assert told(world) == [(starts_at.isoformat(), (starts_at + 2 * DAY).isoformat())]

    def test_who_stopped_the_emails_of_the_seat_is_not_written_to(
        self, post: Post, queued: tuple[UUID, UUID]
    ) -> None:
        world, (_, session) = post.world, queued
        world.publish_notice("session-moved")
        starts_at = world.ask("select starts_at from sessions")
        assert isinstance(starts_at, datetime)
        move(world, session, starts_at + DAY)
        continue_replans(world.transactions)
        world.execute("update subscribers set wants_seat_emails = false")
        assert post.deliver().get("accepted", 0) == 0


def world_now(world: World) -> datetime:
    now = world.ask("select plan_now()")
    assert isinstance(now, datetime)
    return now
