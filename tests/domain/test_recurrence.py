"""Rules in words: read, said again, and the days that they name."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funnel.domain.errors import InvalidInputError
from funnel.domain.recurrence import RecurrenceRule, RuleKind, occurrence_on, parse_rule

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("every Thursday, 18:00", "every Thursday, 18:00"),
        ("Every  thu 9:05", "every Thursday, 09:05"),
        ("every thursday, at 18:00", "every Thursday, 18:00"),
        ("every 2 weeks on Thursday, 18:00", "every 2 weeks on Thursday, 18:00"),
        ("every 1 week on Monday, 00:00", "every Monday, 00:00"),
        ("every first Thursday, 18:00", "every first Thursday, 18:00"),
        ("EVERY LAST FRI, 12:30", "every last Friday, 12:30"),
        ("on the 15th of every month, 09:00", "on the 15th of every month, 09:00"),
        ("on the 1 of every month, 09:00", "on the 1st of every month, 09:00"),
        ("on the 22th of every month, 23:59", "on the 22nd of every month, 23:59"),
    ],
)
def test_a_rule_is_read_and_said_again(text: str, said: str) -> None:
    rule = parse_rule(text)
    assert rule.text == said
    assert parse_rule(said) == rule


@pytest.mark.parametrize(
    ("text", "problem", "remedy"),
    [
        ("", "names no hour", "18:00"),
        ("every Thursday", "names no hour", "18:00"),
        ("every Thursday, 24:00", "no clock shows 24:00", "23:59"),
        ("every Thursday, 18:60", "no clock shows 18:60", "23:59"),
        ("every Thorsday, 18:00", "not a weekday", "Monday to Sunday"),
        ("every 0 weeks on Monday, 18:00", "every 0 weeks", "1 to 52"),
        ("every 53 weeks on Monday, 18:00", "every 53 weeks", "1 to 52"),
        ("every fifth Monday, 18:00", "not a rule", "every first Thursday"),
        ("on the 32nd of every month, 18:00", "no month has a day 32", "1 to 31"),
        ("on the 0th of every month, 18:00", "no month has a day 0", "1 to 31"),
        ("whenever it rains, 18:00", "not a rule", "every last Friday"),
    ],
)
def test_what_is_no_rule_is_refused_with_what_to_write(
    text: str, problem: str, remedy: str
) -> None:
    with pytest.raises(InvalidInputError, match=problem) as caught:
        parse_rule(text)
    assert caught.value.field == "rule"
    assert remedy in caught.value.remedy


@pytest.mark.parametrize(
    ("text", "first", "days"),
    [
        ("every Thursday, 18:00", "2027-03-04", ["2027-03-04", "2027-03-11", "2027-03-18"]),
        ("every Thursday, 18:00", "2027-03-05", ["2027-03-11", "2027-03-18", "2027-03-25"]),
        # Counted from the series' first day (1 March), not from when somebody asks.
        ("every 2 weeks on Thursday, 18:00", "2027-03-05", ["2027-03-18", "2027-04-01"]),
        ("every 2 weeks on Thursday, 18:00", "2027-03-12", ["2027-03-18", "2027-04-01"]),
        ("every first Thursday, 18:00", "2027-03-05", ["2027-04-01", "2027-05-06"]),
        ("every fourth Thursday, 18:00", "2027-03-01", ["2027-03-25", "2027-04-22"]),
        ("every last Friday, 12:30", "2027-03-01", ["2027-03-26", "2027-04-30", "2027-05-28"]),
        ("every last Wednesday, 12:30", "2027-12-01", ["2027-12-29", "2028-01-26"]),
        ("on the 15th of every month, 09:00", "2027-03-16", ["2027-04-15", "2027-05-15"]),
        # A month that is too short has none.
        ("on the 31st of every month, 09:00", "2027-03-01", ["2027-03-31", "2027-05-31"]),
        ("on the 29th of every month, 09:00", "2028-02-01", ["2028-02-29", "2028-03-29"]),
    ],
)
def test_the_days_of_a_rule(text: str, first: str, days: list[str]) -> None:
    found = parse_rule(text).days_from(date.fromisoformat(first), date(2027, 3, 1))
    assert [str(day) for day in islice(found, len(days))] == days


@pytest.mark.parametrize(
    ("day", "at", "starts_at", "shown"),
    [
        ("2027-03-25", "18:00", "2027-03-25T17:00", ""),
        ("2027-04-01", "18:00", "2027-04-01T16:00", ""),  # summer time: the same local hour
        ("2027-03-28", "02:30", "2027-03-28T01:30", "it starts at 03:30"),
        ("2027-10-31", "02:30", "2027-10-31T00:30", ""),  # twice: the first one
    ],
)
def test_the_local_hour_is_kept(day: str, at: str, starts_at: str, shown: str) -> None:
    found = occurrence_on(date.fromisoformat(day), time.fromisoformat(at), BERLIN)
    assert found.starts_at == datetime.fromisoformat(starts_at).replace(tzinfo=UTC)
    assert shown in found.note
    assert bool(found.note) == bool(shown)


_RULES = st.one_of(
    st.builds(
        RecurrenceRule,
        kind=st.just(RuleKind.WEEKS),
        at=st.times().map(lambda at: at.replace(second=0, microsecond=0, fold=0)),
        weekday=st.integers(0, 6),
        weeks=st.integers(1, 52),
    ),
    st.builds(
        RecurrenceRule,
        kind=st.just(RuleKind.MONTH_WEEKDAY),
        at=st.just(time(18)),
        weekday=st.integers(0, 6),
        ordinal=st.sampled_from([1, 2, 3, 4, -1]),
    ),
    st.builds(
        RecurrenceRule,
        kind=st.just(RuleKind.MONTH_DAY),
        at=st.just(time(18)),
        day=st.integers(1, 31),
    ),
)


@given(
    _RULES,
    st.dates(date(2024, 1, 1), date(2040, 1, 1)),
    st.integers(0, 800),
)
def test_days_come_in_order_and_do_not_depend_on_when_one_asks(
    rule: RecurrenceRule, begins_on: date, later: int
) -> None:
    assert parse_rule(rule.text) == rule
    days = list(islice(rule.days_from(begins_on, begins_on), 40))
    assert all(before < after for before, after in pairwise(days))
    assert days[0] >= begins_on
    first = begins_on + timedelta(days=later)
    expected = [day for day in days if day >= first]
    assert list(islice(rule.days_from(first, begins_on), len(expected))) == expected
