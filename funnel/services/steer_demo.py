"""The buttons of the demo's bar."""

from datetime import datetime

from funnel.domain.demo import DemoGoal
from funnel.domain.errors import InvalidInputError
from funnel.domain.speech import say
from funnel.storage import demo
from funnel.storage.transaction import Transaction, Transactions


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
        InvalidInputError: The goal cannot be reached: nothing lies ahead, or with ``SESSION``
            nobody holds a seat in a coming one.
    """
    with transactions.begin() as tx:
        demo.lock_clock(tx)
        demo.thaw_clock(tx)
        demo.write_goal(tx, goal, _goal_at(tx, goal))


def _goal_at(tx: Transaction, goal: DemoGoal) -> datetime | None:
    scene = demo.read_scene(tx)
    match goal:
        case DemoGoal.NONE:
            return None
        case DemoGoal.SESSION:
            start = demo.next_start_with_seat(tx)
            if start is None:
                raise _unreachable(say("nobody holds a seat in a coming session"))
            return start
        case _:
            if scene.next_timer_at is None and not scene.is_busy:
                raise _unreachable(say("nothing lies ahead"))
            # An email can leave while time stands still, with a moment a little after it.
            return max(scene.now, scene.last_left_at or scene.now)


def _unreachable(problem: str) -> InvalidInputError:
    return InvalidInputError(
        problem,
        field="goal",
        remedy=say("Sign up on the landing page and press the button in the confirmation."),
    )
