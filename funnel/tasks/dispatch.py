"""The tick: what is due becomes messages, and their ids go on the queue."""

from time import monotonic

from funnel.domain.message import Lane
from funnel.services.dispatch_due import Batch, dispatch_due
from funnel.services.remind_signups import remind_signups
from funnel.tasks.app import (
    DELIVER,
    DISPATCH,
    LETTERS_PRIORITY,
    NOTICES,
    TICK_SECONDS,
    URGENT_PRIORITY,
    app,
)
from funnel.tasks.deliver import deliver
from funnel.tasks.process import process

_last_tick_at = float("-inf")


@app.task(name="funnel.tick", queue=DISPATCH)
def tick() -> None:
    """Dispatch all that is due; a second one meanwhile finds the lock taken and returns."""
    if _is_piled_up():
        return
    deps = process().deps
    remind_signups(deps.transactions, deps.signup_rules)
    for batch in dispatch_due(deps.transactions, deps.dispatch_limits):
        _publish(batch)
    process().show_life()
    process().show_life(name="scheduler", role="scheduler")  # ticks come from nowhere else


def _is_piled_up() -> bool:
    """Whether this tick comes right after another: thousands wait where no worker ran for long.

    Not by an expiry: that compares with the worker's own clock, and an hour's difference would
    discard every tick.
    """
    global _last_tick_at
    now = monotonic()
    is_piled_up = now - _last_tick_at < TICK_SECONDS / 4
    _last_tick_at = _last_tick_at if is_piled_up else now
    return is_piled_up


def _publish(batch: Batch) -> None:
    """Hand ids and epochs to the broker. What fails here is found again by the sweep."""
    queue = NOTICES if batch.lane is Lane.NOTICES else DELIVER
    messages = [(str(each.id), each.epoch) for each in batch.messages]
    priority = LETTERS_PRIORITY if batch.is_letters else URGENT_PRIORITY
    deliver.apply_async(args=(messages, batch.provider), queue=queue, priority=priority)
