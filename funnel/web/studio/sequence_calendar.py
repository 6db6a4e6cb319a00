"""One person's calendar beside the list: as it is, and with the draft, on one line of time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from funnel.domain.calendar import PersonCalendar
from funnel.domain.explanation import calendar_of_person
from funnel.domain.speech import say, say_many
from funnel.web.calendar_view import CalendarView, Day, Form, Moment, calendar_view
from funnel.web.moments import hour_of, short_day_in_month


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One email at a place.

    Attributes:
        was: "Wed 16", where the draft moves it; its hour where only that changes.
        is_gone: The draft takes it from here: it is live at this place, and no more.
        is_new: Only the draft has it.
    """

    moment: Moment
    was: str = ""
    is_gone: bool = False
    is_new: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A day on which something is."""

    day: Day
    lines: tuple[Line, ...]

    @property
    def is_gone(self) -> bool:
        """Whether the draft leaves nothing on it."""
        return all(each.is_gone for each in self.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftCalendar:
    """The two calendars as one.

    Attributes:
        changes: How many emails the draft moves, adds or takes out of this calendar.
        says: The same in words, for those who hear the page.
    """

    past: tuple[Row, ...]
    coming: tuple[Row, ...]
    now: str
    folded: int
    folded_until: str
    changes: int
    says: str


def draft_calendar(
    before: PersonCalendar, after: PersonCalendar | None, *, shows_all: bool
) -> DraftCalendar:
    """Return what the page draws; without ``after`` there is nothing that differs.

    Args:
        before: By what is live.
        after: By the draft.
        shows_all: Draw the far letters too.
    """
    before = calendar_of_person(before)
    after = calendar_of_person(after) if after else None
    then = after or before
    view = calendar_view(then, is_movable=False, shows_all=True)
    old = _moments(calendar_view(before, is_movable=False, shows_all=True).coming)
    new = _moments(view.coming)
    known = {each.id: each for each in new}
    gone = [each for each in old if after and _differs(each, known.get(each.id))]
    rows = _rows(view, gone, {each.id: each for each in old}, before, has_draft=after is not None)
    shown = rows if shows_all else _near(rows, before)
    folded = [line for row in rows[len(shown) :] for line in row.lines if not line.is_gone]
    changed = {each.id for each in gone} | (
        {each.id for each in new} - {each.id for each in old} if after else set()
    )
    return DraftCalendar(
        past=tuple(
            Row(day=day, lines=tuple(Line(moment=each) for each in day.then)) for day in view.past
        ),
        coming=tuple(shown),
        now=f"{short_day_in_month(before.now, before.zone)}, {hour_of(before.now, before.zone)}",
        folded=len(folded),
        folded_until=rows[-1].day.spoken if folded else "",
        changes=len(changed),
        says=_says(len(changed)) if after else "",
    )


def _says(changes: int) -> str:
    if not changes:
        return say("The draft changes nothing for this person.")
    return say_many(
        "The draft changes {count} email of this person.",
        "The draft changes {count} emails of this person.",
        changes,
    )


def _moments(days: Iterable[Day]) -> list[Moment]:
    return [each for day in days for each in day.then]


def _differs(old: Moment, new: Moment | None) -> bool:
    if new is None:
        return True
    is_skip = (old.form is Form.SKIPPED, new.form is Form.SKIPPED)
    return old.at != new.at or is_skip[0] is not is_skip[1]


def _rows(
    view: CalendarView,
    gone: Sequence[Moment],
    old: dict[str, Moment],
    before: PersonCalendar,
    *,
    has_draft: bool,
) -> list[Row]:
    days = {day.date: day for day in view.coming}
    ghosts: dict[date, list[Line]] = {}
    for day in calendar_view(before, is_movable=False, shows_all=True).coming:
        lines = [Line(moment=each, is_gone=True) for each in day.then if each in gone]
        if lines:
            ghosts[day.date] = lines
            days.setdefault(day.date, day)
    rows = []
    for place in sorted(days):
        own = [day for day in view.coming if day.date == place]
        lines = [
            _line(each, old, before.zone, has_draft=has_draft) for day in own for each in day.then
        ]
        # Where it is skipped now it stood here already: one line tells both.
        kept = [each for each in ghosts.get(place, ()) if not _is_here(each, lines)]
        if kept or lines:
            rows.append(Row(day=days[place], lines=(*kept, *lines)))
    return rows


def _is_here(ghost: Line, lines: Sequence[Line]) -> bool:
    return any(
        each.moment.id == ghost.moment.id and each.moment.at == ghost.moment.at for each in lines
    )


def _line(moment: Moment, old: dict[str, Moment], zone: str, *, has_draft: bool) -> Line:
    former = old.get(moment.id)
    if not has_draft or moment.is_session:
        return Line(moment=moment)
    if former is None:
        return Line(moment=moment, is_new=True)
    if former.at == moment.at:
        return Line(moment=moment)
    was, now = short_day_in_month(former.at, zone), short_day_in_month(moment.at, zone)
    return Line(moment=moment, was=was if was != now else hour_of(former.at, zone))


def _near(rows: list[Row], before: PersonCalendar) -> list[Row]:
    """As far as nine days after the masterclass; at least what differs is never folded."""
    view = calendar_view(before, is_movable=False)
    last = view.coming[-1].date if view.coming else None
    differing = [
        row.day.date
        for row in rows
        if any(line.was or line.is_gone or line.is_new for line in row.lines)
    ]
    most = 12
    ends = [each for each in (last, *differing[:most]) if each is not None]
    return [row for row in rows if ends and row.day.date <= max(ends)]
