"""Whether the cost of a dispatch follows what is due, whatever is enrolled beside it.

``python -m tests.bench.bench_scale [people ...]``; by default 10,000, 1,000,000 and 10,000,000
people, which takes about 25 minutes and 10 GB of disk. The same 10,000 people are due each time:
they are planned, their letters claimed, and all of it is put back; five times at each size. Then
500,000 runs of a paused sequence are parked at the head of the index, and it is asked again.

Printed are seconds (all five, their median), bytes for each enrollment, and the ratios.
"""

import argparse
import statistics
import sys
import time

from funnel.services.dispatch_due import DispatchLimits, dispatch_due
from tests.bench.house import LETTER, House, a_house

DUE = 10_000
TIMES = 5
PARKED = 500_000
# Everything may go on the queue at once: what is measured is planning and claiming.
LIMITS = DispatchLimits(published_per_lane=DUE, messages_per_batch=100)
_AT_ONCE = 500_000


def main() -> None:
    """Measure at each size, growing one database."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("people", type=int, nargs="*", default=[DUE, 1_000_000, 10_000_000])
    sizes = sorted(parser.parse_args().people)
    with a_house() as house:
        house.fill(DUE, due=DUE)
        enrolled = DUE
        medians: dict[str, float] = {}
        for size in sizes:
            _grow(house, enrolled, size)
            enrolled = max(enrolled, size)
            medians[f"{size:,} enrolled"] = _measure(house, f"{size:,} enrolled")
            _say_bytes(house, enrolled)
        _park(house)
        medians[f"and {PARKED:,} parked"] = _measure(house, f"and {PARKED:,} parked")
    first = next(iter(medians.values()))
    for name, median in medians.items():
        _say(f"{name}: {median / first:.2f} times the first")


def _grow(house: House, enrolled: int, size: int) -> None:
    while enrolled < size:
        more = min(_AT_ONCE, size - enrolled)
        house.add(more, due=0, prefix=f"crowd{enrolled}-", is_new=True)
        enrolled += more
    house.vacuum()


def _measure(house: House, name: str) -> float:
    _dispatch(house)  # once for the caches of both sides
    taken = [_dispatch(house) for _ in range(TIMES)]
    median = statistics.median(taken)
    each = ", ".join(f"{seconds:.2f}" for seconds in sorted(taken))
    _say(f"{name}: {DUE:,} due dispatched in {median:.2f} s ({each})")
    return median


def _dispatch(house: House) -> float:
    began = time.perf_counter()
    published = sum(len(batch.messages) for batch in dispatch_due(house.transactions, LIMITS))
    seconds = time.perf_counter() - began
    if published != DUE:
        raise SystemExit(f"{published:,} letters were put on the queue, not {DUE:,}")
    _put_back(house)
    return seconds


def _put_back(house: House) -> None:
    house.execute(
        """
        update enrollments set next_due_at = timestamptz '2031-03-05 08:00+00'
        where id in (select enrollment_id from messages where step_key = :letter)
        """,
        letter=LETTER,
    )
    house.execute("delete from messages where step_key = :letter", letter=LETTER)
    with house.transactions.engine.connect() as connection:
        free = connection.execution_options(isolation_level="AUTOCOMMIT")
        free.exec_driver_sql("vacuum enrollments, messages")
        free.exec_driver_sql("checkpoint")


def _park(house: House) -> None:
    """Park runs whose time has come, as the pause of a whole sequence leaves them."""
    house.execute(
        """
        update enrollments set is_parked = true, next_due_at = timestamptz '2031-03-01 08:00+00'
        where id in (select id from enrollments where next_due_at > plan_now() limit :parked)
        """,
        parked=PARKED,
    )
    parked = house.ask("select count(*) from enrollments where is_parked")
    house.vacuum()
    _say(f"{parked:,} runs parked")


def _say_bytes(house: House, enrolled: int) -> None:
    for table in ("enrollments", "subscribers"):
        size = int(
            str(house.ask("select pg_total_relation_size(cast(:table as regclass))", table=table))
        )
        rows = int(str(house.ask(f"select count(*) from {table}")))  # noqa: S608  (our own words)
        _say(f"  {table}: {size / max(rows, 1):.0f} bytes a row, indexes included ({enrolled:,})")


def _say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
