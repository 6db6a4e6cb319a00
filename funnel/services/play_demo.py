"""One tick of the demo: go on towards the goal, and keep three sessions ahead."""

from funnel.domain.demo import DemoGoal, DemoMove, next_move
from funnel.storage import demo, sequences
from funnel.storage.transaction import Transaction, Transactions


def play_demo(transactions: Transactions, *, base_url: str) -> DemoMove:
    """Do what brings the demo nearer to its goal now, and say what that was.

    Safe to call from several processes and at any time: the clock's row is locked first.

    Args:
        transactions: Of a demo.
        base_url: Where the demo's pages are reached, for the rooms of added sessions.
    """
    with transactions.begin() as tx:
        demo.lock_clock(tx)
        scene = demo.read_scene(tx)
        move = next_move(scene)
        if move.skip_to is not None:
            demo.move_clock(tx, move.skip_to)
        if move.is_reached and scene.goal is not DemoGoal.NONE:
            demo.write_goal(tx, DemoGoal.NONE, None)
    # In a transaction of its own: it has to see the time to which the clock has moved.
    with transactions.begin() as tx:
        _keep_sessions_ahead(tx, base_url)
    return move


def _keep_sessions_ahead(tx: Transaction, base_url: str) -> None:
    demo.lock_clock(tx)
    for sequence in sequences.list_sequences(tx):
        demo.add_missing_sessions(tx, sequence.id, base_url=base_url)
