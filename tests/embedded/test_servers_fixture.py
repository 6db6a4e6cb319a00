"""The fixtures that all tests with servers stand on."""

from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest
import redis
from redis.exceptions import ConnectionError as BrokerGoneError

from tests.fixtures.kept_databases import KeptDatabases
from tests.fixtures.servers import Broker, Databases


def test_each_temporary_database_is_its_own(postgres_server: Databases) -> None:
    with postgres_server.temporary() as first, postgres_server.temporary() as second:
        with psycopg.connect(_plain(first)) as connection:
            connection.execute("CREATE TABLE only_here (id int)")
        with psycopg.connect(_plain(second)) as connection:
            found = connection.execute("SELECT to_regclass('only_here')").fetchone()
            assert found == (None,)


def test_a_temporary_database_is_dropped_even_while_somebody_is_connected(
    postgres_server: Databases,
) -> None:
    with postgres_server.temporary() as url:
        left_behind = psycopg.connect(_plain(url))
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(_plain(url))
    left_behind.close()


@pytest.fixture
def kept(postgres_server: Databases) -> Iterator[KeptDatabases]:
    kept = KeptDatabases(databases=postgres_server)
    yield kept
    kept.end()


@pytest.fixture
def template(postgres_server: Databases) -> Iterator[str]:
    """A template with a row in each of two tables that know each other, and counts."""
    name = f"funnel_test_template_{uuid4().hex[:8]}"
    with psycopg.connect(_plain(postgres_server.create(name))) as connection:
        connection.execute("create table places (id serial primary key, name text)")
        connection.execute(
            "create table guests (id int generated always as identity, at timestamptz,"
            " place int not null references places,"
            " twice int generated always as (place * 2) stored)"
        )
        connection.execute("insert into places (name) values ('Köln')")
        connection.execute("insert into guests (at, place) values ('2031-03-04 11:00:00.25+00', 1)")
    yield name
    postgres_server.drop(name)


def test_a_kept_database_is_its_template_again(kept: KeptDatabases, template: str) -> None:
    with kept.lent(template) as first:
        was = _all_of(first)
        left_behind = psycopg.connect(_plain(first))
        left_behind.execute("insert into places (name) values ('Bonn')")
        left_behind.commit()
        left_behind.execute("delete from guests")  # and never says whether it meant it
        with psycopg.connect(_plain(first)) as connection:
            connection.execute("update places set name = 'Aachen' where id = 1")
    left_behind.close()
    with kept.lent(template) as again, kept.lent(template) as other:
        assert again == first != other
        assert _all_of(again) == was == _all_of(other)
        with psycopg.connect(_plain(again)) as connection:
            made = connection.execute("insert into places (name) values ('Ulm') returning id")
            assert made.fetchone() == (2,)
            with pytest.raises(psycopg.errors.ForeignKeyViolation):
                connection.execute("insert into guests (place) values (7)")


@pytest.mark.parametrize(
    "statement",
    [
        "create table more (id int)",
        "drop table guests",
        "alter table guests alter at set not null",
        "alter table guests disable trigger all",
        "create index places_by_name on places (name)",
        "create function one() returns int language sql as 'select 1'",
        "do $$ begin execute format("
        "'alter database %I set work_mem = 64', current_database()); end $$",
    ],
    ids=lambda words: "-".join(words.split()[:2]),
)
def test_a_database_of_another_shape_is_given_to_nobody(
    kept: KeptDatabases, template: str, statement: str
) -> None:
    with kept.lent(template) as changed, psycopg.connect(_plain(changed)) as connection:
        connection.execute(statement)
    with kept.lent(template) as next_one:
        assert next_one != changed
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(_plain(changed))


def _all_of(url: str) -> list[tuple[object, ...]]:
    with psycopg.connect(_plain(url)) as connection:
        return [
            *connection.execute("select * from places order by id"),
            *connection.execute("select * from guests order by id"),
        ]


@pytest.mark.broker
def test_the_broker_survives_every_accident(broker: Broker) -> None:
    with redis.Redis.from_url(broker.url) as client:
        client.set("kept", "1")
    broker.stop()
    with redis.Redis.from_url(broker.url) as client, pytest.raises(BrokerGoneError):
        client.ping()
    broker.start()
    with redis.Redis.from_url(broker.url) as client:
        assert client.get("kept") == b"1"
    broker.kill()
    broker.start()
    broker.freeze()
    with (
        redis.Redis.from_url(broker.url, socket_timeout=0.2, retry=None) as client,
        pytest.raises(redis.exceptions.TimeoutError),
    ):
        client.ping()
    broker.thaw()
    broker.flush()
    with redis.Redis.from_url(broker.url) as client:
        assert client.get("kept") is None


def _plain(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://")
