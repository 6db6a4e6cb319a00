"""What the host does in a rehearsal: as the services do it, or a finding by its line."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import funnel
from funnel.domain.rehearsal import RehearsalFinding, SessionAct, SessionActKind, Severity
from funnel.domain.rehearsal_cast import made_up
from funnel.domain.rehearsal_host import about_host
from funnel.domain.rehearsal_walk import rehearse_person
from funnel.domain.rehearsal_world import build_world, with_made_up
from funnel.domain.sequence_file import parse_sequence

SHIPPED = Path(funnel.__file__).parent / "templates" / "sequences" / "disruption-masterclass.yaml"
VERSION = parse_sequence(SHIPPED.read_text("utf-8"), file_name=SHIPPED.name)
STARTS = datetime(2025, 2, 17, 9, tzinfo=UTC)  # a Monday
DATES = with_made_up((), "A date", STARTS)
FIRST = DATES[0]
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
MOVED, CANCELLED = SessionActKind.MOVES, SessionActKind.CANCELS
CLOSED = SessionActKind.CLOSES


def world(*acts):
    played = [
        SessionAct(kind=kind, session_id=FIRST.id, at=at, starts_at=starts, line=line)
        for line, (kind, at, starts) in enumerate(acts, start=1)
    ]
    return build_world(VERSION, DATES, STARTS, days=200, acts=played)


@pytest.mark.parametrize(
    ("kind", "at", "starts", "words", "remedy"),
    [
        (MOVED, FIRST.starts_at - DAY, FIRST.starts_at - 2 * DAY, "is in the past", "to come"),
        (MOVED, FIRST.starts_at - DAY, DATES[1].starts_at + HOUR, "is held at that time", "after"),
        (MOVED, FIRST.starts_at - DAY, FIRST.starts_at, "begins then already", "another start"),
        (MOVED, FIRST.starts_at + HOUR, FIRST.starts_at + 9 * DAY, "has begun", "Add a session"),
        (MOVED, FIRST.starts_at - DAY, FIRST.starts_at + 1200 * DAY, "three years", "the year"),
        (CANCELLED, FIRST.ends_at + HOUR, None, "has begun", "Close it"),
        (CLOSED, FIRST.starts_at + HOUR, None, "has not ended", "after its end"),
    ],
)
def test_what_the_services_refuse_is_said_by_its_line_and_changes_nothing(
    kind, at, starts, words, remedy
):
    around = world((kind, at, starts))
    (finding,) = about_host(around, file_name="f.yaml")
    assert finding.severity is Severity.WARNING
    assert finding.message.startswith(f"f.yaml, line 1: “{kind}” does not happen: ")
    assert words in finding.message
    assert remedy in finding.remedy
    ana = made_up("Ana", "Europe/Berlin")
    assert rehearse_person(ana, around) == rehearse_person(ana, world())


def test_each_act_meets_the_date_as_the_acts_before_left_it():
    off_at, later = FIRST.starts_at - 3 * DAY, FIRST.starts_at + 5 * DAY
    acts = [
        (MOVED, off_at, later),
        (MOVED, off_at + DAY, later),
        (CANCELLED, off_at + 4 * DAY, None),
        (MOVED, off_at + 5 * DAY, later + DAY),
        (CLOSED, later + DAY, None),
    ]
    found = [each.message for each in about_host(world(*acts), file_name="f")]
    assert found == [
        "f, line 2: “moved” does not happen: the session begins then already",
        "f, line 4: “moved” does not happen: the session was cancelled",
        "f, line 5: “closed” does not happen: the session was cancelled",
    ]


def test_a_date_that_was_called_off_stands_in_no_way():
    second = DATES[1]
    off = SessionAct(kind=CANCELLED, session_id=second.id, at=STARTS + DAY)
    onto = SessionAct(
        kind=MOVED, session_id=FIRST.id, at=STARTS + 2 * DAY, starts_at=second.starts_at
    )
    around = build_world(VERSION, DATES, STARTS, days=200, acts=[onto, off])
    findings: list[RehearsalFinding] = list(about_host(around, file_name="f"))
    assert findings == []
