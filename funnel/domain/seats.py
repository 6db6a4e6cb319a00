"""Whether a seat can be taken."""

from datetime import datetime

from funnel.domain.session import Session
from funnel.domain.signup import SeatProblem


def seat_problem(session: Session, taken: int, now: datetime) -> SeatProblem | None:
    """Return why nobody more can register, ``None`` where somebody can.

    Args:
        session: As it is now.
        taken: Seats held by others than who asks.
        now: Aware, plan time; from its start on a session is over for new seats.
    """
    if session.cancelled_at is not None:
        return SeatProblem.CANCELLED
    if session.starts_at <= now:
        return SeatProblem.OVER
    if session.seats is not None and taken >= session.seats:
        return SeatProblem.FULL
    return None
