"""What stands beside the demo's calendar: the email about a new date, and the person's inbox."""

from dataclasses import dataclass
from datetime import datetime

from funnel.domain.calendar import CalendarLine, LineState, PersonCalendar
from funnel.domain.demo import Player
from funnel.domain.message import Notice
from funnel.domain.signing import LinkPurpose
from funnel.sending.mailbox import KeptMail
from funnel.web.calendar_view import Lift
from funnel.web.moments import day_of, hour_of, short_day_of, where_of
from funnel.web.site import Site

_SHOWN = 6
_ASKED = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDate:
    """The email about a new date that would leave, or is on its way.

    Attributes:
        moment: "Friday 18:00 in Berlin".
        weekday: "Fri", with ``number`` the leaf of the calendar entry.
        former: "Tue 22 Sep", where the entry is now; "" where nobody says.
    """

    moment: str
    weekday: str
    number: str
    former: str
    is_on_its_way: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """The panel.

    Attributes:
        host: Who writes: as in the emails before, which saves the database a question.
        mails: The newest few, each with its day and hour.
        count: How many there are in all.
        entry: Address of the calendar file; "" without a seat.
    """

    new_date: NewDate | None
    host: str
    mails: tuple[tuple[KeptMail, str], ...]
    count: int
    entry: str


def beside(site: Site, player: Player, calendar: PersonCalendar, *, lift: Lift | None) -> Beside:
    """Return the panel beside a calendar; ``lift`` where the masterclass is held."""
    mails = [mail for mail in site.deps.mailbox.list(_ASKED) if mail.to_address == player.address]
    token = site.deps.tokens.make(LinkPurpose.CALENDAR, player.run_id)
    return Beside(
        new_date=_new_date(calendar, lift),
        host=next((each.from_name for each in mails if each.from_name), "the host"),
        mails=tuple((mail, _when(mail.left_at, calendar.zone)) for mail in mails[:_SHOWN]),
        count=len(mails),
        entry=f"/cal/{token}.ics" if calendar.session else "",
    )


def was_told(calendar: PersonCalendar, former: datetime) -> bool:
    """Whether the date is another one than ``former`` and an email says, or will say so."""
    session = calendar.session
    return bool(_notices(calendar)) and session is not None and session.starts_at != former


def is_told(calendar: PersonCalendar) -> bool:
    """Whether the email about the date that now stands has left, and none is on its way.

    One that left earlier may speak of a former date, until this person's plan has followed. The
    order of the lines says nothing: while the time stands still, they all left at one moment.
    """
    session = calendar.session
    if session is None or _is_on_its_way(calendar):
        return False
    return any(
        each.state is LineState.SENT and each.about == session.starts_at
        for each in _notices(calendar)
    )


def _is_on_its_way(calendar: PersonCalendar) -> bool:
    return any(each.state is LineState.QUEUED for each in _notices(calendar))


def _notices(calendar: PersonCalendar) -> list[CalendarLine]:
    return [
        each for each in calendar.lines if each.kind is None and each.key == Notice.SESSION_MOVED
    ]


def _new_date(calendar: PersonCalendar, lift: Lift | None) -> NewDate | None:
    session = calendar.session
    if session is None:
        return None
    if lift is not None:
        is_new = lift.after is not None and lift.starts_at != session.starts_at
        former = short_day_of(session.starts_at, calendar.zone)
        return _told(lift.starts_at, calendar, former) if is_new else None
    return _told(session.starts_at, calendar, "") if _is_on_its_way(calendar) else None


def _told(moment: datetime, calendar: PersonCalendar, former: str) -> NewDate:
    weekday, number = day_of(moment, calendar.zone, calendar.now).split()[:2]
    where = where_of(calendar.zone)
    return NewDate(
        moment=f"{weekday} {hour_of(moment, calendar.zone)} {where}",
        weekday=weekday[:3],
        number=number,
        former=former,
        is_on_its_way=not former,
    )


def _when(moment: datetime, zone: str) -> str:
    return f"{' '.join(short_day_of(moment, zone).split()[:2])}, {hour_of(moment, zone)}"
