"""A sequence's file beside its drafts: neither undoes the other unseen."""

import pytest

from funnel.domain.sequence_file import parse_sequence
from funnel.domain.version_switch import PublishPolicy
from funnel.services.discard_draft import discard_draft
from funnel.services.edit_draft import edit_draft
from funnel.services.load_definitions import load_definitions
from funnel.services.publish_draft import PublishOrder, publish_draft
from funnel.services.read_versions import read_versions
from funnel.storage import drafts
from tests.fixtures.posting import Post
from tests.services import test_load_definitions as loading
from tests.services.test_load_definitions import SEQUENCE, SLUG, change, live

folder, transactions = loading.folder, loading.transactions  # its fixtures

NAME = f"sequences/{SLUG}.yaml"
IN_THREE_DAYS = SEQUENCE.replace("2 days after listening", "3 days after listening")
IN_FOUR_DAYS = SEQUENCE.replace("2 days after listening", "4 days after listening")


@pytest.fixture
def edited(folder, post: Post):
    """A loaded folder, and a version that was published from a draft since."""
    load_definitions(folder, post.world.transactions)
    save(post, IN_THREE_DAYS)
    order = PublishOrder(policy=PublishPolicy.KEEP, by="mira")
    publish_draft(SLUG, order, post.delivery.builder, post.world.transactions)
    return post.world.transactions


def save(post, text):
    edit_draft(SLUG, text, by="mira", transactions=post.world.transactions)


def draft_of(transactions):
    return read_versions(SLUG, transactions).draft


def test_a_file_that_did_not_change_does_not_undo_a_published_draft(folder, edited):
    report = load_definitions(folder, edited)
    assert (report.published, report.drafted, live(edited).number) == ((), (), 2)


def test_a_changed_file_becomes_the_draft_where_a_draft_is_live(folder, edited):
    (folder / NAME).write_text(IN_FOUR_DAYS)
    report = load_definitions(folder, edited)
    assert (report.published, report.drafted) == ((), (NAME,))
    draft = draft_of(edited)
    assert draft.definition == parse_sequence(IN_FOUR_DAYS, file_name=f"{SLUG}.yaml")
    assert (draft.updated_by, draft.source) == (drafts.BY_FILE, IN_FOUR_DAYS)
    assert live(edited).number == 2
    assert load_definitions(folder, edited).drafted == ()


def test_a_file_that_is_put_back_takes_its_draft_along(folder, edited):
    (folder / NAME).write_text(IN_FOUR_DAYS)
    load_definitions(folder, edited)
    (folder / NAME).write_text(IN_THREE_DAYS)
    load_definitions(folder, edited)
    assert draft_of(edited) is None
    assert live(edited).number == 2


def test_a_draft_that_somebody_wrote_is_not_overwritten_by_a_file(folder, edited, post):
    mine = SEQUENCE.replace("title: Two letters", "title: Mine")
    save(post, mine)
    (folder / NAME).write_text(IN_FOUR_DAYS)
    (problem,) = load_definitions(folder, edited).problems
    assert "there is a draft by mira" in problem.reason
    assert draft_of(edited).source == mine
    discard_draft(SLUG, by="mira", transactions=edited)
    assert load_definitions(folder, edited).drafted == (NAME,)


def test_a_changed_file_goes_live_where_a_file_is_live_and_the_draft_stays(folder, post):
    load_definitions(folder, post.world.transactions)
    save(post, IN_THREE_DAYS)
    (folder / NAME).write_text(IN_FOUR_DAYS)
    load_definitions(folder, post.world.transactions)
    assert live(post.world.transactions).number == 2
    assert draft_of(post.world.transactions).source == IN_THREE_DAYS


def test_a_sequence_whose_file_is_gone_stays_live(folder, transactions):
    load_definitions(folder, transactions)
    (folder / NAME).unlink()
    load_definitions(folder, transactions)
    assert live(transactions).number == 1


def test_a_version_from_before_files_were_remembered_is_not_published_again(
    folder,
    transactions,
):
    load_definitions(folder, transactions)
    with transactions.begin() as tx:
        tx.connection.exec_driver_sql("update sequences set file_checksum = null")
        tx.connection.exec_driver_sql("update sequence_versions set checksum = 'older'")
    assert load_definitions(folder, transactions).published == ()
    change(folder, NAME, "2 days after listening", "5 days after listening")
    load_definitions(folder, transactions)
    assert live(transactions).number == 2
