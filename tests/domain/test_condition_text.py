# ruff: noqa: E501 (a table is read by its rows)
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from funnel.domain.condition_text import HAPPENING, condition_text, read_condition
from funnel.domain.errors import InvalidInputError
from funnel.domain.sequence import Condition, ConditionKind
from funnel.domain.timing import Delay

Kind = ConditionKind
MINUTE = timedelta(minutes=1)

WORDS = [
    ("registered", Condition(kind=Kind.REGISTERED)),
    ("attendance unknown", Condition(kind=Kind.ATTENDANCE_UNKNOWN)),
    ("left before 45 min", Condition(kind=Kind.LEFT_BEFORE, elapsed=45 * MINUTE)),
    ("stayed until 1 h 15 min", Condition(kind=Kind.STAYED_UNTIL, elapsed=75 * MINUTE)),
    ("replay watched within 2 days", Condition(kind=Kind.REPLAY_WATCHED, limit=Delay(days=2))),
    ("clicked", Condition(kind=Kind.CLICKED)),
    ("clicked link book", Condition(kind=Kind.CLICKED, name="book")),
    ("clicked in bias", Condition(kind=Kind.CLICKED, step_key="bias")),
    ("clicked within 36 h", Condition(kind=Kind.CLICKED, limit=Delay(elapsed=timedelta(hours=36)))),
    ("clicked link the notes in thank-you within 2 days", Condition(kind=Kind.CLICKED, name="the notes", step_key="thank-you", limit=Delay(days=2))),
    ("tag customer", Condition(kind=Kind.TAG, name="customer")),
    ("tag very important", Condition(kind=Kind.TAG, name="very important")),
    ('tag "in the house"', Condition(kind=Kind.TAG, name="in the house")),
    ("field company", Condition(kind=Kind.FIELD, name="company")),
    ("field country is New Zealand", Condition(kind=Kind.FIELD, name="country", value="New Zealand")),
    ("booked", Condition(kind=Kind.BOOKED)),
    ("booked discovery call within 1 day 2 h", Condition(kind=Kind.BOOKED, name="discovery call", limit=Delay(days=1, elapsed=timedelta(hours=2)))),
    ("bought", Condition(kind=Kind.BOUGHT)),
    ("replied within 30 min", Condition(kind=Kind.REPLIED, limit=Delay(elapsed=30 * MINUTE))),
    ("goal reached", Condition(kind=Kind.GOAL_REACHED)),
]  # fmt: skip


@pytest.mark.parametrize(("words", "condition"), WORDS)
def test_conditions_in_words(words, condition):
    assert read_condition(words) == condition
    assert condition_text(condition) == words


@pytest.mark.parametrize(
    ("words", "condition"),
    [
        ("clicked  link   book", Condition(kind=Kind.CLICKED, name="book")),
        ('clicked link "book"', Condition(kind=Kind.CLICKED, name="book")),
        ('tag "two words"', Condition(kind=Kind.TAG, name="two words")),
        ("clicked within 2 days in bias", Condition(kind=Kind.CLICKED, step_key="bias", limit=Delay(days=2))),
    ],
)  # fmt: skip
def test_the_same_in_other_words(words, condition):
    assert read_condition(words) == condition


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("", "is no condition"),
        ("opened", '"opened" is no condition'),
        ("registred", "is no condition"),
        ("attended twice", '"twice" is not understood'),
        ("attended within 2 days", "does not happen within a time"),
        ("field company within 2 days", "does not happen within a time"),
        ("left before", "says no time"),
        ("left before 1 day", "says no time"),
        ("stayed until the end", "says no time"),
        ("tag", "says no name"),
        ("field", "says no name"),
        ("field is France", "says no name"),
        ("clicked book", '"book" is not understood'),
        ("clicked link", 'nothing follows "link"'),
        ("clicked in", 'nothing follows "in"'),
        ("clicked in The First", "is no key of a step"),
        ("clicked link a in b in c", '"in" is twice'),
        ("booked in bias", '"bias" is not understood'),
        ("tag customer is new", '"new" is not understood'),
        ("clicked within two days", "is no time within"),
        ("clicked within 0 days", "is no time within"),
        ("replied to bias", '"to bias" is not understood'),
        ('tag "half', "is no name"),
        ('tag "a" b', "is no name"),
        (f"tag {'x' * 201}", "too long"),
    ],
)
def test_what_is_no_condition_says_which_part(words, reason):
    with pytest.raises(InvalidInputError) as refused:
        read_condition(words)
    assert reason in str(refused.value)
    assert refused.value.remedy


names = st.text(min_size=1, max_size=30).filter(str.strip) | st.sampled_from(
    ["in", "a in b", "link", 'say "hi"', "within 2 days", "it's", " edge ", "is", "back\\slash"]
)
keys = st.from_regex(r"[a-z]{1,5}(-[a-z0-9]{1,5})?", fullmatch=True)
limits = st.builds(
    Delay,
    days=st.integers(0, 400),
    elapsed=st.integers(0, 4000).map(lambda number: timedelta(seconds=number)),
).filter(lambda limit: limit.days or limit.elapsed)


@st.composite
def conditions(draw: st.DrawFn) -> Condition:
    """Any condition that a file can say."""
    kind = draw(st.sampled_from(Kind))
    found = Condition(kind=kind)
    if kind in {Kind.LEFT_BEFORE, Kind.STAYED_UNTIL}:
        return replace(found, elapsed=timedelta(seconds=draw(st.integers(1, 90_000))))
    if kind in {Kind.TAG, Kind.FIELD}:
        found = replace(found, name=draw(names))
    elif kind in {Kind.BOOKED, Kind.BOUGHT, Kind.CLICKED}:
        found = replace(found, name=draw(names | st.just("")))
    if kind is Kind.FIELD:
        found = replace(found, value=draw(names | st.just("")))
    if kind is Kind.CLICKED:
        found = replace(found, step_key=draw(keys | st.just("")))
    if kind in HAPPENING:
        found = replace(found, limit=draw(st.none() | limits))
    return found


@settings(max_examples=500, deadline=None)
@given(conditions())
def test_what_the_calendar_says_can_be_written_into_a_file(condition):
    assert read_condition(condition_text(condition)) == condition


PIECES = ("clicked", "link", "in", "is", "within", "tag", "field", "2", "days", '"', "a\\")


@settings(max_examples=300, deadline=None)
@given(st.text() | st.lists(st.sampled_from(PIECES)).map(" ".join))
def test_any_text_is_a_condition_or_is_refused(text):
    try:
        condition = read_condition(text)
    except InvalidInputError:
        return
    assert read_condition(condition_text(condition)) == condition
