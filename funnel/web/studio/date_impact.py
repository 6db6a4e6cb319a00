"""What the page of a move says: the new day, what happens to whom, and what to think of first."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from funnel.domain.speech import say, say_many
from funnel.services.preview_session_move import SessionMovePreview
from funnel.services.read_date import DatePage
from funnel.web.moments import day_in_month, day_of, hour_of, month_of
from funnel.web.studio.date_words import moment_words, people_words, progress_words

__all__ = ["Impact", "Verdict", "fixed", "impact", "lifted", "moved", "progress_words", "resting"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One sentence for the day, then what it means for people."""

    title: str
    text: str
    is_problem: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """What letting go would do, line by line, and what speaks against it."""

    does: tuple[str, ...]
    warnings: tuple[str, ...]


def resting(page: DatePage) -> Verdict:
    """Return what stands there while nobody holds the date."""
    return Verdict(
        title=_moment(page.session.starts_at, page),
        text=say(
            "{holders} Drag the masterclass to another day, or press it and use the arrow keys. "
            "Nothing is sent until you let go.",
            holders=_holders(page.line.taken),
        ),
    )


def fixed(page: DatePage) -> Verdict:
    """Return why a date stays where it is."""
    if page.session.cancelled_at is not None:
        text = say("It was called off. Add a date for another day.")
    else:
        text = say("It has begun, so it stays where it is.")
    return Verdict(title=_moment(page.session.starts_at, page), text=text)


def moved(page: DatePage, former: datetime) -> Verdict:
    """Return what was done."""
    people = page.line.taken
    return Verdict(
        title=say("Moved to {moment}", moment=_moment(page.session.starts_at, page)),
        text=say("It was {moment}. {told}", moment=_moment(former, page), told=_told(people)),
    )


def lifted(
    page: DatePage, to: datetime, found: SessionMovePreview | None, *, problem: str
) -> Verdict:
    """Return what letting go at ``to`` would do."""
    if problem or found is None:
        return Verdict(title=_moment(to, page), text=problem, is_problem=True)
    if to == page.session.starts_at:
        return Verdict(
            title=say("{moment}, where it is", moment=_moment(to, page)),
            text=_holders(page.line.taken),
        )
    title = say(
        "{moment}, instead of {former}",
        moment=_moment(to, page),
        former=_beside(page, to),
    )
    return Verdict(title=title, text=" ".join((_follow(found.people), *_emails(found))))


def impact(page: DatePage, found: SessionMovePreview) -> Impact:
    """Return the same line by line, with the names of the emails, and the warnings."""
    return Impact(does=tuple(_does(found)), warnings=tuple(_warnings(page, found)))


def way_back(page: DatePage) -> datetime | None:
    """Return when the date began before its last move, while it can be moved back there."""
    former = page.start_before
    if not page.is_movable or former is None or former == page.session.starts_at:
        return None
    return former if former > page.now else None


def day_words(moment: datetime, page: DatePage) -> str:
    """Return "Tuesday 22", as a button names it."""
    return day_in_month(moment, page.session.zone)


def typed(moment: datetime, zone: str) -> tuple[str, str]:
    """Return the day and the hour as the fields of a form hold them."""
    local = moment.astimezone(ZoneInfo(zone))
    return f"{local:%Y-%m-%d}", f"{local:%H:%M}"


def _does(found: SessionMovePreview) -> Iterator[str]:
    if found.people:
        yield say_many(
            "{count} email tells about the new date: one to each person.",
            "{count} emails tell about the new date: one to each person.",
            found.people,
        )
    else:
        yield say("Nobody holds a seat, so nobody is written to.")
    for key, people in found.moving.items():
        yield say(
            "“{name}” moves with it, for {people}.",
            name=found.names[key],
            people=people_words(people),
        )
    for key in found.perhaps:
        yield say("“{name}” moves with it, for those who are to get it.", name=found.names[key])
    for key, people in found.repeated.items():
        yield say(
            "“{name}” left for the date before, and comes again for the new one: {people}.",
            name=found.names.get(key, key),
            people=people_words(people),
        )
    for key, people in found.late.items():
        yield say(
            "“{name}” is skipped, for its time would be over: {people}.",
            name=found.names[key],
            people=people_words(people),
        )
    if found.people:
        yield say("Letters that would fall on the new day or the day after take another day.")
        yield say("Join links and calendar entries stay the same.")


def _warnings(page: DatePage, found: SessionMovePreview) -> Iterator[str]:
    if found.nights:
        yield say(
            "It would begin at night, between 22:00 and 07:00 their time, for {people}.",
            people=people_words(found.nights),
        )
    zone = page.session.zone
    for other in found.beside:
        yield say(
            "“{title}” is held on the same day, at {hour}.",
            title=other.title,
            hour=hour_of(other.starts_at, zone),
        )
    for jam in found.jams:
        yield f"{jam[:1].upper()}{jam[1:]}."


def _emails(found: SessionMovePreview) -> Iterator[str]:
    moving, late = sum(found.moving.values()), sum(found.late.values())
    again = sum(found.repeated.values())
    if moving:
        yield say_many(
            "{count} email takes another moment.", "{count} emails take other moments.", moving
        )
    if again:
        yield say_many(
            "{count} that left before comes again.", "{count} that left before come again.", again
        )
    if late:
        yield say_many(
            "{count} is skipped: its time would be over.",
            "{count} are skipped: their time would be over.",
            late,
        )
    if found.people:
        yield say("Nobody gets anything twice for one date.")


def _holders(people: int) -> str:
    if not people:
        return say("Nobody holds a seat yet.")
    return say_many("{count} person holds a seat.", "{count} people hold a seat.", people)


def _follow(people: int) -> str:
    if not people:
        return say("Nobody holds a seat, so nobody is told.")
    return say_many(
        "{count} person moves with it; one email tells them.",
        "{count} people move with it; one email tells each of them.",
        people,
    )


def _told(people: int) -> str:
    if not people:
        return say("Nobody held a seat, so nobody is told.")
    return say_many(
        "{count} person moves with it and is told by one email.",
        "{count} people move with it and are told by one email each.",
        people,
    )


def _moment(moment: datetime, page: DatePage) -> str:
    return moment_words(moment, page.session.zone, page.now)


def _beside(page: DatePage, to: datetime) -> str:
    """Return the former day, or its hour where the day is the same."""
    former, zone = page.session.starts_at, page.session.zone
    day, other = (day_of(each, zone, page.now) for each in (former, to))
    if day == other:
        return hour_of(former, zone)
    is_same_month = month_of(former, zone) == month_of(to, zone)
    return day_in_month(former, zone) if is_same_month else day
