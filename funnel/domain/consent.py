"""What a subscriber agreed to, per topic, and what suppresses an address."""

from enum import StrEnum

from funnel.domain.speech import mark


class Topic(StrEnum):
    """What a person can want or not want, each on its own."""

    LETTERS = "letters"
    SEAT = "seat"


class SuppressionReason(StrEnum):
    """Why an address must not be written to; confirming anew lifts only ``UNSUBSCRIBED``."""

    UNSUBSCRIBED = mark("unsubscribed")
    BOUNCED = mark("bounced")
    COMPLAINED = mark("complained")
    ERASED = mark("erased")
    BY_HAND = mark("by hand")
