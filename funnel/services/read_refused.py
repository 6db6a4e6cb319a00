"""Read refused events once more: after a mapping was mended, what they said is not lost."""

import hashlib
from datetime import datetime
from typing import Final

from funnel.domain.errors import InvalidInputError
from funnel.domain.fact_source import FactEvent, FactSource
from funnel.intake.presets.catalogue import PRESETS
from funnel.intake.presets.preset import Challenge, Delivery, Verified
from funnel.services.receive_facts import receive_in
from funnel.storage import fact_sources, received_facts
from funnel.storage.transaction import Transactions

_MOST: Final = 1000  # of a source; no more are kept


def read_refused(transactions: Transactions) -> int:
    """Read the refused events of all sources again; return how many could be read this time.

    Each had proved its source when it came. What still cannot be read stays as it is; what can be
    is received under its own id, as if it came now. One transaction a source.
    """
    with transactions.begin() as tx:
        sources = fact_sources.list_all(tx)
    return sum(_read(source, transactions) for source in sources)


def _read(source: FactSource, transactions: Transactions) -> int:
    done = 0
    with transactions.begin() as tx:
        for row_id, payload in received_facts.find_refused(tx, source.id, _MOST):
            try:
                events = _events(source, payload, tx.real_now)
            except InvalidInputError:
                continue
            received_facts.remove(tx, row_id)
            receive_in(tx, events, source)
            done += 1
    return done


def _events(source: FactSource, payload: bytes, now: datetime) -> tuple[FactEvent, ...]:
    delivery = Delivery(source=source, headers={}, body=payload, now=now)
    # The sender's id of the delivery is not kept; the body's own takes its place.
    stand_in = f"again_{hashlib.sha256(payload).hexdigest()[:32]}"
    read = PRESETS[source.preset].read(delivery, Verified(secret="", webhook_id=stand_in))
    if isinstance(read, Challenge):
        raise InvalidInputError("a question that was answered", field="event")
    return read
