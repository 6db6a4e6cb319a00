from dataclasses import replace

import pytest

from funnel.rendering.compiler import compile_template
from funnel.rendering.lint import Severity, lint
from funnel.rendering.samples import full_sample
from tests.rendering.sources import letter, service

WORDS = "word " * 150
NO_ADDRESS = replace(full_sample(), brand=replace(full_sample().brand, postal_address=""))
NO_REASON = replace(full_sample(), why="")
NO_LINK = replace(full_sample(), links=replace(full_sample().links, unsubscribe=""))


def codes(source, context=None, **rest):
    compiled = compile_template(source, name="x.md")
    return {each.code for each in lint(compiled, context or full_sample(), **rest)}


@pytest.mark.parametrize(
    ("code", "source", "context"),
    [
        ("subject-long", letter(WORDS, subject="x" * 45), None),
        ("subject-missing", letter(WORDS, subject='"{% if not session %}x{% endif %}"'), None),
        ("preheader-missing", letter(WORDS, preheader='"{% if not session %}x{% endif %}"'), None),
        ("preheader-repeats", letter(WORDS, subject="A", preheader="A"), None),
        ("address-missing", letter(WORDS), NO_ADDRESS),
        ("reason-missing", letter(WORDS), NO_REASON),
        ("unsubscribe-missing", letter(WORDS), NO_LINK),
        ("too-short", letter("word " * 119), None),
        ("too-long", letter("word " * 351), None),
        ("too-long", service("word " * 81), None),
        ("page-large", letter(WORDS + "\n\n" + "x" * 60_000), None),
        ("image-without-words", letter(WORDS + "\n\n![](https://a.org/x.png)"), None),
    ],
)
def test_each_finding_has_its_cause(code, source, context):
    assert codes(source, context) == {code}


@pytest.mark.parametrize(
    "source",
    [
        letter("word " * 120),
        letter("word " * 350, subject="x" * 44),
        service("word " * 80),
        service("word"),
        letter(WORDS + "\n\n![A room](https://a.org/x.png)"),
    ],
)
def test_what_is_right_has_no_finding(source):
    assert codes(source) == set()


def test_a_notice_needs_no_way_to_unsubscribe():
    assert codes(service("word"), NO_LINK, is_notice=True) == set()


def test_words_of_moment_button_footer_and_addresses_are_not_counted():
    front = (
        "moment:\n  kicker: a b c\n  large: d e f\nbutton:\n  label: g h i\n  url: https://a.org"
    )
    source = service("word " * 79 + "[word]({{ links.join }})", front=front)
    assert codes(source) == set()


def test_what_gmail_would_cut_is_an_error_and_says_what_to_do():
    # Five bytes a character: the source stays under its own limit.
    compiled = compile_template(letter(WORDS + "\n\n" + "&" * 30_000), name="x.md")
    (finding,) = lint(compiled, full_sample())
    assert (finding.code, finding.severity) == ("page-large", Severity.ERROR)
    assert "102 KB" in finding.remedy
