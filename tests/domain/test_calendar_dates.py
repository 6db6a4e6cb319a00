"""What a calendar says of emails that were skipped for a date before, or before the signup."""

from tests.domain.calendars import calendar_at, said_of
from tests.domain.simulate import moving
from tests.domain.stories import moment, person, session

SOONER = session("2026-11-10T17:00Z")
AWAY, BACK = moment("2026-11-09T19:15Z"), moment("2026-11-09T19:30Z")


def test_a_skip_for_a_date_before_says_which_and_leaves_its_place_to_the_later_copy() -> None:
    calendar = calendar_at(
        person(seat=session()),
        "2026-11-09T20:00Z",
        moving(AWAY, SOONER),
        moving(BACK, session()),
    )
    assert said_of(calendar, "tomorrow") == [
        "skipped: for Tue 10 November: skipped, would be late, by 2 h 15 min",
        "coming: 24 hours before the masterclass",
    ]
    shown = [each for each in calendar.lines_for_reader if each.key == "tomorrow"]
    assert [each.state for each in shown] == ["coming"]
    assert len(calendar.lines) > len(calendar.lines_for_reader)


def test_a_skip_for_the_date_now_held_is_told_of_no_other() -> None:
    calendar = calendar_at(person(seat=session()), "2026-11-09T20:00Z", moving(AWAY, SOONER))
    assert said_of(calendar, "tomorrow") == ["skipped: skipped: would be late, by 2 h 15 min"]
    assert calendar.lines_for_reader == calendar.lines


def test_what_was_skipped_for_an_hour_of_the_same_day_says_the_hour() -> None:
    later = session("2026-11-10T19:00Z")
    calendar = calendar_at(
        person(seat=session()),
        "2026-11-09T20:00Z",
        moving(AWAY, SOONER),
        moving(BACK, later),
    )
    assert said_of(calendar, "tomorrow")[0].startswith("skipped: for Tue 10 November 18:00: ")


def test_an_email_whose_moment_was_before_the_signup_says_so() -> None:
    late = person(enrolled="2026-11-12T07:00Z", seat=session())
    (said,) = said_of(calendar_at(late, "2026-11-12T08:00Z"), "tomorrow")
    assert said.endswith("; that was before you signed up")


def test_an_email_that_would_come_after_the_masterclass_began_says_so() -> None:
    early = session("2026-11-11T17:00Z")  # 06:00 in Auckland
    calendar = calendar_at(person(zone="Pacific/Auckland", seat=early), "2026-11-09T20:00Z")
    assert said_of(calendar, "today") == ["skipped: skipped: the masterclass begins before it"]
