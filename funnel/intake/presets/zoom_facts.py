"""What Zoom's events mean: developers.zoom.us/docs/api/meetings/events, and those of webinars.

Zoom sends no id of an event; the same person's coming to the same sitting at the same second is
the same. ``email`` is filled for registrants, and for people signed in to the host's own account.
"""

from collections.abc import Callable, Mapping
from typing import Final

from funnel.domain.fact_source import FactEvent
from funnel.domain.facts import FactKind, FactReport
from funnel.intake.presets import zoom_verify
from funnel.intake.presets.preset import Delivery, Reading, Verified
from funnel.intake.presets.reading import (
    address_of,
    event_id,
    find,
    https_url,
    ignored,
    moment_of,
    needed,
    reported,
    text_at,
    uncounted,
)
from funnel.intake.strict_json import JsonValue, parse_json

_CHALLENGE: Final = "endpoint.url_validation"
_NO_ADDRESS: Final = (
    "the participant has no email address: Zoom names those of registrants, and of people of the "
    "host's own account"
)


def read(delivery: Delivery, verified: Verified) -> Reading:
    """Return the event, or the answer to Zoom's question whether the secret is known.

    Raises:
        InvalidInputError: No JSON, or a field that such an event always has is missing.
    """
    body = parse_json(delivery.body)
    event = needed(body, "event", "the kind of the event")
    if event == _CHALLENGE:
        token = needed(body, "payload.plainToken", "the token to be hashed")
        return zoom_verify.answer(token, verified)
    product, _, what = event.partition(".")
    reader = _READERS.get(what) if product in {"meeting", "webinar"} else None
    if reader is None:
        own_id = event_id(event, text_at(body, "payload.object.uuid"), text_at(body, "event_ts"))
        return uncounted(own_id, delivery.body, event)
    return reader(event, body, delivery)


def _joined(event: str, body: JsonValue, delivery: Delivery) -> tuple[FactEvent, ...]:
    return _presence(event, body, delivery, kind=FactKind.JOINED)


def _left(event: str, body: JsonValue, delivery: Delivery) -> tuple[FactEvent, ...]:
    return _presence(event, body, delivery, kind=FactKind.LEFT_ROOM)


def _presence(
    event: str, body: JsonValue, delivery: Delivery, *, kind: FactKind
) -> tuple[FactEvent, ...]:
    """Who came, and who went; coming counts as having attended."""
    field = "join_time" if kind is FactKind.JOINED else "leave_time"
    place = f"payload.object.participant.{field}"
    moment = needed(body, place, "the moment")
    person = text_at(
        body, "payload.object.participant.user_id", "payload.object.participant.participant_uuid"
    )
    own_id = event_id(event, text_at(body, "payload.object.uuid"), person, moment)
    email = _email(body, delivery, "payload.object.participant.email")
    if email is None:
        return ignored(own_id, delivery.body, _NO_ADDRESS)
    report = FactReport(
        kind=kind,
        source=delivery.source.slug,
        email=email,
        platform_id=_number(body),
        at=moment_of(moment, delivery.now, field=place),
        dedupe=own_id,
    )
    return reported(own_id, delivery.body, report)


def _registered(event: str, body: JsonValue, delivery: Delivery) -> tuple[FactEvent, ...]:
    """A registrant's own way into the room; one who waits for approval has none yet."""
    registrant = text_at(body, "payload.object.registrant.id")
    url = https_url(text_at(body, "payload.object.registrant.join_url"))
    number = _number(body)
    own_id = event_id(event, number, registrant, url)
    email = _email(body, delivery, "payload.object.registrant.email")
    if email is None or not url:
        because = "the registrant has no address" if email is None else "there is no join link yet"
        return ignored(own_id, delivery.body, because)
    report = FactReport(
        kind=FactKind.REGISTERED_THERE,
        source=delivery.source.slug,
        email=email,
        platform_id=number,
        at=moment_of(find(body, "event_ts"), delivery.now, field="event_ts"),
        url=url,
        dedupe=own_id,
    )
    return reported(own_id, delivery.body, report)


def _email(body: JsonValue, delivery: Delivery, usual: str) -> str | None:
    return address_of(body, (usual,), delivery.source.field_mapping)


def _number(body: JsonValue) -> str:
    return needed(body, "payload.object.id", "the number of the meeting or webinar")


_READERS: Final[Mapping[str, Callable[[str, JsonValue, Delivery], tuple[FactEvent, ...]]]] = {
    "participant_joined": _joined,
    "participant_left": _left,
    "registration_created": _registered,
    "registration_approved": _registered,
}
