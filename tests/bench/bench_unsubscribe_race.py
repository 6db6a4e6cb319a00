"""Pairs of a due letter and an unsubscribe that race: who was first, and how long the window is.

``python -m tests.bench.bench_unsubscribe_race [--pairs N]``

Real workers send while six threads unsubscribe, those first whose letter is next. PostgreSQL keeps
the moment of every commit (``track_commit_timestamp``), and triggers keep which transaction opened
which message, and which one took the consent back. Exits with 1 if a letter arrived whose
unsubscribe was committed before its open.

The window is what remains: from the commit of an unsubscribe to the arrival of a letter that had
been opened before.
"""

import argparse
import sys
from collections.abc import Sequence

from tests.faults.drill.race import judge_race, race
from tests.faults.drill.stage import Stage, a_stage

_SECONDS_A_LETTER = 0.05


def main() -> int:
    """Let them race, print who won, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=6)
    asked = parser.parse_args()
    with a_stage(asked.seed) as stage:
        return _race(stage, asked.pairs)


def _race(stage: Stage, pairs: int) -> int:
    stage.make_ready()
    load = stage.add_people(pairs, delay=_SECONDS_A_LETTER)
    race(stage, load)
    stage.until(
        lambda: not any(status in ("queued", "sending") for _, status, _ in stage.rows(load)),
        "all is settled",
    )
    raced = judge_race(stage.house, stage.sink, load)
    _say(
        f"{pairs:,} pairs: {raced.unsent:,} letters never left, {raced.opened_before:,} had been "
        f"opened before, {len(raced.broken)} left although the unsubscribe was first"
    )
    windows = sorted(raced.windows)
    _say(
        f"from an unsubscribe's commit to the arrival of a letter opened before ({len(windows)}): "
        f"p50 {_share(windows, 0.5):.3f} s, p99 {_share(windows, 0.99):.3f} s, "
        f"at most {_share(windows, 1):.3f} s"
    )
    return 1 if raced.broken else 0


def _share(windows: Sequence[float], share: float) -> float:
    return windows[min(len(windows) - 1, int(len(windows) * share))] if windows else 0.0


def _say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
