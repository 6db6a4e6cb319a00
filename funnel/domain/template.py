"""What a template is given, and what comes out of it: plain values, no rows, no clock.

A template names these values as ``person.first_name``, ``session.hour`` and so on. Words for days
and hours are made before rendering, in the reader's zone and locale, so that an author never does
arithmetic and the same context always gives the same bytes.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from funnel.domain.quoted_text import QuotedText


class Layout(StrEnum):
    """The two layouts of LOOK: a note from a person, and a moment with one button."""

    LETTER = "letter"
    SERVICE = "service"


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonContext:
    """The reader. ``first_name`` may be empty; ``greeting`` is whole even then ("Hello Ana,")."""

    first_name: str
    last_name: str
    email: str
    greeting: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BrandContext:
    """Who writes. Empty ``booking_url`` or ``notes_url``: their paragraph falls away."""

    name: str
    host_name: str
    host_first_name: str
    from_address: str
    reply_to: str
    postal_address: str
    accent: str
    logo_url: str
    booking_url: str
    notes_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionContext:
    """One session in the reader's zone; all texts are ready to print.

    ``day`` is "Thursday 12 November", ``weekday`` "Thursday", ``hour`` "18:00", ``ends_hour``
    "19:30", ``opens_hour`` "17:50", ``place`` the zone's city ("Berlin"), ``moment`` "Thursday
    18:00 in Berlin". ``seats_left`` is ``None`` where seats are not limited. The url is where a
    person chooses this date. ``starts_at`` and ``ends_at`` are aware UTC moments.
    """

    title: str
    day: str
    weekday: str
    hour: str
    ends_hour: str
    opens_hour: str
    place: str
    moment: str
    minutes: int
    starts_at: datetime
    ends_at: datetime
    seats_left: int | None = None
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayContext:
    """The recording: the person's own link, and when it closes, in the reader's zone."""

    url: str
    ends_day: str
    ends_hour: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LinksContext:
    """The reader's own links; a link that does not apply to this email is empty.

    ``unsubscribe`` opens the page whose first button ends this email's topic; ``stop_letters`` is
    that page for the letters; ``give_up_seat`` and ``change_date`` open the preferences page.
    """

    confirm: str
    join: str
    calendar: str
    change_date: str
    give_up_seat: str
    preferences: str
    unsubscribe: str
    stop_letters: str
    replay: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailContext:
    """All that a template may name.

    Attributes:
        person: The reader.
        brand: The sender.
        session: The date that the reader holds or wished, ``None`` without one.
        former: The date before a move, for "session-moved" and "session-cancelled".
        replay: ``None`` while there is no replay link.
        links: The reader's own links.
        next_dates: The next sessions that still have seats, in the reader's zone, at most three.
        why: One sentence that says why this person gets this email; the footer prints it.
        letters_wanted: Whether the reader gets the letters.
    """

    person: PersonContext
    brand: BrandContext
    session: SessionContext | None
    former: SessionContext | None
    replay: ReplayContext | None
    links: LinksContext
    next_dates: tuple[SessionContext, ...]
    why: str
    letters_wanted: bool = True


class EmailValues(Protocol):
    """What an ``EmailContext`` says, each value made when it is asked for.

    Few templates name more than a third of it, and links and words take time. ``links`` has the
    fields of ``LinksContext``.
    """

    @property
    def person(self) -> PersonContext: ...

    @property
    def brand(self) -> BrandContext: ...

    @property
    def session(self) -> SessionContext | None: ...

    @property
    def former(self) -> SessionContext | None: ...

    @property
    def replay(self) -> ReplayContext | None: ...

    @property
    def links(self) -> object: ...

    @property
    def next_dates(self) -> tuple[SessionContext, ...]: ...

    @property
    def why(self) -> str: ...

    @property
    def letters_wanted(self) -> bool: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateLink:
    """A counted link: its name in conditions and reports, and where it leads.

    ``target`` is a web address, or the brand's field that holds one (``brand.booking_url``).
    """

    name: str
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedEmail:
    """One finished text in its two forms; the subject is one line without control characters."""

    subject: str
    preheader: str
    text: str
    html: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotedEmail:
    """The same on its way: both forms as they travel."""

    subject: str
    text: QuotedText
    html: QuotedText
