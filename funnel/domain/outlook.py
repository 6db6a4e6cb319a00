"""What a plan comes to for whoever writes it down: worked out as far as it is asked for.

A run that is due has one step or two to be written, and fifteen that are weeks away. ``plan`` says
a line for each of them; here only those get one that somebody could have to act upon now. It is the
same planner: the same decisions, of fewer steps. A property test holds one against the other.
"""

from dataclasses import dataclass
from datetime import date, datetime

from funnel.domain.message import MessageStatus
from funnel.domain.next_due import Search
from funnel.domain.plan import Decision, PlannedStep
from funnel.domain.planning import Planning

_AHEAD = frozenset({Decision.SEND, Decision.SKIP, Decision.WAIT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Ahead:
    """What a run has before it, as its row says it.

    Attributes:
        next_due_at: As in ``Plan``.
        letter_days: As in ``Plan``.
        waits_for_word: Some step's moment has come, and a word about it has not.
        waits_for_outcome: Nothing is ahead but what somebody has in hand.
    """

    next_due_at: datetime | None
    letter_days: frozenset[date]
    waits_for_word: bool
    waits_for_outcome: bool

    @property
    def is_complete(self) -> bool:
        """Nothing is left: every step that counts is settled."""
        return self.next_due_at is None


class Outlook:
    """A plan of the same facts as ``planning``, as far as it was asked for.

    Attributes:
        lines: Lines of ``plan(...).steps``, in no order: each that is due, each of a row that is
            queued, each that waits, and some more.
    """

    def __init__(self, planning: Planning) -> None:
        self._planning = planning
        self.lines: list[PlannedStep] = []
        self._search = Search(planning, self.lines)
        self._search.decide_now()

    def ahead(self) -> Ahead:
        """Return what is before the run: asked once, when nothing is due any more."""
        planning, search = self._planning, self._search
        in_flight = {
            (each.key, each.copy) for each in planning.facts.passed if _is_in_flight(each.status)
        }
        is_ahead = [
            line.decision
            for line in self.lines
            if line.decision in _AHEAD and (line.key, line.copy) not in in_flight
        ]
        waits_for_outcome = not is_ahead and not search.is_more_coming()
        search.decide_letters()
        search.decide_next()
        soonest = planning.soonest
        return Ahead(
            next_due_at=None if soonest is None else max(soonest, planning.now),
            letter_days=frozenset(planning.letter_days),
            waits_for_word=Decision.WAIT in is_ahead,
            waits_for_outcome=waits_for_outcome,
        )


def _is_in_flight(status: MessageStatus) -> bool:
    return not status.is_settled
