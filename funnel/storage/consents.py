"""What was agreed to and ended: rows that are only ever added."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import insert

from funnel.domain.consent import Topic
from funnel.domain.signup import Visitor
from funnel.storage.tables import ConsentRow
from funnel.storage.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentWord:
    """A yes or a no to one topic: by which words of which source."""

    topic: Topic
    is_given: bool
    source: str
    wording: str = ""


def add(tx: Transaction, subscriber_id: UUID, word: ConsentWord, visitor: Visitor) -> None:
    """Write that a person agreed to a topic, or ended it, now."""
    tx.connection.execute(
        insert(ConsentRow).values(
            subscriber_id=subscriber_id,
            topic=word.topic,
            is_given=word.is_given,
            wording=word.wording,
            source=word.source,
            ip=visitor.ip,
            user_agent=visitor.user_agent,
        )
    )
