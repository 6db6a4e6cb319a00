"""What the shipped sequence promises, told a second time without the planner, and compared.

From the table of the product's own description: who gets which email, and when. Everything here
is plain arithmetic over local days and hours, so that a mistake of the planner's is not repeated.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import pairwise
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
MINUTE: Final = timedelta(minutes=1)

LETTERS: Final = (
    "tables-turned",
    "listening",
    "bias",
    "systems",
    "shift-one",
    "invitation-first",
    "shift-two",
    "shift-three",
    "mutual-learning",
    "long-work",
    "invitation-last",
)
_LETTERS_OPEN: Final = time(9)
_LETTERS_CLOSE: Final = time(17)
# A moment that the person or the machine makes (a press, a tick) is met to within this.
_PROMPTLY: Final = MINUTE


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One email that left; moments are aware, ``due_at`` and ``accepted_at`` in plan time."""

    id: UUID
    key: str
    due_at: datetime
    accepted_at: datetime

    @property
    def lateness(self) -> timedelta:
        """How long after its planned moment it was handed over."""
        return self.accepted_at - self.due_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One person of the headless demo.

    Attributes:
        word: "attended", "missed", or "" where nobody says anything.
        starts_at: Start of the session they hold a seat in, ``None`` without one.
        registered_at: When they pressed the button of the confirmation.
    """

    email: str
    name: str
    zone: ZoneInfo
    word: str
    starts_at: datetime | None
    ends_at: datetime | None
    registered_at: datetime

    def local(self, moment: datetime) -> datetime:
        """Return a moment as their clocks show it."""
        return moment.astimezone(self.zone)

    def at(self, day: datetime, hour: time) -> datetime:
        """Return that local hour on the local day of ``day``."""
        return datetime.combine(self.local(day).date(), hour, self.zone)


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """A service email: when it must leave, and how much later it still may."""

    key: str
    moment: datetime
    grace: timedelta


def promises(story: Story) -> list[Promise]:
    """Return the service emails of one person, with their moments; none without a session."""
    start, end = story.starts_at, story.ends_at
    if start is None or end is None:
        return []
    found = [
        Promise(key="your-seat", moment=story.registered_at, grace=20 * HOUR),
        Promise(key="tomorrow", moment=start - DAY, grace=2 * HOUR),
        Promise(key="one-hour", moment=start - HOUR, grace=30 * MINUTE),
        Promise(key="doors-open", moment=start - 10 * MINUTE, grace=10 * MINUTE),
        Promise(key="replay-ends", moment=end + 7 * DAY - DAY, grace=2 * HOUR),
    ]
    morning = story.at(start, time(8))
    if start - morning >= 3 * HOUR:
        found.append(Promise(key="today", moment=morning, grace=2 * HOUR))
    return sorted([*found, _afterwards(story, end)], key=lambda each: each.moment)


def _afterwards(story: Story, end: datetime) -> Promise:
    next_morning = story.at(story.local(end) + DAY, time(9))
    match story.word:
        case "attended":
            return Promise(key="thank-you", moment=end + 2 * HOUR, grace=20 * HOUR)
        case "missed":
            return Promise(key="missed", moment=next_morning, grace=20 * HOUR)
        case _:
            return Promise(key="replay-open", moment=next_morning, grace=20 * HOUR)


def letters(story: Story) -> list[str]:
    """Return the letters of one person in their order; nobody here reaches the goal."""
    return [key for key in LETTERS if key != "invitation-first" or story.word == "attended"]


def faults_of(story: Story, sent: Sequence[Sent]) -> list[str]:
    """Return everything that is wrong with what one person got, in sentences."""
    checks: tuple[Callable[[Story, Sequence[Sent]], Iterator[str]], ...] = (
        _missing_or_double,
        _service_moments,
        _letter_order,
        _letter_windows,
        _letter_days,
        _hand_over_order,
    )
    return [f"{story.name}: {fault}" for check in checks for fault in check(story, sent)]


def _missing_or_double(story: Story, sent: Sequence[Sent]) -> Iterator[str]:
    wanted = {each.key for each in promises(story)} | set(letters(story))
    counted = Counter(each.key for each in sent)
    for key in sorted(wanted - set(counted)):
        yield f'"{key}" is missing'
    for key in sorted(set(counted) - wanted):
        yield f'"{key}" was sent and is not for them'
    for key, times in sorted(counted.items()):
        if times > 1:
            yield f'"{key}" was sent {times} times'


def _service_moments(story: Story, sent: Sequence[Sent]) -> Iterator[str]:
    promised = {each.key: each for each in promises(story)}
    for each in sent:
        promise = promised.get(each.key)
        if promise is None:
            continue
        tolerance = _PROMPTLY if promise.key == "your-seat" else timedelta(0)
        if abs(each.due_at - promise.moment) > tolerance:
            yield (
                f'"{each.key}" was planned for {story.local(each.due_at)} '
                f"instead of {story.local(promise.moment)}"
            )
        if not promise.moment - tolerance <= each.accepted_at <= promise.moment + promise.grace:
            yield f'"{each.key}" left at {story.local(each.accepted_at)}, outside its window'
        if _is_reminder(each.key) and story.starts_at and each.accepted_at > story.starts_at:
            yield f'"{each.key}" left after the session had begun'


def _is_reminder(key: str) -> bool:
    return key in ("tomorrow", "today", "one-hour", "doors-open")


def _letter_order(story: Story, sent: Sequence[Sent]) -> Iterator[str]:
    order = letters(story)
    got = [each.key for each in _letters_of(sent)]
    if got != [key for key in order if key in got]:
        yield f"letters came out of order: {', '.join(got)}"


def _letter_windows(story: Story, sent: Sequence[Sent]) -> Iterator[str]:
    for each in _letters_of(sent):
        local = story.local(each.accepted_at)
        if not _LETTERS_OPEN <= local.time() < _LETTERS_CLOSE or local.weekday() > 4:
            yield f'the letter "{each.key}" left at {local:%A %H:%M}, outside its window'
        if story.local(each.due_at).time() != _LETTERS_OPEN:
            yield f'the letter "{each.key}" was planned for {story.local(each.due_at):%H:%M}'
        if _is_session_day(story, local):
            yield f'the letter "{each.key}" left on the session\'s day or the day after it'


def _letter_days(story: Story, sent: Sequence[Sent]) -> Iterator[str]:
    days = [story.local(each.accepted_at).date() for each in _letters_of(sent)]
    for earlier, later in pairwise(days):
        if later == earlier:
            yield f"two letters left on {later}"
        elif later - earlier < 2 * DAY:
            yield f"letters left on {earlier} and {later}, less than two days apart"
    if days and days[0] <= story.local(story.registered_at).date():
        yield f"the first letter left on {days[0]}, before the day after the sign-up"


def _is_session_day(story: Story, local: datetime) -> bool:
    if story.starts_at is None or story.ends_at is None:
        return False
    first = story.local(story.starts_at).date()
    last = story.local(story.ends_at).date() + DAY
    return first <= local.date() <= last


def _hand_over_order(_: Story, sent: Sequence[Sent]) -> Iterator[str]:
    ordered = sorted(sent, key=lambda each: each.accepted_at)
    for earlier, later in pairwise(ordered):
        # The same moment for two emails is no order; a retry is none of the headless demo's.
        if later.due_at < earlier.due_at and later.due_at + _PROMPTLY < earlier.accepted_at:
            yield f'"{later.key}" left after "{earlier.key}", though it was due before'
    for each in sent:
        if each.accepted_at < each.due_at:
            yield f'"{each.key}" left before its moment'


def _letters_of(sent: Sequence[Sent]) -> list[Sent]:
    return sorted((each for each in sent if each.key in LETTERS), key=lambda each: each.accepted_at)


def percentile(values: Sequence[timedelta], share: float) -> timedelta:
    """Return the smallest value that at least ``share`` (0 to 1) of the values do not exceed."""
    ordered = sorted(values)
    if not ordered:
        return timedelta(0)
    rank = max(1, -(-len(ordered) * share // 1))
    return ordered[int(rank) - 1]
