"""The texts of the landing page, from a file that its host edits: templates/web/landing.md."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import nh3
import yaml
from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markdown_it import MarkdownIt
from markupsafe import Markup

from funnel.domain.errors import InvalidInputError

_DRAWINGS = ("attention", "learning", "systems", "none")
_TAGS = {"p", "a", "em", "strong", "ul", "ol", "li", "br"}
# Plain words on a page of ours: no autoescape here, the page's own template escapes.
_environment = ImmutableSandboxedEnvironment(
    undefined=StrictUndefined,
    autoescape=False,  # the result is escaped by the page, or sanitised as Markdown
)
_markdown = MarkdownIt("commonmark", {"html": False, "typographer": True}).enable(
    ["replacements", "smartquotes"]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LandingPart:
    """One section: a heading, its text, and the drawing beside it ("" for none)."""

    title: str
    body: Markup
    drawing: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LandingTexts:
    """All words of the page, with the host's name filled in; ``file`` says what each is."""

    title: str
    kicker: str
    question: str
    description: str
    form_title: str
    button: str
    no_date: str
    no_date_note: str
    letters_included: str
    letters_asked: str
    fine_included: str
    fine_asked: str
    privacy_url: str
    imprint_url: str
    opening: Markup
    parts: tuple[LandingPart, ...]


_FRONT = {each.name for each in fields(LandingTexts)} - {"opening", "parts"}


class LandingFile:
    """Reads the file again only when it has changed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._source: tuple[int, dict[str, Any], str] | None = None

    def texts(self, values: Mapping[str, object]) -> LandingTexts:
        """Return the texts, with ``values`` filled in.

        Raises:
            InvalidInputError: The file cannot be read, or names a value that does not exist.
        """
        front, body = self._read()
        try:
            filled = {
                name: _environment.from_string(str(front[name])).render(values) for name in _FRONT
            }
            written = _environment.from_string(body).render(values)
        except TemplateError as error:
            raise InvalidInputError(
                f"{self._path.name}: {error}",
                remedy="Write {{ brand.name }}, {{ brand.host_name }} or {{ minutes }}.",
            ) from error
        opening, parts = _sections(written, front["drawings"])
        return LandingTexts(opening=opening, parts=parts, **filled)

    def _read(self) -> tuple[dict[str, Any], str]:
        changed_at = self._path.stat().st_mtime_ns
        if self._source is None or self._source[0] != changed_at:
            front, body = _parse(self._path.read_text("utf-8"), name=self._path.name)
            self._source = (changed_at, front, body)
        return self._source[1], self._source[2]


def _parse(text: str, *, name: str) -> tuple[dict[str, Any], str]:
    _, _, rest = text.partition("---\n")
    head, fence, body = rest.partition("\n---\n")
    if not fence:
        raise InvalidInputError(
            f"{name} has no head", remedy='Begin it with "---", the short texts, and "---" again.'
        )
    try:
        front = yaml.safe_load(head)
    except yaml.YAMLError as error:
        raise InvalidInputError(f"{name} cannot be read: {error}") from error
    missing = (_FRONT | {"drawings"}) - set(front if isinstance(front, dict) else ())
    if missing:
        raise InvalidInputError(
            f"{name} says nothing for {', '.join(sorted(missing))}",
            remedy='Write it into the head, "" for none.',
        )
    unknown = [each for each in front["drawings"] or () if each not in _DRAWINGS]
    if unknown:
        raise InvalidInputError(
            f"{name} asks for the drawing {unknown[0]}",
            remedy=f"Take one of {', '.join(_DRAWINGS)}.",
        )
    return {key: "" if value is None else value for key, value in front.items()}, body


def _sections(body: str, drawings: Sequence[str]) -> tuple[Markup, tuple[LandingPart, ...]]:
    opening, *rest = f"\n{body}".split("\n## ")
    parts = []
    for index, each in enumerate(rest):
        title, _, text = each.partition("\n")
        drawing = drawings[index] if index < len(drawings) else "none"
        parts.append(
            LandingPart(
                title=title.strip(), body=_html(text), drawing="" if drawing == "none" else drawing
            )
        )
    return _html(opening), tuple(parts)


def _html(text: str) -> Markup:
    # Sanitised although its author is the host: a pasted javascript: link must not run.
    return Markup(nh3.clean(_markdown.render(text), tags=_TAGS, link_rel=None))  # noqa: S704 # cleaned
