"""A compiled template and one person's values: a finished email."""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import jinja2

from funnel.domain.errors import RenderError
from funnel.domain.quoted_text import quoted
from funnel.domain.template import EmailContext, EmailValues, QuotedEmail, RenderedEmail
from funnel.domain.text import clean_text
from funnel.rendering.compiled import CompiledTemplate
from funnel.rendering.environment import environment
from funnel.rendering.filters import COUNTED
from funnel.rendering.merge import Wanted, merge_values
from funnel.rendering.plain_text import body_of, readable
from funnel.rendering.quoted_email import SUBJECT_LIMIT, QuotedTemplate, Ready
from funnel.rendering.quoted_page import with_last

PREHEADER_LIMIT = 250
CACHED_TEMPLATES = 256
FOLDED_TEMPLATES = 256  # some 25 KB each
# A fold costs what some twenty-five emails save by it: by then it is likely that more will come.
FOLD_FROM = 25


@dataclass(frozen=True, slots=True)
class _Loaded:
    subject: jinja2.Template
    preheader: jinja2.Template
    html: jinja2.Template
    text: jinja2.Template


class Renderer:
    """Renders compiled templates and keeps their bytecode, by checksum; for one thread."""

    def __init__(self, *, fold_from: int = FOLD_FROM) -> None:
        """Begin with none.

        Args:
            fold_from: From how many people on who share values these are folded in.
        """
        self._fold_from = fold_from
        self._loaded: OrderedDict[str, _Loaded] = OrderedDict()
        self._quoted: OrderedDict[str, QuotedTemplate | None] = OrderedDict()
        self._ready: OrderedDict[tuple[object, ...], Ready | int] = OrderedDict()

    def render(
        self, compiled: CompiledTemplate, context: EmailContext, *, counted: Sequence[str] = ()
    ) -> RenderedEmail:
        """Return the finished email of one person.

        The same arguments always give the same email. Every value is cleaned first
        (``clean_text``), the subject is one line, HTML is escaped, the text part holds no markup.

        Args:
            compiled: The template.
            context: What it may name.
            counted: The short address of each of its counted links, in their order; where left
                out, links lead straight on, as in a preview.

        Raises:
            RenderError: A value is missing or a link is not safe; ``variable`` names it.
        """
        loaded = self._load(compiled)
        values: dict[str, object] = {**merge_values(context), COUNTED: counted}
        return RenderedEmail(
            subject=clean_text(_rendered(loaded.subject, values), limit=SUBJECT_LIMIT),
            preheader=clean_text(_rendered(loaded.preheader, values), limit=PREHEADER_LIMIT),
            text=readable(_rendered(loaded.text, values)),
            html=_rendered(loaded.html, values),
        )

    def render_quoted(
        self,
        compiled: CompiledTemplate,
        context: EmailValues,
        *,
        counted: Sequence[str] = (),
        last: str = "",
    ) -> QuotedEmail:
        """Return the email of one person as it travels; it reads as ``render`` makes it.

        Args:
            compiled: The template.
            context: What it may name; only what it does name is asked for.
            counted: As for ``render``.
            last: HTML to stand as the last thing in the page, or nothing.

        Raises:
            RenderError: As ``render``.
        """
        template = _kept(self._quoted, compiled.checksum, lambda: _load_quoted(compiled))
        if template is None:
            return self._then_quoted(compiled, context, counted=counted, last=last)
        ready = self._ready_for(template, compiled, context)
        try:
            return ready.email(context, counted, last)
        except _NONSENSE as error:
            raise _render_error(error) from error

    def body_words(self, compiled: CompiledTemplate, context: EmailContext) -> int:
        """Return how many words the body has for one person: no moment, button, footer, address.

        Raises:
            RenderError: As ``render``.
        """
        return len(body_of(_rendered(self._load(compiled).text, merge_values(context))).split())

    def _load(self, compiled: CompiledTemplate) -> _Loaded:
        return _kept(self._loaded, compiled.checksum, lambda: _load(compiled))

    def _ready_for(
        self, template: QuotedTemplate, compiled: CompiledTemplate, context: EmailValues
    ) -> Ready:
        """Return a template, with what this person shares with many others folded in."""
        if not template.shared:
            return template.unfolded
        key = (compiled.checksum, *[getattr(context, each) for each in template.shared])
        ready = self._ready.get(key, 0)
        if isinstance(ready, int):  # how many came before
            seen = ready + 1
            ready = template.unfolded if seen < self._fold_from else template.folded(context)
            self._ready[key] = seen if seen < self._fold_from else ready
            if len(self._ready) > FOLDED_TEMPLATES:
                self._ready.popitem(last=False)
        self._ready.move_to_end(key)
        return ready

    def _then_quoted(
        self,
        compiled: CompiledTemplate,
        context: EmailValues,
        *,
        counted: Sequence[str],
        last: str,
    ) -> QuotedEmail:
        loaded = self._load(compiled)
        values: dict[str, object] = {**Wanted(compiled.variables).values(context), COUNTED: counted}
        return QuotedEmail(
            subject=clean_text(_rendered(loaded.subject, values), limit=SUBJECT_LIMIT),
            text=quoted(readable(_rendered(loaded.text, values))),
            html=quoted(with_last(_rendered(loaded.html, values), last)),
        )


_T = TypeVar("_T")


def _kept(cache: OrderedDict[str, _T], key: str, load: Callable[[], _T]) -> _T:
    if key in cache:
        cache.move_to_end(key)
        return cache[key]
    loaded = cache[key] = load()
    if len(cache) > CACHED_TEMPLATES:
        cache.popitem(last=False)
    return loaded


def _load(compiled: CompiledTemplate) -> _Loaded:
    plain, page = environment(autoescape=False), environment(autoescape=True)
    try:
        return _Loaded(
            subject=plain.from_string(compiled.subject),
            preheader=plain.from_string(compiled.preheader),
            html=page.from_string(compiled.html),
            text=plain.from_string(compiled.text),
        )
    except jinja2.TemplateError as error:
        raise RenderError(f"the compiled template cannot be read: {error.message}") from error


def _load_quoted(compiled: CompiledTemplate) -> QuotedTemplate | None:
    try:
        return QuotedTemplate.of(compiled)
    except jinja2.TemplateError as error:
        raise RenderError(f"the compiled template cannot be read: {error.message}") from error


# What a template that asks for nonsense comes to.
_NONSENSE = (jinja2.TemplateError, TypeError, ValueError, LookupError)


def _rendered(template: jinja2.Template, values: Mapping[str, object]) -> str:
    try:
        return template.render(values)
    except _NONSENSE as error:
        raise _render_error(error) from error


def _render_error(error: Exception) -> RenderError:
    if isinstance(error, jinja2.UndefinedError):
        return RenderError(str(error.message))
    return RenderError(f"{type(error).__name__}: {error}")
