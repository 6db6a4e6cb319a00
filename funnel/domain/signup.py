"""Somebody says "save me a seat": what they asked for, where it came from, what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum, StrEnum
from typing import Final
from uuid import UUID

from funnel.domain.errors import FunnelError
from funnel.domain.session import Session
from funnel.domain.subscriber import Address, ZoneChoice

# RELIABILITY, "Input that poisons": confirmations per address, counted over unconfirmed signups.
MAILED_AGAIN_AFTER: Final = timedelta(hours=24)
MAILS_COUNTED_OVER: Final = timedelta(days=30)
MOST_MAILS: Final = 3

MOST_BODY_BYTES: Final = 64 * 1024
MOST_FIELDS: Final = 50
FIELD_NAME_LIMIT: Final = 100  # characters
FIELD_VALUE_LIMIT: Final = 1000  # characters
EXTERNAL_ID_LIMIT: Final = 255  # characters
USER_AGENT_LIMIT: Final = 400  # characters


FieldValue = str | int | float | bool | None


class SignupStatus(StrEnum):
    PENDING = "pending"
    MERGED = "merged"  # came while another was pending, and changed that one
    LIMITED = "limited"  # too many confirmations to this address; recorded, not mailed
    SUPPRESSED = "suppressed"  # an address not to be written to; recorded, not mailed
    CONFIRMED = "confirmed"
    EXPIRED = "expired"


class LettersOffer(StrEnum):
    """How a source's form speaks of the letters."""

    INCLUDED = "included"  # says plainly that the masterclass comes with them
    ASKED = "asked"  # has a box of its own


class SessionWish(Enum):
    """A date that is wished without being named."""

    NEXT = "next"  # the first one ahead that still has seats


class SeatProblem(StrEnum):
    """Why a seat in a session cannot be taken."""

    FULL = "full"
    OVER = "over"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Who was at the other end, as far as a request says, and by which method of HTTP it asked."""

    ip: str | None = None
    user_agent: str | None = None
    method: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignupRules:
    """How an installation treats signups.

    Attributes:
        confirmation_lasts: How long a signup can be confirmed.
        reminder_after: When its one reminder leaves, after receipt.
        hash_key: Secret under which limits remember addresses.
    """

    hash_key: bytes = field(repr=False)
    confirmation_lasts: timedelta = timedelta(days=7)
    reminder_after: timedelta = timedelta(hours=4)


LANDING_SOURCE: Final = "landing"  # the source of the page at /


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A place signups come from.

    Attributes:
        secrets: Verify signed webhooks, newest first; none: no signed ones.
        form_secret: Lets a site builder post that cannot sign; ``None``: no such posts.
        field_mapping: Our field to the names that it has there, first that is filled wins; a name
            that begins with "=" is a fixed value.
        wording: Version of the consent's wording on that form.
        per_minute: Signups a minute beyond which the answer is 429; ``None``: no limit.
    """

    id: UUID
    slug: str
    sequence_id: UUID
    secrets: tuple[str, ...] = field(default=(), repr=False)
    form_secret: str | None = field(default=None, repr=False)
    field_mapping: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    is_double_opt_in: bool = True
    letters: LettersOffer = LettersOffer.INCLUDED
    wording: str = "1"
    per_minute: int | None = None
    is_active: bool = True

    @property
    def is_open_to_all(self) -> bool:
        """Whether it has no secret: only forms of our own pages, which anybody may fill, use it."""
        return not self.secrets and self.form_secret is None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignupRequest:
    """One signup, read and checked; nothing of it is believed before it is confirmed.

    Attributes:
        external_id: The sender's id of this submission: the same again changes nothing.
        session: The date wished; ``None``: none, the letters only.
        fields: Free fields, plain values by name.
        payload: The body as it came, kept for replay.
    """

    external_id: str
    address: Address
    wants_letters: bool
    payload: bytes = field(repr=False)
    first_name: str = ""
    last_name: str = ""
    zone: ZoneChoice = field(default_factory=ZoneChoice)
    locale: str | None = None
    session: UUID | SessionWish | None = None
    utm: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, FieldValue] = field(default_factory=dict)
    visitor: Visitor = field(default_factory=Visitor)


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedSignup:
    """The signup that a request made, or had made before (``is_new`` is then false)."""

    id: UUID
    is_new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatChoice:
    """What a person decides on the confirmation page.

    Attributes:
        session_id: The date; ``None``: none, the letters only.
        zone: IANA name if they corrected it.
    """

    session_id: UUID | None
    zone: str | None
    wants_letters: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionOffer:
    """A date that can be taken; ``seats_left`` is ``None`` where seats are not limited."""

    session: Session
    seats_left: int | None


class SignupExpiredError(FunnelError):
    """The signup was not confirmed in time: its person signs up again."""


class LooksAutomatedError(FunnelError):
    """A form was filled by a machine: answer as if it had been accepted, and keep nothing."""


class SessionUnavailableError(FunnelError):
    """A seat cannot be taken: say why, and offer ``next_dates``."""

    def __init__(
        self,
        problem: SeatProblem,
        session: Session | None,
        next_dates: tuple[SessionOffer, ...] = (),
    ) -> None:
        super().__init__(f"the session is {problem}")
        self.problem = problem
        self.session = session
        self.next_dates = next_dates
