"""`funnel session move | cancel` and `funnel series`: shown first, asked, then done."""

from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner

from funnel.cli import replanning
from funnel.cli.main import app
from tests.fixtures.signups import Door, add_source
from tests.fixtures.world import SHORT_SEQUENCE

NEXT_YEAR = datetime.now(UTC).year + 1  # these commands ask the real clock


@pytest.fixture
def door(installed):
    installed.publish(SHORT_SEQUENCE)
    return Door(world=installed, source=add_source(installed))


@pytest.fixture
def session(door):
    """Three people hold a seat in it."""
    session = door.world.add_session(datetime(NEXT_YEAR, 3, 4, 17, tzinfo=UTC))
    for number in range(3):
        door.seat(f"p{number}@example.org", session)
    return str(session)


def answer(words, reply):
    return CliRunner().invoke(app, list(words), prog_name="funnel", input=reply)


class TestMove:
    def test_it_says_first_what_it_will_do_and_asks(self, door, session):
        result = answer(["session", "move", session[:8], f"{NEXT_YEAR}-03-11 18:00"], "n\n")
        assert result.exit_code == 0
        assert "3 people with a seat: each gets one email" in result.output
        assert "Nothing was changed." in result.output
        assert door.world.ask("select count(*) from replans") == 0

    def test_yes_moves_it_and_plans_everybody(self, funnel, door, session):
        result = funnel("session", "move", session[:8], f"{NEXT_YEAR}-03-11 18:00", "--yes")
        assert result.exit_code == 0
        assert "Everybody is planned for the new date." in result.output
        assert door.notices("session-moved") == 3
        assert (
            door.world.ask("select starts_at::text from sessions")
            == f"{NEXT_YEAR}-03-11 17:00:00+00"
        )
        again = funnel("session", "move", session[:8], f"{NEXT_YEAR}-03-11 18:00", "--yes")
        assert "nothing is changed" in again.output

    def test_the_hour_of_another_zone_and_a_new_length(self, funnel, door, session):
        words = (f"{NEXT_YEAR}-03-11 09:00", "--zone", "America/New_York", "--minutes", "60")
        assert funnel("session", "move", session[:8], *words, "--yes").exit_code == 0
        assert (
            door.world.ask("select starts_at::text from sessions")
            == f"{NEXT_YEAR}-03-11 14:00:00+00"
        )
        length = door.world.ask("select ends_at - starts_at from sessions")
        assert length == timedelta(hours=1)

    @pytest.mark.parametrize(
        ("moment", "said"),
        [("2020-03-11 18:00", "in the past"), (f"{NEXT_YEAR + 5}-03-11 18:00", "three years")],
    )
    def test_what_cannot_be_is_refused(self, funnel, session, moment, said):
        result = funnel("session", "move", session[:8], moment, "--yes")
        assert result.exit_code == 2
        assert said in result.stderr

    def test_control_c_leaves_the_rest_to_the_worker(self, funnel, door, session, monkeypatch):
        class Impatient(replanning.Event):
            def wait(self, _timeout=None):
                raise KeyboardInterrupt

        monkeypatch.setattr(replanning, "_BATCHES", 0)  # no progress: it waits, and is stopped
        monkeypatch.setattr(replanning, "Event", Impatient)
        result = funnel("session", "move", session[:8], f"{NEXT_YEAR}-03-11 18:00", "--yes")
        assert "the worker goes on with it" in result.output
        assert door.world.ask("select count(*) from replans where finished_at is null") == 1

    def test_many_people_are_planned_by_two_processes(self, funnel, door, session, monkeypatch):
        monkeypatch.setattr(replanning, "_WORTH_TWO", 1)
        monkeypatch.setattr(replanning, "_processors", lambda: 2)
        monkeypatch.setattr(replanning, "_BATCHES", 0)  # of this process; the other has its own
        result = funnel("session", "move", session[:8], f"{NEXT_YEAR}-03-11 18:00", "--yes")
        assert "Everybody is planned for the new date." in result.output
        assert door.notices("session-moved") == 3


class TestCancel:
    def test_it_asks_and_tells(self, door, session):
        refused = answer(["session", "cancel", session[:8]], "n\n")
        assert "Nothing was changed." in refused.output
        assert door.world.ask("select cancelled_at from sessions") is None
        done = answer(["session", "cancel", session[:8]], "y\n")
        assert "3 people are told" in done.output
        assert door.notices("session-cancelled") == 3


class TestSeries:
    ADD = (
        "series", "add", "every first Thursday, 18:00", "--zone", "Europe/Berlin",
        "--title", "The three shifts", "--sequence", "short",
    )  # fmt: skip

    def test_add_list_and_end(self, funnel, door):
        added = funnel(*self.ADD)
        assert added.exit_code == 0
        assert added.output.count("The three shifts") == 4
        listed = funnel("series", "list")
        assert "every first Thursday, 18:00" in listed.output
        assert "goes on" in listed.output
        series = str(door.world.ask("select id from session_series"))
        assert "coming sessions stay" in funnel("series", "end", series[:8]).output
        assert "ended" in funnel("series", "list").output

    def test_no_log_lines_stand_among_its_words(self, settings, funnel, door):
        settings.setenv("FUNNEL_LOG_LEVEL", "info")
        added = funnel(*self.ADD)
        assert added.exit_code == 0
        assert added.stderr == ""

    def test_a_rule_that_is_none_is_refused_with_examples(self, funnel, door):
        words = ["every odd moon, 18:00" if "first" in each else each for each in self.ADD]
        result = funnel(*words)
        assert result.exit_code == 2
        assert "every last Friday" in result.stderr

    def test_no_series_of_that_id(self, funnel, door):
        assert funnel("series", "end", "zzz").exit_code == 2


def test_a_session_keeps_its_number_on_the_platform_without_spaces(funnel, door):
    words = (f"{NEXT_YEAR}-03-09 18:00", "--zone", "Europe/Berlin", "--title", "T")
    added = funnel("session", "add", *words, "--sequence", "short", "--platform-id", "812 3456 789")
    assert added.exit_code == 0
    assert door.world.ask("select platform_id from sessions") == "8123456789"
