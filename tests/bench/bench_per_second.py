"""How many emails leave in any second, where a budget says how many may: several workers at once.

``python -m tests.bench.bench_per_second [--per-second N] [--seconds N] [--json FILE]``

Two workers of two processes with eight connections each share one budget. After a third of the time
they are frozen for three seconds, so that what was claimed meanwhile waits for them. Printed is the
most that was accepted in any second (by the database's clock), in the quiet part and around the
freeze. What is claimed never exceeds the limit; what leaves in one second may, by what lies on the
queue and what is claimed in that second: three times the limit at most (docs/budgets.md).
"""

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import time
from pathlib import Path

from sqlalchemy import text

from funnel.domain.allowance import SECONDS_ON_QUEUE
from funnel.domain.budget import Budget
from funnel.services.set_budget import set_budget
from tests.bench.bench_priority import BY, CACHE
from tests.bench.house import LETTER, House, a_house
from tests.bench.measuring import family
from tests.bench.wire import slow_sink

_FROZEN_SECONDS = 3.0


def main() -> None:
    """Measure, print and write the figures; end with 1 where more left than may."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--per-second", type=int, default=14)
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--json", type=Path, default=CACHE / "per_second.json")
    asked = parser.parse_args()
    asked.json.parent.mkdir(exist_ok=True)
    limit = asked.per_second
    with a_house() as house:
        house.fill(limit * asked.seconds * 2, due=limit * asked.seconds * 2)
        set_budget(house.transactions, Budget(per_second=limit), by=BY)
        frozen_at = _run(house, asked.seconds)
        quiet, around = _most(house, frozen_at, before=True), _most(house, frozen_at, before=False)
        claimed = int(str(house.ask(_MOST_CLAIMED)))
        sent = int(str(house.ask(_SENT, letter=LETTER)))
    allowed = (SECONDS_ON_QUEUE + 1) * limit
    _say(
        f"{limit} a second, {sent:,} letters in {asked.seconds} s: claimed in any second at most "
        f"{claimed}, accepted at most {quiet}, and {around} after the workers were frozen "
        f"(allowed: {allowed})"
    )
    figures = {
        "per_second": limit,
        "seconds": asked.seconds,
        "letters": sent,
        "most_claimed_in_a_second": claimed,
        "most_accepted_in_a_second": quiet,
        "most_accepted_after_a_freeze": around,
        "allowed": allowed,
        "machine": platform.platform(),
    }
    asked.json.write_text(json.dumps(figures, indent=1) + "\n")
    _say(f"written to {asked.json}")
    if claimed > limit or max(quiet, around) > allowed:
        raise SystemExit(1)


def _run(house: House, seconds: int) -> float:
    """Let them send; return after how many seconds of the first letter they were frozen."""
    with slow_sink(0) as sink:
        house.pause()
        house.start(sink.port)
        with (house.folder / "deliver-2.log").open("ab") as log:
            house.processes["deliver#2"] = subprocess.Popen(
                [sys.executable, "-m", "workers", "deliver"],
                env=house.environment(sink.port),
                stdout=log,
                stderr=log,
            )
        house.resume()
        house.until(f"select ({_SENT}) > 0", "letters leave", letter=LETTER)
        time.sleep(seconds / 3)
        workers = [
            process
            for name in ("deliver", "deliver#2")
            for process in family(house.processes[name].pid)
        ]
        frozen_at = float(str(house.ask(_SINCE_THE_FIRST)))
        for process in workers:
            os.kill(process, signal.SIGSTOP)
        time.sleep(_FROZEN_SECONDS)
        for process in workers:
            os.kill(process, signal.SIGCONT)
        time.sleep(seconds * 2 / 3)
        house.stop()
    return frozen_at


def _most(house: House, frozen_at: float, *, before: bool) -> int:
    with house.transactions.begin() as tx:
        given = {"letter": LETTER, "frozen_at": frozen_at, "before": before}
        return int(tx.connection.execute(text(_MOST), given).scalar_one() or 0)


_SENT = """
    select coalesce(sum(total), 0) from counters where step_key = :letter and status = 'accepted'
"""
_SINCE_THE_FIRST = """
    select extract(epoch from plan_now() - min(accepted_at)) from messages
    where accepted_at is not null and step_key = 'tables-turned'
"""
_MOST = """
    with came as (
        select extract(epoch from accepted_at - min(accepted_at) over ())::float as at
        from messages where step_key = :letter and status = 'accepted'
    ), counted as (
        select at, count(*) over (order by at range between 1 preceding and current row) as number
        from came
    )
    select max(number) from counted where (at < :frozen_at) = :before
"""
# Claims of one moment are one row.
_MOST_CLAIMED = """
    with spent as (
        select extract(epoch from at)::numeric as at, sum(spent) as spent
        from budget_spending group by at
    )
    select max(number) from (
        select sum(spent) over (order by at range between 0.999999 preceding and current row)
            as number
        from spent) each
"""


def _say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
