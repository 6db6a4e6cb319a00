"""Tasks that a drill itself puts on the queue of the processes that deliver."""

from funnel.tasks.app import app
from funnel.tasks.deliver import deliver
from tests.faults.drill.crew import DELIVER
from tests.faults.drill.stage import Stage


def publish(stage: Stage, *calls: tuple[object, ...]) -> None:
    """Put a task on the queue for each of some arguments."""
    # A connection of its own: Celery's pools would outlive the broker's faults.
    with app.connection_for_write(stage.house.broker.url) as connection:
        for arguments in calls:
            deliver.apply_async(args=arguments, queue=DELIVER, connection=connection)
