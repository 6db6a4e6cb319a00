"""How long one plan of the default sequence takes, at four points of a run.

A script, not a test: ``python -m tests.bench.bench_planner``. It prints microseconds a plan, the
best of several rounds, because other programs on the machine only ever add to it.
"""

import sys
import timeit
from collections.abc import Iterator
from datetime import datetime, timedelta

from funnel.domain.session import Attendance
from tests.domain.simulate import Person, World, replay_link, travel, word
from tests.domain.stories import ENDS, moment, person, session

ROUNDS = 15
PLANS = 100


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


def main() -> None:
    """Measure each point and print a line for it."""
    for name, somebody, now in points():
        seconds = min(
            timeit.repeat(lambda p=somebody, at=now: p.plan(at), number=PLANS, repeat=ROUNDS)
        )
        sys.stdout.write(f"{name:30} {seconds / PLANS * 1e6:8.0f} us\n")


if __name__ == "__main__":
    main()
