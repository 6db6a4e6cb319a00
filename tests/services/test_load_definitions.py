import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from funnel.domain.message import Notice
from funnel.services.load_definitions import DefinitionWatch, load_definitions
from funnel.storage import definition_errors, sequences, templates
from funnel.storage.brands import find_brand

SHIPPED = Path("funnel/templates")
SLUG = "two-letters"
SEQUENCE = """\
title: Two letters
brand: default

steps:
  - key: listening
    kind: letter
    timing: 1 day after enrollment, 09:00

  - key: bias
    kind: letter
    timing: 2 days after listening, 09:00
"""
EMAIL = """\
---
subject: A letter
preheader: What it is about.
layout: letter
---
{{ person.greeting }}
"""
FILES = 9  # the brand, the sequence, its two letters and the five notices


@pytest.fixture
def folder(tmp_path):
    """A small folder of definitions: what ships takes a second to compile."""
    shutil.copytree(SHIPPED / "brands", tmp_path / "brands")
    shutil.copytree(SHIPPED / "email" / "layouts", tmp_path / "email" / "layouts")
    (tmp_path / "sequences").mkdir()
    (tmp_path / "sequences" / f"{SLUG}.yaml").write_text(SEQUENCE)
    emails = [f"{SLUG}/listening", f"{SLUG}/bias", *(f"notices/{each}" for each in Notice)]
    for key in emails:
        path = tmp_path / "email" / f"{key}.md"
        path.parent.mkdir(exist_ok=True)
        path.write_text(EMAIL)
    return tmp_path


@pytest.fixture
def transactions(bare_world):
    return bare_world.transactions


def change(folder, name, old, new):
    path = folder / name
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def live(transactions):
    with transactions.begin() as tx:
        return sequences.find_sequence(tx, SLUG)


def errors(transactions):
    with transactions.begin() as tx:
        return {each.file_name: each.error for each in definition_errors.list_definition_errors(tx)}


def test_what_ships_becomes_live_without_a_mistake(transactions):
    report = load_definitions(SHIPPED, transactions)
    assert report.problems == ()
    slug = "disruption-masterclass"
    with transactions.begin() as tx:
        sequence = sequences.find_sequence(tx, slug)
        definition = sequences.read_definition(tx, sequence.live_version_id)
        keys = [f"{slug}/{step.key}" for step in definition.steps]
        assert len(keys) == 20
        assert set(templates.live_template_ids(tx, keys)) == set(keys)
        assert find_brand(tx, "default").host_first_name == "Mira"


def test_every_file_becomes_live_once(folder, transactions):
    report = load_definitions(folder, transactions)
    assert report.problems == ()
    assert len(report.published) == FILES
    assert live(transactions).number == 1


def test_loading_again_changes_nothing(folder, transactions):
    load_definitions(folder, transactions)
    version_id = live(transactions).live_version_id
    report = load_definitions(folder, transactions)
    assert report.published == ()
    assert live(transactions).live_version_id == version_id


def test_a_changed_email_is_a_new_version_and_the_old_one_stays_as_it_was(folder, transactions):
    load_definitions(folder, transactions)
    key = f"{SLUG}/bias"
    with transactions.begin() as tx:
        before = templates.live_template_id(tx, key)
        compiled = templates.read_compiled(tx, before)
    change(folder, f"email/{key}.md", "{{ person.greeting }}", "{{ person.greeting }} New words.")
    report = load_definitions(folder, transactions)
    assert [(each.file_name, each.number) for each in report.published] == [(f"email/{key}.md", 2)]
    with transactions.begin() as tx:
        after = templates.live_template_id(tx, key)
        assert after != before
        assert "New words." in templates.read_compiled(tx, after)
        assert templates.read_compiled(tx, before) == compiled


def test_a_comment_in_a_sequence_is_no_new_version_but_a_changed_hour_is(folder, transactions):
    load_definitions(folder, transactions)
    name = f"sequences/{SLUG}.yaml"
    change(folder, name, "steps:", "# what follows is in order\nsteps:")
    assert load_definitions(folder, transactions).published == ()
    change(folder, name, "2 days after listening, 09:00", "2 days after listening, 10:00")
    load_definitions(folder, transactions)
    assert live(transactions).number == 2


def test_a_broken_sequence_is_named_by_line_and_the_live_version_stays(folder, transactions):
    load_definitions(folder, transactions)
    before = live(transactions)
    name = f"sequences/{SLUG}.yaml"
    change(folder, name, "2 days after listening, 09:00", "2 fortnights after listening")
    text = (folder / name).read_text("utf-8").splitlines()
    line = next(i for i, each in enumerate(text, start=1) if "fortnights" in each)
    report = load_definitions(folder, transactions)
    assert [(each.file_name, each.line) for each in report.problems] == [(name, line)]
    assert live(transactions) == before
    assert f"line {line}: " in errors(transactions)[name]


def test_a_mended_file_takes_its_error_away(folder, transactions):
    name = f"email/{SLUG}/bias.md"
    right = (folder / name).read_text("utf-8")
    change(folder, name, "{{ person.greeting }}", "{{ person.gretting }}")
    load_definitions(folder, transactions)
    assert name in errors(transactions)
    (folder / name).write_text(right, "utf-8")
    load_definitions(folder, transactions)
    assert errors(transactions) == {}


def test_a_broken_email_keeps_its_live_version_and_the_others_go_live(folder, transactions):
    load_definitions(folder, transactions)
    with transactions.begin() as tx:
        before = templates.live_template_id(tx, f"{SLUG}/bias")
    change(folder, f"email/{SLUG}/bias.md", "{{ person.greeting }}", "{% if %}")
    change(folder, f"email/{SLUG}/listening.md", "{{ person.greeting }}", "Good day,")
    report = load_definitions(folder, transactions)
    assert [each.file_name for each in report.published] == [f"email/{SLUG}/listening.md"]
    with transactions.begin() as tx:
        assert templates.live_template_id(tx, f"{SLUG}/bias") == before


def test_a_step_without_an_email_keeps_its_sequence_from_going_live(folder, transactions):
    (folder / f"email/{SLUG}/bias.md").unlink()
    report = load_definitions(folder, transactions)
    assert [str(each) for each in report.problems] == [
        f'sequences/{SLUG}.yaml: the step "bias" has no email'
    ]
    assert live(transactions) is None


def test_a_sequence_of_an_unknown_brand_is_refused(folder, transactions):
    change(folder, f"sequences/{SLUG}.yaml", "brand: default", "brand: other")
    report = load_definitions(folder, transactions)
    assert [each.reason for each in report.problems] == ['there is no brand "other"']
    assert live(transactions) is None


def test_a_missing_notice_is_a_mistake_of_its_own(folder, transactions):
    (folder / "email/notices/welcome.md").unlink()
    report = load_definitions(folder, transactions)
    assert [each.file_name for each in report.problems] == ["email/notices/welcome.md"]


@pytest.mark.parametrize(
    ("case", "content", "reason"),
    [
        (
            "not UTF-8",
            b"subject: \xff\xfe",
            'it is not UTF-8; as Latin-1 (Windows-1252) it reads "subject: ÿþ"',
        ),
        ("NUL", b"---\nsubject: a\x00b\n---\n", "it holds a NUL character"),
        ("endless", b"x" * 600_000, "it is longer than 500,000 bytes"),
    ],
)
def test_a_file_that_is_no_text_is_named(folder, transactions, case, content, reason):
    (folder / "email/notices/welcome.md").write_bytes(content)
    report = load_definitions(folder, transactions)
    assert [each.reason for each in report.problems] == [reason]


def test_a_broken_layout_stops_emails_and_says_so(folder, transactions):
    load_definitions(folder, transactions)
    change(folder, "email/layouts/letter.mjml", "[[body]]", "[[bdoy]]")
    report = load_definitions(folder, transactions)
    assert [each.file_name for each in report.problems] == ["email/layouts/letter.mjml"]
    assert report.published == ()


def test_a_changed_layout_is_a_new_version_of_every_email_in_it(folder, transactions):
    load_definitions(folder, transactions)
    change(folder, "email/layouts/letter.mjml", "[[body]]", "[[body]]<p>ps</p>")
    report = load_definitions(folder, transactions)
    assert len(report.published) == FILES - 2  # every email here is a letter


def test_two_processes_that_load_at_once_publish_each_file_once(folder, transactions):
    with ThreadPoolExecutor(2) as pool:
        reports = list(pool.map(lambda _: load_definitions(folder, transactions), range(2)))
    published = [each.file_name for report in reports for each in report.published]
    assert len(published) == len(set(published)) == FILES


class TestWatch:
    def test_the_first_look_loads_and_the_next_sees_that_nothing_changed(
        self, folder, transactions
    ):
        watch = DefinitionWatch(folder)
        assert watch.load_changed(transactions) is not None
        assert watch.load_changed(transactions) is None

    def test_who_shares_the_memory_does_not_load_what_another_did(self, folder, transactions):
        memory = bytearray(32)
        assert DefinitionWatch(folder, memory).load_changed(transactions) is not None
        again = DefinitionWatch(folder, memory)
        assert again.load_changed(transactions) is None
        os.utime(folder / f"email/{SLUG}/bias.md", ns=(1, 1))
        assert again.load_changed(transactions) is not None

    def test_a_changed_a_new_and_a_removed_file_are_seen(self, folder, transactions):
        watch = DefinitionWatch(folder)
        watch.load_changed(transactions)
        change(folder, f"email/{SLUG}/bias.md", "{{ person.greeting }}", "Good day,")
        assert len(watch.load_changed(transactions).published) == 1
        (folder / f"email/{SLUG}/extra.md").write_text(
            (folder / f"email/{SLUG}/bias.md").read_text("utf-8"), "utf-8"
        )
        assert len(watch.load_changed(transactions).published) == 1
        (folder / f"email/{SLUG}/extra.md").unlink()
        assert watch.load_changed(transactions) is not None

    def test_a_touched_file_is_looked_at_and_changes_nothing(self, folder, transactions):
        watch = DefinitionWatch(folder)
        watch.load_changed(transactions)
        os.utime(folder / f"email/{SLUG}/bias.md", ns=(1, 1))
        assert watch.load_changed(transactions).published == ()
