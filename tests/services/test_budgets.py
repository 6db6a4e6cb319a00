"""What leaves within budgets: with real rows, through the dispatcher and what workers report."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import text

from funnel.domain.budget import ALL, Budget
from funnel.domain.errors import InvalidInputError
from funnel.domain.message import Lane
from funnel.services.dispatch_due import Patience, dispatch_due
from funnel.services.set_budget import (
    remove_budget,
    set_budget,
    use_preset,
    warm_up,
)
from funnel.storage import budgets
from tests.fixtures.budgeted import (
    BY,
    LIMITS,
    TWO,
    by_lane,
    by_provider,
    dispatched,
    pass_time,
    queue,
)
from tests.fixtures.world import World


def test_no_more_leaves_than_the_budget_lets(waiting: World) -> None:
    set_budget(waiting.transactions, Budget(per_hour=10), by=BY)
    queue(waiting, 30)
    assert by_lane(dispatched(waiting)) == {("gmail", True): 9}  # a tenth is kept
    assert dispatched(waiting) == []
    pass_time(waiting, 3601)
    assert by_lane(dispatched(waiting)) == {("gmail", True): 9}


def test_what_must_be_on_time_has_the_reserve_and_goes_first(waiting: World) -> None:
    set_budget(waiting.transactions, Budget(per_hour=20), by=BY)
    queue(waiting, 30)
    assert by_lane(dispatched(waiting)) == {("gmail", True): 18}
    queue(waiting, 1, letters=False)
    queue(waiting, 1, lane=Lane.NOTICES, letters=False)
    assert by_lane(dispatched(waiting)) == {("gmail", False): 1, ("notices", False): 1}


def test_a_full_lane_holds_up_no_other(waiting: World) -> None:
    set_budget(waiting.transactions, Budget(per_hour=2), by=BY, lane="gmail")
    queue(waiting, 50, lane=Lane.GMAIL)
    queue(waiting, 20, lane=Lane.YAHOO)
    assert by_lane(dispatched(waiting)) == {("gmail", True): 1, ("yahoo", True): 20}


def test_lanes_share_what_is_left_of_a_budget(waiting: World) -> None:
    set_budget(waiting.transactions, Budget(per_second=20), by=BY)
    queue(waiting, 100, lane=Lane.GMAIL)
    queue(waiting, 100, lane=Lane.YAHOO)
    queue(waiting, 3, lane=Lane.APPLE)
    found = by_lane(dispatched(waiting))
    assert found == {("gmail", True): 6, ("yahoo", True): 6, ("apple", True): 3}
    # What a short lane left over is for the long ones, the next time.
    set_budget(waiting.transactions, Budget(per_hour=30), by=BY)
    assert by_lane(dispatched(waiting)) == {("gmail", True): 6, ("yahoo", True): 6}


def test_a_budget_of_one_provider_says_nothing_of_another(waiting: World) -> None:
    set_budget(waiting.transactions, Budget(per_hour=2), by=BY, provider="ses")
    queue(waiting, 5)
    assert by_provider(dispatched(waiting)) == {"smtp": 5}


def test_what_is_given_back_may_leave_again(waiting: World) -> None:
    set_budget(waiting.transactions, Budget(per_second=10), by=BY)
    set_budget(waiting.transactions, Budget(per_hour=20), by=BY, provider="smtp")
    queue(waiting, 60)
    assert by_lane(dispatched(waiting)) == {("gmail", True): 9}
    take(waiting, 9)
    pass_time(waiting, 2)
    assert by_lane(dispatched(waiting)) == {("gmail", True): 9}
    take(waiting, 9)
    pass_time(waiting, 2)
    assert dispatched(waiting) == []
    with waiting.transactions.begin() as tx:
        budgets.give_back(tx, {("smtp", "gmail"): 12, ("smtp", "yahoo"): 3, ("ses", "gmail"): 1})
    spent = waiting.ask("select array_agg(spent order by at) from budget_spending")
    assert spent == [0, 6]
    assert by_lane(dispatched(waiting)) == {("gmail", True): 9}


def test_more_given_back_than_was_spent_makes_no_room(waiting: World) -> None:
    set_budget(waiting.transactions, Budget(per_hour=10), by=BY)
    queue(waiting, 30)
    dispatched(waiting)
    with waiting.transactions.begin() as tx:
        budgets.give_back(tx, {("smtp", "gmail"): 1000})
    assert waiting.ask("select sum(spent) from budget_spending") == 0
    assert by_lane(dispatched(waiting)) == {("gmail", True): 9}


def test_old_sums_are_drawn_together_and_never_lose_or_gain_room(waiting: World) -> None:
    queue(waiting, 3)
    for ago in (0, 130, 140, 3700, 8000, 8030, 20_000, 86_000, 100_000):
        waiting.execute(
            """
            insert into budget_spending (provider, lane, at, spent)
            values ('smtp', 'gmail',
                    date_trunc('minute', now()) - cast(:ago as int) * interval '1 second', 1)
            """,
            ago=ago,
        )
    with waiting.transactions.begin() as tx:
        before = budgets.read_spending(tx, within=timedelta(days=1))["smtp", "gmail"]
    for _ in range(2):
        with waiting.transactions.begin() as tx:
            budgets.draw_together(tx)
    with waiting.transactions.begin() as tx:
        after = budgets.read_spending(tx, within=timedelta(days=1))["smtp", "gmail"]
        assert all(each.at <= tx.real_now for each in after)
    assert sum(each.number for each in after) == sum(each.number for each in before) == 8
    assert len(after) < len(before)
    # Each moved forward, by no more than its span: a window counts it longer, never shorter.
    moved = [each.at for each in after for _ in range(each.number)]
    for was, now in zip([each.at for each in before], moved, strict=True):
        assert timedelta(0) <= now - was < timedelta(minutes=10)


def test_the_setting_holds_while_no_budget_is_set(waiting: World) -> None:
    limits = replace(LIMITS, default_budgets={"smtp": Budget(per_hour=10)})
    queue(waiting, 30)
    assert by_lane(dispatched(waiting, limits)) == {("gmail", True): 9}
    set_budget(waiting.transactions, Budget(per_hour=25), by=BY)
    assert by_lane(dispatched(waiting, limits)) == {("gmail", True): 14}


def test_a_warm_up_lets_more_leave_each_day(waiting: World) -> None:
    with waiting.transactions.begin() as tx:
        today = tx.real_now.date()
    warm_up(waiting.transactions, [10, 20], by=BY, begins_on=today)
    queue(waiting, 100)
    assert by_lane(dispatched(waiting)) == {("gmail", True): 9}
    warm_up(waiting.transactions, [10, 20], by=BY, begins_on=today - timedelta(days=1))
    assert by_lane(dispatched(waiting)) == {("gmail", True): 9}
    warm_up(waiting.transactions, [], by=BY, begins_on=today)
    assert by_lane(dispatched(waiting)) == {("gmail", True): 82}


def test_a_warm_up_goes_on_beside_new_limits_and_ends_with_none(waiting: World) -> None:
    transactions = waiting.transactions
    warm_up(transactions, [10, 20], by=BY, begins_on=date(2031, 3, 4), provider="ses")
    use_preset(transactions, "ses", by=BY, provider="ses")
    with transactions.begin() as tx:
        (kept,) = budgets.list_budgets(tx)
    assert (kept.preset, kept.placed.budget.per_second) == ("ses", 14)
    assert kept.placed.budget.warm_up == (10, 20)
    assert remove_budget(transactions, by=BY, provider="ses")
    assert not remove_budget(transactions, by=BY, provider="ses")
    acts = waiting.ask("select array_agg(action order by id) from audit where by = :by", by=BY)
    assert acts == ["set budget", "set budget", "removed budget"]


@pytest.mark.parametrize(
    ("provider", "lane", "budget"),
    [
        ("pigeon", ALL, Budget(per_hour=1)),
        ("smtp", "aol", Budget(per_hour=1)),
        ("smtp", ALL, Budget()),
    ],
)
def test_odd_budgets_are_refused(world: World, provider: str, lane: str, budget: Budget) -> None:
    with pytest.raises(InvalidInputError) as caught:
        set_budget(world.transactions, budget, by=BY, provider=provider, lane=lane)
    assert caught.value.remedy


def test_letters_wait_for_room_for_a_whole_task_while_others_are_on_the_queue(
    waiting: World,
) -> None:
    queue(waiting, 60)
    limits = replace(LIMITS, published_per_lane=40, messages_per_batch=15)
    assert [len(batch.messages) for batch in dispatched(waiting, limits)] == [15, 15, 10]
    take(waiting, 14)
    assert dispatched(waiting, limits) == []
    take(waiting, 1)
    assert [len(batch.messages) for batch in dispatched(waiting, limits)] == [15]
    take(waiting, 40)
    assert [len(batch.messages) for batch in dispatched(waiting, limits)] == [5]


def on_queue(world: World) -> object:
    return world.ask(
        "select count(*) from messages where status = 'queued' and published_at is not null"
    )


def test_workers_that_were_away_find_what_two_seconds_allow_and_no_more(waiting: World) -> None:
    set_budget(waiting.transactions, Budget(per_second=10), by=BY)
    queue(waiting, 100, lane=Lane.GMAIL)
    queue(waiting, 100, lane=Lane.YAHOO)
    for _ in range(6):
        dispatched(waiting)
        pass_time(waiting, 1.1)
    assert on_queue(waiting) == 20
    # What must be on time is not held up by it.
    queue(waiting, 3, lane=Lane.NOTICES, letters=False)
    assert by_lane(dispatched(waiting)) == {("notices", False): 3}
    pass_time(waiting, 1.1)
    take(waiting, 23)
    assert by_lane(dispatched(waiting)) == {("gmail", True): 5, ("yahoo", True): 4}


def test_a_second_of_one_lane_or_of_one_of_two_providers_holds_up_no_other(
    waiting: World,
) -> None:
    set_budget(waiting.transactions, Budget(per_second=10), by=BY, lane="gmail")
    queue(waiting, 100, lane=Lane.GMAIL)
    queue(waiting, 100, lane=Lane.YAHOO)
    for _ in range(4):
        dispatched(waiting)
        pass_time(waiting, 1.1)
    assert on_queue(waiting) == 100 + 20
    # Whose those on the queue are is not known where there are two: neither waits for the other.
    remove_budget(waiting.transactions, by=BY, lane="gmail")
    set_budget(waiting.transactions, Budget(per_second=10), by=BY, provider="smtp")
    assert by_provider(dispatched(waiting, TWO)) == {"smtp": 9}


def test_what_must_be_on_time_waits_for_no_room(waiting: World) -> None:
    queue(waiting, 5, letters=False)
    limits = replace(LIMITS, published_per_lane=4, messages_per_batch=3)
    assert by_lane(dispatched(waiting, limits)) == {("gmail", False): 4}
    take(waiting, 1)
    assert by_lane(dispatched(waiting, limits)) == {("gmail", False): 1}


def take(world: World, number: int) -> None:
    """Open so many that are on the queue, as workers do."""
    world.execute(
        "update messages set status = 'sending' where id in (select id from messages"
        " where status = 'queued' and published_at is not null limit :number)",
        number=number,
    )


def test_a_dispatcher_stays_while_there_is_soon_room_and_no_longer(waiting: World) -> None:
    queue(waiting, 60)
    limits = replace(LIMITS, published_per_lane=20)
    waited: list[float] = []

    def work(seconds: float) -> None:
        waited.append(seconds)
        opened = "update messages set status = 'sending' where published_at is not null"
        with waiting.transactions.begin() as tx:
            tx.connection.execute(text(opened))

    clock = iter(range(100))
    patience = Patience(
        lasts=timedelta(seconds=50),
        between=timedelta(milliseconds=25),
        monotonic=lambda: float(next(clock)),
        wait=work,
    )
    batches = list(dispatch_due(waiting.transactions, limits, patience))
    assert by_lane(batches) == {("gmail", True): 60}
    assert set(waited) == {0.025}
    assert len(waited) == 3


def test_a_dispatcher_does_not_wait_for_an_hour_to_pass(waiting: World) -> None:
    set_budget(waiting.transactions, Budget(per_hour=10), by=BY)
    queue(waiting, 60)

    def never(seconds: float) -> None:
        raise AssertionError(seconds)

    patience = Patience(
        lasts=timedelta(seconds=5),
        between=timedelta(milliseconds=25),
        monotonic=lambda: 0.0,
        wait=never,
    )
    assert len(list(dispatch_due(waiting.transactions, LIMITS, patience))) == 1


def test_a_second_dispatcher_that_drains_returns_at_once(waiting: World) -> None:
    queue(waiting, 40)
    ticks = iter(range(1000))
    patience = Patience(
        lasts=timedelta(seconds=1),
        between=timedelta(0),
        monotonic=lambda: float(next(ticks)),
        wait=lambda _: None,
    )
    first = dispatch_due(waiting.transactions, LIMITS, patience)
    assert next(first).messages
    assert list(dispatch_due(waiting.transactions, LIMITS, patience)) == []
    assert len(list(first)) == 1
