"""`funnel budget`, as somebody at a terminal uses it."""

import pytest

KEPT = "select count(*) from budgets"


def test_limits_are_set_shown_and_let_go(funnel, installed):
    assert "No limit is set" in funnel("budget", "show").output
    done = funnel("budget", "set", "--per-hour", "300", "--provider", "smtp")
    assert done.exit_code == 0, done.output
    assert "Set. 1,000 letters take" in done.output
    assert "at 300 an hour" in done.output
    shown = funnel("budget", "show").output
    assert "smtp" in shown
    assert "300 an hour" in shown
    assert "270" in shown  # a tenth is not for letters
    gone = ("budget", "set", "--remove", "--provider", "smtp")
    assert "These limits are gone." in funnel(*gone).output
    again = funnel(*gone)
    assert again.exit_code == 0
    assert "There were no limits." in again.output
    acts = "select array_agg(action order by id) from audit"
    assert installed.ask(acts) == ["set budget", "removed budget"]


def test_presets_are_listed_with_their_sources_and_taken(funnel, installed):
    listed = funnel("budget", "preset").output
    assert "shared-host" in listed
    assert "https://" in listed
    assert installed.ask(KEPT) == 0
    assert funnel("budget", "preset", "ses", "--provider", "ses").exit_code == 0
    assert installed.ask("select per_second from budgets where preset = 'ses'") == 14
    wrong = funnel("budget", "preset", "pigeon")
    assert wrong.exit_code == 2
    assert "google-workspace" in wrong.output


def test_a_warm_up_begins_today_or_on_its_day_and_ends(funnel, installed):
    begun = funnel("budget", "warm-up", "50,100,200")
    assert begun.exit_code == 0, begun.output
    assert "3 days: 50, 100, 200." in begun.output
    assert installed.ask("select warm_up_from = (now() at time zone 'utc')::date from budgets")
    assert "warm-up, 3 days" in funnel("budget", "show").output
    later = funnel("budget", "warm-up", "50", "--begins-on", "2031-03-04", "--lane", "gmail")
    assert "From 2031-03-04 on" in later.output
    ended = funnel("budget", "warm-up", "none")
    assert "There is no warm-up any more." in ended.output
    assert installed.ask(KEPT) == 1


def test_an_address_is_in_a_lane_and_its_domain_can_be_put_into_another(funnel, installed):
    asked = ("budget", "lane-of", "ada@company.example")
    assert "ada@company.example: other." in funnel(*asked).output
    put = funnel(*asked, "--set", "microsoft")
    assert "microsoft, by a rule of yours." in put.output
    assert "company.example is in the lane microsoft" in funnel("budget", "show").output
    assert "other." in funnel(*asked, "--forget").output


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        (["set"], "how many emails may leave in an hour"),
        (["set", "--per-hour", "0"], "--per-hour"),
        (["set", "--per-hour", "many"], "--per-hour"),
        (["set", "--per-day", "3000000000"], "at most 1,000,000,000"),
        (["set", "--per-hour", "5", "--provider", "pigeon"], "smtp, postmark, ses"),
        (["set", "--per-hour", "5", "--lane", "aol"], "gmail, microsoft"),
        (["warm-up", "50,many"], "50,100,200"),
        (["warm-up", "50,0"], "a whole number"),
        (["warm-up", "50,3000000000"], "Write a smaller number"),
        (["warm-up", "50", "--begins-on", "2031-02-30"], "2031-03-04"),
        (["warm-up", "50", "--lane", "aol"], "gmail, microsoft"),
        (["lane-of", "company", "--set", "gmail"], "company.example"),
        (["lane-of", "company.example", "--set", "fast"], "gmail, microsoft"),
    ],
    ids=lambda words: " ".join(words) if isinstance(words, list) else "",
)
def test_what_cannot_be_meant_is_refused_with_its_remedy(funnel, installed, words, remedy):
    refused = funnel("budget", *words)
    assert refused.exit_code == 2, (refused.output, refused.exception)
    assert remedy in " ".join(refused.output.split())
    assert (
        installed.ask("select (select count(*) from budgets) + (select count(*) from audit)") == 0
    )
