"""What Cal.com's events mean: cal.com/docs, "Webhooks", in the payload's version 2021-10-20.

A booking that is moved is one event, with a new ``uid`` and the former as ``rescheduleUid``.
"""

from typing import Final

from funnel.domain.facts import FactKind, FactReport
from funnel.intake.presets.preset import Delivery, Reading, Verified
from funnel.intake.presets.reading import (
    address_of,
    booking_id,
    event_id,
    fact_name,
    ignored,
    missing,
    moment_of,
    needed,
    pick,
    reported,
    text_at,
    uncounted,
)
from funnel.intake.strict_json import parse_json

_KINDS: Final = {
    "BOOKING_CREATED": FactKind.BOOKED,
    "BOOKING_RESCHEDULED": FactKind.BOOKED,
    "BOOKING_CANCELLED": FactKind.BOOKING_CANCELLED,
}
# Who booked stands first among the attendees; guests of theirs follow.
_ADDRESSES: Final = ("payload.attendees.0.email", "payload.responses.email.value")
_NAMES: Final = ("payload.type", "payload.eventTitle", "payload.title")  # "type" is its slug


def read(delivery: Delivery, _verified: Verified) -> Reading:
    """Return the booking or its end; its name is the event type's slug.

    Raises:
        InvalidInputError: No JSON, or a field that such an event always has is missing.
    """
    body = parse_json(delivery.body)
    trigger = needed(body, "triggerEvent", "the kind of the event")
    uid, created = text_at(body, "payload.uid"), text_at(body, "createdAt")
    own_id = event_id(trigger, uid, created)
    kind = _KINDS.get(trigger)
    if kind is None:
        return uncounted(own_id, delivery.body, trigger)
    if not uid or not created:
        field = "payload.uid" if not uid else "createdAt"
        raise missing(field, "what tells one event from another")
    mapping = delivery.source.field_mapping
    email = address_of(body, _ADDRESSES, mapping)
    if email is None:
        return ignored(own_id, delivery.body, "the booking has no email address")
    report = FactReport(
        kind=kind,
        source=delivery.source.slug,
        email=email,
        at=moment_of(created, delivery.now, field="createdAt"),
        name=fact_name(pick(body, "name", _NAMES, mapping)),
        dedupe=own_id,
        reference=booking_id(uid),
        replaces=booking_id(text_at(body, "payload.rescheduleUid")),
    )
    return reported(own_id, delivery.body, report)
