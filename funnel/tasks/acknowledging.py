"""A broker that goes away while tasks run must not take their places in the worker with it.

kombu forgets a task only after the broker took its acknowledgement, and Celery logs one that the
broker did not take, and goes on. So each task that ends while the broker is away keeps its place
for good; with ``worker_prefetch_multiplier`` 1 there are as many places as processes, and once the
last is gone the worker asks the broker for nothing more: it never notices that the connection was
lost, and sits there until somebody restarts it (seen with kombu 5.7.0: two processes, both busy).
"""

from kombu.transport import redis, virtual


class ForgettingQoS(redis.QoS):
    """Frees a task's place whether or not the broker could be told that it ended.

    The broker keeps the task, and delivers it again after the visibility timeout: it then opens
    nothing, because its rows have moved on.
    """

    def ack(self, delivery_tag: str) -> None:
        """Tell the broker that a task has ended, and forget it in any case."""
        try:
            super().ack(delivery_tag)
        except BaseException:
            virtual.QoS.ack(self, delivery_tag)
            raise


def free_places_of_lost_acknowledgements() -> None:
    """Let every connection to the broker keep its tasks in the way that this page describes."""
    redis.Channel.QoS = ForgettingQoS
