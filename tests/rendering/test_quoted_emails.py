"""Emails as they travel read as the slow way makes them, whatever the template and the values."""

from dataclasses import replace
from importlib import resources
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from funnel.domain.errors import RenderError
from funnel.rendering.compiled import CompiledTemplate
from funnel.rendering.compiler import compile_template
from funnel.rendering.environment import noting_empty
from funnel.rendering.plain_text import _wrapped, readable
from funnel.rendering.quoted_email import QuotedTemplate
from funnel.rendering.quoted_page import quoted_page, with_last
from funnel.rendering.renderer import Renderer
from funnel.rendering.samples import bare_sample, full_sample
from funnel.rendering.text_part import BLOCK, FIELD, WIDTH
from tests.rendering.sources import letter, service
from tests.rendering.test_renderer import shaken

FOLDER = Path(str(resources.files("funnel") / "templates" / "email"))
FILES = sorted(path for path in FOLDER.rglob("*.md") if path.parent.name != "layouts")
READERS = (full_sample(), bare_sample(with_session=True), bare_sample())
RENDERER = Renderer(fold_from=2)
PICTURE = '<img src="https://go.example.org/o/a.gif" alt="">'
MIXED = compile_template(
    letter(
        """{{ person.greeting }} {{ person.last_name }}

# A heading

> Quoted, and a [link](https://example.org "link: a").

1. one
2. {{ session.title if session else "none" }}
3. three

{% for date in next_dates %}
- {{ date.day }}: [take it]({{ date.url }})
{% endfor %}

{% if session %}Only with a session.{% else %}.without{% endif %}

Fixed words at the end, long enough for more than one line of the text, as it is broken at 72.
""",
        subject="For {{ person.first_name|default('you') }}",
    ),
    name="mixed",
)


def assert_alike(template, context, *, counted=(), last="", renderer=RENDERER):
    slow = renderer.render(template, context, counted=counted)
    for _ in range(3):  # for anybody; with what is shared folded in; with what was kept of that
        fast = renderer.render_quoted(template, context, counted=counted, last=last)
        assert fast.subject == slow.subject
        assert fast.text.decode() == slow.text.rstrip("\n") + "\n"
        assert fast.html.decode() == with_last(slow.html, last).rstrip("\n") + "\n"
    return fast


def lacks(render, template, reader):
    """Return what a reader does not have though the email is about it, or nothing."""
    try:
        render(template, reader)
    except RenderError as error:
        return error.variable.split(".")[0]
    return ""


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_shipped_email_reads_the_same(path):
    template = compile_template(path.read_text("utf-8"), name=path.name)
    assert QuotedTemplate.of(template) is not None
    short = [f"https://go.example.org/l/{each}" for each in range(len(template.links))]
    for reader in READERS:
        lacking = lacks(RENDERER.render, template, reader)
        assert lacks(RENDERER.render_quoted, template, reader) == lacking
        if not lacking:
            assert_alike(template, reader, counted=short, last=PICTURE)


VALUES = st.text(max_size=120) | st.text(st.sampled_from("a.=<&\"' \té漢\r\n\u2028"), max_size=260)


@settings(max_examples=60, deadline=None)  # the first compiles
@given(VALUES, VALUES)
def test_any_value_reads_the_same(one, other):
    full = full_sample()
    context = replace(
        full,
        person=replace(full.person, greeting=one, last_name=other, first_name=other),
        session=replace(full.session, title=one),
        brand=replace(full.brand, postal_address=other, host_name=one),
        why=one,
        next_dates=tuple(replace(each, day=other) for each in full.next_dates),
    )
    made = assert_alike(MIXED, context, last=PICTURE)
    for part in (made.text, made.html):
        assert all(
            len(line) <= 76 and not line.startswith(b".") for line in part.encoded.split(b"\r\n")
        )


SHIPPED = {path.stem: compile_template(path.read_text("utf-8"), name=path.name) for path in FILES}
TOLD = st.lists(st.sampled_from(["", *"a.=<& é漢\n", "long words ", "#1F5C57"]), max_size=30)
ADDRESSES = st.sampled_from(["https://a.org/", "http://é.example/x?a=b&c", "javascript:x", ""])


def outcome(render):
    """Return what a render comes to: its email or its complaint, and what it noted as empty."""
    with noting_empty() as noted:
        try:
            return render(), noted
        except RenderError as error:
            return (str(error), error.variable), noted


@settings(max_examples=250, deadline=None)
@given(st.data(), st.sampled_from(sorted(SHIPPED)), st.sampled_from(READERS))
def test_what_is_folded_in_changes_nothing(data, name, reader):
    template = SHIPPED[name]
    context = shaken(
        reader, lambda: "".join(data.draw(TOLD)), lambda: data.draw(ADDRESSES) and "https://a.org/"
    )
    context = replace(
        context, brand=replace(context.brand, booking_url=data.draw(ADDRESSES)), links=reader.links
    )
    short = [f"https://go.example.org/l/{each}" for each in range(len(template.links))]
    made = QuotedTemplate.of(template)
    unfolded = outcome(lambda: made.unfolded.email(context, short, PICTURE))
    folded = made.folded(context)
    others = replace(
        context, person=replace(context.person, greeting="".join(data.draw(TOLD))), next_dates=()
    )
    for each in (context, others):
        slow = outcome(lambda: made.unfolded.email(each, short, PICTURE))  # noqa: B023  (at once)
        fast = outcome(lambda: folded.email(each, short, PICTURE))  # noqa: B023  (at once)
        assert _read(fast) == _read(slow)
    assert _read(outcome(lambda: folded.email(context, short, PICTURE))) == _read(unfolded)


def _read(found):
    made, noted = found
    if isinstance(made, tuple):
        return made, noted
    for part in (made.text, made.html):
        assert all(
            len(line) <= 76 and not line.startswith(b".") and not line.endswith(b" ")
            for line in part.encoded.split(b"\r\n")
        )
    return made.subject, made.text.decode(), made.html.encoded, noted


HIDING = """{% set brand = next_dates|first %}{{ brand.day }}
{% for why in next_dates %}{{ why.day }}{% if not loop.last %}, {% endif %}{% endfor %}
{{ person.greeting ~ "!" }} {{ "short" if letters_wanted else "none" }} {{ "fixed" }}
{% if session is none %}no{% elif letters_wanted and session.minutes > 9 %}long{% endif %}
"""


@pytest.mark.parametrize("reader", READERS[:1] * 2, ids=["once", "again"])
def test_a_name_that_a_text_gives_anew_is_not_folded_in(reader):
    page = f"<html><body>{HIDING}{{{{ session.day|upper }}}}</body></html>"
    text = f"{BLOCK}p{FIELD}{FIELD}{HIDING}"
    names = ("brand", "letters_wanted", "next_dates.day", "next_dates", "person.greeting")
    planted = replace(
        MIXED,
        subject="{% for session in next_dates %}{{ session.hour }}{% endfor %}",
        html=page,
        text=text,
        variables=(*names, "person", "session", "session.day", "session.minutes", "why"),
    )
    planted = replace(planted, variables=(*planted.variables, "next_dates.hour"))
    assert QuotedTemplate.of(planted).shared == ("letters_wanted",)
    assert_alike(planted, reader)


def test_a_kept_fold_is_only_for_those_who_share_its_values():
    renderer, full = Renderer(fold_from=2), full_sample()
    readers = [
        full,
        replace(full, brand=replace(full.brand, postal_address="Elsewhere 2")),
        replace(full, session=replace(full.session, title="Another")),
        replace(full, why="Because."),
        replace(full, letters_wanted=False),
        bare_sample(),
    ]
    for each in readers * 3:
        assert_alike(MIXED, each, renderer=renderer)
    assert len(renderer._ready) == len(readers) - 1  # MIXED does not ask who wants letters


def test_no_more_folds_are_kept_than_there_is_room_for(monkeypatch):
    monkeypatch.setattr("funnel.rendering.renderer.FOLDED_TEMPLATES", 3)
    renderer, full = Renderer(fold_from=2), full_sample()
    for number in range(8):
        assert_alike(MIXED, replace(full, why=f"{number}"), renderer=renderer)
    assert len(renderer._ready) == 3


BLOCKS = st.builds(
    lambda kind, prefix, content: f"{BLOCK}{kind}{FIELD}{prefix}{FIELD}{content}",
    st.sampled_from("phrbnc"),
    st.sampled_from(["", "  ", "> "]),
    st.sampled_from(["", "Words.", "a " * 50, "{{ why }}", "Some {{ why }}", ".x", "Zoë\nsat"]),
)
TREES = st.recursive(
    st.lists(BLOCKS, min_size=1, max_size=4).map("".join) | st.just("tail") | st.just("{{ why }}"),
    lambda inner: (
        st.lists(inner, max_size=3).map("".join)
        | inner.map("{{% if letters_wanted %}}{}{{% endif %}}".format)
        | inner.map("{{% if session %}}{}{{% else %}}else{{% endif %}}".format)
        | inner.map("{{% for date in next_dates %}}{}{{% endfor %}}".format)
    ),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(TREES, st.booleans())
def test_any_order_of_blocks_is_broken_and_parted_the_same(source, wanted):
    template = replace(
        MIXED,
        text=source,
        variables=("letters_wanted", "next_dates", "session", "why"),
        html="x",
        subject="s",
    )
    context = replace(full_sample() if wanted else bare_sample(), letters_wanted=wanted, why="w y")
    assert_alike(template, context, renderer=Renderer(fold_from=2))


@given(
    st.text(st.sampled_from("ab \t"), max_size=300),
    st.sampled_from(["", "- ", "> " * 20, "x" * 80]),
)
def test_lines_are_filled_word_by_word(text, first):
    def by_words():
        line, is_empty = first, True
        for word in text.split():
            if not is_empty and len(line) + 1 + len(word) > WIDTH:
                yield line
                line, is_empty = "  ", True
            line, is_empty = (line + word if is_empty else f"{line} {word}"), False
        if not is_empty:
            yield line

    assert list(_wrapped(text, first, "  ")) == list(by_words())


@pytest.mark.parametrize(
    "capturing",
    [
        "{% filter upper %}a {{ why }}{% endfilter %}",
        "{% set kept %}b {{ why }}{% endset %}{{ kept|length }}{{ kept }}",
    ],
    ids=["a filter block", "a set block"],
)
def test_what_captures_its_output_is_rendered_and_then_quoted(capturing):
    assert quoted_page(capturing) is None
    page = f"<html><body><p>{capturing} = é</p></body></html>"
    text = f"{BLOCK}p{FIELD}{FIELD}{capturing} = é"
    planted = replace(MIXED, subject="s", html=page, text=text, variables=("why",))
    made = assert_alike(planted, full_sample(), last=PICTURE)
    assert f"{PICTURE}</body>" in made.html.decode()


@pytest.mark.parametrize("number", [1, 2])
def test_a_row_of_an_older_format_leaves_as_any_other(number):
    row = CompiledTemplate.from_json(MIXED.to_json()).to_json()
    if number == 1:
        plain = compile_template(letter("{{ person.greeting }} = é"), name="old")
        row = plain.to_json().replace(', "links": []', "").replace(', "uncounted": []', "")
        row = row.replace('"uncounted": [], ', "").replace('"links": [], ', "")
    older = CompiledTemplate.from_json(row.replace('"format": 2', f'"format": {number}'))
    for reader in READERS:
        assert_alike(older, reader)


def test_the_picture_is_the_last_thing_in_a_page_or_behind_it():
    made = RENDERER.render_quoted(MIXED, full_sample(), last=PICTURE)
    assert made.html.decode().count(f"{PICTURE}</body>") == 1
    bare = replace(MIXED, html="<p>{{ why }}</p>")
    assert (
        RENDERER.render_quoted(bare, full_sample(), last=PICTURE)
        .html.decode()
        .endswith(f"</p>{PICTURE}\n")
    )


def test_nothing_is_asked_for_that_the_text_does_not_name():
    class Reluctant:
        def __getattr__(self, name):
            if name in {"session", "former", "replay", "next_dates", "letters_wanted"}:
                raise AssertionError(name)
            return getattr(full_sample(), name)

    template = compile_template(letter("{{ person.greeting }}"), name="x")
    RENDERER.render_quoted(template, Reluctant())


def test_what_is_printed_though_it_is_empty_is_noted():
    template = compile_template(service("{{ person.last_name }} {{ why }}"), name="x")
    context = replace(full_sample(), person=replace(full_sample().person, last_name=""))
    with noting_empty() as noted:
        RENDERER.render_quoted(template, context)
    assert noted == {"person.last_name"}


def test_a_page_escapes_before_it_quotes():
    context = replace(full_sample(), why='<b> & "=" \u201c')
    made = RENDERER.render_quoted(compile_template(letter("{{ why }}"), name="x"), context)
    assert "&lt;b&gt; &amp; &#34;=&#34;" in made.html.decode()
    assert '<b> & "="' in made.text.decode()
    assert readable(f"{BLOCK}p{FIELD}{FIELD}x") == "x\n"
