"""What a batch of hand-overs says about the provider that was to carry them."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeTally:
    """How many hand-overs of one lane ended how.

    Attributes:
        accepted: The provider took responsibility.
        deferred: Provably not sent, whatever the cause: ``rate`` and ``provider_down`` included.
        failed: Refused for good: ``dead`` included.
        unknown: Handed over, no answer.
        rate: Of ``deferred``: it asked to slow down (421, 4.7.x, 429).
        provider_down: Of ``deferred``: not reached, or no log-in; says nothing of the message.
        asked_to_wait: The longest time that it asked to wait; ``None`` where it did not.
        dead: Of ``failed``: the address itself is dead, which says nothing of the email.
        reason: The provider's words, of one that did not leave; empty where all did.
    """

    accepted: int = 0
    deferred: int = 0
    failed: int = 0
    unknown: int = 0
    rate: int = 0
    provider_down: int = 0
    asked_to_wait: timedelta | None = None
    dead: int = 0
    reason: str = ""
