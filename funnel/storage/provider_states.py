"""How the providers do: circuits and paces, one row for each provider and each of its lanes."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import RowMapping, text

from funnel.domain.allowance import Place
from funnel.domain.budget import ALL
from funnel.domain.provider_state import Circuit, ProviderState
from funnel.storage.rows import as_json
from funnel.storage.transaction import Transaction


def list_states(tx: Transaction) -> dict[Place, ProviderState]:
    """Return what is known of each provider (lane ``*``) and of each of its lanes."""
    rows = tx.connection.execute(text("select * from provider_states")).mappings()
    return {(row["provider"], row["lane"]): _state(row) for row in rows}


def lock_states(tx: Transaction, provider: str, lanes: Iterable[str]) -> dict[str, ProviderState]:
    """Lock and return the states of a provider and of these lanes; what is not there is new.

    Always in one order, and last: nobody who holds these rows waits for a message.
    """
    rows = tx.connection.execute(_LOCK, {"provider": provider, "lanes": [ALL, *lanes]}).mappings()
    return {row["lane"]: _state(row) for row in rows}


_LOCK = text(
    """
    select * from provider_states
    where provider = :provider and lane = any(:lanes) order by lane for no key update
    """
)


def _state(row: RowMapping) -> ProviderState:
    return ProviderState(
        circuit=Circuit(row["circuit"]),
        retry_at=row["retry_at"],
        pace=row["pace"],
        paced_until=row["paced_until"],
        accepted=row["accepted"],
        failed=row["failed"],
        refused=row["refused"],
        dead=row["dead"],
        counted_from=row["counted_from"],
        reason=row["reason"],
        changed_at=row["changed_at"],
    )


def save_states(tx: Transaction, provider: str, states: Mapping[str, ProviderState]) -> None:
    """Write states of a provider's lanes."""
    if states:
        rows = [_values(lane, state) for lane, state in sorted(states.items())]
        tx.connection.execute(_SAVE, {"provider": provider, "rows": as_json(rows)})


def _values(lane: str, state: ProviderState) -> dict[str, Any]:
    return {
        "lane": lane,
        "circuit": state.circuit.value,
        "retry_at": state.retry_at,
        "pace": state.pace,
        "paced_until": state.paced_until,
        "accepted": state.accepted,
        "failed": state.failed,
        "refused": state.refused,
        "dead": state.dead,
        "counted_from": state.counted_from,
        "reason": state.reason,
        "changed_at": state.changed_at,
    }


_SAVE = text(
    """
    insert into provider_states (provider, lane, circuit, retry_at, pace, paced_until, accepted,
                                 failed, refused, dead, counted_from, reason, changed_at)
    select :provider, lane, circuit, retry_at, pace, paced_until, accepted, failed, refused, dead,
           counted_from, reason, changed_at
    from json_to_recordset(cast(:rows as json)) as r(
        lane text, circuit text, retry_at timestamptz, pace float, paced_until timestamptz,
        accepted int, failed int, refused int, dead int, counted_from timestamptz, reason text,
        changed_at timestamptz)
    on conflict (provider, lane) do update set
        circuit = excluded.circuit, retry_at = excluded.retry_at, pace = excluded.pace,
        paced_until = excluded.paced_until, accepted = excluded.accepted,
        failed = excluded.failed, refused = excluded.refused, dead = excluded.dead,
        counted_from = excluded.counted_from, reason = excluded.reason,
        changed_at = excluded.changed_at
    """
)


def count_anew(tx: Transaction) -> None:
    """Forget what was refused so far: a person has looked, and lets sending go on."""
    tx.connection.execute(
        text("update provider_states set accepted = 0, refused = 0, dead = 0, counted_from = now()")
    )
