"""Counted links: what is counted, what it is called, and that both parts carry the same address."""

import json
import re
from dataclasses import replace
from html import unescape

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from funnel.domain.template import EmailContext, TemplateLink
from funnel.rendering.compiled import CompiledTemplate
from funnel.rendering.compiler import compile_template
from funnel.rendering.errors import TemplateError
from funnel.rendering.lint import lint
from funnel.rendering.renderer import Renderer
from funnel.rendering.samples import bare_sample, full_sample
from tests.rendering.sources import letter, service

_HREF = re.compile(r'href="([^"]*)"')


def compiled(body: str) -> CompiledTemplate:
    return compile_template(letter(body), name="test")


def links_of(body: str) -> list[tuple[str, str]]:
    return [(each.name, each.target) for each in compiled(body).links]


def short(count: int) -> tuple[str, ...]:
    return tuple(f"https://go.example.org/l/token-{number}" for number in range(count))


def addresses_in(template: CompiledTemplate, context: EmailContext) -> tuple[list[str], str]:
    email = Renderer().render(template, context, counted=short(len(template.links)))
    return [unescape(each) for each in _HREF.findall(email.html)], email.text


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("[Book a call](https://example.org/a)", [("book-a-call", "https://example.org/a")]),
        ('[Here](https://example.org/a "link: talk")', [("talk", "https://example.org/a")]),
        ('[Here](https://example.org/a "A title")', [("here", "https://example.org/a")]),
        ("[Choose a time]({{ brand.booking_url }})", [("booking", "brand.booking_url")]),
        ("[Notes]({{ brand.notes_url }}){.button}", [("notes", "brand.notes_url")]),
        ('[Go]({{ brand.notes_url }} "link: go")', [("go", "brand.notes_url")]),
        (
            "[Über *Größe*, und mehr!](https://example.org)",
            [("uber-grosse-und-mehr", "https://example.org")],
        ),
        (
            "[Hi {{ person.first_name }}, look](https://example.org)",
            [("hi-look", "https://example.org")],
        ),
        (
            "[{{ person.first_name }}](https://example.org/x)",
            [("example-org-x", "https://example.org/x")],
        ),
        (
            f"[{'very long words ' * 5}](https://example.org)",
            [("very-long-words-very-long-words-very", "https://example.org")],
        ),
    ],
)
def test_what_a_link_is_called(body: str, expected: list[tuple[str, str]]) -> None:
    assert links_of(body) == expected


@pytest.mark.parametrize(
    "body",
    [
        "[Join]({{ links.join }})",
        "[Preferences]({{ links.preferences }})",
        "[Unsubscribe]({{ links.unsubscribe }})",
        "{% if session %}[This date]({{ session.url }}){% endif %}",
        "{% for date in next_dates %}\n- [{{ date.day }}]({{ date.url }})\n{% endfor %}",
        "{% if replay %}[Watch]({{ replay.url }}){% endif %}",
        "[Write](mailto:mira@example.org)",
        "[Write](mailto:{{ brand.reply_to }})",
    ],
)
def test_our_own_pages_and_mail_addresses_are_not_counted_and_nobody_is_warned(body: str) -> None:
    template = compiled(body)
    assert template.links == () and template.uncounted == ()


@pytest.mark.parametrize(
    "body",
    [
        "[Your form](https://forms.example.org/?who={{ person.email }})",
        "[Either]({{ brand.booking_url if session else brand.notes_url }})",
        "[https://example.org](https://example.org)",
        "Look at https://example.org/page yourself.",
    ],
)
def test_personal_addresses_and_bare_ones_stay_as_they_are_and_lint_says_so(body: str) -> None:
    template = compiled(body)
    assert template.links == ()
    assert len(template.uncounted) == 1
    assert "link-not-counted" in {each.code for each in lint(template, full_sample())}
    assert not any("token" in each for each in addresses_in(template, full_sample())[0])


def test_the_same_link_twice_is_one_and_two_of_a_name_are_two() -> None:
    twice = "[Talk](https://a.example.org)\n\n[Talk](https://a.example.org){.button}"
    assert links_of(twice) == [("talk", "https://a.example.org")]
    alike = "[here](https://a.example.org) and [here](https://b.example.org)"
    assert len(links_of(alike)) == 2
    codes = {each.code for each in lint(compiled(alike), full_sample())}
    assert "links-named-alike" in codes and "links-named-alike" not in {
        each.code for each in lint(compiled(twice), full_sample())
    }


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ('[A](https://example.org "link: Not This")', "cannot be called"),
        ('[A](https://example.org "link: -x")', "cannot be called"),
        (f'[A](https://example.org "link: {"x" * 41}")', "cannot be called"),
        ('[A](https://example.org "link:")', "missing"),
        ('[A]({{ links.join }} "link: join")', "cannot be counted"),
        ('[A](https://example.org/{{ person.email }} "link: x")', "cannot be counted"),
        ("[A](javascript:alert)", "must begin with"),
        ('[A](data:text/html,x "link: x")', "must begin with"),
        ("[A]({{ brand.blog_url }})", "unknown name"),
    ],
)
def test_what_no_link_may_be_is_refused_with_its_line(body: str, reason: str) -> None:
    with pytest.raises(TemplateError, match=reason) as error:
        compiled(f"First.\n\n{body}")
    assert error.value.line == 8


def test_a_button_in_the_front_matter_is_counted_and_may_be_named() -> None:
    front = 'button:\n  label: Book a call\n  url: "https://example.org/talk"'
    assert compile_template(service("Hi", front=front), name="t").links == (
        TemplateLink(name="book-a-call", target="https://example.org/talk"),
    )
    named = compile_template(service("Hi", front=f"{front}\n  link: talk"), name="t")
    assert named.links[0].name == "talk"
    hrefs, text = addresses_in(named, full_sample())
    assert short(1)[0] in hrefs and f"Book a call: {short(1)[0]}" in text
    with pytest.raises(TemplateError, match=r"button\.link: .*cannot be called"):
        compile_template(service("Hi", front=f"{front}\n  link: A b"), name="t")


def test_without_numbers_links_lead_straight_on_as_in_a_preview() -> None:
    template = compiled("[A](https://example.org/?a=1&b=2) [B]({{ brand.booking_url }})")
    email = Renderer().render(template, full_sample())
    assert 'href="https://example.org/?a=1&amp;b=2"' in email.html
    assert "https://example.org/?a=1&b=2" in email.text
    assert 'href="https://example.org/talk"' in email.html


def test_a_brand_without_the_page_loses_the_link_whole() -> None:
    template = compiled("[Choose a time]({{ brand.booking_url }}){.button}\n\nAnd a word.")
    hrefs, text = addresses_in(template, bare_sample())
    assert short(1)[0] not in hrefs and short(1)[0] not in text and "Choose a time" not in text


def test_a_brands_field_with_a_script_is_refused_though_its_link_is_counted() -> None:
    context = full_sample()
    evil = replace(context, brand=replace(context.brand, booking_url="javascript:alert(1)"))
    template = compiled("[Choose a time]({{ brand.booking_url }})")
    with pytest.raises(Exception, match=r"brand\.booking_url: a link must begin with"):
        addresses_in(template, evil)


def test_thirty_links_each_stand_in_both_parts_in_their_order() -> None:
    lines = [f"- [Page {number}](https://example.org/{number})" for number in range(30)]
    template = compiled("\n".join(lines))
    hrefs, text = addresses_in(template, full_sample())
    assert [each for each in hrefs if "token" in each] == list(short(30))
    assert re.findall(r"https://go\.example\.org/l/token-\d+", text) == list(short(30))
    assert "https://example.org/" not in text


def test_the_largest_source_with_links_compiles_and_one_letter_more_does_not() -> None:
    line = "[A page](https://example.org/page) and words about it.\n\n"
    source = letter("")
    body = line * ((64_000 - len(source)) // len(line))
    assert len(compile_template(letter(body), name="big").links) == 1
    with pytest.raises(TemplateError, match="longer than"):
        compile_template(letter(body + "x" * 64), name="big")


def test_a_buttons_address_loses_nothing_to_a_comment_of_jinja() -> None:
    front = 'button:\n  label: Go\n  url: "https://example.org/a{#b#}c"'
    with pytest.raises(TemplateError, match="may hold"):
        compile_template(service("Hi", front=front), name="t")


_PATHS = st.text("abcXYZ019-._~/?&=+%20'\"()*!$,;:@#{}\\ ü", min_size=1, max_size=30)


@settings(deadline=None, max_examples=150)
@given(path=_PATHS)
def test_whatever_the_address_holds_the_preview_shows_what_was_written(path: str) -> None:
    """Quotes, braces and backslashes stand in a Jinja string: none may end it or change it."""
    assume("{{" not in path)  # a value, as {{0}} is one: such an address is not counted
    front = f"button:\n  label: Go\n  url: {json.dumps('https://example.org/' + path)}"
    try:
        template = compile_template(service("Hi", front=front), name="t")
    except TemplateError:
        return  # Jinja's own marks in an address
    plain = Renderer().render(template, full_sample())
    expected = " ".join(f"https://example.org/{path}".split())
    assert template.links[0].target == expected
    hrefs = [unescape(each) for each in _HREF.findall(plain.html)]
    assert expected in hrefs
    counted = Renderer().render(template, full_sample(), counted=["https://go.example.org/l/t"])
    assert "https://go.example.org/l/t" in counted.html
    assert "https://go.example.org/l/t" in counted.text


def test_a_compiled_template_of_the_former_format_is_read_without_counted_links() -> None:
    template = compiled("Hello.")
    old = json.loads(template.to_json())
    del old["links"], old["uncounted"]
    old["format"] = 1
    restored = CompiledTemplate.from_json(json.dumps(old))
    assert restored.links == () and restored.html == template.html
    again = compiled("[A](https://example.org)")
    assert CompiledTemplate.from_json(again.to_json()) == again
