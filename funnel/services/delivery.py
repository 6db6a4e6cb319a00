"""What sending takes: the parts that a worker process holds while it lives."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from funnel.domain.slices import SlicePace
from funnel.rendering.compiled import CompiledTemplate
from funnel.sending.journal import UnwrittenJournal, WorkerJournal
from funnel.sending.mailer import Mailer
from funnel.services.build_email import Counting, EmailBuilder
from funnel.storage.outbox_record import Settled
from funnel.storage.transaction import Transactions


def _never() -> bool:
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownText:
    """A template version, which never changes, and the numbers of its links."""

    compiled: CompiledTemplate
    counting: Counting


@dataclass(slots=True, kw_only=True)
class Delivery:
    """What sending takes; one per worker process and provider.

    Attributes:
        owner: Name of this process in leases.
        provider: Who carries what this mailer takes.
        lease: How long a message may be in its hands before the sweep settles it.
        monotonic: Seconds of a clock that never jumps; only differences are used.
        batch_lasts: After that long a batch stops between messages and gives the rest back.
        is_draining: Whether the process was asked to end: nothing more begins to leave.
        chance: From 0 to 1, spreads retries.
        pace: How fast this process has been sending lately.
        texts: Template versions that this process has met.
        journal: What was handed over, so that this process's death leaves no doubt; in its name
            (``owner``) messages are taken in hand.
        unrecorded: What left while the database was away for too long: written by the next batch.
    """

    transactions: Transactions
    mailer: Mailer
    builder: EmailBuilder
    owner: str
    provider: str
    lease: timedelta
    monotonic: Callable[[], float]
    batch_lasts: timedelta = timedelta(seconds=10)
    is_draining: Callable[[], bool] = _never
    chance: Callable[[], float] = random.random
    pace: SlicePace = field(default_factory=SlicePace)
    texts: dict[UUID, KnownText] = field(default_factory=dict)
    journal: WorkerJournal = field(default_factory=UnwrittenJournal)
    unrecorded: list[Settled] = field(default_factory=list)
