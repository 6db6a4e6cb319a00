"""How fast letters leave, beside the usual way and the wire, in one run on one machine.

``python -m tests.bench.bench_delivery [letters] [--json FILE]``; ``make bench`` runs it first.

(a)  the pipeline: letters that are due until all of them are recorded, through real Celery workers
     with two ``deliver`` processes; nothing that production does is switched off (durable
     PostgreSQL, the second look under locks, the journal, sums, counted links).
(a') the same from the timer on: nothing is planned yet, each letter is planned first.
(b)  the usual way: one task, one connection, one ``EmailMessage`` per email, nothing recorded.
(c)  the wire: smtp-source to smtp-sink, ten kept connections, messages of the same size.

A second table has a sink that takes its time: what the connections allow, and what we reach.
"""

import argparse
import json
import platform
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from sqlalchemy import text

from funnel.domain.message import MessageStatus
from funnel.services.plan_enrollments import plan_enrollments
from tests.bench import usual_way
from tests.bench.house import LETTER, SLUG, House, a_house
from tests.bench.measuring import Cost, Stopwatch
from tests.bench.sample import Letter, sample_letter
from tests.bench.wire import PostfixTools, Sink, drive_wire, fast_sink, find_postfix, slow_sink

CACHE = Path(".bench")
SLOW_MILLISECONDS = 50
SLOW_LETTERS = 3_000
USUAL_EMAILS = 3_000
CONNECTIONS = 2 * 8  # two processes, eight each
_AT_ONCE = 500


@dataclass(slots=True, kw_only=True)
class Run:
    """One way to send, measured."""

    name: str
    messages: int
    per_second: float
    costs: dict[str, Cost] = field(default_factory=dict)


def main() -> None:
    """Measure and print; write the figures as JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("letters", type=int, nargs="?", default=30_000)
    parser.add_argument("--json", type=Path, default=CACHE / "delivery.json")
    asked = parser.parse_args()
    CACHE.mkdir(exist_ok=True)
    tools = find_postfix(CACHE.absolute())
    if tools is None:
        _say("No smtp-sink here (Debian: apt-get download postfix): the wire is not measured.")
    with a_house() as house:
        letter = _fill(house, asked.letters)
        _say(f"{asked.letters:,} letters of {letter.size:,} bytes; {platform.platform()}")
        runs = _fast(house, tools, letter, asked.letters)
        slow = _slow(house)
    _report(runs, slow, letter, asked.json)


def _fill(house: House, letters: int) -> Letter:
    house.fill(letters * 2 + SLOW_LETTERS, due=letters)
    return sample_letter(house.transactions)


def _fast(house: House, tools: PostfixTools | None, letter: Letter, letters: int) -> dict[str, Run]:
    runs: dict[str, Run] = {}
    with fast_sink(tools) as sink:
        _plan_all(house)
        runs["a"] = _pipeline(house, sink, letters, name="(a) the pipeline, due to recorded")
        _make_due(house, letters)
        runs["a'"] = _pipeline(house, sink, letters, name="(a') the same, planned first")
        runs["b"] = _usual(house, sink, letter)
        if tools is not None:
            runs["c"] = _wire(tools, sink, letter)
    return runs


def _plan_all(house: House) -> None:
    """Plan what is due, as dispatch does it: letters that are due and not yet on the queue."""
    while True:
        with house.transactions.begin() as tx:
            run_ids = list(tx.connection.execute(text(_DUE), {"limit": _AT_ONCE}).scalars())
            plan_enrollments(tx, run_ids)
        if not run_ids:
            return


_DUE = """
    select id from enrollments where state = 'active' and next_due_at <= plan_now()
    order by id limit :limit
"""


def _make_due(house: House, people: int) -> None:
    """Let the next so many be due at once."""
    house.execute(
        """
        update enrollments set next_due_at = timestamptz '2031-03-05 08:00+00'
        where id in (select id from enrollments where next_due_at > plan_now()
                     and not exists (select from messages m where m.enrollment_id = enrollments.id
                                     and m.step_key = :letter) limit :people)
        """,
        letter=LETTER,
        people=people,
    )
    house.vacuum()


def _pipeline(house: House, sink: Sink, letters: int, *, name: str, **settings: str) -> Run:
    accepted = _accepted(house)
    house.pause()
    house.start(sink.port, **settings)
    watch = Stopwatch(house.roots | {"sink": sink.process.pid})
    watch.start()
    began = time.monotonic()
    house.resume()
    house.until(
        "select coalesce(sum(total), 0) >= :all from counters where step_key = :letter"
        " and status = :accepted",
        "every letter is recorded",
        all=accepted + letters,
        letter=LETTER,
        accepted=MessageStatus.ACCEPTED.value,
    )
    seconds = time.monotonic() - began
    costs = watch.costs()
    house.stop()
    return Run(name=name, messages=letters, per_second=letters / seconds, costs=costs)


def _accepted(house: House) -> int:
    found = house.ask(
        "select sum(total) from counters where step_key = :letter and status = 'accepted'",
        letter=LETTER,
    )
    return int(str(found or 0))


def _usual(house: House, sink: Sink, letter: Letter) -> Run:
    rate = usual_way.measure(
        broker_url=house.broker.url,
        port=sink.port,
        folder=house.folder,
        text=letter.text,
        html=letter.html,
        messages=USUAL_EMAILS,
    )
    return Run(name="(b) the usual way", messages=USUAL_EMAILS, per_second=rate)


def _wire(tools: PostfixTools, sink: Sink, letter: Letter) -> Run:
    messages = 40_000
    rate = drive_wire(tools, sink, messages=messages, size=letter.size)
    return Run(name="(c) the wire, smtp-source", messages=messages, per_second=rate)


def _slow(house: House) -> Run:
    _make_due(house, SLOW_LETTERS)
    _plan_all(house)
    with slow_sink(SLOW_MILLISECONDS) as sink:
        return _pipeline(house, sink, SLOW_LETTERS, name=sink.name)


def _report(runs: dict[str, Run], slow: Run, letter: Letter, file: Path) -> None:
    _say(f"\n{'':38}{'letters/s':>10}   {'processor, µs a letter':}")
    for run in runs.values():
        _say(f"{run.name:38}{run.per_second:>10,.0f}   {_costs(run)}")
    ratios = _ratios(runs)
    for words, ratio, wanted in ratios:
        _say(f"{words:38}{ratio:>10.2f}   wanted: {wanted}")
    allowed = CONNECTIONS * 1000 / SLOW_MILLISECONDS
    share = slow.per_second / allowed
    _say(f"\n{slow.name}, {CONNECTIONS} connections: they allow {allowed:,.0f}/s")
    _say(f"{'the pipeline':38}{slow.per_second:>10,.0f}   {_costs(slow)}")
    _say(f"{'share of what they allow':38}{share:>10.2f}   wanted: 0.8")
    _say("\nhighest memory of one process, MiB: " + _peaks(runs["a"]))
    figures = {
        "letter_bytes": letter.size,
        "runs": {key: asdict(run) for key, run in runs.items()},
        "ratios": {words: ratio for words, ratio, _ in ratios},
        "slow": asdict(slow) | {"allowed": allowed, "share": share},
        "machine": platform.platform(),
        "sequence": SLUG,
    }
    file.write_text(json.dumps(figures, indent=1) + "\n")
    _say(f"written to {file}")


def _ratios(runs: dict[str, Run]) -> list[tuple[str, float, str]]:
    pairs = [("(a) : (b)", "a", "b", "20"), ("(a) : (c)", "a", "c", "0.6")]
    return [
        (words, runs[over].per_second / runs[under].per_second, wanted)
        for words, over, under, wanted in pairs
        if under in runs
    ]


def _costs(run: Run) -> str:
    return ", ".join(
        f"{name} {each.cpu_seconds * 1e6 / run.messages:.0f}" for name, each in run.costs.items()
    )


def _peaks(run: Run) -> str:
    return ", ".join(f"{name} {each.peak_mib:.0f}" for name, each in run.costs.items())


def _say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
