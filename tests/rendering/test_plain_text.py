from textwrap import dedent

from funnel.rendering.compiler import compile_template
from funnel.rendering.renderer import Renderer
from funnel.rendering.samples import full_sample
from tests.rendering.sources import letter

LONG = "https://go.example.org/" + "x" * 80


def body_text(markdown):
    compiled = compile_template(letter(dedent(markdown)), name="x.md")
    return Renderer().render(compiled, full_sample()).text.split("\n\n---\n\nYou get this")[0]


def test_a_letter_reads_as_somebody_would_type_it():
    assert body_text(
        """\
        Hello Ana,

        ## One thing

        This is *one* paragraph with a [link to read]({{ brand.notes_url }}) in it, and it goes on
        for longer than one line of seventy-two characters.

        1. first
        2. second

        - an item
          with a second line, which is much longer than what fits into one line of text

          and a second paragraph
          - a nested one
        - another

        > He said:
        >
        > “Yes.”

        ---

        Warmly,\\
        Mira"""
    ) == dedent(
        """\
        Hello Ana,

        One thing
        ---------

        This is _one_ paragraph with a link to read in it, and it goes on for
        longer than one line of seventy-two characters.
        Link to read: https://example.org/notes

        1. first
        2. second

        - an item with a second line, which is much longer than what fits into
          one line of text
          and a second paragraph
          - a nested one
        - another

        > He said:
        >
        > “Yes.”

        ---

        Warmly,
        Mira"""
    )


def test_an_address_is_never_broken():
    assert body_text(f"[Read this]({LONG})") == f"Read this:\n{LONG}"
    assert body_text(f"- [Read this]({LONG})") == f"- Read this:\n  {LONG}"


def test_an_address_that_is_its_own_label_is_said_once():
    assert body_text("<https://a.org/x>") == "https://a.org/x"
    assert body_text("See https://a.org/x now.") == "See https://a.org/x now."
    assert body_text("Write to [mira@a.org](mailto:mira@a.org).") == "Write to mira@a.org."


def test_a_mail_address_is_said_without_its_scheme():
    assert body_text("[Reply]({{ links.join }}) or [write](mailto:m@a.org).").endswith(
        "Write: m@a.org"
    )


def test_two_links_of_one_paragraph_follow_it_in_order():
    text = body_text("Either [this](https://a.org) or [that](https://b.org).")
    assert text == "Either this or that.\nThis: https://a.org\nThat: https://b.org"


def test_a_new_list_counts_from_one():
    assert body_text("1. a\n2. b\n\nthen\n\n1. c") == "1. a\n2. b\n\nthen\n\n1. c"


def test_an_image_is_its_words():
    assert body_text("![A room](https://a.org/x.png) is empty.") == "A room is empty."


def test_a_paragraph_that_says_nothing_leaves_no_gap():
    assert body_text("a\n\n{% if former and not former %}x{% endif %}\n\nb") == "a\n\nb"
