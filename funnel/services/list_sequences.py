"""The live sequences, who is in them, and when each is held next."""

from dataclasses import dataclass
from datetime import datetime

from funnel.storage import sequence_lines
from funnel.storage.sequence_lines import SequenceLine
from funnel.storage.transaction import Transactions


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceList:
    """The list, and the moment (plan time) at which it was so."""

    lines: tuple[SequenceLine, ...]
    now: datetime


def list_sequences(transactions: Transactions) -> SequenceList:
    """Return the live sequences by title; changes nothing."""
    with transactions.begin_reading() as tx:
        return SequenceList(lines=tuple(sequence_lines.list_lines(tx)), now=tx.now)
