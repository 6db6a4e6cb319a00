"""The order to end, told to the processes that work: they stop between two messages.

SIGTERM reaches the worker's main process, which waits for what its children are at (a warm stop);
the children would otherwise hear nothing of it. Where everybody is told at once (systemd does that
to a whole group), a child finishes what it is at as well, where Celery would end it in the middle
of a hand-over.
"""

import mmap
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Timer
from types import FrameType

from celery.signals import worker_shutting_down

# One byte that the main process and the children forked from it see alike.
_order = mmap.mmap(-1, 1)
_is_told = False
# A child that was told to end by itself first lets its answer reach the main process.
_ANSWER_SECONDS = 0.5


def is_draining() -> bool:
    """Say whether nothing more should begin to leave."""
    return _is_told or _order[0] == 1


@contextmanager
def to_its_end() -> Iterator[None]:
    """Let what stands in the block come to its own end, should this process be told to end.

    Set here and not as the process starts: billiard sets its own handler after that.
    """
    before = signal.signal(signal.SIGTERM, _told)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
        if _is_told:
            Timer(_ANSWER_SECONDS, os.kill, (os.getpid(), signal.SIGTERM)).start()


def _told(_number: int, _frame: FrameType | None) -> None:
    global _is_told
    _is_told = True


@worker_shutting_down.connect
def _tell_children(**_: object) -> None:
    _order[0] = 1
