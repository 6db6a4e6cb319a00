"""When a signup starts a new run, and when it changes the one that is there.

PRODUCT, "Another date".
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from funnel.domain.enrollment import EnrollmentState
from funnel.domain.sequence import RunPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class LatestRun:
    """The newest run of a person in a sequence.

    Attributes:
        session_id: The seat that it holds; ``None`` without one.
        session_starts_at: That session's start, aware UTC, plan time.
    """

    id: UUID
    run: int
    state: EnrollmentState
    session_id: UUID | None
    session_starts_at: datetime | None

    @property
    def has_ended(self) -> bool:
        """Whether nothing of it is left to come."""
        return self.state is not EnrollmentState.ACTIVE


def starts_new_run(
    latest: LatestRun | None, session_id: UUID | None, policy: RunPolicy, now: datetime
) -> bool:
    """Whether a confirmed signup begins a new run; otherwise it changes the latest one.

    Args:
        latest: The person's newest run in this sequence, ``None`` where there is none.
        session_id: The date that is wished, ``None`` for the letters only.
        policy: The sequence's rule.
        now: Aware, plan time.
    """
    if latest is None or latest.state is EnrollmentState.LEFT:
        return True
    if policy is RunPolicy.ONCE:
        return False
    if policy is RunPolicy.AGAIN_AFTER_END or session_id is None:
        # The letters alone, asked for again, go on in the run that is under way.
        return latest.has_ended
    has_begun = latest.session_starts_at is not None and latest.session_starts_at <= now
    return has_begun and (session_id != latest.session_id or latest.has_ended)
