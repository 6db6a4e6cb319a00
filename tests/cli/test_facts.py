"""`funnel facts`: by hand, and from a table."""

from datetime import timedelta

import pytest

from tests.fixtures.signups import Door, add_source
from tests.fixtures.world import SHORT_SEQUENCE

AGO = timedelta(hours=4)
TABLE = "E-mail;Present;Joined\nana@example.org;yes;\nbea@example.org;no;\ncleo@example.org;yes;\n"


@pytest.fixture
def door(installed):
    """Ana and bea hold seats in a session of today that is over."""
    installed.publish(SHORT_SEQUENCE)
    with installed.transactions.begin() as tx:
        now = tx.now
    installed.travel_to(now - 2 * AGO)
    session = installed.add_session(now - AGO)
    door = Door(world=installed, source=add_source(installed))
    door.seat("ana@example.org", session)
    door.seat("bea@example.org", session)
    installed.execute("update clock set ahead_by = '0'")
    return door


@pytest.fixture
def session(door):
    return str(door.world.ask("select id from sessions"))


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "came.csv"
    path.write_text(TABLE)
    return path


def attendance(door):
    return door.world.ask(
        "select string_agg(r.attendance, ' ' order by p.email) from registrations r "
        "join subscribers p on p.id = r.subscriber_id"
    )


def test_a_dry_run_tells_all_and_writes_nothing(funnel, door, session, table):
    result = funnel("facts", "import", str(table), "--session", session, "--dry-run")
    assert result.exit_code == 0, result.output
    assert "email from “E-mail”" in result.output
    assert "It would say: 2 came, 1 missed it" in result.output
    assert "cleo@example.org" in result.output
    assert attendance(door) == "unknown unknown"


def test_a_complete_table_closes_the_session(funnel, door, session, table):
    table.write_text("mail\nana@example.org\n")
    result = funnel("facts", "import", str(table), "--session", session, "--complete")
    assert result.exit_code == 0, result.output
    assert "Closed the session: 1 who are not in the table missed it." in result.output
    assert attendance(door) == "attended unknown"
    assert door.world.ask("select closed_at is not null from sessions") is True


def test_a_dry_run_of_a_complete_table_says_that_it_would_close(funnel, door, session, table):
    result = funnel("facts", "import", str(table), "--session", session, "--complete", "--dry-run")
    assert result.exit_code == 0, result.output
    assert "It would close the session; of 2 people nothing is known" in result.output
    assert door.world.ask("select closed_at from sessions") is None


@pytest.mark.parametrize("more", [[], ["--dry-run"]])
def test_a_table_that_names_nobody_closes_nothing(funnel, door, session, table, more):
    table.write_text("email\n")
    result = funnel("facts", "import", str(table), "--session", session, "--complete", *more)
    assert result.exit_code == 2
    assert "stays open" in result.stderr
    assert door.world.ask("select closed_at from sessions") is None


def test_a_broken_line_is_named_and_keeps_the_session_open(funnel, door, session, table):
    table.write_text(TABLE + "nobody;yes;\n")
    result = funnel("facts", "import", str(table), "--session", session, "--complete")
    assert result.exit_code == 1
    assert "Line 5: " in result.output
    assert "The session stays open" in result.output
    assert attendance(door) == "attended missed"
    assert door.world.ask("select closed_at from sessions") is None


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--map", "email"], "maps no column"),
        (["--map", "colour=Blue"], "maps no column"),
        (["--map", "joined=Kommen"], "No column is called"),
        (["--zone", "Mars/Phobos"], "not known"),
        (["--encoding", "klingon"], "No encoding"),
    ],
)
def test_wrong_options_say_what_to_write(funnel, door, session, table, words, complaint):
    result = funnel("facts", "import", str(table), "--session", session, *words)
    assert result.exit_code == 2
    assert complaint in result.stderr


def test_a_file_that_is_not_there(funnel, door, session, tmp_path):
    result = funnel("facts", "import", str(tmp_path / "no.csv"), "--session", session)
    assert result.exit_code == 2
    assert "cannot be read" in result.stderr


def test_a_tag_by_hand_has_a_name(funnel, door):
    assert funnel("facts", "add", "tagged", "ana@example.org").exit_code == 2
    result = funnel("facts", "add", "tagged", "ana@example.org", "--name", "vip")
    assert result.exit_code == 0, result.output
    assert door.world.ask("select name from facts where kind = 'tagged'") == "vip"
