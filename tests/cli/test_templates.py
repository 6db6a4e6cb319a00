"""The texts of emails at the command line: seen, compared, published, taken back."""

import pytest

from funnel.services.edit_template import read_template, save_template_draft

KEY = "disruption-masterclass/bias"


@pytest.fixture
def draft(loaded):
    live = read_template(KEY, loaded.transactions).live
    more = "One more sentence{% if person.first_name %} for {{ person.first_name }}{% endif %}."
    source = f"{live.source}\n{more}\n"
    return save_template_draft(KEY, source, seen=0, by="mira", transactions=loaded.transactions)


def test_from_draft_to_live_and_back(funnel, draft):
    listed = funnel("template", "list")
    assert KEY in listed.stdout
    assert "mira" in listed.stdout
    assert "One more sentence" in funnel("template", "diff", KEY).stdout
    assert "One more sentence for Ana." in funnel("template", "preview", KEY).stdout
    assert "v2 is live" in funnel("template", "publish", KEY, "--note", "more").stdout
    assert "One more sentence" in funnel("template", "diff", KEY, "1", "2").stdout
    assert "v3 is live" in funnel("template", "rollback", KEY, "1").stdout
    assert "They say the same." in funnel("template", "diff", KEY, "1", "3").stdout


def test_what_is_wrong_is_named_with_its_line_and_nothing_is_published(funnel, loaded):
    text = "---\nsubject: x\npreheader: y\nlayout: letter\n---\nOne\n\n{{ person.greting }}\n"
    save_template_draft(KEY, text, seen=0, by="mira", transactions=loaded.transactions)
    for words in (("preview", KEY), ("publish", KEY)):
        result = funnel("template", *words)
        assert result.exit_code == 2
        assert "ine 8" in result.stderr
        assert "person.greeting" in result.stderr
    assert read_template(KEY, loaded.transactions).live.number == 1


def test_an_email_that_there_is_not_is_said_so(funnel, loaded):
    for words in (("preview", "no/such"), ("publish", "no/such"), ("rollback", KEY, "9")):
        assert funnel("template", *words).exit_code == 2
