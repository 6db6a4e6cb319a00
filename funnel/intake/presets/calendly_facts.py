"""What Calendly's events mean: developer.calendly.com, "Webhook payload".

Who moves a booking makes two events: ``invitee.canceled`` with ``rescheduled: true``, and
``invitee.created`` of the new one, which names the former as ``old_invitee``. The first says
nothing by itself (the person has a booking before and after), so both orders end as booked; and
whoever cancels the new one holds none.
"""

from typing import Final

from funnel.domain.facts import FactKind, FactReport
from funnel.intake.presets.preset import Delivery, Reading, Verified
from funnel.intake.presets.reading import (
    address_of,
    booking_id,
    event_id,
    fact_name,
    find,
    ignored,
    missing,
    moment_of,
    needed,
    pick,
    reported,
    text_at,
    uncounted,
)
from funnel.intake.strict_json import JsonValue, parse_json

_KINDS: Final = {
    "invitee.created": FactKind.BOOKED,
    "invitee.canceled": FactKind.BOOKING_CANCELLED,
}
# When it was cancelled, best first; without any the moment of the event itself.
_MOMENTS: Final = {
    FactKind.BOOKED: ("payload.created_at", "created_at"),
    FactKind.BOOKING_CANCELLED: (
        "payload.cancellation.created_at",
        "payload.updated_at",
        "created_at",
    ),
}
# "name" is the event type's, as people see it.
_NAMES: Final = ("payload.scheduled_event.name", "payload.event_type.slug")


def read(delivery: Delivery, _verified: Verified) -> Reading:
    """Return the booking or its end; its name is the event type's.

    Raises:
        InvalidInputError: No JSON, or a field that such an event always has is missing.
    """
    body = parse_json(delivery.body)
    event = needed(body, "event", "the kind of the event")
    invitee = text_at(body, "payload.uri")
    own_id = event_id(event, invitee or text_at(body, "created_at"))
    kind = _KINDS.get(event)
    if kind is None:
        return uncounted(own_id, delivery.body, event)
    if not invitee:
        raise missing("payload.uri", "the booking's own address")
    if kind is FactKind.BOOKING_CANCELLED and find(body, "payload.rescheduled") is True:
        return ignored(own_id, delivery.body, "moved to another time: the new booking counts")
    mapping = delivery.source.field_mapping
    email = address_of(body, ("payload.email",), mapping)
    if email is None:
        return ignored(own_id, delivery.body, "the booking has no email address")
    report = FactReport(
        kind=kind,
        source=delivery.source.slug,
        email=email,
        at=moment_of(_moment(body, kind), delivery.now, field="created_at"),
        name=fact_name(pick(body, "name", _NAMES, mapping)),
        dedupe=own_id,
        reference=booking_id(invitee),
        replaces=booking_id(text_at(body, "payload.old_invitee")),
    )
    return reported(own_id, delivery.body, report)


def _moment(body: JsonValue, kind: FactKind) -> str:
    moment = text_at(body, *_MOMENTS[kind])
    if not moment:
        raise missing("created_at", "the moment")
    return moment
