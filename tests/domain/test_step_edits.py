"""Any row of edits keeps text and definition in step, and no comment is lost."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from funnel.domain.errors import InvalidInputError
from funnel.domain.sequence_file import parse_sequence
from funnel.domain.sequence_source import read_source
from funnel.domain.sequence_text import sequence_text
from funnel.domain.step_edits import (
    DraftText,
    add_step,
    duplicate_step,
    edit_step,
    new_letter,
    place_step,
    remove_step,
)
from funnel.domain.step_form import StepFormError, changed_fields, form_of
from funnel.domain.yaml_edit import all_comments
from tests.domain.test_sequence_text import fit_for_files

SHIPPED = Path(__file__).parents[2] / "funnel/templates/sequences/disruption-masterclass.yaml"
SOURCE = SHIPPED.read_text("utf-8")
ACTS = ("edit", "add", "duplicate", "place")


def read(source: str) -> DraftText:
    definition = parse_sequence(source, file_name="disruption-masterclass.yaml")
    return DraftText(source=source, definition=definition)


def done(text: DraftText, act: str, at: int, number: int) -> str:
    step = text.definition.steps[at % len(text.definition.steps)]
    if act == "edit":
        form = form_of(step)
        timing = replace(form.timing, days=str(number + 1))
        return edit_step(text, step.key, replace(form, name=f"No. {number}: it", timing=timing))
    if act == "add":
        return add_step(text, new_letter(f"Added {number}", step), step.key)[0]
    if act == "duplicate":
        return duplicate_step(text, step.key)[0]
    return place_step(text, step.key, number)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 30), st.integers(0, 25)), max_size=6)
)
def test_a_row_of_edits_keeps_every_comment_and_reads_back(acts) -> None:
    text = read(SOURCE)
    for act, at, number in acts:
        try:
            text = read(done(text, act, at, number))
        except InvalidInputError:
            continue  # refused: the text stays as it was
        pieces = read_source(text.source)
        assert pieces is not None
        assert pieces.text == text.source
        assert len(pieces.blocks) == len(text.definition.steps)
        assert Counter(all_comments(text.source)) == Counter(all_comments(SOURCE))


@settings(max_examples=30, deadline=None)
@given(fit_for_files())
def test_a_card_as_it_was_filled_in_changes_nothing(definition) -> None:
    text = DraftText(source=sequence_text(definition), definition=definition)
    for step in definition.steps:
        assert changed_fields(step, form_of(step)) == {}
        assert edit_step(text, step.key, form_of(step)) == text.source


@pytest.mark.parametrize("key", [each.key for each in read(SOURCE).definition.steps])
def test_an_email_goes_and_whoever_counts_from_it_counts_on(key: str) -> None:
    text = read(SOURCE)
    removed = read(remove_step(text, key, recount=True))
    assert all(key not in dict(each.apart_from) for each in removed.definition.steps)
    assert key not in {each.key for each in removed.definition.steps}
    assert len(removed.definition.steps) == len(text.definition.steps) - 1
    assert Counter(all_comments(removed.source)) == Counter(all_comments(SOURCE))


def test_there_and_back_is_the_same_text() -> None:
    text = read(SOURCE)
    there = read(place_step(text, "invitation-first", 13))
    assert there.source != SOURCE
    assert place_step(there, "invitation-first", 14) == SOURCE


def test_a_letter_made_a_service_email_loses_what_only_letters_have() -> None:
    text = read(SOURCE)
    form = replace(form_of(text.definition.step("bias")), kind="service", late="2 h")
    step = read(edit_step(text, "bias", form)).definition.step("bias")
    assert (step.kind, step.window) == ("service", None)
    assert step.grace.total_seconds() == 7200


def test_a_side_that_is_none_is_refused() -> None:
    text = read(SOURCE)
    form = form_of(text.definition.step("bias"))
    with pytest.raises(StepFormError) as caught:
        edit_step(text, "bias", replace(form, timing=replace(form.timing, side="beside")))
    assert [each.field for each in caught.value.problems] == ["timing.side"]
