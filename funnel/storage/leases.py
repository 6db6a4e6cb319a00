"""Messages in the hands of workers that are gone: whose they are, and which may be settled."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text

from funnel.domain.message import MessageStatus, check_move
from funnel.domain.retry import MAX_ATTEMPTS
from funnel.storage.budgets import Claim
from funnel.storage.outbox import Claimed
from funnel.storage.outbox_record import SettledRow
from funnel.storage.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class InHand:
    """A locked message that a worker had in hand.

    Attributes:
        attempts: This one included.
        opened_at: Plan time at which it was taken in hand.
        lane: With ``published_at``, the claim by which it was.
    """

    id: UUID
    epoch: int
    attempts: int
    opened_at: datetime
    lane: str
    published_at: datetime | None

    @property
    def claim(self) -> Claim | None:
        """Which claim spent for it; ``None``: it was none that says so."""
        return None if self.published_at is None else (self.lane, self.published_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenHost:
    """A host whose workers have messages in hand.

    Attributes:
        expired: Of its messages, those whose lease is over.
        oldest_for: Real time since the first of those leases ended.
    """

    host_id: str
    messages: int
    expired: int
    oldest_for: timedelta


def lock_in_hands_of(tx: Transaction, owner: str) -> list[InHand]:
    """Lock and return what an owner still has in hand, in the order of the ids."""
    rows = tx.connection.execute(_OF_OWNER, {"owner": owner})
    return [InHand(**row) for row in rows.mappings()]


_OF_OWNER = text(
    """
    select id, epoch, attempts, coalesce(opened_at, plan_now()) as opened_at, lane, published_at
    from messages where status = 'sending' and lease_owner = :owner order by id for no key update
    """
)


def lock_expired(
    tx: Transaction, *, host_id: str, journals: Sequence[str], limit: int
) -> list[Claimed]:
    """Lock and return messages whose lease is over and of which no journal can tell any more.

    Left alone: what a process has whose journal lies here (it lives, though it may be frozen, or is
    about to be settled by what it wrote), and what a process of another host has.

    Args:
        tx: The transaction that settles them.
        host_id: This host; "": none is known, so every named host is another one.
        journals: Owners whose journals lie here.
        limit: At most so many.
    """
    given = {"host": host_id, "journals": list(journals), "limit": limit}
    return [Claimed(row.id, row.epoch) for row in tx.connection.execute(_EXPIRED, given)]


_EXPIRED = text(
    """
    select id, epoch from messages
    where status = 'sending' and lease_until < now()
      and (lease_owner is null or lease_owner <> all(:journals))
      and (lease_owner is null or lease_owner !~ '^[0-9a-f]{32}:'
           or split_part(lease_owner, ':', 1) = :host)
    order by lease_until limit :limit for no key update skip locked
    """
)


def lock_of_host(tx: Transaction, host_id: str, limit: int) -> list[Claimed]:
    """Lock and return what a host's processes have in hand, whatever their leases say."""
    given = {"prefix": f"{host_id}:%", "limit": limit}
    return [Claimed(row.id, row.epoch) for row in tx.connection.execute(_OF_HOST, given)]


_OF_HOST = text(
    """
    select id, epoch from messages where status = 'sending' and lease_owner like :prefix
    order by id limit :limit for no key update
    """
)


def list_open_hosts(tx: Transaction) -> list[OpenHost]:
    """Return the hosts whose workers have messages in hand, those with old leases first."""
    return [
        OpenHost(
            host_id=row.host,
            messages=row.messages,
            expired=row.expired,
            oldest_for=row.oldest_for or timedelta(0),
        )
        for row in tx.connection.execute(_HOSTS)
    ]


_HOSTS = text(
    """
    select split_part(lease_owner, ':', 1) as host, count(*) as messages,
           count(*) filter (where lease_until < now()) as expired,
           now() - min(lease_until) filter (where lease_until < now()) as oldest_for
    from messages where status = 'sending' and lease_owner ~ '^[0-9a-f]{32}:'
    group by 1 order by 3 desc, 1
    """
)


def count_attempt(tx: Transaction, message_id: UUID, *, after: timedelta) -> bool:
    """Count an attempt of a message whose building ended its worker; it is claimable ``after``.

    Only while it is on the queue and unopened: everything else has a rule of its own.

    Returns:
        Whether that is so and it has attempts left; otherwise nothing was written.
    """
    given = {"id": message_id, "after": after, "most": MAX_ATTEMPTS}
    return bool(tx.connection.execute(_COUNT_ATTEMPT, given).rowcount)


_COUNT_ATTEMPT = text(
    """
    update messages set attempts = attempts + 1, published_at = null,
        available_at = greatest(available_at, now() + :after)
    where id = :id and status = 'queued' and published_at is not null and attempts + 1 < :most
    """
)


def fail_taken(tx: Transaction, message_id: UUID, *, reason: str) -> SettledRow | None:
    """End a message whose building ended its worker each time; ``None``: it is elsewhere now."""
    check_move(MessageStatus.QUEUED, MessageStatus.FAILED)
    row = tx.connection.execute(_FAIL_TAKEN, {"id": message_id, "reason": reason}).one_or_none()
    if row is None:
        return None
    return SettledRow(
        sequence_id=row.sequence_id,
        step_key=row.step_key,
        enrollment_id=row.enrollment_id,
        is_first=row.is_first,
    )


_FAIL_TAKEN = text(
    """
    update messages set status = 'failed', reason = :reason, attempts = attempts + 1,
        settled_at = plan_now(), published_at = null
    where id = :id and status = 'queued' and published_at is not null
    returning sequence_id, coalesce(step_key, template_key) as step_key, enrollment_id,
              kind = 'sequence' and copy = 0 as is_first
    """
)
