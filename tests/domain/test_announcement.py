"""An announcement's text, its limits, and what makes it the same email."""

from datetime import UTC, datetime, timedelta
from itertools import product
from uuid import UUID, uuid4

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from funnel.domain.announcement import (
    announcement_source,
    dedupe_key,
    line_of_text,
    plain_subject,
    reason_words,
    skip_reason,
    template_key,
    valid_until,
)
from funnel.domain.message import EndReason, Notice
from funnel.domain.session import Session
from funnel.domain.text import clean_text
from funnel.rendering.source import read_source

STARTS = datetime(2031, 3, 6, 17, 0, tzinfo=UTC)
SESSION = Session(
    id=uuid4(),
    title="A session",
    starts_at=STARTS,
    ends_at=STARTS + timedelta(minutes=90),
    zone="Europe/Berlin",
)
# What a person types on one line; control characters are taken out before.
LINES = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1)


@given(st.sets(st.uuids(), min_size=1, max_size=6), st.sets(st.uuids(), min_size=1, max_size=6))
def test_one_key_for_each_announcement_and_person_whoever_asks_and_how_often(
    announcements: set[UUID], people: set[UUID]
) -> None:
    pairs = list(product(announcements, people))
    keys = [dedupe_key(*pair) for pair in pairs]
    assert len(set(keys)) == len(pairs)
    assert keys == [dedupe_key(*pair) for pair in pairs]
    # A step's key begins with its run, a notice's with the notice: neither can be one of these.
    assert not {each.partition(":")[0] for each in keys} & {str(each) for each in Notice}
    assert all(each.startswith("announcement:") for each in keys)


@pytest.mark.parametrize(
    ("case", "sent_at", "expected"),
    [
        ("days before", STARTS - timedelta(days=3), SESSION.ends_at),
        ("while it is on", STARTS + timedelta(minutes=5), SESSION.ends_at),
        ("as it ends", SESSION.ends_at, SESSION.ends_at + timedelta(hours=20)),
        ("a week later", STARTS + timedelta(days=7), STARTS + timedelta(days=7, hours=20)),
    ],
)
def test_until_when_it_may_leave(case: str, sent_at: datetime, expected: datetime) -> None:
    assert valid_until(SESSION, sent_at) == expected


@given(LINES)
def test_a_subject_stays_what_was_typed_whatever_it_means_to_yaml(words: str) -> None:
    subject = clean_text(words.replace("{", "(").replace("}", ")"), limit=70)
    assume(subject)
    assert read_source(announcement_source(subject, "A text.")).subject == subject


@pytest.mark.parametrize(
    ("text", "greets"),
    [
        ("The room opens.", True),
        ("Dear {{ person.first_name }}, the room opens.", False),
        ("{{ person.greeting }}\n\nThe room opens.", False),
        ("{% if person.first_name %}You{% endif %}", True),
    ],
    ids=["plain", "by name", "by the greeting", "only asked"],
)
def test_it_greets_unless_the_text_does(text: str, *, greets: bool) -> None:
    begins = announcement_source("A subject", text).partition("---\n")[2].partition("---\n")[2]
    assert begins == ("{{ person.greeting }}\n\n" if greets else "") + text + "\n"


@pytest.mark.parametrize(
    "text", ["one\ntwo\n{{ three }}", "{{ person.greeting }}\ntwo\n{{ three }}"]
)
def test_lines_are_counted_as_they_were_typed(text: str) -> None:
    source = announcement_source("A subject", text)
    line = next(number for number, each in enumerate(source.split("\n"), 1) if "three" in each)
    assert line_of_text(source, line) == 3
    assert line_of_text(source, 2) is None
    assert line_of_text(source, None) is None


def test_lists_show_a_subject_with_gaps_for_its_fields() -> None:
    assert (
        plain_subject("At {{ session.hour }}{% if x %} in Berlin{% endif %}") == "At …… in Berlin…"
    )
    assert plain_subject("Plain") == "Plain"


def test_every_reason_has_words_of_its_own() -> None:
    stored = [each.value for each in EndReason if each is not EndReason.OVER]
    said = {reason_words(each) for each in [*stored, "would be late"]}
    assert len(said) == len(stored) + 1
    assert not said & {each.value for each in EndReason} - {EndReason.UNWANTED.value}
    assert reason_words(skip_reason("bounced", wants_seat_emails=False) or "") == (
        "on the do-not-email list (bounced)"
    )
    assert skip_reason(None, wants_seat_emails=True) is None
    assert template_key(SESSION.id) == f"announcements/{SESSION.id}"
