"""What one worker process holds: made after the fork, given back at its end."""

import mmap
from functools import cache, cached_property
from time import monotonic

from celery.signals import worker_process_init

from funnel.bootstrap import Deps, build
from funnel.storage import heartbeats
from funnel.tasks.drain import is_draining

_SEEN_EVERY_SECONDS = 5.0
# Made before the fork: a child that begins anew does not load files that another has loaded.
_definitions = mmap.mmap(-1, 32)


class Process:
    """The dependencies of this process, and its signs of life."""

    def __init__(self, role: str) -> None:
        self.role = role
        self._seen_at: dict[str, float] = {}

    @cached_property
    def deps(self) -> Deps:
        """Dependencies; nothing is connected before it is first used."""
        deps = build(role=self.role)
        deps.is_draining = is_draining
        deps.definition_memory = _definitions
        return deps

    def show_life(self, *, name: str = "", role: str = "") -> None:
        """Write that progress was made, at most every few seconds.

        Args:
            name: Of whom; this process by default.
            role: Its role; this process's by default.
        """
        name = name or self.deps.process_name
        now = monotonic()
        if now - self._seen_at.get(name, -_SEEN_EVERY_SECONDS) < _SEEN_EVERY_SECONDS:
            return
        self._seen_at[name] = now
        with self.deps.transactions.begin() as tx:
            heartbeats.beat(tx, name=name, role=role or self.role)


_role = "worker"


def set_role(role: str) -> None:
    """Name this process and its children, before they are forked."""
    global _role
    _role = role


@cache
def process() -> Process:
    """Return this process's own; first called after the fork, so that nothing is shared."""
    return Process(_role)


@worker_process_init.connect
def _warm_up(**_: object) -> None:
    """Connect before there is work: the first email of a process should not wait for it."""
    deps = process().deps
    with deps.transactions.begin() as tx:
        tx.now  # noqa: B018  (the question is what matters)
    deps.delivery  # noqa: B018  (makes mailer, renderer and links)
    # Connected and ready: said at once, or status would miss the worker until its first pulse.
    process().show_life()
