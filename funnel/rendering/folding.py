"""What a template prints for many people alike, worked out once: their brand, their date, why.

``folded`` puts the outcome in place of each expression that names nothing else, and of each choice
that hangs on nothing else its way. What could not be printed, and what is empty and would have to
be noted, stays as it is: it does the same for each person as before.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import jinja2
from jinja2 import nodes

from funnel.domain.errors import FunnelError
from funnel.rendering.environment import noting_empty
from funnel.rendering.steps import StepMaker

# Equal for many people behind each other; the others are each person's own.
SHARED = ("brand", "session", "why", "letters_wanted")
# Filters that look at more than their value.
_OWN = frozenset({"counted"})
_UNFIT = (FunnelError, jinja2.TemplateError, TypeError, ValueError, LookupError)


def bound_names(tree: nodes.Template) -> frozenset[str]:
    """Return the names that a template gives to something of its own; they may hide a value."""
    targets = [
        *(each.target for each in tree.find_all(nodes.For)),
        *(each.target for each in tree.find_all(nodes.Assign)),
    ]
    return frozenset(each.name for each in targets if isinstance(each, nodes.Name)) | {"loop"}


def names_in(statements: Sequence[nodes.Node]) -> frozenset[str]:
    """Return the names that statements read."""
    return frozenset(
        each.name
        for statement in statements
        for each in (statement, *statement.find_all(nodes.Name))
        if isinstance(each, nodes.Name)
    )


@dataclass(frozen=True, slots=True)
class Folder:
    """Folds what some values settle.

    Attributes:
        values: The values that are shared, as a template sees them; none that its text binds anew.
        maker: Works expressions out.
        finish: What becomes of a value that is printed.
    """

    values: Mapping[str, object]
    maker: StepMaker
    finish: Callable[[object], str]

    def folded(self, statements: Sequence[nodes.Node]) -> list[nodes.Node]:
        """Return new statements that print the same; texts side by side are one."""
        return _merged(self._each(statements))

    def _each(self, statements: Sequence[nodes.Node]) -> Iterator[nodes.Node]:
        for each in statements:
            if isinstance(each, nodes.Output):
                yield nodes.Output([self._printed(node) for node in each.nodes], lineno=1)
            elif isinstance(each, nodes.If):
                yield from self._choice(each)
            elif isinstance(each, nodes.For):
                yield nodes.For(
                    each.target,
                    each.iter,
                    self.folded(each.body),
                    self.folded(each.else_),
                    None,
                    False,  # noqa: FBT003  (the library's own)
                    lineno=1,
                )
            else:
                yield each

    def _printed(self, node: nodes.Expr) -> nodes.Expr:
        if isinstance(node, nodes.TemplateData) or not self._is_settled(node):
            return node
        try:
            with noting_empty() as empty:
                text = self.finish(self.maker.expression(node)(dict(self.values)))
        except _UNFIT:
            return node
        return node if empty else nodes.TemplateData(text, lineno=1)

    def _choice(self, node: nodes.If) -> Sequence[nodes.Node]:
        open_ways: list[nodes.If] = []
        otherwise = node.else_
        for way in (node, *node.elif_):
            is_taken = self._truth(way.test)
            if is_taken:
                otherwise = way.body
                break
            if is_taken is None:
                open_ways.append(nodes.If(way.test, self.folded(way.body), [], [], lineno=1))
        rest = self.folded(otherwise)
        if not open_ways:
            return rest
        first, *others = open_ways
        return [nodes.If(first.test, first.body, others, rest, lineno=1)]

    def _truth(self, test: nodes.Node) -> bool | None:
        """Return what a test comes to; ``None``: that hangs on the person."""
        if not self._is_settled(test):
            return None
        try:
            return bool(self.maker.expression(test)(dict(self.values)))
        except _UNFIT:
            return None

    def _is_settled(self, node: nodes.Node) -> bool:
        filters = [node, *node.find_all(nodes.Filter)]
        if any(isinstance(each, nodes.Filter) and each.name in _OWN for each in filters):
            return False
        return names_in([node]) <= self.values.keys()


def _merged(statements: Iterator[nodes.Node]) -> list[nodes.Node]:
    made: list[nodes.Node] = []
    for each in statements:
        if not isinstance(each, nodes.Output):
            made.append(each)
            continue
        if not (made and isinstance(made[-1], nodes.Output)):
            made.append(nodes.Output([], lineno=1))
        _append(made[-1].nodes, each.nodes)  # type: ignore[attr-defined] # an Output
    return made


def _append(before: list[nodes.Expr], further: Sequence[nodes.Expr]) -> None:
    for each in further:
        last = before[-1] if before else None
        if isinstance(each, nodes.TemplateData) and isinstance(last, nodes.TemplateData):
            before[-1] = nodes.TemplateData(last.data + each.data, lineno=1)
        elif isinstance(each, nodes.TemplateData):
            before.append(nodes.TemplateData(each.data, lineno=1))  # taken apart by who gets it
        else:
            before.append(each)
