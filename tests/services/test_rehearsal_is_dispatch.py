"""A rehearsal says what dispatch then does: same people, same script, real services and rows."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

import funnel
from funnel.domain.rehearsal import (
    Act,
    ActKind,
    RehearsedPerson,
    RehearsedWorld,
    SessionAct,
    SessionActKind,
)
from funnel.domain.rehearsal_cast import made_up
from funnel.domain.rehearsal_walk import rehearse_person
from funnel.domain.rehearsal_world import build_world, with_made_up
from funnel.domain.sequence import Anchor, AnchorKind, SequenceDefinition, Timing
from funnel.domain.sequence_file import parse_sequence
from tests.domain.definitions import definitions
from tests.fixtures.living import Told, in_seconds, make_lived
from tests.fixtures.world import World

SHIPPED = Path(funnel.__file__).parent / "templates" / "sequences" / "disruption-masterclass.yaml"
DEFAULT = parse_sequence(SHIPPED.read_text("utf-8"), file_name=SHIPPED.name)
STARTS = datetime(2031, 3, 4, 9, tzinfo=UTC)
ZONES = (
    *("Europe/Berlin", "America/New_York", "Pacific/Auckland", "Pacific/Kiritimati"),
    *("Asia/Kathmandu", "America/St_Johns", "Pacific/Apia", "UTC"),
)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
EMPTY = """
    do $$ begin
        execute (select 'truncate ' || string_agg(quote_ident(tablename), ', ') from pg_tables
                 where schemaname = 'public' and tablename not in ('clock', 'alembic_version'));
    end $$
"""


def at(moment: datetime) -> Timing:
    return Timing(anchor=Anchor(kind=AnchorKind.FIXED, fixed_at=moment))


def rehearsed(person: RehearsedPerson, world: RehearsedWorld) -> list[Told]:
    life = rehearse_person(person, world)
    return sorted(
        Told(
            run=email.run,
            key=email.key,
            copy=email.copy,
            status=email.status.value,
            moment=in_seconds(email.moment),
            reason=email.reason,
        )
        for email in life.emails
    )


def check(world: World, people: list[RehearsedPerson], around: RehearsedWorld) -> None:
    lived = make_lived(world, around)
    lived.live(people)
    for person in people:
        said, done = rehearsed(person, around), lived.told(person)
        only_said = [each for each in said if each not in done]
        only_done = [each for each in done if each not in said]
        difference = [
            *(f"said {each}" for each in only_said),
            *(f"done {each}" for each in only_done),
        ]
        assert not difference, "\n".join([*difference, str(person.script), *lived.failures])
        assert len(said) == len(done)


def random_person(random: Random, number: int, world: RehearsedWorld) -> RehearsedPerson:
    """Somebody with up to five things that happen, at whole minutes that no email has."""
    first = world.sessions[0].starts_at
    signs_up = STARTS + random.randrange(0, 9 * 24 * 60) * MINUTE + timedelta(seconds=17)
    session = random.choice([1, 1, 1, 2, None])
    script = []
    for _ in range(random.randrange(0, 6)):
        moment = signs_up + random.randrange(30, 40 * 24 * 60) * MINUTE
        kind = random.choice(list(ActKind))
        if kind in (ActKind.ATTENDED, ActKind.MISSED, ActKind.WATCHED):
            moment = first + random.randrange(1, 5 * 24 * 60) * MINUTE + timedelta(seconds=29)
        script.append(
            Act(
                kind=kind,
                when=at(moment),
                run=random.choice([1, 1, 1, 2]),
                session=random.choice([1, 2, 3]),
                days=random.choice([7, 14]),
                name=random.choice(["", "call", "guest"]),
            )
        )
    person = made_up(f"Person {number}", random.choice(ZONES), *script)
    return replace(
        person,
        signs_up=at(signs_up),
        session=session,
        fields=random.choice([{}, {"company": "City"}]),
        wants_letters=session is None or random.random() < 0.9,
        presses_after=random.choice([5 * MINUTE, 5 * MINUTE, timedelta(hours=9)]),
    )


def random_world(random: Random, version: SequenceDefinition) -> RehearsedWorld:
    dates = with_made_up((), "A date", STARTS - random.randrange(0, 2) * 7 * DAY)
    acts = []
    for date in dates:
        kind = random.choice([None, *SessionActKind])
        after = random.randrange(1, 3 * 24 * 60) * MINUTE + timedelta(seconds=41)
        if kind is SessionActKind.CLOSES:
            acts.append(SessionAct(kind=kind, session_id=date.id, at=date.ends_at + after))
        elif kind in (SessionActKind.MOVES, SessionActKind.CANCELS):
            # Some of these the services refuse: into the past, onto the next date, begun.
            moved = date.starts_at + random.choice([-5, -1, 0, 1, 2, 28]) * DAY
            early = random.choice([DAY, DAY, DAY, -2 * DAY, -4 * DAY])
            moment = date.starts_at - early - after
            acts.append(SessionAct(kind=kind, session_id=date.id, at=moment, starts_at=moved))
    return replace(
        build_world(version, dates, STARTS, days=400, acts=acts),
        latency=random.choice([timedelta(0), timedelta(seconds=1)]),
    )


@pytest.mark.parametrize("number", range(6))
def test_what_is_rehearsed_of_the_shipped_sequence_comes_true(bare_world, number):
    random = Random(number)  # noqa: S311  (dice, not secrets)
    around = random_world(random, DEFAULT)
    people = [random_person(random, each, around) for each in range(4)]
    check(bare_world, people, around)


@pytest.mark.parametrize("number", range(8))
def test_what_is_rehearsed_of_any_sequence_comes_true(bare_world, number):
    @seed(number)
    @settings(
        max_examples=3,
        database=None,
        deadline=None,
        phases=(Phase.generate,),
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.nested_given],
    )
    @given(version=definitions(), dice=st.integers(0, 100_000))
    def lives(version: SequenceDefinition, dice: int) -> None:
        bare_world.execute(EMPTY)
        random = Random(dice)  # noqa: S311  (dice, not secrets)
        around = random_world(random, version)
        people = [random_person(random, each, around) for each in range(2)]
        check(World(url=bare_world.url, transactions=bare_world.transactions), people, around)

    lives()
