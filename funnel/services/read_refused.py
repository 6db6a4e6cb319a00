"""Read refused events once more: after a mapping was mended, what they said is not lost."""

from collections.abc import Callable
from typing import Final

from funnel.domain.errors import InvalidInputError
from funnel.domain.fact_source import FactEvent, FactSource
from funnel.services.receive_facts import receive_in
from funnel.storage import received_facts
from funnel.storage.transaction import Transactions

Reader = Callable[[bytes], tuple[FactEvent, ...]]

_MOST: Final = 1000


def read_refused(source: FactSource, read: Reader, transactions: Transactions) -> int:
    """Read a source's refused events again; return how many could be read this time.

    Args:
        source: As it is configured now.
        read: Gives the events of a body. Raises ``InvalidInputError`` where it still cannot.
        transactions: On the database; one transaction.
    """
    done = 0
    with transactions.begin() as tx:
        for row_id, payload in received_facts.find_refused(tx, source.id, _MOST):
            try:
                events = read(payload)
            except InvalidInputError:
                continue  # it stays as it is, with the reason that it has
            received_facts.remove(tx, row_id)
            receive_in(tx, events, source)
            done += 1
    return done
