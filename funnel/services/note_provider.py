"""What one batch says of its provider, and what of the budget that it had was not used."""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta

from funnel.domain.failure import FailureKind
from funnel.domain.provider_tally import OutcomeTally
from funnel.sending.mailer import Outcome, OutcomeStatus
from funnel.services.delivery import Delivery
from funnel.services.watch_providers import note_outcomes
from funnel.storage import budgets

_SOON = timedelta(seconds=1)


@dataclass(slots=True)
class ProviderNotes:
    """Taken while a batch is sent, written between its slices.

    Attributes:
        unspent: By lane, what was claimed and did not leave: its budget is given back.
        is_down: The provider cannot be reached: nothing more of this batch should begin.
        is_urgent: It asks to slow down, or is down: written at once, not at the batch's end.
    """

    unspent: Counter[str] = field(default_factory=Counter)
    is_down: bool = False
    is_urgent: bool = False
    _accepted: Counter[str] = field(default_factory=Counter)
    _tallies: dict[str, OutcomeTally] = field(default_factory=dict)

    @property
    def wait(self) -> timedelta:
        """How long what is given back is left alone."""
        return _SOON if self.is_down else timedelta(0)

    def add(self, lane: str, outcome: Outcome) -> None:
        """Take in one outcome of a lane."""
        if outcome.status is OutcomeStatus.ACCEPTED:  # nearly always
            self._accepted[lane] += 1
            return
        tally = self._tallies.get(lane, OutcomeTally())
        if outcome.failure is FailureKind.PROVIDER_DOWN:
            self.is_down = True
            self.unspent[lane] += 1
        self.is_urgent |= outcome.failure in (FailureKind.PROVIDER_DOWN, FailureKind.RATE)
        self._tallies[lane] = _with(tally, outcome)

    def note(self, delivery: Delivery) -> None:
        """Write it, in a short transaction that holds no message, and begin anew."""
        tallies, self._tallies = self._tallies, {}
        for lane, accepted in self._accepted.items():
            tallies[lane] = replace(tallies.get(lane, OutcomeTally()), accepted=accepted)
        self._accepted = Counter()
        unspent = {(delivery.provider, lane): n for lane, n in self.unspent.items()}
        self.unspent, self.is_urgent = Counter(), False
        if not tallies and not unspent:
            return
        with delivery.transactions.begin() as tx:
            note_outcomes(tx, delivery.provider, tallies)
            budgets.give_back(tx, unspent)


def _with(tally: OutcomeTally, outcome: Outcome) -> OutcomeTally:
    waits = [each for each in (tally.asked_to_wait, outcome.retry_after) if each is not None]
    return replace(
        tally,
        deferred=tally.deferred + (outcome.status is OutcomeStatus.DEFERRED),
        failed=tally.failed + (outcome.status is OutcomeStatus.REFUSED),
        unknown=tally.unknown + (outcome.status is OutcomeStatus.UNKNOWN),
        rate=tally.rate + (outcome.failure is FailureKind.RATE),
        provider_down=tally.provider_down + (outcome.failure is FailureKind.PROVIDER_DOWN),
        dead=tally.dead + outcome.is_address_dead,
        asked_to_wait=max(waits, default=None),
        reason=tally.reason or f"{outcome.code} {outcome.reason}".strip(),
    )
