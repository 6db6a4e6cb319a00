"""What was agreed to and ended: rows that are only ever added."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import insert, text

from funnel.domain.consent import Topic
from funnel.domain.signup import Visitor
from funnel.storage import result_sums
from funnel.storage.tables import ConsentRow
from funnel.storage.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class LastEmail:
    """The step's email that somebody got last, and what it needed."""

    topic: Topic
    sequence_id: UUID
    step_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentWord:
    """A yes or a no to one topic: by which words of which source.

    Attributes:
        after: Of a no, the email after which it came, where that is counted.
    """

    topic: Topic
    is_given: bool
    source: str
    wording: str = ""
    after: LastEmail | None = None


def add(tx: Transaction, subscriber_id: UUID, word: ConsentWord, visitor: Visitor) -> None:
    """Write that a person agreed to a topic, or ended it, now."""
    if word.after is not None:
        result_sums.watch(tx, [subscriber_id])
    tx.connection.execute(
        insert(ConsentRow).values(
            subscriber_id=subscriber_id,
            topic=word.topic,
            is_given=word.is_given,
            wording=word.wording,
            source=word.source,
            ip=visitor.ip,
            user_agent=visitor.user_agent,
            after_sequence_id=word.after.sequence_id if word.after else None,
            after_step_key=word.after.step_key if word.after else None,
        )
    )


def last_email(tx: Transaction, subscriber_id: UUID, topics: Collection[Topic]) -> LastEmail | None:
    """Return the newest email of these topics that has left, if it was one of a sequence."""
    values = {"person": subscriber_id, "topics": [str(each) for each in topics]}
    row = tx.connection.execute(_LAST_EMAIL, values).one_or_none()
    if row is None or row.step_key is None:
        return None
    return LastEmail(topic=Topic(row.topic), sequence_id=row.sequence_id, step_key=row.step_key)


_LAST_EMAIL = text(
    """
    select topic, sequence_id, step_key from messages
    where subscriber_id = :person and topic = any(:topics) and status = 'accepted'
      and accepted_at <= plan_now()
    order by accepted_at desc, id desc limit 1
    """
)
