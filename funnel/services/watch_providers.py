"""Keep an eye on the providers: what hand-overs say of them decides how fast, and by whom."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

import structlog

from funnel.domain.budget import ALL
from funnel.domain.provider_state import (
    Alarm,
    Circuit,
    ProviderState,
    alarm,
    alarm_text,
    slowed,
    with_outcomes,
)
from funnel.domain.provider_tally import OutcomeTally
from funnel.domain.status import without_addresses
from funnel.storage import audit, pauses, provider_states
from funnel.storage.transaction import Transaction

log = structlog.get_logger()

AUTOMATIC: Final = "automatic"  # who paused, where nobody did


def note_outcomes(tx: Transaction, provider: str, tallies: Mapping[str, OutcomeTally]) -> None:
    """Remember what became of a batch; slow a lane down, open a circuit, or stop everything.

    Once per batch at its end, and at once where a provider is down or asks to slow down; in a
    short transaction that holds no message.

    Args:
        tx: It writes the provider's rows, the last that anybody locks.
        provider: Who was to carry the batch.
        tallies: By lane; each hand-over counted once, over all calls.
    """
    if not tallies:
        return
    # A lane's own row is needed only where it was asked to slow down.
    lanes = sorted(lane for lane, tally in tallies.items() if tally.rate)
    tallies = {lane: _without_addresses(tally) for lane, tally in tallies.items()}
    states = provider_states.lock_states(tx, provider, lanes)
    new = ProviderState(counted_from=tx.real_now, changed_at=tx.real_now)
    before = states.get(ALL, new)
    after = with_outcomes(before, _sum(tallies.values()), tx.real_now)
    changed = {lane: slowed(states.get(lane, new), tallies[lane], tx.real_now) for lane in lanes}
    provider_states.save_states(tx, provider, {ALL: after, **changed})
    if after.circuit is not before.circuit:
        _say_circuit(provider, after)
    for lane in lanes:
        log.warning("lane.slowed", provider=provider, lane=lane, pace=changed[lane].pace)
    found = alarm(after)
    if found is not None and any(each.failed for each in tallies.values()):
        _stop(tx, provider, found)


def _without_addresses(tally: OutcomeTally) -> OutcomeTally:
    """Servers repeat the address that they refuse; these rows are nobody's."""
    return replace(tally, reason=without_addresses(tally.reason)) if tally.reason else tally


def _sum(tallies: Iterable[OutcomeTally]) -> OutcomeTally:
    every = list(tallies)
    counted = ("accepted", "deferred", "failed", "unknown", "rate", "provider_down", "dead")
    sums = {name: sum(getattr(each, name) for each in every) for name in counted}
    return OutcomeTally(**sums, reason=next((each.reason for each in every if each.reason), ""))


def _say_circuit(provider: str, state: ProviderState) -> None:
    if state.circuit is Circuit.CLOSED:
        log.info("provider.used_again", provider=provider)
    else:
        log.error("provider.left_alone", provider=provider, retry_at=str(state.retry_at))


def _stop(tx: Transaction, provider: str, found: Alarm) -> None:
    """Pull the brake; who paused before, and why, stays."""
    if pauses.is_everything_paused(tx):
        return
    pauses.add(tx, scope=pauses.EVERYTHING, reason=alarm_text(found, provider), by=AUTOMATIC)
    audit.write_audit(
        tx,
        by=AUTOMATIC,
        action="paused",
        target="all",
        detail={"provider": provider, "number": found.number, "of": found.of},
    )
    log.error("sending.paused", provider=provider, number=found.number, of=found.of)
