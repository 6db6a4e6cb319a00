"""Start a process of the installation as `python -m` does, with what only a drill may change.

No setting shortens a lease below a task's longest time, points a provider's address elsewhere,
puts a clock wrong or lets the scheduler hurry; a drill needs them. From the environment:

DRILL_LEASE_SECONDS   how long a message may be in this process's hands (the rows say so too)
DRILL_ANSWER_SECONDS  how long the answer to a final dot is waited for
DRILL_POSTMARK_URL    where "Postmark" is
DRILL_CLOCK_SECONDS   how far this process's own clock is off: ``time.time`` (Celery's and ours) and
                      ``Deps.process_now``, the only reader of it in our code
DRILL_HASTE           how many times as often the scheduler says "now"
DRILL_PULSE_SECONDS   how often it asks for signs of life, sweeps, and asks after unknowns
DRILL_KEEPS_CHILDREN  a worker's processes are never renewed, whatever they did and hold
"""

import os
import runpy
import sys
import time
from datetime import datetime, timedelta
from types import ModuleType

_OFF_BY = float(os.environ.get("DRILL_CLOCK_SECONDS", "0"))
if _OFF_BY:
    # Before Celery is imported: kombu keeps a name of its own for it.
    _right = time.time
    time.time = lambda: _right() + _OFF_BY

from funnel import mailers  # noqa: E402  (see above)
from funnel.bootstrap import Deps  # noqa: E402
from funnel.sending.http_api import ApiSettings  # noqa: E402
from funnel.services.delivery import Delivery  # noqa: E402
from funnel.tasks.app import app  # noqa: E402


def _change() -> None:
    if seconds := os.environ.get("DRILL_ANSWER_SECONDS"):
        _replace(mailers, "_ANSWER_SECONDS", float(seconds))
        # The same for a provider by HTTP: the default of a field.
        defaults = ApiSettings.__init__.__kwdefaults__
        assert "answer_seconds" in defaults, "ApiSettings has no answer_seconds"
        defaults["answer_seconds"] = float(seconds)
    if seconds := os.environ.get("DRILL_LEASE_SECONDS"):
        _shorten_lease(timedelta(seconds=float(seconds)))
    if url := os.environ.get("DRILL_POSTMARK_URL"):
        from funnel.sending import postmark

        _replace(postmark, "BASE_URL", url)
    if _OFF_BY:
        right = Deps.process_now

        def wrong(deps: Deps) -> datetime:
            return right(deps) + timedelta(seconds=_OFF_BY)

        Deps.process_now = wrong  # type: ignore[method-assign]


def _change_rhythm() -> None:
    if haste := os.environ.get("DRILL_HASTE"):
        _hurry(float(haste))
    if seconds := os.environ.get("DRILL_PULSE_SECONDS"):
        for name in ("pulse-deliver", "pulse-notices", "sweep", "unknowns"):
            app.conf.beat_schedule[name]["schedule"] = float(seconds)
    if os.environ.get("DRILL_KEEPS_CHILDREN"):
        app.conf.update(worker_max_tasks_per_child=None, worker_max_memory_per_child=None)


def _replace(module: ModuleType, name: str, value: object) -> None:
    # What was moved elsewhere must not be put here in vain.
    assert hasattr(module, name), f"{module.__name__} has no {name}"
    setattr(module, name, value)


def _hurry(times: float) -> None:
    for entry in app.conf.beat_schedule.values():
        entry["schedule"] /= times
    app.conf.beat_max_loop_interval /= times


def _shorten_lease(lease: timedelta) -> None:
    make = Deps._make_delivery

    def shortened(deps: Deps, provider: str) -> Delivery:
        delivery = make(deps, provider)
        assert hasattr(delivery, "lease"), "Delivery has no lease"
        delivery.lease = lease
        return delivery

    Deps._make_delivery = shortened  # type: ignore[method-assign]


if __name__ == "__main__":
    _change()
    _change_rhythm()
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
