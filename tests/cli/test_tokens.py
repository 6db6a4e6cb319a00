"""`funnel token`, as somebody at a terminal uses it."""

import re


def test_a_token_is_shown_once_listed_without_it_and_revoked(funnel, installed):
    added = funnel("token", "add", "studio", "--scope", "read")
    assert added.exit_code == 0, added.output
    token = re.search(r"funnel_[\w-]{43}", added.output).group()
    listed = funnel("token", "list").output
    assert "studio" in listed
    assert "never" in listed
    assert token not in listed
    assert funnel("token", "revoke", "studio").exit_code == 0
    assert "revoked" in funnel("token", "list").output
    assert installed.ask("select count(*) from audit where action like 'token %'") == 2


def test_wrong_names_and_scopes_are_refused(funnel, installed):
    assert funnel("token", "add", "studio", "--scope", "everything").exit_code == 2
    assert funnel("token", "add", "  ", "--scope", "read").exit_code == 2
    assert funnel("token", "add", "studio", "--scope", "read").exit_code == 0
    again = funnel("token", "add", "studio", "--scope", "read")
    assert again.exit_code == 2
    assert "Choose another name" in again.output
    assert funnel("token", "revoke", "nobody").exit_code == 2
    assert funnel("token", "list").exit_code == 0
