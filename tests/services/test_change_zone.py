"""A person in another zone: what is to come follows, what left stays, one letter in a day."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from funnel.domain.errors import NotFoundError
from funnel.domain.sequence import Anchor, AnchorKind, Step, StepKind, Timing
from funnel.domain.timing import Delay, SendWindow
from funnel.services.change_zone import UnknownZoneError, change_zone
from funnel.services.plan_enrollments import plan_enrollments
from funnel.services.read_person_calendar import read_person_calendar
from tests.fixtures.posting import Post, assert_balanced
from tests.fixtures.world import SHORT_SEQUENCE, TUESDAY_NOON, World

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
WEDNESDAY_NINE = datetime(2031, 3, 5, 8, 0, tzinfo=UTC)


def _moments(world: World, run: object, key: str) -> list[datetime | None]:
    calendar = read_person_calendar(run, world.transactions)  # type: ignore[arg-type]  # an id
    return [each.at for each in calendar.lines if each.key == key]


def test_letters_move_to_the_mornings_of_the_new_zone(post: Post) -> None:
    world = post.world
    person = world.add_person()
    run = world.enroll(person, world.add_session(TUESDAY_NOON + 9 * DAY))
    post.deliver()
    assert change_zone(person, "america/new_york", world.transactions)

    # 09:00 of Wednesday there; the hour before the session is the same moment everywhere.
    assert _moments(world, run, "first") == [datetime(2031, 3, 5, 14, 0, tzinfo=UTC)]
    assert _moments(world, run, "one-hour") == [TUESDAY_NOON + 9 * DAY - HOUR]
    assert world.ask("select next_due_at from enrollments") == datetime(
        2031, 3, 5, 14, 0, tzinfo=UTC
    )
    assert world.ask("select letter_days::text from enrollments") == "{2031-03-05,2031-03-07}"
    assert world.ask("select array[zone, zone_source] from subscribers") == [
        "America/New_York",
        "person",
    ]


def test_a_letter_on_its_way_is_asked_again(post: Post) -> None:
    world = post.world
    person = world.add_person()
    run = world.enroll(person)
    post.deliver()
    world.travel_to(WEDNESDAY_NINE)
    batch = post.claim()
    change_zone(person, "America/New_York", world.transactions)

    assert post.deliver(batch) == {"stale": 1}
    assert world.statuses(run)["first"] == "queued"
    assert _moments(world, run, "first") == [datetime(2031, 3, 5, 14, 0, tzinfo=UTC)]


def test_what_left_stays_and_no_two_letters_come_on_one_day(post: Post) -> None:
    world = post.world
    person = world.add_person()
    run = world.enroll(person)
    post.deliver()
    world.travel_to(WEDNESDAY_NINE)
    post.deliver()
    # In Auckland it is 21:00 of Wednesday: that day has its letter, and Friday gets the next.
    change_zone(person, "Pacific/Auckland", world.transactions)
    world.travel_to(WEDNESDAY_NINE + 5 * DAY)
    post.deliver()

    assert world.statuses(run)["first"] == "accepted"
    left_at = world.messages(run)[0].accepted_at
    assert left_at is not None
    assert left_at - WEDNESDAY_NINE < timedelta(minutes=5)
    assert_balanced(world)


def test_days_of_the_former_zone_are_no_offence_against_the_new_one(world: World) -> None:
    person = world.add_person()
    # Tuesday 17:30 and Wednesday 09:00 in Berlin: two days there, one in Auckland.
    for number, at in enumerate((TUESDAY_NOON + 5 * HOUR, TUESDAY_NOON + 21 * HOUR)):
        world.execute(
            "insert into messages (id, kind, dedupe_key, subscriber_id, sequence_id, template_key,"
            " lane, priority, status, due_at, topic, opened_at, accepted_at, settled_at)"
            " values (gen_random_uuid(), 'notice', :key, :person, :sequence, 'letters/x', 'other',"
            " 2, 'accepted', :at, 'letters', :at, :at, :at)",
            key=f"{number}",
            person=person,
            sequence=world.sequence_id,
            at=at,
        )
    world.execute(
        "insert into counters (sequence_id, step_key, status, total)"
        " values (:id, 'letters/x', 'accepted', 2)",
        id=world.sequence_id,
    )
    world.travel_to(TUESDAY_NOON + 2 * DAY)
    assert_balanced(world)
    change_zone(person, "Pacific/Auckland", world.transactions)
    assert_balanced(world)

    # What leaves after the change is counted where they are now.
    world.execute(
        "update messages set opened_at = plan_now(), accepted_at = plan_now(),"
        " settled_at = plan_now()"
    )
    with pytest.raises(AssertionError):
        assert_balanced(world)


def test_the_same_zone_again_only_says_that_it_is_known(world: World) -> None:
    person = world.add_person()
    assert not change_zone(person, "Europe/Berlin", world.transactions)
    assert world.ask("select zone_source from subscribers") == "person"
    assert world.ask("select zone_since from subscribers") is None
    assert world.ask("select count(*) from audit") == 0


def test_an_unknown_zone_is_refused_with_what_was_probably_meant(world: World) -> None:
    person = world.add_person()
    with pytest.raises(UnknownZoneError) as error:
        change_zone(person, "Berln", world.transactions)
    assert (error.value.nearest, error.value.remedy) == (
        "Europe/Berlin",
        "Did you mean Europe/Berlin?",
    )
    assert world.ask("select zone from subscribers") == "Europe/Berlin"


def test_nobody_has_no_zone(world: World) -> None:
    with pytest.raises(NotFoundError):
        change_zone(world.sequence_id, "Europe/Berlin", world.transactions)


def _daily(number: int) -> Step:
    """A letter that may leave at any hour, a day after the one before."""
    anchor = Anchor(kind=AnchorKind.ENROLLMENT)
    if number:
        anchor = Anchor(kind=AnchorKind.STEP, step_key=f"letter-{number - 1}")
    return Step(
        key=f"letter-{number}",
        kind=StepKind.LETTER,
        timing=Timing(anchor=anchor, delay=Delay(days=1), at=time(number * 5)),
        window=SendWindow(opens=time(0), closes=time(23, 59)),
    )


@pytest.mark.parametrize(
    "zones",
    [
        ("Pacific/Auckland", "America/Los_Angeles"),
        ("America/Los_Angeles", "Pacific/Kiritimati"),
        ("Asia/Kolkata", "Pacific/Pago_Pago"),
    ],
)
def test_wherever_somebody_goes_no_two_letters_come_on_one_day_there(
    bare_world: World, zones: tuple[str, str]
) -> None:
    world = bare_world
    steps = tuple(_daily(number) for number in range(5))
    world.publish(replace(SHORT_SEQUENCE, steps=steps, days_between_letters=1))
    person = world.add_person()
    runs = [world.enroll(person), _another_sequence(world).enroll(person)]
    sent: list[datetime] = []
    zone = ZoneInfo("Europe/Berlin")
    for hour in range(0, 24 * 14, 2):
        now = TUESDAY_NOON + hour * HOUR
        world.travel_to(now)
        if hour in (36, 90):
            zone = ZoneInfo(zones[hour == 90])
            change_zone(person, zone.key, world.transactions)
        left = _send_all(world, runs)
        days = [each.astimezone(zone).date() for each in sent]
        if left:
            assert left == 1, f"{left} at {now}"
            assert now.astimezone(zone).date() not in days, f"two on one day at {now}"
        sent += [now] * left
    assert len(sent) == 2 * len(steps)
    assert_balanced(world)


def _send_all(world: World, runs: list[UUID]) -> int:
    """Plan, and hand over at once what is queued; return how many letters left."""
    with world.transactions.begin() as tx:
        plan_enrollments(tx, runs)
    left = world.ask("select count(*) from messages where status = 'queued'")
    world.execute(
        "insert into counters (sequence_id, step_key, status, total)"
        " select sequence_id, step_key, said, count(*) from messages,"
        " unnest(array['accepted', 'passed']) said"
        " where status = 'queued' group by sequence_id, step_key, said"
        " on conflict (sequence_id, step_key, status)"
        " do update set total = counters.total + excluded.total"
    )
    world.execute(
        "update messages set status = 'accepted', opened_at = plan_now(),"
        " accepted_at = plan_now(), settled_at = plan_now() where status = 'queued'"
    )
    assert isinstance(left, int)
    return left


def _another_sequence(world: World) -> World:
    """A second sequence with the same letters: days are shared between the two."""
    other = World(url=world.url, transactions=world.transactions)
    world.execute(
        "insert into sequences (id, slug, title, brand_id, live_version_id)"
        " select :id, 'other', title, brand_id, :version from sequences",
        id=other.sequence_id,
        version=other.version_id,
    )
    world.execute(
        "insert into sequence_versions (id, sequence_id, number, definition, checksum)"
        " select :version, :id, 1, definition, checksum from sequence_versions",
        id=other.sequence_id,
        version=other.version_id,
    )
    return other
