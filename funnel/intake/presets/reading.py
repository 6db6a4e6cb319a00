"""Values out of another system's JSON: found by their place, checked, in our types."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

from funnel.domain.errors import InvalidInputError
from funnel.domain.fact_checks import check_moment
from funnel.domain.fact_source import EVENT_ID_LIMIT, FACT_NAME_LIMIT, FactEvent
from funnel.domain.facts import FactReport
from funnel.domain.subscriber import normalise_address
from funnel.domain.text import clean_text
from funnel.intake.strict_json import JsonValue

_CONSTANT: Final = "="
_URL_LIMIT: Final = 2000  # characters
_MILLISECONDS: Final = 1000


def find(body: JsonValue, path: str) -> JsonValue:
    """Return what stands at a place like ``payload.items.0.name``; ``None``: nothing does."""
    current = body
    for name in path.split("."):
        if isinstance(current, dict):
            current = current.get(name)
        elif isinstance(current, list) and name.isdecimal() and int(name) < len(current):
            current = current[int(name)]
        else:
            return None
    return current


def text_at(body: JsonValue, *paths: str) -> str:
    """Return the first text or whole number at these places, "" where there is none.

    Numbers, because a platform's number of a meeting comes as both.

    Raises:
        InvalidInputError: It holds NUL or half a character, which no database can keep.
    """
    for path in paths:
        value = find(body, path)
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        if isinstance(value, str) and value.strip():
            return _checked(value.strip(), path)
    return ""


def needed(body: JsonValue, path: str, what: str) -> str:
    """Return the text at a place where its kind always has one.

    Raises:
        InvalidInputError: There is none; ``what`` says in words what is missing.
    """
    text = text_at(body, path)
    if not text:
        raise missing(path, what)
    return text


def pick(
    body: JsonValue, field: str, usual: Iterable[str], mapping: Mapping[str, tuple[str, ...]]
) -> str:
    """Return one of our fields: at the source's own places if it names some, else at the usual.

    Raises:
        InvalidInputError: As ``text_at``.
    """
    fixed = ""
    for place in mapping.get(field) or usual:
        if place.startswith(_CONSTANT):
            fixed = fixed or place.removeprefix(_CONSTANT)
            continue
        found = text_at(body, place)
        if found:
            return found
    return fixed


def fact_name(text: str) -> str:
    """Return the name of a kind of booking, a product or a tag as one line."""
    return clean_text(text, limit=FACT_NAME_LIMIT)


def booking_id(text: str) -> str:
    """Return a booking's own id as one line."""
    return clean_text(text, limit=EVENT_ID_LIMIT)


def known_address(text: str) -> str | None:
    """Return an address, ``None`` where it is none: whoever has none cannot be one of ours."""
    try:
        return normalise_address(text).email
    except InvalidInputError:
        return None


def address_of(
    body: JsonValue, usual: Iterable[str], mapping: Mapping[str, tuple[str, ...]]
) -> str | None:
    """Return the person's address, ``None`` where there is none; places as ``pick``."""
    return known_address(pick(body, "email", usual, mapping))


def moment_of(value: JsonValue, now: datetime, *, field: str) -> datetime:
    """Return an aware UTC moment that may be right.

    Args:
        value: ISO 8601 with its zone, or seconds or milliseconds since 1970.
        now: Aware real moment.
        field: Where it stands, for the message.

    Raises:
        InvalidInputError: It is none, has no zone, lies in the future or years ago.
    """
    try:
        moment = _moment(value, now)
    except (ValueError, OverflowError, OSError) as error:
        raise _no_moment(field) from error
    try:
        check_moment(moment, now)
    except InvalidInputError as error:
        raise InvalidInputError(str(error), field=field, remedy=error.remedy) from error
    return moment


def _moment(value: JsonValue, now: datetime) -> datetime:
    if isinstance(value, int | float) and not isinstance(value, bool):
        is_milliseconds = value > now.timestamp() * 100
        return datetime.fromtimestamp(value / _MILLISECONDS if is_milliseconds else value, UTC)
    if not isinstance(value, str):
        raise ValueError("no moment")  # noqa: TRY004  (the caller answers both alike)
    moment = datetime.fromisoformat(value.strip())
    if moment.tzinfo is None:
        raise ValueError("without a zone")
    return moment.astimezone(UTC)


def _no_moment(field: str) -> InvalidInputError:
    return InvalidInputError(
        "the moment cannot be read",
        field=field,
        remedy="Send it with its offset from UTC, as 2027-03-09T18:05:00+01:00.",
    )


def https_url(text: str) -> str:
    """Return an address of the web that a browser may be led to; "" where it is none.

    Only ``https``: ``javascript:`` and the like must never reach a page.
    """
    if not text or len(text) > _URL_LIMIT or not text.isprintable() or " " in text:
        return ""
    try:
        parts = urlsplit(text)
    except ValueError:
        return ""
    return text if parts.scheme == "https" and parts.hostname else ""


def event_id(kind: str, *parts: str) -> str:
    """Return an id for a system that sends none: the same parts have the same."""
    digest = hashlib.sha256("\n".join(parts).encode("utf-8", "backslashreplace")).hexdigest()
    return f"{clean_text(kind, limit=100)}:{digest[:32]}"


def ignored(event: str, payload: bytes, because: str) -> tuple[FactEvent, ...]:
    """Return an event that says nothing that is ours."""
    return (FactEvent(event_id=event, payload=payload, ignored_because=because),)


def uncounted(event: str, payload: bytes, kind: str) -> tuple[FactEvent, ...]:
    """Return an event of a kind that is none of ours, by the name that its sender gives it."""
    return ignored(event, payload, f"“{kind[:50]}” says nothing that is counted")


def reported(event: str, payload: bytes, report: FactReport) -> tuple[FactEvent, ...]:
    """Return an event that says one thing."""
    return (FactEvent(event_id=event, report=report, payload=payload),)


def missing(field: str, what: str) -> InvalidInputError:
    """Return the error for a payload that lacks what its kind always has."""
    return InvalidInputError(
        f"{what} is missing",
        field=field,
        remedy="Send the provider's payload as it is, without a template of your own.",
    )


def _checked(text: str, path: str) -> str:
    if "\x00" in text or any("\ud800" <= each <= "\udfff" for each in text):
        raise InvalidInputError(
            f"“{clean_text(path, limit=50)}” holds a character that is none "
            "(NUL or half a surrogate pair)",
            field=clean_text(path, limit=50),
            remedy="Send plain text in UTF-8.",
        )
    return text
