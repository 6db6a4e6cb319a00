"""Messages of the broker that come twice, late and stale; many at once; clocks, poison, consent."""

import os
import signal
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import text

from tests.bench.house import NOW
from tests.faults.drill.crew import DELIVER, REST, SCHEDULER
from tests.faults.drill.fault import Fault
from tests.faults.drill.publishing import publish
from tests.faults.drill.race import judge_race, race
from tests.faults.drill.sink import Reaction, Step
from tests.faults.drill.stage import CHILDREN, CONNECTIONS, Load, Stage

_HOUR = 3600
_DEATHS = 5
# The nights on which Europe's clocks change, and the Mondays after them.
_NIGHTS = (datetime(2031, 3, 30, tzinfo=UTC), datetime(2031, 10, 26, tzinfo=UTC))


def repeat_messages(stage: Stage, load: Load) -> None:
    """Put copies of the broker's messages on the queue: many, shuffled, stale, from the future."""
    stage.crew.freeze("deliver")
    stage.house.add(load.number, due=load.number, prefix=load.prefix)
    stage.until_row(
        _ALL_PUBLISHED, "all is on the queue", prefix=f"{load.prefix}%", all=load.number
    )
    with stage.house.transactions.begin() as tx:
        rows = list(tx.connection.execute(text(_PUBLISHED), {"prefix": f"{load.prefix}%"}))
    now = [(str(row.id), row.epoch) for row in rows]
    stale = [(message_id, epoch - 1) for message_id, epoch in now]
    never = [(message_id, epoch + 7) for message_id, epoch in now]
    copies = [now] * 10 + [now + now] + [stale] * 2 + [never] * 2
    batches = [
        part
        for each in copies
        for part in _parts(stage.chance.sample(each, len(each)), stage.chance.randint(5, 50))
    ]
    publish(stage, *((batch, "smtp") for batch in stage.chance.sample(batches, len(batches))))
    stage.crew.thaw("deliver")
    stage.until(lambda: stage.is_settled(load), "all of it is settled")
    publish(stage, *((batch, "smtp") for batch in _parts(now, 50)))  # late: when all is over
    time.sleep(2)  # real time: a second copy would leave meanwhile


def _parts(each: list[tuple[str, int]], size: int) -> list[list[tuple[str, int]]]:
    return [each[start : start + size] for start in range(0, len(each), size)]


_ALL_PUBLISHED = """
    select count(*) = :all from messages m join subscribers p on p.id = m.subscriber_id
    where p.email_key like :prefix and m.step_key = 'tables-turned'
      and m.published_at is not null
"""
_PUBLISHED = """
    select m.id, m.epoch from messages m join subscribers p on p.id = m.subscriber_id
    where p.email_key like :prefix and m.step_key = 'tables-turned'
"""


def race_processes(stage: Stage, load: Load) -> None:
    """Let three dispatchers, two schedulers and four processes that deliver work at once."""
    for name, role in (
        ("rest-2", REST),
        ("rest-3", REST),
        ("beat-2", SCHEDULER),
        ("more", DELIVER),
    ):
        stage.crew.start(name, role)
    stage.until_ready()
    stage.until(lambda: _all_are_there(stage), "four processes deliver")
    stage.house.add(load.number, due=load.number, prefix=load.prefix)
    stage.until_arrived(load, 0.9)


def _all_are_there(stage: Stage) -> bool:
    workers = [stage.crew.members[name] for name in stage.crew.of(DELIVER)]
    return sum(len(each.children) for each in workers) >= 2 * CHILDREN


def put_clocks_wrong(stage: Stage, load: Load) -> None:
    """Start each process with a clock that is an hour off, in either direction."""
    hours = {"deliver": _HOUR, "rest": -_HOUR, "scheduler": _HOUR}
    for name, seconds in hours.items():
        stage.restart(name, DRILL_CLOCK_SECONDS=str(seconds))
    stage.until_ready()
    stage.house.add(load.number, due=load.number, prefix=load.prefix)
    stage.until_arrived(load, 0.9)


def change_hour(stage: Stage, load: Load) -> None:
    """Go hour by hour over both nights on which clocks change; letters keep to nine o'clock."""
    half = load.number // 2
    for night, people, prefix in zip(
        _NIGHTS, (half, load.number - half), (load.prefix, f"{load.prefix}w-"), strict=True
    ):
        _travel(stage, night - timedelta(hours=12))
        stage.house.execute(
            "update sessions set starts_at = :at, ends_at = :at + interval '90 min'",
            at=night + timedelta(days=20),
        )
        stage.house.pause()
        stage.house.add(people, due=people, prefix=prefix)
        # Enrolled on that Saturday: the letter is due on the Monday after the night.
        stage.house.execute(_ENROLLED_THEN, prefix=f"{prefix}%", at=night - timedelta(hours=14))
        stage.house.resume()
        for hour in range(0, 34, 2):
            _travel(stage, night + timedelta(hours=hour))
            time.sleep(0.6)  # real time: a tick or two in each of these hours
        stage.settle(_part(load, people, prefix))
    wrong = stage.house.ask(_NOT_AT_NINE, prefix=f"{load.prefix}%")
    _travel(stage, NOW)
    if wrong:
        raise AssertionError(f"{wrong} letters were not due at nine o'clock of their readers")


def _travel(stage: Stage, moment: datetime) -> None:
    stage.house.execute(
        "update clock set ahead_by = :moment - now(), frozen_at = null", moment=moment
    )


def _part(load: Load, number: int, prefix: str) -> Load:
    return Load(prefix=f"{prefix}", number=number, before=load.before, key=load.key)


_ENROLLED_THEN = """
    update enrollments e set enrolled_at = :at, next_due_at = :at
    from subscribers p where p.id = e.subscriber_id and p.email_key like :prefix
"""
_NOT_AT_NINE = """
    select count(*) from messages m join subscribers p on p.id = m.subscriber_id
    where p.email_key like :prefix and m.step_key = 'tables-turned'
      and (m.due_at at time zone p.zone)::time <> '09:00'
"""


# -- poison ----------------------------------------------------------------------------------


def poison(stage: Stage, load: Load) -> None:
    """Kill whoever has one certain message in hand, as its recipient is named, each time."""
    address = f"{load.prefix}7@example.org"
    deaths = []

    def react(step: Step, recipient: str) -> Reaction | None:
        if step is Step.RCPT and recipient == address:
            deaths.append(_kill_holder(stage, address))
            return Reaction(is_silent=True)
        return None

    stage.sink.react = react
    stage.house.add(load.number, due=load.number, prefix=load.prefix)
    # First everybody else, as the engine spreads them, then the poison alone.
    stage.until(lambda: _put_off(stage, load, address, alone=False), "the others left", seconds=240)
    stage.until(lambda: _put_off(stage, load, address, alone=True), "it was given up", seconds=240)
    load.may_end = {"failed"}
    load.most_unknown = _DEATHS * CONNECTIONS
    failed = [reason for _, status, reason in stage.rows(load) if status == "failed"]
    if len(failed) != 1 or len(deaths) != _DEATHS:
        raise AssertionError(f"{len(deaths)} deaths, given up: {failed}")


def _kill_holder(stage: Stage, address: str) -> int:
    owner = stage.house.ask(_HOLDER, address=address)
    pid = int(str(owner).split(":")[1])
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    return pid


_HOLDER = """
    select m.lease_owner from messages m join subscribers p on p.id = m.subscriber_id
    where p.email_key = :address and m.step_key = 'tables-turned'
"""


def _put_off(stage: Stage, load: Load, address: str, *, alone: bool) -> bool:
    """End the waits of the poison or of the others; say whether they are settled."""
    stage.house.execute(
        """
        update messages m set available_at = now() from subscribers p
        where p.id = m.subscriber_id and m.status = 'queued' and m.published_at is null
          and m.available_at > now() and p.email_key like :prefix
          and (p.email_key = :address) = :alone
        """,
        prefix=f"{load.prefix}%",
        address=address,
        alone=alone,
    )
    if not alone:
        # The poison waits until the others are through; its waits are up to a minute.
        stage.house.execute(
            """
            update messages m set available_at = now() + interval '1 minute' from subscribers p
            where p.id = m.subscriber_id and m.status = 'queued' and m.published_at is null
              and p.email_key = :address and m.attempts >= 2
            """,
            address=address,
        )
    time.sleep(0.2)  # real time: between two looks
    settled = [
        status for _, status, _ in stage.rows(load) if status not in (None, "queued", "sending")
    ]
    return len(settled) >= load.number - (not alone)


# -- consent ---------------------------------------------------------------------------------


def unsubscribe_meanwhile(stage: Stage, load: Load) -> None:
    """Let everybody unsubscribe while their letter leaves; ask the commits who was first."""
    load.may_end = {"skipped", "cancelled"}
    race(stage, load)
    stage.until(lambda: _nothing_is_open(stage, load), "all is settled")
    raced = judge_race(stage.house, stage.sink, load)
    if raced.broken:
        raise AssertionError(f"sent, though they had unsubscribed: {_first(raced.broken)}")


def _nothing_is_open(stage: Stage, load: Load) -> bool:
    return not any(status in ("queued", "sending") for _, status, _ in stage.rows(load))


def _first(broken: list[UUID]) -> str:
    return f"{len(broken)}, {broken[0]}"


FAULTS = (
    Fault(
        name="messages-repeated",
        strike=repeat_messages,
        sentence="the broker's messages 12 times, late, shuffled, with stale and future epochs",
        source="a broker message delivered twice, ten times, late, out of order, stale epoch",
        brings=True,
        delay=0.02,
        is_short=True,
    ),
    Fault(
        name="many-racing",
        strike=race_processes,
        sentence="three dispatchers, two schedulers and four processes that deliver",
        source="three dispatchers, two beats and four workers racing",
        brings=True,
        delay=0.02,
    ),
    Fault(
        name="clocks-wrong",
        strike=put_clocks_wrong,
        sentence="clocks of the processes an hour fast, slow and fast",
        source="clocks an hour off",
        brings=True,
        delay=0.02,
    ),
    Fault(
        name="poison",
        strike=poison,
        sentence="an email that kills whoever has it in hand, each time, among others",
        source="poison messages",
        brings=True,
        people=60,
        delay=0.02,
    ),
    Fault(
        name="unsubscribing",
        strike=unsubscribe_meanwhile,
        sentence="everybody unsubscribes while their letter leaves",
        source="an unsubscribe racing with its send",
        is_short=True,
    ),
    Fault(
        name="summer-time",
        strike=change_hour,
        sentence="hour by hour over the nights on which clocks change, in March and in October",
        source="DST",
        brings=True,
        people=60,
        delay=0.01,
    ),
)
