"""The commands as a person types them: what they answer, and with which exit code."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.cli.conftest import KEY, SHIPPED

NEXT_YEAR = datetime.now(UTC).year + 1  # these commands ask the real clock
SUNDAY = 6


class TestWrongInput:
    def test_without_a_database_a_command_says_what_to_set(self, funnel):
        result = funnel("status")
        assert result.exit_code == 2
        assert "No database is configured." in result.stderr
        assert "FUNNEL_DATABASE_URL" in result.stderr

    def test_a_database_that_is_away_is_a_sentence_and_no_traceback(self, funnel, settings):
        settings.setenv("FUNNEL_DATABASE_URL", "postgresql+psycopg://postgres@127.0.0.1:1/x")
        result = funnel("status")
        assert result.exit_code == 1
        assert "The database did not answer" in result.stderr
        assert "Traceback" not in result.output

    @pytest.mark.parametrize(
        ("name", "value"), [("FUNNEL_SMTP_PORT", "0"), ("FUNNEL_LINK_KEYS", "not json")]
    )
    def test_a_setting_that_cannot_be_is_named(self, funnel, settings, name, value):
        settings.setenv(name, value)
        result = funnel("status")
        assert result.exit_code == 2
        assert name in result.stderr
        assert value not in result.stderr or name == "FUNNEL_SMTP_PORT"

    @pytest.mark.parametrize(
        "words",
        [
            ("nonsense",),
            ("session", "add", "tomorrow", "--zone", "Europe/Berlin", "--title", "x"),
            ("facts", "add", "came", "ana@example.org"),
            ("demo", "--port", "99999"),
            ("demo", "--headless", "--data-folder", "x"),
            ("demo", "--headless", "--fresh"),
            ("demo", "--headless", "--port", "8123"),
            ("pause", "all"),
        ],
    )
    def test_words_that_no_command_knows_end_with_2(self, funnel, words):
        assert funnel(*words).exit_code == 2

    def test_a_demo_does_not_take_a_database_that_is_not_meant_for_it(self, funnel, settings):
        settings.setenv("FUNNEL_DATABASE_URL", "postgresql+psycopg://postgres@127.0.0.1:1/x")
        result = funnel("demo")
        assert result.exit_code == 2
        assert "would move its clock" in result.stderr


class TestDatabase:
    def test_upgrade_brings_an_empty_database_up_to_date_and_check_agrees(
        self, funnel, settings, empty_database_url
    ):
        settings.setenv("FUNNEL_DATABASE_URL", empty_database_url)
        assert funnel("db", "check").exit_code == 1
        assert funnel("db", "upgrade").exit_code == 0
        assert funnel("db", "upgrade").output.strip() == "The schema is current."
        assert funnel("db", "check").exit_code == 0

    def test_check_finds_a_table_that_no_migration_made(self, funnel, installed):
        installed.execute("drop table audit")
        result = funnel("db", "check")
        assert result.exit_code == 1
        assert "audit" in result.stderr

    def test_check_without_a_database_makes_one_for_the_occasion(self, funnel):
        result = funnel("db", "check")
        assert result.exit_code == 0, result.output
        assert "the migrations lead to the tables in the code" in result.output


class TestSequence:
    def test_load_says_what_became_live_and_the_second_time_that_nothing_did(
        self, funnel, installed
    ):
        assert "disruption-masterclass.yaml: version 1 is live" in funnel("sequence", "load").output
        assert "Nothing new" in funnel("sequence", "load").output
        assert "Leading through disruption" in funnel("sequence", "list").output

    def test_load_of_a_broken_file_names_file_and_line(self, funnel, installed, tmp_path):
        folder = tmp_path / "mine"
        shutil.copytree(SHIPPED, folder)
        email = folder / "email/notices/welcome.md"
        email.write_text(email.read_text().replace("{{ brand", "{{ brnd", 1))
        result = funnel("sequence", "load", str(folder))
        assert result.exit_code == 2
        assert "email/notices/welcome.md, line " in result.stderr
        listed = funnel("sequence", "list")
        assert "welcome.md" in listed.stderr

    def test_load_of_a_folder_without_definitions_is_refused(self, funnel, installed, tmp_path):
        assert funnel("sequence", "load", str(tmp_path)).exit_code == 2

    def test_check_needs_no_database_and_looks_at_the_emails_beside_it(self, funnel, tmp_path):
        folder = tmp_path / "mine"
        shutil.copytree(SHIPPED, folder)
        file = folder / "sequences/disruption-masterclass.yaml"
        result = funnel("sequence", "check", str(file))
        assert result.exit_code == 0
        assert "20 emails" in result.output
        (folder / "email/disruption-masterclass/bias.md").unlink()
        result = funnel("sequence", "check", str(file))
        assert result.exit_code == 2
        assert "bias.md is missing" in result.stderr

    def test_check_names_every_mistake_by_line(self, funnel, tmp_path):
        file = tmp_path / "short.yaml"
        file.write_text("title: A\nsteps:\n  - key: one\n    kind: postcard\n    timing: soon\n")
        result = funnel("sequence", "check", str(file))
        assert result.exit_code == 2
        assert "line 4" in result.stderr
        assert "line 5" in result.stderr

    def test_check_of_a_file_that_is_not_there(self, funnel):
        assert funnel("sequence", "check", "nowhere.yaml").exit_code == 2


class TestSession:
    ADD = (
        "session", "add", f"{NEXT_YEAR}-03-09 18:00", "--zone", "Europe/Berlin",
        "--title", "The three shifts", "--seats", "12",
    )  # fmt: skip

    def test_add_list_change_and_close(self, funnel, loaded):
        added = funnel(*self.ADD)
        assert added.exit_code == 0
        assert f"09 Mar {NEXT_YEAR} 18:00 Europe/Berlin" in added.output
        listed = funnel("session", "list", "--upcoming")
        assert "0 of 12" in listed.output
        session_id = str(loaded.ask("select id from sessions"))
        changed = funnel("session", "change", session_id[:8], "--replay-url", "https://v.example/1")
        assert changed.exit_code == 0
        assert loaded.ask("select replay_url from sessions") == "https://v.example/1"
        assert (
            loaded.ask("select starts_at::text from sessions") == f"{NEXT_YEAR}-03-09 17:00:00+00"
        )

    def test_a_session_that_has_not_been_held_cannot_be_closed(self, funnel, loaded):
        funnel(*self.ADD)
        session_id = str(loaded.ask("select id from sessions"))
        assert funnel("session", "close", session_id).exit_code == 2

    def test_cancel_tells_nobody_where_nobody_has_a_seat(self, funnel, loaded):
        funnel(*self.ADD)
        session_id = str(loaded.ask("select id from sessions"))
        assert "0 people are told" in funnel("session", "cancel", session_id, "--yes").output

    @pytest.mark.parametrize("beginning", ["zzzz", ""])
    def test_an_id_that_names_no_session_is_refused(self, funnel, loaded, beginning):
        funnel(*self.ADD)
        result = funnel("session", "close", beginning)
        assert result.exit_code == 2
        assert "session list" in result.stderr

    def test_an_unknown_zone_is_refused_by_name(self, funnel, loaded):
        words = ["Mars/Olympus" if each == "Europe/Berlin" else each for each in self.ADD]
        result = funnel(*words)
        assert result.exit_code == 2
        assert "Mars/Olympus" in result.stderr

    def test_an_hour_that_comes_twice_is_the_first_and_said_so(self, funnel, loaded):
        october = max(
            day
            for day in (datetime(NEXT_YEAR, 10, each, tzinfo=UTC) for each in range(25, 32))
            if day.weekday() == SUNDAY
        )
        words = [f"{october:%Y-%m-%d} 02:30" if "18:00" in each else each for each in self.ADD]
        assert "comes twice" in funnel(*words).output
        assert "00:30:00+00" in loaded.ask("select starts_at::text from sessions")
        assert "comes twice" not in funnel(*self.ADD).output


class TestSource:
    def test_a_secret_is_shown_when_it_is_made_and_never_again(self, funnel, loaded):
        added = funnel("source", "add", "wordpress", "--form-secret")
        assert added.exit_code == 0
        assert "/webhooks/signup/wordpress" in added.output
        secret = loaded.ask("select secrets[1] from sources where slug = 'wordpress'")
        assert secret in added.output
        assert loaded.ask("select form_secret from sources") in added.output
        listed = funnel("source", "list")
        assert "wordpress" in listed.output
        assert secret not in listed.output

    def test_the_list_shows_what_was_refused_and_why(self, funnel, loaded):
        funnel("source", "add", "wordpress")
        assert "refused of" not in funnel("source", "list").output
        loaded.execute(
            "insert into refused_signups (id, source_id, reason, field, payload)"
            " select gen_random_uuid(), id, 'there is no email address', 'email', '' from sources"
        )
        listed = funnel("source", "list").output
        assert "Newest refused of “wordpress”: there is no email address (email)" in listed

    def test_the_readmes_command_prints_an_address_and_one_secret(self, funnel, loaded):
        readme = (Path(__file__).parents[2] / "README.md").read_text()
        command = next(line for line in readme.splitlines() if "source add wordpress" in line)
        added = funnel(*command.split()[1:])
        assert added.exit_code == 0, added.output
        secret = loaded.ask("select form_secret from sources")
        assert added.output.splitlines() == [
            'Added the source "wordpress". Signups go to '
            "http://127.0.0.1:8000/webhooks/signup/wordpress",
            f"Secret of its forms, shown only now: {secret}",
        ]
        assert loaded.ask("select field_mapping from sources") == {"session": ["=next"]}

    @pytest.mark.parametrize(("name", "page"), [("spring", "/signup/spring"), ("landing", "/")])
    def test_one_without_secrets_is_for_our_own_form(self, funnel, loaded, name, page):
        added = funnel("source", "add", name, "--unsigned")
        assert "Only this service's own form" in added.output
        assert any(line.endswith(f":8000{page}") for line in added.output.splitlines())
        assert "/webhooks/" not in added.output

    def test_rotate_keeps_the_former_one_working(self, funnel, loaded):
        funnel("source", "add", "wordpress")
        former = loaded.ask("select secrets[1] from sources")
        assert former not in funnel("source", "rotate", "wordpress").output
        assert loaded.ask("select secrets[2] from sources") == former

    def test_a_source_that_is_there_or_is_not(self, funnel, loaded):
        funnel("source", "add", "wordpress")
        assert funnel("source", "add", "wordpress").exit_code == 2
        assert funnel("source", "rotate", "nothing").exit_code == 2


class TestFacts:
    def test_a_goal_is_recorded_once(self, funnel, loaded):
        person = loaded.add_person("ana@example.org")
        sequence = loaded.ask("select id from sequences")
        loaded.sequence_id = sequence
        loaded.version_id = loaded.ask("select live_version_id from sequences")
        loaded.enroll(person)
        assert "Recorded 1 of 1." in funnel("facts", "add", "goal", "ana@example.org").output
        assert loaded.ask("select goal_reached_at is not null from enrollments")
        assert "Recorded 0 of 1." in funnel("facts", "add", "goal", "ana@example.org").output

    def test_an_address_that_nobody_has_is_refused(self, funnel, loaded):
        result = funnel("facts", "add", "attended", "nobody@example.org")
        assert result.exit_code == 2
        assert "Nobody has this address." in result.stderr


class TestSending:
    def test_pause_and_resume_are_written_down(self, funnel, installed):
        assert funnel("pause", "all", "--reason", "a wrong link").exit_code == 0
        assert installed.ask("select reason from pauses") == "a wrong link"
        assert "goes on" in funnel("resume", "all").output
        assert "was not paused" in funnel("resume", "all").output
        assert installed.ask("select count(*) from audit") == 2

    def test_a_pause_says_why(self, funnel, installed):
        assert funnel("pause", "all", "--reason", " ").exit_code == 2


class TestStatus:
    @pytest.mark.broker
    def test_it_ends_in_one_sentence_and_1_while_no_process_lives(
        self, funnel, installed, settings, broker
    ):
        settings.setenv("FUNNEL_BROKER_URL", broker.url)
        result = funnel("status")
        assert result.exit_code == 1
        last = result.output.strip().splitlines()[-1]
        assert last.startswith("Not on time: nothing is due at the moment, but the scheduler")
        assert "The broker and the database agree." in result.output

    @pytest.mark.broker
    def test_it_ends_with_0_when_everything_lives(self, funnel, installed, settings, broker):
        settings.setenv("FUNNEL_BROKER_URL", broker.url)
        for role in ("scheduler", "dispatch,notices,maintenance", "deliver"):
            installed.execute("insert into heartbeats (name, role) values (:r, :r)", r=role)
        result = funnel("status")
        assert result.exit_code == 0, result.output
        assert result.output.strip().splitlines()[-1].startswith("On time: ")


class TestDoctor:
    def test_it_names_what_is_wrong_with_its_remedy_and_shows_no_secret(
        self, funnel, loaded, settings
    ):
        settings.setenv("FUNNEL_IS_DEMO", "true")
        result = funnel("doctor")
        assert result.exit_code == 1
        assert "WRONG  Demo: demo mode is on" in result.output
        assert "Unset FUNNEL_IS_DEMO." in result.output
        assert "right  Schema: it is current" in result.output
        assert KEY not in result.output
