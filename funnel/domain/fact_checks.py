"""Which words about people can be right, whoever says them."""

from datetime import datetime, timedelta
from typing import Final

from funnel.domain.errors import InvalidInputError
from funnel.domain.facts import FactKind
from funnel.domain.session import Session
from funnel.domain.speech import say

# Clocks of other systems are a little wrong; more than this is a mistake in the time zone.
_CLOCKS_DIFFER_BY: Final = timedelta(minutes=5)
_OLDEST: Final = timedelta(days=3 * 366)
# Platforms let people into the room before the start; who came only earlier tried the sound.
_COMES_EARLY_BY: Final = timedelta(minutes=30)

_AT_THE_SESSION = frozenset({FactKind.ATTENDED, FactKind.JOINED, FactKind.LEFT_ROOM})
_AFTER_THE_START = frozenset({FactKind.MISSED, FactKind.WATCHED})


def check_moment(at: datetime, now: datetime) -> None:
    """Raise unless something can have happened at ``at``; both aware, plan time.

    Raises:
        InvalidInputError: It lies in the future, or years ago; both are slips of a time zone or
            a unit.
    """
    if at > now + _CLOCKS_DIFFER_BY:
        raise InvalidInputError(
            say("{at} UTC lies in the future", at=f"{at:%Y-%m-%d %H:%M}"),
            field="at",
            remedy=say("Give the moment with its offset from UTC, as 2027-03-09T18:05+01:00."),
        )
    if at < now - _OLDEST:
        raise InvalidInputError(
            say("{at} is more than three years ago", at=f"{at:%Y-%m-%d}"),
            field="at",
            remedy=say("Give the moment as a date with its time, not as a number in another unit."),
        )


def check_about_session(kind: FactKind, session: Session, at: datetime) -> None:
    """Raise unless a word of this kind can be about this session.

    Raises:
        InvalidInputError: The session had not begun at ``at`` (aware, plan time).
    """
    begins_at = session.starts_at
    if kind in _AT_THE_SESSION:
        begins_at -= _COMES_EARLY_BY
    elif kind not in _AFTER_THE_START:
        return
    if at < begins_at:
        raise InvalidInputError(
            say("the session had not begun"),
            field="at",
            remedy=say("Name the session that it is about, or the moment at which it happened."),
        )
