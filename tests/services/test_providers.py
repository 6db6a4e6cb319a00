"""Which provider carries what, how fast, and when all of it stops: with real rows."""

from dataclasses import replace
from datetime import timedelta

import pytest

from funnel.domain.budget import ALL, Budget
from funnel.domain.errors import InvalidInputError
from funnel.domain.message import Lane
from funnel.domain.provider_tally import OutcomeTally
from funnel.services.control_sending import resume_sending
from funnel.services.read_budgets import read_budgets
from funnel.services.set_budget import (
    find_lane,
    set_budget,
    set_lane,
)
from funnel.services.watch_providers import note_outcomes
from funnel.storage import pauses, provider_states
from tests.fixtures.budgeted import (
    BY,
    LIMITS,
    TWO,
    by_lane,
    by_provider,
    dispatched,
    note,
    pass_time,
    queue,
)
from tests.fixtures.world import World


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
