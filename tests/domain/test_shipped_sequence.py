# ruff: noqa: E501 (a table is read by its rows)
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import funnel
from funnel.domain.enrollment import Enrollment
from funnel.domain.sequence import (
    Condition,
    RunPolicy,
    StepKind,
    UnknownPolicy,
)
from funnel.domain.sequence_file import parse_sequence
from funnel.domain.timing import WEEKDAYS, Delay, SendWindow
from funnel.domain.timing_text import duration_text, timing_text

TEMPLATES = Path(funnel.__file__).parent / "templates"
SHIPPED = TEMPLATES / "sequences" / "disruption-masterclass.yaml"
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
SOMEBODY = Enrollment(
    enrolled_at=datetime(2026, 11, 2, 10, tzinfo=UTC), zone=ZoneInfo("Europe/Berlin")
)


def in_words(condition: Condition) -> str:
    return f"not {condition.kind}" if condition.is_negated else condition.kind.value


# PRODUCT, "The default sequence": key, kind, when, how late (letters: until their day's 17:00), for
# whom, and what else the row says.
TABLE = [
    ("your-seat", "service", "on registration", "20 h", "registered", ""),
    ("tables-turned", "letter", "1 day after enrollment, 09:00", "", "", ""),
    ("listening", "letter", "2 days after tables-turned, 09:00", "", "", ""),
    ("bias", "letter", "2 days after listening, 09:00", "", "", ""),
    ("systems", "letter", "2 days after bias, 09:00", "", "", ""),
    ("tomorrow", "service", "24 h before session start", "2 h", "registered", "apart repeats"),
    ("today", "service", "on session start, 08:00", "2 h", "registered", "lead apart repeats"),
    ("one-hour", "service", "1 h before session start", "30 min", "registered", "apart repeats"),
    ("doors-open", "service", "10 min before session start", "10 min", "registered", "repeats"),
    ("thank-you", "service", "2 h after session end", "20 h", "attended", "aftermath wait"),
    ("missed", "service", "1 day after session end, 09:00", "20 h", "missed", "aftermath"),
    ("replay-open", "service", "1 day after session end, 09:00", "20 h", "attendance unknown, replay available", "aftermath wait"),
    ("replay-ends", "service", "24 h before replay end", "2 h", "replay available, not replay watched", ""),
    ("shift-one", "letter", "2 days after session end, 09:00", "", "", "without"),
    ("invitation-first", "letter", "3 days after session end, 09:00", "", "attended, not goal reached", ""),
    ("shift-two", "letter", "3 days after shift-one, 09:00", "", "", ""),
    ("shift-three", "letter", "3 days after shift-two, 09:00", "", "", ""),
    ("mutual-learning", "letter", "3 days after shift-three, 09:00", "", "", ""),
    ("long-work", "letter", "3 days after mutual-learning, 09:00", "", "", ""),
    ("invitation-last", "letter", "3 days after long-work, 09:00", "", "not goal reached", ""),
]  # fmt: skip


def test_the_shipped_sequence_is_the_table_of_the_product():
    definition = parse_sequence(SHIPPED.read_text(encoding="utf-8"), file_name=SHIPPED.name)
    rows = [
        (
            step.key,
            step.kind.value,
            timing_text(step.timing),
            duration_text(step.grace) if step.kind is StepKind.SERVICE else "",
            ", ".join(map(in_words, step.conditions)),
            " ".join(
                word
                for word, is_there in (
                    ("aftermath", step.one_of == "aftermath"),
                    ("wait", step.wait is not None),
                    ("lead", step.lead == 3 * HOUR),
                    ("apart", step.apart_from == (("your-seat", 2 * HOUR),)),
                    ("repeats", step.repeats_when_moved),
                    ("without", step.without_session is not None),
                )
                if is_there
            ),
        )
        for step in definition.steps
    ]
    assert rows == TABLE
    assert definition.slug == "disruption-masterclass"
    assert definition.runs is RunPolicy.ONCE_PER_SESSION
    assert definition.on_unknown is UnknownPolicy.HOLD
    assert definition.days_between_letters == 2
    assert definition.blackout_dates == frozenset()


def test_the_shipped_letters_leave_on_weekdays_in_office_hours():
    definition = parse_sequence(SHIPPED.read_text(encoding="utf-8"), file_name=SHIPPED.name)
    for step in definition.steps:
        is_letter = step.kind is StepKind.LETTER
        assert step.window == (SendWindow(weekdays=WEEKDAYS) if is_letter else None)


def test_the_shipped_waits_and_the_way_without_a_session():
    definition = parse_sequence(SHIPPED.read_text(encoding="utf-8"), file_name=SHIPPED.name)
    thank_you, replay_open = definition.step("thank-you").wait, definition.step("replay-open").wait
    assert thank_you and (thank_you.delay, thank_you.at) == (Delay(days=1), time(9))
    # Three days from its own moment, which is the next morning.
    assert replay_open and (replay_open.delay, replay_open.at) == (Delay(days=4), time(9))
    without = definition.step("shift-one").without_session
    assert without and timing_text(without) == "2 days after systems, 09:00"


def test_every_shipped_step_has_its_email():
    definition = parse_sequence(SHIPPED.read_text(encoding="utf-8"), file_name=SHIPPED.name)
    for step in definition.steps:
        assert (TEMPLATES / "email" / definition.slug / f"{step.key}.md").is_file()
