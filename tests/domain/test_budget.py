"""Budgets: rolling windows that hold together, the reserve, the warm-up, how long it takes."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from funnel.domain.budget import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    Budget,
    Limit,
    Room,
    Spent,
    drain,
    room,
)
from funnel.domain.errors import InvalidInputError

NOON = datetime(2031, 3, 4, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("budget", "spent", "expected"),
    [
        pytest.param(Budget(), [], Room(number=None), id="no limit"),
        pytest.param(Budget(per_hour=300), [], Room(number=300), id="nothing spent"),
        pytest.param(
            Budget(per_hour=300), [(HOUR, 300)], Room(number=300), id="an hour ago is not in it"
        ),
        pytest.param(
            Budget(per_hour=300), [(HOUR - SECOND, 120)], Room(number=180), id="a second less is"
        ),
        pytest.param(
            Budget(per_second=14, per_hour=20),
            [(MINUTE, 15)],
            Room(number=5),
            id="of several limits the tightest",
        ),
        pytest.param(
            Budget(per_hour=10),
            [(30 * MINUTE, 4), (20 * MINUTE, 6)],
            Room(number=0, next_at=NOON + 30 * MINUTE, limit=Limit(span=HOUR, number=10)),
            id="full until the oldest leaves the window",
        ),
        pytest.param(
            Budget(per_hour=10, per_day=20),
            [(30 * MINUTE, 20)],
            Room(number=0, next_at=NOON + DAY - 30 * MINUTE, limit=Limit(span=DAY, number=20)),
            id="full until the longest wait is over",
        ),
        pytest.param(
            Budget(per_hour=5),
            [(30 * MINUTE, 4), (20 * MINUTE, 6)],
            Room(number=0, next_at=NOON + 40 * MINUTE, limit=Limit(span=HOUR, number=5)),
            id="a limit that was lowered lets more of it pass first",
        ),
    ],
)
def test_room(budget: Budget, spent: list[tuple[timedelta, int]], expected: Room) -> None:
    assert room(budget, [Spent(NOON - ago, number) for ago, number in spent], NOON) == expected


@pytest.mark.parametrize(
    ("budget", "of_letters"),
    [
        pytest.param(Budget(per_second=14), 13, id="a tenth of a second"),
        pytest.param(Budget(per_second=9), 9, id="a second is soon over"),
        pytest.param(Budget(per_minute=30), 27, id="a tenth"),
        pytest.param(Budget(per_hour=300), 270, id="a tenth of an hour"),
        pytest.param(Budget(per_day=5), 4, id="one at least"),
        pytest.param(Budget(per_day=1), 1, id="never all of it"),
    ],
)
def test_letters_leave_a_reserve(budget: Budget, of_letters: int) -> None:
    assert room(budget, [], NOON, for_letters=True).number == of_letters
    (limit,) = budget.limits(NOON)
    assert room(budget, [], NOON).number == limit.number


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        pytest.param(3, 50, id="before it begins: as on its first day"),
        pytest.param(4, 50, id="first day"),
        pytest.param(5, 100, id="second day"),
        pytest.param(6, 200, id="never more than the day allows"),
        pytest.param(7, 200, id="over"),
    ],
)
def test_a_warm_up_grows_by_the_day(day: int, expected: int) -> None:
    budget = Budget(per_day=200, warm_up_from=date(2031, 3, 4), warm_up=(50, 100, 400))
    now = datetime(2031, 3, day, 12, 0, tzinfo=UTC)
    assert [each.number for each in budget.limits(now)] == [expected]


def test_the_next_day_of_a_warm_up_allows_more_before_the_window_has_passed() -> None:
    budget = Budget(warm_up_from=date(2031, 3, 4), warm_up=(50, 100))
    found = room(budget, [Spent(NOON - HOUR, 50)], NOON)
    assert found.next_at == datetime(2031, 3, 5, tzinfo=UTC)
    assert room(budget, [Spent(NOON - HOUR, 50)], found.next_at).number == 50


@pytest.mark.parametrize("name", ["per_second", "per_minute", "per_hour", "per_day"])
def test_a_limit_that_lets_nothing_leave_is_refused(name: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        replace(Budget(), **{name: 0})  # type: ignore[arg-type]  # a number each
    assert caught.value.remedy


budgets = st.builds(
    Budget,
    per_second=st.none() | st.integers(1, 5),
    per_minute=st.none() | st.integers(1, 60),
    per_hour=st.none() | st.integers(1, 400),
    per_day=st.none() | st.integers(1, 2000),
)
# Milliseconds between two claims, how many wait at the second, and whether they are letters.
claims = st.lists(
    st.tuples(st.integers(0, 4_000_000), st.integers(0, 500), st.booleans()), max_size=60
)


@settings(max_examples=150, deadline=None)
@given(budget=budgets, wanted=claims)
def test_no_window_ever_holds_more_than_its_limit(
    budget: Budget, wanted: list[tuple[int, int, bool]]
) -> None:
    at, spent = NOON, list[Spent]()
    for pause, number, for_letters in wanted:
        at += timedelta(milliseconds=pause)
        found = room(budget, spent, at, for_letters=for_letters)
        left = number if found.number is None else min(number, found.number)
        if left:
            spent.append(Spent(at, left))
    for limit in budget.limits(NOON):
        for end in spent:
            inside = [each.number for each in spent if end.at - limit.span < each.at <= end.at]
            assert sum(inside) <= limit.number


@settings(max_examples=150, deadline=None)
@given(budget=budgets, wanted=claims)
def test_the_next_moment_is_the_first_at_which_something_may_leave(
    budget: Budget, wanted: list[tuple[int, int, bool]]
) -> None:
    at, spent = NOON, list[Spent]()
    for pause, number, for_letters in wanted:
        at += timedelta(milliseconds=pause)
        found = room(budget, spent, at, for_letters=for_letters)
        if found.number:
            spent.append(Spent(at, min(number or 1, found.number)))
        elif found.next_at is not None:
            before = found.next_at - timedelta(microseconds=1)
            assert room(budget, spent, before, for_letters=for_letters).number == 0
            assert room(budget, spent, found.next_at, for_letters=for_letters).number != 0


@pytest.mark.parametrize(
    ("budgets", "number", "lasts", "limit"),
    [
        pytest.param([], 1000, timedelta(0), None, id="no budget"),
        pytest.param([Budget(per_hour=300)], 270, timedelta(0), None, id="all at once"),
        # 270 an hour, for letters leave thirty of the three hundred to what must be on time.
        pytest.param(
            [Budget(per_hour=300)], 1200, 4 * HOUR, Limit(span=HOUR, number=300), id="four hours"
        ),
        pytest.param(
            [Budget(per_second=1)],
            61,
            60 * SECOND,
            Limit(span=SECOND, number=1),
            id="one a second",
        ),
        pytest.param(
            [Budget(per_second=10, per_hour=100)],
            91,
            HOUR,
            Limit(span=HOUR, number=100),
            id="two limits: the hour decides",
        ),
        pytest.param(
            [Budget(per_hour=1000), Budget(per_day=100)],
            100,
            DAY,
            Limit(span=DAY, number=100),
            id="two budgets: the day decides",
        ),
        pytest.param(
            [Budget(per_day=1)], 40, None, Limit(span=DAY, number=1), id="more than a month"
        ),
    ],
)
def test_how_long_a_number_takes(
    budgets: list[Budget], number: int, lasts: timedelta | None, limit: Limit | None
) -> None:
    found = drain([(each, []) for each in budgets], number, NOON)
    assert found.last_at == (None if lasts is None else NOON + lasts)
    assert found.limit == limit
