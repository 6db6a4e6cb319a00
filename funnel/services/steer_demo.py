"""The buttons of the demo's bar."""

from funnel.domain.demo import DemoGoal
from funnel.domain.errors import InvalidInputError
from funnel.storage import demo
from funnel.storage.transaction import Transactions


def pause_demo(transactions: Transactions) -> None:
    """Let the demo's time stand still, whatever it was playing towards."""
    with transactions.begin() as tx:
        demo.lock_clock(tx)
        demo.freeze_clock(tx)


def resume_demo(transactions: Transactions) -> None:
    """Let the demo's time go on from where it stood."""
    with transactions.begin() as tx:
        demo.lock_clock(tx)
        demo.thaw_clock(tx)


def steer_demo(transactions: Transactions, goal: DemoGoal) -> None:
    """Play towards a goal from now on; ``DemoGoal.NONE`` goes back to 1:1.

    Pressing ``ALL`` while it already plays presses on: it no longer waits for a word about the
    sessions that are over.

    Raises:
        InvalidInputError: ``SESSION`` where nobody holds a seat in a coming one.
    """
    with transactions.begin() as tx:
        demo.lock_clock(tx)
        demo.thaw_clock(tx)
        # An email can leave while time stands still, with a moment a little after it.
        last_left_at = demo.read_scene(tx).last_left_at
        goal_at = max(tx.now, last_left_at or tx.now)
        if goal is DemoGoal.SESSION:
            start = demo.next_start_with_seat(tx)
            if start is None:
                raise InvalidInputError(
                    "nobody holds a seat in a coming session",
                    field="goal",
                    remedy="Sign up on the landing page and press the button in the confirmation.",
                )
            goal_at = start
        demo.write_goal(tx, goal, None if goal is DemoGoal.NONE else goal_at)
