"""A person's own calendar from the rows, and as it would be with another date."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from funnel.domain.calendar import LineState, PersonCalendar
from funnel.domain.errors import NotFoundError
from funnel.services.read_person_calendar import calendar_of, read_person_calendar
from funnel.services.unsubscribe import Word, unsubscribe
from funnel.storage import enrollments
from tests.fixtures.posting import Post
from tests.fixtures.signups import VISITOR, Door
from tests.fixtures.world import TUESDAY_NOON, World

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def _said(calendar: PersonCalendar) -> list[tuple[str, str, str]]:
    return [(each.name, each.state.value, each.why) for each in calendar.lines]


def test_past_and_coming_stand_in_one_line_of_time(post: Post) -> None:
    world = post.world
    starts_at = TUESDAY_NOON + 9 * DAY
    run = world.enroll(world.add_person(), world.add_session(starts_at))
    post.deliver()
    world.travel_to(TUESDAY_NOON + 21 * HOUR)
    post.deliver()
    calendar = read_person_calendar(run, world.transactions)

    assert _said(calendar) == [
        ("Your seat", "sent", "when you took your seat"),
        ("First", "sent", "1 day after you took your seat"),
        ("Second", "coming", "2 days after First"),
        ("One hour", "coming", "1 hour before the masterclass"),
    ]
    assert calendar.zone == "Europe/Berlin"
    assert calendar.session is not None
    assert calendar.session.starts_at == starts_at
    assert not calendar.is_complete
    assert [each.at for each in calendar.lines] == sorted(
        each.at for each in calendar.lines if each.at
    )


def test_notices_of_the_signup_are_part_of_it(world: World, door: Door) -> None:
    confirmed = door.seat(session=world.add_session(TUESDAY_NOON + 9 * DAY))
    first = read_person_calendar(confirmed.enrollment_id, world.transactions).lines[0]

    # The press came before the email did: it is given up when its turn comes.
    assert (first.name, first.kind, first.state) == ("Confirm your seat", None, LineState.QUEUED)


def test_asking_with_another_date_writes_nothing(post: Post) -> None:
    world = post.world
    run_id = world.enroll(world.add_person(), world.add_session(TUESDAY_NOON + 9 * DAY))
    post.deliver()
    revision = world.ask("select plan_revision from enrollments")
    with world.transactions.begin() as tx:
        run = enrollments.load_runs(tx, [run_id])[0]
        seat = run.facts.registration
        assert seat is not None
        session = replace(
            seat.session,
            starts_at=seat.session.starts_at + 2 * DAY,
            ends_at=seat.session.ends_at + 2 * DAY,
        )
        asked = calendar_of(tx, run, registration=replace(seat, session=session))
        as_it_is = calendar_of(tx, run)

    assert asked.session == session
    assert [each.at for each in asked.lines if each.key == "one-hour"] == [session.starts_at - HOUR]
    assert [each.at for each in as_it_is.lines if each.key == "one-hour"] == [
        seat.session.starts_at - HOUR
    ]
    assert world.ask("select plan_revision from enrollments") == revision
    assert world.ask("select count(*) from messages") == 1


def test_a_run_that_was_left_shows_what_it_was_and_nothing_to_come(post: Post) -> None:
    world = post.world
    person = world.add_person()
    run = world.enroll(person, world.add_session(TUESDAY_NOON + 9 * DAY))
    post.deliver()
    world.travel_to(TUESDAY_NOON + 21 * HOUR)
    post.claim()
    unsubscribe(person, None, Word(source="test", visitor=VISITOR), world.transactions)
    calendar = read_person_calendar(run, world.transactions)

    assert _said(calendar) == [
        ("Your seat", "sent", "when you took your seat"),
        ("First", "cancelled", "cancelled: you stopped everything"),
    ]
    assert calendar.is_complete


def test_a_run_to_its_end_has_a_line_for_every_email(post: Post) -> None:
    world = post.world
    run = world.enroll(world.add_person(), world.add_session(TUESDAY_NOON + 9 * DAY))
    for day in range(14):
        world.travel_to(TUESDAY_NOON + day * DAY + 21 * HOUR)
        post.deliver()
    world.travel_to(TUESDAY_NOON + 30 * DAY)
    calendar = read_person_calendar(run, world.transactions)

    assert calendar.is_complete
    assert {each.key: each.state for each in calendar.lines} == {
        "your-seat": LineState.SKIPPED,
        "first": LineState.SENT,
        "second": LineState.SENT,
        "one-hour": LineState.SKIPPED,
    }
    late = next(each for each in calendar.lines if each.key == "one-hour")
    assert late.why == "skipped: would be late, by 22 h"


def test_of_nobody_there_is_none(world: World) -> None:
    with pytest.raises(NotFoundError):
        read_person_calendar(UUID(int=uuid4().int), world.transactions)
