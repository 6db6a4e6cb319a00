"""What became of messages in hand, written for many of them in one statement."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from funnel.domain.message import MessageStatus, check_move
from funnel.storage import arrays
from funnel.storage.transaction import Transaction


# A tuple, because each email makes one and a frozen dataclass costs three times as much.
class Settled(NamedTuple):
    """How a message that was in hand ended; ``None`` for moments that do not apply.

    Attributes:
        retry_after: With ``queued``: how long from now, in real time; ``None``: it stays on the
            queue, in the hands of the task that carries it.
        is_attempt: Whether this counts as an attempt: the hand-over began, and failed by the
            message's own doing.
        kept: The finished email, where a later attempt must make the same bytes.
    """

    id: UUID
    epoch: int
    status: MessageStatus
    reason: str | None = None
    accepted_at: datetime | None = None
    retry_after: timedelta | None = None
    is_attempt: bool = True
    provider: str | None = None
    provider_id: str | None = None
    kept: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledRow:
    """Where a settled message belongs; ``is_first``: it is the first copy of a step's email.

    ``enrollment_id`` is the run that may wait for it: of a step's email alone.
    """

    sequence_id: UUID
    step_key: str
    enrollment_id: UUID | None
    is_first: bool


def record_all(tx: Transaction, settled: Sequence[Settled]) -> set[int]:
    """Write how messages in hand ended; return the places of those still in these hands."""
    return {number - 1 for number, *_ in _record(tx, settled)}


def record(tx: Transaction, settled: Settled) -> SettledRow | None:
    """Write how a message in hand ended; ``None`` if it was no longer in these hands."""
    rows = _record(tx, [settled])
    if not rows:
        return None
    _, sequence_id, step_key, enrollment_id, is_first = rows[0]
    return SettledRow(
        sequence_id=sequence_id,
        step_key=step_key,
        enrollment_id=enrollment_id,
        is_first=is_first,
    )


def _record(tx: Transaction, settled: Sequence[Settled]) -> list[tuple[Any, ...]]:
    for status in {each.status for each in settled}:
        check_move(MessageStatus.SENDING, status)
    waits = [each.retry_after for each in settled]
    given = {
        "ids": arrays.uuids([each.id for each in settled]),
        "epochs": arrays.words([each.epoch for each in settled]),
        "statuses": arrays.words([each.status.value for each in settled]),
        "attempts": arrays.words([int(each.is_attempt) for each in settled]),
        "reasons": arrays.texts([each.reason for each in settled]),
        "accepted": arrays.moments([each.accepted_at for each in settled]),
        "waits": arrays.seconds([None if each is None else each.total_seconds() for each in waits]),
        "providers": arrays.texts([each.provider for each in settled]),
        "provider_ids": arrays.texts([each.provider_id for each in settled]),
        "kept": arrays.texts([_json(each.kept) for each in settled]),
    }
    return arrays.fetch(tx, RECORD, given)


def _json(kept: Mapping[str, Any] | None) -> str | None:
    return None if kept is None else json.dumps(kept, ensure_ascii=False)


# Not locked first, as an open is: what is in these hands nobody else locks along with others,
# and should it happen, who loses the deadlock writes its flush again.
RECORD: Final = """
    update messages m set
        status = o.ending, reason = o.why, accepted_at = o.accepted,
        -- An unknown one counts from its hand-over, however late somebody finds it.
        settled_at = case when o.ending = 'queued' then null
                          when o.ending = 'unknown' then coalesce(m.opened_at, at.now)
                          else coalesce(o.accepted, at.now) end,
        available_at = case when o.wait is null then m.available_at
                            else now() + o.wait * interval '1 second' end,
        published_at = case when o.ending = 'queued' and o.wait is not null then null
                            else m.published_at end,
        attempts = m.attempts - 1 + o.attempted,
        lease_owner = null, lease_until = null,
        provider = o.carrier, provider_id = o.their_id,
        context = coalesce(cast(o.keep as jsonb), m.context)
    from unnest(
        cast(%(ids)s as uuid[]), cast(%(epochs)s as int[]), cast(%(statuses)s as text[]),
        cast(%(attempts)s as int[]), cast(%(reasons)s as text[]),
        cast(%(accepted)s as timestamptz[]), cast(%(waits)s as float8[]),
        cast(%(providers)s as text[]), cast(%(provider_ids)s as text[]),
        cast(%(kept)s as text[])
    ) with ordinality
      o (id, epoch, ending, attempted, why, accepted, wait, carrier, their_id, keep, number),
    (select plan_now() as now offset 0) at
    where m.id = o.id and m.epoch = o.epoch
      -- No index by that word: statistics know of next to nothing that is being sent, and all that
      -- is would be read for each of these.
      and m.status || '' = 'sending'
    returning o.number, m.sequence_id, coalesce(m.step_key, m.template_key),
              -- No run waits for a notice or an announcement.
              case when m.kind = 'sequence' then m.enrollment_id end,
              m.kind = 'sequence' and m.copy = 0
"""
