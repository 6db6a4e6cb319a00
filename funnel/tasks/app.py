"""The Celery application: every option with its reason. Rows are the truth, tasks are hints.

What Redis and Celery really do under these settings is in ``docs/reliability.md``.
"""

from typing import Any, NoReturn

import structlog
from celery import Celery, Task
from celery.signals import setup_logging

from funnel.domain.errors import FunnelError
from funnel.tasks.acknowledging import free_places_of_lost_acknowledgements

log = structlog.get_logger()

DELIVER = "deliver"
DISPATCH = "dispatch"
NOTICES = "notices"
MAINTENANCE = "maintenance"
QUEUES = (DELIVER, DISPATCH, NOTICES, MAINTENANCE)

# With Redis the smaller number goes first.
URGENT_PRIORITY = 0
LETTERS_PRIORITY = 5

TICK_SECONDS = 0.25
DEMO_SECONDS = 0.5
SWEEP_SECONDS = 5.0
LOOK_SECONDS = 0.5
SERIES_SECONDS = 60.0
UNKNOWNS_SECONDS = 10.0
NOTES_SECONDS = 60.0
PULSE_SECONDS = 10.0
DEFINITIONS_SECONDS = 3.0
# A click is judged ten seconds after it; the demo's clock waits for that.
JUDGE_SECONDS = 2.0
# Each fact is tried once an hour of plan time, which the demo passes within seconds.
FACTS_SECONDS = 30.0
# Each event is tried once a minute of real time.
EVENTS_SECONDS = 30.0


class FunnelTask(Task):  # type: ignore[type-arg]  # celery-types: generic only for the checker
    """Base of all tasks: fails loudly, never retries through the broker.

    ``retry(countdown=…)`` would put a timer into Redis, where one that outlives the visibility
    timeout is delivered again and again. The next moment is written into a row instead.
    """

    abstract = True

    def on_failure(
        self,
        exc: Exception,
        task_id: str,
        *_: Any,  # noqa: ANN401  (arguments hold ids only, and are not logged)
        **__: Any,  # noqa: ANN401
    ) -> None:
        """Say so; the rows that it carried are found again by the sweep."""
        log.error("task.failed", task=self.name, task_id=task_id, exc_info=exc)

    def retry(self, *_: Any, **__: Any) -> NoReturn:  # noqa: ANN401  (as its base takes them)
        """Refuse: see the class."""
        raise FunnelError("write the next moment into the row; the broker keeps no timers")


free_places_of_lost_acknowledgements()
app = Celery("funnel", task_cls=FunnelTask, set_as_current=True)

app.conf.update(
    # The broker -------------------------------------------------------------------------------
    broker_transport_options={
        # Longer than task_time_limit, or a running task is delivered twice. Short is safe: rows
        # fence doubles.
        "visibility_timeout": 300,
        "unacked_restore_interval": 10,  # look for unacknowledged tasks every 10 s
        "unacked_restore_throttle": 1,
        # Without it a half-open connection stops a worker for ever (seen).
        "socket_timeout": 10,
        "socket_connect_timeout": 5,
        "socket_keepalive": True,
        "health_check_interval": 10,
        # A reminder does not wait behind a thousand letters: two lists a queue, the first first.
        "priority_steps": [URGENT_PRIORITY, LETTERS_PRIORITY],
        "queue_order_strategy": "priority",
        "global_keyprefix": "funnel:",  # a Redis that others use as well shows whose keys these are
        "client_name": "funnel-worker",
    },
    broker_connection_retry_on_startup=True,  # a worker that starts before its broker waits
    broker_connection_max_retries=None,  # for as long as it takes
    # A broker that is full or read-only refuses commands: ask again, as where it is away. Without
    # this a worker ends for good at the first refusal (seen).
    broker_channel_error_retry=True,
    broker_pool_acquire_timeout=5,
    # A publish to a frozen broker must not hang the dispatcher: the sweep will find the rows.
    task_publish_retry_policy={
        "max_retries": 1,
        "interval_start": 0,
        "interval_step": 0.2,
        "interval_max": 0.5,
    },
    # Tasks ------------------------------------------------------------------------------------
    task_acks_late=True,  # a killed worker's task comes back; opening its rows again does nothing
    task_reject_on_worker_lost=False,  # a poison task would run for ever; attempts are in rows
    task_acks_on_failure=True,
    task_acks_on_timeout=True,
    # Under the lease (120 s), which is under the visibility timeout (300 s). No soft limit: raised
    # in the middle of SMTP it makes an unknown outcome.
    task_time_limit=90,
    task_ignore_result=True,  # results are rows
    result_backend=None,
    task_default_queue=MAINTENANCE,
    task_create_missing_queues=False,  # a misspelt queue is an error, not a queue nobody reads
    task_queues={name: {"exchange": name, "routing_key": name} for name in QUEUES},
    task_serializer="json",
    accept_content=["json"],  # never pickle: whoever writes to Redis would run code here
    enable_utc=True,
    timezone="UTC",
    # Workers ----------------------------------------------------------------------------------
    worker_prefetch_multiplier=1,  # a batch waits on the queue, not behind a busy process
    worker_disable_prefetch=True,
    worker_eta_task_limit=100,  # there are none; one that slips in must not pile up in memory
    # A busy machine, or a database that is slow to answer, must not get new processes killed as
    # they start: Celery waits 4 s for each.
    worker_proc_alive_timeout=60,
    worker_max_tasks_per_child=1000,  # ticks are light: a leak is bounded, a restart is rare
    worker_max_memory_per_child=300_000,  # KiB
    # SIGTERM itself is a warm stop that waits for the task; batches end themselves within 10 s.
    worker_soft_shutdown_timeout=15,
    # A cancel in the middle of SMTP is an unknown outcome.
    worker_cancel_long_running_tasks_on_connection_loss=False,
    worker_hijack_root_logger=False,
    worker_redirect_stdouts=False,  # log lines stay what they are, and keep their level
    worker_enable_remote_control=False,  # liveness is progress in rows, not an answer to a ping
    worker_send_task_events=False,
    # The schedule, in memory: claims in the database make two schedulers harmless. -------------
    beat_schedule={
        "tick": {"task": "funnel.tick", "schedule": TICK_SECONDS, "options": {"queue": DISPATCH}},
        "sweep": {
            "task": "funnel.sweep",
            "schedule": SWEEP_SECONDS,
            "options": {"queue": MAINTENANCE},
        },
        "definitions": {
            "task": "funnel.load_definitions",
            "schedule": DEFINITIONS_SECONDS,
            "options": {"queue": MAINTENANCE},
        },
        # One statement says whether somebody waits for a replan, an import, a check, an
        # announcement or a test: as a task each they were most of what an idle worker did.
        "look": {
            "task": "funnel.look",
            "schedule": LOOK_SECONDS,
            "options": {"queue": MAINTENANCE},
        },
        # Two statements where nothing is unknown. Not with what keeps the rows true: providers may
        # be slow to answer.
        "unknowns": {
            "task": "funnel.settle_unknowns",
            "schedule": UNKNOWNS_SECONDS,
            "options": {"queue": NOTICES},
        },
        # Sessions are made weeks ahead; a minute after one was held the next is there.
        "series": {
            "task": "funnel.fill_series",
            "schedule": SERIES_SECONDS,
            "options": {"queue": MAINTENANCE},
        },
        # Two statements on a table of a few rows; a note is due once a day.
        "notes": {
            "task": "funnel.write_daily_notes",
            "schedule": NOTES_SECONDS,
            "options": {"queue": MAINTENANCE},
        },
        "judge": {
            "task": "funnel.judge_evidence",
            "schedule": JUDGE_SECONDS,
            "options": {"queue": MAINTENANCE},
        },
        "facts": {
            "task": "funnel.match_facts",
            "schedule": FACTS_SECONDS,
            "options": {"queue": MAINTENANCE},
        },
        # Three statements where nothing waits and nothing is old.
        "events": {
            "task": "funnel.match_events",
            "schedule": EVENTS_SECONDS,
            "options": {"queue": MAINTENANCE},
        },
        # One for each worker: the answer proves that its queue is being read.
        "pulse-deliver": {
            "task": "funnel.pulse",
            "schedule": PULSE_SECONDS,
            "options": {"queue": DELIVER},
        },
        "pulse-notices": {
            "task": "funnel.pulse",
            "schedule": PULSE_SECONDS,
            "options": {"queue": NOTICES},
        },
    },
    # Beat sleeps at most that long: it must not oversleep a tick of a quarter second.
    beat_max_loop_interval=TICK_SECONDS,
    imports=("funnel.tasks.dispatch", "funnel.tasks.deliver", "funnel.tasks.maintenance"),
)


@setup_logging.connect
def _leave_logging_alone(**_: object) -> None:
    """Celery sets up no logging while somebody answers this signal: ``funnel.log`` has done it."""


_DEMO_ENTRY = {
    "task": "funnel.play_demo",
    "schedule": DEMO_SECONDS,
    "options": {"queue": MAINTENANCE},
}


def configure(broker_url: str, *, is_demo: bool) -> "Celery[FunnelTask]":
    """Point the application at its broker; in the demo, let its clock be driven as well."""
    app.conf.update(broker_url=broker_url)
    if is_demo:
        app.conf.beat_schedule["play-demo"] = _DEMO_ENTRY
    return app
