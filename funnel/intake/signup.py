"""From names and values to a signup: our words, checked and cleaned."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from funnel.domain.errors import InvalidInputError
from funnel.domain.signup import (
    EXTERNAL_ID_LIMIT,
    LettersOffer,
    SessionWish,
    SignupRequest,
    Source,
    Visitor,
)
from funnel.domain.subscriber import ZoneSource, choose_zone, clean_name, normalise_address
from funnel.domain.text import clean_text
from funnel.intake.fields import Fields
from funnel.intake.flatten import Scalar

_YES: Final = frozenset({"yes", "true", "1", "on", "y"})
_NO: Final = frozenset({"", "no", "false", "0", "off", "n"})
_LOCALE: Final = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,3}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """How a submission came.

    Attributes:
        external_id: Its id; "" takes the one among its fields, or else derives one.
        zone_source: Where a time zone in it would have been learnt.
        payload: The body as it came.
        received_at: Aware real moment; a derived id is the same for an hour.
        salt: What else a derived id depends on (a form's stamp: then it is the same for ever).
    """

    zone_source: ZoneSource
    payload: bytes
    received_at: datetime
    visitor: Visitor
    external_id: str = ""
    salt: str = ""


def read_signup(
    pairs: Iterable[tuple[str, Scalar]], source: Source, arrival: Arrival
) -> SignupRequest:
    """Return the signup that a submission makes.

    Raises:
        InvalidInputError: Names the field and what to do about it.
    """
    found = list(pairs)
    fields = Fields(found, source.field_mapping)
    first_name, last_name = _names(fields)
    session = _session(fields.text("session"))
    external_id = arrival.external_id or _external_id(fields) or _derived_id(found, arrival)
    return SignupRequest(
        external_id=external_id,
        address=normalise_address(_email(fields)),
        first_name=first_name,
        last_name=last_name,
        zone=choose_zone(fields.text("time_zone"), arrival.zone_source),
        locale=_locale(fields.text("locale")),
        session=session,
        wants_letters=_letters(fields.scalar("letters"), source, session),
        utm=fields.utm(),
        fields=fields.free(),
        payload=arrival.payload,
        visitor=arrival.visitor,
    )


def _email(fields: Fields) -> str:
    email = fields.text("email")
    if not email.strip():
        raise InvalidInputError(
            "there is no email address",
            field="email",
            remedy="Send it as “email”, or tell the source what your form calls it.",
        )
    return email


def _names(fields: Fields) -> tuple[str, str]:
    """Return first and last name; a full name in one field is divided at its first space."""
    first, last = clean_name(fields.text("first_name")), clean_name(fields.text("last_name"))
    whole = clean_name(fields.text("name"))
    if whole and not first and not last:
        first, _, last = whole.partition(" ")
    return first, last


def _session(text: str) -> UUID | SessionWish | None:
    wish = text.strip()
    if not wish:
        return None
    if wish.casefold() == SessionWish.NEXT.value:
        return SessionWish.NEXT
    try:
        return UUID(wish)
    except ValueError as error:
        raise InvalidInputError(
            "the session is not an id",
            field="session",
            remedy='Send a session\'s id, "next" for the next one, or leave it out.',
        ) from error


def _letters(given: Scalar, source: Source, session: UUID | SessionWish | None) -> bool:
    """Return whether the letters are asked for; a form that includes them needs no word."""
    if isinstance(given, str):
        word = given.strip().casefold()
        if word not in _YES | _NO:
            raise _wrong_letters()
        is_yes = word in _YES
    elif given is None or isinstance(given, bool):
        is_yes = bool(given)
    else:
        raise _wrong_letters()
    says_nothing = given is None or given == ""
    if source.letters is LettersOffer.INCLUDED and says_nothing:
        is_yes = True
    if session is None and not is_yes:
        raise InvalidInputError(
            "neither a date nor the letters were chosen",
            field="session",
            remedy="Choose a date, the letters, or both.",
        )
    return is_yes


def _wrong_letters() -> InvalidInputError:
    return InvalidInputError(
        "“letters” is neither yes nor no", field="letters", remedy="Send true or false."
    )


def _locale(text: str) -> str | None:
    """Return a language tag; what is not one (a language's name) says too little to refuse it."""
    tag = text.strip()
    return tag.replace("_", "-") if _LOCALE.fullmatch(tag) else None


def _external_id(fields: Fields) -> str:
    given = fields.scalar("external_id")
    if given is None or isinstance(given, bool):
        return ""
    text = str(given)
    if text != clean_text(text, limit=EXTERNAL_ID_LIMIT):
        raise InvalidInputError(
            "the id of the submission is too long or not plain text",
            field="external_id",
            remedy=f"Send one line of at most {EXTERNAL_ID_LIMIT} characters.",
        )
    # Kept apart from the ids of signed webhooks, which nobody else may use up.
    return f"given:{text}"


def _derived_id(pairs: list[tuple[str, Scalar]], arrival: Arrival) -> str:
    """Return the same id for the same submission sent again.

    Without a salt for an hour only: builders repeat what failed within minutes, and who signs up
    again another day, with the same words, means it.
    """
    salt = arrival.salt or f"{arrival.received_at:%Y-%m-%dT%H}"
    content = repr((salt, sorted((name, str(value)) for name, value in pairs)))
    digest = hashlib.sha256(content.encode("utf-8", "backslashreplace")).hexdigest()
    return f"derived:{digest}"
