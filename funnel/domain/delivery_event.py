"""What a provider says afterwards about an email that it took: its words, and where they lead.

Ours is the message's status; theirs is its delivery. Events come in any order, twice, and days
late. So a delivery only ever moves towards the stronger word, whichever comes first: the same
events in any order end alike (``tests/domain/test_delivery_event.py`` tries every order).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from funnel.domain.consent import SuppressionReason
from funnel.domain.errors import InvalidInputError
from funnel.domain.message import MessageStatus
from funnel.domain.text import clean_text

EVENT_ID_LIMIT: Final = 255  # characters
REASON_LIMIT: Final = 500  # characters
CODE_LIMIT: Final = 40  # characters


class DeliveryEventKind(StrEnum):
    """What one event says, whichever provider says it."""

    ACCEPTED = "accepted"  # the provider has taken it over from us
    DEFERRED = "deferred"  # the other side puts it off; the provider goes on trying
    DELIVERED = "delivered"  # the recipient's server took it
    BOUNCED = "bounced"  # it came back
    COMPLAINED = "complained"  # its reader reported it as spam
    UNSUBSCRIBED = "unsubscribed"  # its reader said no by the provider's own link
    OPENED = "opened"  # machines open as well: kept as a number, never used
    CLICKED = "clicked"  # our own links count clicks
    OTHER = "other"  # nothing that is ours to know


class Delivery(StrEnum):
    """Where the other side of a message stands, as ``messages.delivery`` keeps it."""

    NONE = "none"
    DEFERRED = "deferred"
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    COMPLAINED = "complained"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryEvent:
    """One event about one email to one address.

    Attributes:
        event_id: The same whenever the provider sends the same event again; nobody's address.
        message_id: Our id, where the event carries it.
        provider_id: The provider's id of the message.
        address: Whom it is about; never written down where a message says so.
        occurred_at: Aware real moment, by the provider's clock.
        code: The receiving server's code: ``550 5.1.1``; "" where none came.
        reason: One line in the provider's words.
        is_hard: With ``BOUNCED``: the address itself is dead; it must not be written to again.
    """

    event_id: str
    kind: DeliveryEventKind
    occurred_at: datetime
    message_id: UUID | None = None
    provider_id: str | None = None
    address: str | None = None
    code: str = ""
    reason: str = ""
    is_hard: bool = False

    def __post_init__(self) -> None:
        """Refuse what could not be kept; clean what other systems wrote.

        Raises:
            InvalidInputError: A moment without its zone, or no usable event id.
        """
        if self.occurred_at.tzinfo is None:
            raise InvalidInputError("the moment of the event has no time zone", field="occurred_at")
        if not self.event_id or len(self.event_id) > EVENT_ID_LIMIT:
            raise InvalidInputError(
                f"an event id has 1 to {EVENT_ID_LIMIT} characters", field="event_id"
            )
        object.__setattr__(self, "code", clean_text(self.code, limit=CODE_LIMIT))
        object.__setattr__(self, "reason", clean_text(self.reason, limit=REASON_LIMIT))


# What may follow what. A delivery that bounced may still be complained about (one address, two
# mailboxes behind it); nothing undoes a bounce, for an address that both took and returned an
# email is one that returned it. So the order of arrival never matters.
MOVES: Final[dict[Delivery, frozenset[Delivery]]] = {
    Delivery.NONE: frozenset(
        {Delivery.DEFERRED, Delivery.DELIVERED, Delivery.BOUNCED, Delivery.COMPLAINED}
    ),
    Delivery.DEFERRED: frozenset({Delivery.DELIVERED, Delivery.BOUNCED, Delivery.COMPLAINED}),
    Delivery.DELIVERED: frozenset({Delivery.BOUNCED, Delivery.COMPLAINED}),  # late DSN (RFC 3464)
    Delivery.BOUNCED: frozenset({Delivery.COMPLAINED}),
    Delivery.COMPLAINED: frozenset(),
}

_SAYS: Final[dict[DeliveryEventKind, Delivery]] = {
    DeliveryEventKind.DEFERRED: Delivery.DEFERRED,
    DeliveryEventKind.DELIVERED: Delivery.DELIVERED,
    DeliveryEventKind.BOUNCED: Delivery.BOUNCED,
    DeliveryEventKind.COMPLAINED: Delivery.COMPLAINED,
}

# Each of these can only be said of an email that the provider had taken over.
_PROVES_ACCEPTED: Final = frozenset(
    {
        *_SAYS,
        DeliveryEventKind.ACCEPTED,
        DeliveryEventKind.UNSUBSCRIBED,
        DeliveryEventKind.OPENED,
        DeliveryEventKind.CLICKED,
    }
)

# Not yet known to have been taken over: no answer came, or another attempt waits.
_OPEN: Final = frozenset({MessageStatus.UNKNOWN, MessageStatus.QUEUED})


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryState:
    """What a message's row says of the other side.

    Attributes:
        at: Real moment of the event that said so; ``None`` where nobody has said anything.
    """

    delivery: Delivery = Delivery.NONE
    at: datetime | None = None
    reason: str = ""


def after(state: DeliveryState, event: DeliveryEvent) -> DeliveryState:
    """Return what is known once ``event`` is known as well; the same state if it says nothing new.

    The stronger word wins, whichever came first; of the same word said twice, the later moment.
    """
    said = _SAYS.get(event.kind)
    if said is None:
        return state
    reason = " ".join(part for part in (event.code, event.reason) if part)
    known = (state.at or event.occurred_at, state.reason)
    is_later = said is state.delivery and (event.occurred_at, reason) > known
    if said not in MOVES[state.delivery] and not is_later:
        return state
    return DeliveryState(delivery=said, at=event.occurred_at, reason=reason)


def settles_as_accepted(status: MessageStatus, attempts: int, event: DeliveryEvent) -> bool:
    """Say whether the event settles our own side of a message: the provider does have it.

    Also what waits for another attempt: we had counted it as not sent, or were to send it again,
    and it left after all. A further copy would be a second one.

    Args:
        status: Our side.
        attempts: Hand-overs so far; without one an event cannot be about this message.
        event: What came.
    """
    return status in _OPEN and attempts > 0 and event.kind in _PROVES_ACCEPTED


def suppression_of(event: DeliveryEvent) -> SuppressionReason | None:
    """Return why the event's address must not be written to any more; ``None``: it may."""
    if event.kind is DeliveryEventKind.BOUNCED and event.is_hard:
        return SuppressionReason.BOUNCED
    return _SUPPRESSES.get(event.kind)


_SUPPRESSES: Final = {
    DeliveryEventKind.COMPLAINED: SuppressionReason.COMPLAINED,
    DeliveryEventKind.UNSUBSCRIBED: SuppressionReason.UNSUBSCRIBED,
}

# A full mailbox is emptied after a holiday, and a broken server is mended within days. Five emails
# in a row that all came back, over a week and more, with none delivered in between: nobody reads
# there, and each further one costs the sender's reputation.
SOFT_BOUNCES: Final = 5
SOFT_BOUNCES_OVER: Final = timedelta(days=7)


def is_worn_out(bounced_at: Sequence[datetime]) -> bool:
    """Say whether an address that bounced softly so often is to be treated as dead.

    Args:
        bounced_at: Aware real moments of the newest emails in a row that came back, none of
            them delivered; in any order.
    """
    if len(bounced_at) < SOFT_BOUNCES:
        return False
    return max(bounced_at) - min(bounced_at) >= SOFT_BOUNCES_OVER
