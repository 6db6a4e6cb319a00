"""What planning and claiming cost for each run that is due, by phase.

``python -m tests.bench.bench_dispatch [due] [--profile]``; by default 10,000 due, five times.
Printed are microseconds for each run by phase, and processor time of ours and PostgreSQL's.
"""

import argparse
import cProfile
import pstats
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from funnel.services import dispatch_due, plan_enrollments
from funnel.services.dispatch_due import DispatchLimits
from funnel.storage import claims, enrollments, messages
from tests.bench.house import LETTER, House, a_house
from tests.bench.measuring import cost

TIMES = 5
_spent: Counter[str] = Counter()


def main() -> None:
    """Measure, after one round for the caches of both sides."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("due", type=int, nargs="?", default=10_000)
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    with a_house() as house:
        house.fill(options.due)
        _dispatch(house, options.due)
        if options.profile:
            _profile(house, options.due)
            return
        _watch_phases()
        rounds = [_dispatch(house, options.due) for _ in range(TIMES)]
    _print(rounds, options.due)


def _print(rounds: list[dict[str, float]], due: int) -> None:
    for name in rounds[0]:
        median = statistics.median(each[name] for each in rounds)
        sys.stdout.write(f"{name:<28} {median / due * 1e6:8.1f} us a run\n")
    seconds = statistics.median(each["in all"] for each in rounds)
    sys.stdout.write(f"{due:,} due: {seconds:.2f} s, {due / seconds:,.0f} a second\n")


def _dispatch(house: House, due: int) -> dict[str, float]:
    limits = DispatchLimits(published_per_lane=due, messages_per_batch=100)
    _spent.clear()
    theirs = cost(house.database.process_id).cpu_seconds
    ours, began = time.process_time(), time.perf_counter()
    published = sum(
        len(batch.messages) for batch in dispatch_due.dispatch_due(house.transactions, limits)
    )
    found = {
        "in all": time.perf_counter() - began,
        "our processor time": time.process_time() - ours,
        "PostgreSQL's": cost(house.database.process_id).cpu_seconds - theirs,
    }
    if published != due:
        raise SystemExit(f"{published:,} letters were put on the queue, not {due:,}")
    found |= {f"  {name}": seconds for name, seconds in sorted(_spent.items())}
    _put_back(house)
    return found


def _profile(house: House, due: int) -> None:
    profile = cProfile.Profile()
    profile.enable()
    _dispatch(house, due)
    profile.disable()
    pstats.Stats(profile).sort_stats("tottime").print_stats(45)


def _watch_phases() -> None:
    """Time the calls that a dispatch is made of, from outside."""
    _watch(enrollments, "claim_due", "runs: claim")
    _watch(enrollments, "in_rounds", "runs: rounds")
    _watch(enrollments, "load_runs", "runs: load")
    _watch(plan_enrollments, "_plan_run", "runs: plan")
    _watch(messages, "add", "runs: write messages")
    _watch(enrollments, "save_plans", "runs: write timers")
    _watch(dispatch_due, "claim_messages", "messages: claim")
    _watch(claims, "waiting_lanes", "messages: which wait")


def _watch(module: Any, name: str, phase: str) -> None:
    asked: Callable[..., Any] = getattr(module, name)

    def watched(*values: Any, **named: Any) -> Any:
        began = time.perf_counter()
        try:
            return asked(*values, **named)
        finally:
            _spent[phase] += time.perf_counter() - began  # type: ignore[assignment]  # seconds

    setattr(module, name, watched)


def _put_back(house: House) -> None:
    house.execute(
        """
        update enrollments set next_due_at = timestamptz '2031-03-05 08:00+00'
        where id in (select enrollment_id from messages where step_key = :letter)
        """,
        letter=LETTER,
    )
    house.execute("delete from messages where step_key = :letter", letter=LETTER)
    house.vacuum()


if __name__ == "__main__":
    main()
