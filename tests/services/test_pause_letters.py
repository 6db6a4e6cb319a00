"""A person's pause: letters wait, the emails of a seat go on, consents stay as they are."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from funnel.domain.errors import NotFoundError
from funnel.services.pause_letters import PauseLength, pause_letters, resume_letters
from funnel.services.read_person_calendar import read_person_calendar
from funnel.services.read_preferences import read_preferences
from tests.fixtures.posting import Post, assert_balanced
from tests.fixtures.world import TUESDAY_NOON, World

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
NINE = 8  # in UTC, before the clocks of Berlin change


def _says(world: World, run: UUID, key: str) -> tuple[datetime | None, str]:
    calendar = read_person_calendar(run, world.transactions)
    return next((each.at, each.why) for each in calendar.lines if each.key == key)


@pytest.fixture
def enrolled(post: Post) -> tuple[Post, UUID, UUID]:
    person = post.world.add_person()
    run = post.world.enroll(person, post.world.add_session(TUESDAY_NOON + 9 * DAY))
    post.deliver()
    return post, person, run


@pytest.mark.parametrize(
    ("begun", "length", "over"),
    [
        (date(2026, 11, 3), PauseLength.WEEK, date(2026, 11, 10)),
        (date(2026, 12, 20), PauseLength.FORTNIGHT, date(2027, 1, 3)),
        (date(2026, 11, 7), PauseLength.MONTH, date(2026, 12, 7)),
        (date(2026, 12, 15), PauseLength.MONTH, date(2027, 1, 15)),
        (date(2027, 1, 31), PauseLength.MONTH, date(2027, 2, 28)),
    ],
)
def test_a_pause_is_over_on_a_day_one_can_name(
    begun: date, length: PauseLength, over: date
) -> None:
    assert length.after(begun) == over


def test_letters_wait_and_service_emails_go_on(enrolled: tuple[Post, UUID, UUID]) -> None:
    post, person, run = enrolled
    until = pause_letters(person, PauseLength.FORTNIGHT, post.world.transactions)

    assert until == datetime(2031, 3, 17, 23, 0, tzinfo=UTC)  # midnight in Berlin
    # Both keep their order and their two days between, from the day on which it ends.
    assert _says(post.world, run, "first") == (
        datetime(2031, 3, 18, NINE, tzinfo=UTC),
        "from Wed 5: your letters are paused until Tuesday 18 March",
    )
    assert _says(post.world, run, "second")[0] == datetime(2031, 3, 20, NINE, tzinfo=UTC)
    assert _says(post.world, run, "one-hour")[0] == TUESDAY_NOON + 9 * DAY - HOUR
    for day in range(20):
        post.world.travel_to(TUESDAY_NOON + day * DAY - HOUR)
        post.deliver()
        is_paused = day <= 13
        assert (post.world.statuses(run).get("first") is None) == is_paused, day
    assert post.world.statuses(run) == {
        "your-seat": "accepted",
        "one-hour": "accepted",
        "first": "accepted",
        "second": "accepted",
    }
    assert_balanced(post.world)


def test_consents_stay_as_they_are_and_the_act_is_written_down(
    enrolled: tuple[Post, UUID, UUID],
) -> None:
    post, person, _ = enrolled
    pause_letters(person, PauseLength.WEEK, post.world.transactions)

    assert post.world.ask("select wants_letters from subscribers") is True
    assert post.world.ask("select count(*) from consents") == 0
    assert post.world.ask("select array[by, action] from audit") == ["the person", "letters paused"]


def test_a_pause_ended_early_gives_the_days_back(enrolled: tuple[Post, UUID, UUID]) -> None:
    post, person, run = enrolled
    before = _says(post.world, run, "first")
    pause_letters(person, PauseLength.MONTH, post.world.transactions)
    assert _says(post.world, run, "first") != before
    resume_letters(person, post.world.transactions)
    assert _says(post.world, run, "first") == before


def test_what_is_queued_when_somebody_pauses_does_not_leave(
    enrolled: tuple[Post, UUID, UUID],
) -> None:
    post, person, run = enrolled
    post.world.travel_to(TUESDAY_NOON + 21 * HOUR)
    batch = post.claim()
    pause_letters(person, PauseLength.WEEK, post.world.transactions)

    assert post.deliver(batch) == {"stale": 1}
    assert post.world.statuses(run)["first"] == "queued"
    # A week from Wednesday, but for the masterclass of Thursday and the day after it.
    assert _says(post.world, run, "first")[0] == datetime(2031, 3, 12, NINE, tzinfo=UTC)


def test_the_preferences_name_the_day_on_which_letters_go_on(
    enrolled: tuple[Post, UUID, UUID],
) -> None:
    post, person, _ = enrolled
    read = read_preferences(person, post.world.transactions)
    assert read.letters_paused_until is None
    until = pause_letters(person, PauseLength.FORTNIGHT, post.world.transactions)
    read = read_preferences(person, post.world.transactions)
    assert read.letters_paused_until == until
    assert read.next_letter_at == datetime(2031, 3, 18, NINE, tzinfo=UTC)
    post.world.travel_to(until + HOUR)
    assert read_preferences(person, post.world.transactions).letters_paused_until is None


def test_nobody_cannot_pause(world: World) -> None:
    with pytest.raises(NotFoundError):
        pause_letters(world.sequence_id, PauseLength.WEEK, world.transactions)
    with pytest.raises(NotFoundError):
        resume_letters(world.sequence_id, world.transactions)
