"""`funnel announce | announcement | test-email`: shown first, asked, then done."""

from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from funnel.cli.main import app

NEXT_YEAR = datetime.now(UTC).year + 1  # these commands ask the real clock


@pytest.fixture
def session(loaded):
    """Two people hold a seat in it; one of them wants no emails about it."""
    loaded.execute(
        "insert into sessions (id, sequence_id, title, starts_at, ends_at, zone) "
        "select gen_random_uuid(), id, 'Leading through disruption', :at, "
        "cast(:at as timestamptz) + interval '90 minutes', 'Europe/Berlin' from sequences",
        at=datetime(NEXT_YEAR, 3, 4, 17, tzinfo=UTC),
    )
    loaded.sequence_id = loaded.ask("select id from sequences")
    loaded.version_id = loaded.ask("select live_version_id from sequences")
    session = loaded.ask("select id from sessions")
    for name in ("ana", "ben"):
        loaded.enroll(loaded.add_person(f"{name}@example.org"), session)
    loaded.execute("update subscribers set wants_seat_emails = (email = 'ana@example.org')")
    return str(session)


def test_it_is_shown_and_counted_before_it_is_sent_and_can_be_stopped(
    funnel, loaded, session, tmp_path
):
    text = tmp_path / "late.md"
    text.write_text("The room opens at {{ session.opens_hour }}.")
    words = ["announce", session[:8], "--subject", "We start late", "--file", str(text)]
    shown = CliRunner().invoke(app, words, prog_name="funnel", input="n\n")
    assert shown.exit_code == 0, shown.output
    assert "The room opens at 17:50." in shown.output
    assert "1 person get it; above is what ana@example.org reads." in shown.output
    assert "1 person do not: stopped the emails about their seat." in shown.output
    assert "Nothing was sent." in shown.output
    assert loaded.ask("select count(*) from announcements") == 0
    assert funnel(*words, "--yes").exit_code == 0
    found = str(loaded.ask("select id from announcements"))
    assert "We start late" in funnel("announcement", "list", session[:8]).output
    assert "Stopped “We start late”" in funnel("announcement", "stop", found[:8]).output
    refused = funnel("announcement", "stop", "zz")
    assert refused.exit_code != 0
    assert "No single announcement" in refused.output


def test_a_test_of_one_email_and_of_all(funnel, loaded, session):
    to = ("--to", "mira@example.org")
    one = funnel("test-email", "notices/welcome", *to, "--as", "ana@example.org")
    assert one.exit_code == 0, one.output
    every = funnel("test-email", "disruption-masterclass", *to)
    assert "20 tests leave now, 3 seconds apart" in every.output
    listed = funnel("test-email").output
    assert "notices/welcome" in listed or "queued" in listed
    assert loaded.ask("select count(*) from test_emails") == 21
    apart = "select max(available_at) - min(available_at) > '56 seconds' from test_emails"
    assert loaded.ask(apart)
    nobody = funnel("test-email", "notices/welcome", *to, "--as", "nobody@example.org")
    assert nobody.exit_code != 0
