# ruff: noqa: E501 (a table is read by its rows)
"""PRODUCT, "Rules of the sequence", "Another date": what a change of the seat does to a run."""

from datetime import timedelta
from textwrap import dedent

import pytest

from funnel.domain.message import MessageStatus
from funnel.domain.sequence_file import parse_sequence
from tests.domain.simulate import moving
from tests.domain.stories import moment, person, row, session, story, with_rows

HOUR = timedelta(hours=1)

# The date changes at 13:00 in Berlin on the session's day: two reminders have left.
NOON = moment("2026-11-12T12:00Z")
MOVES = [
    ("to the next week", session("2026-11-19T17:00Z", number=2), {"tomorrow": "Wed 11 Nov 18:00", "tomorrow+1": "Wed 18 Nov 18:00", "today": "Thu 12 Nov 08:00", "today+1": "Thu 19 Nov 08:00", "one-hour": "Thu 19 Nov 17:00", "doors-open": "Thu 19 Nov 17:50"}),
    ("the same session at another hour", session("2026-11-13T17:00Z"), {"tomorrow+1": "Thu 12 Nov 18:00", "today+1": "Fri 13 Nov 08:00", "one-hour": "Fri 13 Nov 17:00"}),
    ("to a date a few hours away: what would be late is skipped again", session("2026-11-12T20:00Z", number=2), {"tomorrow+1": "LATE", "today+1": "LATE", "one-hour": "Thu 12 Nov 20:00"}),
    ("letters keep away from the new date", session("2026-11-16T17:00Z", number=2), {"shift-one": "Wed 18 Nov 09:00"}),
]  # fmt: skip


@pytest.mark.parametrize(("sentence", "new", "expected"), MOVES)
def test_another_date(sentence, new, expected):
    told = story(person(seat=session()), moving(NOON, new))
    assert told == told | expected
    assert {key for key in told if "+" in key} <= {f"{key}+1" for key in ("tomorrow", "today")}


def test_a_date_that_changes_twice_makes_a_copy_for_each_and_none_for_the_way_back():
    away, back = session("2026-11-19T17:00Z", number=2), session()
    there_and_back = [moving(NOON, away), moving(NOON + HOUR, back)]
    told = story(person(seat=back), *there_and_back)
    assert not any("+" in key for key in told)
    third = session("2026-11-26T17:00Z", number=3)
    twice = [moving(NOON, away), moving(moment("2026-11-19T12:00Z"), third)]
    told = story(person(seat=back), *twice)
    assert told == told | {
        "tomorrow": "Wed 11 Nov 18:00",
        "tomorrow+1": "Wed 18 Nov 18:00",
        "tomorrow+2": "Wed 25 Nov 18:00",
        "one-hour": "Thu 26 Nov 17:00",
    }
    assert "one-hour+1" not in told


def test_a_reminder_that_waits_in_the_queue_takes_its_new_moment():
    # Queued at 18:00, but it would only leave two hours later; at 19:00 the date changes.
    later = moving(moment("2026-11-11T18:00Z"), session("2026-11-19T17:00Z", number=2))
    told = story(person(seat=session()), later, latency=timedelta(hours=1, minutes=50))
    assert told["tomorrow"].startswith("Wed 18 Nov 18:00")
    assert "tomorrow+1" not in told


def test_copies_may_come_in_any_order():
    dates = [
        session(starts, number=n)
        for n, starts in enumerate(("2026-11-05T17:00Z", "2026-11-12T17:00Z"))
    ]
    copies = [
        row(
            "tomorrow",
            MessageStatus.ACCEPTED,
            f"2026-11-{day:02}T17:00Z",
            settled=f"2026-11-{day:02}T17:00Z",
            copy=number,
            session_id=dates[number].id,
            session_starts_at=dates[number].starts_at,
        )
        for number, day in enumerate((4, 11))
    ]
    now = moment("2026-11-11T18:00Z")
    somebody = person(seat=session("2026-11-19T17:00Z", number=9))
    planned = with_rows(somebody, *copies).plan(now)
    assert with_rows(somebody, *reversed(copies)).plan(now) == planned
    assert [each.copy for each in planned.steps if each.key == "tomorrow"] == [0, 1, 2]


def test_what_counts_from_a_first_copy_is_due_though_another_copy_waits():
    """The first copy has left; the one for the new date keeps nobody who counts from the first."""
    text = """
        title: Two
        brand: default
        steps:
          - {key: reminder, kind: service, timing: 24 h before session start, repeats_when_moved: yes}
          - {key: notes, kind: service, timing: 2 h after reminder, late: within 20 h}
          - {key: soon, kind: service, timing: 213 h before session start}
    """
    version = parse_sequence(dedent(text), file_name="two.yaml")
    somebody = with_rows(
        person(seat=session("2026-11-20T17:00Z", number=2), version=version),
        row("reminder", MessageStatus.ACCEPTED, "2026-11-11T17:00Z", settled="2026-11-11T17:00Z"),
        row("reminder", MessageStatus.QUEUED, "2026-11-19T17:00Z", copy=1),
    )
    now = moment("2026-11-11T18:00Z")
    assert somebody.plan(now).next_due_at == moment("2026-11-11T19:00Z")
    assert somebody.next_due_at(now) == moment("2026-11-11T19:00Z")
