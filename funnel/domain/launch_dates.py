"""The dates of a launch that is held again: whole days later, at the same hours on the clock."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

from funnel.domain.errors import InvalidInputError
from funnel.domain.session import Session
from funnel.domain.speech import say, say_many

_A_LAUNCH = timedelta(days=45)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """Every date so many days later (or earlier, below 0), at the same hour there."""

    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstStart:
    """The first date begins then (aware); the others as many days later as they were after it."""

    at: datetime


def dates_of_launch(dates: Sequence[Session], now: datetime) -> tuple[Session, ...]:
    """Return the dates that belong to the launch of now: those ahead, else the latest ones.

    Args:
        dates: Every date of a sequence, in any order; those that were called off are left out.
        now: Aware, plan time.
    """
    held = sorted(
        (each for each in dates if each.cancelled_at is None), key=lambda each: each.starts_at
    )
    ahead = [each for each in held if each.starts_at > now]
    if ahead or not held:
        return tuple(ahead)
    latest = held[-1].starts_at
    return tuple(each for each in held if latest - each.starts_at <= _A_LAUNCH)


def days_between(first: Session, dates: Shift | FirstStart) -> int:
    """Return by how many days the dates move, by the calendar of the first date's zone."""
    if isinstance(dates, Shift):
        return dates.days
    zone = ZoneInfo(first.zone)
    return (dates.at.astimezone(zone).date() - first.starts_at.astimezone(zone).date()).days


def shifted_dates(
    launch: Sequence[Session], dates: Shift | FirstStart, now: datetime
) -> tuple[Session, ...]:
    """Return the dates of a launch for the next one: new ids, no room, no replay yet.

    Args:
        launch: The dates as they were, the first one first.
        dates: Where they go.
        now: Aware, plan time.

    Raises:
        InvalidInputError: One of them would be in the past.
    """
    if not launch:
        return ()
    days = days_between(launch[0], dates)
    found = [_shifted(each, days) for each in launch]
    if isinstance(dates, FirstStart):
        found[0] = _begun_at(found[0], dates.at)
    early = [each for each in found if each.starts_at <= now]
    if early:
        missing = (now - early[0].starts_at).days + 1
        raise InvalidInputError(
            say("A date would be in the past"),
            field="dates",
            remedy=say_many(
                "Move them {count} day later, or more.",
                "Move them {count} days later, or more.",
                missing,
            ),
        )
    return tuple(found)


def shifted_moment(moment: datetime, days: int, zone: str) -> datetime:
    """Return a moment so many days later at the same hour of the clocks in ``zone``.

    An hour that a change of the clocks leaves out becomes the moment after the gap, one that comes
    twice is meant the first time (PEP 495).
    """
    known = ZoneInfo(zone)
    local = moment.astimezone(known).replace(tzinfo=None) + timedelta(days=days)
    utc = ZoneInfo("UTC")
    return local.replace(tzinfo=known).astimezone(utc)


def _shifted(session: Session, days: int) -> Session:
    starts_at = shifted_moment(session.starts_at, days, session.zone)
    return _begun_at(session, starts_at)


def _begun_at(session: Session, starts_at: datetime) -> Session:
    # Neither the room nor the replay is the old one's; people must not be sent there.
    return replace(
        session,
        id=uuid4(),
        starts_at=starts_at,
        ends_at=starts_at + (session.ends_at - session.starts_at),
        join_url="",
        replay_url="",
        replay_known_at=None,
        replay_ends_at=None,
        closed_at=None,
        cancelled_at=None,
    )
