"""Made-up people: a named cast with a story each, and any number of others spread over zones.

Nothing is drawn by chance: the same names and numbers always give the same people.
"""

from dataclasses import replace
from datetime import timedelta
from uuid import NAMESPACE_DNS, UUID, uuid5
from zoneinfo import ZoneInfo

from funnel.domain.rehearsal import AT_ONCE, Act, ActKind, RehearsedPerson
from funnel.domain.sequence import SequenceDefinition, StepKind
from funnel.domain.timing import Delay
from funnel.domain.timing_text import read_timing

# Until then the last of them has signed up and confirmed: the date they choose may begin.
CAST_LEAD = timedelta(days=4)
SAMPLE_LEAD = timedelta(days=15)

_PEOPLE = uuid5(NAMESPACE_DNS, "rehearsal.masterclass-funnel.invalid")
_TWO_WEEKS = 14 * 24 * 60  # minutes

# Zones of a sample: all round the earth, with and without summer time, and the odd quarter hour.
_ZONES = (
    *("Europe/Berlin", "America/New_York", "Pacific/Auckland", "Europe/London", "Asia/Tokyo"),
    *("America/Los_Angeles", "Asia/Kolkata", "America/Sao_Paulo", "Europe/Paris", "Africa/Lagos"),
    *("Australia/Sydney", "America/Chicago", "Asia/Kathmandu", "Europe/Madrid", "America/Denver"),
    *("Asia/Singapore", "Africa/Johannesburg", "Pacific/Kiritimati", "America/St_Johns"),
    *("Europe/Athens", "Pacific/Apia", "America/Santiago", "Australia/Lord_Howe", "UTC"),
)


class _Letters:
    """The letters of a sequence, from which a script counts."""

    def __init__(self, version: SequenceDefinition | None) -> None:
        steps = version.steps if version else ()
        self._knows_all = version is None
        self._keys = [each.key for each in steps if each.kind is StepKind.LETTER]

    def after(self, hours: str, key: str, number: int) -> str:
        """Return the timing after the letter ``key``; without one, after the letter ``number``."""
        if self._knows_all or key in self._keys:
            return f"{hours} after {key}"
        if number <= len(self._keys):
            return f"{hours} after {self._keys[number - 1]}"
        return f"{number} days after enrollment"


def person_id(name: str) -> UUID:
    """Return the same made-up id for a name at every rehearsal."""
    return uuid5(_PEOPLE, name)


def made_up(name: str, zone: str, *script: Act) -> RehearsedPerson:
    """Return somebody who signs up at the start for the first date and presses after 5 minutes.

    Args:
        name: Unique in a rehearsal; what stands before a bracket is their first name.
        zone: IANA name.
        script: What they do.
    """
    first_name = name.partition(" (")[0]
    return RehearsedPerson(
        name=name,
        id=person_id(name),
        zone=ZoneInfo(zone),
        email=f"{_local_part(name)}@example.org",
        first_name=first_name,
        script=script,
    )


def _local_part(name: str) -> str:
    plain = "".join(each if each.isascii() and each.isalnum() else "-" for each in name.lower())
    return "-".join(part for part in plain.split("-") if part) or "person"


def cast(
    version: SequenceDefinition | None = None, dates: tuple[int, int] = (1, 2)
) -> tuple[RehearsedPerson, ...]:
    """Return the twelve who are rehearsed by name, each for a rule that is easily broken.

    Args:
        version: Whose letters they count from; ``None``: those of the sequence that ships.
        dates: The numbers, from 1, of the date that they choose, and of the one to which some
            change or come back.
    """
    first, second = dates
    people = _stories(second, _Letters(version))
    return tuple(each if each.session is None else replace(each, session=first) for each in people)


def _stories(second: int, letters: "_Letters") -> tuple[RehearsedPerson, ...]:
    return (
        _in("Mia", "Pacific/Auckland", _act(ActKind.ATTENDED, "on session end")),
        # The clocks of New York change between their signup and the date.
        replace(
            _in("Jordan", "America/New_York"),
            signs_up=read_timing("2 days after enrollment, 09:40"),
        ),
        replace(
            _in("Noah", "Europe/London", _act(ActKind.ATTENDED, "on session end")),
            signs_up=read_timing("50 min before session start"),
            presses_after=timedelta(minutes=1),
        ),
        _in(
            "Ines",
            "Europe/Madrid",
            _act(ActKind.STOPS_LETTERS, letters.after("11 h", "listening", 2)),
        ),
        _in("Tom", "America/Chicago", _act(ActKind.MISSED, "2 h after session end")),
        _in(
            "Sofia",
            "America/Sao_Paulo",
            _act(ActKind.CHANGES_DATE, "20 h before session start", session=second),
        ),
        _in(
            "Emeka",
            "Africa/Lagos",
            _act(ActKind.ATTENDED, "on session end"),
            _act(ActKind.SIGNS_UP_AGAIN, "6 days after session end, 12:00", session=second),
            _act(ActKind.ATTENDED, "on session end", run=2),
        ),
        replace(_in("Yuki", "Asia/Tokyo"), session=None),
        _in("Sina", "Pacific/Apia", _act(ActKind.WATCHED, "2 days after session end, 20:00")),
        _in(
            "Lena",
            "Europe/Berlin",
            _act(ActKind.ATTENDED, "on session end"),
            _act(ActKind.BOOKED, "4 days after session end, 15:00", name="call"),
        ),
        _in("Ravi", "Asia/Kolkata", _act(ActKind.LEAVES, "1 day after session end, 21:00")),
        replace(
            _in(
                "Chloe",
                "Europe/Paris",
                _act(ActKind.PAUSES, letters.after("3 h", "bias", 3), days=14),
            ),
            presses_after=timedelta(hours=9),
        ),
    )


def sample(
    number: int,
    version: SequenceDefinition | None = None,
    dates: tuple[int, int] = (1, 2),
) -> tuple[RehearsedPerson, ...]:
    """Return ``number`` people who live the stories of the cast in zones all round the earth.

    They sign up over two weeks, each at a minute of their own; the rest as ``cast`` takes it.
    """
    stories = cast(version, dates)
    return tuple(_nth(index, stories) for index in range(number))


def _nth(index: int, stories: tuple[RehearsedPerson, ...]) -> RehearsedPerson:
    zone = _ZONES[index % len(_ZONES)]
    # Each full round of zones goes on by one story: every zone meets every story.
    story = stories[(index + index // len(_ZONES)) % len(stories)]
    place = zone.rpartition("/")[2].replace("_", " ")
    person = made_up(f"Person {index + 1} ({place})", zone)
    signs_up = story.signs_up
    if not signs_up.anchor.kind.needs_session:
        minutes = index * 617 % _TWO_WEEKS  # 617 is prime: days and hours mix
        signs_up = replace(AT_ONCE, delay=Delay(elapsed=timedelta(minutes=minutes)))
    return replace(
        story,
        name=person.name,
        id=person.id,
        zone=person.zone,
        email=person.email,
        first_name=person.first_name,
        signs_up=signs_up,
    )


def _in(first_name: str, zone: str, *script: Act) -> RehearsedPerson:
    place = zone.rpartition("/")[2].replace("_", " ")
    return made_up(f"{first_name} ({place})", zone, *script)


def _act(
    kind: ActKind,
    when: str,
    *,
    run: int = 1,
    session: int | None = None,
    days: int = 7,
    name: str = "",
) -> Act:
    return Act(kind=kind, when=read_timing(when), run=run, session=session, days=days, name=name)
