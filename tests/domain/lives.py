"""Any life of any run: a person, the sequence, and what happens around them, as strategies."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from funnel.domain.enrollment import Enrollment, Facts
from funnel.domain.facts import FactKind
from funnel.domain.session import Attendance, Registration, Session
from tests.domain.simulate import (
    Event,
    Person,
    World,
    closing,
    consent,
    field_said,
    giving_up_seat,
    goal,
    happening,
    leaving_room,
    moving,
    pausing,
    replay_link,
    taking_seat,
    watching,
    word,
)
from tests.domain.stories import DEFAULT

ZONES = tuple(files("tzdata").joinpath("zones").read_text().split())
START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)

HAPPENS = (
    FactKind.CLICKED,
    FactKind.TAGGED,
    FactKind.UNTAGGED,
    FactKind.BOOKED,
    FactKind.BOOKING_CANCELLED,
    FactKind.BOUGHT,
    FactKind.REPLIED,
)
# No "explain" phase: it traces every line of the planner and takes minutes.
SLOW = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
)

hours = st.integers(0, 24).map(lambda number: number * HOUR)
DEFAULT_ONLY = st.just(DEFAULT)
moments = st.timedeltas(timedelta(0), timedelta(days=500)).map(lambda after: START + after)


@st.composite
def sessions(draw: st.DrawFn, after: datetime, number: int) -> Session:
    starts_at = after + draw(st.timedeltas(timedelta(0), timedelta(days=25)))
    ends_at = starts_at + draw(st.sampled_from([HOUR / 2, 1.5 * HOUR, 26 * HOUR]))
    return Session(
        id=UUID(int=number),
        title="A session",
        starts_at=starts_at,
        ends_at=ends_at,
        zone="UTC",
        replay_url=draw(st.sampled_from(["", "https://replay.example"])),
        replay_ends_at=draw(st.none() | st.just(ends_at + timedelta(days=2))),
    )


@st.composite
def events(draw: st.DrawFn, enrolled_at: datetime, seat: Session | None) -> tuple[Event, ...]:
    """Up to six things that happen; about a seat only while there is one."""

    def at(first: datetime = enrolled_at) -> datetime:
        return first + draw(st.timedeltas(timedelta(0), timedelta(days=12)))

    seated: list[Callable[[Session], Event]] = [
        lambda held: word(draw(st.sampled_from(Attendance)), at(held.starts_at)),
        lambda held: closing(at(held.ends_at)),
        lambda held: replay_link(at(held.ends_at)),
        lambda held: watching(at(held.ends_at)),
        lambda held: leaving_room(at(held.starts_at)),
    ]

    def happens() -> Event:
        kind = draw(st.sampled_from(HAPPENS))
        name, key = draw(st.sampled_from(["", "book", "notes"])), f"step-{draw(st.integers(0, 8))}"
        return happening(at(), kind, name=name, step_key=key if kind is FactKind.CLICKED else "")

    def pauses() -> Event:
        from_at = at()
        return pausing(from_at, from_at + draw(st.timedeltas(timedelta(0), timedelta(days=9))))

    anytime: list[Callable[[], Event]] = [
        happens,
        happens,
        pauses,
        lambda: field_said(at(), "company", "Ours"),
        lambda: goal(at()),
        lambda: consent(at(), wants_letters=draw(st.booleans())),
        lambda: consent(at(), wants_seat_emails=draw(st.booleans())),
    ]
    found: list[Event] = []
    if seat is None and draw(st.booleans()):
        taken_at = at()
        seat = draw(sessions(taken_at, 3))
        found.append(taking_seat(taken_at, seat))
    elif seat is not None and draw(st.booleans()):
        moved_at = enrolled_at + (seat.starts_at - enrolled_at) * draw(st.floats(0, 0.99))
        seat = draw(sessions(moved_at, draw(st.sampled_from([1, 2]))))
        found.append(moving(moved_at, seat))
    if seat is not None:
        found += [make(seat) for make in draw(st.lists(st.sampled_from(seated), max_size=3))]
    found += [make() for make in draw(st.lists(st.sampled_from(anytime), max_size=5))]
    if seat is not None and draw(st.integers(0, 9)) == 0:
        found.append(giving_up_seat(max(moment for moment, _ in found) if found else at()))
    return tuple(found)


@st.composite
def lives(draw: st.DrawFn, versions: st.SearchStrategy = DEFAULT_ONLY) -> tuple[Person, World]:
    enrolled_at = draw(moments)
    zone = ZoneInfo(draw(st.sampled_from(ZONES)))
    seat = draw(st.none() | sessions(enrolled_at, 1))
    first_days = st.integers(0, 40).map(
        lambda days: enrolled_at.astimezone(zone).date() + timedelta(days=days)
    )
    keys = [step.key for step in DEFAULT.steps]
    facts = Facts(
        registration=Registration(session=seat, registered_at=enrolled_at) if seat else None,
        had_letters=draw(
            st.dictionaries(st.sampled_from(keys), st.just(date(2025, 9, 14)), max_size=2)
        ),
    )
    version = replace(draw(versions), blackout_dates=draw(st.frozensets(first_days, max_size=3)))
    somebody = Person(
        enrollment=Enrollment(enrolled_at=enrolled_at, zone=zone),
        version=version,
        facts=facts,
        taken_days=draw(st.frozensets(first_days, max_size=4)),
    )
    outage_at = enrolled_at + draw(st.timedeltas(timedelta(0), timedelta(days=30)))
    outages = draw(st.sampled_from([(), ((outage_at, outage_at + draw(hours) * 4),)]))
    latency = draw(st.sampled_from([timedelta(0), timedelta(seconds=1), HOUR, 9 * HOUR]))
    happens = draw(events(enrolled_at, seat))
    return somebody, World(events=happens, outages=outages, latency=latency)
