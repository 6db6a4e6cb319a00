"""``funnel rehearse`` and ``funnel test`` as a person types them."""

import csv
import json
import shutil
from email import message_from_bytes
from email.policy import default

import pytest
from icalendar import Calendar

from tests.cli.conftest import SHIPPED

FEW = "[{name: Mia, zone: Pacific/Auckland}, {name: '=Tom', zone: America/Chicago}]"


@pytest.fixture
def people(tmp_path, settings):
    file = tmp_path / "people.yaml"
    file.write_text(FEW, "utf-8")
    return str(file)


@pytest.fixture
def play(funnel, people):
    def run(*words):
        folder = ("--folder", str(SHIPPED))
        return funnel("rehearse", "--people", people, "--from", "2026-12-01", *folder, *words)

    return run


def test_the_grid_has_a_row_for_each_email_and_a_column_for_each_person(play):
    result = play()
    assert result.exit_code == 0, result.stderr
    heading = next(line for line in result.stdout.splitlines() if line.strip().startswith("email"))
    assert "Mia" in heading and "=Tom" in heading
    line = next(line for line in result.stdout.splitlines() if line.strip().startswith("bias"))
    assert "Mon 7 Dec 09:00" in line
    assert "made-up dates" in result.stdout


def test_many_people_are_summed_up(funnel):
    result = funnel("rehearse", "--sample", "30", "--folder", str(SHIPPED))
    assert result.exit_code == 0
    assert "rehearsed for 30 people" in result.stdout
    assert "had it before" in result.stdout


def test_programs_get_json_csv_and_a_calendar(play, tmp_path):
    told = json.loads(play("--format", "json").stdout)
    assert [each["name"] for each in told["people"]] == ["Mia", "=Tom"]
    bias = next(each for each in told["people"][0]["emails"] if each["email"] == "bias")
    assert bias["planned_at"] == "2026-12-07T09:00:00+13:00"
    assert bias["outcome"] == "sent"
    table = tmp_path / "out.csv"
    assert play("--format", "csv", "--out", str(table)).exit_code == 0
    with table.open(newline="") as source:
        lines = list(csv.DictReader(source))
    assert {line["person"] for line in lines} == {"Mia", "'=Tom"}  # no formula
    calendar = tmp_path / "out.ics"
    assert play("--format", "ics", "--out", str(calendar)).exit_code == 0
    entries = Calendar.from_ical(calendar.read_bytes()).walk("VEVENT")
    sent = sum(each["outcome"] == "sent" for who in told["people"] for each in who["emails"])
    assert len(entries) == sent
    assert "Mia: bias" in {str(each["SUMMARY"]) for each in entries}


def test_rendered_mails_are_written_for_each_person(play, tmp_path):
    folder = tmp_path / "mails"
    assert play("--mails", str(folder)).exit_code == 0
    (bias,) = folder.glob("2026-12-07-0900-Mia-bias.eml")
    mail = message_from_bytes(bias.read_bytes(), policy=default)
    assert mail["To"] == "Mia <mia@example.org>"
    assert "Hello Mia," in mail.get_body(("plain",)).get_content()
    again = play("--mails", str(folder))
    assert again.exit_code == 2
    assert "is not empty" in again.stderr


def test_an_error_in_an_email_ends_with_1_and_is_told_beside_the_output(funnel, people, tmp_path):
    folder = tmp_path / "definitions"
    shutil.copytree(SHIPPED, folder)
    (folder / "email" / "disruption-masterclass" / "bias.md").unlink()
    words = ("rehearse", "--people", people, "--folder", str(folder))
    result = funnel(*words, "--format", "json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["findings"][0]["email"] == "bias"
    assert "no such email" in result.stderr
    grid = funnel(*words)
    assert grid.exit_code == 1
    assert "To mend: bias: there is no such email." in grid.stdout


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--format", "pdf"), "no format"),
        (("--from", "tomorrow"), "no day"),
        (("--facts", "nothing.yaml"), "cannot be read"),
        (("--draft",), "Leave out --draft or --folder"),
        (("--days", "0"), "days"),
    ],
)
def test_what_cannot_be_is_a_sentence_and_2(play, words, complaint):
    result = play(*words)
    assert result.exit_code == 2
    assert complaint in result.stderr


def test_a_bad_entry_is_named_with_its_line_and_remedy(funnel, people, tmp_path):
    (tmp_path / "people.yaml").write_text("- name: A\n  zone: Mars\n- zone: UTC\n", "utf-8")
    result = funnel("rehearse", "--people", people, "--folder", str(SHIPPED))
    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        "In people.yaml, line 2: the time zone “Mars” is not known.",
        "Write one such as Europe/Berlin.",
        "In people.yaml, line 3: the person has neither a name nor an address.",
        "Add name: or email:.",
    ]


def test_the_providers_limit_is_a_setting(play, settings):
    settings.setenv("FUNNEL_PROVIDER_PER_HOUR", "300")
    result = play("--expect", "1200")
    assert result.exit_code == 0
    assert "your provider's 300 an hour cannot carry" in result.stdout
    settings.setenv("FUNNEL_PROVIDER_PER_HOUR", "")
    assert "an hour cannot" not in play("--expect", "1200").stdout


def test_from_the_database(funnel, loaded):
    result = funnel("rehearse")
    assert result.exit_code == 0, result.output
    assert "(version 1), rehearsed for 12 people" in result.stdout


class TestRecorded:
    def test_the_shipped_one_holds(self, funnel):
        result = funnel("test")
        assert result.exit_code == 0, result.output
        assert "decisions as recorded in" in result.stdout

    def test_a_change_is_said_and_ends_with_1_until_it_is_recorded(self, funnel, tmp_path):
        folder = tmp_path / "definitions"
        shutil.copytree(SHIPPED, folder)
        file = folder / "sequences" / "disruption-masterclass.yaml"
        text = file.read_text("utf-8").replace(
            "1 day after enrollment, 09:00", "1 day after enrollment, 10:00"
        )
        file.write_text(text, "utf-8")
        words = ("test", "--folder", str(folder))
        result = funnel(*words)
        assert result.exit_code == 1
        assert (
            "tables-turned for Mia (Auckland): was Tue 18 Feb 2025 09:00, is Tue 18 Feb 2025 10:00"
            in result.stdout
        )
        assert "--record" in result.stdout
        assert funnel(*words, "--record").exit_code == 0
        assert funnel(*words).exit_code == 0

    def test_the_record_that_it_writes_is_the_one_that_it_reads(self, funnel, tmp_path):
        folder, record = recorded(tmp_path)
        before = record.read_bytes()
        record.unlink()
        missing = funnel("test", "--folder", str(folder))
        assert missing.exit_code == 2
        assert "Record one: funnel test --record" in missing.output
        done = funnel("test", "--folder", str(folder), "--record")
        assert done.exit_code == 0, done.output
        assert f"decisions recorded in {record.name}." in done.output
        assert record.read_bytes() == before

    def test_a_record_that_is_no_text_says_what_to_do(self, funnel, tmp_path):
        folder, record = recorded(tmp_path)
        record.write_bytes(b'{"a":\n"\xff"}')
        result = funnel("test", "--folder", str(folder))
        assert result.exit_code == 2, result.exception
        assert f"{record.name}, line 2" in " ".join(result.output.split())
        assert "Save it as UTF-8." in result.output

    def test_where_nothing_can_be_recorded_it_says_so(self, funnel, tmp_path):
        folder, record = recorded(tmp_path)
        record.unlink()
        record.mkdir()
        result = funnel("test", "--folder", str(folder), "--record")
        assert result.exit_code == 2, result.exception
        assert "cannot be written" in " ".join(result.output.split())

    def test_a_sequence_that_is_not_there_is_not_recorded(self, funnel, tmp_path):
        folder, _ = recorded(tmp_path)
        before = sorted(folder.rglob("*"))
        result = funnel("test", "nothing", "--folder", str(folder), "--record")
        assert result.exit_code == 2, result.exception
        assert sorted(folder.rglob("*")) == before


def recorded(tmp_path):
    """Return a folder of the shipped definitions, and the recorded rehearsal in it."""
    folder = tmp_path / "definitions"
    shutil.copytree(SHIPPED, folder)
    return folder, folder / "sequences" / "disruption-masterclass.rehearsal.json"
