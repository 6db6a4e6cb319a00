"""Real time from the database, asked seldom."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from funnel.storage.real_clock import RealClock
from tests.fixtures.world import World

MINUTE = timedelta(minutes=1)


def test_it_is_the_database_s_clock_and_not_plan_time(world: World) -> None:
    with world.transactions.begin() as tx:
        real: datetime = tx.connection.execute(text("select now()")).scalar_one()
    shown = RealClock(world.transactions).now()
    assert abs(shown - real) < MINUTE
    assert shown.utcoffset() == timedelta(0)
    assert world.ask("select plan_now()") > datetime(2031, 1, 1, tzinfo=UTC)  # type: ignore[operator]


def test_the_database_is_asked_once_a_minute(world: World) -> None:
    ticks = [0.0]
    clock = RealClock(world.transactions, ticks=lambda: ticks[0])
    first = clock.now()
    ticks[0] = 59.0
    assert clock.now() == first + timedelta(seconds=59)  # counted on, not asked
    ticks[0] = 61.0
    assert clock.now() < first + timedelta(seconds=59)  # asked: hardly any time has passed there


def test_asked_anew_it_forgets_what_it_thought(world: World) -> None:
    ticks = [0.0]
    clock = RealClock(world.transactions, ticks=lambda: ticks[0])
    first = clock.now()
    ticks[0] = 50.0
    assert clock.asked_anew() < first + MINUTE / 2
    assert clock.now() < first + MINUTE / 2
