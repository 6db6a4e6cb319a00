"""``make drill``: hurt an installation in every way, and count what was lost or came twice.

``python -m tests.faults.drill [--seed N] [--rounds N] [--short] [--fault NAME ...] [--json FILE]``
Exits with 1 on any loss or double; see docs/drill.md.
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.faults.drill import (
    faults_mail,
    faults_rows,
    faults_servers,
    faults_upgrade,
    faults_workers,
)
from tests.faults.drill.fault import Fault
from tests.faults.drill.stage import NeverError, NotHereError, Stage, a_stage
from tests.faults.drill.verdict import Verdict, judge

FAULTS = (
    *faults_workers.FAULTS,
    *faults_servers.FAULTS,
    *faults_mail.FAULTS,
    *faults_rows.FAULTS,
    *faults_upgrade.FAULTS,
)
_SHORT_SHARE = 3  # a short drill has so many times fewer people
_SEED = 6


class Outcome:
    """All runs of one fault."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.runs: list[Verdict] = []
        self.not_here = ""

    @property
    def is_good(self) -> bool:
        return all(each.is_good for each in self.runs)

    def total(self, name: str) -> int:
        return sum(getattr(each, name) for each in self.runs)

    @property
    def recovery(self) -> float:
        return max((each.recovery for each in self.runs), default=0.0)

    def to_json(self) -> dict[str, object]:
        counted = ("sent", "lost", "doubled", "unknown", "explained")
        return {
            "fault": self.fault.name,
            "sentence": self.fault.sentence,
            "source": self.fault.source,
            "runs": len(self.runs),
            **{name: self.total(name) for name in counted},
            "recovery_seconds": round(self.recovery, 1),
            "broken": [words for each in self.runs for words in each.broken],
            "not_here": self.not_here,
        }


def main(arguments: Sequence[str] | None = None) -> int:
    """Drill, print the table, and return the exit code."""
    asked = _parse(arguments)
    chosen = [
        each
        for each in FAULTS
        if (each.name in asked.fault if asked.fault else each.is_short or not asked.short)
    ]
    began = time.monotonic()
    outcomes = []
    _say(f"seed {asked.seed}")
    with a_stage(asked.seed) as stage:
        for fault in chosen:
            outcomes.append(_drill(stage, fault, asked))
    for line in _table(outcomes):
        _say(line)
    _say(f"{time.monotonic() - began:.0f} s")
    if asked.json:
        found = {"seed": asked.seed, "faults": [each.to_json() for each in outcomes]}
        asked.json.write_text(json.dumps(found, indent=2) + "\n")
    return 0 if all(each.is_good for each in outcomes) else 1


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.drill", description=__doc__)
    parser.add_argument("--seed", type=int, default=_SEED, help="whom and when to hurt")
    parser.add_argument("--rounds", type=int, default=1, help="so many times as many runs")
    parser.add_argument("--short", action="store_true", help="the most telling faults, few people")
    parser.add_argument(
        "--fault", action="append", default=[], choices=[each.name for each in FAULTS]
    )
    parser.add_argument("--json", type=Path, help="write the result there as well")
    return parser.parse_args(arguments)


def _drill(stage: Stage, fault: Fault, asked: argparse.Namespace) -> Outcome:
    outcome = Outcome(fault)
    for _ in range(1 if asked.short else fault.rounds * asked.rounds):
        began = time.monotonic()
        try:
            verdict = _run(stage, fault, short=asked.short)
        except NotHereError as reason:
            outcome.not_here = str(reason)
            break
        outcome.runs.append(verdict)
        _say(
            f"  {fault.name}: {'good' if verdict.is_good else 'BAD'}, "
            f"{time.monotonic() - began:.0f} s"
        )
        if not verdict.is_good:
            _say("\n".join(verdict.broken) + f"\n{stage.crew.logs()}")
    return outcome


def _run(stage: Stage, fault: Fault, *, short: bool) -> Verdict:
    stage.make_ready()
    people = fault.people // _SHORT_SHARE if short else fault.people
    if fault.brings:
        load = stage.new_load(people)
        stage.sink.delay = fault.delay
    else:
        load = stage.add_people(people, delay=fault.delay)
    broken = ""
    healed_at = time.monotonic()
    try:
        fault.strike(stage, load)
        healed_at = time.monotonic()
        stage.settle(load, asks=fault.asks)
    except (NeverError, AssertionError) as error:
        broken = f"{type(error).__name__}: {error}"
    verdict = judge(stage, load, time.monotonic() - healed_at)
    verdict.broken += [broken] if broken else []
    return verdict


def _table(outcomes: Sequence[Outcome]) -> list[str]:
    head = ("fault", "runs", "sent", "lost", "doubled", "unknown", "recovery s")
    rows = [head]
    for each in outcomes:
        if each.not_here:
            rows.append((each.fault.name, "not run", "", "", "", "", each.not_here))
            continue
        counted = (each.total(name) for name in ("sent", "lost", "doubled", "unknown"))
        numbers = (str(number) for number in (len(each.runs), *counted))
        mark = "" if each.is_good else " BAD"
        rows.append((each.fault.name, *numbers, f"{each.recovery:.1f}{mark}"))
    widths = [max(len(row[column]) for row in rows) for column in range(6)]
    return [
        f"{row[0]:<{widths[0]}}  "
        + "  ".join(f"{row[column]:>{widths[column]}}" for column in range(1, 6))
        + f"  {row[6]:>10}"
        for row in rows
    ]


def _say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
