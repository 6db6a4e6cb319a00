from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

import funnel
from funnel.domain.pace import Load, find_jams, jam_text, reminder_loads
from funnel.domain.sequence_file import parse_sequence
from funnel.domain.session import Session

SHIPPED = Path(funnel.__file__).parent / "templates" / "sequences" / "disruption-masterclass.yaml"
FIVE = datetime(2026, 12, 3, 17, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def jams(*loads, per_hour=300):
    return [(each.key, each.emails, each.last_at) for each in find_jams(loads, per_hour)]


@pytest.mark.parametrize(
    ("case", "number", "last_at"),
    [
        ("an hour's worth may leave at once", 300, None),
        ("one more waits for the next hour", 301, FIVE + 60 * MINUTE),
        ("four hours' worth ends three hours later", 1200, FIVE + 180 * MINUTE),
        ("one more than that, four hours later", 1201, FIVE + 240 * MINUTE),
    ],
)
def test_the_last_of_many_reminders_leaves_when_the_limit_lets_it(case, number, last_at):
    found = jams(Load(key="one-hour", moment=FIVE, number=number))
    assert found == ([] if last_at is None else [("one-hour", number, last_at)])


def test_what_left_in_the_hour_before_counts():
    before = Load(key="today", moment=FIVE - 50 * MINUTE, number=300)
    assert jams(before, Load(key="one-hour", moment=FIVE, number=1)) == []  # ten minutes late
    before = Load(key="today", moment=FIVE - 49 * MINUTE, number=300)
    assert jams(before, Load(key="one-hour", moment=FIVE, number=1)) == [
        ("one-hour", 1, FIVE + 11 * MINUTE)
    ]


def test_letters_take_up_the_hour_and_may_themselves_leave_later():
    letters = Load(key="bias", moment=FIVE - MINUTE, number=900, is_timely=False)
    assert jams(letters) == []
    assert jams(letters, Load(key="one-hour", moment=FIVE, number=1)) == [
        ("one-hour", 1, FIVE + 179 * MINUTE)
    ]


def test_at_one_moment_reminders_go_before_letters():
    letters = Load(key="bias", moment=FIVE, number=300, is_timely=False)
    assert jams(letters, Load(key="one-hour", moment=FIVE, number=300)) == []


def test_the_sentence_names_limit_number_time_and_the_readers_hour():
    (jam,) = find_jams([Load(key="one-hour", moment=FIVE, number=1200)], 300)
    assert jam_text(jam, ZoneInfo("Europe/Berlin"), name="In one hour") == (
        "your provider's 300 an hour cannot carry 1,200 “In one hour” emails within 10 min: the "
        "last would leave at Thu 3 Dec 21:00 (Europe/Berlin)"
    )


def test_reminders_of_a_date_are_those_before_its_start_that_are_still_to_come():
    version = parse_sequence(SHIPPED.read_text("utf-8"), file_name=SHIPPED.name)
    session = Session(
        id=UUID(int=1),
        title="A date",
        starts_at=FIVE,
        ends_at=FIVE + 90 * MINUTE,
        zone="Europe/Berlin",
    )
    at_noon = FIVE.replace(hour=12)
    loads = reminder_loads(version, session, ZoneInfo("Europe/Berlin"), 7, now=at_noon)
    assert [(each.key, each.number) for each in loads] == [("one-hour", 7), ("doors-open", 7)]
    morning = FIVE.replace(hour=5)
    loads = reminder_loads(version, session, ZoneInfo("Europe/Berlin"), 7, now=morning)
    assert [each.key for each in loads] == ["today", "one-hour", "doors-open"]
    # In Auckland 08:00 of that day is an hour and a half after its start.
    loads = reminder_loads(version, session, ZoneInfo("Pacific/Auckland"), 7, now=morning)
    assert [each.key for each in loads] == ["one-hour", "doors-open"]
