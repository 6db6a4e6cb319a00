"""`funnel calendar` and `funnel explain`, as somebody at a terminal sees them."""

import csv
import io
import json
from datetime import timedelta

import pytest
from icalendar import Calendar

from tests.fixtures.signups import Door, add_source
from tests.fixtures.world import SHORT_SEQUENCE


@pytest.fixture
def seated(installed):
    """Ana holds a seat in a session three weeks ahead."""
    installed.publish(SHORT_SEQUENCE)
    with installed.transactions.begin() as tx:
        session = installed.add_session(tx.now + timedelta(days=21))
    Door(world=installed, source=add_source(installed)).seat("ana@example.org", session)
    return installed


def test_the_table_holds_every_email_and_the_masterclass(funnel, seated):
    result = funnel("calendar", "ana@example.org")
    assert result.exit_code == 0, result.output
    for words in ("Your seat", "One hour", "1 hour before the masterclass", "The masterclass"):
        assert words in result.output
    assert "Times are those of Berlin." in result.output


def test_a_pause_is_told(funnel, seated):
    seated.execute("update subscribers set letters_paused_until = plan_now() + interval '7 days'")
    assert "The letters are paused until" in funnel("calendar", "ana@example.org").output


def test_json_is_what_the_api_answers(funnel, seated):
    person = str(seated.ask("select id from subscribers"))
    said = json.loads(funnel("calendar", person, "--format", "json").output)
    assert said["subscriber_id"] == person
    (calendar,) = said["calendars"]
    assert calendar["zone"] == "Europe/Berlin"
    assert {"key", "name", "copy", "kind", "state", "at", "local", "why"} == set(
        calendar["emails"][0]
    )


def test_the_calendar_file_holds_the_session_and_what_comes(funnel, seated):
    seated.execute(
        "update messages set status = 'accepted', accepted_at = plan_now(),"
        " settled_at = plan_now() where step_key = 'your-seat'"
    )
    result = funnel("calendar", "ana@example.org", "--format", "ics")
    entries = Calendar.from_ical(result.output).walk("VEVENT")
    run = seated.ask("select id from enrollments")
    assert entries[0]["UID"] == f"{run}@example.org"
    names = [str(each["SUMMARY"]) for each in entries]
    assert names[0] == "Leading through disruption"
    assert {"Email: First", "Email: Second", "Email: One hour"} <= set(names)
    assert "Email: Your seat" not in names


def test_the_csv_has_a_line_an_email(funnel, seated):
    result = funnel("calendar", "ana@example.org", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(result.output)))
    assert {"your-seat", "first", "second", "one-hour", "confirm"} == {each["key"] for each in rows}


def test_an_explanation_ends_in_a_verdict(funnel, seated):
    result = funnel("explain", "ana@example.org", "one-hour")
    assert result.exit_code == 0, result.output
    assert "consent: They want the emails about their seat." in result.output
    assert result.output.rstrip().splitlines()[-1].startswith("It leaves ")


@pytest.mark.parametrize("words", [("calendar", "nobody@example.org"), ("calendar", "nobody")])
def test_nobody_is_refused_with_a_sentence(funnel, seated, words):
    result = funnel(*words)
    assert result.exit_code == 2
    assert "Traceback" not in result.output


def test_an_unknown_email_lists_those_there_are(funnel, seated):
    result = funnel("explain", "ana@example.org", "bias")
    assert result.exit_code == 2
    assert "your-seat, first, one-hour, second" in result.output
