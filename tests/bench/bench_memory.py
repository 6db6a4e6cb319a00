"""A day of traffic in minutes: does any process hold more at its end than at its beginning?

``python -m tests.bench.bench_memory [--hour-seconds N] [--hours N] [--letters N] [--haste N]``

Real processes: two that answer, two that deliver, four that do the rest, the scheduler. The plan's
clock runs a day and, before it, six hours to warm up (each kind of work was done by then). Letters
are due at nine o'clock of every zone round the world; people sign up by webhook, confirm, click,
unsubscribe by the links of their emails; a session is held; a colleague looks at the studio. The
scheduler hurries as well. Workers' processes are not renewed after a thousand tasks, as they are
otherwise: a leak would be hidden.

Prints what each process holds at the beginning, in the middle and at the end of the day, and exits
with 1 where one grew by more than a tenth.
"""

import argparse
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from funnel.domain.access import Role
from funnel.domain.login import Browser
from funnel.domain.session_plan import NewSession
from funnel.services.add_session import add_session
from funnel.services.add_source import NewSource, add_source
from funnel.services.manage_users import add_user
from funnel.services.use_one_time_link import Chosen, use_one_time_link
from tests.bench.day import ZONES, Day
from tests.bench.house import SLUG, House, a_house
from tests.bench.measuring import Memory, family, memory
from tests.faults.drill.crew import DELIVER, REST, SCHEDULER, Crew
from tests.faults.drill.loop import Loop
from tests.faults.drill.sink import Sink

_BEGINS = datetime(2031, 3, 4, 19, 0, tzinfo=UTC)
_WARM_UP_HOURS = 6
_SIGNUPS_AN_HOUR = 60
_MOST = 1.10
_SAMPLES = 5
_BEAT_SECONDS = 0.5
_COLLEAGUE = ("day@example.org", "lantern gravel otter nine")


@dataclass(slots=True, kw_only=True)
class Scene:
    """The installation, and who uses it."""

    house: House
    crew: Crew
    sink: Sink
    day: Day
    web: "subprocess.Popen[bytes]"

    def processes(self) -> dict[str, int]:
        """Return ids of the processes by name; those of one kind in the order of their start."""
        roots = {name: each.process.pid for name, each in self.crew.members.items()}
        roots |= {"web": self.web.pid}
        return {
            name if number == 0 else f"{name} {number}": pid
            for name, root in roots.items()
            for number, pid in enumerate(sorted(family(root)))
        }


def main() -> int:
    """Let a day pass, print what it did to memory, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hour-seconds", type=float, default=10.0, help="of real time")
    parser.add_argument("--hours", type=int, default=24, help="of the day, after six to warm up")
    parser.add_argument("--letters", type=int, default=9_600, help="due within the thirty hours")
    parser.add_argument("--haste", type=float, default=6.0, help="of the scheduler")
    asked = parser.parse_args()
    with a_scene(asked.letters, asked.haste) as scene:
        began = time.monotonic()
        _pass_time(scene, 0, _WARM_UP_HOURS, asked.hour_seconds)
        middle = _WARM_UP_HOURS + asked.hours / 2
        seen = [_look(scene)]
        _pass_time(scene, _WARM_UP_HOURS, middle, asked.hour_seconds)
        seen.append(_look(scene))
        _pass_time(scene, middle, _WARM_UP_HOURS + asked.hours, asked.hour_seconds)
        seen.append(_look(scene))
        _say_what_was_done(scene, asked.hours, time.monotonic() - began)
    return _judge(seen)


@contextmanager
def a_scene(letters: int, haste: float) -> Iterator[Scene]:
    """Start an installation with an audience round the world."""
    with ExitStack() as stack:
        house = stack.enter_context(a_house())
        house.fill(1, due=0)
        _seat_audience(house, letters)
        source = add_source(NewSource(slug="day", sequence_slug=SLUG), house.transactions)
        port = _free_port()
        url = f"http://127.0.0.1:{port}"
        loop = Loop()
        stack.callback(loop.close)
        sink = Sink(loop, house.folder / "came.txt")
        stack.callback(sink.close)
        (house.folder / "logs").mkdir()
        environment = house.environment(sink.port, **_SETTINGS, FUNNEL_BASE_URL=url)
        environment["DRILL_HASTE"] = str(haste)
        crew = _start_crew(house, environment, stack)
        web = _start_web(house, environment, port)
        stack.callback(web.wait)
        stack.callback(web.terminate)
        day = Day(url=url, secret=source.secrets[0], source="day", seed=6)
        stack.callback(day.end)
        sink.read = day.read
        day.look_around(*_COLLEAGUE, seconds_between=1.0)
        yield Scene(house=house, crew=crew, sink=sink, day=day, web=web)


_SETTINGS = {"FUNNEL_WATCH_DEFINITIONS": "false", "DRILL_KEEPS_CHILDREN": "1"}


def _start_crew(house: House, environment: Mapping[str, str], stack: ExitStack) -> Crew:
    crew = Crew(environment, house.folder / "logs")
    stack.callback(crew.end)
    for name, role in (("deliver", DELIVER), ("rest", REST), ("scheduler", SCHEDULER)):
        crew.start(name, role)
    house.until(_READY, "the workers are ready")
    return crew


_READY = "select count(distinct role) >= 2 from heartbeats where role <> 'scheduler'"


def _seat_audience(house: House, letters: int) -> None:
    """Let a letter be due to everybody at nine o'clock of their own, wherever they are."""
    house.add(letters, due=letters, prefix="day-")
    zones = ", ".join(f"'{each}'" for each in ZONES)
    house.execute(_ROUND_THE_WORLD.replace("zones", f"(array[{zones}])"), number=len(ZONES))
    house.execute(_TO_BE_PLANNED, at=_BEGINS)
    _travel(house, 0)
    held_at = _BEGINS + timedelta(hours=_WARM_UP_HOURS + 15)
    session = NewSession(
        sequence_slug=SLUG,
        title="Leading through disruption",
        starts_at=held_at,
        zone="Europe/Berlin",
        join_url="https://meet.example.com/day",
    )
    add_session(session, house.transactions)
    email, password = _COLLEAGUE
    invitation = add_user(email, Role.ADMIN, house.transactions, by="bench")
    nowhere = Browser(network="192.0.2.1", ip="192.0.2.1", user_agent="a bench")
    use_one_time_link(invitation.token, Chosen(password=password), nowhere, house.transactions)


_ROUND_THE_WORLD = """
    update subscribers set zone = zones[1 + abs(hashtext(email_key)) % :number]
    where email_key like 'day-%'
"""
_TO_BE_PLANNED = "update enrollments set next_due_at = :at where state = 'active'"


def _travel(house: House, hour: float) -> None:
    moment = _BEGINS + timedelta(hours=hour)
    house.execute("update clock set ahead_by = :at - now(), frozen_at = null", at=moment)


def _pass_time(scene: Scene, hour: float, until: float, hour_seconds: float) -> None:
    """Let the plan's clock run from one hour to another, and people sign up meanwhile."""
    began = time.monotonic()
    first, signed_up = hour, 0
    while hour < until:
        time.sleep(_BEAT_SECONDS)
        hour = min(until, first + (time.monotonic() - began) / hour_seconds)
        _travel(scene.house, hour)
        wanted = int((hour - first) * _SIGNUPS_AN_HOUR)
        scene.day.sign_up(wanted - signed_up)
        signed_up = wanted


def _look(scene: Scene) -> Mapping[str, Memory]:
    """Return what each process holds, on average over some seconds."""
    sums: dict[str, list[Memory]] = {}
    for _ in range(_SAMPLES):
        for name, pid in scene.processes().items():
            with suppress(OSError):  # it has just ended
                sums.setdefault(name, []).append(memory(pid))
        time.sleep(1)  # real time: between two looks
    return {
        name: Memory(
            resident=sum(each.resident for each in found) / len(found),
            proportional=sum(each.proportional for each in found) / len(found),
        )
        for name, found in sums.items()
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _start_web(
    house: House, environment: Mapping[str, str], port: int
) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "funnel", "web", "--port", str(port), "--processes", "2"]
    with (house.folder / "logs" / "web.log").open("ab") as log:
        process = subprocess.Popen(command, env=dict(environment), stdout=log, stderr=log)  # noqa: S603  (our own)
    ends_at = time.monotonic() + 60
    while time.monotonic() < ends_at:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return process
        time.sleep(0.1)
    raise SystemExit(f"never: the pages answer\n{(house.folder / 'logs' / 'web.log').read_text()}")


def _say_what_was_done(scene: Scene, hours: int, seconds: float) -> None:
    done = scene.day.done
    _say(
        f"{hours + _WARM_UP_HOURS} h in {seconds:.0f} s: {scene.sink.total:,} emails, "
        f"{done['signups']:,} signups, {done['pages']:,} pages; "
        f"{scene.day.left:,} pages were not reached in time"
    )
    for what, times in scene.day.refused.most_common(8):
        _say(f"  {times:,} times {what}")
    rows = scene.house.transactions
    with rows.begin() as tx:
        found = tx.connection.exec_driver_sql(_BY_STATUS).all()
    _say("  " + ", ".join(f"{row[1]:,} {row[0]}" for row in found))


_BY_STATUS = "select status, count(*) from messages group by status order by 2 desc"


def _judge(seen: list[Mapping[str, Memory]]) -> int:
    _say(f"{'process':<14}{'begin':>9}{'middle':>9}{'end':>9}   growth   (shared pages divided)")
    code = 0
    for name in seen[0]:
        held = [each.get(name) for each in seen]
        known = [each for each in held if each is not None]
        if len(known) < len(seen):
            _say(f"{name:<14} ended before the day did")
            code = 1
            continue
        growth = known[-1].resident / known[0].resident
        mark = "" if growth <= _MOST else "  BAD"
        code = code or (1 if mark else 0)
        resident = "".join(f"{each.resident:>9.1f}" for each in known)
        shares = " ".join(f"{each.proportional:.1f}" for each in known)
        _say(f"{name:<14}{resident} {growth - 1:>+8.1%}   ({shares}){mark}")
    return code


def _say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
