"""What the provider said afterwards of an email, for people."""

from typing import Final

from funnel.domain.delivery_event import Delivery
from funnel.domain.speech import mark, say

_LATER: Final = {
    Delivery.DEFERRED: mark("their mail server puts it off"),
    Delivery.DELIVERED: mark("their mail server took it"),
    Delivery.BOUNCED: mark("it came back"),
    Delivery.COMPLAINED: mark("it was reported as spam"),
}


def delivery_in_words(delivery: str, reason: str | None) -> str:
    """Return "it came back (550 5.1.1 no such user)"; "" where nothing was said.

    The provider's own words are given of what did not go well only: "250 OK" says nothing more.
    """
    pattern = _LATER.get(Delivery(delivery))
    if pattern is None:
        return ""
    later = say(pattern)
    if not reason or delivery == Delivery.DELIVERED:
        return later
    return say("{later} ({reason})", later=later, reason=reason)
