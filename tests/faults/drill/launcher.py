"""Start a process of the installation as `python -m` does, with what only a drill may change.

No setting shortens a lease below a task's longest time, points a provider's address elsewhere or
puts a clock wrong; a drill needs all three. From the environment:

DRILL_LEASE_SECONDS   how long a message may be in this process's hands (the rows say so too)
DRILL_ANSWER_SECONDS  how long the answer to a final dot is waited for
DRILL_POSTMARK_URL    where "Postmark" is
DRILL_CLOCK_SECONDS   how far this process's own clock is off: ``time.time`` (Celery's and ours) and
                      ``Deps.process_now``, the only reader of it in our code
"""

import os
import runpy
import sys
import time
from datetime import datetime, timedelta

_OFF_BY = float(os.environ.get("DRILL_CLOCK_SECONDS", "0"))
if _OFF_BY:
    # Before Celery is imported: kombu keeps a name of its own for it.
    _right = time.time
    time.time = lambda: _right() + _OFF_BY

from funnel import bootstrap  # noqa: E402  (see above)
from funnel.bootstrap import Deps  # noqa: E402
from funnel.sending.http_api import ApiSettings  # noqa: E402
from funnel.services.delivery import Delivery  # noqa: E402


def _change() -> None:
    if seconds := os.environ.get("DRILL_ANSWER_SECONDS"):
        bootstrap._ANSWER_SECONDS = float(seconds)  # type: ignore[misc]  (only a drill may)
        # The same for a provider by HTTP: the default of a field.
        ApiSettings.__init__.__kwdefaults__["answer_seconds"] = float(seconds)
    if seconds := os.environ.get("DRILL_LEASE_SECONDS"):
        _shorten_lease(timedelta(seconds=float(seconds)))
    if url := os.environ.get("DRILL_POSTMARK_URL"):
        from funnel.sending import postmark

        postmark.BASE_URL = url  # type: ignore[misc]
    if _OFF_BY:
        right = Deps.process_now

        def wrong(deps: Deps) -> datetime:
            return right(deps) + timedelta(seconds=_OFF_BY)

        Deps.process_now = wrong  # type: ignore[method-assign]


def _shorten_lease(lease: timedelta) -> None:
    make = Deps._make_delivery

    def shortened(deps: Deps, provider: str) -> Delivery:
        delivery = make(deps, provider)
        delivery.lease = lease
        return delivery

    Deps._make_delivery = shortened  # type: ignore[method-assign]


if __name__ == "__main__":
    _change()
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
