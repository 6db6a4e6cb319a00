# ruff: noqa: E501 # a table reads best with one case a line
import re

import pytest

from funnel.rendering.compiled import CompiledTemplate
from funnel.rendering.compiler import compile_template
from funnel.rendering.errors import TemplateError
from funnel.rendering.renderer import Renderer
from funnel.rendering.samples import bare_sample, full_sample
from tests.rendering.sources import letter, service

MOMENT = 'moment:\n  large: "{{ session.hour }}"\n'


@pytest.mark.parametrize(
    ("case", "source", "line", "words"),
    [
        ("no front matter", "Hello", 1, "first lines"),
        ("empty file", "", 1, "first lines"),
        ("front matter left open", "---\nsubject: x\n", 1, "have no end"),
        ("not YAML", "---\nsubject: [x\nlayout: letter\n---\nx", 3, "cannot be read"),
        ("a tab", "---\nsubject:\tx\n\tlayout: y\n---\nx", 2, "cannot be read"),
        ("unquoted Jinja", "---\nsubject: {{ why }}\n---\nx", 2, "key: value"),
        ("an endless alias", "---\nmoment: &m\n  large: *m\n---\nx", 2, "key: value"),
        ("a list", "---\n- subject\n---\nx", 2, "key: value"),
        ("no keys", "---\n---\nx", 1, "key: value"),
        ("unknown key", "---\nsubject: x\ntone: y\n---\nx", 3, "unknown key “tone”"),
        ("a key twice", "---\nsubject: x\nsubject: y\n---\nx", 3, "twice"),
        ("no subject", "---\npreheader: x\nlayout: letter\n---\nx", None, "“subject” is missing"),
        ("empty subject", letter("x", subject=""), 2, "“subject” is missing"),
        ("null subject", letter("x", subject="~"), 2, "“subject” is missing"),
        ("no preheader", "---\nsubject: x\nlayout: letter\n---\nx", None, "“preheader” is missing"),
        ("unknown layout", "---\nsubject: x\npreheader: y\nlayout: z\n---\nx", 4, "letter or service"),
        ("long subject", letter("x", subject="x" * 79), 2, "79 characters"),
        ("subject of lines", "---\nsubject:\n  a: b\npreheader: x\nlayout: letter\n---\nx", 2, "one text"),
        ("escape in YAML", letter("x", subject='"a\\x02b"'), 2, "control character"),
        ("control character", letter("a\n\x0bb"), 7, "U+000B"),
        ("empty body", letter(""), 5, "body is empty"),
        ("moment in a letter", letter("x").replace("layout: letter", "layout: letter\n" + MOMENT), 5, "no moment"),
        ("moment of one word", service("x", front="moment: 18:00"), 5, "lines of its own"),
        ("moment without large", service("x", front="moment:\n  kicker: y"), 5, "“moment.large”"),
        ("unknown key in moment", service("x", front="moment:\n  large: y\n  tall: z"), 7, "“moment.tall”"),
        ("button without url", service("x", front="button:\n  label: y"), 5, "“button.url”"),
        ("button's bad url", service("x", front="button:\n  label: y\n  url: javascript:1"), None, "button.url"),
        ("bad when", service("x", front="moment:\n  when: 'session +'\n  large: y"), 6, "moment.when"),
        ("unknown when", service("x", front="moment:\n  when: meeting\n  large: y"), 6, "“meeting”"),
        ("unknown name in the subject", letter("x", subject='"{{ name }}"'), 2, "unknown name “name”"),
        ("unknown name", letter("a\n\n{{ person.firstname }}"), 8, "“person.firstname”"),
        ("unknown name in a loop", letter("{% for d in next_dates %}\n\n{{ d.when }}\n{% endfor %}"), 8, "“next_dates.when”"),
        ("loop variable outside", letter("{% for d in next_dates %}x{% endfor %}\n\n{{ d.day }}"), 8, "“d”"),
        ("a part of a text", letter("{{ person.greeting.upper }}"), 6, "person.greeting.upper"),
        ("a private part", letter("{{ person.__class__ }}"), 6, "person.__class__"),
        ("a whole value", letter("Hello {{ person }}"), 6, "“person” is not a text"),
        ("a moment in time", letter("{{ session.starts_at }}"), 6, "is not a text"),
        ("all dates at once", letter("{{ next_dates }}"), 6, "is not a text"),
        ("a tag left open", letter("a\n\n{{ person.greeting"), 8, "write }}"),
        ("a tag left open, words behind", letter("a\n\n{{ person.greeting\n\nDear"), 10, "write }}"),
        ("a statement left open", letter("a\n\n{% if session\n\nDear"), 10, "write %}"),
        ("a tag of nothing", letter("a\n\n{{ }}"), 8, "a name is missing"),
        ("a block left open", letter("{% if session %}\na\n"), None, "endif"),
        ("a block closed twice", letter("a\n\n{% endif %}"), 8, "endif"),
        ("unknown statement", letter("{% shout %}"), 6, "shout"),
        ("unknown filter", letter("{{ person.greeting|pprint }}"), 6, "pprint"),
        ("an allocation", letter("{{ person.greeting * 9 }}"), 6, "not known"),
        ("a power", letter("{{ 9 ** 9 }}"), 6, "not known"),
        ("a call", letter("{{ range(9) }}"), 6, "may not call"),
        ("a method", letter("{{ person.greeting.format() }}"), 6, "may not call"),
        ("an include", letter("{% include 'x' %}"), 6, "may not include"),
        ("a macro", letter("{% macro m() %}{% endmacro %}"), 6, "macro"),
        ("a set block", letter("{% set x %}a{% endset %}"), 6, "set one value"),
        ("raw", letter("{% raw %}{{ x }}{% endraw %}"), 6, "raw"),
        ("a loop over letters", letter("{% for c in why %}x{% endfor %}"), 6, "over dates"),
        (
            "loops in loops in loops",
            letter("{% for a in next_dates %}" * 3 + "x" + "{% endfor %}" * 3),
            6,
            "too deep",
        ),
        ("opened here, closed there", letter("a {% if session %}b\n\nc{% endif %}"), 6, "opens in one paragraph"),
        ("opened inside emphasis", letter("*a {% if session %}b* c{% endif %}"), 6, "opens in one paragraph"),
        ("opened inside an item", letter("a\n\n- b {% if session %}\n- c {% endif %}"), 8, "opens in one paragraph"),
        ("a bad scheme", letter("a\n\n[x](javascript:alert(1))"), 8, "javascript:alert"),
        ("a relative link", letter("[x](/there)"), 6, "must begin with https:"),
        ("no address", letter("[x]()"), 6, "must begin with https:"),
        ("a value and more", letter("[x]({{ links.join }}/y)"), 6, "one whole {{ value }}"),
        ("a statement in an address", letter("[x]({%if session%}https://a.org{%endif%})"), 6, "{{ … }} only"),
        ("a bad image", letter("![x](data:image/png;base64,x)"), 6, "must begin with"),
        ("an unknown directive", letter("a\n\n[x](https://a.org){.big}"), 8, "{.big}"),
        ("a button with words", letter("Go [x](https://a.org){.button}"), 6, "paragraph of one link"),
        ("a directive in the middle", letter("a {.small} b"), 6, "at the end"),
        ("a button in a heading", letter("## [x](https://a.org){.button}"), 6, "belongs to a paragraph"),
        ("too long", letter("x" * 70_000), None, "64,000"),
        ("our own mark", letter("zjx0000z"), None, "zjx"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_line(case, source, line, words):
    with pytest.raises(TemplateError) as caught:
        compile_template(source, name="bias.md")
    assert words in str(caught.value)
    assert str(caught.value).startswith("bias.md")
    if line is not None:
        assert caught.value.line == line


def test_an_unknown_name_says_which_are_known():
    with pytest.raises(TemplateError) as caught:
        compile_template(letter("{{ links.jion }}"), name="x.md")
    assert "join" in caught.value.remedy
    assert caught.value.field == "links.jion"


def rendered(source, context=None):
    return Renderer().render(compile_template(source, name="x.md"), context or full_sample())


def test_typography_spares_what_stands_inside_tags():
    email = rendered(letter("He said \"{{ session.seats_left|default('a -- b...') }}\" -- so..."))
    assert "He said “a -- b...” \N{EN DASH} so…" in email.html
    assert "He said “a -- b...” \N{EN DASH} so…" in email.text


def test_a_quotation_mark_behind_a_statement_still_opens():
    assert "“Yes”" in rendered(letter('{% if session %}"Yes"{% endif %}, he said.')).html


def test_raw_html_and_literal_braces_are_shown_as_text():
    email = rendered(letter("<b>x</b> \\{\\{ why \\{\\% if %} {a}"))
    assert "&lt;b&gt;x&lt;/b&gt; {{ why {% if %} {a}" in email.html
    assert "<b>x</b> {{ why {% if %} {a}" in email.text


def test_the_subject_is_escaped_in_the_page_but_not_in_the_inbox():
    email = rendered(letter("x", subject="R&D <now>"))
    assert email.subject == "R&D <now>"
    assert "<title>R&amp;D &lt;now&gt;</title>" in email.html


def test_a_loop_makes_items_and_not_lists():
    email = rendered(
        letter("{% for d in next_dates %}\n- [{{ d.day }}]({{ d.url }})\n{% endfor %}")
    )
    assert email.html.count("<ul") == 1
    assert email.html.count("<li ") == 3
    assert "- Tuesday 17 November:\n  https://go.example.org/d/" in email.text


def test_conditions_between_items_keep_one_list():
    source = letter("- a\n{% if former %}\n- b\n{% endif %}\n- c\n")
    for context, items in ((full_sample(), 3), (bare_sample(), 2)):
        email = rendered(source, context)
        assert email.html.count("<ul") == email.html.count("</ul>") == 1
        assert email.html.count("<li ") == items


def test_a_false_condition_leaves_no_empty_list():
    source = letter(
        "a\n\n{% if next_dates %}\n{% for d in next_dates %}\n- {{ d.day }}\n{% endfor %}\n{% endif %}"
    )
    assert "<ul" not in rendered(source, bare_sample()).html


def test_numbers_are_counted_when_the_text_is_rendered():
    source = letter("1. a\n{% if former %}\n1. b\n{% endif %}\n1. c\n")
    assert "1. a\n2. b\n3. c\n" in rendered(source).text
    assert "1. a\n2. c\n" in rendered(source, bare_sample()).text


def test_a_link_without_an_address_leaves_its_words():
    source = letter("Then [watch the replay]({{ links.replay }}) with them.")
    email = rendered(source, bare_sample())
    assert "Then watch the replay with them." in email.html
    assert "Then watch the replay with them.\n\n---" in email.text


def test_a_button_without_an_address_vanishes():
    source = letter("a\n\n[Talk to me]({{ brand.booking_url }}){.button}\n\nb")
    assert "Talk to me: https://example.org/talk" in rendered(source).text
    email = rendered(source, bare_sample())
    assert "Talk to me" not in email.html + email.text
    assert "a\n\nb\n" in email.text


def test_moment_and_button_stand_above_the_body_and_fall_away_by_their_condition():
    front = (
        "moment:\n  when: session\n  kicker: Tomorrow\n  large: '{{ session.hour }}'\n"
        "button:\n  when: session\n  label: Join\n  url: '{{ links.join }}'"
    )
    source = service("All you need.", front=front)
    email = rendered(source)
    assert re.search(r"Tomorrow.*18:00.*>Join<.*All you need", email.html, re.DOTALL)
    assert email.text.startswith("Tomorrow\n18:00\n\nJoin: https://go.example.org/j/")
    bare = rendered(source, bare_sample())
    assert "<h1" not in bare.html and "Join" not in bare.html
    assert bare.text.startswith("All you need.\n")


def test_a_value_behind_a_fixed_beginning_is_encoded():
    source = letter(
        "[Write](mailto:{{ brand.reply_to }}) [x](https://a.org/?n={{ session.title }})"
    )
    email = rendered(source)
    assert 'href="mailto:mira@example.org"' in email.html
    assert 'href="https://a.org/?n=Leading%20through%20disruption%3A%20the' in email.html


def test_a_windows_file_with_a_byte_order_mark_is_the_same_template():
    source = letter("a\n\nb")
    assert compile_template(
        "\ufeff" + source.replace("\n", "\r\n"), name="x.md"
    ) == compile_template(source, name="x.md")


def test_it_survives_its_row():
    compiled = compile_template(letter("{{ person.greeting }}"), name="x.md")
    again = CompiledTemplate.from_json(compiled.to_json())
    assert again == compiled
    assert again.checksum == compiled.checksum
    assert "person.greeting" in compiled.variables and "why" in compiled.variables


def test_the_checksum_tells_templates_apart():
    sources = [letter("a"), letter("b"), letter("a", subject="c"), letter("a", preheader="d")]
    assert len({compile_template(each, name="x.md").checksum for each in sources}) == 4


@pytest.mark.parametrize(
    "text", ["[]", "{}", '{"format": 2}', '{"format": 1, "subject": "x"}', "not JSON"]
)
def test_what_is_no_compiled_template_is_refused(text):
    with pytest.raises(ValueError, match=r"format|compiled|Expecting"):
        CompiledTemplate.from_json(text)
