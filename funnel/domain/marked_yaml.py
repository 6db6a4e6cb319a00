"""YAML that knows where everything stands, so that a mistake can be shown by line.

Only plain YAML is read: mappings, lists and texts. Values are never guessed ("09:00" stays a text
and is no number of seconds, "no" is no boolean), aliases and tags are refused, and every problem
is collected instead of stopping at the first.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType
from typing import Final, Protocol, TypeVar

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from funnel.domain.errors import FunnelError, InvalidInputError
from funnel.domain.speech import say

LARGEST_FILE = 300_000  # characters; the shipped sequence has 4,000
MOST_PROBLEMS = 50  # nobody mends more before reading the file anew
_MOST_ENTRIES = 400  # of a list of texts
_DEEPEST = 12
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_PLAIN_TAG = "tag:yaml.org,2002:"
_PLAIN_TYPES = frozenset({"str", "int", "float", "bool", "null", "timestamp", "map", "seq"})

_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})

_Value = TypeVar("_Value")


class _Mark(Protocol):
    """Where yaml saw something, counted from 0; its two loaders have a class each."""

    @property
    def line(self) -> int: ...

    @property
    def column(self) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One mistake in a file: where it stands (from 1), what is wrong, and what to do."""

    line: int
    column: int
    reason: str
    remedy: str = ""

    def __str__(self) -> str:
        place = say(
            "line {line}, column {column}: {reason}",
            line=self.line,
            column=self.column,
            reason=self.reason,
        )
        return f"{place}. {self.remedy}" if self.remedy else place


class EnoughError(FunnelError):
    """As many mistakes as anybody can read: the rest of the file is not looked at."""


class Problems(list[Problem]):
    """Mistakes as they are found; after ``MOST_PROBLEMS`` the reading ends.

    Raises:
        EnoughError: By the one that is the last to be taken.
    """

    def append(self, problem: Problem) -> None:
        """Take one more."""
        super().append(problem)
        if len(self) >= MOST_PROBLEMS:
            raise EnoughError("mend these first")


class Fields:
    """The fields of one mapping; what is wrong with them goes to ``problems``.

    Args:
        node: The mapping itself.
        known: Names that may be used.
        problems: Collects what is wrong; readers go on with a default.
        unknown: What to do about names that people expect here and that are not known.
    """

    def __init__(
        self,
        node: MappingNode,
        known: Collection[str],
        problems: list[Problem],
        unknown: Mapping[str, str] = _NOTHING,
    ) -> None:
        self.node = node
        self._problems = problems
        self._unknown = unknown
        self._values: dict[str, Node] = {}
        self._entries: dict[str, list[Node]] = {}
        for key, value in node.value:
            self._take(key, value, known)

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def peek(self, name: str) -> str | None:
        """Return a field's text as it stands, without noting a problem; ``None`` without one."""
        node = self._values.get(name)
        return str(node.value).strip() if isinstance(node, ScalarNode) else None

    def wrong(
        self, name: str | None, reason: str, remedy: str = "", *, entry: int | None = None
    ) -> None:
        """Note a problem at the value of a field, or at the whole mapping.

        ``entry`` counts among what ``read_each`` returned for this field.
        """
        place = self.node if name is None else self._values.get(name, self.node)
        if name is not None and entry is not None:
            place = self._entries[name][entry]
        self._problems.append(problem_at(place, reason, remedy))

    def read(self, name: str, reader: Callable[[str], _Value], default: _Value) -> _Value:
        """Return what ``reader`` makes of a field's text, or ``default`` where it is not there."""
        node = self._values.get(name)
        if node is None:
            return default
        return self._read_node(node, name, reader, default)

    def require(self, name: str, reader: Callable[[str], _Value]) -> _Value | None:
        """Return what ``reader`` makes of a field that must be there; ``None`` after a problem."""
        if name not in self._values:
            self.wrong(
                None,
                say('"{name}" is missing', name=name),
                say("Add a line that begins with {name}:", name=name),
            )
        return self.read(name, reader, None)

    def read_each(self, name: str, reader: Callable[[str], _Value]) -> list[_Value]:
        """Return what ``reader`` makes of each text of a list; one text is a list of one."""
        node = self._values.get(name)
        if node is None:
            return []
        nodes = node.value if isinstance(node, SequenceNode) else [node]
        if not nodes:
            self.wrong(
                name,
                say('"{name}" is empty', name=name),
                say("Leave the field away, or write what it is."),
            )
        if len(nodes) > _MOST_ENTRIES:
            self.wrong(
                name,
                say('"{name}" has more than {most} entries', name=name, most=_MOST_ENTRIES),
                say("Leave some away."),
            )
            nodes = nodes[:0]
        found: list[_Value] = []
        self._entries[name] = []
        for each in nodes:
            value = self._read_node(each, name, reader, None)
            if value is not None:
                found.append(value)
                self._entries[name].append(each)
        return found

    def pairs(self, name: str) -> Iterator[tuple[str, Node]]:
        """Yield key and value of a mapping in a field, once for each key."""
        node = self._values.get(name)
        if node is None:
            return
        if not isinstance(node, MappingNode):
            self.wrong(
                name,
                say('"{name}" must be a mapping', name=name),
                say("Write it like {name}: {{key: value}}.", name=name),
            )
            return
        seen: set[str] = set()
        for key, value in node.value:
            text = _key_text(key, self._problems)
            if text in seen:
                self._problems.append(
                    problem_at(key, say('"{text}" is here twice', text=text), say("Keep one."))
                )
            elif text is not None:
                seen.add(text)
                yield text, value

    def mappings(self, name: str) -> Iterator[MappingNode]:
        """Yield the mappings of a list in a field."""
        node = self._values.get(name)
        if node is None:
            return
        if not isinstance(node, SequenceNode):
            self.wrong(
                name,
                say('"{name}" must be a list', name=name),
                say("Begin each of its entries with a dash."),
            )
            return
        for each in node.value:
            if isinstance(each, MappingNode):
                yield each
            else:
                reason = say("every entry of {name} must be a mapping", name=name)
                self._problems.append(
                    problem_at(each, reason, say("Write names and values: key: x"))
                )

    def read_node(self, node: Node, name: str, reader: Callable[[str], _Value]) -> _Value | None:
        """Return what ``reader`` makes of a text below a field; ``None`` after a problem."""
        return self._read_node(node, name, reader, None)

    def _take(self, key: Node, value: Node, known: Collection[str]) -> None:
        name = _key_text(key, self._problems)
        if name is None:
            return
        if name in self._values:
            self._problems.append(
                problem_at(key, say('"{name}" is here twice', name=name), say("Keep one of them."))
            )
        elif name not in known:
            reason = say('"{name}" is not known here', name=name)
            self._problems.append(problem_at(key, reason, self._instead_of(name, known)))
        else:
            self._values[name] = value

    def _instead_of(self, name: str, known: Collection[str]) -> str:
        if name in self._unknown:
            return say(self._unknown[name])
        close = get_close_matches(name, known, n=1)
        if close:
            return say("Did you mean {close}?", close=close[0])
        return say("Known are {names}.", names=", ".join(known))

    def _read_node(
        self, node: Node, name: str, reader: Callable[[str], _Value], default: _Value
    ) -> _Value:
        text = _scalar_text(node, name, self._problems)
        if text is None:
            return default
        try:
            return reader(text)
        except InvalidInputError as error:
            self._problems.append(problem_at(node, str(error), error.remedy))
            return default


def read_mapping(text: str, problems: list[Problem]) -> MappingNode | None:
    """Return the one mapping that a file is, or ``None`` with the reason among ``problems``."""
    if len(text) > LARGEST_FILE:
        reason = say(
            "the file is longer than {largest_file} characters", largest_file=f"{LARGEST_FILE:,}"
        )
        problems.append(Problem(line=1, column=1, reason=reason, remedy=say("Write less.")))
        return None
    node = _compose(text)
    if isinstance(node, Problem):
        problems.append(node)
        return None
    if not isinstance(node, MappingNode):
        reason = (
            say("the file is empty")
            if node is None
            else say("the file is no mapping of names to values")
        )
        problems.append(problem_at(node, reason, say("Begin it with title: and steps:")))
        return None
    return node


def _compose(text: str) -> Node | Problem | None:
    try:
        _refuse_tricks(text)
        node: Node | None = yaml.compose(text, Loader=_LOADER)
    except UnicodeEncodeError as error:  # a lone surrogate, which only escapes can bring in
        return _control_problem(text, error.start)
    except yaml.YAMLError as error:
        return _yaml_problem(text, error)
    except _TrickError as error:
        return error.problem
    return node


def problem_at(node: Node | None, reason: str, remedy: str = "") -> Problem:
    """Return a problem that stands where a node begins."""
    line, column = _place(None if node is None else node.start_mark)
    return Problem(line=line, column=column, reason=reason, remedy=remedy)


class _TrickError(FunnelError):
    """YAML that nobody needs here, and that can blow up a reader."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


def _refuse_tricks(text: str) -> None:
    """Look at the bare events first: composing follows aliases, and nesting by recursion."""
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.AliasEvent):
            raise _trick(event, say("an alias (*) stands here"), say("Write the value out."))
        if isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            depth += 1
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            depth -= 1
        if depth > _DEEPEST:
            raise _trick(
                event,
                say("values are nested too deeply"),
                say("No field needs more than 3 levels."),
            )


def _trick(event: yaml.Event, reason: str, remedy: str) -> _TrickError:
    line, column = _place(event.start_mark)
    return _TrickError(Problem(line=line, column=column, reason=reason, remedy=remedy))


def _place(mark: _Mark | None) -> tuple[int, int]:
    """Return line and column, counted from 1 as editors do."""
    return (1, 1) if mark is None else (mark.line + 1, mark.column + 1)


def _yaml_problem(text: str, error: yaml.YAMLError) -> Problem:
    if isinstance(error, yaml.reader.ReaderError):
        return _control_problem(text, error.position)
    line, column = _place(
        getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    )
    lines = text.splitlines()
    if line <= len(lines) and "\t" in lines[line - 1]:
        return Problem(
            line=line,
            column=lines[line - 1].index("\t") + 1,
            reason=say("a tab stands here"),
            remedy=say("Indent with spaces."),
        )
    reason = getattr(error, "problem", None) or say("this is not YAML")
    return Problem(
        line=line,
        column=column,
        reason=say("this is not YAML: {reason}", reason=reason),
        remedy=say("Look for a missing colon, quote or dash on this line or the one before."),
    )


def _control_problem(text: str, position: int) -> Problem:
    before = text[:position]
    return Problem(
        line=before.count("\n") + 1,
        column=len(before) - before.rfind("\n"),
        reason=say("a control character stands here"),
        remedy=say("Delete it; only printable text belongs in the file."),
    )


def _key_text(key: Node, problems: list[Problem]) -> str | None:
    if isinstance(key, ScalarNode) and key.value:
        return str(key.value)
    problems.append(
        problem_at(key, say("a name must be a plain word"), say("Write it like title: …"))
    )
    return None


def _scalar_text(node: Node, name: str, problems: list[Problem]) -> str | None:
    """Return the one line of text that a node is, whatever type YAML would make of it."""
    reason = ""
    if not isinstance(node, ScalarNode):
        reason = say('"{name}" must be one text', name=name)
    elif node.tag.removeprefix(_PLAIN_TAG) not in _PLAIN_TYPES:
        reason = say("the tag {tag} is not read", tag=node.tag)
    elif not node.value.strip():
        reason = say('"{name}" is empty', name=name)
    elif len(node.value.splitlines()) > 1:
        reason = say('"{name}" must be one line', name=name)
    if reason:
        problems.append(problem_at(node, reason, say("Write one plain value on one line.")))
        return None
    return str(node.value).strip()
