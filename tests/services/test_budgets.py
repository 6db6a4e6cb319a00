"""What leaves within budgets: with real rows, through the dispatcher and what workers report."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text

from funnel.domain.budget import ALL, Budget
from funnel.domain.errors import InvalidInputError
from funnel.domain.message import LETTER_PRIORITY, Lane
from funnel.domain.provider_tally import OutcomeTally
from funnel.services.control_sending import resume_sending
from funnel.services.dispatch_due import Batch, DispatchLimits, Patience, dispatch_due
from funnel.services.read_budgets import read_budgets
from funnel.services.set_budget import (
    find_lane,
    remove_budget,
    set_budget,
    set_lane,
    use_preset,
    warm_up,
)
from funnel.services.watch_providers import note_outcomes
from funnel.storage import budgets, pauses, provider_states
from tests.fixtures.world import World

LIMITS = DispatchLimits(published_per_lane=500, messages_per_batch=25)
TWO = replace(LIMITS, providers=("smtp", "ses"))
BY = "test"


def dispatched(world: World, limits: DispatchLimits = LIMITS) -> list[Batch]:
    return list(dispatch_due(world.transactions, limits))


def by_lane(batches: list[Batch]) -> Counter[tuple[str, bool]]:
    found: Counter[tuple[str, bool]] = Counter()
    for each in batches:
        found[each.lane.value, each.is_letters] += len(each.messages)
    return found


def by_provider(batches: list[Batch]) -> Counter[str]:
    found: Counter[str] = Counter()
    for each in batches:
        found[each.provider] += len(each.messages)
    return found


@pytest.fixture
def waiting(world: World) -> World:
    """Somebody whose messages are copied as often as a test needs."""
    world.enroll(world.add_person(), world.add_session(datetime(2031, 3, 6, 17, 0, tzinfo=UTC)))
    dispatched(world)
    world.execute("update messages set status = 'skipped', settled_at = plan_now()")
    world.execute("update enrollments set next_due_at = plan_now() + interval '9 days'")
    world.execute("delete from budget_spending")
    return world


def queue(world: World, number: int, *, lane: Lane = Lane.GMAIL, letters: bool = True) -> None:
    """Queue messages that are due: letters, or what must be on time."""
    world.execute(
        """
        insert into messages (id, kind, dedupe_key, subscriber_id, enrollment_id, sequence_id,
                              step_key, template_key, topic, lane, priority, due_at)
        select gen_random_uuid(), 'sequence', gen_random_uuid()::text, m.subscriber_id,
               m.enrollment_id, m.sequence_id, m.step_key, m.template_key, m.topic, :lane,
               :priority, plan_now() - interval '1 minute'
        from (select * from messages where status = 'skipped' limit 1) m,
             generate_series(1, :number)
        """,
        lane=lane.value,
        priority=LETTER_PRIORITY if letters else 1,
        number=number,
    )


def pass_time(world: World, seconds: float) -> None:
    """Let real time pass for what was spent and for the providers."""
    world.execute("update budget_spending set at = at - :ago", ago=timedelta(seconds=seconds))
    world.execute(
        """
        update provider_states set retry_at = retry_at - :ago, changed_at = changed_at - :ago,
               paced_until = paced_until - :ago, counted_from = counted_from - :ago
        """,
        ago=timedelta(seconds=seconds),
    )


def note(world: World, provider: str = "smtp", lane: str = "gmail", **counts: int) -> None:
    with world.transactions.begin() as tx:
        note_outcomes(tx, provider, {lane: replace(OutcomeTally(), **counts)})  # type: ignore[arg-type]  # counts


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
    assert found == {("gmail", True): 7, ("yahoo", True): 7, ("apple", True): 3}
    # What a short lane left over is for the long ones, the next time.
    set_budget(waiting.transactions, Budget(per_hour=30), by=BY)
    assert by_lane(dispatched(waiting)) == {("gmail", True): 5, ("yahoo", True): 5}


def test_a_budget_of_one_provider_says_nothing_of_another(waiting: World) -> None:
    set_budget(waiting.transactions, Budget(per_hour=2), by=BY, provider="ses")
    queue(waiting, 5)
    assert by_provider(dispatched(waiting)) == {"smtp": 5}


def test_what_is_given_back_may_leave_again(waiting: World) -> None:
    set_budget(waiting.transactions, Budget(per_second=10), by=BY)
    set_budget(waiting.transactions, Budget(per_hour=20), by=BY, provider="smtp")
    queue(waiting, 60)
    assert by_lane(dispatched(waiting)) == {("gmail", True): 10}
    pass_time(waiting, 2)
    assert by_lane(dispatched(waiting)) == {("gmail", True): 8}
    pass_time(waiting, 2)
    assert dispatched(waiting) == []
    with waiting.transactions.begin() as tx:
        budgets.give_back(tx, {("smtp", "gmail"): 12, ("smtp", "yahoo"): 3, ("ses", "gmail"): 1})
    spent = waiting.ask("select array_agg(spent order by at) from budget_spending")
    assert spent == [0, 6]
    assert by_lane(dispatched(waiting)) == {("gmail", True): 10}


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
            values ('smtp', 'gmail', now() - cast(:ago as int) * interval '1 second', 1)
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
    limits = replace(LIMITS, default_budget=Budget(per_hour=10))
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


def test_a_provider_that_cannot_be_reached_is_left_alone_and_the_second_stands_in(
    waiting: World,
) -> None:
    queue(waiting, 30)
    note(waiting, deferred=5, provider_down=5)
    assert by_provider(dispatched(waiting, TWO)) == {"ses": 30}
    pass_time(waiting, 31)
    queue(waiting, 30)
    # A few find out whether it works again; nobody else tries meanwhile.
    assert by_provider(dispatched(waiting, TWO)) == {"smtp": 5, "ses": 25}
    queue(waiting, 5)
    assert by_provider(dispatched(waiting, TWO)) == {"ses": 5}
    note(waiting, accepted=5)
    queue(waiting, 30)
    assert by_provider(dispatched(waiting, TWO)) == {"smtp": 30}


def test_without_a_second_provider_what_is_due_waits(waiting: World) -> None:
    queue(waiting, 30)
    note(waiting, deferred=5, provider_down=5)
    assert dispatched(waiting) == []
    pass_time(waiting, 31)
    assert by_provider(dispatched(waiting)) == {"smtp": 5}
    note(waiting, deferred=5, provider_down=5)
    assert dispatched(waiting) == []


def test_the_second_provider_sends_only_for_its_domains(waiting: World) -> None:
    queue(waiting, 3)
    note(waiting, deferred=5, provider_down=5)
    elsewhere = replace(TWO, fallback_domains=frozenset({"elsewhere.example"}))
    assert dispatched(waiting, elsewhere) == []
    domain = str(waiting.ask("select split_part(from_address, '@', 2) from brands"))
    ours = replace(TWO, fallback_domains=frozenset({domain.lower()}))
    assert by_provider(dispatched(waiting, ours)) == {"ses": 3}


def test_a_brand_that_chose_its_provider_goes_by_it(waiting: World) -> None:
    waiting.execute("update brands set provider = 'ses'")
    queue(waiting, 3)
    assert by_provider(dispatched(waiting, TWO)) == {"ses": 3}
    queue(waiting, 3)
    assert by_provider(dispatched(waiting)) == {"smtp": 3}  # the only one here


def test_a_lane_that_was_asked_to_slow_down_goes_slower_and_the_others_as_ever(
    waiting: World,
) -> None:
    set_budget(waiting.transactions, Budget(per_minute=100), by=BY, lane="gmail")
    note(waiting, accepted=50, deferred=1, rate=1)
    queue(waiting, 200, lane=Lane.GMAIL)
    queue(waiting, 200, lane=Lane.YAHOO)
    assert by_lane(dispatched(waiting)) == {("gmail", True): 45, ("yahoo", True): 200}


def test_a_lane_that_was_asked_to_wait_waits(waiting: World) -> None:
    with waiting.transactions.begin() as tx:
        tally = OutcomeTally(deferred=1, rate=1, asked_to_wait=timedelta(minutes=2))
        note_outcomes(tx, "smtp", {"gmail": tally})
    queue(waiting, 3)
    assert dispatched(waiting) == []
    pass_time(waiting, 121)
    assert by_lane(dispatched(waiting)) == {("gmail", True): 3}


def test_too_many_refusals_stop_everything_until_a_person_has_looked(waiting: World) -> None:
    queue(waiting, 3)
    note(waiting, accepted=10, failed=25)
    with waiting.transactions.begin() as tx:
        (pause,) = pauses.standing(tx)
    assert pause.by == "automatic"
    assert "smtp refused 25 of the last 35 emails" in pause.reason
    assert dispatched(waiting) == []
    assert resume_sending(waiting.transactions, by=BY)
    note(waiting, accepted=3, failed=1)  # what was refused before does not stop it again
    with waiting.transactions.begin() as tx:
        assert pauses.standing(tx) == []
    assert by_lane(dispatched(waiting)) == {("gmail", True): 3}


def test_dead_addresses_alone_stop_nothing_before_they_are_many(waiting: World) -> None:
    note(waiting, accepted=100, failed=49, dead=49)
    with waiting.transactions.begin() as tx:
        assert pauses.standing(tx) == []
    note(waiting, failed=1, dead=1)
    with waiting.transactions.begin() as tx:
        assert "50 of the last 150 emails went to addresses" in pauses.standing(tx)[0].reason


def test_who_paused_before_stays_named(waiting: World) -> None:
    with waiting.transactions.begin() as tx:
        pauses.add(tx, scope="all", reason="wrong link", by="ada")
    note(waiting, failed=25)
    with waiting.transactions.begin() as tx:
        assert [each.by for each in pauses.standing(tx)] == ["ada"]


def test_a_providers_words_are_kept_without_addresses(waiting: World) -> None:
    with waiting.transactions.begin() as tx:
        tally = OutcomeTally(failed=1, reason="550 5.7.1 <ada@example.com>: not today")
        note_outcomes(tx, "smtp", {"gmail": tally})
    with waiting.transactions.begin() as tx:
        state = provider_states.list_states(tx)["smtp", ALL]
    assert "<address>" in state.reason
    assert "ada" not in state.reason


def test_own_rules_of_lanes(waiting: World) -> None:
    transactions = waiting.transactions
    assert find_lane(transactions, "ada@company.example") == (Lane.OTHER, False)
    set_lane(transactions, "@Company.example", "microsoft", by=BY)
    assert find_lane(transactions, "ada@company.example") == (Lane.MICROSOFT, True)
    set_lane(transactions, "company.example", "", by=BY)
    assert find_lane(transactions, "ada@company.example") == (Lane.OTHER, False)
    with pytest.raises(InvalidInputError):
        set_lane(transactions, "company", "microsoft", by=BY)
    with pytest.raises(InvalidInputError):
        set_lane(transactions, "company.example", "slow", by=BY)


def test_a_page_says_what_is_left_and_how_long_the_letters_take(waiting: World) -> None:
    set_budget(waiting.transactions, Budget(per_hour=300), by=BY)
    queue(waiting, 1200)
    found = read_budgets(waiting.transactions, LIMITS.claim_rules)
    (line,) = found.lines
    assert (line.room.number, line.for_letters.number) == (300, 270)
    assert found.letters_waiting == 1200
    assert found.letters.last_at == found.now + timedelta(hours=4)


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
