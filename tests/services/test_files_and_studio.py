"""Files of emails and brands beside what the studio published: neither undoes the other unseen."""

from pathlib import Path

import pytest
from sqlalchemy import update

from funnel.domain.template_draft import BY_FILE
from funnel.domain.version_switch import VersionOrigin
from funnel.rendering.compiler import compile_template
from funnel.services.edit_template import read_template, save_template_draft
from funnel.services.load_definitions import load_definitions
from funnel.storage import brands, definition_errors, template_drafts, templates
from funnel.storage.definition_tables import BrandRow
from funnel.storage.templates import PublishAct
from tests.services import test_load_definitions as loading

folder, transactions = loading.folder, loading.transactions  # its fixtures

KEY = f"{loading.SLUG}/bias"
FILE = f"email/{KEY}.md"
BRAND_FILE = "brands/default.yaml"


@pytest.fixture
def edited(folder: Path, transactions):
    """A loaded folder, one email of which was published in the studio since."""
    load_definitions(folder, transactions)
    source = (folder / FILE).read_text().replace("\n---\n", "\n---\nFrom the studio.\n\n", 1)
    compiled = compile_template(source, name=KEY)
    with transactions.begin() as tx:
        templates.publish_template(
            tx,
            key=KEY,
            source=source,
            compiled=compiled.to_json(),
            checksum=compiled.checksum,
            act=PublishAct(origin=VersionOrigin.DRAFT, by="mira"),
        )
    return transactions


def change(path: Path, words: str) -> None:
    path.write_text(f"{path.read_text()}\n{words}\n")


def page(transactions):
    return read_template(KEY, transactions)


def problems(transactions) -> list[str]:
    with transactions.begin() as tx:
        return [each.file_name for each in definition_errors.list_definition_errors(tx)]


def test_a_file_that_did_not_change_does_not_undo_what_the_studio_published(folder, edited):
    report = load_definitions(folder, edited)
    assert (report.published, report.drafted) == ((), ())
    assert (page(edited).live.number, page(edited).draft) == (2, None)


def test_a_changed_file_becomes_the_draft_and_changes_with_the_file(folder, edited):
    for words in ("Once more.", "And again."):
        change(folder / FILE, words)
        report = load_definitions(folder, edited)
        assert (report.published, report.drafted) == ((), (FILE,))
        draft = page(edited).draft
        assert (draft.source, draft.updated_by) == ((folder / FILE).read_text(), BY_FILE)
        assert load_definitions(folder, edited).drafted == ()
    assert page(edited).live.number == 2


def test_a_draft_that_somebody_wrote_is_not_overwritten(folder, edited):
    save_template_draft(KEY, "mine", seen=0, by="mira", transactions=edited)
    change(folder / FILE, "Once more.")
    load_definitions(folder, edited)
    assert page(edited).draft.source == "mine"
    assert problems(edited) == [FILE]
    with edited.begin() as tx:
        template_drafts.delete_draft(tx, KEY, seen=page(edited).draft.revision)
    load_definitions(folder, edited)
    assert page(edited).draft.is_from_file
    assert problems(edited) == []


def test_a_file_that_says_what_was_published_takes_its_draft_along(folder, edited):
    change(folder / FILE, "Once more.")
    load_definitions(folder, edited)
    (folder / FILE).write_text(page(edited).live.source)
    report = load_definitions(folder, edited)
    assert (report.published, report.drafted, page(edited).draft) == ((), (), None)


def test_a_file_still_publishes_where_files_are_live_also_over_a_draft(folder, transactions):
    load_definitions(folder, transactions)
    save_template_draft(KEY, "mine", seen=0, by="mira", transactions=transactions)
    change(folder / FILE, "Once more.")
    assert [each.number for each in load_definitions(folder, transactions).published] == [2]
    assert page(transactions).is_outdated


def write_brand(transactions, name: str) -> None:
    with transactions.begin() as tx:
        statement = update(BrandRow).where(BrandRow.slug == "default").values(name=name)
        tx.connection.execute(statement)


def brand_name(transactions) -> str:
    with transactions.begin() as tx:
        return brands.find_brand(tx, "default").name


def test_a_brand_that_was_edited_here_is_not_overwritten_by_its_file(folder, transactions):
    load_definitions(folder, transactions)
    write_brand(transactions, "From the studio")
    load_definitions(folder, transactions)
    assert (brand_name(transactions), problems(transactions)) == ("From the studio", [])
    text = (folder / BRAND_FILE).read_text()
    (folder / BRAND_FILE).write_text(text.replace("host_first_name: ", "host_first_name: X"))
    load_definitions(folder, transactions)
    assert (brand_name(transactions), problems(transactions)) == ("From the studio", [BRAND_FILE])


def test_a_brand_that_nobody_edited_follows_its_file(folder, transactions):
    load_definitions(folder, transactions)
    was = brand_name(transactions)
    text = (folder / BRAND_FILE).read_text()
    (folder / BRAND_FILE).write_text(text.replace(f"name: {was}", "name: Another name", 1))
    load_definitions(folder, transactions)
    assert (brand_name(transactions), problems(transactions)) == ("Another name", [])
