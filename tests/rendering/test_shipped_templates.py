"""Every email that comes with the product: whatever files there are."""

from html.parser import HTMLParser
from importlib import resources
from pathlib import Path

import pytest

from funnel.domain.errors import RenderError
from funnel.domain.template import Layout
from funnel.rendering.compiler import compile_template
from funnel.rendering.lint import lint
from funnel.rendering.renderer import Renderer
from funnel.rendering.samples import bare_sample, full_sample

FOLDER = Path(str(resources.files("funnel") / "templates" / "email"))
FILES = sorted(path for path in FOLDER.rglob("*.md") if path.parent.name != "layouts")
# What may be missing for each reader: nobody without a seat gets an email about one.
READERS = {
    "everything": (full_sample(), frozenset[str]()),
    "a seat only": (bare_sample(with_session=True), frozenset({"replay", "former"})),
    "an address only": (bare_sample(), frozenset({"replay", "former", "session"})),
}

pytestmark = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def compiled(path):
    return compile_template(path.read_text("utf-8"), name=path.name)


def made_for(reader, make):
    """Return what ``make`` gives, or ``None`` where this reader lacks what the email is about."""
    context, may_lack = READERS[reader]
    try:
        return make(context)
    except RenderError as error:
        lacking = error
    if (lacking.variable or "").split(".")[0] not in may_lack:
        pytest.fail(f"for {reader}: {lacking}")
    return None


@pytest.mark.parametrize("reader", READERS)
def test_it_reads_well_for_every_reader_who_may_get_it(path, reader):
    template = compiled(path)
    email = made_for(reader, lambda context: Renderer().render(template, context))
    if email is None:
        return
    for part in (email.subject, email.preheader, email.text):
        assert part.strip()
        assert "{" not in part and "}" not in part and "None" not in part
    assert "<" not in email.text
    assert " ," not in email.text and " ." not in email.text
    assert Nesting(email.html).complaints == []
    context, _ = READERS[reader]
    for said in (context.why, context.brand.postal_address):
        assert said in " ".join(email.text.split())


@pytest.mark.parametrize("reader", READERS)
def test_lint_finds_nothing(path, reader):
    template, is_notice = compiled(path), path.parent.name == "notices"
    findings = made_for(reader, lambda context: lint(template, context, is_notice=is_notice))
    assert findings in (None, ())


def test_a_letter_leaves_for_everybody(path):
    template = compiled(path)
    if template.layout is Layout.LETTER:
        for context, _ in READERS.values():
            Renderer().render(template, context)


class Nesting(HTMLParser):
    """Whether the tags of a page close in the order in which they opened."""

    VOID = frozenset({"meta", "img", "br", "hr", "link", "input"})

    def __init__(self, page):
        super().__init__()
        self.open, self.complaints = [], []
        self.feed(page)
        self.close()
        self.complaints += self.open

    def handle_starttag(self, tag, attrs):
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        """Nothing stays open."""

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.complaints.append(f"/{tag}")


def test_reading_it_asks_no_host_for_anything(path):
    """Links are for people to press; fonts, styles and images would be fetched on opening."""
    page = compiled(path).html
    assert "<link" not in page
    assert "@import" not in page
    assert "@font-face" not in page
    assert "googleapis" not in page
