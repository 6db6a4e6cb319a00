"""Sending: a task carries a batch of ids and epochs, nothing else."""

from uuid import UUID

from funnel.services.deliver_batch import deliver_batch
from funnel.storage.outbox import Claimed
from funnel.tasks.app import DELIVER, app
from funnel.tasks.drain import to_its_end
from funnel.tasks.process import process


@app.task(name="funnel.deliver_batch", queue=DELIVER)
def deliver(messages: list[tuple[str, int]], provider: str | None = None) -> None:
    """Send the messages that still carry their epoch, by the provider of whose budget they are.

    ``None``: put on the queue by a version that knew one provider only.
    """
    batch = [Claimed(UUID(message_id), epoch) for message_id, epoch in messages]
    deps = process().deps
    with to_its_end():
        deliver_batch(batch, deps.delivery_of(provider) if provider else deps.delivery)
    process().show_life()


@app.task(name="funnel.pulse")
def pulse() -> None:
    """Show that this queue is read, and finish what a batch could not, while nothing is sent."""
    process().deps.finish_left_over()
    process().show_life()
