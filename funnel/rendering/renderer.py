"""A compiled template and one person's values: a finished email."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import jinja2

from funnel.domain.errors import RenderError
from funnel.domain.template import EmailContext, RenderedEmail
from funnel.domain.text import clean_text
from funnel.rendering.compiled import CompiledTemplate
from funnel.rendering.environment import environment
from funnel.rendering.filters import COUNTED
from funnel.rendering.merge import merge_values
from funnel.rendering.plain_text import body_of, readable

SUBJECT_LIMIT = 150
PREHEADER_LIMIT = 250
CACHED_TEMPLATES = 256


@dataclass(frozen=True, slots=True)
class _Loaded:
    subject: jinja2.Template
    preheader: jinja2.Template
    html: jinja2.Template
    text: jinja2.Template


class Renderer:
    """Renders compiled templates and keeps their bytecode, by checksum; for one thread."""

    def __init__(self) -> None:
        self._loaded: OrderedDict[str, _Loaded] = OrderedDict()

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

    def body_words(self, compiled: CompiledTemplate, context: EmailContext) -> int:
        """Return how many words the body has for one person: no moment, button, footer, address.

        Raises:
            RenderError: As ``render``.
        """
        return len(body_of(_rendered(self._load(compiled).text, merge_values(context))).split())

    def _load(self, compiled: CompiledTemplate) -> _Loaded:
        key = compiled.checksum
        loaded = self._loaded.get(key)
        if loaded is None:
            loaded = _load(compiled)
            self._loaded[key] = loaded
        self._loaded.move_to_end(key)
        if len(self._loaded) > CACHED_TEMPLATES:
            self._loaded.popitem(last=False)
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


def _rendered(template: jinja2.Template, values: Mapping[str, object]) -> str:
    try:
        return template.render(values)
    except jinja2.UndefinedError as error:
        raise RenderError(str(error.message)) from error
    except (jinja2.TemplateError, TypeError, ValueError, LookupError) as error:
        raise RenderError(f"{type(error).__name__}: {error}") from error
