"""The names of emails: a new one is a version of its own, moves nobody, and is what people read."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from funnel.domain.calendar import PersonCalendar
from funnel.domain.version_switch import PublishPolicy
from funnel.services.explain_step import explain_step
from funnel.services.read_demo_state import read_demo_state
from funnel.services.read_person_calendar import read_person_calendar
from tests.fixtures.posting import Post
from tests.fixtures.versions import FIRST, ONE_HOUR, SECOND, YOUR_SEAT, Desk, with_steps
from tests.fixtures.world import TUESDAY_NOON, World

DAY = timedelta(days=1)
NAMED = with_steps(
    replace(YOUR_SEAT, name="A seat for you"),
    replace(FIRST, name="The tables have turned"),
    ONE_HOUR,
    SECOND,
)


@pytest.fixture
def desk(post: Post) -> Desk:
    """Ana holds a seat and has had nothing yet but its confirmation."""
    world = post.world
    world.enroll(world.add_person(), world.add_session(TUESDAY_NOON + 9 * DAY))
    post.deliver()
    return Desk(post)


def _calendar(world: World) -> PersonCalendar:
    run = world.ask("select id::text from enrollments")
    return read_person_calendar(UUID(str(run)), world.transactions)


def _rows_and_moments(world: World) -> tuple[object, object]:
    rows = world.ask("select string_agg(m::text, ' ' order by id) from messages m")
    return rows, [(each.key, each.state, each.at) for each in _calendar(world).lines]


def _explained(world: World, key: str, person: str = "ana@example.org") -> tuple[str, str]:
    (found,) = explain_step(person, key, world.transactions, most_published=500)
    return found.title, " ".join(each.says for each in found.lines if each.about == "moment")


def test_a_new_name_is_a_new_version_and_no_change_of_anybodys_plan(desk: Desk) -> None:
    world = desk.post.world
    before = _rows_and_moments(world)
    desk.draft(NAMED)
    impact = desk.impact(PublishPolicy.MOVE)
    assert (impact.people, impact.changed, impact.steps) == (1, 0, ())
    assert impact.sentence == "Publishing v2: nothing changes for 1 person in it."
    assert desk.publish(PublishPolicy.MOVE).number == 2
    assert _rows_and_moments(world) == before


def test_who_is_moved_reads_the_new_names(desk: Desk) -> None:
    world = desk.post.world
    assert _explained(world, "first")[0] == "First, in “A short one”, to ana@example.org"
    desk.draft(NAMED)
    desk.publish(PublishPolicy.MOVE)

    title, _ = _explained(world, "first")
    assert title == "The tables have turned, in “A short one”, to ana@example.org"
    _, window = _explained(world, "second")
    assert window.startswith("Counted 2 days after The tables have turned, at 09:00 their time; ")
    lines = _calendar(world).lines
    names = {each.key: each.name for each in lines}
    assert names["first"] == "The tables have turned"
    assert names["one-hour"] == "One hour"
    whys = [each.why for each in lines if each.key == "second"]
    assert whys == ["2 days after The tables have turned"]
    coming = read_demo_state(world.transactions).next_email
    assert coming is not None
    assert (coming.key, coming.name) == ("first", "The tables have turned")


def test_an_email_that_somebody_is_in_no_sequence_for_has_its_live_name(desk: Desk) -> None:
    world = desk.post.world
    world.add_person("ben@example.org")
    desk.draft(NAMED)
    desk.publish(PublishPolicy.KEEP)
    title, _ = _explained(world, "first", "ben@example.org")
    assert title == "The tables have turned, to ben@example.org"
