"""Whatever happens to somebody, in whatever zone: the run ends, and every rule held on the way."""

from dataclasses import replace
from datetime import timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from funnel.domain.message import MessageStatus
from funnel.domain.planner import Decision, PlannedStep, SkipReason
from tests.domain import planner_checks as checks
from tests.domain.definitions import definitions
from tests.domain.lives import HOUR, SLOW, lives
from tests.domain.simulate import Person, World, travel


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
