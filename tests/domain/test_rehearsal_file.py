from datetime import timedelta

import pytest

from funnel.domain.marked_yaml import MOST_PROBLEMS
from funnel.domain.rehearsal import ActKind, SessionActKind
from funnel.domain.rehearsal_file import RehearsalFileError, parse_facts, parse_people
from funnel.domain.timing_text import timing_text

FULL = """# Who we rehearse with.
- name: Mia (Auckland)
  zone: pacific/auckland
  signs_up: 2 days after start, 10:00
  confirms: 9 h
  session: 2
  letters: no
  fields: {company: City}
  does:
    - {kind: attended, at: on session end, left_after: 45 min}
    - {kind: clicked, at: 3 h after listening, email: listening, name: notes}
    - {kind: booked, at: "2026-12-03T18:00+01:00", reference: call-1}
    - {kind: pauses, at: 1 day after signup, days: 14}
- email: ana@example.org
  confirms: never
  session: none
"""


def problems(parse, text):
    with pytest.raises(RehearsalFileError) as caught:
        parse(text, file_name="who.yaml")
    return [(each.line, each.reason) for each in caught.value.problems]


def test_a_list_of_people_is_read_with_all_that_happens_to_them():
    mia, ana = parse_people(FULL, file_name="who.yaml")
    assert (mia.name, mia.zone, mia.session, mia.wants_letters) == (
        *("Mia (Auckland)", "Pacific/Auckland", 2, False),
    )
    assert timing_text(mia.signs_up) == "2 days after enrollment, 10:00"
    assert mia.presses_after == timedelta(hours=9)
    assert mia.fields == {"company": "City"}
    came, clicked, booked, pauses = mia.script
    assert (came.kind, came.left_after) == (ActKind.ATTENDED, timedelta(minutes=45))
    assert (clicked.step_key, clicked.name) == ("listening", "notes")
    assert timing_text(booked.when) == "on 2026-12-03T17:00:00Z"
    assert booked.reference == "call-1"
    assert (timing_text(pauses.when), pauses.days) == ("1 day after enrollment", 14)
    assert (ana.name, ana.zone, ana.presses_after, ana.session) == (
        "ana@example.org",
        "",
        None,
        None,
    )
    assert ana.wants_letters is None


def test_json_is_read_as_well():
    (person,) = parse_people('[{"name": "A", "zone": "UTC", "session": 2}]', file_name="who.json")
    assert (person.name, person.zone, person.session) == ("A", "UTC", 2)


@pytest.mark.parametrize(
    ("case", "text", "expected"),
    [
        ("a zone", "- name: A\n  zone: Mars/Base\n", (2, "the time zone “Mars/Base” is not known")),
        ("nobody", "- zone: UTC\n", (1, "the person has neither a name nor an address")),
        ("no zone", "# x\n- name: A\n", (2, "the person has no zone")),
        ("a field", "- name: A\n  zone: UTC\n  sess: 2\n", (3, '"sess" is not known here')),
        ("twice", "- {name: A, zone: UTC}\n- {name: A, zone: UTC}", (2, "“A” is here twice")),
        ("empty", "", (1, "the file is empty")),
        ("none in it", "[]", (1, "there are no people in it")),
        ("a word", "- A\n", (1, "every entry of people must be a mapping")),
        ("broken", '[{"name": "A",\n "zone" }', None),
        (
            "which date",
            "- {name: A, zone: UTC, does: [{kind: changes date, at: 1 h after signup}]}",
            (1, "which date is taken is not said"),
        ),
        ("an address", "- email: ana\n", None),
    ],
)
def test_a_bad_entry_is_named_by_its_line(case, text, expected):
    found = problems(parse_people, text)
    assert found
    if expected is not None:
        assert found[0] == expected


def test_every_mistake_is_shown_at_once_with_what_to_write():
    text = (
        "- name: A\n  zone: x\n- name: B\n  zone: UTC\n  does:\n  - {kind: danced, at: some day}\n"
    )
    assert [line for line, _ in problems(parse_people, text)] == [2, 6, 6]
    with pytest.raises(RehearsalFileError, match=r"who\.yaml, line 2") as caught:
        parse_people(text, file_name="who.yaml")
    assert all(each.remedy for each in caught.value.problems)


def test_facts_are_about_people_or_about_dates():
    person, closed, moved = parse_facts(
        """
- {person: everybody, kind: attended, at: on session end}
- {kind: closed, session: 1, at: "1 day after session end, 08:00"}
- {kind: moved, session: 2, at: 2 days before session start, starts: "2026-12-18T18:00+01:00"}
""",
        file_name="facts.yaml",
    )
    assert (person.person, person.act.kind) == ("everybody", ActKind.ATTENDED)
    assert (closed.host, closed.session) == (SessionActKind.CLOSES, 1)
    assert (moved.host, moved.starts is not None) == (SessionActKind.MOVES, True)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("- {kind: attended, at: on session end}", '"person" is missing'),
        ("- {person: A, kind: attended}", '"at" is missing'),
        ("- {kind: moved, at: on session start}", "a date that moves needs its new start"),
    ],
)
def test_a_fact_that_lacks_something_is_refused(text, reason):
    assert problems(parse_facts, text) == [(1, reason)]


def test_the_mistakes_of_a_file_without_end_have_one() -> None:
    entries = "- {name: Ana, zone: Nowhere/Nothing, colour: blue}\n" * 5_000
    with pytest.raises(RehearsalFileError) as raised:
        parse_people(entries, file_name="people.yaml")
    assert len(raised.value.problems) == MOST_PROBLEMS
