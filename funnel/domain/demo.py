"""How the demo plays: what its clock may do next, decided from one look at the rows.

The clock runs 1:1 until somebody names a goal; then empty time is skipped, moment by moment,
until the goal is reached. Pure: the same scene always gives the same move.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from funnel.domain.speech import mark

# An email that has just left is looked at before the next one comes.
BREATH = timedelta(seconds=1)


class DemoGoal(StrEnum):
    """What the demo plays towards."""

    NONE = "none"
    NEXT = "next"  # until one more email has left
    SESSION = "session"  # until the session begins
    ALL = "all"  # to the end, waiting where a person has to do something


class Hold(StrEnum):
    """Why time is not skipped although a goal stands; the words are said to whoever watches."""

    PAUSED = mark("Time stands still.")
    BUSY = mark("An email is on its way.")
    SENDING_PAUSED = mark("Sending is paused: nothing leaves until it is resumed.")
    BREATH = mark("An email has just left.")
    SIGNUP_PENDING = mark("Waiting for the button in the confirmation email in the inbox.")
    WORD_AWAITED = mark("The session is over: say whether you came, or press on.")
    NOTHING_AHEAD = mark("Nothing lies ahead: everybody is through, or nobody has signed up.")


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoScene:
    """One look at the rows. All moments are aware, in plan time.

    Attributes:
        goal_at: With ``NEXT`` and ``ALL`` the moment at which somebody pressed it (or pressed
            on), with ``SESSION`` the session's start.
        is_busy: Something is due or in flight; a message that waits for a retry is in flight.
        is_sending_paused: The emergency brake is on.
        last_left_at: When the latest email was handed over.
        next_timer_at: The earliest moment at which something will be due.
        is_signup_pending: Somebody has not pressed the button of their confirmation yet, which
            has left or is about to; nobody waits for a button in an email that does not exist.
        word_awaited_since: End of the latest session, already over, of whose seat holders
            nobody has said whether they came; one word is enough.
        next_end_at: End of the next session in which somebody holds a seat.
    """

    now: datetime
    goal: DemoGoal
    goal_at: datetime | None
    is_frozen: bool
    is_busy: bool
    is_sending_paused: bool
    last_left_at: datetime | None
    next_timer_at: datetime | None
    is_signup_pending: bool
    word_awaited_since: datetime | None
    next_end_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoMove:
    """What the clock does: skip to a moment, hold for a reason, or have reached the goal."""

    skip_to: datetime | None = None
    hold: Hold | None = None
    is_reached: bool = False


def next_move(scene: DemoScene) -> DemoMove:
    """Return what the demo's clock does now to come nearer to its goal."""
    if scene.goal is DemoGoal.NONE or _is_reached(scene):
        return DemoMove(is_reached=True)
    hold = why_not_skip(scene) or _what_a_person_does(scene)
    if hold is not None:
        return DemoMove(hold=hold)
    ahead = [each for each in _stops(scene) if each is not None]
    if not ahead:
        return DemoMove(hold=Hold.NOTHING_AHEAD, is_reached=True)
    return DemoMove(skip_to=max(min(ahead), scene.now))


def why_not_skip(scene: DemoScene) -> Hold | None:
    """Return what forbids moving the clock at all, whatever the goal; ``None`` if nothing does."""
    if scene.is_frozen:
        return Hold.PAUSED
    if scene.is_busy:
        return Hold.SENDING_PAUSED if scene.is_sending_paused else Hold.BUSY
    return None


def _is_reached(scene: DemoScene) -> bool:
    if scene.goal_at is None:
        return scene.goal is not DemoGoal.ALL
    if scene.goal is DemoGoal.NEXT:
        return scene.last_left_at is not None and scene.last_left_at > scene.goal_at
    return scene.goal is DemoGoal.SESSION and scene.now >= scene.goal_at


def _what_a_person_does(scene: DemoScene) -> Hold | None:
    if scene.goal is DemoGoal.NEXT:
        return None  # who asks for one more email gets it, whatever it is
    if scene.goal is DemoGoal.ALL and scene.is_signup_pending:
        return Hold.SIGNUP_PENDING
    if scene.goal is DemoGoal.ALL and _is_word_awaited(scene):
        return Hold.WORD_AWAITED
    if scene.last_left_at is not None and scene.now - scene.last_left_at < BREATH:
        return Hold.BREATH
    return None


def _is_word_awaited(scene: DemoScene) -> bool:
    since = scene.word_awaited_since
    return since is not None and (scene.goal_at is None or since > scene.goal_at)


def _stops(scene: DemoScene) -> list[datetime | None]:
    match scene.goal:
        case DemoGoal.SESSION:
            return [scene.next_timer_at, scene.goal_at]
        case DemoGoal.ALL:
            return [scene.next_timer_at, scene.next_end_at]
        case _:
            return [scene.next_timer_at]


@dataclass(frozen=True, slots=True, kw_only=True)
class Player:
    """Somebody who tries the demo out, and their newest run; ``name`` may be empty."""

    run_id: UUID
    name: str
    address: str
