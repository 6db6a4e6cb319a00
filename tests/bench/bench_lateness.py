"""How late emails leave: at a steady rate, and when a hundred thousand are due at one instant.

``python -m tests.bench.bench_lateness [--rate PER_SECOND] [--seconds N] [--at-once N]``

1. Seats are taken at a steady rate; each person's "Your seat" is due at that moment. Lateness is
   when it was handed over minus when it was due (both by the database).
2. So many letters are due at one instant. While they drain, one confirmation is asked for every
   second. Printed are how the backlog falls, how long the confirmations took, and whether any
   letter came twice, by a sink that writes each Message-ID down before it answers.
"""

import argparse
import itertools
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import text

from funnel.domain.signup import SignupRequest, SignupRules, Source, Visitor
from funnel.domain.subscriber import ZoneSource, choose_zone, normalise_address
from funnel.services.accept_signup import accept_signup
from funnel.services.add_source import NewSource, add_source
from tests.bench.house import LETTER, SLUG, House, a_house
from tests.bench.wire import writing_sink

_RAMP_SECONDS = 15
_PATIENCE_SECONDS = 900


def main() -> None:
    """Measure both and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=1_000)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--at-once", type=int, default=100_000)
    asked = parser.parse_args()
    with a_house() as house:
        house.fill(1, due=0)
        _steady(house, asked.rate, asked.seconds)
    with a_house() as house:
        _at_once(house, asked.at_once)


def _steady(house: House, rate: int, seconds: int) -> None:
    accepted = house.folder / "steady.txt"
    with writing_sink(accepted) as sink:
        house.start(sink.port)
        for statement in _TAKE_SEATS:
            values = {"people": rate * seconds, "rate": rate, "after": _RAMP_SECONDS}
            wanted = {name: each for name, each in values.items() if f":{name}" in statement}
            house.execute(statement, **wanted)
        house.execute("analyze")
        house.until(_SEATS_CONFIRMED, "every seat was confirmed", all=rate * seconds)
        house.stop()
    row = _lateness(house, "your-seat")
    _say(
        f"{rate:,} a second for {seconds} s: p50 {row[0]:.2f} s, p95 {row[1]:.2f} s, "
        f"p99 {row[2]:.2f} s, at most {row[3]:.2f} s late"
    )
    _say_doubles(accepted)


_SEATS_CONFIRMED = """
    select count(*) = :all from messages where step_key = 'your-seat' and status = 'accepted'
"""


def _lateness(house: House, step: str) -> Sequence[float]:
    with house.transactions.begin() as tx:
        row = tx.connection.execute(text(_LATENESS), {"step": step}).one()
    return [float(each) for each in row]


_LATENESS = """
    select percentile_cont(0.5) within group (order by late),
           percentile_cont(0.95) within group (order by late),
           percentile_cont(0.99) within group (order by late), max(late)
    from (select extract(epoch from accepted_at - due_at)::float as late from messages
          where step_key = :step and status = 'accepted') each
"""
_TAKE_SEATS = (
    """
    create table seats as
    select n, gen_random_uuid() as person, gen_random_uuid() as run, n || '@example.net' as address,
           plan_now() + cast(:after as integer) * interval '1 s'
             + n * interval '1 s' / cast(:rate as integer) as at
    from generate_series(1, cast(:people as integer)) n
    """,
    """
    insert into subscribers (id, email, email_key, first_name, zone, wants_letters,
                             wants_seat_emails, confirmed_at)
    select person, address, address, 'Ana', 'Europe/Berlin', true, true, at from seats
    """,
    """
    insert into enrollments (id, subscriber_id, sequence_id, version_id, run, session_id, lane,
                             enrolled_at, next_due_at)
    select run, person, q.id, q.live_version_id, 1, s.id,
           (array['gmail', 'microsoft', 'yahoo', 'apple', 'other'])[1 + n % 5], at, at
    from seats, sequences q, sessions s
    """,
    """
    insert into registrations (id, enrollment_id, subscriber_id, session_id, registered_at)
    select gen_random_uuid(), run, person, s.id, at from seats, sessions s
    """,
)


def _at_once(house: House, letters: int) -> None:
    house.fill(letters, due=letters)
    accepted = house.folder / "at-once.txt"
    source = add_source(NewSource(slug="bench", sequence_slug=SLUG), house.transactions)
    with writing_sink(accepted) as sink:
        house.pause()
        house.start(sink.port)
        house.resume()
        began = time.monotonic()
        left = _drain(house, source, letters)
        seconds = time.monotonic() - began
        house.until(_NOTHING_WAITS, "the last confirmation left")
        house.stop()
    _say(
        f"{letters:,} letters due at one instant: all left within {seconds:.0f} s "
        f"({letters / seconds:,.0f}/s)"
    )
    tenth = max(1, len(left) // 10)
    _say("  still to leave, over the time: " + " ".join(f"{each:,}" for each in left[::tenth]))
    rises = sum(after > before for before, after in itertools.pairwise(left))
    _say(f"  times that the backlog rose: {rises}")
    _say_confirmations(house)
    _say_doubles(accepted)


def _drain(house: House, source: Source, letters: int) -> list[int]:
    """Ask for a confirmation every second until no letter is left; return how many were."""
    began, left = time.monotonic(), [letters]
    while left[-1]:
        ask_for_confirmation(house, source, len(left))
        time.sleep(max(0.0, len(left) - (time.monotonic() - began)))
        left.append(letters - int(str(house.ask(_SENT, letter=LETTER) or 0)))
        if time.monotonic() - began > _PATIENCE_SECONDS:
            raise SystemExit(f"{left[-1]:,} letters are left after 15 minutes\n{house.logs()}")
    return left


_NOTHING_WAITS = "select not exists (select from messages where status in ('queued', 'sending'))"
_SENT = "select sum(total) from counters where step_key = :letter and status = 'accepted'"


def ask_for_confirmation(house: House, source: Source, number: int | str) -> None:
    """Sign somebody up, as the webhook does."""
    request = SignupRequest(
        external_id=f"call-{number}",
        address=normalise_address(f"new{number}@example.net"),
        first_name="Bo",
        wants_letters=True,
        zone=choose_zone("Europe/Berlin", ZoneSource.WEBHOOK),
        session=None,
        payload=b"{}",
        visitor=Visitor(ip="192.0.2.7", user_agent="bench"),
    )
    accept_signup(request, source, house.transactions, _RULES)


_RULES = SignupRules(hash_key=b"a key for benches, and only for those")


def _say_confirmations(house: House) -> None:
    row = _lateness_of_notices(house)
    _say(
        f"  {row[0]:.0f} confirmations asked for meanwhile: p50 {row[1]:.2f} s, "
        f"at most {row[2]:.2f} s until handed over"
    )


def _lateness_of_notices(house: House) -> Sequence[float]:
    with house.transactions.begin() as tx:
        row = tx.connection.execute(text(_NOTICES)).one()
    return [float(each or 0) for each in row]


_NOTICES = """
    select count(*), percentile_cont(0.5) within group (order by late), max(late)
    from (select extract(epoch from accepted_at - due_at)::float as late from messages
          where kind = 'notice' and status = 'accepted') each
"""


def _say_doubles(file: Path) -> None:
    came = Counter(file.read_text().split())
    twice = sum(times > 1 for times in came.values())
    _say(f"  at the sink: {len(came):,} emails, {twice} of them twice")


def _say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
