"""`funnel people import`: tried unless they are to come in."""

import pytest

from tests.fixtures.world import SHORT_SEQUENCE

FILE = "Mail;Vorname;Signup\nana@example.org;Ana;2025-03-01\nbea;Bea;2025-03-01\n"


@pytest.fixture
def file(installed, tmp_path):
    installed.publish(SHORT_SEQUENCE)
    path = tmp_path / "people.csv"
    path.write_text(FILE)
    return str(path)


def test_without_start_nobody_is_written(funnel, installed, file):
    done = funnel("people", "import", file, "--wording", "Yes.", "--column", "Signup=agreed_at")
    assert done.exit_code == 0, done.output
    assert "New here: 1." in done.output
    assert "Line 3: “bea” is no email address." in done.output
    assert "nobody was written" in done.output
    assert installed.ask("select count(*) from subscribers") == 0


def test_with_start_they_come_in(funnel, installed, file):
    words = ("--wording", "Yes.", "--agreed-on", "2025-01-01", "--start", "--sequence", "short")
    done = funnel("people", "import", file, *words, "--topic", "letters", "--topic", "seat")
    assert done.exit_code == 0, done.output
    assert installed.ask("select count(*) from consents") == 2
    assert installed.ask("select count(*) from enrollments") == 1


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--column", "Nowhere=tags"), "says nothing about a column"),
        (("--column", "Signup=day"), "says nothing about a column"),
        (("--topic", "everything"), "Nobody agrees to"),
        (("--encoding", "nowhere"), "cannot be read as nowhere"),
        (("--step", "first", "--sequence", "nowhere"), "no sequence of that name is live"),
    ],
)
def test_what_cannot_be_is_refused(funnel, installed, file, words, says):
    done = funnel("people", "import", file, "--wording", "Yes.", *words)
    assert done.exit_code == 2
    assert says.lower() in done.output.lower()


def test_a_file_that_is_not_there(funnel, installed, tmp_path):
    done = funnel("people", "import", str(tmp_path / "none.csv"), "--wording", "Yes.")
    assert done.exit_code == 2
    assert "cannot be read" in done.output
