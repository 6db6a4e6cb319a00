"""How long a confirmation takes while a hundred thousand letters are due.

``python -m tests.bench.bench_priority [letters] [--confirmations N] [--json FILE]``

The letters are due at one instant, and nothing of them was planned before. Two confirmations are
asked for each second, as the webhook does it, while

1. the provider takes 14 a second (letters have used up what a second allows);
2. it takes 300 an hour (letters have used up what they may of the hour);
3. no limit is set, and the mail server takes 20 ms for each answer (every connection is busy).

Printed are the seconds from the signup to the mail server's yes, by the database's clock, and how
many letters left beside and how many were left.
"""

import argparse
import json
import platform
import sys
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path

from sqlalchemy import text

from funnel.domain.budget import Budget
from funnel.domain.signup import Source
from funnel.services.add_source import NewSource, add_source
from funnel.services.set_budget import remove_budget, set_budget
from tests.bench.bench_lateness import ask_for_confirmation
from tests.bench.house import LETTER, SLUG, House, a_house
from tests.bench.wire import Sink, slow_sink

CACHE = Path(".bench")
BY = "bench"
# The goal of the product, in seconds.
WITHIN = 2.0
_PER_SECOND = 2
_MILLISECONDS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What holds the letters up.

    Attributes:
        budget: ``None``: no limit.
        milliseconds: That the mail server takes for each answer.
    """

    name: str
    budget: Budget | None = None
    milliseconds: int = 0

    def sink(self) -> AbstractContextManager[Sink]:
        return slow_sink(self.milliseconds)


CASES = (
    Case(name="14 a second", budget=Budget(per_second=14)),
    Case(name="300 an hour", budget=Budget(per_hour=300)),
    Case(name=f"no limit, answers take {_MILLISECONDS} ms", milliseconds=_MILLISECONDS),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Seconds of the confirmations, and what became of the letters meanwhile."""

    case: str
    confirmations: int
    p50: float
    p99: float
    longest: float
    letters_left: int
    letters_sent_meanwhile: int


def main() -> None:
    """Measure each case, print a line of it and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("letters", type=int, nargs="?", default=100_000)
    parser.add_argument("--confirmations", type=int, default=25)
    parser.add_argument("--json", type=Path, default=CACHE / "priority.json")
    asked = parser.parse_args()
    asked.json.parent.mkdir(exist_ok=True)
    with a_house() as house:
        house.fill(asked.letters, due=asked.letters)
        source = add_source(NewSource(slug="bench", sequence_slug=SLUG), house.transactions)
        results = [_measure(house, source, case, asked.confirmations) for case in CASES]
    figures = {
        "letters_due": asked.letters,
        "wanted_within_seconds": WITHIN,
        "cases": [asdict(each) for each in results],
        "machine": platform.platform(),
    }
    asked.json.write_text(json.dumps(figures, indent=1) + "\n")
    _say(f"written to {asked.json}")


def _measure(house: House, source: Source, case: Case, confirmations: int) -> Result:
    house.execute("delete from budget_spending")
    if case.budget is not None:
        set_budget(house.transactions, case.budget, by=BY)
    before = house.ask(_NOTICES_SO_FAR)
    with case.sink() as sink:
        house.pause()
        house.start(sink.port)
        sent = _sent(house)
        house.resume()
        house.until(f"select ({_SENT}) > {sent}", "letters leave", letter=LETTER)
        for number in range(confirmations):
            ask_for_confirmation(house, source, f"{CASES.index(case)}-{number}")
            time.sleep(1 / _PER_SECOND)
        enough = f"select ({_NOTICES_SO_FAR}) = :wanted"
        house.until(enough, "the confirmations left", wanted=int(str(before)) + confirmations)
        sent = _sent(house) - sent
        house.stop()
    if case.budget is not None:
        remove_budget(house.transactions, by=BY)
    return _said(house, case, sent, confirmations)


def _said(house: House, case: Case, sent: int, confirmations: int) -> Result:
    p50, p99, longest = _seconds(house, confirmations)
    left = int(str(house.ask(_LEFT, letter=LETTER)))
    result = Result(
        case=case.name,
        confirmations=confirmations,
        p50=p50,
        p99=p99,
        longest=longest,
        letters_left=left,
        letters_sent_meanwhile=sent,
    )
    _say(
        f"{case.name}: {confirmations} confirmations, p50 {p50:.2f} s, p99 {p99:.2f} s, at most "
        f"{longest:.2f} s (wanted: {WITHIN:.0f}); {sent:,} letters left meanwhile, {left:,} wait"
    )
    return result


def _sent(house: House) -> int:
    return int(str(house.ask(_SENT, letter=LETTER)))


def _seconds(house: House, newest: int) -> Sequence[float]:
    with house.transactions.begin() as tx:
        row = tx.connection.execute(text(_SECONDS), {"newest": newest}).one()
    return [float(each) for each in row]


_SENT = """
    select coalesce(sum(total), 0) from counters
    where step_key = :letter and status = 'accepted'
"""
# A letter that is due waits in a run that nobody planned yet, or in a row of its own.
_LEFT = """
    select (select count(*) from enrollments where state = 'active' and next_due_at <= plan_now())
         + (select count(*) from messages where step_key = :letter
            and status in ('queued', 'sending'))
"""
_NOTICES_SO_FAR = "select count(*) from messages where kind = 'notice' and status = 'accepted'"
_SECONDS = """
    select percentile_cont(0.5) within group (order by late),
           percentile_cont(0.99) within group (order by late), max(late)
    from (select extract(epoch from accepted_at - due_at)::float as late from messages
          where kind = 'notice' and status = 'accepted' order by due_at desc limit :newest) each
"""


def _say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
