"""Sending: a task carries a batch of ids and epochs, nothing else."""

from uuid import UUID

from funnel.services.deliver_batch import deliver_batch
from funnel.storage.outbox import Claimed
from funnel.tasks.app import DELIVER, app
from funnel.tasks.process import process


@app.task(name="funnel.deliver_batch", queue=DELIVER)
def deliver(messages: list[tuple[str, int]]) -> None:
    """Send the messages that still carry their epoch."""
    batch = [Claimed(UUID(message_id), epoch) for message_id, epoch in messages]
    deliver_batch(batch, process().deps.delivery)
    process().show_life()


@app.task(name="funnel.pulse")
def pulse() -> None:
    """Show that this queue is read, also while there is nothing to send."""
    process().show_life()
