"""Broker and database: killed, restarted, emptied, frozen, full, out of reach."""

import os
import signal
import time

import redis

from funnel.domain.signup import SignupRequest, SignupRules, Visitor
from funnel.domain.subscriber import ZoneSource, choose_zone, normalise_address
from funnel.services.accept_signup import accept_signup
from funnel.services.add_source import NewSource, add_source
from funnel.storage import sources
from tests.bench.house import SLUG
from tests.faults.drill.fault import Fault
from tests.faults.drill.stage import CHILDREN, CONNECTIONS, Load, Stage, execute_apart

_FROZEN_SECONDS = 6.0
_FULL_SECONDS = 8.0
# Longer than the broker's socket time-out of ten seconds.
_BLACK_SECONDS = 14.0
_RULES = SignupRules(hash_key=b"a key for drills, and only for those")


def kill_broker(stage: Stage, load: Load) -> None:
    stage.until_arrived(load, 0.3)
    stage.house.broker.kill()
    time.sleep(2)  # real time: so long it is away
    stage.house.broker.start()


def restart_broker(stage: Stage, load: Load) -> None:
    stage.until_arrived(load, 0.3)
    stage.house.broker.stop()
    stage.house.broker.start()


def flush_broker(stage: Stage, load: Load) -> None:
    for share in (0.2, 0.4):
        stage.until_arrived(load, share)
        with redis.Redis.from_url(stage.house.broker.url) as client:
            client.flushall()


def freeze_broker(stage: Stage, load: Load) -> None:
    stage.until_arrived(load, 0.2)
    pid = stage.house.broker.process_id
    os.kill(pid, signal.SIGSTOP)
    time.sleep(_FROZEN_SECONDS)
    os.kill(pid, signal.SIGCONT)


def fill_broker(stage: Stage, load: Load) -> None:
    """Let the broker refuse whatever writes while tasks run, end and are published."""
    stage.until_arrived(load, 0.3)
    with redis.Redis.from_url(stage.house.broker.url) as client:
        client.config_set("maxmemory-policy", "noeviction")
        client.config_set("maxmemory", 1)
        time.sleep(_FULL_SECONDS)
        client.config_set("maxmemory", 0)


def blackhole_broker(stage: Stage, load: Load) -> None:
    stage.until_arrived(load, 0.2)
    stage.broker.trouble.is_black_hole = True
    time.sleep(_BLACK_SECONDS)
    stage.broker.heal()


def reset_broker(stage: Stage, load: Load) -> None:
    for number in range(1, 5):
        stage.until_arrived(load, number * 0.12)
        stage.broker.reset_some(0.7, stage.chance)


def leave_for_an_hour(stage: Stage, load: Load) -> None:
    """Take signups while no broker is there, and bring it back an hour of plan time later."""
    stage.house.broker.kill()
    load.key = "notices/confirm"
    with stage.house.transactions.begin() as tx:
        source = sources.find(tx, "drill")
    if source is None:
        source = add_source(NewSource(slug="drill", sequence_slug=SLUG), stage.house.transactions)
    for number in range(load.number):
        address = f"{load.prefix}{number}@example.net"
        request = SignupRequest(
            external_id=address,
            address=normalise_address(address),
            first_name="Bo",
            wants_letters=True,
            zone=choose_zone("Europe/Berlin", ZoneSource.WEBHOOK),
            session=None,
            payload=b"{}",
            visitor=Visitor(ip="192.0.2.7", user_agent="drill"),
        )
        accept_signup(request, source, stage.house.transactions, _RULES)
    stage.house.execute("update clock set ahead_by = ahead_by + interval '1 hour'")
    stage.house.broker.start()


# -- the database ----------------------------------------------------------------------------


def kill_database(stage: Stage, load: Load) -> None:
    stage.until_arrived(load, 0.3)
    stage.house.database.kill()
    time.sleep(2)  # real time: so long it is away
    stage.house.database.start()
    load.most_unknown = CHILDREN * CONNECTIONS


def restart_database(stage: Stage, load: Load) -> None:
    stage.until_arrived(load, 0.3)
    stage.house.database.stop()
    stage.house.database.start()
    load.most_unknown = CHILDREN * CONNECTIONS


def terminate_backends(stage: Stage, load: Load) -> None:
    for number in range(1, 5):
        stage.until_arrived(load, number * 0.12)
        execute_apart(stage.house.url, _TERMINATE)


_TERMINATE = """
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()
"""


def lose_answers(stage: Stage, load: Load) -> None:
    """Break connections after a random number of bytes of answers: commits without an answer."""
    stage.until_arrived(load, 0.1)
    stage.database.trouble.cut_to_client = lambda: stage.chance.randint(500, 20_000)
    stage.database.reset_all()
    before = stage.database.resets
    stage.until(lambda: stage.database.resets - before > 30, "answers were lost")
    stage.database.heal()


FAULTS = (
    Fault(
        name="broker-killed",
        strike=kill_broker,
        sentence="SIGKILL of the broker, two seconds without one, then it reads its log again",
        source="broker killed",
    ),
    Fault(
        name="broker-restarted",
        strike=restart_broker,
        sentence="the broker is stopped in order and started again",
        source="broker restarted",
    ),
    Fault(
        name="broker-flushed",
        strike=flush_broker,
        sentence="the broker loses everything that it holds, twice",
        source="broker flushed",
    ),
    Fault(
        name="broker-frozen",
        strike=freeze_broker,
        sentence="the broker is stopped as it is for six seconds: connections open, no answer",
        source="broker frozen",
    ),
    Fault(
        name="broker-full",
        strike=fill_broker,
        sentence="the broker takes no writes for eight seconds (noeviction, one byte of memory)",
        source="broker full",
    ),
    Fault(
        name="broker-blackholed",
        strike=blackhole_broker,
        sentence="what goes to the broker and comes from it is swallowed for 14 seconds",
        source="broker black-holed",
    ),
    Fault(
        name="broker-resets",
        strike=reset_broker,
        sentence="most connections to the broker are reset, four times",
        source="broker killed, restarted",
    ),
    Fault(
        name="broker-gone-an-hour",
        strike=leave_for_an_hour,
        sentence="no broker for an hour of plan time, in which people sign up: all are confirmed",
        source="broker gone for an hour while signups arrive",
        brings=True,
        people=60,
    ),
    Fault(
        name="database-killed",
        strike=kill_database,
        sentence="SIGKILL of PostgreSQL, two seconds without it, then it replays its log",
        source="database killed",
        rounds=2,
    ),
    Fault(
        name="database-restarted",
        strike=restart_database,
        sentence="PostgreSQL is stopped fast and started again",
        source="database restarted",
    ),
    Fault(
        name="backends-terminated",
        strike=terminate_backends,
        sentence="every connection to the database is ended by the server, four times",
        source="backends terminated",
    ),
    Fault(
        name="database-answers-lost",
        strike=lose_answers,
        sentence="connections to the database break in the middle of answers, 30 times",
        source="backends terminated (a commit whose answer is lost)",
    ),
)
