"""Drafts: saved whole or refused with reasons; nothing live changes."""

from dataclasses import replace

import pytest

from funnel.domain.errors import InvalidInputError, NotFoundError
from funnel.domain.sequence_file import SequenceFileError
from funnel.domain.sequence_text import sequence_text
from funnel.services.discard_draft import discard_draft
from funnel.services.edit_draft import SavedDraft, edit_draft
from funnel.services.read_versions import read_difference, read_version, read_versions
from tests.fixtures.posting import Post
from tests.fixtures.versions import BY, FIRST, SLUG, WITH_BETWEEN, YOUR_SEAT, Desk, with_steps
from tests.fixtures.world import SHORT_SEQUENCE, World


@pytest.fixture
def desk(post: Post) -> Desk:
    return Desk(post)


def save(world: World, text: str, *, on: int | None = None) -> SavedDraft:
    return edit_draft(SLUG, text, by=BY, transactions=world.transactions, on=on)


def test_a_draft_is_kept_as_it_was_written_and_changes_nothing_live(desk: Desk) -> None:
    world = desk.post.world
    world.publish_email("between", "Between.")
    text = "# mine\n" + sequence_text(WITH_BETWEEN)
    saved = save(world, text)
    found = read_versions(SLUG, world.transactions)
    assert found.draft is not None
    assert (found.draft.source, found.draft.updated_by) == (text, BY)
    assert [(each.number, each.is_live) for each in found.versions] == [(1, True)]
    assert (saved.emails, saved.base_number, saved.is_live_already) == (5, 1, False)
    assert world.ask("select action from audit") == "draft.saved"


def test_a_mistake_is_named_by_line_and_the_former_draft_stays(desk: Desk) -> None:
    world = desk.post.world
    save(world, sequence_text(SHORT_SEQUENCE))
    broken = sequence_text(SHORT_SEQUENCE).replace("1 day after enrollment", "1 day after lunch")
    with pytest.raises(SequenceFileError) as caught:
        save(world, broken)
    (problem,) = caught.value.problems
    assert broken.splitlines()[problem.line - 1].strip().startswith("timing: 1 day after lunch")
    assert problem.remedy
    draft = read_versions(SLUG, world.transactions).draft
    assert draft is not None
    assert draft.definition == SHORT_SEQUENCE


def test_a_step_without_an_email_is_refused_with_its_file(desk: Desk) -> None:
    with pytest.raises(InvalidInputError, match="no email: between") as caught:
        save(desk.post.world, sequence_text(WITH_BETWEEN))
    assert "email/short/between.md" in caught.value.remedy


def test_an_unknown_brand_is_refused(desk: Desk) -> None:
    with pytest.raises(InvalidInputError, match='no brand "other"'):
        save(desk.post.world, sequence_text(replace(SHORT_SEQUENCE, brand="other")))


def test_the_difference_is_in_the_words_of_the_file(desk: Desk) -> None:
    desk.draft(with_steps(YOUR_SEAT, FIRST))
    found = read_difference(SLUG, desk.post.world.transactions)
    assert "-  - key: second" in found.lines
    assert not any(line.startswith("+ ") for line in found.lines)
    assert (found.base_number, found.live_number) == (1, 1)


def test_what_is_exported_reads_back_as_the_same_and_names_its_version(desk: Desk) -> None:
    exported = read_version(SLUG, None, desk.post.world.transactions)
    assert exported.definition == SHORT_SEQUENCE
    assert exported.text.startswith("# short, version 1.")
    saved = save(desk.post.world, exported.text)
    assert (saved.base_number, saved.is_live_already) == (1, True)


def test_a_draft_may_name_the_version_that_it_was_begun_from(desk: Desk) -> None:
    with pytest.raises(InvalidInputError, match="no version 7"):
        save(desk.post.world, sequence_text(SHORT_SEQUENCE), on=7)


def test_a_discarded_draft_is_gone_and_there_is_none_to_discard_again(desk: Desk) -> None:
    transactions = desk.post.world.transactions
    desk.draft(with_steps(YOUR_SEAT, FIRST))
    discard_draft(SLUG, by=BY, transactions=transactions)
    assert read_versions(SLUG, transactions).draft is None
    with pytest.raises(NotFoundError):
        discard_draft(SLUG, by=BY, transactions=transactions)
    with pytest.raises(NotFoundError):
        read_difference(SLUG, transactions)


@pytest.mark.parametrize("number", [2, 99])
def test_a_version_that_does_not_exist_is_named(desk: Desk, number: int) -> None:
    with pytest.raises(NotFoundError, match=f"no version {number}"):
        read_version(SLUG, number, desk.post.world.transactions)
