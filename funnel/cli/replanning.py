"""Drive the planning of many people from a terminal, with its progress."""

import gc
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event
from typing import TYPE_CHECKING
from uuid import UUID

from funnel.cli.console import progress, say
from funnel.cli.opening import opened

if TYPE_CHECKING:
    from multiprocessing.synchronize import Event as Signal

    from funnel.storage.replans import Replan
    from funnel.storage.transaction import Transactions

# Batches between two words about the progress: about a second of work.
_BATCHES = 5
_LOOK_AGAIN_AFTER = 0.5  # seconds, while others are at it
# From so many people on, a second process has earned its start of a second or so.
_WORTH_TWO = 4_000
_ENDS_WITHIN = 10.0  # seconds: it ends after the batch that it is at


def drive_replan(replan: "Replan", transactions: "Transactions") -> bool:
    """Plan everybody whom a replan concerns, older ones first; say whether that is finished.

    Many people are planned by two processes, where there are processors for them. Ctrl-C leaves
    the rest to the worker, which goes on by itself.
    """
    try:
        with _helped(replan), progress(replan.total) as show_done:
            for now in _driven(replan, transactions, Event().wait):
                show_done(now.done)
    except KeyboardInterrupt:
        say("Stopped here; the worker goes on with it. `funnel status` shows how far it is.")
        return False
    return True


def _driven(
    replan: "Replan", transactions: "Transactions", wait: Callable[[float], bool]
) -> Iterator["Replan"]:
    """Work until it is finished, and yield how far it is; ``wait`` while others are at it."""
    from funnel.services.continue_replans import continue_replans
    from funnel.services.read_replans import find_replan

    gc.freeze()  # what is loaded by now stays: looking it over again and again costs a twelfth
    while not replan.is_finished:
        before = replan.done
        continue_replans(transactions, most_batches=_BATCHES)
        replan = find_replan(replan.id, transactions)
        yield replan
        if replan.done == before and not replan.is_finished:
            wait(_LOOK_AGAIN_AFTER)


@contextmanager
def _helped(replan: "Replan") -> Iterator[None]:
    """Let a second process work from the other end meanwhile, if that is worth its start."""
    if replan.is_finished or replan.total - replan.done < _WORTH_TWO or _processors() < 2:
        yield
        return
    # A fresh process: a fork would share the open connections.
    context = multiprocessing.get_context("spawn")
    ended = context.Event()
    helper = context.Process(target=help_with, args=(replan.id, ended), daemon=True)
    helper.start()
    try:
        yield
    finally:
        ended.set()
        helper.join(_ENDS_WITHIN)
        helper.terminate()  # whatever it still does is undone, and is found in the rows


def help_with(replan_id: UUID, ended: "Signal") -> None:
    """Work on a replan beside a command, as a process of its own, until that says or is gone."""
    from funnel.services.read_replans import find_replan

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches both; the command says when
    command = multiprocessing.parent_process()
    with opened() as deps:
        replan = find_replan(replan_id, deps.transactions)
        for _ in _driven(replan, deps.transactions, ended.wait):
            if ended.is_set() or command is None or not command.is_alive():
                break


def _processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
