"""What an author typed that readers will not see as it was meant, each with its line."""

from dataclasses import replace

import pytest

from funnel.domain.template_draft import STAND_INS
from funnel.rendering.compiler import compile_template
from funnel.rendering.errors import TemplateError
from funnel.rendering.lint import lint
from funnel.rendering.samples import full_sample
from tests.rendering.sources import letter

WORDS = "word " * 150
BODY_LINE = 6


def found(source, context=None):
    compiled = compile_template(source, name="x")
    findings = lint(compiled, context or full_sample(), source=source)
    return {(each.code, each.line) for each in findings}


@pytest.mark.parametrize(
    ("code", "line", "source"),
    [
        ("text-turned", 8, letter(f"{WORDS}\n\na \u202e trick")),
        ("text-unseen", 8, letter(f"{WORDS}\n\nvia\u200bgra")),
        ("html-shown", 8, letter(f"{WORDS}\n\n<script>alert(1)</script>")),
        ("image-not-secure", 8, letter(f"{WORDS}\n\n![A room](http://a.org/x.png)")),
        ("subject-shouts", 2, letter(WORDS, subject="LAST CHANCE TODAY")),
        ("subject-shouts", 2, letter(WORDS, subject="Now!!")),
        ("subject-long", 2, letter(WORDS, subject="x" * 50)),
        ("preheader-repeats", 3, letter(WORDS, subject="A", preheader="A")),
        ("text-unwritten", 8, letter(f"{WORDS}\n\n{STAND_INS[-1]}")),
        ("text-unwritten", 3, letter(WORDS, preheader=STAND_INS[0])),
        ("image-without-words", 8, letter(f"{WORDS}\n\n![](https://a.org/x.png)")),
    ],
)
def test_each_finding_names_its_line(code, line, source):
    assert found(source) == {(code, line)}


def test_an_accent_that_cannot_be_read_is_named():
    brand = replace(full_sample().brand, accent="#FFE000")
    assert found(letter(WORDS), replace(full_sample(), brand=brand)) == {("accent-faint", None)}


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("person.greting", "person.greeting"), ("sesion", "session"), ("session.hou", "session.hour")],
)
def test_an_unknown_name_is_answered_with_the_nearest(name, nearest):
    with pytest.raises(TemplateError) as caught:
        compile_template(letter(f"One\n\n{{{{ {name} }}}}"), name="x")
    assert (caught.value.line, nearest in caught.value.remedy) == (BODY_LINE + 2, True)
