"""``funnel status`` names the reminders of real seats that the provider's hour cannot carry."""

from datetime import datetime, timedelta

from funnel.domain.status import verdict
from funnel.services.read_status import read_status
from tests.fixtures.world import TUESDAY_NOON

DAY = timedelta(days=1)


def jams(world, per_hour):
    figures = read_status(
        world.transactions,
        broker_url="redis://127.0.0.1:1/0",
        queues=(),
        silent_after=DAY,
        provider_per_hour=per_hour,
    )
    assert all(each[:1].upper() + each[1:] in verdict(figures).text for each in figures.jams)
    return list(figures.jams)


def seats(world, session, number, **details):
    return [
        world.enroll(world.add_person(f"{session}-{each}@example.org", **details), session)
        for each in range(number)
    ]


def test_more_seats_in_a_coming_date_than_the_hour_carries_is_said(world):
    session = world.add_session(TUESDAY_NOON + 3 * DAY)
    seats(world, session, 4)
    (jam,) = jams(world, 2)
    assert jam == (
        "your provider's 2 an hour cannot carry 4 “One hour” emails within 10 min: the last "
        "would leave at Fri 7 Mar 12:00 (Europe/Berlin)"
    )
    assert jams(world, 4) == []
    assert jams(world, None) == []


def test_who_gets_no_reminder_does_not_count(world):
    session = world.add_session(TUESDAY_NOON + 3 * DAY)
    _, _, left, given_up = seats(world, session, 4)
    world.execute(
        "update subscribers set wants_seat_emails = false where id = "
        "(select subscriber_id from enrollments where id = :run)",
        run=left,
    )
    world.execute(
        "update registrations set status = 'cancelled' where enrollment_id = :run", run=given_up
    )
    assert jams(world, 2) == []
    assert len(jams(world, 1)) == 1


def test_dates_far_ahead_or_called_off_are_not_reckoned_with(world):
    seats(world, world.add_session(TUESDAY_NOON + 15 * DAY), 4)
    called_off = world.add_session(TUESDAY_NOON + 3 * DAY)
    seats(world, called_off, 4)
    world.execute("update sessions set cancelled_at = plan_now() where id = :id", id=called_off)
    assert jams(world, 1) == []


def test_two_dates_share_one_provider(world):
    moment: datetime = TUESDAY_NOON + 3 * DAY
    for starts_at in (moment, moment + timedelta(minutes=20)):
        seats(world, world.add_session(starts_at), 2)
    assert len(jams(world, 2)) == 1
    assert jams(world, 4) == []
