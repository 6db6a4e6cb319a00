"""The Jinja sandbox: nothing to call, nothing to reach, nothing undefined.

Jinja's own sandbox stops escapes, but about one new hole a year is found, and it does not stop a
render that takes a gigabyte (RELIABILITY, "Input that poisons"). So templates get no globals, an
allow-list of filters, no calls (``names.py`` refuses them when compiled), and values that have
no attributes but their own fields.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Any

from jinja2 import StrictUndefined
from jinja2.exceptions import SecurityError
from jinja2.runtime import LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import escape

from funnel.domain.errors import RenderError
from funnel.domain.quoted_text import quoted_piece
from funnel.domain.speech import say
from funnel.rendering.filters import ALL_FILTERS
from funnel.rendering.merge import Empty, Missing, View

LOOP_FIELDS = frozenset({"index", "first", "last", "length"})


class Environment(ImmutableSandboxedEnvironment):
    """A sandbox that looks only into views and tuples and prints only text and numbers."""

    intercepted_binops = frozenset({"*", "**", "%", "//", "/"})
    intercepted_unops = frozenset({"-", "+"})

    def getattr(self, obj: object, attribute: str) -> object:
        """Return a field of a view; nothing else has attributes."""
        if isinstance(obj, View):
            if attribute in obj:
                return obj[attribute]
            variable = f"{obj.path}.{attribute}"
            raise RenderError(
                say("{variable}: templates know no such value", variable=variable),
                variable=variable,
            )
        if isinstance(obj, Missing):
            obj.fail(attribute)
        if isinstance(obj, LoopContext) and attribute in LOOP_FIELDS:
            return getattr(obj, attribute)
        return self.undefined(obj=obj, name=attribute)

    def getitem(self, obj: object, argument: object) -> object:
        """Return one date of a tuple by its number."""
        if isinstance(obj, tuple) and isinstance(argument, int):
            return obj[argument] if -len(obj) <= argument < len(obj) else Missing("next_dates")
        return self.undefined(obj=obj, name=str(argument))

    def call(self, *_args: object, **_kwargs: object) -> object:
        """Refuse: a template calls nothing."""
        raise SecurityError(say("a template may not call anything"))

    def call_binop(self, _context: object, operator: str, _left: object, _right: object) -> object:
        """Refuse: one multiplication can fill the memory."""
        raise SecurityError(say("a template may not use {operator}", operator=operator))

    def call_unop(self, _context: object, operator: str, _arg: object) -> object:
        """Refuse, as ``call_binop``."""
        raise SecurityError(say("a template may not use {operator}", operator=operator))


_PRINTED_EMPTY: ContextVar[set[str] | None] = ContextVar("printed empty", default=None)


@contextmanager
def noting_empty() -> Iterator[set[str]]:
    """Yield the names of the values that are printed though they are empty, while it is open."""
    noted: set[str] = set()
    token = _PRINTED_EMPTY.set(noted)
    try:
        yield noted
    finally:
        _PRINTED_EMPTY.reset(token)


def _printable(value: object) -> object:
    """Let text and whole numbers out; everything else would print what nobody meant to say."""
    if type(value) is str:
        return value  # nearly always
    if isinstance(value, Empty) and (noted := _PRINTED_EMPTY.get()) is not None:
        noted.add(value.path)
    if isinstance(value, str) or type(value) is int:
        return value
    if isinstance(value, Missing):
        value.fail()
    if isinstance(value, StrictUndefined):
        return value  # prints its own complaint
    raise RenderError(say("a template printed a {name}, not a text", name=type(value).__name__))


def _is_none(value: object) -> bool:
    return value is None or isinstance(value, Missing)


TESTS: Mapping[str, Any] = {"none": _is_none}


def as_text(value: object) -> str:
    """Return a value as a text part prints it.

    Raises:
        RenderError: It may not be printed, or is not there.
        jinja2.UndefinedError: No such name.
    """
    return value if type(value) is str else str(_printable(value))


def as_quoted(value: object) -> str:
    """Return a value as a page prints it on its way: escaped, a piece in quoted-printable.

    Raises:
        As ``as_text``.
    """
    # The plain text of the markup: two that are added escape each other once more.
    return quoted_piece(str(escape(_printable(value))))


@lru_cache(maxsize=2)
def environment(*, autoescape: bool) -> Environment:
    """Return the sandbox for HTML (``autoescape``) or for plain text."""
    made = Environment(
        autoescape=autoescape,
        undefined=StrictUndefined,
        finalize=_printable,
        keep_trailing_newline=True,
        auto_reload=False,
        cache_size=0,  # the renderer keeps its own, by checksum
    )
    made.globals.clear()
    made.filters.clear()
    made.filters.update(ALL_FILTERS)
    made.tests.clear()
    made.tests.update(TESTS)
    return made
