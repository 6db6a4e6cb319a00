"""Fifty people at different points of a sequence, a publish by each policy, and what they then get.

What the impact said beforehand is what happens.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from funnel.domain.impact import Change, StepChange
from funnel.domain.version_switch import PublishPolicy
from tests.fixtures.posting import Post, assert_balanced
from tests.fixtures.versions import (
    BETWEEN,
    FIRST,
    YOUR_SEAT,
    Desk,
    letter,
    reminder,
    with_steps,
)
from tests.fixtures.world import SHORT_SEQUENCE, TUESDAY_NOON, World

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
PEOPLE = 50
# A letter is put between two, the one after it comes a day later, and a reminder is replaced.
EDITED = with_steps(
    YOUR_SEAT,
    FIRST,
    BETWEEN,
    reminder("half-hour", before=HOUR / 2),
    letter("second", days=3, after="first"),
)
EVERYTHING = """
    select md5(concat(
        (select string_agg(m::text, '' order by id) from messages m),
        (select string_agg(e::text, '' order by id) from enrollments e),
        (select string_agg(v::text, '' order by id) from sequence_versions v),
        (select string_agg(r::text, '' order by id) from replans r),
        (select string_agg(a::text, '' order by id) from audit a)))
"""


def people_on_their_way(desk: Desk) -> list[UUID]:
    """Enroll some every day for a week, half with a seat, and send what is due meanwhile."""
    world = desk.post.world
    session = world.add_session(TUESDAY_NOON + 8 * DAY)
    runs = []
    for number in range(PEOPLE):
        desk.play_until(TUESDAY_NOON + number // 5 * 16 * HOUR)
        zone = ("Europe/Berlin", "America/New_York", "Pacific/Auckland")[number % 3]
        person = world.add_person(f"p{number}@example.org", zone=zone)
        runs.append(world.enroll(person, session if number % 2 else None))
    desk.play_until(TUESDAY_NOON + 7 * DAY)
    return runs


def accepted(world: World, run: UUID) -> dict[tuple[str | None, int], datetime]:
    rows = world.messages(run)
    return {(row.step_key, row.copy): row.due_at for row in rows if row.status == "accepted"}


def as_foretold(
    changes: Mapping[UUID, Sequence[StepChange]], run: UUID
) -> dict[tuple[str, int], datetime]:
    return {(each.key, each.copy): each.after for each in changes[run] if each.after is not None}


@pytest.mark.parametrize("policy", PublishPolicy)
def test_what_everybody_gets_is_what_the_impact_said(post: Post, policy: PublishPolicy) -> None:
    desk = Desk(post)
    world = post.world
    runs = people_on_their_way(desk)
    active = {
        run
        for run in runs
        if world.ask("select state from enrollments where id = :r", r=run) == "active"
    }
    assert len(active) > PEOPLE / 2
    had = {run: accepted(world, run) for run in runs}
    desk.draft(EDITED)
    foretold = desk.changes(policy)
    impact = desk.impact(policy)
    assert set(foretold) == active

    desk.publish(policy)
    assert_balanced(world)
    desk.play_until(TUESDAY_NOON + 60 * DAY)
    assert_balanced(world)

    for run in active:
        got = accepted(world, run)
        new = {key: moment for key, moment in got.items() if key not in had[run]}
        assert new == as_foretold(foretold, run)
    assert world.ask("select count(*) from enrollments where state = 'active'") == 0
    assert (impact.people, impact.policy) == (len(active), policy)


def test_the_policies_differ_for_those_past_the_point(post: Post) -> None:
    """The same fifty people: who gets the new letter depends on what was chosen."""
    desk = Desk(post)
    people_on_their_way(desk)
    desk.draft(EDITED)
    gets = {}
    for policy in PublishPolicy:
        changes = [each for person in desk.changes(policy).values() for each in person]
        gets[policy] = sum(
            each.key == "between" and each.change is Change.WILL_GET for each in changes
        )
    assert gets[PublishPolicy.KEEP] == 0
    assert 0 < gets[PublishPolicy.MOVE] <= gets[PublishPolicy.SKIP] < gets[PublishPolicy.CATCH_UP]


def test_the_impact_writes_nothing(post: Post) -> None:
    desk = Desk(post)
    people_on_their_way(desk)
    desk.draft(EDITED)
    before = desk.post.world.ask(EVERYTHING)
    desk.impact(PublishPolicy.MOVE)
    assert desk.post.world.ask(EVERYTHING) == before


def test_a_step_that_comes_back_is_no_loss_to_who_had_it(post: Post) -> None:
    """Published without a letter, then with it, and both once more: who had it is told apart."""
    desk = Desk(post)
    people_on_their_way(desk)
    for _ in range(2):
        desk.draft(with_steps(YOUR_SEAT, letter("second", days=4)))
        desk.publish(PublishPolicy.MOVE)
        desk.draft(SHORT_SEQUENCE)
        impact = desk.impact(PublishPolicy.MOVE)
        first = next(each for each in impact.steps if each.key == "first")
        had = post.world.ask(
            "select count(*) from enrollments e join messages m on m.enrollment_id = e.id "
            "where e.state = 'active' and m.step_key = 'first' and m.status = 'accepted'"
        )
        assert first.had == had
        assert first.had > 0
        assert "holds no seat" not in first.misses
        assert f"{had} had “First” already" in impact.sentence
        told = [each for changes in desk.changes(PublishPolicy.MOVE).values() for each in changes]
        assert [each.key for each in told if each.change is Change.HAD_IT].count("first") == had
        desk.publish(PublishPolicy.MOVE)
