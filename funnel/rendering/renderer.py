"""A compiled template and one person's values: a finished email."""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import jinja2
from markupsafe import Markup

from funnel.domain.errors import RenderError
from funnel.domain.quoted_text import QuotedText, closed, quoted
from funnel.domain.template import EmailContext, EmailValues, QuotedEmail, RenderedEmail
from funnel.domain.text import clean_text
from funnel.rendering.compiled import CompiledTemplate
from funnel.rendering.environment import environment
from funnel.rendering.filters import COUNTED
from funnel.rendering.merge import Wanted, merge_values
from funnel.rendering.plain_text import body_of, readable
from funnel.rendering.quoted_page import LAST, quoted_page, with_last
from funnel.rendering.quoted_plain import QuotedPlain, quoted_plain

SUBJECT_LIMIT = 150
PREHEADER_LIMIT = 250
CACHED_TEMPLATES = 256


@dataclass(frozen=True, slots=True)
class _Loaded:
    subject: jinja2.Template
    preheader: jinja2.Template
    html: jinja2.Template
    text: jinja2.Template


@dataclass(frozen=True, slots=True)
class _Quoted:
    """What is on its way; ``page``, ``plain``: ``None`` where it can only be quoted afterwards."""

    slow: _Loaded
    fixed_subject: str | None
    page: jinja2.Template | None
    plain: QuotedPlain | None
    wanted: Wanted


class Renderer:
    """Renders compiled templates and keeps their bytecode, by checksum; for one thread."""

    def __init__(self) -> None:
        self._loaded: OrderedDict[str, _Loaded] = OrderedDict()
        self._quoted: OrderedDict[str, _Quoted] = OrderedDict()

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
        loaded = _kept(self._quoted, compiled, _load_quoted)
        values: dict[str, object] = {**loaded.wanted.values(context), COUNTED: counted}
        subject = loaded.fixed_subject
        if subject is None:
            subject = clean_text(_rendered(loaded.slow.subject, values), limit=SUBJECT_LIMIT)
        return QuotedEmail(
            subject=subject,
            text=_quoted_text(loaded, values),
            html=_quoted_html(loaded, values, last),
        )

    def body_words(self, compiled: CompiledTemplate, context: EmailContext) -> int:
        """Return how many words the body has for one person: no moment, button, footer, address.

        Raises:
            RenderError: As ``render``.
        """
        return len(body_of(_rendered(self._load(compiled).text, merge_values(context))).split())

    def _load(self, compiled: CompiledTemplate) -> _Loaded:
        return _kept(self._loaded, compiled, _load)


_T = TypeVar("_T")


def _kept(
    cache: OrderedDict[str, _T], compiled: CompiledTemplate, load: Callable[[CompiledTemplate], _T]
) -> _T:
    key = compiled.checksum
    loaded = cache.get(key)
    if loaded is None:
        loaded = cache[key] = load(compiled)
        if len(cache) > CACHED_TEMPLATES:
            cache.popitem(last=False)
    else:
        cache.move_to_end(key)
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


def _load_quoted(compiled: CompiledTemplate) -> _Quoted:
    try:
        return _Quoted(
            slow=_load(compiled),
            fixed_subject=_fixed(compiled.subject),
            page=quoted_page(compiled.html),
            plain=quoted_plain(compiled.text),
            wanted=Wanted(compiled.variables),
        )
    except jinja2.TemplateError as error:
        raise RenderError(f"the compiled template cannot be read: {error.message}") from error


def _fixed(subject: str) -> str | None:
    if any(sign in subject for sign in ("{{", "{%", "{#")):
        return None
    return clean_text(subject, limit=SUBJECT_LIMIT)


def _quoted_text(loaded: _Quoted, values: Mapping[str, object]) -> QuotedText:
    if loaded.plain is None:
        return quoted(readable(_rendered(loaded.slow.text, values)))
    return loaded.plain.quoted(_rendered(loaded.plain.template, values))


def _quoted_html(loaded: _Quoted, values: Mapping[str, object], last: str) -> QuotedText:
    if loaded.page is None:
        return quoted(with_last(_rendered(loaded.slow.html, values), last))
    return closed(_rendered(loaded.page, {**values, LAST: Markup(last)}))  # noqa: S704  (ours)


def _rendered(template: jinja2.Template, values: Mapping[str, object]) -> str:
    try:
        return template.render(values)
    except jinja2.UndefinedError as error:
        raise RenderError(str(error.message)) from error
    except (jinja2.TemplateError, TypeError, ValueError, LookupError) as error:
        raise RenderError(f"{type(error).__name__}: {error}") from error
