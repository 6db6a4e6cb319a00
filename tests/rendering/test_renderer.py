from dataclasses import fields, is_dataclass, replace
from email.message import EmailMessage
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from funnel.domain.errors import RenderError
from funnel.domain.text import clean_text
from funnel.rendering.compiled import CompiledTemplate
from funnel.rendering.compiler import compile_template
from funnel.rendering.filters import is_safe_address
from funnel.rendering.renderer import Renderer
from funnel.rendering.samples import bare_sample, full_sample
from tests.rendering.sources import letter, service

EVERYTHING = """\
{{ person.greeting }}

*{{ person.last_name }}* [{{ person.first_name }}]({{ links.join }}) "{{ session.title }}"

![{{ brand.host_name }}]({{ brand.logo_url }})

## {{ session.place }}

{% for d in next_dates %}
- [{{ d.title }}]({{ d.url }})
{% endfor %}

> {{ brand.host_first_name }}

[{{ brand.name }}]({{ brand.booking_url }}){.button}
"""
LETTER = compile_template(
    letter(EVERYTHING, subject='"{{ person.first_name }} {{ session.title }}"'), name="x.md"
)
SERVICE = compile_template(
    service(
        EVERYTHING,
        subject='"{{ person.first_name }}"',
        front=(
            'moment:\n  kicker: "{{ person.first_name }}"\n  large: "{{ session.hour }}"\n'
            '  small: "{{ session.title }}"\n'
            'button:\n  label: "{{ brand.name }}"\n  url: "{{ links.join }}"'
        ),
    ),
    name="x.md",
)
RENDERER = Renderer()

NASTY = st.text(max_size=40) | st.lists(
    st.sampled_from(
        [
            *("<b>", "</style>", "<script>", '"', "'", "><", "&amp;", "{{ 7 }}", "{% if %}", "--"),
            *("\r\nBcc: x@example.org", "\x1e", "\x1f", "\x1d", "\x02", "\x03", "\x04", "\u202e"),
            *("javascript:alert(1)", "https://a.org", "[x](y)", "zjx0001z", "[[body]]", "]]", "\\"),
        ]
    ),
    max_size=6,
).map("".join)
SAFE_URL = NASTY.map(lambda text: f"https://a.org/{text}")


def shaken(value, text, url):
    """Return a context whose every text is drawn anew."""
    if not is_dataclass(value):
        return value
    changes = {}
    for field in fields(value):
        old = getattr(value, field.name)
        is_url = field.name.endswith("url") or type(value).__name__ == "LinksContext"
        if isinstance(old, str):
            changes[field.name] = url() if is_url else text()
        elif isinstance(old, tuple):
            changes[field.name] = tuple(shaken(each, text, url) for each in old)
        else:
            changes[field.name] = shaken(old, text, url)
    return replace(value, **changes)


class Shape(HTMLParser):
    """The tags of a page with the names of their attributes, its links, and its style sheets."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.links, self.styles = [], [], []
        self._is_style = False
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, *(name for name, _ in attrs)))
        self.links += [value for name, value in attrs if name in {"href", "src"}]
        self._is_style = tag == "style"

    def handle_endtag(self, tag):
        self.tags.append(("/", tag))
        self._is_style = False

    def handle_data(self, data):
        if self._is_style:
            self.styles.append(data)


@pytest.mark.parametrize("compiled", [LETTER, SERVICE])
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_value_leaves_its_place(compiled, data):
    text, url = (lambda: data.draw(NASTY)), (lambda: data.draw(SAFE_URL))
    plain = RENDERER.render(
        compiled, shaken(full_sample(), lambda: "words", lambda: "https://a.org/x")
    )
    email = RENDERER.render(compiled, shaken(full_sample(), text, url))
    shape, expected = Shape(email.html), Shape(plain.html)
    assert shape.tags == expected.tags
    assert shape.styles == expected.styles
    assert all(is_safe_address(link) for link in shape.links)


@settings(deadline=None)
@given(NASTY)
def test_a_subject_is_one_line_that_a_header_takes(text):
    context = full_sample()
    context = replace(context, person=replace(context.person, first_name=text))
    email = RENDERER.render(LETTER, context)
    assert len(email.subject.splitlines()) == 1
    assert len(email.subject) <= 150
    message = EmailMessage()
    message["Subject"] = email.subject
    assert message.as_bytes().count(b"\nBcc") == 0


@settings(deadline=None)
@given(NASTY)
def test_the_text_part_holds_values_as_they_are_and_no_markup(text):
    context = full_sample()
    context = replace(context, person=replace(context.person, greeting=f"Hello {text}"))
    email = RENDERER.render(
        compile_template(letter("{{ person.greeting }}\n\nx"), name="x"), context
    )
    said = " ".join(email.text.split("\n\nx\n")[0].split("\n"))
    assert said == " ".join(clean_text(f"Hello {text}", limit=200).split())
    assert not set(email.text) & set("\x1e\x1f\x1d\x02\x03\x04\r")


def test_the_text_part_of_every_kind_of_markup_has_no_tag():
    for compiled in (LETTER, SERVICE):
        email = RENDERER.render(compiled, full_sample())
        assert "<" not in email.text and "{.button}" not in email.text
        assert max(map(len, (x for x in email.text.split("\n") if "://" not in x))) <= 72


@pytest.mark.parametrize(
    ("case", "body", "variable", "words"),
    [
        ("no session", "{{ session.hour }}", "session.hour", "this person has no session"),
        ("no replay", "{{ replay.ends_day }}", "replay.ends_day", "no replay yet"),
        ("no former date", "x {{ former.moment|upper }}", "former.moment", "no earlier date"),
        ("no first date", "{{ (next_dates|first).day }}", "next_dates|first.day", ""),
        ("no third date", "{{ next_dates[2].day }}", "next_dates.day", ""),
        ("compared", "{% if session.minutes > 9 %}x{% endif %}", "session.minutes", ""),
    ],
)
def test_a_missing_value_is_named(case, body, variable, words):
    compiled = compile_template(letter(body), name="x.md")
    with pytest.raises(RenderError, match=r"^[\w.|]+: ") as caught:
        RENDERER.render(compiled, bare_sample())
    assert caught.value.variable == variable
    assert words in str(caught.value)


def test_seats_that_are_not_limited_are_named_too():
    compiled = compile_template(letter("{{ session.seats_left }} left"), name="x.md")
    with pytest.raises(RenderError) as caught:
        RENDERER.render(compiled, full_sample())
    assert caught.value.variable == "session.seats_left"
    asked = compile_template(
        letter("{% if session.seats_left %}few{% else %}open{% endif %}"), name="x.md"
    )
    assert "open" in RENDERER.render(asked, full_sample()).text


def test_what_may_be_asked_of_a_missing_value():
    body = (
        "{% if session %}a{% else %}b{% endif %}{% if replay is none or not former %}c{% endif %}"
    )
    compiled = compile_template(letter(body), name="x.md")
    assert RENDERER.render(compiled, bare_sample()).text.startswith("bc\n")
    assert RENDERER.render(compiled, full_sample()).text.startswith("a\n")


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "data:text/html,x", "//a.org", "a.org", "https:", "mailto:"]
)
def test_an_unsafe_link_stops_the_email_and_is_named(address):
    context = full_sample()
    context = replace(context, brand=replace(context.brand, booking_url=address))
    compiled = compile_template(letter("[x]({{ brand.booking_url }})"), name="x.md")
    with pytest.raises(RenderError) as caught:
        RENDERER.render(compiled, context)
    assert caught.value.variable == "brand.booking_url"


def test_the_same_template_and_person_give_the_same_bytes():
    assert RENDERER.render(LETTER, full_sample()) == Renderer().render(
        CompiledTemplate.from_json(LETTER.to_json()), full_sample()
    )


def test_an_older_template_that_names_a_value_of_the_past_says_so():
    older = replace(LETTER, subject="{{ person.nickname }}")
    with pytest.raises(RenderError) as caught:
        RENDERER.render(older, full_sample())
    assert caught.value.variable == "person.nickname"


def test_a_row_that_was_damaged_says_so():
    with pytest.raises(RenderError, match="cannot be read"):
        RENDERER.render(replace(LETTER, html="{% if %}"), full_sample())


@pytest.mark.parametrize(
    "attack",
    [
        "{{ person.__class__ }}",
        "{{ person['__class__'] }}",
        "{{ person.items() }}",
        "{{ ''.__class__.__mro__ }}",
        "{{ why.__init__.__globals__ }}",
        "{{ why.format }}",
        "{{ range(9) }}",
        "{{ cycler }}",
        "{{ self }}",
        "{{ 'a' * 1000000000 }}",
        "{{ 9 ** 9 ** 9 }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ next_dates.append }}",
        "{% for x in why %}{{ loop.cycle('a') }}{% endfor %}",
        "{{ why|attr('upper') }}",
        "{{ why|map('upper') }}",
        "{% include 'x' %}",
        "{% import 'x' as y %}",
    ],
)
def test_the_sandbox_holds_even_for_a_row_that_was_never_checked(attack):
    """What a compiler would have refused, planted behind its back."""
    planted = replace(LETTER, text=attack)
    with pytest.raises(RenderError):
        RENDERER.render(planted, full_sample())
