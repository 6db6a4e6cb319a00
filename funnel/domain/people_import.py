"""People who come from another tool: what a file's columns mean, and what becomes of each line.

What an import may do and what it may not is decision 0022.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from funnel.domain.consent import SuppressionReason, Topic
from funnel.domain.errors import InvalidInputError
from funnel.domain.speech import say
from funnel.domain.subscriber import Address, ZoneChoice

MOST_FILE_BYTES: Final = 20 * 1024 * 1024
MOST_LINES: Final = 200_000
MOST_COLUMNS: Final = 120
WORDING_LIMIT: Final = 500  # characters
KEPT_FOR_DAYS: Final = 30  # lines; the sums of an import stay


class Column(StrEnum):
    """What a column of the file may hold."""

    NOTHING = ""  # left out
    EMAIL = "email"
    FIRST_NAME = "first_name"
    LAST_NAME = "last_name"
    NAME = "name"  # both in one
    ZONE = "zone"
    AGREED_AT = "agreed_at"  # when they confirmed, or signed up
    STATE = "state"  # active, unsubscribed, bounced …
    UNSUBSCRIBED_AT = "unsubscribed_at"  # filled: they left, then
    BOUNCED_AT = "bounced_at"  # filled: the address is dead, since then
    REFUSES = "refuses"  # yes: they must not be written to
    TAGS = "tags"
    LOCALE = "locale"
    IP = "ip"
    FIELD = "field"  # a field of the person's, under the column's own name


class PersonState(StrEnum):
    """How somebody stands in the tool that they come from."""

    ACTIVE = "active"
    UNSUBSCRIBED = "unsubscribed"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    UNCONFIRMED = "unconfirmed"

    @property
    def suppression(self) -> SuppressionReason | None:
        """Why the address must not be written to; ``None``: it may be."""
        return _SUPPRESSIONS.get(self)


_SUPPRESSIONS: Final = {
    PersonState.UNSUBSCRIBED: SuppressionReason.UNSUBSCRIBED,
    PersonState.BOUNCED: SuppressionReason.BOUNCED,
    PersonState.COMPLAINED: SuppressionReason.COMPLAINED,
}


class Outcome(StrEnum):
    """What became of a line, or would."""

    NEW = "new"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    TO_LIST = "to the list"  # on the do-not-email list from now on
    ON_LIST = "on the list"  # was there before; nothing is overwritten
    TWICE = "twice"
    REFUSED = "refused"
    BROKEN = "broken"  # not to be read as a line of this table

    @property
    def is_person(self) -> bool:
        """Whether there is somebody with a page of their own."""
        return self in (Outcome.NEW, Outcome.UPDATED, Outcome.UNCHANGED)


class Problem(StrEnum):
    """Why a line was not taken, or was taken otherwise; ``import_words`` has the sentences."""

    NO_ADDRESS = "no address"
    WRONG_ADDRESS = "wrong address"
    NO_DATE = "no date"
    WRONG_DATE = "wrong date"
    DATE_AHEAD = "date ahead"
    UNKNOWN_STATE = "unknown state"
    UNCONFIRMED = "unconfirmed"
    TOO_MANY_CELLS = "too many cells"
    OPEN_QUOTE = "open quote"
    STRAY_QUOTE = "stray quote"
    NUL = "nul"
    NOT_ENCODED = "not encoded"
    TOO_LONG = "too long"
    SAME_LINE = "same address"
    LEFT_LINE = "left in another line"
    AGREED_LATER = "agreed later"
    KNOWN = "known"
    SUPPRESSED = "suppressed"
    STATE = "state"
    IN_SEQUENCE = "in the sequence"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why, as it is kept: a code, and what it names."""

    problem: Problem
    names: str = ""

    def __str__(self) -> str:
        """Return the words of the row; the problem's own end at the first colon."""
        return f"{self.problem}: {self.names}" if self.names else str(self.problem)

    @classmethod
    def read(cls, kept: str) -> "Reason | None":
        """Return what a row says; ``None``: nothing, or something that this version cannot read."""
        word, _, names = kept.partition(": ")
        return cls(problem=Problem(word), names=names) if word in set(Problem) else None


class LineNotTakenError(InvalidInputError):
    """A line says nothing that can be used; it goes back to its author with the reason."""

    def __init__(self, problem: Problem, names: str = "") -> None:
        super().__init__(str(problem))
        self.reason = Reason(problem=problem, names=names)


class ImportStatus(StrEnum):
    UPLOADED = "uploaded"
    TRYING = "trying"
    TRIED = "tried"
    RUNNING = "running"
    STOPPED = "stopped"
    FINISHED = "finished"

    @property
    def is_open(self) -> bool:
        """Whether a worker is at it."""
        return self in (ImportStatus.TRYING, ImportStatus.RUNNING)

    @property
    def has_begun(self) -> bool:
        """Whether people have been written: how the file is read is settled then."""
        return self in (ImportStatus.RUNNING, ImportStatus.STOPPED, ImportStatus.FINISHED)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """How a file is to be read and what its people are to become.

    Attributes:
        columns: What each column of the file holds, in the file's order.
        zone: IANA name: in it moments without an offset are meant, and people live who name none.
        is_day_first: Whether 03/04/2025 is the third of April.
        agreed_on: When all agreed of whom the file does not say it; ``None``: they are refused.
        topics: What they agreed to.
        wording: By which words, as the marketer says.
        sequence: Slug; empty: they are known, and in no sequence.
        step: Key of the email that they begin with; empty: at the beginning.
    """

    columns: tuple[Column, ...]
    zone: str = "UTC"
    is_day_first: bool = False
    agreed_on: date | None = None
    topics: tuple[Topic, ...] = (Topic.LETTERS,)
    wording: str = ""
    sequence: str = ""
    step: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return it as the row keeps it."""
        return {
            "columns": [str(each) for each in self.columns],
            "zone": self.zone,
            "is_day_first": self.is_day_first,
            "agreed_on": self.agreed_on.isoformat() if self.agreed_on else None,
            "topics": [str(each) for each in self.topics],
            "wording": self.wording,
            "sequence": self.sequence,
            "step": self.step,
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "ImportOptions":
        """Return what a row keeps."""
        agreed_on = kept.get("agreed_on")
        return cls(
            columns=tuple(Column(each) for each in kept.get("columns", ())),
            zone=kept.get("zone", "UTC"),
            is_day_first=kept.get("is_day_first", False),
            agreed_on=date.fromisoformat(agreed_on) if agreed_on else None,
            topics=tuple(Topic(each) for each in kept.get("topics", ("letters",))),
            wording=kept.get("wording", ""),
            sequence=kept.get("sequence", ""),
            step=kept.get("step", ""),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedPerson:
    """What one line says; moments are aware UTC.

    Attributes:
        agreed_at: When they agreed; ``None`` for those who must not be written to and of whom it
            is not said.
        left_at: When they left or the address died, where it is said.
    """

    address: Address
    state: PersonState
    agreed_at: datetime | None
    left_at: datetime | None = None
    first_name: str = ""
    last_name: str = ""
    zone: ZoneChoice = field(default_factory=ZoneChoice)
    locale: str = ""
    ip: str | None = None
    tags: tuple[str, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)


_ONCE: Final = frozenset(Column) - {Column.NOTHING, Column.FIELD, Column.TAGS}


def check_options(options: ImportOptions, columns: int) -> None:
    """Raise unless a file of so many columns can be read that way.

    Raises:
        InvalidInputError: No column or several hold the address, a meaning is given twice, or
            nothing was agreed to.
    """
    if len(options.columns) != columns:
        raise InvalidInputError(
            say("not every column was given a meaning"),
            field="columns",
            remedy=say("Load the page anew, and choose again."),
        )
    if Column.EMAIL not in options.columns:
        raise InvalidInputError(
            say("no column holds the email addresses"),
            field="columns",
            remedy=say("Choose “Email address” for the column that does."),
        )
    twice = next((each for each in _ONCE if options.columns.count(each) > 1), None)
    if twice is not None:
        raise InvalidInputError(
            say("two columns were given the same meaning"),
            field="columns",
            remedy=say("Keep it for one of them, and leave the other out or make it a field."),
        )
    if not options.topics:
        raise InvalidInputError(
            say("it is not said what these people agreed to"),
            field="topics",
            remedy=say("Choose the letters, the emails about a seat, or both."),
        )
    if not options.wording.strip():
        raise InvalidInputError(
            say("it is not said in which words these people agreed"),
            field="wording",
            remedy=say("Write what the form said where they signed up: it is kept as the proof."),
        )
