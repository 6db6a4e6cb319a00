"""What people of a rehearsal do, in the words of its page."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from funnel.domain.rehearsal import ActKind
from funnel.domain.rehearsal_text import moment_text
from funnel.domain.session import Session
from funnel.domain.signup import SeatProblem
from funnel.domain.speech import mark, say

_ACTS: Final[Mapping[ActKind, str]] = {
    ActKind.ATTENDED: mark("coming to the masterclass"),
    ActKind.MISSED: mark("missing the masterclass"),
    ActKind.WATCHED: mark("watching the replay"),
    ActKind.CLICKED: mark("a click"),
    ActKind.BOOKED: mark("a booking"),
    ActKind.BOOKING_CANCELLED: mark("a booking called off"),
    ActKind.BOUGHT: mark("a purchase"),
    ActKind.REPLIED: mark("a reply"),
    ActKind.TAGGED: mark("a tag"),
    ActKind.UNTAGGED: mark("a tag taken away"),
    ActKind.GOAL: mark("the goal"),
    ActKind.PAUSES: mark("a pause of the letters"),
    ActKind.STOPS_LETTERS: mark("stopping the letters"),
    ActKind.STOPS_SEAT: mark("stopping the emails about the seat"),
    ActKind.LEAVES: mark("leaving everything"),
    ActKind.GIVES_UP_SEAT: mark("giving up the seat"),
    ActKind.CHANGES_DATE: mark("choosing another date"),
    ActKind.SIGNS_UP_AGAIN: mark("signing up again"),
}
_NO_SEAT: Final[Mapping[SeatProblem, str]] = {
    SeatProblem.FULL: mark("the date of {moment} cannot be chosen at {now}: it has no seat left"),
    SeatProblem.OVER: mark("the date of {moment} cannot be chosen at {now}: it has begun by then"),
    SeatProblem.CANCELLED: mark("the date of {moment} cannot be chosen at {now}: it is called off"),
}


def act_words(kind: ActKind) -> str:
    """Return what an act is, as a thing: "coming to the masterclass"."""
    return say(_ACTS[kind])


def no_seat_words(problem: SeatProblem, session: Session, now: datetime, zone: ZoneInfo) -> str:
    """Return why somebody gets no seat; moments on the clocks of ``zone``, which is theirs."""
    return say(
        _NO_SEAT[problem],
        moment=moment_text(session.starts_at, zone, has_year=True),
        now=moment_text(now, zone, has_year=True),
    )
