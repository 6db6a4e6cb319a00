"""Every budget that fits a message holds, and ways by which emails leave."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from funnel.domain.allowance import Allowance, PlacedBudget
from funnel.domain.budget import ALL, Budget, Spent
from funnel.domain.message import Lane, lane_of
from funnel.domain.provider_state import Circuit, ProviderState
from funnel.domain.routing import Providers, Route, SequenceSender, routes

NOON = datetime(2031, 3, 4, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def placed(provider: str, lane: str, per_hour: int) -> PlacedBudget:
    return PlacedBudget(provider=provider, lane=lane, budget=Budget(per_hour=per_hour))


@pytest.mark.parametrize(
    ("budgets", "room"),
    [
        pytest.param([], None, id="none"),
        pytest.param([placed("ses", ALL, 5)], None, id="another provider's"),
        pytest.param([placed("smtp", "yahoo", 5)], None, id="another lane's"),
        pytest.param([placed("smtp", "gmail", 5)], 5, id="its own"),
        pytest.param([placed("smtp", "gmail", 50), placed("smtp", ALL, 40)], 30, id="provider's"),
        pytest.param([placed("smtp", ALL, 90), placed(ALL, "gmail", 20)], 20, id="lane's"),
        pytest.param([placed("smtp", ALL, 90), placed(ALL, ALL, 70)], 30, id="everything's"),
    ],
)
def test_each_budget_that_fits_holds(budgets: list[PlacedBudget], room: int | None) -> None:
    spending = {
        ("smtp", "yahoo"): [Spent(NOON - MINUTE, 10)],
        ("ses", "yahoo"): [Spent(NOON - 2 * MINUTE, 30)],
    }
    found = Allowance(budgets, spending, NOON).room("smtp", "gmail", for_letters=False)
    assert found.number == room


def test_what_one_lane_claims_is_gone_for_the_others() -> None:
    allowance = Allowance([placed("smtp", ALL, 10)], {}, NOON)
    allowance.spend("smtp", "gmail", 7)
    assert allowance.room("smtp", "yahoo", for_letters=False).number == 3
    assert allowance.newly_spent == {("smtp", "gmail"): 7}


def test_a_lane_that_was_asked_to_wait_waits_alone() -> None:
    until = NOON + MINUTE
    allowance = Allowance([], {}, NOON, held_until={("smtp", "gmail"): until})
    held = allowance.room("smtp", "gmail", for_letters=False)
    assert (held.number, held.next_at) == (0, until)
    assert allowance.room("smtp", "yahoo", for_letters=False).number is None


OURS = SequenceSender(sequence_id=UUID(int=1), provider="", domain="ours.example")
THEIRS = SequenceSender(sequence_id=UUID(int=2), provider="ses", domain="theirs.example")
CLOSED = ProviderState(counted_from=NOON, changed_at=NOON)
OPEN = replace(CLOSED, circuit=Circuit.OPEN, retry_at=NOON + MINUTE)
DUE = replace(OPEN, retry_at=NOON)
TWO = Providers(names=("smtp", "ses"))


@pytest.mark.parametrize(
    ("providers", "senders", "states", "expected"),
    [
        pytest.param(
            Providers(names=("smtp",)),
            [OURS, THEIRS],
            {},
            [Route(provider="smtp", sequence_ids=None)],
            id="one provider, whatever a brand chose",
        ),
        pytest.param(
            TWO,
            [OURS, THEIRS],
            {},
            [
                Route(provider="smtp", sequence_ids=(UUID(int=1),)),
                Route(provider="ses", sequence_ids=(UUID(int=2),)),
            ],
            id="a brand's own choice",
        ),
        pytest.param(
            TWO,
            [OURS],
            {"smtp": OPEN},
            [Route(provider="ses", sequence_ids=None)],
            id="the second stands in",
        ),
        pytest.param(
            TWO,
            [OURS, THEIRS],
            {"smtp": OPEN},
            [Route(provider="ses", sequence_ids=None)],
            id="and goes on with its own",
        ),
        pytest.param(
            TWO,
            [OURS],
            {"smtp": DUE},
            [
                Route(provider="smtp", sequence_ids=None, is_try=True),
                Route(provider="ses", sequence_ids=None),
            ],
            id="a few try the first again",
        ),
        pytest.param(
            replace(TWO, fallback_domains=frozenset({"theirs.example"})),
            [OURS],
            {"smtp": OPEN},
            [],
            id="not for a domain that it may not send for",
        ),
        pytest.param(TWO, [OURS], {"smtp": OPEN, "ses": OPEN}, [], id="both away: it waits"),
        pytest.param(
            Providers(names=("smtp",)),
            [OURS],
            {"smtp": DUE},
            [Route(provider="smtp", sequence_ids=None, is_try=True)],
            id="no second one: a few try",
        ),
    ],
)
def test_routes(
    providers: Providers,
    senders: list[SequenceSender],
    states: dict[str, ProviderState],
    expected: list[Route],
) -> None:
    assert routes(providers, senders, states, NOON) == expected


@pytest.mark.parametrize(
    ("domain", "lane"),
    [
        ("GMAIL.com", Lane.GMAIL),
        ("outlook.de", Lane.MICROSOFT),
        ("hotmail.co.uk", Lane.MICROSOFT),
        ("live.com.au", Lane.MICROSOFT),
        ("yahoo.com.br", Lane.YAHOO),
        ("yahoo.fr", Lane.YAHOO),
        ("ymail.com", Lane.YAHOO),
        ("icloud.com", Lane.APPLE),
        ("live.example.com", Lane.OTHER),
        ("outlook.studio", Lane.OTHER),
        ("notyahoo.com", Lane.OTHER),
        ("gmx.de", Lane.OTHER),
    ],
)
def test_the_lane_of_a_domain(domain: str, lane: Lane) -> None:
    assert lane_of(f"ada@{domain}") is lane
