"""What is written down of a plan is what the whole plan says, whatever a run has come to."""

from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from funnel.domain.enrollment import LettersEnd, PassedStep
from funnel.domain.message import MessageStatus
from funnel.domain.outlook import Ahead
from funnel.domain.plan import Decision, Plan, PlannedStep, SkipReason
from funnel.domain.planner import outlook
from tests.domain.definitions import definitions
from tests.domain.lives import SLOW, lives
from tests.domain.simulate import Person, travel

COMING = {Decision.SEND, Decision.SKIP, Decision.WAIT}
SHIFTS = (timedelta(0), timedelta(0), timedelta(microseconds=1), timedelta(hours=1))


def is_wanted(line: PlannedStep, row: PassedStep | None, now: datetime) -> bool:
    """Whether somebody who writes the plan down at this moment may have to act on a line."""
    if row is not None:
        return row.status is MessageStatus.QUEUED
    if line.decision is Decision.WAIT:
        return True
    is_decided = line.decision in {Decision.SEND, Decision.SKIP}
    return is_decided and line.moment is not None and line.moment <= now


def check_same(person: Person, now: datetime) -> None:
    planned = person.plan(now)
    answer = outlook(person.enrollment, person.version, person.facts, person.taken_days, now)
    rows = {(each.key, each.copy): each for each in person.facts.passed}
    wanted = [
        each for each in planned.steps if is_wanted(each, rows.get((each.key, each.copy)), now)
    ]
    assert [each for each in wanted if each not in answer.lines] == []
    ahead = answer.ahead()
    assert [each for each in answer.lines if each not in planned.steps] == []
    assert len({(each.key, each.copy) for each in answer.lines}) == len(answer.lines)
    assert ahead.next_due_at == planned.next_due_at
    assert ahead.is_complete == planned.is_complete
    assert ahead.letter_days == planned.letter_days
    check_waiting(person, planned, ahead)


def check_waiting(person: Person, planned: Plan, ahead: Ahead) -> None:
    in_hand = {(each.key, each.copy) for each in person.facts.passed if not each.status.is_settled}
    coming = [
        each.decision
        for each in planned.steps
        if each.decision in COMING and (each.key, each.copy) not in in_hand
    ]
    assert ahead.waits_for_outcome == (not coming)
    assert ahead.waits_for_word == (Decision.WAIT in coming)


def disturbed(person: Person, random: Random) -> Person:
    """The same run as outages, people and other versions may leave it."""
    passed = tuple(disturbed_row(each, random) for each in person.facts.passed)
    ended = random.choice([None, None, None, LettersEnd.SUPERSEDED])
    facts = replace(
        person.facts,
        passed=passed,
        wants_letters=person.facts.wants_letters and random.random() < 0.9,
    )
    return replace(person, facts=facts, enrollment=replace(person.enrollment, letters_end=ended))


def disturbed_row(row: PassedStep, random: Random) -> PassedStep:
    if random.random() < 0.6:
        return row
    status = random.choice(list(MessageStatus))
    settled_at = row.moment + random.choice(SHIFTS) if status.is_settled else None
    return replace(
        row,
        status=status,
        moment=row.moment - random.choice(SHIFTS),
        settled_at=settled_at,
        skip=random.choice(list(SkipReason)) if status is MessageStatus.SKIPPED else None,
        was_removed=status is MessageStatus.CANCELLED and random.random() < 0.5,
    )


def check_on_the_way(life, random: Random, later: timedelta, *, most: int) -> None:
    stops = list(travel(*life))
    for now, person in random.sample(stops, min(most, len(stops))):
        for at in (now, now + later):
            check_same(person, at)
            check_same(disturbed(person, random), at)


laters = st.timedeltas(timedelta(0), timedelta(days=20))


@settings(SLOW, max_examples=60)
@given(lives(definitions()), st.randoms(use_true_random=False), laters)
def test_of_any_sequence_the_outlook_is_that_of_the_whole_plan(life, random, later):
    check_on_the_way(life, random, later, most=4)


@settings(SLOW, max_examples=25)
@given(lives(), st.randoms(use_true_random=False), laters)
def test_of_the_default_sequence_the_outlook_is_that_of_the_whole_plan(life, random, later):
    check_on_the_way(life, random, later, most=4)


@settings(SLOW, max_examples=40)
@given(lives(definitions()), definitions(), st.randoms(use_true_random=False))
def test_for_a_run_that_another_version_serves_as_well(life, version, random):
    stops = list(travel(*life))
    for now, person in random.sample(stops, min(3, len(stops))):
        check_same(disturbed(replace(person, version=version), random), now)
