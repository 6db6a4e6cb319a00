"""How many are waiting for each email of a sequence, got it, or did not; from sums.

What is settled is summed in ``counters``. Who waits for an email is who is in the sequence and has
no settled row of it: also a difference of sums, so that no page counts rows of messages.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from funnel.domain.delivery_event import Delivery
from funnel.domain.message import MessageStatus
from funnel.storage import counters
from funnel.storage.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSums:
    """The sums of one email.

    Attributes:
        sent: Accepted by the provider; copies for another date count each.
        unknown: Handed over without an answer: held for a person.
        passed: People in the sequence who have it behind them, whatever became of it.
        delivered: Taken by the recipient's server, as the provider says; ``bounced`` came back,
            ``complained`` were reported as spam.
    """

    sent: int = 0
    skipped: int = 0
    failed: int = 0
    unknown: int = 0
    cancelled: int = 0
    passed: int = 0
    delivered: int = 0
    bounced: int = 0
    complained: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TextState:
    """The text of one email: the number of its live version, and whose draft there is."""

    live_number: int | None
    live_at: datetime | None
    draft_by: str


def read_sums(tx: Transaction, sequence_id: UUID) -> dict[str, StepSums]:
    """Return the sums of each email of a sequence, by its key."""
    found: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for row in tx.connection.execute(SUMS, {"sequence": sequence_id}):
        found[row.step_key][row.status] = row.total
    return {key: _sums(totals) for key, totals in found.items()}


def _sums(totals: Mapping[str, int]) -> StepSums:
    return StepSums(
        sent=totals.get(MessageStatus.ACCEPTED, 0),
        skipped=totals.get(MessageStatus.SKIPPED, 0),
        failed=totals.get(MessageStatus.FAILED, 0),
        unknown=totals.get(MessageStatus.UNKNOWN, 0),
        cancelled=totals.get(MessageStatus.CANCELLED, 0),
        passed=totals.get(counters.PASSED, 0) - totals.get(counters.ENDED, 0),
        delivered=totals.get(Delivery.DELIVERED, 0),
        bounced=totals.get(Delivery.BOUNCED, 0),
        complained=totals.get(Delivery.COMPLAINED, 0),
    )


SUMS = text("select step_key, status, total from counters where sequence_id = :sequence")


def count_by_version(tx: Transaction, sequence_id: UUID) -> dict[UUID, int]:
    """Return how many runs are under way on each version of a sequence."""
    rows = tx.connection.execute(PEOPLE, {"sequence": sequence_id})
    return {row.version_id: row.people for row in rows}


PEOPLE = text(
    """
    select version_id, count(*) as people from enrollments
    where sequence_id = :sequence and state = 'active' group by version_id
    """
)


def text_states(tx: Transaction, keys: Collection[str]) -> dict[str, TextState]:
    """Return how the texts of these emails stand; one that is nowhere is left out."""
    rows = tx.connection.execute(TEXTS, {"keys": list(keys)})
    return {
        row.key: TextState(
            live_number=row.number, live_at=row.published_at, draft_by=row.draft_by or ""
        )
        for row in rows
    }


TEXTS = text(
    """
    select k.key, v.number, v.published_at, d.updated_by as draft_by
    from unnest(cast(:keys as text[])) as k(key)
    left join templates t on t.key = k.key
    left join template_versions v on v.id = t.live_version_id
    left join template_drafts d on d.key = k.key
    where t.key is not null or d.key is not null
    """
)
