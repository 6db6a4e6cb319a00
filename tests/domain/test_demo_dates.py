from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from funnel.domain.demo_dates import demo_session, next_start

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("case", "now", "latest", "expected"),
    [
        ("a Tuesday evening, days ahead", "2026-11-24T12:00Z", None, "2026-12-01T17:00Z"),
        ("on a Friday the coming one", "2026-11-27T12:00Z", None, "2026-12-01T17:00Z"),
        ("never sooner than three days", "2026-11-28T18:00Z", None, "2026-12-08T17:00Z"),
        ("a midday the week after", "2026-11-24T12:00Z", "2026-12-01T17:00Z", "2026-12-10T11:00Z"),
        ("and an evening again", "2026-11-24T12:00Z", "2026-12-10T11:00Z", "2026-12-15T17:00Z"),
        ("18:00 also in summer", "2026-06-26T12:00Z", None, "2026-06-30T16:00Z"),
        ("18:00 across the change", "2026-10-21T12:00Z", None, "2026-10-27T17:00Z"),
    ],
)
def test_next_start(case, now, latest, expected):
    latest = None if latest is None else datetime.fromisoformat(latest)
    assert next_start(datetime.fromisoformat(now), latest) == datetime.fromisoformat(expected)


def test_sessions_never_overlap_and_keep_their_hours_over_two_years():
    now = datetime(2026, 1, 1, tzinfo=UTC)
    starts = [next_start(now, None)]
    for _ in range(150):
        starts.append(next_start(now, starts[-1]))
    for earlier, later in pairwise(starts):
        assert timedelta(days=5) <= later - earlier <= timedelta(days=10)
    hours = {(each.astimezone(BERLIN).weekday(), each.astimezone(BERLIN).hour) for each in starts}
    assert hours == {(1, 18), (3, 12)}


def test_a_session_of_the_demo_has_room_recording_and_seats():
    starts_at = datetime(2026, 12, 10, 11, tzinfo=UTC)
    session = demo_session(UUID(int=1), starts_at, base_url="http://127.0.0.1:8000")
    assert session.join_url == "http://127.0.0.1:8000/demo/room"
    assert session.replay_url == "http://127.0.0.1:8000/demo/replay"
    assert session.ends_at - session.starts_at == timedelta(minutes=90)
    assert session.seats == 12
