"""How a date is named on the studio's pages, and what it lacks."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from funnel.domain.session import Attendance, Session
from funnel.domain.speech import mark, say, say_many
from funnel.domain.timing import local_day
from funnel.services.read_date import DatePage
from funnel.storage.date_lines import DateLine
from funnel.web.moments import day_of, hour_of, iso, month_of, where_of

ATTENDANCE_WORDS: Final = {
    Attendance.ATTENDED: mark("came"),
    Attendance.MISSED: mark("missed it"),
    Attendance.UNKNOWN: mark("not known"),
}
_SOON: Final = timedelta(days=14)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownDate:
    """One date in words.

    Attributes:
        month: "September 2026", in the session's zone.
        day: "Tuesday 22 September".
        hours: "18:00 to 19:30 in Berlin".
        seats: "12 of 30 seats taken".
        state: "", or what it is: on now, called off, closed.
        lacks: What is missing, each a sentence.
        has: What is there: join link, replay.
    """

    id: str
    path: str
    title: str
    sequence: str
    month: str
    day: str
    hours: str
    iso: str
    seats: str
    state: str
    is_cancelled: bool
    lacks: tuple[str, ...]
    has: tuple[str, ...]
    rule: str


def shown_date(line: DateLine, now: datetime) -> ShownDate:
    """Return a date's words; ``now`` is plan time."""
    session = line.session
    return ShownDate(
        id=str(session.id),
        path=f"/studio/dates/{session.id}",
        title=session.title,
        sequence=line.sequence_title,
        month=month_of(session.starts_at, session.zone),
        day=day_of(session.starts_at, session.zone, now),
        hours=say(
            "{start} to {end} {where}",
            start=hour_of(session.starts_at, session.zone),
            end=hour_of(session.ends_at, session.zone),
            where=where_of(session.zone),
        ),
        iso=iso(session.starts_at),
        seats=seats_words(session, line.taken),
        state=_state(session, now),
        is_cancelled=session.cancelled_at is not None,
        lacks=tuple(_lacks(line, now)),
        has=tuple(_has(session)),
        rule=line.rule,
    )


def moment_words(moment: datetime, zone: str, now: datetime) -> str:
    """Return "Tuesday 22 September, 18:00 in Berlin"."""
    return say(
        "{day}, {hour} {where}",
        day=day_of(moment, zone, now),
        hour=hour_of(moment, zone),
        where=where_of(zone),
    )


def seats_words(session: Session, taken: int) -> str:
    """Return how many seats are taken, of how many."""
    if session.seats is None:
        return say_many("{count} seat taken", "{count} seats taken", taken)
    return say_many(
        "{taken} of {count} seat taken",
        "{taken} of {count} seats taken",
        session.seats,
        taken=f"{taken:,}",
    )


def people_words(people: int) -> str:
    """Return "42 people"."""
    return say_many("{count} person", "{count} people", people)


def _state(session: Session, now: datetime) -> str:
    if session.cancelled_at is not None:
        return say("called off")
    if session.starts_at <= now < session.ends_at:
        return say("on now")
    return say("closed") if session.closed_at is not None else ""


def _lacks(line: DateLine, now: datetime) -> list[str]:
    session = line.session
    if session.cancelled_at is not None:
        return []
    if session.ends_at > now:
        return [] if session.join_url else [_no_link(session, now)]
    lacks = []
    if session.closed_at is None and line.unknown:
        people = people_words(line.unknown)
        lacks.append(say("not known yet whether {people} came", people=people))
    if not session.replay_url and session.replay_closes_at > now:
        lacks.append(say("no replay link yet"))
    return lacks


def _no_link(session: Session, now: datetime) -> str:
    if session.starts_at - now > _SOON:
        return say("no join link yet")
    zone = ZoneInfo(session.zone)
    days = (local_day(session.starts_at, zone) - local_day(now, zone)).days
    if days <= 0:
        return say("no join link yet, and it is today")
    return say_many(
        "no join link yet, {count} day to go", "no join link yet, {count} days to go", days
    )


def _has(session: Session) -> list[str]:
    has = [say("join link")] if session.join_url else []
    return [*has, say("replay link")] if session.replay_url else has


def progress_words(page: DatePage) -> str:
    """Return how far the planning of a date's people is; "" where none is under way."""
    replan = page.replan
    if replan is None or replan.is_finished or not replan.total:
        return ""
    return say(
        "{done} of {total} people are planned anew; the rest follows by itself.",
        done=f"{min(replan.done, replan.total):,}",
        total=f"{replan.total:,}",
    )
