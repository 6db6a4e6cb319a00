"""The dates that a rehearsal plays around, real or made up, and what the host does with them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid5

from funnel.domain.rehearsal import RehearsedWorld, SessionAct, SessionActKind
from funnel.domain.rehearsal_cast import person_id
from funnel.domain.sequence import SequenceDefinition
from funnel.domain.session import Session
from funnel.domain.session_plan import announced_moment

MADE_UP_ZONE = "Europe/Berlin"
# Two dates let somebody change theirs, and somebody come back; a third is for the next dates.
FEWEST_DATES = 3
# A recording is rarely there when the room closes.
REPLAY_AFTER = timedelta(hours=2)
_THURSDAY = 3
# Who comes back after a date does so within a week of its end, and confirms.
_COMES_BACK = timedelta(days=8)
_LENGTH = timedelta(minutes=90)


def made_up_sessions(
    title: str, after: date, *, first_week: int = 3, number: int = FEWEST_DATES
) -> tuple[Session, ...]:
    """Return dates on Thursdays, 18:00 in Berlin, four weeks apart.

    Args:
        title: Of each of them.
        after: The first is on the Thursday of the week that begins ``first_week`` weeks later.
        first_week: Weeks from then to the first.
        number: How many.
    """
    monday = after - timedelta(days=after.weekday())
    first = monday + timedelta(weeks=first_week, days=_THURSDAY)
    return tuple(
        _made_up(title, first + timedelta(weeks=4 * each), each + 1) for each in range(number)
    )


def _made_up(title: str, day: date, number: int) -> Session:
    local = datetime(day.year, day.month, day.day, 18)  # noqa: DTZ001  (as announced, its zone next)
    starts_at = announced_moment(local, MADE_UP_ZONE)
    return Session(
        id=_session_id(number),
        title=title,
        starts_at=starts_at,
        ends_at=starts_at + _LENGTH,
        zone=MADE_UP_ZONE,
    )


def _session_id(number: int) -> UUID:
    return uuid5(person_id("a date"), str(number))


def with_made_up(
    sessions: Sequence[Session],
    title: str,
    starts_at: datetime,
    *,
    cast_lead: timedelta | None = None,
) -> tuple[Session, ...]:
    """Return the dates that lie ahead, filled up with made-up ones; the real ones come first.

    Args:
        sessions: Real ones, past ones among them.
        title: Of the made-up ones.
        starts_at: When the rehearsal begins.
        cast_lead: Given, the made-up people find their two dates among them, see ``cast_dates``.
    """
    ahead = sorted(
        (each for each in sessions if each.starts_at > starts_at and each.cancelled_at is None),
        key=_start,
    )
    missing = FEWEST_DATES - len(ahead)
    if cast_lead is not None and cast_dates(ahead, starts_at, cast_lead) is None:
        # Those that are made up lie weeks apart: one is enough to come back to.
        has_first = any(each.starts_at >= starts_at + cast_lead for each in ahead)
        missing = max(missing, 1 if has_first else 2)
    if missing <= 0:
        return tuple(ahead)
    after = (ahead[-1].starts_at if ahead else starts_at).date()
    first_week = 4 if ahead else 3
    return (*ahead, *made_up_sessions(title, after, first_week=first_week, number=missing))


def cast_dates(
    dates: Sequence[Session], starts_at: datetime, lead: timedelta
) -> tuple[int, int] | None:
    """Return the numbers, from 1, of the dates around which the made-up people can do all they do.

    Args:
        dates: That lie ahead, in order.
        starts_at: When the rehearsal begins.
        lead: How long after that the first may begin: the last of them has signed up by then.

    Returns:
        The first that begins late enough, and the first to which they can come back after it;
        ``None`` where there are no two.
    """
    first = _number_after(dates, starts_at + lead)
    second = None if first is None else _number_after(dates, dates[first - 1].ends_at + _COMES_BACK)
    return None if first is None or second is None else (first, second)


def _number_after(dates: Sequence[Session], moment: datetime) -> int | None:
    return next((n for n, each in enumerate(dates, 1) if each.starts_at >= moment), None)


def is_made_up(session: Session) -> bool:
    """Whether this date is one that only the rehearsal knows."""
    return session.id in {_session_id(number) for number in range(1, FEWEST_DATES + 1)}


def build_world(
    version: SequenceDefinition,
    sessions: Sequence[Session],
    starts_at: datetime,
    *,
    days: int,
    acts: Sequence[SessionAct] = (),
) -> RehearsedWorld:
    """Return the world of a rehearsal; each date without a recording gets one after its end.

    Args:
        version: What is rehearsed.
        sessions: The dates, in order.
        starts_at: Aware, plan time.
        days: How far to look.
        acts: What the host does beyond that.
    """
    has_word = {act.session_id for act in acts if act.kind is SessionActKind.SHOWS_REPLAY}
    replays = [
        SessionAct(
            kind=SessionActKind.SHOWS_REPLAY, session_id=each.id, at=each.ends_at + REPLAY_AFTER
        )
        for each in sessions
        if not each.replay_url and each.id not in has_word
    ]
    return RehearsedWorld(
        version=version,
        # What a real date's host did already is known; what they will do is the rehearsal's.
        sessions=tuple(replace(each, closed_at=None) for each in sessions),
        starts_at=starts_at.astimezone(UTC),
        ends_at=starts_at.astimezone(UTC) + timedelta(days=days),
        acts=(*acts, *replays),
    )


def _start(session: Session) -> datetime:
    return session.starts_at
