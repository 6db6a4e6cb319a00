"""A process that was asked to end ends: if it cannot, it says where it stands, and is ended.

Seen once: a worker (or a scheduler, its log did not say) that two minutes after SIGTERM was still
there, with nothing to do. Whoever runs it would have killed it unheard; its last words may tell.
Nothing is lost by it: what it was at comes back, as it does when a process is killed.
"""

import faulthandler
import signal
from types import FrameType

from celery.signals import beat_init, worker_shutting_down

# Under the 30 s after which docker-compose.yml lets it be killed; a batch ends within 10.
SECONDS = 25.0


def end_when_asked() -> None:
    """Let SIGTERM end this worker, or this scheduler, in time; called before it runs."""
    worker_shutting_down.connect(_end_worker, weak=False)
    beat_init.connect(_end_scheduler, weak=False)


def _end_in_time() -> None:
    """End this process some seconds from now, if it is still there, with all stacks in its log.

    A thread of C does it, which nothing that Python waits for can hold up; with a worker its
    children end (Celery asks the kernel for that).
    """
    faulthandler.dump_traceback_later(SECONDS, exit=True)


def _end_worker(**_: object) -> None:
    _end_in_time()


def _end_scheduler(**_: object) -> None:
    """Stand before beat's own handler, which was set just before this signal was sent."""
    its_own = signal.getsignal(signal.SIGTERM)

    def ask(number: int, frame: FrameType | None) -> None:
        _end_in_time()
        if callable(its_own):
            its_own(number, frame)

    signal.signal(signal.SIGTERM, ask)
