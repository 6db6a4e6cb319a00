"""What a subscriber agreed to, per topic, and what suppresses an address."""

from enum import StrEnum


class Topic(StrEnum):
    """What a person can want or not want, each on its own."""

    LETTERS = "letters"
    SEAT = "seat"


class SuppressionReason(StrEnum):
    """Why an address must not be written to; confirming anew lifts only ``UNSUBSCRIBED``."""

    UNSUBSCRIBED = "unsubscribed"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    ERASED = "erased"
    BY_HAND = "by hand"
