"""Why a hand-over did not end in "accepted": as far as what happens next depends on it.

The outcome says whether a message left; the kind says whom its failure speaks about: the address,
the message, the speed, or the provider. Budgets, circuits and people's words ask nothing else.
"""

from enum import StrEnum


class FailureKind(StrEnum):
    """What a provider complained about."""

    ADDRESS_DEAD = "address_dead"  # no such person, or no such domain: the address is suppressed
    MAILBOX_FULL = "mailbox_full"  # the person takes nothing more for now
    GREYLISTED = "greylisted"  # an unknown sender is asked to come back: the usual test of bots
    RATE = "rate"  # too many, too fast: slow down in this lane
    BLOCKED = "blocked"  # policy or reputation: this sender, this network address, this domain
    CONTENT = "content"  # what the message says or how it is built
    TOO_LARGE = "too_large"
    PROVIDER_DOWN = "provider_down"  # cannot be reached or does not let us in; says nothing else
    OURS = "ours"  # we could not build or begin it
    OTHER = "other"
