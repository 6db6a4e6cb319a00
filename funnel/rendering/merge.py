"""The merge context as a template sees it: cleaned, plain, and able to name what is missing."""

from collections.abc import Iterable
from dataclasses import fields
from datetime import datetime
from typing import NoReturn, TypeAlias

from funnel.domain.errors import RenderError
from funnel.domain.speech import say
from funnel.domain.template import EmailContext, EmailValues
from funnel.domain.text import clean_text

TEXT_LIMIT = 200
LIMITS = {"postal_address": 300, "why": 500}
URL_LIMIT = 2_048

_URL_FIELDS = frozenset({"url", "logo_url", "booking_url", "notes_url"})
_WHY_MISSING = {
    "session": "this person has no session",
    "former": "there is no earlier date",
    "replay": "there is no replay yet",
    "seats_left": "the seats of this session are not limited",
}

Value: TypeAlias = "str | int | datetime | tuple[Value, ...] | View | Missing"


class Missing:
    """A value that this person does not have: false when asked, an error when used.

    ``StrictUndefined`` would refuse ``{% if session %}``, and ``None`` cannot say its own name.
    """

    __slots__ = ("path",)

    def __init__(self, path: str) -> None:
        self.path = path

    def __bool__(self) -> bool:
        return False

    def fail(self, attribute: str = "") -> NoReturn:
        """Raise the error that names the missing value."""
        variable = f"{self.path}.{attribute}" if attribute else self.path
        reason = _WHY_MISSING.get(self.path.rpartition(".")[2], "there is no such value")
        raise RenderError(f"{variable}: {say(reason)}", variable=variable)

    def __eq__(self, other: object) -> bool:
        return other is None or isinstance(other, Missing)

    __hash__ = None  # type: ignore[assignment] # equal to None, so it must not become a key

    def _refuse(self, _other: object = None) -> NoReturn:
        self.fail()

    __lt__ = __le__ = __gt__ = __ge__ = _refuse
    __add__ = __radd__ = __sub__ = __rsub__ = _refuse
    __iter__ = __len__ = __str__ = _refuse


class Empty(str):
    """An empty text that knows its own name, so that whoever prints it can be told."""

    path: str

    def __new__(cls, path: str) -> "Empty":
        """Return the empty text of a value."""
        made = super().__new__(cls)
        made.path = path
        return made


class View(dict[str, Value]):
    """The fields of one value of the context, and the path under which a template names them."""

    __slots__ = ("path",)

    def __init__(self, path: str, values: dict[str, Value]) -> None:
        super().__init__(values)
        self.path = path


def merge_values(context: EmailContext) -> dict[str, Value]:
    """Return the context with every text cleaned and every ``None`` able to name itself."""
    return {name: _plain(getattr(context, name), name, name) for name in _field_names(EmailContext)}


class Wanted:
    """The values that one template names, and views of what many emails share; for one thread."""

    __slots__ = ("_names", "_shared")

    def __init__(self, variables: Iterable[str]) -> None:
        """Take the dotted names that the template reads (``CompiledTemplate.variables``)."""
        found: dict[str, list[tuple[str, str]]] = {}
        for path in variables:
            name, _, attribute = path.partition(".")
            parts = found.setdefault(name, [])
            if attribute:
                parts.append((attribute, path))
        self._names = tuple((name, tuple(parts)) for name, parts in found.items())
        # The brand and the date are the same objects for many people behind each other.
        self._shared: dict[str, tuple[object, Value]] = {}

    def values(self, context: EmailValues) -> dict[str, Value]:
        """Return what ``merge_values`` returns, without what no tag names."""
        return {
            name: self._value(name, getattr(context, name), parts) for name, parts in self._names
        }

    def _value(self, name: str, value: object, parts: tuple[tuple[str, str], ...]) -> Value:
        if not parts:
            return _plain(value, name, name)
        known = self._shared.get(name)
        if known is not None and known[0] is value:
            return known[1]
        made = _view(value, name, parts)
        self._shared[name] = (value, made)
        return made


def _view(value: object, name: str, parts: tuple[tuple[str, str], ...]) -> Value:
    if value is None:
        return Missing(name)
    if isinstance(value, tuple):
        return tuple(_view(each, name, parts) for each in value)
    return View(
        name,
        {
            attribute: _plain(getattr(value, attribute), path, attribute)
            for attribute, path in parts
        },
    )


def _plain(value: object, path: str, name: str) -> Value:
    if isinstance(value, str):
        return clean_text(value, limit=_limit(path, name)) or Empty(path)
    if value is None:
        return Missing(path)
    if isinstance(value, int | datetime):
        return value
    if isinstance(value, tuple):
        return tuple(_plain(each, path, name) for each in value)
    names = _field_names(type(value))
    return View(
        path, {each: _plain(getattr(value, each), f"{path}.{each}", each) for each in names}
    )


def _limit(path: str, name: str) -> int:
    if name in _URL_FIELDS or path.startswith("links."):
        return URL_LIMIT
    return LIMITS.get(name, TEXT_LIMIT)


_FIELD_NAMES: dict[type, tuple[str, ...]] = {}


def _field_names(kind: type) -> tuple[str, ...]:
    names = _FIELD_NAMES.get(kind)
    if names is None:
        names = tuple(field.name for field in fields(kind))
        _FIELD_NAMES[kind] = names
    return names
