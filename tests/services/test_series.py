"""Series: their coming sessions are there, each day once, whatever becomes of it."""

from datetime import date, timedelta
from uuid import UUID

import pytest

from funnel.domain.errors import InvalidInputError, NotFoundError
from funnel.domain.series import NewSeries
from funnel.services.add_series import add_series, end_series
from funnel.services.cancel_session import cancel_session
from funnel.services.fill_series import FilledSeries, fill_series
from funnel.services.list_series import list_series
from funnel.services.move_session import move_session
from tests.fixtures.signups import Door
from tests.fixtures.world import TUESDAY_NOON, World

DAY = timedelta(days=1)
NEW = {
    "sequence_slug": "short",
    "rule": "every Thursday, 18:00",
    "zone": "Europe/Berlin",
    "title": "Leading through disruption",
}


def add(world: World, **values: object) -> FilledSeries:
    new = NewSeries(**(NEW | values))  # type: ignore[arg-type]  # a test names its own fields
    return add_series(new, world.transactions, by="test")


def days(world: World) -> list[str]:
    with world.transactions.begin() as tx:
        rows = tx.connection.exec_driver_sql(
            "select (starts_at at time zone zone)::text from sessions"
            " where cancelled_at is null order by starts_at"
        )
        return [row[0][:16] for row in rows]


def test_its_next_sessions_are_there_at_once(world: World) -> None:
    filled = add(world, seats=12, join_url="https://room.example.org/1", clicks_count=True)
    assert days(world) == ["2031-03-06 18:00", "2031-03-13 18:00", "2031-03-20 18:00"]
    assert [each.seats for each in filled.made] == [12, 12, 12]
    assert world.ask("select bool_and(clicks_count) from sessions") is True
    assert world.ask("select min(occurs_on) from sessions") == date(2031, 3, 6)


def test_filling_again_makes_nothing_and_after_one_was_held_the_next(world: World) -> None:
    add(world)
    for _ in range(2):
        assert [each.made for each in fill_series(world.transactions)] == [()]
    world.travel_to(TUESDAY_NOON + 3 * DAY)
    assert len(fill_series(world.transactions)[0].made) == 1
    assert days(world)[-1] == "2031-03-27 18:00"


def test_the_local_hour_stays_across_summer_time(world: World) -> None:
    add(world, ahead=5)
    assert days(world)[-1] == "2031-04-03 18:00"
    assert world.ask("select max(starts_at)::text from sessions") == "2031-04-03 16:00:00+00"


def test_a_moved_or_cancelled_day_is_not_made_again(world: World) -> None:
    first, second, _ = add(world).made
    move_session(first.id, first.starts_at - DAY, by="test", transactions=world.transactions)
    cancel_session(second.id, world.transactions)
    fill_series(world.transactions)
    assert days(world) == ["2031-03-05 18:00", "2031-03-20 18:00", "2031-03-27 18:00"]
    assert world.ask("select count(*) from sessions where occurs_on = '2031-03-06'") == 1


def test_a_day_on_which_another_is_held_is_left_out_and_named(world: World) -> None:
    other = world.add_session(TUESDAY_NOON + 9 * DAY + timedelta(hours=5))
    filled = add(world)
    assert [str(each.occurrence.on) for each in filled.skipped] == ["2031-03-13"]
    assert filled.skipped[0].other.id == other
    assert [str(each.starts_at.date()) for each in filled.made] == [
        "2031-03-06",
        "2031-03-20",
        "2031-03-27",
    ]


def test_ends(world: World) -> None:
    series = add(world, ends_on=date(2031, 3, 13)).series
    assert len(days(world)) == 2
    assert end_series(series.id, world.transactions, by="test").ended_at is not None
    world.travel_to(TUESDAY_NOON + 3 * DAY)
    assert fill_series(world.transactions) == []
    assert [each.coming for each in list_series(world.transactions)] == [1]
    assert end_series(series.id, world.transactions, by="test").ended_at is not None


def test_two_fillers_at_once_make_each_day_once(door: Door) -> None:
    world = door.world
    add(world, ahead=1)
    world.execute("update session_series set ahead = 6")
    door.at_once([fill_series] * 4)
    assert world.ask("select count(*) from sessions") == 6
    assert world.ask("select count(distinct occurs_on) from sessions") == 6


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("rule", {"rule": "sometimes, 18:00"}),
        ("zone", {"zone": "Mars/Olympus"}),
        ("title", {"title": " "}),
        ("length", {"length": timedelta(hours=25)}),
        ("seats", {"seats": 0}),
        ("join", {"join_url": "room"}),
        ("ahead", {"ahead": 0}),
        ("ahead", {"ahead": 25}),
        ("until", {"begins_on": date(2031, 4, 1), "ends_on": date(2031, 3, 1)}),
        ("until", {"ends_on": date(2030, 3, 1)}),
        ("until", {"begins_on": date(2036, 3, 1)}),
    ],
)
def test_what_cannot_be_held_is_refused(
    world: World, field: str, values: dict[str, object]
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        add(world, **values)
    assert (caught.value.field, bool(caught.value.remedy)) == (field, True)
    assert world.ask("select count(*) from session_series") == 0


def test_no_such_sequence_or_series(world: World) -> None:
    with pytest.raises(NotFoundError):
        add(world, sequence_slug="other")
    with pytest.raises(NotFoundError):
        end_series(UUID(int=0), world.transactions, by="test")
