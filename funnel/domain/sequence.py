"""An ordered list of steps: what a sequence version says, before anybody is in it."""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from funnel.domain.timing import Delay, SendWindow


class StepKind(StrEnum):
    LETTER = "letter"
    SERVICE = "service"


class AnchorKind(StrEnum):
    """What a step's time counts from."""

    ENROLLMENT = "enrollment"
    REGISTRATION = "registration"
    STEP = "step"
    SESSION_START = "session start"
    SESSION_END = "session end"
    REPLAY_END = "replay end"
    FIXED = "fixed"

    @property
    def needs_session(self) -> bool:
        """Whether somebody without a seat has no such anchor."""
        return self in {
            AnchorKind.REGISTRATION,
            AnchorKind.SESSION_START,
            AnchorKind.SESSION_END,
            AnchorKind.REPLAY_END,
        }

    @property
    def happens_first(self) -> bool:
        """Whether it has happened before anything counts from it: nothing can come before it."""
        return self in {AnchorKind.ENROLLMENT, AnchorKind.REGISTRATION, AnchorKind.STEP}


class ConditionKind(StrEnum):
    """What a step may ask before it leaves."""

    REGISTERED = "registered"
    ATTENDED = "attended"
    MISSED = "missed"
    ATTENDANCE_UNKNOWN = "attendance unknown"
    LEFT_BEFORE = "left before"
    STAYED_UNTIL = "stayed until"
    REPLAY_WATCHED = "replay watched"
    REPLAY_AVAILABLE = "replay available"
    CLICKED = "clicked"
    TAG = "tag"
    FIELD = "field"
    BOOKED = "booked"
    BOUGHT = "bought"
    REPLIED = "replied"
    GOAL_REACHED = "goal reached"


class RunPolicy(StrEnum):
    """When the same person may run through a sequence again."""

    ONCE = "once"
    ONCE_PER_SESSION = "once per session"
    AGAIN_AFTER_END = "again after the end"


class UnknownPolicy(StrEnum):
    """What becomes of a message whose outcome nobody knows."""

    HOLD = "hold"
    RESEND = "resend"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One thing to ask; ``is_negated`` turns "only if" into "skip if".

    Attributes:
        name: The link, tag, field, kind of booking or product; empty: any.
        value: What the field must say; empty: anything.
        step_key: The email in which the link was clicked; empty: any of this run.
        elapsed: For "left before" and "stayed until": time from the session's start.
        limit: Within which delay it must happen, counted from the email of ``step_key``, else
            from what the step's own timing counts from; ``None``: until the step's moment.
    """

    kind: ConditionKind
    is_negated: bool = False
    name: str = ""
    value: str = ""
    step_key: str = ""
    elapsed: timedelta = timedelta(0)
    limit: Delay | None = None


# What a sequence has for a goal if it says nothing: "booked a call".
DEFAULT_GOAL = (Condition(kind=ConditionKind.BOOKED),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """What the time counts from: ``step_key`` for a step, ``fixed_at`` for a fixed moment."""

    kind: AnchorKind
    step_key: str = ""
    fixed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """An anchor, how far from it, and at which local hour (``None``: the anchor's own)."""

    anchor: Anchor
    delay: Delay = field(default_factory=Delay)
    at: time | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """How long a step waits for the word that its conditions need, counted from its anchor.

    ``thank-you`` waits for attendance until the next morning; ``replay-open`` waits for a link at
    most 3 days. After that the step is skipped.
    """

    delay: Delay
    at: time | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One email of a sequence.

    Attributes:
        key: Stable for ever; rows, files and anchors name it.
        name: What people read instead of the key; empty: the key in words. It decides nothing.
        kind: A letter keeps to days and gives way; a service email comes when it must.
        timing: When, for somebody who has all that it counts from.
        without_session: When, for somebody without a seat; ``None``: not for them.
        window: Local weekdays and hours in which it may leave; letters always have one.
        grace: How long after its moment it may still leave; for a letter its window says.
        conditions: All must hold at its moment.
        wait: How long a condition may stay open after the moment; ``None``: not at all.
        lead: It must stand at least this long before its anchor, else it is skipped.
        apart_from: Steps that it must not follow within the given time, else it is skipped.
        one_of: Name of a group of which a person gets one per session.
        repeats_when_moved: Planned again, as the next copy, when the date changes.
    """

    key: str
    name: str = ""
    kind: StepKind
    timing: Timing
    without_session: Timing | None = None
    window: SendWindow | None = None
    grace: timedelta = timedelta(minutes=10)
    conditions: tuple[Condition, ...] = ()
    wait: Wait | None = None
    lead: timedelta | None = None
    apart_from: tuple[tuple[str, timedelta], ...] = ()
    one_of: str = ""
    repeats_when_moved: bool = False

    @property
    def known_as(self) -> str:
        """What people see of it: "The tables have turned"."""
        return self.name or key_in_words(self.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceDefinition:
    """What a published version says.

    Attributes:
        slug: Name in files and addresses.
        days_between_letters: Letters of one run stay this many days apart.
        blackout_dates: Local days on which no letter leaves.
        goal: What reaches the goal: any of these; a goal reported as such always does.
        exit_if: What ends the letters of a run: any of these. The emails of a seat go on.
        tracks_opens: Letters carry a picture that tells when they are opened; only evidence.
    """

    slug: str
    title: str
    brand: str
    steps: tuple[Step, ...]
    runs: RunPolicy = RunPolicy.ONCE_PER_SESSION
    on_unknown: UnknownPolicy = UnknownPolicy.HOLD
    days_between_letters: int = 2
    blackout_dates: frozenset[date] = frozenset()
    goal: tuple[Condition, ...] = DEFAULT_GOAL
    exit_if: tuple[Condition, ...] = ()
    tracks_opens: bool = False

    def step(self, key: str) -> Step:
        """Return the step of that key; ``KeyError`` where there is none."""
        for each in self.steps:
            if each.key == key:
                return each
        raise KeyError(key)

    def name_of(self, key: str) -> str:
        """Return what people see of an email; of one that is not in it, the key in words."""
        return next((each.known_as for each in self.steps if each.key == key), key_in_words(key))


def key_in_words(key: str) -> str:
    """Return a key as people read it: "Your seat"."""
    return key.replace("-", " ").capitalize()
