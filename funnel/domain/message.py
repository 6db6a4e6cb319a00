"""One email to one subscriber: its states, and the only legal moves between them."""

import re
from enum import StrEnum

from funnel.domain.errors import FunnelError


class MessageKind(StrEnum):
    SEQUENCE = "sequence"
    NOTICE = "notice"
    ANNOUNCEMENT = "announcement"
    TEST = "test"


class Lane(StrEnum):
    """A group of recipient domains that shares limits, and one lane for notices."""

    NOTICES = "notices"
    GMAIL = "gmail"
    MICROSOFT = "microsoft"
    YAHOO = "yahoo"
    APPLE = "apple"
    OTHER = "other"


class Notice(StrEnum):
    """The notices that ship; the value is the template's key below ``notices/``."""

    CONFIRM = "confirm"
    CONFIRM_AGAIN = "confirm-again"
    WELCOME = "welcome"
    SESSION_MOVED = "session-moved"
    SESSION_CANCELLED = "session-cancelled"


# What leaves first where several are due: smaller first.
NOTICE_PRIORITY = 0
SERVICE_PRIORITY = 1
MASS_NOTICE_PRIORITY = 1  # to everybody with a seat: a confirmation does not wait behind them
LETTER_PRIORITY = 2


class MessageStatus(StrEnum):
    """Where our side of a message stands."""

    QUEUED = "queued"
    SENDING = "sending"
    ACCEPTED = "accepted"
    SKIPPED = "skipped"
    FAILED = "failed"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"

    @property
    def is_settled(self) -> bool:
        """Whether a step that is anchored to this one may count from it."""
        return self is not MessageStatus.QUEUED and self is not MessageStatus.SENDING


class EndReason(StrEnum):
    """Why a queued message did not leave, where not the planner said so: as its row keeps it."""

    LEFT = "left"
    UNWANTED = "stopped before it left"
    OVER = "nothing is left that it could speak of"
    # Of an announcement.
    SEAT_GIVEN_UP = "the seat is no longer held"
    DATE_MOVED = "the date was moved"
    DATE_CANCELLED = "the date was called off"
    STOPPED = "the announcement was stopped"


MOVES: dict[MessageStatus, frozenset[MessageStatus]] = {
    MessageStatus.QUEUED: frozenset(
        {
            MessageStatus.SENDING,
            MessageStatus.SKIPPED,
            MessageStatus.CANCELLED,
            MessageStatus.FAILED,  # it could not be rendered for this person
            MessageStatus.ACCEPTED,  # its provider says so: an attempt that "failed" had not
        }
    ),
    MessageStatus.SENDING: frozenset(
        {
            MessageStatus.ACCEPTED,
            MessageStatus.FAILED,
            MessageStatus.QUEUED,  # deferred, or given back before the hand-over
            MessageStatus.UNKNOWN,
        }
    ),
    MessageStatus.UNKNOWN: frozenset(  # an event, the journal, a policy or a person decides
        {MessageStatus.ACCEPTED, MessageStatus.FAILED, MessageStatus.QUEUED}
    ),
    MessageStatus.ACCEPTED: frozenset(),
    MessageStatus.SKIPPED: frozenset(),
    MessageStatus.FAILED: frozenset(),
    MessageStatus.CANCELLED: frozenset(),
}


class IllegalMoveError(FunnelError):
    """A message was asked to go where its state does not lead; a defect of ours."""


def check_move(before: MessageStatus, after: MessageStatus) -> None:
    """Raise unless ``after`` may follow ``before``.

    Raises:
        IllegalMoveError: The move is not in the table of ARCHITECTURE, "States".
    """
    if after not in MOVES[before]:
        raise IllegalMoveError(f"a message cannot go from {before} to {after}")


_LANES: dict[str, Lane] = {
    "gmail.com": Lane.GMAIL,
    "googlemail.com": Lane.GMAIL,
    "msn.com": Lane.MICROSOFT,
    "passport.com": Lane.MICROSOFT,
    "windowslive.com": Lane.MICROSOFT,
    "ymail.com": Lane.YAHOO,
    "rocketmail.com": Lane.YAHOO,
    "myyahoo.com": Lane.YAHOO,
    "aim.com": Lane.YAHOO,
    # Of American telephone companies, whose mail Yahoo carries.
    "att.net": Lane.YAHOO,
    "bellsouth.net": Lane.YAHOO,
    "sbcglobal.net": Lane.YAHOO,
    "verizon.net": Lane.YAHOO,
    "icloud.com": Lane.APPLE,
    "me.com": Lane.APPLE,
    "mac.com": Lane.APPLE,
    "privaterelay.appleid.com": Lane.APPLE,
}
# Names that have a domain in most countries: yahoo.de, yahoo.co.uk, hotmail.com.br.
_NAMES: dict[str, Lane] = {
    "outlook": Lane.MICROSOFT,
    "hotmail": Lane.MICROSOFT,
    "live": Lane.MICROSOFT,
    "yahoo": Lane.YAHOO,
    "aol": Lane.YAHOO,
}
_COUNTRY = re.compile(r"com|(?:(?:co|com)\.)?[a-z]{2}")


def lane_of(address: str) -> Lane:
    """Return the lane of an address, by its domain; what no table names is ``OTHER``."""
    domain = address.rpartition("@")[2].casefold()
    name, _, ending = domain.partition(".")
    if name in _NAMES and _COUNTRY.fullmatch(ending):
        return _NAMES[name]
    return _LANES.get(domain, Lane.OTHER)
