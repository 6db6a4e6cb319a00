"""How long it takes to rehearse 1,000 people for 90 days: ``python -m tests.bench.bench_rehearse``.

Prints the seconds with and without rendering every email; the promise is less than 15. On a busy
machine the time of one core says more than the clock on the wall.
"""

from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter, process_time

import funnel
from funnel.services.rehearse import Rehearsal, RehearsalRequest, rehearse_folder

PEOPLE = 1_000
DAYS = 90
FOLDER = Path(funnel.__file__).parent / "templates"
STARTS = datetime(2026, 11, 2, 9, tzinfo=UTC)


def measured(*, renders: bool) -> tuple[float, float, Rehearsal]:
    request = RehearsalRequest(sample_size=PEOPLE, days=DAYS, renders=renders)
    begins, worked = perf_counter(), process_time()
    rehearsal = rehearse_folder(FOLDER, "disruption-masterclass", request, now=STARTS)
    return perf_counter() - begins, process_time() - worked, rehearsal


def main() -> None:
    measured_ways = {
        "planner alone": measured(renders=False),
        "planner and every email rendered": measured(renders=True),
    }
    for name, (seconds, busy, rehearsal) in measured_ways.items():
        sent = sum(email.has_left for life in rehearsal.lives for email in life.emails)
        decided = sum(len(life.emails) for life in rehearsal.lives)
        print(  # noqa: T201  (a report for the terminal)
            f"{name}: {seconds:.1f} s ({busy:.1f} s of one core), "
            f"{PEOPLE:,} people x {DAYS} days, "
            f"{decided:,} decisions, {sent:,} emails, {len(rehearsal.findings)} findings"
        )


if __name__ == "__main__":
    main()
