"""The recorded rehearsal: the shipped one holds, and a changed moment is said in words."""

import shutil
from pathlib import Path

import pytest

from funnel.domain.errors import InvalidInputError, NotFoundError
from funnel.services.check_rehearsal import check_rehearsal, record_file, record_rehearsal
from funnel.services.read_definitions import definition_files, read_definitions

SHIPPED = Path(__file__).parents[2] / "funnel" / "templates"
SLUG = "disruption-masterclass"


def test_the_shipped_sequence_is_as_recorded():
    checked = check_rehearsal(SHIPPED, SLUG)
    assert [str(each) for each in checked.changes] == []
    assert checked.findings == ()
    assert checked.decisions > 200


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("definitions")
    shutil.copytree(SHIPPED, folder, dirs_exist_ok=True)
    return folder


def change(folder, old, new):
    file = folder / "sequences" / f"{SLUG}.yaml"
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")


def test_a_changed_moment_and_a_changed_reason_are_said_for_whom_they_concern(folder):
    change(folder, "2 days after listening, 09:00", "2 days after listening, 10:00")
    words = [str(each) for each in check_rehearsal(folder, SLUG).changes]
    assert "bias for Mia (Auckland): was Mon 24 Feb 2025 09:00, is Mon 24 Feb 2025 10:00" in words
    assert not any("today for" in each for each in words)
    change(folder, "2 days after listening, 10:00", "2 days after listening, 09:00")
    assert check_rehearsal(folder, SLUG).holds


def test_recording_again_makes_it_hold(folder):
    change(folder, "lead: 3 h", "lead: 11 h")
    changed = check_rehearsal(folder, SLUG).changes
    assert {each.email for each in changed} == {"today", "run 2: today"}
    assert "the session starts too soon after" in changed[0].after
    record_rehearsal(folder, None)
    assert check_rehearsal(folder, SLUG).holds
    change(folder, "lead: 11 h", "lead: 3 h")
    record_rehearsal(folder, SLUG)


def test_what_was_never_recorded_or_cannot_be_read_says_what_to_do(folder):
    file = record_file(folder, SLUG)
    kept = file.read_text("utf-8")
    file.write_text("not json", "utf-8")
    with pytest.raises(InvalidInputError, match="line 1"):
        check_rehearsal(folder, SLUG)
    file.unlink()
    with pytest.raises(NotFoundError, match="no recorded rehearsal"):
        check_rehearsal(folder, SLUG)
    file.write_text(kept, "utf-8")


def test_a_load_of_definitions_passes_the_record_over():
    names = read_definitions(SHIPPED).file_names
    assert not any("rehearsal" in each for each in names)
    assert record_file(SHIPPED, SLUG) not in set(definition_files(SHIPPED))
