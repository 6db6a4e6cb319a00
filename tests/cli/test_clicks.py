"""What the commands say of clicks: whether they count for a session, and who did not press."""

import shutil
from datetime import UTC, datetime

import pytest

from funnel.bootstrap import SHIPPED_DEFINITIONS

NEXT_YEAR = datetime.now(UTC).year + 1  # these commands ask the real clock
ADD = ("session", "add", f"{NEXT_YEAR}-03-09 18:00", "--zone", "Europe/Berlin", "--title", "Three")


@pytest.mark.parametrize(("words", "expected"), [((), False), (("--clicks-count",), True)])
def test_clicks_on_the_join_link_count_only_where_somebody_said_so(funnel, loaded, words, expected):
    assert funnel(*ADD, *words).exit_code == 0
    assert loaded.ask("select clicks_count from sessions") is expected
    session_id = str(loaded.ask("select id from sessions"))
    assert funnel("session", "change", session_id, "--title", "Four").exit_code == 0
    assert loaded.ask("select clicks_count from sessions") is expected
    other = "--no-clicks-count" if expected else "--clicks-count"
    assert funnel("session", "change", session_id, other).exit_code == 0
    assert loaded.ask("select clicks_count from sessions") is not expected


def test_status_shows_who_opened_the_confirmation_and_did_not_press(funnel, loaded):
    assert "Confirmations of the last 30 days" not in funnel("status").output
    loaded.execute(
        "insert into sources (id, slug, sequence_id) select gen_random_uuid(), 'site', id "
        "from sequences"
    )
    loaded.execute(
        """
        insert into signups (id, source_id, external_id, sequence_id, status, address_hash,
                             wants_letters, mailed_at, expires_at, opened_at)
        select gen_random_uuid(), s.id, n::text, s.sequence_id,
               case when n <= 2 then 'confirmed' else 'pending' end, '\\x00', true, plan_now(),
               plan_now() + interval '7 days', case when n >= 2 and n <= 4 then plan_now() end
        from (select * from sources limit 1) s, generate_series(1, 9) n
        """
    )
    output = funnel("status").output
    line = next(each for each in output.splitlines() if "disruption-masterclass" in each)
    assert line.split()[1:] == ["9", "2", "2", "5"]
    assert "opened, not pressed" in output


def test_check_names_a_condition_on_a_link_that_no_email_has(funnel, tmp_path):
    folder = tmp_path / "templates"
    shutil.copytree(SHIPPED_DEFINITIONS, folder)
    file = folder / "sequences" / "disruption-masterclass.yaml"
    text = file.read_text("utf-8")
    for name, is_there in (("booking", True), ("talk", False)):
        goal = f"goal: [clicked link {name}]\n"
        file.write_text(goal + text, "utf-8")
        result = funnel("sequence", "check", str(file))
        assert result.exit_code == 0, result.output
        assert ("no email has a link called" in result.stderr) is not is_there
