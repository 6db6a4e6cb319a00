"""The fixtures that all tests with servers stand on."""

import psycopg
import pytest
import redis
from redis.exceptions import ConnectionError as BrokerGoneError

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
