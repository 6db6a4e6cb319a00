"""The two layouts: what stands round a body, in MJML for HTML and in Markdown for plain text."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from importlib.resources.abc import Traversable

import mjml

from funnel.domain.template import Layout
from funnel.rendering.errors import TemplateError
from funnel.rendering.markdown import parse_markdown
from funnel.rendering.segments import Hidden
from funnel.rendering.text_part import marked_text

_SLOT = re.compile(r"\[\[(\w+)\]\]")
SLOTS = frozenset(
    {
        "subject",
        "preheader",
        "body",
        "kicker",
        "large",
        "small",
        "has_moment",
        "button",
        "button_gap",
        "button_label",
        "button_url",
        "has_button",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LayoutSource:
    """One layout, compiled as far as it can be without a body: Jinja with ``[[slots]]``."""

    html: str
    text: str


Layouts = Mapping[Layout, LayoutSource]


@lru_cache(maxsize=1)
def shipped_layouts() -> Layouts:
    """Return the layouts that come with the product."""
    return read_layouts(resources.files("funnel") / "templates" / "email" / "layouts")


def read_layouts(folder: Traversable) -> Layouts:
    """Read ``letter`` and ``service``, each from its ``.mjml`` and its ``.md``.

    Raises:
        TemplateError: A layout does not compile.
    """
    return {each: _read(folder, each) for each in Layout}


def _read(folder: Traversable, layout: Layout) -> LayoutSource:
    page, text = f"{layout.value}.mjml", f"{layout.value}.md"
    return LayoutSource(
        html=_compile_page((folder / page).read_text("utf-8"), name=page),
        text=_compile_text((folder / text).read_text("utf-8"), name=text),
    )


def _compile_page(source: str, *, name: str) -> str:
    hidden = Hidden()
    _check_slots(source, name)
    try:
        # No fonts: for a family whose name it knows, MJML would make readers ask another host.
        page = mjml.mjml2html(hidden.hide(source), disable_comments=False, fonts={})
    except ValueError as error:  # all that its parser raises
        raise TemplateError(f"MJML: {error}", name=name) from error
    return hidden.show(page)


def _compile_text(source: str, *, name: str) -> str:
    hidden = Hidden()
    _check_slots(source, name)
    return marked_text(parse_markdown(source, hidden), hidden)


def _check_slots(source: str, name: str) -> None:
    for slot in _SLOT.findall(source):
        if slot not in SLOTS:
            raise TemplateError(
                f"unknown slot [[{slot}]]", name=name, remedy=f"Known: {', '.join(sorted(SLOTS))}."
            )


def filled(source: str, values: Mapping[str, str]) -> str:
    """Return a layout with its slots filled; a slot without a value is empty."""
    return _SLOT.sub(lambda found: values.get(found.group(1), ""), source)
