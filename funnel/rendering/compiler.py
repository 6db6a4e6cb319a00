"""From what an author writes to what is rendered: once, when a template is published."""

import re

from funnel.rendering.addresses import Address, read_plain_address
from funnel.rendering.compiled import CompiledTemplate
from funnel.rendering.counted import CountedLinks, count_links
from funnel.rendering.errors import TemplateError
from funnel.rendering.html_part import html_part
from funnel.rendering.layouts import Layouts, LayoutSource, filled, shipped_layouts
from funnel.rendering.markdown import parse_markdown
from funnel.rendering.names import variables
from funnel.rendering.segments import Hidden, Kind, html_source, segments
from funnel.rendering.source import Button, Moment, TemplateSource, read_source
from funnel.rendering.text_part import BODY, block, link, marked_text

_BEGINS_SMALL = re.compile(r'(?:\{%.*?%\})*<p class="soft"')


def compile_template(text: str, *, name: str, layouts: Layouts | None = None) -> CompiledTemplate:
    """Compile one template: front matter, Markdown and layout into Jinja sources.

    Args:
        text: The whole file, front matter included.
        name: The file's name or the template's key, for messages.
        layouts: The layouts to use; those that come with the product where left out.

    Raises:
        TemplateError: With line and reason: bad front matter, an unknown key or name, Jinja
            syntax, a block left open, a link that an email may not carry.
    """
    try:
        source = read_source(text)
        return _compiled(source, (layouts or shipped_layouts())[source.layout])
    except TemplateError as error:
        raise error.placed(name=name, line_offset=0) from error


def _compiled(source: TemplateSource, layout: LayoutSource) -> CompiledTemplate:
    counted = CountedLinks()
    button_address = _button_address(source.button, counted)
    html_body, text_body = _parts(source, counted)
    html = filled(layout.html, _html_slots(source, html_body, button_address))
    text = _text(source, layout.text, text_body, button_address)
    return CompiledTemplate(
        layout=source.layout,
        subject=source.subject,
        preheader=source.preheader,
        html=html,
        text=text,
        # The layout's own names are checked here as well: a layout is edited more rarely.
        variables=tuple(sorted({*source.variables, *variables(html), *variables(text)})),
        links=tuple(counted.links),
        uncounted=tuple(counted.uncounted),
    )


def _parts(source: TemplateSource, counted: CountedLinks) -> tuple[str, str]:
    try:
        hidden = Hidden()
        tokens = parse_markdown(source.body, hidden)
        count_links(tokens, hidden, counted)
        return html_part(tokens, hidden, source.layout), marked_text(tokens, hidden)
    except TemplateError as error:
        raise error.placed(name="", line_offset=source.body_offset) from error


def _button_address(button: Button | None, counted: CountedLinks) -> Address | None:
    if button is None:
        return None
    field = "button.url"
    try:
        address = read_plain_address(button.url)
        field = "button.link" if button.link else field
        return counted.take(address, words=_fixed_words(button.label), name=button.link)
    except TemplateError as error:
        raise TemplateError(f"{field}: {error.reason}", remedy=error.remedy, field=field) from error


def _fixed_words(source: str) -> str:
    return " ".join(each.code for each in segments(source) if each.kind is Kind.TEXT).strip()


def _html_slots(source: TemplateSource, body: str, address: Address | None) -> dict[str, str]:
    return {
        "subject": html_source(source.subject),
        "preheader": html_source(source.preheader),
        "body": body,
        **{name: html_source(value) for name, value in _moment_slots(source.moment).items()},
        "has_moment": _moment_condition(source.moment),
        "has_button": _button_condition(source.button, address),
        # A small line belongs to the button above it; any other text begins anew.
        "button_gap": "8px" if _BEGINS_SMALL.match(body) else "24px",
        "button_label": html_source(source.button.label) if source.button else "",
        "button_url": address.html_source if address else "",
    }


def _text(source: TemplateSource, layout: str, body: str, address: Address | None) -> str:
    button = ""
    if source.button is not None and address is not None:
        button = block(link(source.button.label, address.source))
    layout = layout.replace(block("[[body]]"), f"{BODY}[[body]]{BODY}")
    layout = layout.replace(block("[[button]]"), "[[button]]")
    return filled(
        layout,
        {
            "body": body,
            **_moment_slots(source.moment),
            "has_moment": _moment_condition(source.moment),
            "has_button": _button_condition(source.button, address),
            "button": button,
        },
    )


def _moment_slots(moment: Moment | None) -> dict[str, str]:
    if moment is None:
        return {}
    return {"kicker": moment.kicker, "large": moment.large, "small": moment.small}


def _moment_condition(moment: Moment | None) -> str:
    return f"({moment.when})" if moment else "false"


def _button_condition(button: Button | None, address: Address | None) -> str:
    return f"(({button.when}) and {address.given})" if button and address else "false"
