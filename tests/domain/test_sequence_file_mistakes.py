# ruff: noqa: E501 (a table is read by its rows)
"""What is wrong in a sequence file: each mistake by its line, with its remedy."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import funnel
from funnel.domain.enrollment import Enrollment, Facts
from funnel.domain.errors import InvalidInputError
from funnel.domain.marked_yaml import LARGEST_FILE, MOST_PROBLEMS
from funnel.domain.planner import plan
from funnel.domain.sequence_file import SequenceFileError, parse_sequence
from tests.domain.sequence_texts import parse, parse_step, problems_of

TEMPLATES = Path(funnel.__file__).parent / "templates"
SHIPPED = TEMPLATES / "sequences" / "disruption-masterclass.yaml"
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
SOMEBODY = Enrollment(
    enrolled_at=datetime(2026, 11, 2, 10, tzinfo=UTC), zone=ZoneInfo("Europe/Berlin")
)


@pytest.mark.parametrize(
    ("case", "fields", "reason", "remedy"),
    [
        ("an unknown field", ["kind: letter", "timing: 1 day after first", "weekday: mon"], '"weekday" is not known', "Did you mean weekdays?"),
        ("a text named, as other tools do", ["kind: letter", "timing: 1 day after first", "template: bias"], '"template" is not known here', "found by its key: delete this line"),
        ("a field used twice", ["kind: letter", "timing: 1 day after first", "kind: service"], '"kind" is here twice', "Keep one"),
        ("no kind", ["timing: 1 day after first"], '"kind" is missing', "Add a line"),
        ("no timing", ["kind: letter"], '"timing" is missing', "Add a line"),
        ("an unknown kind", ["kind: lettre", "timing: 1 day after first"], '"lettre"', "letter, service"),
        ("no timing at all", ["kind: letter", "timing: soon"], '"soon" is not a timing', "2 days after listening"),
        ("an unknown unit", ["kind: letter", "timing: 2 weeks after first"], '"2 weeks" is not a duration', "30 min"),
        ("no time in between", ["kind: letter", "timing: 0 days after first"], "no time at all", "30 min"),
        ("an hour that is none", ["kind: letter", "timing: '1 day after first, 25:00'"], '"25:00" is not a time', "09:00"),
        ("an hour of one digit", ["kind: letter", "timing: '1 day after first, 9:00'"], '"9:00" is not a time', "09:00"),
        ("an anchor that is none", ["kind: letter", "timing: 1 day after The First"], '"The First" is nothing', "earlier step"),
        ("a moment without offset", ["kind: letter", "timing: on 2026-12-01T09:00"], "no offset", "+01:00"),
        ("a moment that is none", ["kind: letter", "timing: on 2026-13-01T09:00Z"], "not a moment", "+01:00"),
        ("an unknown step", ["kind: letter", "timing: 1 day after frist"], '"frist" is no step', "a step above"),
        ("itself", ["kind: letter", "timing: 1 day after last"], "in a circle: last after last", "above"),
        ("at another step's moment", ["kind: service", "timing: on seat"], "at the same moment", "1 h after"),
        ("before another step", ["kind: service", "timing: 1 h before seat"], "beforehand", "after"),
        ("before the registration", ["kind: service", "timing: 1 h before registration"], "beforehand", "after"),
        ("late for a letter", ["kind: letter", "timing: 1 day after first", "late: skip"], "not for a letter", "Delete"),
        ("hours for a service email", ["kind: service", "timing: on registration", "hours: 09:00-17:00"], "not for a service", "Delete"),
        ("hours without any time in between", ["kind: letter", "timing: 1 day after first", "hours: 17:00-17:00"], "cannot open and close at 17:00", "later"),
        ("an hour outside a night", ["kind: letter", "timing: '1 day after first, 09:00'", "hours: 20:00-02:00"], "09:00 lies outside the hours 20:00-02:00", "hours:"),
        ("the hour at which a night ends", ["kind: letter", "timing: '1 day after first, 02:00'", "hours: 20:00-02:00"], "02:00 lies outside", "hours:"),
        ("one hour only", ["kind: letter", "timing: 1 day after first", "hours: '09:00'"], "names no hours", "09:00-17:00"),
        ("an hour outside the hours", ["kind: letter", "timing: '1 day after first, 17:00'"], "outside the hours 09:00-17:00", "hours:"),
        ("an hour outside, without a session", ["kind: letter", "timing: 1 day after session end", "without_session: '1 day after first, 08:59'"], "08:59 lies outside", "hours:"),
        ("no weekday", ["kind: letter", "timing: 1 day after first", "weekdays: funday"], '"funday" names no weekdays', "mon-fri"),
        ("an empty list", ["kind: letter", "timing: 1 day after first", "weekdays: []"], '"weekdays" is empty', "Leave"),
        ("an empty field", ["kind: letter", "timing:"], '"timing" is empty', "one plain value"),
        ("a list where a text belongs", ["kind: letter", "timing: [1, 2]"], '"timing" must be one text', "one plain value"),
        ("two lines of text", ["kind: letter", 'timing: "1 day\\nafter first"'], "must be one line", "one plain value"),
        ("a tag", ["kind: letter", "timing: !!python/name:os.system x"], "is not read", "one plain value"),
        ("a late policy that is none", ["kind: service", "timing: on registration", "late: 2 h"], "no late policy", "within 2 h"),
        ("days where hours are meant", ["kind: service", "timing: on registration", "late: within 1 day"], "not always 24 h", "24 h"),
        ("later than a week", ["kind: service", "timing: on registration", "late: within 200 h"], "more than a week", "not wanted"),
        ("an unknown condition", ["kind: letter", "timing: 1 day after first", "only_if: registred"], '"registred"', "registered, attended"),
        ("a click in an unknown step", ["kind: letter", "timing: 1 day after first", "only_if: clicked in frist"], '"frist" is no step', "a step above"),
        ("a click in itself", ["kind: letter", "timing: 1 day after first", "only_if: clicked in last"], "does not stand above this step", "a step above"),
        ("a time for what does not happen", ["kind: letter", "timing: 1 day after first", "only_if: attended within 2 days"], "does not happen within a time", "Delete"),
        ("a time of more than a year", ["kind: letter", "timing: 1 day after first", "skip_if: clicked within 366 days"], "longer than a year", "shorter"),
        ("a time that ends after the session began", ["kind: service", "timing: 1 h before session start", "skip_if: booked within 2 days"], "ends after the session's start", "clicked in your-seat within 2 days"),
        ("left before, before the session", ["kind: service", "timing: 1 h before session start", "only_if: left before 45 min"], "before the session", "session end"),
        ("left before without a time", ["kind: service", "timing: on session end", "only_if: left before"], "says no time", "left before 45 min"),
        ("left before, and missed", ["kind: service", "timing: on session end", "only_if: [missed, left before 45 min]"], "missed and in the room at once", "one_of"),
        ("left before it stayed", ["kind: service", "timing: on session end", "only_if: [left before 45 min, stayed until 60 min]"], "until which they stayed", "earlier"),
        ("left after a day", ["kind: service", "timing: on session end", "only_if: left before 25 h"], "longer than a day", "45 min"),
        ("a tag without a name", ["kind: letter", "timing: 1 day after first", "only_if: tag"], "says no name", "tag customer"),
        ("a moment in another age", ["kind: letter", "timing: on 9999-12-01T09:00Z"], "not between 2000 and 2199", "+01:00"),
        ("a condition asked both ways", ["kind: letter", "timing: 1 day after first", "only_if: attended", "skip_if: attended"], "both ways", "Keep one"),
        ("a condition twice", ["kind: letter", "timing: 1 day after first", "only_if: [attended, attended]"], "twice", "Keep one"),
        ("conditions that exclude each other", ["kind: letter", "timing: 1 day after first", "only_if: [attended, missed]"], "attended and missed at once", "one_of"),
        ("a wait for nothing", ["kind: service", "timing: on session end", "wait: until 1 h after session end"], "no word to wait for", "only_if"),
        ("a wait for what is settled at the moment", ["kind: service", "timing: on session end", "only_if: attendance unknown", "wait: until 1 h after session end"], "no word to wait for", "only_if"),
        ("a wait that is over before", ["kind: service", "timing: 2 h after session end", "only_if: attended", "wait: until 1 h after session end"], "over before it begins", "after"),
        ("a wait from elsewhere", ["kind: service", "timing: on session end", "only_if: attended", "wait: until 1 day after session start"], "own anchor", "session end"),
        ("a wait without until", ["kind: service", "timing: on session end", "only_if: attended", "wait: 1 day"], "is no wait", "until 1 day"),
        ("apart from nobody", ["kind: service", "timing: on session start", "apart_from: {seet: 2 h}"], '"seet" is no step', "above"),
        ("apart from itself", ["kind: service", "timing: on session start", "apart_from: {last: 2 h}"], "does not stand above", "above"),
        ("apart from without a time", ["kind: service", "timing: on session start", "apart_from: seat"], "must be a mapping", "apart_from: {"),
        ("apart from the same twice", ["kind: service", "timing: on session start", "apart_from: {seat: 1 h, seat: 2 h}"], '"seat" is here twice', "Keep one"),
        ("a lead from the registration", ["kind: service", "timing: on registration", "lead: 1 h"], "before the session", "session start"),
        ("a group of one", ["kind: service", "timing: on session end", "one_of: aftermat"], "nobody else", "two steps"),
        ("a repeat that has no date", ["kind: service", "timing: on registration", "repeats_when_moved: yes"], "session's start", "session start"),
        ("neither yes nor no", ["kind: service", "timing: on session start", "repeats_when_moved: maybe"], '"maybe" is neither', "yes or no"),
        ("without a session, yet from one", ["kind: letter", "timing: 1 day after session end", "without_session: 1 day after session start"], "nobody without a seat", "enrollment"),
    ],
)  # fmt: skip
def test_a_wrong_step_is_refused_with_line_reason_and_remedy(case, fields, reason, remedy):
    with pytest.raises(SequenceFileError) as refused:
        parse_step(*fields)
    assert len(refused.value.problems) == 1, str(refused.value)
    problem = refused.value.problems[0]
    assert reason in problem.reason
    assert remedy in problem.remedy
    assert 9 <= problem.line <= 9 + len(fields)
    assert str(problem) in str(refused.value)
    assert isinstance(refused.value, InvalidInputError)


SERVICE, LETTER = "kind: service", "kind: letter"
BEFORE, TO_COME = "before the session", "before the session has ended"


@pytest.mark.parametrize(
    ("kind", "timing", "conditions", "reason"),
    [
        (SERVICE, "24 h before session start", ["attended", "missed", "stayed until 45 min"], BEFORE),
        (SERVICE, "24 h before session start", ["attendance unknown"], 'everybody has "attendance unknown" before the session'),
        (LETTER, "3 days before session start", ["attended", "missed"], BEFORE),
        (SERVICE, "24 h before session end", ["attended", "left before 45 min"], BEFORE),
        (SERVICE, "on registration", ["attended", "missed", "left before 45 min", "attendance unknown"], BEFORE),
        (LETTER, "on enrollment", ["attended"], BEFORE),
        (SERVICE, "on session start", ["missed"], BEFORE),
        (SERVICE, "10 min before session start", ["replay watched", "replay available"], TO_COME),
        (SERVICE, "on registration", ["replay watched", "replay available"], TO_COME),
        (SERVICE, "on session start", ["replay watched", "replay available"], TO_COME),
        (SERVICE, "10 min before session end", ["replay watched", "replay available"], TO_COME),
    ],
)  # fmt: skip
def test_what_cannot_be_known_by_then_is_refused_both_ways(kind, timing, conditions, reason):
    for condition in conditions:
        for field in ("only_if", "skip_if"):
            with pytest.raises(SequenceFileError) as refused:
                parse_step(kind, f"timing: {timing}", f"{field}: {condition}")
            (problem,) = refused.value.problems
            assert reason in problem.reason
            assert "session end" in problem.remedy
            assert problem.line == 12


@pytest.mark.parametrize(
    "fields",
    [
        (SERVICE, "timing: on session start", "only_if: attended"),
        (SERVICE, "timing: 5 min after session start", "only_if: missed"),
        (SERVICE, "timing: '1 day after registration, 09:00'", "only_if: attended"),
        (SERVICE, "timing: 10 min before session end", "only_if: attended"),
        (SERVICE, "timing: 10 min before session end", "only_if: replay available", "wait: until 1 h after session end"),
        (SERVICE, "timing: on session start", "only_if: missed", "wait: until 1 h after session start"),
        (SERVICE, "timing: on registration", "only_if: attended", "wait: until 9 days after registration"),
        (SERVICE, "timing: on registration", "only_if: replay watched within 9 days"),
        (SERVICE, "timing: on session end", "only_if: replay available"),
        (LETTER, "timing: on session start", "only_if: missed"),
        (SERVICE, "timing: 24 h before replay end", "skip_if: replay watched"),
    ],
)  # fmt: skip
def test_what_may_be_known_by_then_is_taken(fields):
    assert parse_step(*fields).conditions


@pytest.mark.parametrize(
    ("case", "text", "line", "reason"),
    [
        ("nothing", "", 1, "the file is empty"),
        ("only a comment", "# later\n", 1, "the file is empty"),
        ("a list", "- key: a\n", 1, "no mapping"),
        ("a word", "hello", 1, "no mapping"),
        ("no title", "steps:\n  - {key: a, kind: service, timing: on registration}", 1, '"title" is missing'),
        ("no steps", "title: x\n", 1, "there are no steps"),
        ("empty steps", "title: x\nsteps: []\n", 2, "there are no steps"),
        ("steps that are no list", "title: x\nsteps: {a: b}\n", 2, "must be a list"),
        ("a step that is a word", "title: x\nsteps:\n  - hello\n", 3, "must be a mapping"),
        ("a tab", "title: x\nsteps:\n\t- key: a\n", 3, "a tab stands here"),
        ("an open bracket", "title: [x\nsteps: y\n", 2, "not YAML"),
        ("an open quote", 'title: "x\n', 2, "not YAML"),
        ("two documents", "title: x\n---\ntitle: y\n", 2, "not YAML"),
        ("NUL", "title: x\0\n", 1, "control character"),
        ("another control character", "title: x\ntitel: \x07", 2, "control character"),
        ("an alias", "title: &x y\nbrand: *x\n", 2, "an alias"),
        ("a key that is a list", "title: x\n[a]: b\nsteps: []", 2, "a name must be a plain word"),
        ("a title twice", "title: x\ntitle: y\nsteps:\n  - {key: a, kind: service, timing: on registration}", 2, '"title" is here twice'),
        ("an unknown policy", "title: x\nruns: often\nsteps:\n  - {key: a, kind: service, timing: on registration}", 2, '"often"'),
        ("too many days apart", "title: x\ndays_between_letters: 31\nsteps:\n  - {key: a, kind: service, timing: on registration}", 2, "no number of days"),
        ("a date that is none", "title: x\nno_letters_on: [2026-02-30]\nsteps:\n  - {key: a, kind: service, timing: on registration}", 2, "is no date"),
        ("a goal that is no condition", "title: x\ngoal: happy\nsteps:\n  - {key: a, kind: service, timing: on registration}", 2, '"happy" is no condition'),
        ("a goal that is itself", "title: x\ngoal:\n  - booked\n  - goal reached\nsteps:\n  - {key: a, kind: service, timing: on registration}", 4, "the goal cannot be"),
        ("a goal twice", "title: x\ngoal: [booked, booked]\nsteps:\n  - {key: a, kind: service, timing: on registration}", 2, "is here twice"),
        ("an end in an unknown email", "title: x\nexit_if:\n  - bought\n  - clicked in b\nsteps:\n  - {key: a, kind: service, timing: on registration}", 4, '"b" is no step'),
        ("an end that is never told", "title: x\nexit_if: attendance unknown\nsteps:\n  - {key: a, kind: service, timing: on registration}", 2, "asked at the moment of an email"),
        ("opens that are neither", "title: x\nopens: maybe\nsteps:\n  - {key: a, kind: service, timing: on registration}", 2, "neither yes nor no"),
        ("a reserved key", "title: x\nsteps:\n  - {key: registration, kind: service, timing: on registration}", 3, "word of timings"),
        ("a key with a path", "title: x\nsteps:\n  - {key: ../a, kind: service, timing: on registration}", 3, "is no key"),
        ("a long key", f"title: x\nsteps:\n  - {{key: {'a' * 65}, kind: service, timing: on registration}}", 3, "is no key"),
        ("a long title", f"title: {'x' * 201}\nsteps:\n  - {{key: a, kind: service, timing: on registration}}", 1, "longer than 200"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_refused(case, text, line, reason):
    problems = problems_of(text)
    assert reason in problems[0].reason
    assert problems[0].line == line
    assert len(problems) == 1
    assert problems[0].remedy


def test_a_file_name_that_cannot_be_a_slug_is_refused():
    good = SHIPPED.read_text(encoding="utf-8")
    assert "file's name" in problems_of(good, file_name="My Sequence.yaml")[0].reason
    assert parse_sequence(good, file_name="/some/folder/my-sequence.yaml").slug == "my-sequence"


def test_every_mistake_is_reported_in_the_order_of_the_file():
    problems = problems_of(
        """titel: x
runs: twice
steps:
  - key: a
    kind: letter
    timing: 1 day after c
  - key: b
    kind: letter
    timing: 1 day after a, 18:00
  - key: b
    timing: never
"""
    )
    assert [each.line for each in problems] == [1, 1, 2, 6, 9, 10, 10, 11]


def test_a_circle_is_named():
    problems = problems_of(
        """title: x
steps:
  - {key: a, kind: letter, timing: 1 day after c}
  - {key: b, kind: letter, timing: 1 day after a}
  - {key: c, kind: letter, timing: 1 day after b}
"""
    )
    assert [each.reason for each in problems] == [
        "the steps count in a circle: a after c after b after a"
    ]


def test_a_later_step_is_no_anchor():
    problems = problems_of(
        """title: x
steps:
  - {key: a, kind: letter, timing: 1 day after b}
  - {key: b, kind: letter, timing: 1 day after enrollment}
"""
    )
    assert [each.reason for each in problems] == ['"b" comes later']


def test_a_step_that_cannot_be_read_causes_no_second_problem():
    problems = problems_of(
        """title: x
steps:
  - {key: a, kind: letter, timing: some day}
  - {key: b, kind: letter, timing: 1 day after a}
"""
    )
    assert len(problems) == 1


def test_billion_laughs_are_refused_at_the_first_alias():
    lines = ["a0: &a0 [ha, ha, ha]"]
    lines += [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}]" for n in range(1, 40)]
    assert "alias" in problems_of("\n".join(lines))[0].reason


@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
def test_deep_nesting_is_refused(opening):
    assert (
        problems_of("title: " + opening * 50_000) if opening != "- " else problems_of("- " * 50_000)
    )


def test_a_file_of_a_megabyte_is_refused_unread():
    problems = problems_of("#" * (LARGEST_FILE + 1))
    assert "longer than" in problems[0].reason


def test_too_many_steps_are_refused():
    steps = "".join(
        f"  - {{key: s{n}, kind: service, timing: on registration}}\n" for n in range(201)
    )
    assert "more than 200" in problems_of(f"title: x\nsteps:\n{steps}")[0].reason


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet=st.sampled_from("title:steps- \n\t[]{}&*!|>'\"#,0a\0\x85\ufeff\ud800")))
def test_any_text_gives_a_definition_or_its_mistakes(text):
    with pytest.raises(SequenceFileError) as refused:
        parse(text)
    assert refused.value.problems


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_a_damaged_file_gives_a_definition_or_its_mistakes(data):
    lines = SHIPPED.read_text(encoding="utf-8").splitlines()
    for _ in range(data.draw(st.integers(1, 4))):
        number = data.draw(st.integers(0, len(lines) - 1))
        damage = data.draw(st.sampled_from(["drop", "double", "swap", "cut"]))
        if damage == "drop" and len(lines) > 1:
            del lines[number]
        elif damage == "double":
            lines.insert(number, lines[number])
        elif damage == "swap":
            other = data.draw(st.integers(0, len(lines) - 1))
            lines[number], lines[other] = lines[other], lines[number]
        else:
            lines[number] = lines[number][: data.draw(st.integers(0, len(lines[number])))]
    try:
        definition = parse("\n".join(lines))
    except SequenceFileError as error:
        mistakes = error.problems
    else:
        # What may be published can be planned.
        plan(SOMEBODY, definition, Facts(), frozenset(), SOMEBODY.enrolled_at)
        return
    assert mistakes
    assert all(1 <= each.line <= len(lines) + 1 and each.remedy for each in mistakes)


def test_a_wrong_condition_is_shown_on_its_own_line():
    problems = problems_of(
        """title: x
steps:
  - key: a
    kind: letter
    timing: 1 day after enrollment
  - key: b
    kind: letter
    timing: 1 day after a
    only_if:
      - registered
      - clicked in c
      - atended
      - clicked in b
"""
    )
    assert [each.line for each in problems] == [11, 12, 13]


def test_of_very_many_mistakes_the_first_fifty_are_told():
    problems = problems_of("\n".join(f"k{number}: v" for number in range(20_000)))
    assert len(problems) == MOST_PROBLEMS
    assert problems[0].line == 1


def test_a_list_has_an_end():
    text = "title: x\nno_letters_on: [" + ", ".join(["2031-05-01"] * 401) + "]\nsteps: []\n"
    assert any("more than 400 entries" in each.reason for each in problems_of(text))


def test_a_day_without_letters_stands_there_once():
    (problem,) = problems_of(
        f"no_letters_on: [2026-12-25, 2026-12-26, 2026-12-25]\n{SHIPPED.read_text()}"
    )
    assert problem.reason == '"2026-12-25" is here twice'
    assert problem.line == 1
