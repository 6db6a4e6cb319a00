"""A person's address and time zone, as somebody gave them, made comparable and safe.

Addresses follow RFC 5321 and 6531 and are judged by their form alone: whether a mailbox exists is
for the confirmation to find out.
"""

import hmac
import unicodedata
import zoneinfo
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from uuid import UUID

from email_validator import EmailNotValidError, validate_email

from funnel.domain.errors import InvalidInputError
from funnel.domain.speech import ENGLISH, mark, say, spoken
from funnel.domain.text import clean_text
from funnel.domain.zones import listed_zone

NAME_LIMIT = 100  # characters
ZONE_LIMIT = 100  # characters; the longest name of tzdata has 38
_ADDRESS_LIMIT = 1000  # characters with a display name, before anything is parsed
_LOCAL_LIMIT = 64  # octets, RFC 5321 4.5.3.1.1; RFC 6531 counts those of UTF-8
_REMEDY = mark("Give one address such as name@example.com.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """One mailbox.

    Attributes:
        email: To write to: the local part as it was typed, the domain in lower case and in its
            own script (``jane@straße.de``).
        key: To compare by; two spellings of one mailbox have the same.
    """

    email: str
    key: str


class ZoneSource(StrEnum):
    """Where we learnt a person's time zone; the later word of the person wins."""

    DEFAULT = "default"
    WEBHOOK = "webhook"
    FORM = "form"
    IMPORT = "import"  # came with them from another tool
    PERSON = "person"
    STUDIO = "studio"  # somebody who works here wrote it down


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneChoice:
    """What was said about a time zone.

    Attributes:
        name: IANA name, or ``None`` where none was given or it is not known.
        given: What was given where it is not a zone, kept to be shown.
    """

    name: str | None = None
    source: ZoneSource = ZoneSource.DEFAULT
    given: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """A person as the row has them; moments are aware UTC, in plan time."""

    id: UUID
    email: str
    email_key: str
    first_name: str
    last_name: str
    zone: str
    zone_source: str
    zone_given: str | None
    locale: str
    wants_letters: bool
    wants_seat_emails: bool
    confirmed_at: datetime | None

    @property
    def known_zone(self) -> ZoneChoice | None:
        """What is known of the person's zone; nothing before they confirmed anything."""
        if self.confirmed_at is None:
            return None
        source = ZoneSource(self.zone_source)
        return ZoneChoice(name=self.zone, source=source, given=self.zone_given)


def normalise_address(value: str) -> Address:
    """Return the mailbox that ``value`` names; a display name around it falls away.

    Raises:
        InvalidInputError: Not one address in the form of RFC 5321 or 6531, or at a host that the
            public mail system does not know (an IP address, ``localhost``).
    """
    value = value.strip()
    if len(value) > _ADDRESS_LIMIT:
        raise _wrong_address(say("the address is too long"))
    if any(unicodedata.category(each) == "Cc" for each in value):
        raise _wrong_address(say("the address holds a line break or another control character"))
    try:
        found = validate_email(
            _without_display_name(value),
            allow_quoted_local=True,
            check_deliverability=False,  # no DNS in the request: the confirmation will show
            strict=True,  # a local part has at most 64 characters
        )
    except EmailNotValidError as error:
        raise _wrong_address(_what_is_wrong(value, error)) from error
    if len(found.local_part.encode()) > _LOCAL_LIMIT:
        raise _wrong_address(say("the part before the @-sign is too long"))
    if not found.local_part.isprintable():
        # In quotes the validator takes a no-break space and the like; mail cannot carry those.
        raise _wrong_address(
            say("the part before the @-sign holds a character that cannot be seen")
        )
    return Address(email=found.normalized, key=_key(found.local_part, found.ascii_domain))


def _without_display_name(value: str) -> str:
    # By hand: the validator wants quotes round a name with an accent, and nobody types those.
    return value[value.rfind("<") + 1 : -1] if value.endswith(">") and "<" in value else value


def _wrong_address(problem: str) -> InvalidInputError:
    return InvalidInputError(problem, field="email", remedy=say(_REMEDY))


def email_key(email: str) -> str:
    """Return what an address is compared by.

    Raises:
        InvalidInputError: Not an address.
    """
    return normalise_address(email).key


def _what_is_wrong(value: str, error: EmailNotValidError) -> str:
    """The validator knows more kinds of mistakes, and says them in English alone."""
    if "@" not in value:
        return say("An email address must have an @-sign.")
    if spoken().language == ENGLISH.language:
        return str(error)
    return say("“{value}” is not an email address", value=value)


def _key(local: str, ascii_domain: str) -> str:
    # Lower case, not casefold(): that makes "ss" of "ß", and two people's mailboxes one. RFC 5321
    # lets hosts tell "Jane" from "jane"; none that people use does.
    lowered = unicodedata.normalize("NFC", local.lower())
    return f"{lowered}@{ascii_domain.lower()}"


def address_hash(key: str, hash_key: bytes) -> bytes:
    """Return what limits per address count by once the address itself is forgotten.

    Args:
        key: Of an ``Address``.
        hash_key: Secret: without it, addresses could be guessed and tried one by one.
    """
    return hmac.digest(hash_key, b"funnel address " + key.encode(), "sha256")


def clean_name(value: str) -> str:
    """Return a person's name as one harmless line."""
    return clean_text(value, limit=NAME_LIMIT)


def known_zone(name: str) -> str | None:
    """Return an IANA zone as lists name it, from any of its names; ``None``: it is not one."""
    return _zones().get(name.strip().casefold())


def choose_zone(given: str, source: ZoneSource) -> ZoneChoice:
    """Return what ``given`` says about a zone; an unknown one is kept to be shown."""
    cleaned = clean_text(given, limit=ZONE_LIMIT)
    if not cleaned:
        return ZoneChoice()
    name = known_zone(cleaned)
    if name is None:
        return ZoneChoice(given=cleaned)
    return ZoneChoice(name=name, source=source)


def settle_zone(
    choice: ZoneChoice, *, known: ZoneChoice | None, session_zone: str | None
) -> ZoneChoice:
    """Return the zone that a person's times are shown in, with its name always filled.

    Args:
        choice: What the signup said.
        known: What we knew of the person before, ``None`` if nothing.
        session_zone: The zone in which the date is announced: the best guess where nobody said.
    """
    if choice.name is not None:
        return choice
    if known is not None and known.source is not ZoneSource.DEFAULT:
        return known
    name = session_zone or (known.name if known else None) or "UTC"
    given = choice.given or (known.given if known else None)
    return ZoneChoice(name=name, source=ZoneSource.DEFAULT, given=given)


@cache
def _zones() -> dict[str, str]:
    # "localtime" and "Factory" name no place; "posix/…" and "right/…" are copies, the second with
    # leap seconds.
    names = zoneinfo.available_timezones() - {"localtime", "Factory"}
    return {
        each.casefold(): listed_zone(each)
        for each in names
        if not each.startswith(("posix/", "right/"))
    }
