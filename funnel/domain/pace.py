"""Whether a provider's hour carries what is to leave: a limit of n emails in any 60 minutes."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from funnel.domain.enrollment import Enrollment
from funnel.domain.rehearsal_text import moment_text
from funnel.domain.sequence import AnchorKind, SequenceDefinition, Step, StepKind
from funnel.domain.session import Session
from funnel.domain.speech import say
from funnel.domain.step_moments import step_due_at
from funnel.domain.timing_text import duration_text

HOUR = timedelta(hours=1)
# Later than this, a reminder does not do its work any more.
LEAVES_WITHIN = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """``number`` emails of one key that are planned for one moment (aware UTC).

    Attributes:
        is_timely: They do their work at their moment only, as reminders do; others take up the
            provider's hour as well, and may leave later.
    """

    key: str
    moment: datetime
    number: int = 1
    is_timely: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Jam:
    """Emails that the provider's limit makes late.

    Attributes:
        key: The email.
        moment: When the first of those that come late was planned (UTC).
        emails: How many of them are planned for that hour, on time or late.
        per_hour: The limit.
        within: In which time they should leave.
        last_at: When the last of them would leave (UTC).
    """

    key: str
    moment: datetime
    emails: int
    per_hour: int
    within: timedelta
    last_at: datetime


def find_jams(
    loads: Iterable[Load], per_hour: int, *, within: timedelta = LEAVES_WITHIN
) -> tuple[Jam, ...]:
    """Return what would leave later than ``within`` after its moment, by email and hour.

    Args:
        loads: Everything that leaves by this provider, in any order.
        per_hour: Emails that it takes in any 60 minutes; more it puts off or refuses.
        within: How much later than planned an email may leave.
    """
    planned = sorted(
        (load for load in loads if load.number > 0),
        # What is timely goes first, as dispatch has it.
        key=lambda load: (load.moment, not load.is_timely, load.key),
    )
    # A ring of the last ``per_hour`` departures: the next may leave an hour after the oldest.
    recent: list[datetime] = []
    oldest = 0
    late: dict[tuple[str, datetime], Jam] = {}
    for load in planned:
        for _ in range(load.number):
            leaves_at = load.moment
            if len(recent) < per_hour:
                recent.append(leaves_at)
            else:
                leaves_at = max(leaves_at, recent[oldest] + HOUR)
                recent[oldest] = leaves_at
                oldest = (oldest + 1) % per_hour
            if load.is_timely and leaves_at - load.moment > within:
                _note(late, load, leaves_at, per_hour, within)
    numbers = _by_hour(planned)
    return tuple(_counted(jam, numbers[key]) for key, jam in late.items())


def _note(
    late: dict[tuple[str, datetime], Jam],
    load: Load,
    leaves_at: datetime,
    per_hour: int,
    within: timedelta,
) -> None:
    key = _hour_of(load)
    first = late.get(key)
    late[key] = Jam(
        key=load.key,
        moment=first.moment if first else load.moment,
        emails=0,
        per_hour=per_hour,
        within=within,
        last_at=max(leaves_at, first.last_at) if first else leaves_at,
    )


def _counted(jam: Jam, emails: int) -> Jam:
    return Jam(
        key=jam.key,
        moment=jam.moment,
        emails=emails,
        per_hour=jam.per_hour,
        within=jam.within,
        last_at=jam.last_at,
    )


def _by_hour(planned: Iterable[Load]) -> Counter[tuple[str, datetime]]:
    numbers: Counter[tuple[str, datetime]] = Counter()
    for load in planned:
        numbers[_hour_of(load)] += load.number
    return numbers


def _hour_of(load: Load) -> tuple[str, datetime]:
    return load.key, load.moment.replace(minute=0, second=0, microsecond=0)


def jam_text(jam: Jam, zone: ZoneInfo, *, name: str) -> str:
    """Return the sentence about one jam, for a reader of that zone; ``name``: the email's."""
    leaves_at = f"{moment_text(jam.last_at, zone)} ({zone.key})"
    return say(
        "your provider's {per_hour} an hour cannot carry {emails} “{name}” "
        "emails within {within}: the last would leave at {leaves_at}",
        per_hour=f"{jam.per_hour:,}",
        emails=f"{jam.emails:,}",
        name=name,
        within=duration_text(jam.within),
        leaves_at=leaves_at,
    )


def is_timely(step: Step) -> bool:
    """Whether an email does its work before a session, or as it begins, only."""
    delay = step.timing.delay
    return (
        step.kind is StepKind.SERVICE
        and step.timing.anchor.kind is AnchorKind.SESSION_START
        and delay.days <= 0
        and delay.elapsed <= timedelta(0)
    )


def reminder_loads(
    version: SequenceDefinition, session: Session, zone: ZoneInfo, people: int, *, now: datetime
) -> Iterator[Load]:
    """Yield what people of one zone who hold a seat are still to get before it.

    Args:
        version: That their runs point to.
        session: The date.
        zone: Where these people are.
        people: How many they are.
        now: Aware, plan time; what was due before it has left.
    """
    for step in version.steps:
        if not is_timely(step):
            continue
        enrollment = Enrollment(enrolled_at=now, zone=zone)
        moment = step_due_at(step.timing, session.starts_at, enrollment)
        is_led = step.lead is None or moment + step.lead <= session.starts_at
        if moment > now and is_led:
            yield Load(key=step.key, moment=moment, number=people)
