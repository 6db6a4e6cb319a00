"""Editing a sequence card by card: what becomes of the draft, its text and its comments."""

from dataclasses import replace

import pytest

from funnel.domain.errors import DraftConflictError, InvalidInputError
from funnel.domain.sequence_settings import settings_of
from funnel.domain.step_edits import StillCountedError
from funnel.domain.step_form import StepForm, StepFormError, TimingForm, form_of
from funnel.services.edit_draft import edit_draft
from funnel.services.edit_steps import (
    EditedDraft,
    add_step,
    duplicate_step,
    edit_settings,
    edit_step,
    place_step,
    remove_step,
    restore_draft,
)
from funnel.services.read_sequence_page import read_sequence_page
from funnel.services.read_versions import read_version, read_versions
from funnel.storage.drafts import Draft
from tests.fixtures.versions import BY, FIRST, SECOND, SLUG, YOUR_SEAT
from tests.fixtures.world import World

COMMENTED = """# Mine.
title: A short one
brand: default

steps:
  # The seat.

  - key: your-seat   # for ever
    kind: service
    timing: on registration
    late: within 20 h

  # Asked for by Ana.
  - key: first
    kind: letter
    timing: 1 day after enrollment, 09:00  # not at once
    weekdays: mon-fri

  # The session.

  - key: one-hour
    kind: service
    timing: 1 h before session start
    late: within 30 min
    repeats_when_moved: yes

  - key: second
    kind: letter
    timing: 2 days after first, 09:00
    weekdays: mon-fri
"""


def draft_of(world: World) -> Draft:
    draft = read_versions(SLUG, world.transactions).draft
    assert draft is not None
    return draft


def save(world: World, text: str) -> str:
    edit_draft(SLUG, text, by=BY, transactions=world.transactions, needs_emails=False)
    return draft_of(world).checksum


def in_days(days: str, step=SECOND) -> StepForm:
    form = form_of(step)
    return replace(form, timing=replace(form.timing, days=days))


def edit(world: World, key: str, form: StepForm, seen: str) -> EditedDraft:
    return edit_step(SLUG, key, form, seen=seen, by=BY, transactions=world.transactions)


def test_the_first_edit_begins_a_draft_from_what_is_live(world: World) -> None:
    edited = edit(world, "second", in_days("3"), "")
    draft = draft_of(world)
    assert edited.is_changed
    assert (edited.former_source, edited.seen) == ("", draft.checksum)
    assert "timing: 3 days after first, 09:00" in draft.source
    page = read_sequence_page(SLUG, world.transactions)
    assert (page.base_number, page.is_outdated, page.draft_by) == (1, False, BY)
    assert world.ask("select action from audit") == "draft.saved"


def test_one_field_changes_and_every_other_byte_stays(world: World) -> None:
    seen = save(world, COMMENTED)
    edit(world, "first", in_days("3", FIRST), seen)
    expected = COMMENTED.replace("1 day after enrollment", "3 days after enrollment")
    assert draft_of(world).source == expected.replace("  # not at once", " # not at once")


def test_what_means_the_same_is_no_change(world: World) -> None:
    seen = save(world, COMMENTED)
    edited = edit(world, "your-seat", form_of(YOUR_SEAT), seen)
    assert not edited.is_changed
    assert draft_of(world).source == COMMENTED


def test_undo_puts_the_bytes_back_and_undoing_the_first_edit_ends_the_draft(world: World) -> None:
    first = edit(world, "second", in_days("3"), "")
    before = draft_of(world).source
    second = edit(world, "second", in_days("5"), first.seen)
    back = restore_draft(
        SLUG, second.former_source, seen=second.seen, by=BY, transactions=world.transactions
    )
    assert draft_of(world).source == before
    gone = restore_draft(
        SLUG, first.former_source, seen=back.seen, by=BY, transactions=world.transactions
    )
    assert (gone.seen, gone.former_source) == ("", before)
    assert read_versions(SLUG, world.transactions).draft is None


def test_a_draft_that_somebody_else_changed_is_not_overwritten(world: World) -> None:
    first = edit(world, "second", in_days("3"), "")
    edit_step(
        SLUG,
        "first",
        in_days("2", FIRST),
        seen=first.seen,
        by="ana",
        transactions=world.transactions,
    )
    with pytest.raises(DraftConflictError) as caught:
        edit(world, "second", in_days("9"), first.seen)
    error = caught.value
    assert (error.by, error.revision) == ("ana", draft_of(world).checksum)
    assert "9 days after first" in error.yours
    assert error.theirs == draft_of(world).source


def test_a_comment_alone_is_a_change_that_others_are_told_of(world: World) -> None:
    seen = save(world, COMMENTED)
    save(world, COMMENTED.replace("# Mine.", "# Ours."))
    with pytest.raises(DraftConflictError):
        edit(world, "second", in_days("9"), seen)


def test_mistakes_stand_at_their_fields_each_with_a_remedy(world: World) -> None:
    form = replace(in_days("3"), only_if=("goal reched",), opens="10:00", closes="12:00")
    with pytest.raises(StepFormError) as caught:
        edit(world, "second", form, "")
    found = {each.field: each for each in caught.value.problems}
    assert set(found) == {"only_if", "timing"}
    assert all(each.remedy and each.step_key == "second" for each in found.values())
    assert read_versions(SLUG, world.transactions).draft is None


def test_a_number_that_is_none_is_told_at_its_own_field(world: World) -> None:
    with pytest.raises(StepFormError) as caught:
        edit(world, "second", in_days("two"), "")
    assert [each.field for each in caught.value.problems] == ["timing.days"]


def test_a_new_email_needs_no_text_yet_and_the_page_asks_for_it(world: World) -> None:
    form = StepForm(name="Über: alles", timing=TimingForm(anchor="first", days="1", at="09:00"))
    edited = add_step(SLUG, form, "first", seen="", by=BY, transactions=world.transactions)
    assert edited.step_key == "uber-alles"
    steps = draft_of(world).definition.steps
    assert [each.key for each in steps][:3] == ["your-seat", "first", "uber-alles"]
    page = read_sequence_page(SLUG, world.transactions)
    assert any("Über: alles" in each for each in page.needs)
    line = next(each for each in page.steps if each.key == "uber-alles")
    assert (line.state, line.template) == ("new", None)


def test_a_copy_has_a_key_and_a_name_of_its_own(world: World) -> None:
    first = duplicate_step(SLUG, "first", seen="", by=BY, transactions=world.transactions)
    again = duplicate_step(SLUG, "first", seen=first.seen, by=BY, transactions=world.transactions)
    assert (first.step_key, again.step_key) == ("first-copy", "first-copy-2")
    definition = draft_of(world).definition
    assert definition.step("first-copy").timing == definition.step("first").timing
    assert len({each.known_as for each in definition.steps}) == len(definition.steps)


def test_a_place_above_what_it_counts_from_is_refused_by_name(world: World) -> None:
    with pytest.raises(InvalidInputError, match="“Second” needs “First”"):
        place_step(SLUG, "second", 0, seen="", by=BY, transactions=world.transactions)


def test_a_moved_email_takes_its_comment_along_and_headings_stay(world: World) -> None:
    seen = save(world, COMMENTED)
    place_step(SLUG, "first", 0, seen=seen, by=BY, transactions=world.transactions)
    source = draft_of(world).source
    assert source.index("# The seat.") < source.index("# Asked for by Ana.\n  - key: first")
    assert source.index("key: your-seat") < source.index("# The session.\n\n  - key: one-hour")
    page = read_sequence_page(SLUG, world.transactions)
    assert [each.state for each in page.steps].count("moved") == 1


def test_an_email_that_others_count_from_goes_only_with_what_becomes_of_them(world: World) -> None:
    with pytest.raises(StillCountedError) as caught:
        remove_step(SLUG, "first", seen="", by=BY, transactions=world.transactions)
    (offer,) = caught.value.offers
    assert (offer.key, offer.instead.delay.days) == ("second", 3)
    remove_step(SLUG, "first", seen="", by=BY, transactions=world.transactions, recount=True)
    assert "timing: 3 days after enrollment, 09:00" in draft_of(world).source
    page = read_sequence_page(SLUG, world.transactions)
    assert [(each.key, each.state) for each in page.steps] == [
        ("your-seat", "same"),
        ("first", "removed"),
        ("one-hour", "same"),
        ("second", "changed"),
    ]


def test_settings_change_in_the_head_and_wrong_ones_are_told(world: World) -> None:
    seen = save(world, COMMENTED)
    form = settings_of(draft_of(world).definition)
    edited = edit_settings(
        SLUG,
        replace(form, title="Another: one", exit_if=("bought",)),
        seen=seen,
        by=BY,
        transactions=world.transactions,
    )
    source = draft_of(world).source
    assert source.startswith('# Mine.\ntitle: "Another: one"\nbrand: default\nexit_if: bought\n')
    with pytest.raises(StepFormError) as caught:
        edit_settings(
            SLUG,
            replace(form, days_between_letters="99", no_letters_on=("tomorrow",)),
            seen=edited.seen,
            by=BY,
            transactions=world.transactions,
        )
    assert {each.field for each in caught.value.problems} == {
        "days_between_letters",
        "no_letters_on",
    }


def test_a_text_without_lines_of_its_own_is_written_anew_and_keeps_its_comments(
    world: World,
) -> None:
    flow = """title: A short one  # ours
steps: [{key: your-seat, kind: service, timing: on registration, late: within 20 h},
  # the one
  {key: first, kind: letter, timing: "1 day after enrollment, 09:00", weekdays: mon-fri}]
"""
    seen = save(world, flow)
    edit(world, "first", in_days("4", FIRST), seen)
    draft = draft_of(world)
    assert "# ours" in draft.source
    assert "# the one" in draft.source
    assert draft.definition.step("first").timing.delay.days == 4


def test_an_export_has_the_comments_of_its_author(world: World) -> None:
    world.execute("update sequence_versions set source = :text", text=COMMENTED)
    exported = read_version(SLUG, None, world.transactions)
    assert exported.text.splitlines()[1:] == COMMENTED.splitlines()
    world.execute("update sequence_versions set source = :text", text=exported.text)
    assert read_version(SLUG, None, world.transactions).text == exported.text
