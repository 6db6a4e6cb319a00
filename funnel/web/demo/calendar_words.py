"""What the demo's calendar says above the picture: what moving the masterclass does, to whom."""

from dataclasses import dataclass
from datetime import datetime

from funnel.domain.calendar import CalendarLine, LineState, PersonCalendar
from funnel.domain.sequence import StepKind
from funnel.domain.session import Session
from funnel.services.preview_move import MovePreview
from funnel.web.moments import day_of, hour_of, where_of

_NOTHING_TWICE = "Nobody gets anything twice for one date, and old join links work."
_PLAY = " Press “Play all”, above, and see the rest arrive."


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One sentence for the day, then what it means for people."""

    title: str
    text: str
    is_problem: bool = False


def resting(calendar: PersonCalendar, *, people: int) -> Verdict:
    """Return what stands there while nobody holds the masterclass."""
    session = calendar.session
    if session is None:
        return Verdict(
            title="No seat in a masterclass",
            text="So there is nothing to move; the letters come by themselves.",
        )
    title = _moment(session.starts_at, calendar)
    if session.starts_at <= calendar.now:
        return Verdict(title=title, text="It has begun, so it stays where it is.")
    return Verdict(
        title=title,
        text=f"{_holders(people)} Drag the masterclass to another day, or press it and use the "
        "arrow keys. Nothing is sent until you let go.",
    )


def ended(calendar: PersonCalendar) -> Verdict:
    """Return what stands there once the run is over."""
    session = calendar.session
    title = _moment(session.starts_at, calendar) if session else "All emails have come"
    return Verdict(title=title, text="These emails have ended; this is what came.")


def lifted(preview: MovePreview, starts_at: datetime) -> Verdict:
    """Return what letting go at ``starts_at`` would do."""
    before = preview.before
    if before.session is None or before.session.starts_at == starts_at:
        return Verdict(
            title=f"{_moment(starts_at, before)}, where it is",
            text="Take it to another day: the rest follows. Nothing is sent until you let go.",
        )
    if preview.after is None:
        return Verdict(
            title=f"Not {_moment(starts_at, before)}", text=preview.problem, is_problem=True
        )
    title = f"{_day(starts_at, before)}, instead of {_bare_day(before.session, before, starts_at)}"
    others = f"{_movers(preview.people)} {_changes(before, preview.after)}"
    return Verdict(title=title, text=f"{others.strip()} {_NOTHING_TWICE}")


def moved(calendar: PersonCalendar, former: datetime, *, people: int, is_told: bool) -> Verdict:
    """Return what has just happened; ``is_told``: the email about it has left."""
    session = calendar.session
    assert session is not None  # noqa: S101 # asked only of somebody whose session has moved
    you = "you" if people <= 1 else "each of you"
    told = f"has told {you}" if is_told else f"tells {you}, and arrives in a moment"
    return Verdict(
        title=f"Moved to {_day(session.starts_at, calendar)}"
        f", from {_bare_day(session, calendar, session.starts_at, at=former)}",
        text=f"{_followers(people)} One email {told}; the entry in your own calendar follows. "
        f"{_NOTHING_TWICE}{_PLAY if is_told else ''}",
    )


def not_moved(problem: str, starts_at: datetime, calendar: PersonCalendar) -> Verdict:
    """Return why a drop was refused."""
    return Verdict(title=f"Not {_moment(starts_at, calendar)}", text=problem, is_problem=True)


def _holders(people: int) -> str:
    return "You hold a seat." if people <= 1 else f"You and {_others(people)} hold a seat."


def _movers(people: int) -> str:
    if people <= 1:
        return "You move with it; one email tells you."
    return f"You and {_others(people)} move with it; one email tells each of you."


def _followers(people: int) -> str:
    return "You moved with it." if people <= 1 else f"You and {_others(people)} moved with it."


def _others(people: int) -> str:
    return "1 other" if people == 2 else f"{people - 1:,} others"


def _changes(before: PersonCalendar, after: PersonCalendar) -> str:
    """Return what happens to single emails: the skipped ones by name, the letters as a number."""
    old = {(line.key, line.copy): line for line in before.lines}
    skipped = [
        f"“{line.name}” is {line.why}."
        for line in after.lines
        if line.state is LineState.SKIPPED and _was_coming(old.get((line.key, line.copy)))
    ]
    letters = sum(_is_moved_letter(line, old.get((line.key, line.copy))) for line in after.lines)
    if letters:
        skipped.append(
            "1 letter takes another day." if letters == 1 else f"{letters} letters take other days."
        )
    return " ".join(skipped)


def _was_coming(line: CalendarLine | None) -> bool:
    return line is not None and line.is_ahead


def _is_moved_letter(line: CalendarLine, old: CalendarLine | None) -> bool:
    return line.kind is StepKind.LETTER and line.is_ahead and old is not None and old.at != line.at


def _moment(moment: datetime, calendar: PersonCalendar) -> str:
    return f"{_day(moment, calendar)}, {hour_of(moment, calendar.zone)} {where_of(calendar.zone)}"


def _day(moment: datetime, calendar: PersonCalendar) -> str:
    return day_of(moment, calendar.zone, calendar.now)


def _bare_day(
    session: Session, calendar: PersonCalendar, beside: datetime, *, at: datetime | None = None
) -> str:
    """Return "Tuesday 22", with its month or hour where the day beside it leaves that open."""
    moment = at or session.starts_at
    day, other = _day(moment, calendar), _day(beside, calendar)
    if day == other:
        return hour_of(moment, calendar.zone)
    same_month = day.split()[2:] == other.split()[2:]
    return " ".join(day.split()[:2]) if same_month else day
