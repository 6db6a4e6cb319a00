"""Facts in our own words, for whatever has no preset: docs/connect-facts.md describes the form."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from funnel.domain.errors import InvalidInputError
from funnel.domain.fact_source import (
    EVENT_ID_LIMIT,
    MOST_FACTS_AT_ONCE,
    FactEvent,
)
from funnel.domain.facts import FactKind, FactReport
from funnel.domain.subscriber import normalise_address
from funnel.domain.text import clean_text
from funnel.intake.presets.preset import Delivery, Reading, Verified
from funnel.intake.presets.reading import fact_name, find, ignored, moment_of, pick
from funnel.intake.strict_json import JsonValue, parse_json

FIELDS: Final = ("id", "kind", "email", "at", "session", "platform_id", "name", "reference")
LIST: Final = "facts"

REPORTED: Final = frozenset(
    {
        FactKind.ATTENDED,
        FactKind.MISSED,
        FactKind.JOINED,
        FactKind.LEFT_ROOM,
        FactKind.WATCHED,
        FactKind.TAGGED,
        FactKind.UNTAGGED,
        FactKind.BOOKED,
        FactKind.BOOKING_CANCELLED,
        FactKind.BOUGHT,
        FactKind.REPLIED,
        FactKind.GOAL,
    }
)
_NAMED: Final = frozenset({FactKind.TAGGED, FactKind.UNTAGGED})
_BOOKINGS: Final = frozenset({FactKind.BOOKED, FactKind.BOOKING_CANCELLED})
_TEXT: Final = str.maketrans("_-", "  ")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Item:
    """One fact: its JSON, where it stands, and the id that it has if it names none."""

    body: JsonValue
    place: str
    derived_id: str
    payload: bytes


def read(delivery: Delivery, verified: Verified) -> Reading:
    """Return one fact, or those of the list ``facts``: all of them, or none if one is wrong.

    Raises:
        InvalidInputError: No JSON, a field missing or wrong, or more than 100 facts at once.
    """
    body = parse_json(delivery.body)
    return tuple(_event(item, delivery) for item in _items(body, delivery, verified))


def _items(body: dict[str, JsonValue], delivery: Delivery, verified: Verified) -> list[_Item]:
    webhook_id = verified.webhook_id
    listed = body.get(LIST)
    if listed is None:
        return [_Item(body=body, place="", derived_id=webhook_id, payload=delivery.body)]
    if not isinstance(listed, list) or not 1 <= len(listed) <= MOST_FACTS_AT_ONCE:
        raise InvalidInputError(
            f"“{LIST}” must be a list of 1 to {MOST_FACTS_AT_ONCE} facts",
            field=LIST,
            remedy="Send them in several calls, each with an id of its own.",
        )
    return [
        _Item(
            body=each,
            place=f"{LIST}.{number}.",
            derived_id=f"{webhook_id}/{number}",
            payload=json.dumps(each).encode(),
        )
        for number, each in enumerate(listed)
    ]


def _event(item: _Item, delivery: Delivery) -> FactEvent:
    own_id = _own_id(item, delivery)
    word = _text(item, "kind", delivery)
    if not word:
        raise _wrong(item, "kind", "is missing", f"Send one of: {_words()}.")
    kind = _kind(word)
    if kind is None:
        shown = clean_text(word, limit=50)
        return ignored(own_id, item.payload, f"“{shown}” is none of the kinds: {_words()}")[0]
    name = fact_name(_text(item, "name", delivery))
    if kind in _NAMED and not name:
        raise _wrong(item, "name", "is missing", "Send the tag as “name”.")
    report = FactReport(
        kind=kind,
        source=delivery.source.slug,
        email=_email(item, delivery),
        session_id=_session(item, delivery),
        platform_id=clean_text(_text(item, "platform_id", delivery), limit=100),
        at=_at(item, delivery),
        name=name,
        dedupe=own_id,
        reference=_one_line(item, "reference", delivery) if kind in _BOOKINGS else "",
    )
    return FactEvent(event_id=own_id, report=report, payload=item.payload)


def _kind(word: str) -> FactKind | None:
    """Return the kind that is meant: ``booking_cancelled`` is "booking cancelled"."""
    spoken = word.strip().casefold().translate(_TEXT)
    return next((each for each in REPORTED if each.value == spoken), None)


def _words() -> str:
    return ", ".join(sorted(REPORTED))


def _own_id(item: _Item, delivery: Delivery) -> str:
    return _one_line(item, "id", delivery) or item.derived_id


def _one_line(item: _Item, field: str, delivery: Delivery) -> str:
    """Return an id of the sender's, "" where there is none."""
    given = _text(item, field, delivery)
    if given != clean_text(given, limit=EVENT_ID_LIMIT):
        remedy = f"Send one line of at most {EVENT_ID_LIMIT} characters."
        raise _wrong(item, field, "is too long or not plain text", remedy)
    return given


def _email(item: _Item, delivery: Delivery) -> str:
    text = _text(item, "email", delivery)
    if not text:
        remedy = "Send it as “email”, or tell the source what yours is called."
        raise _wrong(item, "email", "is missing", remedy)
    try:
        return normalise_address(text).email
    except InvalidInputError as error:
        raise InvalidInputError(
            str(error), field=f"{item.place}email", remedy=error.remedy
        ) from error


def _session(item: _Item, delivery: Delivery) -> UUID | None:
    text = _text(item, "session", delivery)
    if not text:
        return None
    try:
        return UUID(text)
    except ValueError as error:
        remedy = "Send its id (“funnel session list”), its number there as “platform_id”, or none."
        raise _wrong(item, "session", "is no id of a session", remedy) from error


def _at(item: _Item, delivery: Delivery) -> datetime:
    for place in delivery.source.field_mapping.get("at") or ("at",):
        value = find(item.body, place)
        if value not in (None, ""):
            return moment_of(value, delivery.now, field=f"{item.place}at")
    return delivery.now


def _text(item: _Item, field: str, delivery: Delivery) -> str:
    places = delivery.source.field_mapping.get(field) or (field,)
    for place in places:
        value = find(item.body, place)
        if isinstance(value, bool | dict | list | float):
            raise _wrong(item, field, "must be text", "Send it in quotation marks.")
    return pick(item.body, field, places, {})


def _wrong(item: _Item, field: str, problem: str, remedy: str) -> InvalidInputError:
    return InvalidInputError(f"“{field}” {problem}", field=f"{item.place}{field}", remedy=remedy)
