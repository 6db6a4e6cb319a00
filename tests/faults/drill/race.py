"""People who unsubscribe while their letter leaves: who was first is asked of the commits."""

import queue
import threading
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import text

from funnel.domain.consent import Topic
from funnel.domain.signup import Visitor
from funnel.services.unsubscribe import Word, unsubscribe
from funnel.storage.transaction import Transactions, open_database
from tests.bench.house import House
from tests.faults.drill.sink import Sink
from tests.faults.drill.stage import Load, Stage

_AT_ONCE = 6
_WORD = Word(source="drill", visitor=Visitor(ip="192.0.2.7", user_agent="drill"))


@dataclass(slots=True, kw_only=True)
class Raced:
    """How pairs of a letter and an unsubscribe ended.

    Attributes:
        unsent: Never left.
        opened_before: Left, opened before the unsubscribe was committed.
        broken: Left, though the unsubscribe was committed before the open was.
        windows: Of those that arrived after the commit of the unsubscribe: seconds in between.
    """

    unsent: int = 0
    opened_before: int = 0
    broken: list[UUID] = field(default_factory=list)
    windows: list[float] = field(default_factory=list)


def race(stage: Stage, load: Load) -> None:
    """Unsubscribe everybody of a load while it leaves: those whose letter is next first."""
    waiting: queue.SimpleQueue[tuple[UUID, bool] | None] = queue.SimpleQueue()
    transactions = open_database(stage.house.url, pool_size=_AT_ONCE)
    threads = [
        threading.Thread(target=_unsubscribe, args=(waiting, transactions)) for _ in range(_AT_ONCE)
    ]
    for each in threads:
        each.start()
    try:
        _ask_all(stage, load, waiting)
    finally:
        for _ in threads:
            waiting.put(None)
        for each in threads:
            each.join()
        transactions.close()


def _ask_all(
    stage: Stage, load: Load, waiting: "queue.SimpleQueue[tuple[UUID, bool] | None]"
) -> None:
    asked: set[UUID] = set()

    def is_over() -> bool:
        if waiting.qsize() > _AT_ONCE:
            return False
        with stage.house.transactions.begin() as tx:
            given = {"prefix": f"{load.prefix}%", "asked": list(asked)}
            found = list(tx.connection.execute(text(_NEXT), given).scalars())
        for person in stage.chance.sample(found, len(found)):
            asked.add(person)
            waiting.put((person, stage.chance.random() < 0.5))
        return len(asked) == load.number

    stage.until(is_over, "everybody unsubscribed", seconds=300)


# Opened now or soon: what waits on the queue, in the order in which it is claimed.
_NEXT = """
    select p.id from subscribers p
    join messages m on m.subscriber_id = p.id and m.step_key = 'tables-turned'
    where p.email_key like :prefix and p.id <> all(:asked)
    order by m.status <> 'queued' or m.published_at is null, m.id limit 20
"""


def _unsubscribe(
    waiting: "queue.SimpleQueue[tuple[UUID, bool] | None]", transactions: Transactions
) -> None:
    while (asked := waiting.get()) is not None:
        person, is_all = asked
        unsubscribe(person, None if is_all else Topic.LETTERS, _WORD, transactions)


def judge_race(house: House, sink: Sink, load: Load) -> Raced:
    """Say of each pair who was first."""
    raced = Raced()
    with house.transactions.begin() as tx:
        rows = list(tx.connection.execute(text(_PAIRS), {"prefix": f"{load.prefix}%"}))
    for row in rows:
        if not sink.came[row.id]:
            raced.unsent += 1
        elif row.opened_at is None or row.opened_at >= row.ended_at:
            raced.broken.append(row.id)
        else:
            raced.opened_before += 1
        if row.id in sink.came_at:
            window = sink.came_at[row.id] - row.ended_at.timestamp()
            raced.windows += [window] if window > 0 else []
    return raced


# The last open and the first end of each; the clock is the one of this machine.
_PAIRS = """
    select m.id, max(pg_xact_commit_timestamp(o.xid)) as opened_at,
           min(pg_xact_commit_timestamp(e.xid)) as ended_at
    from subscribers p
    join ends e on e.subscriber_id = p.id
    left join messages m on m.subscriber_id = p.id and m.step_key = 'tables-turned'
    left join opens o on o.message_id = m.id
    where p.email_key like :prefix group by m.id, p.id
"""
