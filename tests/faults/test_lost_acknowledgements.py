"""A broker that is away while a task ends: its place in the worker is free again."""

import logging

import pytest
from kombu import Connection

from funnel.tasks.app import app
from tests.fixtures.servers import Broker

pytestmark = [pytest.mark.faults, pytest.mark.broker]


def test_a_task_whose_end_the_broker_never_heard_of_keeps_no_place(broker: Broker) -> None:
    options = app.conf.broker_transport_options
    with Connection(broker.url, transport_options=options) as connection:
        queue = connection.SimpleQueue("places")
        channel = queue.channel
        channel.basic_qos(prefetch_count=1)
        queue.put("a task")
        message = queue.get(timeout=5)
        assert not channel.qos.can_consume()
        broker.kill()
        message.ack_log_error(logging.getLogger(__name__), connection.connection_errors)
        assert message.acknowledged is False
        assert channel.qos.can_consume()
        broker.start()
