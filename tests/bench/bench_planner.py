"""How long one plan of the default sequence takes, and its next-step form, at four points of a run.

A script, not a test: ``python -m tests.bench.bench_planner``. It prints microseconds a call, the
best of several rounds, because other programs on the machine only ever add to it.
"""

import sys
import timeit
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from funnel.domain.session import Attendance
from tests.domain.simulate import Person, World, replay_link, travel, word
from tests.domain.stories import ENDS, moment, person, session

ROUNDS = 100
PLANS = 20


def points() -> Iterator[tuple[str, Person, datetime]]:
    """Somebody at the beginning, before the session, after it, and near the end of a run."""
    end = moment(ENDS)
    world = World(
        events=(
            word(Attendance.ATTENDED, end + timedelta(minutes=15)),
            replay_link(end + timedelta(hours=3)),
        )
    )
    somebody = person(seat=session())
    stops = list(travel(somebody, world))
    yield "just enrolled", somebody, somebody.enrollment.enrolled_at
    for share, name in ((0.35, "before the session"), (0.6, "after it"), (0.95, "near the end")):
        now, then = stops[int(len(stops) * share)]
        yield f"{name} ({len(then.facts.passed)} rows)", then, now


def best(call: Callable[[], object]) -> float:
    """Return microseconds a call, the best round."""
    return min(timeit.repeat(call, number=PLANS, repeat=ROUNDS)) / PLANS * 1e6


def main() -> None:
    """Measure each point and print a line for it."""
    sys.stdout.write(f"{'':30} {'plan':>11} {'next_due_at':>11}\n")
    for name, somebody, now in points():
        assert somebody.next_due_at(now) == somebody.plan(now).next_due_at
        full = best(lambda p=somebody, at=now: p.plan(at))
        short = best(lambda p=somebody, at=now: p.next_due_at(at))
        sys.stdout.write(f"{name:30} {full:8.0f} us {short:8.0f} us\n")


if __name__ == "__main__":
    main()
