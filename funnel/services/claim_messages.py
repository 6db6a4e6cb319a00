"""Claim what may leave now: within every budget, by a provider that works, the urgent first."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import groupby

from funnel.domain.allowance import Allowance, Place, PlacedBudget
from funnel.domain.budget import ALL, DAY, Budget
from funnel.domain.message import Lane
from funnel.domain.provider_state import TRY_LASTS, Circuit, ProviderState
from funnel.domain.routing import TRIED_AT_ONCE, Providers, Route, routes
from funnel.storage import budgets, claims, provider_states
from funnel.storage.claims import Waiting
from funnel.storage.outbox import Claimed
from funnel.storage.transaction import Transaction

# The window of a day, and what its oldest rows may have moved by when they were drawn together.
_LOOKED_BACK = DAY + timedelta(minutes=1)
# What frees sooner than that is waited for; the next tick finds the rest.
_SOON = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedPart:
    """What was claimed of a lane, by one provider."""

    lane: Lane
    is_letters: bool
    provider: str
    messages: tuple[Claimed, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRules:
    """What bounds a claim.

    Attributes:
        providers: By whom emails may leave.
        published_per_lane: Messages of one lane and kind on the queue and not yet opened.
        messages_per_batch: While letters of a lane are on the queue, more of them wait until there
            is room for so many: a task of ten costs nearly as much as one of two hundred.
        default_budgets: Of providers by their names, while no row says anything of them.
    """

    providers: Providers
    published_per_lane: int
    messages_per_batch: int = 1
    default_budgets: Mapping[str, Budget] = field(default_factory=dict)

    def places(self, waiting: Waiting) -> int:
        """Return how many messages of a lane and kind may go on the queue now."""
        places = max(0, self.published_per_lane - waiting.published)
        # Half a lane at most: where a lane is short, it is filled up before it is empty.
        worth_it = min(self.messages_per_batch, self.published_per_lane // 2)
        waits = waiting.letters and waiting.published > 0 and places < worth_it
        return 0 if waits else places


@dataclass(slots=True)
class _Claim:
    """One claim while it is made."""

    tx: Transaction
    rules: ClaimRules
    routes: list[Route]
    allowance: Allowance
    parts: list[ClaimedPart]
    places: dict[tuple[Lane, bool], int]
    letters_on_queue: Counter[str]
    has_more: bool = False


def claim_messages(tx: Transaction, rules: ClaimRules) -> tuple[list[ClaimedPart], bool]:
    """Claim what may leave now, and spend it of the budgets.

    Lanes share what is left of a budget that several of them draw on: a long one does not take it
    all. Letters leave a part of each budget to what must be on time, and come after it.

    Args:
        tx: It holds the dispatcher's lock; what is returned is published after its commit.
        rules: What bounds it.

    Returns:
        What was claimed, and whether more waits that may leave within a second.
    """
    waiting = claims.waiting_lanes(tx)
    if not waiting:
        return [], False
    states = provider_states.list_states(tx)
    claim = _Claim(
        tx=tx,
        rules=rules,
        routes=routes(
            rules.providers,
            claims.list_senders(tx),
            {provider: state for (provider, lane), state in states.items() if lane == ALL},
            tx.real_now,
        ),
        allowance=read_allowance(tx, rules, states),
        parts=[],
        places={(each.lane, each.letters): rules.places(each) for each in waiting},
        letters_on_queue=Counter({each.lane: each.published for each in waiting if each.letters}),
    )
    for _, of_kind in groupby(waiting, key=lambda each: each.letters):
        _claim_kind(claim, list(of_kind))
    budgets.spend(tx, claim.allowance.newly_spent)
    return claim.parts, claim.has_more


def read_allowance(
    tx: Transaction, rules: ClaimRules, states: Mapping[Place, ProviderState]
) -> Allowance:
    """Return what the budgets leave now; lanes that were slowed down are held to their pace."""
    placed = in_force(tx, rules)
    paced = [*placed, *_paces(placed, states, tx.real_now)]
    spending = budgets.read_spending(tx, within=_LOOKED_BACK) if paced else {}
    held_until = {
        place: state.retry_at
        for place, state in states.items()
        if place[1] != ALL and state.retry_at is not None
    }
    return Allowance(paced, spending, tx.real_now, held_until=held_until)


def in_force(tx: Transaction, rules: ClaimRules) -> list[PlacedBudget]:
    """Return the budgets that hold: the rows, and the default of a provider that has none."""
    placed = [each.placed for each in budgets.list_budgets(tx)]
    defaults = [
        PlacedBudget(provider=name, lane=ALL, budget=rules.default_budgets[name])
        for name in rules.providers.names
        if name in rules.default_budgets and not any(each.fits(name, ALL) for each in placed)
    ]
    return [*placed, *defaults]


def _paces(
    placed: Iterable[PlacedBudget], states: Mapping[Place, ProviderState], now: datetime
) -> Iterable[PlacedBudget]:
    for (provider, lane), state in states.items():
        if lane == ALL:
            continue
        budget = state.paced(now, _per_minute(placed, provider, lane))
        if budget is not None:
            yield PlacedBudget(provider=provider, lane=lane, budget=budget)


def _per_minute(placed: Iterable[PlacedBudget], provider: str, lane: str) -> int | None:
    fitting = [each.budget for each in placed if each.fits(provider, lane)]
    speeds = [each.per_second * 60 for each in fitting if each.per_second is not None]
    speeds += [each.per_minute for each in fitting if each.per_minute is not None]
    return min(speeds, default=None)


def _claim_kind(claim: _Claim, waiting: list[Waiting]) -> None:
    for route in claim.routes:
        left = TRIED_AT_ONCE if route.is_try else None
        for position, each in enumerate(waiting):
            claimed = _claim_lane(claim, route, each, lanes=len(waiting) - position, most=left)
            if left is not None:
                left -= claimed
        if left is not None and left < TRIED_AT_ONCE:
            _note_try(claim, route.provider)


def _claim_lane(
    claim: _Claim, route: Route, waiting: Waiting, *, lanes: int, most: int | None
) -> int:
    """Claim of one lane by one provider; ``lanes`` are still to come, this one included."""
    place = (waiting.lane, waiting.letters)
    room = claim.allowance.room(
        route.provider, waiting.lane, for_letters=waiting.letters, lanes=lanes
    )
    on_queue = _places_of_second(claim, route, waiting)
    bounds = (claim.places[place], room.number, most, on_queue)
    limit = min(each for each in bounds if each is not None)
    messages: list[Claimed] = []
    if limit > 0:
        messages = claims.claim_queued(
            claim.tx,
            waiting.lane,
            letters=waiting.letters,
            limit=limit,
            sequence_ids=route.sequence_ids,
        )
    if messages:
        claim.places[place] -= len(messages)
        claim.letters_on_queue[waiting.lane] += len(messages) * waiting.letters
        claim.allowance.spend(route.provider, waiting.lane, len(messages))
        claim.parts.append(
            ClaimedPart(
                lane=waiting.lane,
                is_letters=waiting.letters,
                provider=route.provider,
                messages=tuple(messages),
            )
        )
    if len(messages) == limit and not route.is_try:
        claim.has_more = claim.has_more or _frees_soon(claim, route, waiting)
    return len(messages)


def _places_of_second(claim: _Claim, route: Route, waiting: Waiting) -> int | None:
    """Return how many letters more may lie on the queue where a second has a limit."""
    if not waiting.letters:
        return None
    return claim.allowance.places(
        route.provider,
        waiting.lane,
        claim.letters_on_queue,
        is_alone=len(claim.rules.providers.names) == 1,
    )


def _frees_soon(claim: _Claim, route: Route, waiting: Waiting) -> bool:
    """Say whether what is left of a lane is worth waiting for, now that this was claimed."""
    room = claim.allowance.room(route.provider, waiting.lane, for_letters=waiting.letters)
    return room.next_at is None or room.next_at - claim.tx.real_now <= _SOON


def _note_try(claim: _Claim, provider: str) -> None:
    """Let nobody else try meanwhile."""
    state = provider_states.lock_states(claim.tx, provider, ()).get(ALL)
    if state is not None and state.circuit is not Circuit.CLOSED:
        trying = replace(state, circuit=Circuit.TRYING, retry_at=claim.tx.real_now + TRY_LASTS)
        provider_states.save_states(claim.tx, provider, {ALL: trying})
        claim.routes = [
            each for each in claim.routes if not (each.is_try and each.provider == provider)
        ]
