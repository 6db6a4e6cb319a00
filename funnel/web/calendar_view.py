"""One person's calendar as pages draw it: a row a day, the plan that is, the plan that would be.

Knows nothing of the page around it: the demo draws it, and whoever else has a ``PersonCalendar``.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from funnel.domain.calendar import CalendarLine, LineState, PersonCalendar
from funnel.domain.calendar_words import month_name, short_day, short_weekday
from funnel.domain.session import Session
from funnel.domain.speech import mark, say
from funnel.domain.timing import local_day, local_moment
from funnel.web.moments import day_of, hour_of, iso

_SESSION_ID = "session"
# So many days after the masterclass are drawn; the letters after that are a link away.
_SHOWN_AFTER = timedelta(days=9)
_SHOWN_WITHOUT = timedelta(days=21)
_ONE_DAY = timedelta(days=1)


class Form(StrEnum):
    """Which sign a moment has; the value is its word for those who hear the page."""

    SENT = mark("sent")
    QUEUED = mark("on its way")
    COMING = mark("planned")
    OPEN = mark("perhaps")
    SKIPPED = mark("skipped")
    FAILED = mark("failed")
    UNKNOWN = mark("unknown")
    SESSION = mark("masterclass")
    HAPPENED = mark("happened")  # besides emails


_FORMS = {
    LineState.SENT: Form.SENT,
    LineState.QUEUED: Form.QUEUED,
    LineState.COMING: Form.COMING,
    LineState.OPEN: Form.OPEN,
    LineState.SKIPPED: Form.SKIPPED,
    LineState.CANCELLED: Form.SKIPPED,
    LineState.FAILED: Form.FAILED,
    LineState.UNKNOWN: Form.UNKNOWN,
}


# What was handed over lies behind, even where time has stood still since.
_DONE = frozenset({Form.SENT, Form.FAILED, Form.UNKNOWN, Form.HAPPENED})
_AHEAD = frozenset({Form.QUEUED, Form.COMING, Form.OPEN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One email, or the masterclass, at its place.

    Attributes:
        id: The same for the same email in the plan that is and the one that would be.
        hour: "09:00"; "now" where it is overdue.
        key: The email's, by which it can be asked why; "" for the masterclass.
        was: "Tue 22", where it would move; its hour where only that changes.
        travels: It belongs to the day of the masterclass, and moves with it.
    """

    id: str
    at: datetime
    hour: str
    name: str
    why: str
    form: Form
    was: str = ""
    travels: bool = False
    key: str = ""

    @property
    def is_session(self) -> bool:
        """Whether it is the masterclass itself."""
        return self.form is Form.SESSION


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One row.

    Attributes:
        weekday: "Tue".
        month: "October" in the first row of another month than the row's before; else "".
        spoken: "Tuesday 22 September".
        to: The start that the masterclass would have on this day, as ``iso`` writes it; "" where
            it cannot be moved at all.
    """

    date: date
    weekday: str
    month: str
    spoken: str
    then: tuple[Moment, ...]
    was: tuple[Moment, ...] = ()
    to: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lift:
    """The masterclass in somebody's hand.

    Attributes:
        starts_at: Where it would begin, aware.
        after: The calendar that would be; ``None`` where it cannot begin there.
    """

    starts_at: datetime
    after: PersonCalendar | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarView:
    """All that the component draws.

    Attributes:
        past: Rows above the line of now; only days on which something was.
        start: The start of the session that may be moved; "" where none may.
        to: Where the lifted masterclass is held; "" while it lies.
        earlier: The start a day before ``to`` (or ``start``); "" before today.
        held: The masterclass of the plan that is, in words: its day, its hours.
        folded: Emails that are coming but not drawn.
        folded_until: The day of the last of them: "Monday 12 October".
    """

    past: tuple[Day, ...]
    coming: tuple[Day, ...]
    now_hour: str
    start: str
    to: str
    earlier: str
    later: str
    ends_hour: str
    to_spoken: str
    is_possible: bool
    folded: int
    folded_until: str

    @property
    def is_lifted(self) -> bool:
        """Whether two plans are drawn."""
        return bool(self.to)


def calendar_view(
    before: PersonCalendar,
    *,
    lift: Lift | None = None,
    is_movable: bool,
    shows_all: bool = False,
    besides: Sequence[Moment] = (),
) -> CalendarView:
    """Return the component's rows, in the reader's zone.

    Args:
        before: The calendar as it is.
        lift: Where the masterclass would go; only for one that ``is_movable``.
        is_movable: There is a masterclass that has not begun.
        shows_all: Draw the far letters too, instead of a line that counts them.
        besides: What happened besides emails, drawn among them; for a calendar that lies.
    """
    drawing = _Drawing(before, lift, is_movable=is_movable, besides=besides)
    return drawing.view(shows_all=shows_all)


def may_move(calendar: PersonCalendar) -> bool:
    """Whether the masterclass of a calendar lies ahead, so that it may be moved at all."""
    session = calendar.session
    return session is not None and session.cancelled_at is None and session.starts_at > calendar.now


class _Drawing:
    def __init__(
        self,
        before: PersonCalendar,
        lift: Lift | None,
        *,
        is_movable: bool,
        besides: Sequence[Moment],
    ) -> None:
        self._before = before
        self._besides = besides
        self._lift = lift
        self._zone = ZoneInfo(before.zone)
        self._today = local_day(before.now, self._zone)
        self._session = before.session if is_movable else None
        self._was = self._ahead(self._moments(before, before.session))
        self._then = self._new_moments()

    def view(self, *, shows_all: bool) -> CalendarView:
        past = [each for each in self._then if self._is_over(each)]
        ahead = self._ahead(self._then)
        days = self._days_ahead(ahead, shows_all=shows_all)
        folded = [each for each in ahead if self._day(each.at) > days[-1]] if days else ()
        target = self._lift.starts_at if self._lift else None
        aim = target or (self._session.starts_at if self._session else None)
        return CalendarView(
            past=self._rows(sorted({self._day(each.at) for each in past}), past, ()),
            coming=self._rows(days, ahead, self._was if self._lift else (), with_targets=True),
            now_hour=hour_of(self._before.now, self._before.zone),
            start=iso(self._session.starts_at) if self._session else "",
            to=iso(target) if target else "",
            earlier=self._neighbour(aim, -1),
            later=self._neighbour(aim, 1),
            ends_hour=self._ends_hour(aim),
            to_spoken=day_of(aim, self._before.zone, self._before.now) if aim else "",
            is_possible=self._lift is None or self._lift.after is not None,
            folded=len(folded),
            folded_until=self._spoken(self._day(folded[-1].at)) if folded else "",
        )

    def _new_moments(self) -> list[Moment]:
        """The moments of the plan that would be, each beside what it is now."""
        if self._lift is None or self._session is None:
            return self._moments(self._before, self._before.session)
        held = _moved(self._session, self._lift.starts_at)
        if self._lift.after is None:
            return [self._with_was(each) for each in self._moments(self._before, held)]
        return [self._with_was(each) for each in self._moments(self._lift.after, held)]

    def _moments(self, calendar: PersonCalendar, session: Session | None) -> list[Moment]:
        moments = [
            self._of_line(each, each.at)
            for each in calendar.lines_for_reader
            if each.at is not None
        ]
        if session is not None and session.cancelled_at is None:
            moments.append(self._of_session(session))
        moments += self._besides
        # A reminder at the very moment of the session stands before it.
        return sorted(moments, key=lambda each: (each.at, each.is_session))

    def _of_line(self, line: CalendarLine, at: datetime) -> Moment:
        return Moment(
            id=f"{line.key}-{line.copy}" if line.kind else f"{line.key}-{iso(at)}",
            at=at,
            hour=self._hour(at, is_ahead=line.is_ahead),
            name=line.name,
            why=line.why,
            form=_FORMS.get(line.state, Form.SKIPPED),
            key=line.key,
        )

    def _of_session(self, session: Session) -> Moment:
        return Moment(
            id=_SESSION_ID,
            at=session.starts_at,
            hour=hour_of(session.starts_at, self._before.zone),
            name=say("The masterclass"),
            why=say("until {hour}", hour=hour_of(session.ends_at, self._before.zone)),
            form=Form.SESSION,
        )

    def _hour(self, at: datetime, *, is_ahead: bool) -> str:
        return say("now") if is_ahead and at <= self._before.now else hour_of(at, self._before.zone)

    def _with_was(self, moment: Moment) -> Moment:
        old = next((each for each in self._was if each.id == moment.id), None)
        if old is None or old.at == moment.at or self._session is None:
            return moment
        was, is_ = self._day(old.at), self._day(moment.at)
        with_session = was == self._day(self._session.starts_at)
        lands_there = self._lift is not None and is_ == self._day(self._lift.starts_at)
        return replace(
            moment,
            was=self._short(was) if was != is_ else hour_of(old.at, self._before.zone),
            travels=with_session and lands_there and moment.form is not Form.SKIPPED,
        )

    def _is_over(self, moment: Moment) -> bool:
        if moment.form in _DONE:
            return True
        if moment.is_session and self._lift is not None:
            return False  # held over today's past it is drawn below now, where it was let down
        return moment.at <= self._before.now and moment.form not in _AHEAD

    def _ahead(self, moments: Sequence[Moment]) -> list[Moment]:
        return [each for each in moments if not self._is_over(each)]

    def _days_ahead(self, ahead: Sequence[Moment], *, shows_all: bool) -> list[date]:
        days = [max(self._day(each.at), self._today) for each in ahead]
        last = max(days, default=self._today)
        if self._lift is not None and self._session is not None:
            horizon = max(map(self._day, (self._session.starts_at, self._lift.starts_at)))
            last = max(horizon + _SHOWN_AFTER, last if shows_all else self._today)
        elif not shows_all:
            horizon = (
                self._day(self._session.starts_at) + _SHOWN_AFTER
                if self._session
                else self._today + _SHOWN_WITHOUT
            )
            last = max((each for each in days if each <= horizon), default=self._today)
        # Today has a row where something is left of it, and while there is a choice of days.
        first = self._today if self._today in days or self._lift else self._today + _ONE_DAY
        return [first + timedelta(days=each) for each in range((last - first).days + 1)]

    def _rows(
        self,
        days: Iterable[date],
        then: Sequence[Moment],
        was: Sequence[Moment],
        *,
        with_targets: bool = False,
    ) -> tuple[Day, ...]:
        rows, month = [], (self._today.year, self._today.month)
        for day in days:
            is_new = (day.year, day.month) != month
            month = (day.year, day.month)
            rows.append(
                Day(
                    date=day,
                    weekday=short_weekday(day),
                    month=month_name(day) if is_new else "",
                    spoken=self._spoken(day),
                    then=self._on(day, then, is_ahead=with_targets),
                    was=tuple(map(self._old, self._on(day, was, is_ahead=with_targets))),
                    to=self._target(day) if with_targets else "",
                )
            )
        return tuple(rows)

    def _on(self, day: date, moments: Sequence[Moment], *, is_ahead: bool) -> tuple[Moment, ...]:
        def place(moment: Moment) -> date:
            own = self._day(moment.at)
            return max(own, self._today) if is_ahead else own  # what is overdue stands below now

        return tuple(each for each in moments if place(each) == day)

    def _old(self, moment: Moment) -> Moment:
        """The moment in the plan that was, knowing whether it travels with the masterclass."""
        new = next((each for each in self._then if each.id == moment.id), None)
        return moment if new is None else replace(moment, was=new.was, travels=new.travels)

    def _target(self, day: date) -> str:
        """Return the start on a day of the reader's, at the hour of the host's clock."""
        if self._session is None:
            return ""
        host = ZoneInfo(self._session.zone)
        aim = self._lift.starts_at if self._lift else self._session.starts_at
        hour = aim.astimezone(host).time()
        for apart in (0, -1, 1):  # the host's day may be another one than the reader's
            start = local_moment(day + timedelta(days=apart), hour, host)
            if self._day(start) == day:
                return iso(start)
        return ""

    def _neighbour(self, aim: datetime | None, days: int) -> str:
        if aim is None:
            return ""
        day = self._day(aim) + timedelta(days=days)
        return self._target(day) if day >= self._today else ""

    def _ends_hour(self, aim: datetime | None) -> str:
        if aim is None or self._session is None:
            return ""
        return hour_of(_moved(self._session, aim).ends_at, self._before.zone)

    def _day(self, moment: datetime) -> date:
        return local_day(moment, self._zone)

    def _short(self, day: date) -> str:
        return short_day(day, beside=day)

    def _spoken(self, day: date) -> str:
        noon = datetime(day.year, day.month, day.day, 12, tzinfo=self._zone)
        return day_of(noon, self._before.zone, self._before.now)


def _moved(session: Session, starts_at: datetime) -> Session:
    length = session.ends_at - session.starts_at
    return replace(session, starts_at=starts_at, ends_at=starts_at + length)
