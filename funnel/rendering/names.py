"""What a template may say: few statements, no calls, and only names that its reader can have.

Checked when a template is compiled, so that a misspelt name is found by its author and not by the
first person who should have got the email. As nothing can be called and loops run over dates only,
a render is as short as its template.
"""

import types
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from functools import cache
from typing import Union, get_args, get_origin, get_type_hints

from jinja2 import nodes
from jinja2.exceptions import TemplateAssertionError, TemplateSyntaxError

from funnel.domain.speech import mark, say
from funnel.domain.template import EmailContext
from funnel.rendering.environment import LOOP_FIELDS, TESTS, environment
from funnel.rendering.errors import TemplateError
from funnel.rendering.filters import ALL_FILTERS, AUTHOR_FILTERS

MAX_LOOP_DEPTH = 2

_ALLOWED: tuple[type[nodes.Node], ...] = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.If,
    nodes.For,
    nodes.Assign,
    nodes.Name,
    nodes.Const,
    nodes.Getattr,
    nodes.Getitem,
    nodes.Filter,
    nodes.Test,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.CondExpr,
    nodes.Concat,
    nodes.Tuple,
)
_SPOKEN = {
    nodes.Call: mark("a template may not call anything; use a filter"),
    nodes.Include: mark("a template may not include another"),
    nodes.Import: mark("a template may not import another"),
    nodes.FromImport: mark("a template may not import another"),
    nodes.Extends: mark("a template may not extend another; the layout is named above"),
    nodes.AssignBlock: mark("set one value: {% set name = value %}"),
}


# What Jinja says of a bracket or a statement that is left open; authors do not know its words.
_UNCLOSED = {
    "Expected an expression, got 'end of print": mark("between {{ and }} a name is missing"),
    "'end of print statement'": mark("a {{ is not closed: write }} behind the name"),
    "'end of statement block'": mark("a {% is not closed: write %} behind it"),
    "Unexpected end of template": mark(
        "an {% if %} or {% for %} has no end: write {% endif %} or {% endfor %}"
    ),
}


class _Loop:
    """The type of ``loop`` inside ``{% for %}``."""


def variables(source: str) -> tuple[str, ...]:
    """Return the dotted names that a Jinja source reads, sorted.

    Raises:
        TemplateError: The syntax is wrong, a statement is not allowed, or a name is unknown.
    """
    try:
        tree = environment(autoescape=False).parse(source)
    except (TemplateSyntaxError, TemplateAssertionError) as error:
        raise TemplateError(_plain_words(str(error.message)), line=error.lineno) from error
    checker = _Checker()
    checker.check(tree, {})
    return tuple(sorted(checker.seen))


def expression_variables(expression: str) -> tuple[str, ...]:
    """Return the dotted names of a bare expression, as in ``when: session``."""
    return variables(f"{{% if ({expression}) %}}{{% endif %}}")


def _plain_words(message: str) -> str:
    for sign, words in _UNCLOSED.items():
        if sign in message:
            return say(words)
    return message.replace("Encountered", "found").rstrip(".")


Scope = dict[str, tuple[object, str]]  # a local name -> its type and the path it stands for


class _Checker:
    def __init__(self) -> None:
        self.seen: set[str] = set()
        self._depth = 0

    def check(self, node: nodes.Node, scope: Scope) -> None:
        if not isinstance(node, _ALLOWED):
            raise TemplateError(_refusal(node), line=node.lineno)
        if isinstance(node, nodes.For):
            self._check_loop(node, scope)
        elif isinstance(node, nodes.Assign):
            self._check_assignment(node, scope)
        elif isinstance(node, nodes.Getattr | nodes.Getitem | nodes.Name):
            self._kind(node, scope)
        else:
            _check_tool(node)
            for child in node.iter_child_nodes():
                self.check(child, scope)
        if isinstance(node, nodes.Output):
            self._check_printed(node, scope)

    def _check_printed(self, node: nodes.Output, scope: Scope) -> None:
        for each in node.nodes:
            kind, path = self._kind(each, scope)
            if _without_none(kind) not in {None, str, int}:
                raise TemplateError(
                    say("“{path}” is not a text: name one of its parts", path=path),
                    line=each.lineno,
                    field=path,
                )

    def _check_loop(self, node: nodes.For, scope: Scope) -> None:
        kind, path = self._kind(node.iter, scope)
        item = _item_of(kind)
        if item is None or not isinstance(node.target, nodes.Name):
            raise TemplateError(
                say("a loop runs over dates: {% for date in next_dates %}"), line=node.lineno
            )
        if node.recursive or self._depth == MAX_LOOP_DEPTH:
            raise TemplateError(say("loops stand too deep in each other"), line=node.lineno)
        self._depth += 1
        inner = {**scope, node.target.name: (item, path), "loop": (_Loop, "loop")}
        for child in [*node.body, *node.else_, *([node.test] if node.test else [])]:
            self.check(child, inner)
        self._depth -= 1

    def _check_assignment(self, node: nodes.Assign, scope: Scope) -> None:
        if not isinstance(node.target, nodes.Name):
            raise TemplateError(say("set one value: {% set name = value %}"), line=node.lineno)
        scope[node.target.name] = self._kind(node.node, scope)

    def _kind(self, node: nodes.Node, scope: Scope) -> tuple[object, str]:
        """Return what an expression gives (``None``: some text or number), and its path."""
        if isinstance(node, nodes.Name):
            return self._kind_of_name(node, scope)
        if isinstance(node, nodes.Getattr):
            kind, path = self._kind(node.node, scope)
            return self._field(kind, path, node)
        if isinstance(node, nodes.Getitem):
            return self._kind_of_item(node, scope)
        self.check(node, scope)
        if isinstance(node, nodes.Filter) and node.name in {"first", "last"} and node.node:
            kind, path = self._kind(node.node, scope)
            return _item_of(kind), path
        return self._kind_of_choice(node, scope)

    def _kind_of_choice(self, node: nodes.Node, scope: Scope) -> tuple[object, str]:
        """Return what ``a or b`` and ``a if c else b`` give where both sides are alike."""
        if isinstance(node, nodes.Or):
            sides = [node.left, node.right]
        elif isinstance(node, nodes.CondExpr) and node.expr2 is not None:
            sides = [node.expr1, node.expr2]
        else:
            return None, ""
        kinds = [self._kind(each, scope) for each in sides]
        alike = _without_none(kinds[0][0]) == _without_none(kinds[1][0])
        return kinds[0] if alike else (None, "")

    def _kind_of_name(self, node: nodes.Name, scope: Scope) -> tuple[object, str]:
        if node.name in scope:
            return scope[node.name]
        kind = _fields_of(EmailContext).get(node.name)
        if kind is None:
            raise _unknown(node.name, node.lineno, _fields_of(EmailContext))
        self.seen.add(node.name)
        return kind, node.name

    def _kind_of_item(self, node: nodes.Getitem, scope: Scope) -> tuple[object, str]:
        kind, path = self._kind(node.node, scope)
        item = _item_of(kind)
        if item is None or not isinstance(node.arg, nodes.Const) or type(node.arg.value) is not int:
            raise TemplateError(
                say("only a date has a number, as in next_dates[0]"), line=node.lineno
            )
        return item, path

    def _field(self, kind: object, path: str, node: nodes.Getattr) -> tuple[object, str]:
        if kind is _Loop:
            known: dict[str, object] = dict.fromkeys(LOOP_FIELDS, int)
        else:
            known = _fields_of(kind)
        name = f"{path}.{node.attr}" if path else node.attr
        if node.attr not in known:
            raise _unknown(name, node.lineno, known)
        if kind is not _Loop:
            self.seen.add(name)
        return known[node.attr], name


def _check_tool(node: nodes.Node) -> None:
    """Refuse a filter or test that is not on the list; Jinja would do so only when it runs."""
    if isinstance(node, nodes.Filter | nodes.Test) and node.name not in {*ALL_FILTERS, *TESTS}:
        raise TemplateError(
            say("unknown filter “{name}”", name=node.name),
            line=node.lineno,
            remedy=f"Known: {', '.join(sorted(AUTHOR_FILTERS))}.",
            field=node.name,
        )


def _refusal(node: nodes.Node) -> str:
    for kind, words in _SPOKEN.items():
        if isinstance(node, kind):
            return say(words)
    return say("“{name}” is not known in templates", name=type(node).__name__.lower())


def _unknown(name: str, line: int, known: dict[str, object]) -> TemplateError:
    names = ", ".join(sorted(known))
    path, _, last = name.rpartition(".")
    nearest = get_close_matches(last, known, n=1, cutoff=0.5)
    if not known:
        remedy = say("It has no parts.")
    elif nearest:
        meant = f"{path}.{nearest[0]}" if path else nearest[0]
        remedy = say("Is “{nearest}” meant? Known here: {names}.", nearest=meant, names=names)
    else:
        remedy = say("Known here: {names}.", names=names)
    reason = say("unknown name “{name}”", name=name)
    return TemplateError(reason, line=line, remedy=remedy, field=name)


def _fields_of(kind: object) -> dict[str, object]:
    kind = _without_none(kind)
    if not (isinstance(kind, type) and is_dataclass(kind)):
        return {}
    return _read_fields(kind)


@cache
def _read_fields(kind: type) -> dict[str, object]:
    # Kept: asked thousands of times for a folder of emails, and typing reads hints slowly.
    hints = get_type_hints(kind)
    return {each.name: hints[each.name] for each in fields(kind)}


def _without_none(kind: object) -> object:
    if get_origin(kind) in {Union, types.UnionType}:
        rest = [each for each in get_args(kind) if each is not type(None)]
        return rest[0] if len(rest) == 1 else None
    return kind


def _item_of(kind: object) -> object:
    kind = _without_none(kind)
    return get_args(kind)[0] if get_origin(kind) is tuple else None
