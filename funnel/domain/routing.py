"""By whom emails leave now: the provider that their sender chose, or the second one meanwhile."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from uuid import UUID

from funnel.domain.provider_state import Circuit, ProviderState

# Enough to see whether a provider works again, few enough to lose nothing by it.
TRIED_AT_ONCE = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceSender:
    """Who writes the emails of a sequence.

    Attributes:
        provider: That the brand chose; empty: the installation's own.
        domain: Of the sender's address, lower case.
    """

    sequence_id: UUID
    provider: str
    domain: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Providers:
    """What this installation may send by.

    Attributes:
        names: The preferred one first; a second one is used while the first cannot be.
        fallback_domains: Domains of senders that another than the chosen one may send for; empty:
            all.
    """

    names: tuple[str, ...]
    fallback_domains: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A provider that takes emails now.

    Attributes:
        sequence_ids: Of these sequences; ``None``: of all.
        is_try: It failed lately: a few emails find out whether it works again.
    """

    provider: str
    sequence_ids: tuple[UUID, ...] | None
    is_try: bool = False


class _Use(Enum):
    FREELY = "freely"
    AS_TRY = "as a try"
    NOT_NOW = "not now"


def routes(
    providers: Providers,
    senders: Sequence[SequenceSender],
    states: Mapping[str, ProviderState],
    now: datetime,
) -> list[Route]:
    """Return the ways that are open, each with what may go by it.

    Args:
        providers: Those that are configured; a brand's own choice counts if it is among them.
        senders: Of all sequences.
        states: Of each provider as a whole; one that is missing has never failed.
        now: Aware, real time.
    """
    uses = {name: _use(states.get(name), now) for name in providers.names}
    ways: dict[tuple[str, bool], list[UUID]] = {}
    for sender in senders:
        for way in _ways(sender, providers, uses):
            ways.setdefault(way, []).append(sender.sequence_id)
    return [
        Route(
            provider=name,
            sequence_ids=None if len(ids) == len(senders) else tuple(ids),
            is_try=is_try,
        )
        # What tries comes first, or the second provider would leave it nothing to try with.
        for (name, is_try), ids in sorted(ways.items(), key=lambda each: not each[0][1])
    ]


def _use(state: ProviderState | None, now: datetime) -> _Use:
    if state is None or state.circuit is Circuit.CLOSED:
        return _Use.FREELY
    return _Use.NOT_NOW if state.retry_at is not None and state.retry_at > now else _Use.AS_TRY


def _ways(
    sender: SequenceSender, providers: Providers, uses: Mapping[str, _Use]
) -> list[tuple[str, bool]]:
    """Return the provider of a sender, and what stands in for it while it is tried or away."""
    chosen = sender.provider if sender.provider in uses else providers.names[0]
    if uses[chosen] is _Use.FREELY:
        return [(chosen, False)]
    ways = [(chosen, True)] if uses[chosen] is _Use.AS_TRY else []
    may_stand_in = not providers.fallback_domains or sender.domain in providers.fallback_domains
    others = [name for name in providers.names if uses[name] is _Use.FREELY]
    return [*ways, *((name, False) for name in others[:1] if may_stand_in)]
