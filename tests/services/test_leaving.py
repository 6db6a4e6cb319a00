"""Ending topics, everything, a seat: what goes on, what stops, and how often one may press."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from funnel.domain.consent import Topic
from funnel.domain.errors import NotFoundError
from funnel.services.confirm_signup import Confirmed
from funnel.services.give_up_seat import give_up_seat
from funnel.services.plan_enrollments import plan_enrollments
from funnel.services.read_calendar import read_calendar
from funnel.services.read_preferences import read_preferences
from funnel.services.unsubscribe import Word, resume_topic, unsubscribe
from tests.fixtures.signups import VISITOR, Door
from tests.fixtures.world import TUESDAY_NOON, World

DAY = timedelta(days=1)
WORD = Word(source="unsubscribe page", visitor=VISITOR)


@pytest.fixture
def session(world: World) -> UUID:
    return world.add_session(TUESDAY_NOON + 3 * DAY, seats=1)


@pytest.fixture
def ana(door: Door, session: UUID) -> Confirmed:
    return door.seat(session=session)


def _at(world: World, ana: Confirmed, moment: timedelta) -> dict[str, str]:
    """Plan the run at a moment and return what became of its steps."""
    world.travel_to(TUESDAY_NOON + moment)
    with world.transactions.begin() as tx:
        plan_enrollments(tx, [ana.enrollment_id])
    return world.statuses(ana.enrollment_id)


def test_ending_the_letters_keeps_the_seat_and_its_emails(door: Door, ana: Confirmed) -> None:
    door.world.execute(
        "update messages set status = 'accepted', settled_at = plan_now() where status = 'queued'"
    )
    unsubscribe(ana.subscriber_id, Topic.LETTERS, WORD, door.world.transactions)
    assert _at(door.world, ana, 3 * DAY - timedelta(minutes=59)) == {
        "your-seat": "accepted",
        "first": "skipped",
        "one-hour": "queued",
    }
    assert read_preferences(ana.subscriber_id, door.world.transactions).runs[0].session is not None


def test_ending_the_seat_s_emails_keeps_the_seat(door: Door, ana: Confirmed) -> None:
    unsubscribe(ana.subscriber_id, Topic.SEAT, WORD, door.world.transactions)
    steps = _at(door.world, ana, DAY - timedelta(hours=2))
    assert steps == {"your-seat": "skipped", "first": "queued"}
    assert door.world.ask("select status from registrations") == "registered"


def test_what_is_queued_already_does_not_leave(door: Door, ana: Confirmed) -> None:
    assert door.world.statuses(ana.enrollment_id) == {"your-seat": "queued"}
    unsubscribe(ana.subscriber_id, None, WORD, door.world.transactions)
    assert door.world.statuses(ana.enrollment_id) == {"your-seat": "cancelled"}


def test_leaving_everything_ends_the_run_and_suppresses(door: Door, ana: Confirmed) -> None:
    unsubscribe(ana.subscriber_id, None, WORD, door.world.transactions)
    assert door.world.ask("select state from enrollments") == "left"
    assert door.world.ask("select array[email_key, reason] from suppressions") == [
        "ana@example.org",
        "unsubscribed",
    ]
    preferences = read_preferences(ana.subscriber_id, door.world.transactions)
    assert preferences.has_left
    assert (preferences.wants_letters, preferences.wants_seat_emails) == (False, False)
    with pytest.raises(NotFoundError):
        resume_topic(ana.subscriber_id, Topic.LETTERS, WORD, door.world.transactions)


def test_leaving_stops_the_reminder_of_a_signup_under_way(door: Door, ana: Confirmed) -> None:
    door.sign_up()
    unsubscribe(ana.subscriber_id, None, WORD, door.world.transactions)
    # The link of before opens nothing any more: coming back takes a signup of its own.
    assert door.world.ask("select count(*) from signups where status = 'pending'") == 0


@pytest.mark.parametrize("topic", [Topic.LETTERS, Topic.SEAT, None])
def test_again_changes_nothing(door: Door, ana: Confirmed, topic: Topic | None) -> None:
    unsubscribe(ana.subscriber_id, topic, WORD, door.world.transactions)
    once = door.world.ask("select count(*) from consents")
    for _ in range(3):
        unsubscribe(ana.subscriber_id, topic, WORD, door.world.transactions)
    assert door.world.ask("select count(*) from consents") == once


def test_the_end_of_a_topic_can_be_taken_back(door: Door, ana: Confirmed) -> None:
    unsubscribe(ana.subscriber_id, Topic.LETTERS, WORD, door.world.transactions)
    resume_topic(ana.subscriber_id, Topic.LETTERS, WORD, door.world.transactions)
    given = door.world.ask(
        "select array_agg(is_given order by at, is_given) from consents where topic = 'letters'"
        " and source = 'unsubscribe page'"
    )
    assert sorted(given) == [False, True]  # type: ignore[call-overload]
    assert _at(door.world, ana, DAY - timedelta(hours=2))["first"] == "queued"


def test_nobody_is_not_found(door: Door) -> None:
    for call in (
        lambda: unsubscribe(uuid4(), None, WORD, door.world.transactions),
        lambda: read_preferences(uuid4(), door.world.transactions),
        lambda: give_up_seat(uuid4(), door.world.transactions),
    ):
        with pytest.raises(NotFoundError):
            call()


class TestGivingUpTheSeat:
    def test_somebody_else_can_have_it(self, door: Door, ana: Confirmed, session: UUID) -> None:
        give_up_seat(ana.enrollment_id, door.world.transactions)
        assert door.seat("bea@example.org", session).session is not None
        row = door.world.ask("select array_agg(status order by registered_at) from registrations")
        assert row == ["cancelled", "registered"]

    def test_its_reminders_do_not_leave_and_the_letters_go_on(
        self, door: Door, ana: Confirmed
    ) -> None:
        give_up_seat(ana.enrollment_id, door.world.transactions)
        steps = _at(door.world, ana, 3 * DAY - timedelta(minutes=59))
        assert "one-hour" not in steps or steps["one-hour"] == "skipped"
        assert steps["your-seat"] == "skipped"
        assert "first" in steps

    def test_calendars_learn_of_it(self, door: Door, ana: Confirmed) -> None:
        before = read_calendar(ana.enrollment_id, door.world.transactions)
        give_up_seat(ana.enrollment_id, door.world.transactions)
        after = read_calendar(ana.enrollment_id, door.world.transactions)
        assert (before.is_cancelled, after.is_cancelled) == (False, True)
        assert after.revision == before.revision + 1

    def test_twice_is_once(self, door: Door, ana: Confirmed) -> None:
        for _ in range(2):
            give_up_seat(ana.enrollment_id, door.world.transactions)
        assert door.world.ask("select calendar_revision from enrollments") == 2

    def test_after_the_start_it_stays(self, door: Door, ana: Confirmed) -> None:
        door.world.travel_to(TUESDAY_NOON + 3 * DAY)
        give_up_seat(ana.enrollment_id, door.world.transactions)
        assert door.world.ask("select status from registrations") == "registered"
