from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import icalendar
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from funnel.domain.text import clean_text
from funnel.rendering.calendar import CalendarEvent, Organiser, calendar_file

EVENT = CalendarEvent(
    uid="0193-seat@go.example.org",
    sequence=0,
    title="Leading through disruption: the three shifts",
    starts_at=datetime(2026, 11, 12, 18, 0, tzinfo=ZoneInfo("Europe/Berlin")),
    ends_at=datetime(2026, 11, 12, 19, 30, tzinfo=ZoneInfo("Europe/Berlin")),
    join_url="https://go.example.org/j/AbCdEfGhIjKlMnOpQrStUvWxYz0",
    organiser=Organiser(name="Mira Muster", address="mira@example.org"),
    description="Your own link:\nhttps://go.example.org/j/AbCdEfGhIjKlMnOpQrStUvWxYz0",
    stamp=datetime(2026, 11, 1, 9, 0, 0, 999, tzinfo=UTC),
)


def parsed(event):
    calendar = icalendar.Calendar.from_ical(calendar_file(event))
    (entry,) = calendar.walk("VEVENT")
    return calendar, entry


def test_what_a_calendar_reads():
    calendar, entry = parsed(EVENT)
    assert (calendar["METHOD"], calendar["VERSION"]) == ("PUBLISH", "2.0")
    assert entry["UID"] == EVENT.uid
    assert entry["SEQUENCE"] == 0
    assert entry["SUMMARY"] == EVENT.title
    assert entry["STATUS"] == "CONFIRMED"
    assert entry["DESCRIPTION"] == EVENT.description
    assert entry["LOCATION"] == entry["URL"] == EVENT.join_url
    assert entry["ORGANIZER"] == "mailto:mira@example.org"
    assert entry["ORGANIZER"].params["CN"] == "Mira Muster"
    # RFC 5546, 3.2.1: a published event names nobody who attends.
    assert "ATTENDEE" not in entry


def test_all_times_are_utc_and_whole_seconds():
    lines = calendar_file(EVENT).decode().split("\r\n")
    assert "DTSTART:20261112T170000Z" in lines
    assert "DTEND:20261112T183000Z" in lines
    assert "DTSTAMP:20261101T090000Z" in lines


def test_a_change_keeps_the_entry_and_a_cancellation_ends_it():
    later = EVENT.starts_at + timedelta(days=7)
    moved = replace(EVENT, sequence=1, starts_at=later, ends_at=later + timedelta(hours=1))
    cancelled = replace(moved, sequence=2, is_cancelled=True)
    assert parsed(moved)[1]["UID"] == parsed(cancelled)[1]["UID"] == EVENT.uid
    assert parsed(moved)[1]["SEQUENCE"] == 1
    calendar, entry = parsed(cancelled)
    assert (calendar["METHOD"], cancelled.method) == ("CANCEL", "CANCEL")
    assert (entry["STATUS"], entry["SEQUENCE"]) == ("CANCELLED", 2)
    assert "LOCATION" not in entry and "URL" not in entry


def test_the_same_seat_gives_the_same_bytes():
    assert calendar_file(EVENT) == calendar_file(replace(EVENT))


@settings(deadline=None)
@given(st.text(max_size=120), st.text(max_size=120), st.text(max_size=200))
def test_no_text_adds_a_line(title, name, description):
    event = replace(
        EVENT,
        title=title,
        description=description,
        organiser=Organiser(name=name, address="mira@example.org"),
    )
    file = calendar_file(event)
    assert b"\n" not in file.replace(b"\r\n", b"")
    assert all(len(line) <= 75 for line in file.split(b"\r\n"))
    calendar, entry = parsed(event)
    assert len(calendar.walk()) == 2
    assert entry["SUMMARY"] == clean_text(title, limit=200)
    assert set(entry) == set(parsed(EVENT)[1])


@pytest.mark.parametrize("field", ["starts_at", "ends_at", "stamp"])
def test_a_naive_moment_is_refused(field):
    with pytest.raises(ValueError, match="aware"):
        calendar_file(replace(EVENT, **{field: datetime(2026, 11, 12)}))  # noqa: DTZ001 # the point


def test_an_event_that_ends_before_it_starts_is_refused():
    with pytest.raises(ValueError, match="ends before"):
        calendar_file(replace(EVENT, ends_at=EVENT.starts_at))
