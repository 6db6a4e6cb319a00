"""Drafts and publishing at the command line: what is said, asked, and refused."""

import csv
import io
import json

import pytest

SLUG = "disruption-masterclass"


@pytest.fixture
def file(funnel, loaded, tmp_path):
    """The live version as a file, without its last letter."""
    path = tmp_path / f"{SLUG}.yaml"
    assert funnel("sequence", "export", SLUG, "--out", str(path)).exit_code == 0
    text = path.read_text("utf-8")
    path.write_text(text[: text.index("  - key: invitation-last")].rstrip() + "\n", "utf-8")
    return path


@pytest.fixture
def ana(loaded):
    """Somebody who has just entered the sequence."""
    ids = loaded.ask("select id::text || ' ' || live_version_id::text from sequences").split()
    loaded.sequence_id, loaded.version_id = ids
    return loaded.enroll(loaded.add_person())


def test_an_exported_version_is_a_file_that_can_be_checked(funnel, loaded, tmp_path):
    result = funnel("sequence", "export", SLUG)
    assert result.stdout.startswith(f"# {SLUG}, version 1.")
    path = tmp_path / f"{SLUG}.yaml"
    path.write_text(result.stdout, "utf-8")
    assert funnel("sequence", "check", str(path)).exit_code == 0


def test_a_sequence_is_shown_in_words(funnel, loaded):
    result = funnel("sequence", "show", SLUG)
    assert "version 1, live" in result.stdout
    assert "The tables have turned" in result.stdout
    assert "2 days after listening, 09:00" in result.stdout
    assert funnel("sequence", "show", SLUG, "--version", "9").exit_code == 2


def test_from_draft_to_live_and_back(funnel, file, ana):
    assert "from version 1" in funnel("sequence", "draft", SLUG, str(file)).stdout
    assert "-  - key: invitation-last" in funnel("sequence", "diff", SLUG).stdout
    said = "Publishing v2: 1 person will not get “Last invitation” any more."
    asked = funnel("sequence", "publish", SLUG, "--policy", "move")
    assert said in asked.stdout  # nobody answers: nothing is published
    assert "(live)" in funnel("sequence", "versions", SLUG).stdout
    result = funnel("sequence", "publish", SLUG, "--policy", "move", "--yes", "--note", "shorter")
    assert result.exit_code == 0, result.output
    assert said in result.stdout
    assert "Version 2 is live." in result.stdout
    assert "Everybody in the sequence follows it." in result.stdout
    back = funnel("sequence", "rollback", SLUG, "1", "--policy", "catch-up", "--yes")
    assert back.exit_code == 0, back.output
    listed = funnel("sequence", "versions", SLUG).stdout
    assert "3 (live)" in listed
    assert "shorter" in listed
    assert "rollback" in listed


def test_the_impact_names_people_and_masks_them(funnel, file, ana):
    funnel("sequence", "draft", SLUG, str(file))
    result = funnel("sequence", "impact", SLUG, "--policy", "move", "--people")
    (line,) = csv.DictReader(io.StringIO(result.stdout))
    assert (line["address"], line["email"], line["change"]) == (
        "a***@example.org",
        "invitation-last",
        "removed",
    )
    result = funnel(
        "sequence", "impact", SLUG, "--policy", "move", "--people", "--json", "--addresses"
    )
    assert json.loads(result.stdout)["address"] == "ana@example.org"
    sums = json.loads(funnel("sequence", "impact", SLUG, "--policy", "move", "--json").stdout)
    assert (sums["people"], sums["emails"][0]["removed"]) == (1, 1)


def test_a_broken_draft_is_refused_by_line(funnel, file):
    file.write_text(file.read_text("utf-8").replace("2 days after listening", "soon"), "utf-8")
    result = funnel("sequence", "draft", SLUG, str(file))
    assert result.exit_code == 2
    assert ", line " in result.stderr
    assert "soon" in result.stderr


def test_a_draft_that_another_publish_overtook_says_what_to_do(funnel, file, tmp_path):
    funnel("sequence", "draft", SLUG, str(file))
    funnel("sequence", "publish", SLUG, "--policy", "keep", "--yes")
    text = file.read_text("utf-8").replace("title: Leading", "title: Still leading")
    file.write_text(text, "utf-8")
    said = funnel("sequence", "draft", SLUG, str(file)).stdout
    assert "Version 2 is live by now" in said
    result = funnel("sequence", "publish", SLUG, "--policy", "keep", "--yes")
    assert result.exit_code == 2
    assert "over version 2" in result.stderr
    funnel("sequence", "draft", SLUG, str(file), "--on", "2")
    assert funnel("sequence", "publish", SLUG, "--policy", "keep", "--yes").exit_code == 0


def test_a_draft_is_discarded_when_asked(funnel, file):
    funnel("sequence", "draft", SLUG, str(file))
    assert "draft by" in funnel("sequence", "list").stdout
    assert funnel("sequence", "discard", SLUG, "--yes").exit_code == 0
    assert funnel("sequence", "diff", SLUG).exit_code == 2


def test_without_a_draft_there_is_nothing_to_publish(funnel, loaded):
    for words in (("impact", SLUG, "--policy", "move"), ("publish", SLUG, "--policy", "keep")):
        result = funnel("sequence", *words)
        assert result.exit_code == 2
        assert "There is no draft" in result.stderr


@pytest.mark.parametrize("command", [("check",), ("draft", SLUG), ("load",)])
def test_a_file_in_another_encoding_is_named_with_its_line(funnel, loaded, tmp_path, command):
    folder = tmp_path / "sequences"
    folder.mkdir()
    path = folder / "latin.yaml"
    path.write_bytes("title: x\n# für alle\n".encode("latin-1"))
    result = funnel("sequence", *command, str(tmp_path if command == ("load",) else path))
    assert result.exit_code == 2
    lines = result.stderr.splitlines()
    place = next(number for number, each in enumerate(lines) if "latin.yaml, line 2: " in each)
    assert 'it is not UTF-8; as Latin-1 (Windows-1252) it reads "# für alle".' in lines[place]
    assert not lines[place].startswith("Sequences/")
    assert lines[place + 1] == "Save it as UTF-8."
