"""The live sequences, who is in them, and when each is held next."""

from dataclasses import dataclass
from datetime import datetime

from funnel.storage import sequence_lines
from funnel.storage.sequence_lines import DraftLine, SequenceLine
from funnel.storage.transaction import Transactions


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceList:
    """The list, and the moment (plan time) at which it was so.

    Attributes:
        lines: What is live.
        drafts: What is a draft alone: a copy, or a new one, before its first publish.
    """

    lines: tuple[SequenceLine, ...]
    drafts: tuple[DraftLine, ...]
    now: datetime


def list_sequences(transactions: Transactions) -> SequenceList:
    """Return the live sequences by title, and the drafts of new ones; changes nothing."""
    with transactions.begin_reading() as tx:
        return SequenceList(
            lines=tuple(sequence_lines.list_lines(tx)),
            drafts=tuple(sequence_lines.list_draft_lines(tx)),
            now=tx.now,
        )
