"""What may leave and what has, how the providers do, and how long the letters that wait take."""

from dataclasses import dataclass
from datetime import datetime

from funnel.domain.allowance import PlacedBudget, spent_of
from funnel.domain.budget import ALL, DAY, HOUR, Drain, Room, Windows, drain
from funnel.domain.provider_state import Alarm, Circuit, alarm
from funnel.services.claim_messages import ClaimRules, in_force
from funnel.storage import budgets, claims, lane_domains, provider_states
from funnel.storage.budgets import KeptBudget
from funnel.storage.transaction import Transaction, Transactions


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetLine:
    """A budget that holds, and what it leaves now.

    Attributes:
        kept: Its row; ``None``: the default of a provider for which nothing was set.
        room: For what must be on time.
        for_letters: For letters, which leave a reserve.
        foreseen: How a thousand letters would leave under it alone, with nothing spent yet.
    """

    placed: PlacedBudget
    kept: KeptBudget | None
    room: Room
    for_letters: Room
    foreseen: Drain


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderLine:
    """How a provider does.

    Attributes:
        retry_at: When it is tried again (real time), where it is left alone.
        slowed: Lanes that go slower than usual, and at which share.
        reason: Its words when it last failed.
    """

    name: str
    circuit: Circuit
    retry_at: datetime | None
    slowed: tuple[tuple[str, float], ...]
    reason: str
    alarm: Alarm | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetsView:
    """All of it, at ``now`` (real time)."""

    now: datetime
    lines: tuple[BudgetLine, ...]
    providers: tuple[ProviderLine, ...]
    own_lanes: dict[str, str]
    letters_waiting: int
    letters: Drain


EXAMPLE_LETTERS = 1_000


def read_budgets(transactions: Transactions, rules: ClaimRules) -> BudgetsView:
    """Return what bounds sending now."""
    with transactions.begin() as tx:
        now = tx.real_now
        placed = in_force(tx, rules)
        kept = {(e.placed.provider, e.placed.lane): e for e in budgets.list_budgets(tx)}
        spending = budgets.read_spending(tx, within=DAY)
        lines = []
        for each in placed:
            windows = Windows(each.budget, spent_of(each, spending))
            lines.append(
                BudgetLine(
                    placed=each,
                    kept=kept.get((each.provider, each.lane)),
                    room=windows.room(now),
                    for_letters=windows.room(now, for_letters=True),
                    foreseen=drain([(each.budget, ())], EXAMPLE_LETTERS, now),
                )
            )
        first = rules.providers.names[0]
        of_letters = [
            (each.budget, spent_of(each, spending)) for each in placed if each.fits(first, ALL)
        ]
        waiting = claims.count_waiting_letters(tx)
        return BudgetsView(
            now=now,
            lines=tuple(lines),
            providers=_providers(tx, rules, now),
            own_lanes=lane_domains.list_lane_domains(tx),
            letters_waiting=waiting,
            letters=drain(of_letters, waiting, now),
        )


def known_per_hour(transactions: Transactions, rules: ClaimRules) -> int | None:
    """Return how many emails may leave in an hour by the first provider; ``None``: no limit."""
    with transactions.begin() as tx:
        placed = in_force(tx, rules)
        first = rules.providers.names[0]
        limits = [
            limit
            for each in placed
            if each.lane == ALL and each.fits(first, ALL)
            for limit in each.budget.limits(tx.real_now)
        ]
    # What is over within the hour fills it; a day's limit is no speed.
    return min(
        (each.number * (HOUR // each.span) for each in limits if each.span <= HOUR), default=None
    )


def _providers(tx: Transaction, rules: ClaimRules, now: datetime) -> tuple[ProviderLine, ...]:
    states = provider_states.list_states(tx)
    names = dict.fromkeys((*rules.providers.names, *(provider for provider, _ in states)))
    lines = []
    for name in names:
        whole = states.get((name, ALL))
        slowed = [
            (lane, state.share(now))
            for (provider, lane), state in sorted(states.items())
            if provider == name and lane != ALL and state.share(now) < 1
        ]
        lines.append(
            ProviderLine(
                name=name,
                circuit=whole.circuit if whole else Circuit.CLOSED,
                retry_at=whole.retry_at if whole else None,
                slowed=tuple(slowed),
                reason=whole.reason if whole else "",
                alarm=alarm(whole) if whole else None,
            )
        )
    return tuple(lines)
