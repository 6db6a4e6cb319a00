"""Words about people, in any order, twice, too early, too late, and for nobody."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import permutations
from uuid import UUID

import pytest
from sqlalchemy import text

from funnel.domain.errors import InvalidInputError
from funnel.domain.facts import FactKind, FactReport
from funnel.services.record_facts import Recorded, record_facts, record_in
from tests.fixtures.signups import Door
from tests.fixtures.world import TUESDAY_NOON, World

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
STARTS_AT = TUESDAY_NOON + 3 * DAY
ENDS_AT = STARTS_AT + 90 * MINUTE
ANA = "ana@example.org"
ZOOM = "84 1234"


@pytest.fixture
def held(door: Door) -> UUID:
    """Ana's run, with a seat in a session that has just ended."""
    session = door.world.add_session(STARTS_AT)
    run = door.seat(ANA, session).enrollment_id
    door.world.execute("update sessions set platform_id = :id", id=ZOOM)
    door.world.travel_to(ENDS_AT)
    return run


def word(kind: FactKind, at: datetime | None = None, **more: object) -> FactReport:
    plain = FactReport(kind=kind, source="zoom", email=ANA, at=at)
    return replace(plain, **more)  # type: ignore[arg-type]  # a test names its own fields


def take(world: World, *reports: FactReport) -> Recorded:
    with world.transactions.begin() as tx:
        return record_in(tx, reports)


def seat(world: World) -> tuple[object, ...]:
    with world.transactions.begin() as tx:
        row = tx.connection.execute(
            text("select attendance, attendance_at, joined_at, left_at from registrations")
        )
        return tuple(row.one())


JOINED = word(FactKind.JOINED, STARTS_AT + 2 * MINUTE, platform_id=ZOOM)
LEFT = word(FactKind.LEFT_ROOM, STARTS_AT + 30 * MINUTE, platform_id=ZOOM)
AGAIN = word(FactKind.JOINED, STARTS_AT + 40 * MINUTE, platform_id=ZOOM)
GONE = word(FactKind.LEFT_ROOM, STARTS_AT + 80 * MINUTE, platform_id=ZOOM)
MISSED = word(FactKind.MISSED, STARTS_AT + 10 * MINUTE)


@pytest.mark.parametrize("order", list(permutations([JOINED, LEFT, AGAIN, GONE])))
def test_who_comes_twice_has_one_coming_and_one_leaving_in_any_order(
    held: UUID, door: Door, order: tuple[FactReport, ...]
) -> None:
    for each in order:
        take(door.world, each)
    attendance, _, joined_at, left_at = seat(door.world)
    assert (attendance, joined_at, left_at) == ("attended", JOINED.at, GONE.at)


@pytest.mark.parametrize("order", list(permutations([JOINED, MISSED])))
def test_the_word_that_speaks_of_the_later_moment_wins(
    held: UUID, door: Door, order: tuple[FactReport, ...]
) -> None:
    for each in order:
        take(door.world, each)
    assert seat(door.world)[:2] == ("missed", MISSED.at)


@pytest.mark.parametrize("order", list(permutations([1, 2, 3])))
def test_a_word_said_again_of_a_later_moment_counts_from_there(
    held: UUID, door: Door, order: tuple[int, ...]
) -> None:
    for minute in order:
        kind = FactKind.MISSED if minute == 2 else FactKind.ATTENDED
        take(door.world, word(kind, STARTS_AT + minute * MINUTE))
    assert seat(door.world)[:2] == ("attended", STARTS_AT + 3 * MINUTE)


@pytest.mark.parametrize("order", list(permutations([1, 2])))
def test_the_way_into_the_room_that_was_given_last_is_kept(
    held: UUID, door: Door, order: tuple[int, ...]
) -> None:
    for day in order:
        url = f"https://zoom.example/{day}"
        given = word(FactKind.REGISTERED_THERE, TUESDAY_NOON + day * MINUTE, url=url)
        take(door.world, replace(given, platform_id=ZOOM))
    assert door.world.ask("select join_url from registrations") == "https://zoom.example/2"


@pytest.mark.parametrize("order", list(permutations([1, 2])))
@pytest.mark.parametrize(
    ("kind", "column"),
    [
        (FactKind.GOAL, "select goal_reached_at from enrollments"),
        (FactKind.WATCHED, "select watched_at from registrations"),
    ],
)
def test_what_happens_once_happened_at_the_earliest_moment(
    held: UUID, door: Door, kind: FactKind, column: str, order: tuple[int, ...]
) -> None:
    for minute in order:
        take(door.world, word(kind, STARTS_AT + minute * MINUTE))
    assert door.world.ask(column) == STARTS_AT + MINUTE


def test_of_two_words_for_one_moment_having_come_wins(held: UUID, door: Door) -> None:
    assert JOINED.at is not None
    take(door.world, word(FactKind.MISSED, JOINED.at), JOINED)
    take(door.world, word(FactKind.MISSED, JOINED.at))
    assert seat(door.world)[0] == "attended"


def test_what_is_said_twice_is_known(held: UUID, door: Door) -> None:
    assert take(door.world, JOINED, LEFT) == Recorded(new=2, known=0, unmatched=())
    assert take(door.world, JOINED, LEFT, JOINED) == Recorded(new=0, known=3, unmatched=())
    assert door.world.ask("select count(*) from facts where source = 'zoom'") == 2


def test_one_that_cannot_be_taken_stops_no_other(held: UUID, door: Door) -> None:
    strangers = replace(JOINED, email="bea@example.org")
    recorded = take(door.world, strangers, JOINED, word(FactKind.CONFIRMED))
    assert recorded.new == 1
    assert [(each.report, each.is_final) for each in recorded.unmatched] == [
        (strangers, False),
        (word(FactKind.CONFIRMED), True),
    ]


@pytest.mark.parametrize(
    ("report", "is_final"),
    [
        (replace(JOINED, email="bea@example.org"), False),
        (replace(JOINED, platform_id="another meeting"), False),
        (replace(JOINED, at=STARTS_AT - 31 * MINUTE), True),
        (replace(JOINED, at=ENDS_AT + 6 * MINUTE), True),
        (replace(JOINED, at=ENDS_AT - 4 * 366 * DAY), True),
        (word(FactKind.MISSED, STARTS_AT - MINUTE), True),
        (word(FactKind.CLICKED), True),
        (replace(JOINED, email=None), True),
    ],
)
def test_what_may_still_be_right_is_told_from_what_never_will(
    held: UUID, door: Door, report: FactReport, *, is_final: bool
) -> None:
    recorded = take(door.world, report)
    assert [each.is_final for each in recorded.unmatched] == [is_final]
    assert recorded.unmatched[0].reason
    assert door.world.ask("select count(*) from facts where source = 'zoom'") == 0


def test_who_opens_the_room_a_little_early_has_come(held: UUID, door: Door) -> None:
    assert take(door.world, replace(JOINED, at=STARTS_AT - 29 * MINUTE)).new == 1


def test_a_way_into_the_room_of_ones_own_is_kept_before_the_session(door: Door) -> None:
    door.seat(ANA, door.world.add_session(STARTS_AT))
    door.world.execute("update sessions set platform_id = :id", id=ZOOM)
    own = word(FactKind.REGISTERED_THERE, platform_id=ZOOM, url="https://zoom.example/w/1?tk=ana")
    assert take(door.world, own).new == 1
    assert take(door.world, own).new == 0
    assert door.world.ask("select join_url from registrations") == own.url


def test_a_meeting_that_comes_again_is_the_one_nearest_to_the_word(door: Door) -> None:
    first = door.world.add_session(STARTS_AT)
    second = door.world.add_session(STARTS_AT + 7 * DAY)
    door.world.execute("update sessions set platform_id = :id", id=ZOOM)
    door.seat(ANA, first)
    door.seat("bea@example.org", second)
    door.world.travel_to(STARTS_AT + 8 * DAY)
    at = STARTS_AT + 7 * DAY + 5 * MINUTE
    assert take(door.world, replace(JOINED, email="bea@example.org", at=at)).new == 1
    assert take(door.world, replace(JOINED, at=at)).unmatched[0].is_final is False


@pytest.mark.parametrize(
    "kind",
    [
        FactKind.TAGGED,
        FactKind.UNTAGGED,
        FactKind.BOOKED,
        FactKind.BOOKING_CANCELLED,
        FactKind.BOUGHT,
        FactKind.REPLIED,
    ],
)
def test_what_concerns_the_person_belongs_to_no_run(held: UUID, door: Door, kind: FactKind) -> None:
    report = word(kind, STARTS_AT, name="intro call", enrollment_id=held)
    assert take(door.world, report, report) == Recorded(new=1, known=1, unmatched=())
    assert door.world.ask("select enrollment_id from facts where source = 'zoom'") is None
    assert door.world.ask("select name from facts where source = 'zoom'") == "intro call"


def test_a_click_belongs_to_its_run(held: UUID, door: Door) -> None:
    click = word(FactKind.CLICKED, STARTS_AT, enrollment_id=held, name="booking", step_key="first")
    assert take(door.world, click).new == 1
    assert door.world.ask("select enrollment_id from facts where source = 'zoom'") == held
    assert door.world.ask("select step_key from facts where source = 'zoom'") == "first"


def test_an_own_number_makes_two_reports_one_whatever_their_moments(held: UUID, door: Door) -> None:
    first = word(FactKind.BOUGHT, STARTS_AT, dedupe="evt_1")
    assert take(door.world, first, replace(first, at=STARTS_AT + MINUTE)).new == 1


def test_news_plan_the_runs_of_the_person_and_nothing_else_does(held: UUID, door: Door) -> None:
    def revision() -> object:
        return door.world.ask("select plan_revision from enrollments")

    before = revision()
    take(door.world, JOINED)
    after = revision()
    take(door.world, JOINED)
    assert (after, revision()) == (int(str(before)) + 1, after)


def test_the_first_error_is_raised_where_all_must_be_right(held: UUID, door: Door) -> None:
    with pytest.raises(InvalidInputError) as caught:
        record_facts([JOINED, replace(LEFT, at=ENDS_AT + DAY)], door.world.transactions)
    assert "future" in str(caught.value)
    assert caught.value.remedy
    assert seat(door.world)[0] == "unknown"
