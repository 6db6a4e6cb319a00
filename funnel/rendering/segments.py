"""Jinja tags told apart from the text around them, and hidden while other tools read that text.

Markdown's typographer would turn the quotes inside a tag into curly ones, and MJML would move tags
out of tables. So each tag becomes a token of letters and digits first, and itself again afterwards.
"""

import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from jinja2.exceptions import TemplateSyntaxError

from funnel.domain.speech import say
from funnel.rendering.environment import environment
from funnel.rendering.errors import TemplateError

_TOKEN_WORD = "zjx"  # noqa: S105 # a mark in a text, not a secret
_TOKEN = re.compile(rf"{_TOKEN_WORD}(\d{{4}})z")
STATEMENT = re.compile(rf"\{{({_TOKEN_WORD}\d{{4}}z)\}}")
EXPRESSION = re.compile(rf"{_TOKEN_WORD}\d{{4}}z")


class Kind(Enum):
    TEXT = "text"
    EXPRESSION = "expression"
    STATEMENT = "statement"


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A piece of a template. ``code`` is what stands inside a tag, or the text itself."""

    kind: Kind
    code: str
    line: int

    @property
    def source(self) -> str:
        """The piece as Jinja source, in its one normal spelling."""
        if self.kind is Kind.EXPRESSION:
            return f"{{{{ {self.code} }}}}"
        return f"{{% {self.code} %}}" if self.kind is Kind.STATEMENT else self.code


def segments(source: str) -> list[Segment]:
    """Cut a Jinja source into text and tags; comments fall away.

    Raises:
        TemplateError: A tag is left open, or is ``{% raw %}``.
    """
    try:
        tokens = list(environment(autoescape=False).lexer.tokeniter(source, None))
    except TemplateSyntaxError as error:
        raise TemplateError(str(error.message), line=error.lineno) from error
    found: list[Segment] = []
    inside: list[str] = []
    begun = 0
    for line, kind, value in tokens:
        if kind in _BEGINNINGS:
            inside, begun = [], line
        elif kind in _ENDS:
            found.append(Segment(kind=_ENDS[kind], code="".join(inside).strip(), line=begun))
        elif kind == "data":
            found.append(Segment(kind=Kind.TEXT, code=value, line=line))
        elif kind.startswith("raw"):
            raise TemplateError(say("{% raw %} is not known here"), line=line)
        else:
            inside.append(value)
    return found


_BEGINNINGS = frozenset({"variable_begin", "block_begin", "comment_begin"})
_ENDS = {"variable_end": Kind.EXPRESSION, "block_end": Kind.STATEMENT}


def html_source(source: str) -> str:
    """Return a plain-text Jinja source as one for an HTML page: its fixed text is escaped.

    Values need nothing: the page's environment escapes them.
    """
    return "".join(
        html.escape(each.code, quote=True) if each.kind is Kind.TEXT else each.source
        for each in segments(source)
    )


class Hidden:
    """The tags of one source, each kept under its token."""

    def __init__(self) -> None:
        self._tags: list[Segment] = []

    def hide(self, source: str) -> str:
        """Return ``source`` with its tags as tokens; a statement's token stands in braces."""
        if _TOKEN.search(source):
            raise TemplateError(
                say("the text may not hold the letters “{token_word}…z”", token_word=_TOKEN_WORD)
            )
        return "".join(self._token(each) for each in segments(source))

    def _token(self, segment: Segment) -> str:
        if segment.kind is Kind.TEXT:
            return segment.code
        self._tags.append(segment)
        token = f"{_TOKEN_WORD}{len(self._tags) - 1:04}z"
        return f"{{{token}}}" if segment.kind is Kind.STATEMENT else token

    def tag(self, token: str) -> Segment:
        """Return the tag that a token (without braces) stands for."""
        found = _TOKEN.fullmatch(token)
        if found is None:
            raise KeyError(token)
        return self._tags[int(found.group(1))]

    def show(self, text: str, *, expression: Callable[[Segment], str] | None = None) -> str:
        """Return ``text`` with every token as its tag again.

        Args:
            text: What other tools made of the hidden source.
            expression: How to write an expression; as it was where left out.
        """

        def shown(found: re.Match[str]) -> str:
            before, token, after = found.groups()
            tag = self.tag(token)
            if tag.kind is Kind.STATEMENT:
                return tag.source
            return f"{before}{expression(tag) if expression else tag.source}{after}"

        return _SHOWN.sub(shown, text)


_SHOWN = re.compile(rf"(\{{?)({_TOKEN_WORD}\d{{4}}z)(\}}?)")
