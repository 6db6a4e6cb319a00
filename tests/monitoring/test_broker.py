import base64
import json

import pytest
import redis
from celery import Celery

from funnel.domain.status import Queue
from funnel.monitoring.broker import read_broker, shown_url, why_unreachable

pytestmark = pytest.mark.broker

QUEUES = ("deliver", "notices")


def celery_app(url):
    app = Celery("test", broker=url)
    app.conf.update(
        broker_transport_options={"global_keyprefix": "funnel:"},
        task_serializer="json",
        task_ignore_result=True,
    )
    return app


def publish(url, queue, *arguments):
    # A connection of its own: Celery's pools live on in the process that the tests share.
    with celery_app(url) as app, app.connection_for_write() as connection:
        app.send_task(
            "funnel.deliver_batch", args=list(arguments), queue=queue, connection=connection
        )


def ids(number):
    return [[f"0000000{each}", 1] for each in range(number)]


def test_an_empty_broker_holds_nothing(broker):
    found = read_broker(broker.url, QUEUES)
    assert found.queues == (
        Queue(name="deliver", tasks=0, emails=0),
        Queue(name="notices", tasks=0, emails=0),
    )
    assert (found.emails, found.error) == (0, "")


def test_tasks_and_the_emails_in_them_are_counted_as_celery_writes_them(broker):
    publish(broker.url, "deliver", ids(25))
    publish(broker.url, "deliver", ids(3))
    publish(broker.url, "notices", ids(1))
    publish(broker.url, "notices")  # a pulse carries nothing
    found = read_broker(broker.url, QUEUES)
    assert found.queues == (
        Queue(name="deliver", tasks=2, emails=28),
        Queue(name="notices", tasks=2, emails=1),
    )


def test_what_a_worker_took_is_counted_apart(broker):
    publish(broker.url, "deliver", ids(4))
    with redis.Redis.from_url(broker.url) as client:
        message = json.loads(client.lpop("funnel:deliver"))
        # As kombu notes it: the message, its exchange and its routing key.
        client.hset("funnel:unacked", "tag", json.dumps([message, "", "deliver"]))
    found = read_broker(broker.url, QUEUES)
    assert (found.in_hands, found.in_hands_emails, found.emails) == (1, 4, 4)


@pytest.mark.parametrize(
    "entry",
    [
        b"not json",
        b"{}",
        b'{"body": "!"}',
        json.dumps({"body": base64.b64encode(b"[]").decode()}).encode(),
        json.dumps({"body": base64.b64encode(b'[["one"], {}, {}]').decode()}).encode(),
    ],
)
def test_an_entry_that_is_not_ours_counts_as_a_task_without_emails(broker, entry):
    with redis.Redis.from_url(broker.url) as client:
        client.rpush("funnel:deliver", entry)
        client.hset("funnel:unacked", "tag", entry)
    found = read_broker(broker.url, ("deliver",))
    assert found.queues == (Queue(name="deliver", tasks=1, emails=0),)
    assert (found.in_hands, found.in_hands_emails) == (1, 0)


def test_a_broker_that_is_away_is_an_answer_with_its_reason(broker):
    broker.stop()
    assert "refused" in read_broker(broker.url, QUEUES).error
    assert "refused" in why_unreachable(broker.url)


def test_a_frozen_broker_is_given_up_within_seconds(broker):
    broker.freeze()
    assert read_broker(broker.url, QUEUES).error


def test_a_broker_that_may_throw_queues_away_is_not_fit(broker):
    assert why_unreachable(broker.url) == ""
    with redis.Redis.from_url(broker.url) as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
    assert "allkeys-lru" in why_unreachable(broker.url)


def test_a_broker_that_is_full_says_so(broker):
    with redis.Redis.from_url(broker.url) as client:
        client.config_set("maxmemory", 1)
        try:
            assert "takes no writes" in read_broker(broker.url, QUEUES).error
            assert "maxmemory" in why_unreachable(broker.url)
        finally:
            client.config_set("maxmemory", 0)
    assert why_unreachable(broker.url) == ""


def test_an_address_that_is_none_is_an_answer_too():
    assert read_broker("nonsense", QUEUES).error
    assert why_unreachable("nonsense")


def test_a_shown_address_keeps_its_password():
    assert shown_url("redis://:secret@host:6380/1") == "redis://host:6380/1"
    assert shown_url("redis://host/0") == "redis://host:6379/0"
