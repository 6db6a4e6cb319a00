"""The texts of a landing page: from a file, templates/web/landing.md, or as a page edits them.

Names in double braces are replaced and nothing else is carried out: whoever writes these texts
writes no program, so none can eat the machine.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

import nh3
import yaml
from markdown_it import MarkdownIt
from markupsafe import Markup

from funnel.domain.errors import InvalidInputError
from funnel.domain.links import is_web_address
from funnel.domain.speech import say

DRAWINGS: Final = ("attention", "learning", "systems", "none")
_TAGS = {"p", "a", "em", "strong", "ul", "ol", "li", "br"}
_NAME = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_OPEN_BRACES = re.compile(r"\{[{%]|[}%]\}")
LONGEST_BODY: Final = 20_000  # characters
LONGEST_SHORT: Final = 1_000
_markdown = MarkdownIt("commonmark", {"html": False, "typographer": True}).enable(
    ["replacements", "smartquotes"]
)

# Which quotation mark opens and which closes is found in time that grows with their square: beyond
# what any text has, they stay straight.
_MOST_QUOTES: Final = 600
_straight = MarkdownIt("commonmark", {"html": False, "typographer": True}).enable("replacements")


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


# The short texts, in the order in which the page shows them.
SHORT_TEXTS: Final = tuple(
    each.name for each in fields(LandingTexts) if each.name not in {"opening", "parts"}
)
_ADDRESSES: Final = ("privacy_url", "imprint_url")


@dataclass(frozen=True, slots=True, kw_only=True)
class LandingSource:
    """The texts as their author wrote them, names unfilled; ``drawings`` go with the headings."""

    short: Mapping[str, str]
    drawings: tuple[str, ...]
    body: str


class LandingFile:
    """Reads the file again only when it has changed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept: tuple[int, LandingSource] | None = None

    def source(self) -> LandingSource:
        """Return what the file says.

        Raises:
            InvalidInputError: The file cannot be read.
        """
        changed_at = self._path.stat().st_mtime_ns
        if self._kept is None or self._kept[0] != changed_at:
            source = parse_landing(self._path.read_text("utf-8"), name=self._path.name)
            self._kept = (changed_at, source)
        return self._kept[1]

    def texts(self, values: Mapping[str, str]) -> LandingTexts:
        """Return the texts, with ``values`` filled in.

        Raises:
            InvalidInputError: The file cannot be read, or names a value that does not exist.
        """
        try:
            return landing_texts(self.source(), values)
        except InvalidInputError as error:
            raise InvalidInputError(
                f"{self._path.name}: {error}", field=error.field, remedy=error.remedy
            ) from error


def landing_texts(source: LandingSource, values: Mapping[str, str]) -> LandingTexts:
    """Return the texts of a page, with ``values`` filled in by their names ("brand.name").

    Raises:
        InvalidInputError: A text names a value that does not exist, or holds braces without one;
            ``field`` is the text.
    """
    short = {name: _filled(source.short[name], values, field=name) for name in SHORT_TEXTS}
    opening, parts = _sections(_filled(source.body, values, field="body"), source.drawings)
    return LandingTexts(opening=opening, parts=parts, **short)


def check_landing(source: LandingSource, values: Mapping[str, str]) -> None:
    """Raise for the first text that a page cannot show.

    Raises:
        InvalidInputError: With the field, and what to write instead.
    """
    for name, text in source.short.items():
        if len(text) > LONGEST_SHORT:
            raise InvalidInputError(
                say("this is longer than a short text can be"),
                field=name,
                remedy=say("Take less than {number} characters.", number=LONGEST_SHORT),
            )
    if len(source.body) > LONGEST_BODY:
        raise InvalidInputError(
            say("the text is too long for one page"),
            field="body",
            remedy=say("Take less than {number} characters.", number=LONGEST_BODY),
        )
    for name in _ADDRESSES:
        if source.short[name] and not is_web_address(source.short[name]):
            raise InvalidInputError(
                say("“{value}” is no address of a page", value=source.short[name]),
                field=name,
                remedy=say("It must be empty, or begin with https://."),
            )
    for name in ("title", "button", "form_title"):
        if not source.short[name].strip():
            raise InvalidInputError(
                say("this must not be empty"), field=name, remedy=say("Fill it in.")
            )
    landing_texts(source, values)


def parse_landing(text: str, *, name: str) -> LandingSource:
    """Return what a file says: its head in YAML, its body in Markdown.

    Raises:
        InvalidInputError: Something of it is missing or cannot be read.
    """
    _, _, rest = text.partition("---\n")
    head, fence, body = rest.partition("\n---\n")
    if not fence:
        raise InvalidInputError(
            say("{name} has no head", name=name),
            remedy=say('Begin it with "---", the short texts, and "---" again.'),
        )
    try:
        front = yaml.safe_load(head)
    except yaml.YAMLError as error:
        raise InvalidInputError(
            say("{name} cannot be read: {reason}", name=name, reason=error)
        ) from error
    missing = {*SHORT_TEXTS, "drawings"} - set(front if isinstance(front, dict) else ())
    if missing:
        raise InvalidInputError(
            say("{name} says nothing for {names}", name=name, names=", ".join(sorted(missing))),
            remedy=say('Write it into the head, "" for none.'),
        )
    return _source(front, body, name=name)


def landing_to_json(source: LandingSource) -> str:
    """Return the texts as their row keeps them."""
    kept = {"short": dict(source.short), "drawings": source.drawings, "body": source.body}
    return json.dumps(kept, ensure_ascii=False)


def landing_from_json(text: str) -> LandingSource:
    """Return the texts of a row; the opposite of ``landing_to_json``."""
    kept = json.loads(text)
    return LandingSource(
        # A text that came to be after the row was written is empty in it.
        short={name: kept["short"].get(name, "") for name in SHORT_TEXTS},
        drawings=tuple(kept["drawings"]),
        body=kept["body"],
    )


def _source(front: Mapping[str, Any], body: str, *, name: str) -> LandingSource:
    drawings = tuple(map(str, front["drawings"] or ()))
    unknown = [each for each in drawings if each not in DRAWINGS]
    if unknown:
        raise InvalidInputError(
            say("{name} asks for the drawing {unknown}", name=name, unknown=unknown[0]),
            remedy=say("Take one of {names}.", names=", ".join(DRAWINGS)),
        )
    short = {key: "" if front[key] is None else str(front[key]) for key in SHORT_TEXTS}
    return LandingSource(short=short, drawings=drawings, body=body)


def _filled(text: str, values: Mapping[str, str], *, field: str) -> str:
    def value(found: re.Match[str]) -> str:
        name = found[1].strip()
        if name not in values:
            raise InvalidInputError(
                say("there is nothing that is called {name}", name=f"{{{{ {name} }}}}"),
                field=field,
                remedy=_names(values),
            )
        return values[name]

    rest = _NAME.sub("", text)
    if _OPEN_BRACES.search(rest):
        raise InvalidInputError(
            say("there are double braces without a name between them"),
            field=field,
            remedy=_names(values),
        )
    return _NAME.sub(value, text)


def _names(values: Mapping[str, str]) -> str:
    names = ", ".join(f"{{{{ {each} }}}}" for each in values)
    return say("These names are filled in: {names}.", names=names)


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
    quotes = text.count('"') + text.count("'")
    written = (_markdown if quotes <= _MOST_QUOTES else _straight).render(text)
    return Markup(nh3.clean(written, tags=_TAGS, link_rel=None))  # noqa: S704 # cleaned
