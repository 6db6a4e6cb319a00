"""Whatever happens to somebody, in whatever zone: the run ends, and every rule held on the way."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from random import Random
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from funnel.domain.enrollment import Enrollment, Facts
from funnel.domain.facts import FactKind
from funnel.domain.message import MessageStatus
from funnel.domain.planner import Decision, PlannedStep, SkipReason
from funnel.domain.session import Attendance, Registration, Session
from tests.domain import planner_checks as checks
from tests.domain.definitions import definitions
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
    travel,
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


def check_life(somebody: Person, world: World) -> None:
    settled: set[tuple[str, int]] = set()
    last = somebody
    for now, last in travel(somebody, world):
        for row in last.facts.passed:
            if row.status is MessageStatus.ACCEPTED and (row.key, row.copy) not in settled:
                checks.check_hand_over(last, row)
                settled.add((row.key, row.copy))
        planned = last.plan(now)
        checks.check_plan(last, planned, now)
        assert last.next_due_at(now) == planned.next_due_at
    checks.check_run(last.version, last)


# No "explain" phase: it traces every line of the planner and takes minutes.
SLOW = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
)


@settings(SLOW, max_examples=50)
@given(lives())
def test_every_life_in_the_default_sequence_ends_and_keeps_every_rule(life):
    check_life(*life)


@settings(SLOW, max_examples=100)
@given(lives(definitions()))
def test_every_life_in_any_sequence_ends_and_keeps_every_rule(life):
    check_life(*life)


def in_another_order(person: Person, random: Random) -> Person:
    """The same facts, as they are read when they came in another order."""
    facts = person.facts
    passed = random.sample(facts.passed, len(facts.passed))
    happened = random.sample(facts.happened, len(facts.happened))
    return replace(person, facts=replace(facts, passed=tuple(passed), happened=tuple(happened)))


@settings(SLOW, max_examples=40)
@given(lives(definitions()), st.randoms(), st.timedeltas(timedelta(0), timedelta(days=20)))
def test_any_order_of_facts_gives_one_plan_and_the_short_form_agrees(life, random, later):
    stops = list(travel(*life))
    for now, person in random.sample(stops, min(3, len(stops))):
        for at in (now, now + later):
            planned = person.plan(at)
            assert in_another_order(person, random).plan(at) == planned
            assert person.next_due_at(at) == planned.next_due_at


def check_comes_true(somebody: Person, world: World) -> None:
    """What the calendar shows once all is known is what happens, if nothing else happens."""
    last_event = max((at for at, _ in world.events), default=somebody.enrollment.enrolled_at)
    shown: dict[tuple[str, int], PlannedStep] = {}
    for now, person in travel(somebody, World(events=world.events, latency=timedelta(0))):
        planned = person.plan(now)
        is_settled = not any(line.is_open for line in planned.steps)
        is_quiet = planned.next_due_at is None or planned.next_due_at > now
        is_quiet &= all(row.status.is_settled for row in person.facts.passed)
        if now >= last_event and is_settled and is_quiet and not shown:
            shown = {(line.key, line.copy): line for line in planned.steps}
    rows = {(row.key, row.copy): row for row in person.facts.passed}
    for place, line in shown.items():
        if line.decision is Decision.SEND:
            assert rows[place].status is MessageStatus.ACCEPTED
        if line.decision in {Decision.SEND, Decision.SKIP}:
            assert rows[place].moment == line.moment
            # Given up for its counterpart while a word was open: that word may be the reason then.
            assert rows[place].skip is line.skip or line.skip is SkipReason.ONE_OF


@settings(SLOW, max_examples=30)
@given(lives())
def test_the_calendar_of_the_default_sequence_comes_true(life):
    check_comes_true(*life)


@settings(SLOW, max_examples=40)
@given(lives(definitions()))
def test_the_calendar_of_any_sequence_comes_true(life):
    check_comes_true(*life)


@settings(SLOW, max_examples=40)
@given(lives(), st.lists(st.integers(0, 60), min_size=3, max_size=3), st.randoms())
def test_a_plan_is_a_function_of_its_facts_and_only_moves_forward(life, later, random):
    somebody, world = life
    stops = list(travel(somebody, world))
    for now, person in random.sample(stops, min(4, len(stops))):
        planned = person.plan(now)
        assert in_another_order(person, random).plan(now) == planned
        checks.check_quiet(person, planned, now)
        before, at = planned, now
        for hours_later in later:
            at += hours_later * HOUR
            after = person.plan(at)
            checks.check_monotone(before, after, at)
            before = after
