"""A template's tree as steps: small functions that print one behind the other.

Jinja makes a generator of each template, with a context of its own, and asks it for each value by
name; a body of forty pieces takes longer that way than its values are worth. These steps do what
Jinja's code does, with the same environment: its ``getattr``, its filters and tests, its
undefined values, and no call or sum exists for them at all. Trees that hold anything else
(``has_steps``) are left to Jinja.
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias, cast

from jinja2 import nodes
from jinja2.runtime import LoopContext

from funnel.rendering.environment import Environment

Values: TypeAlias = dict[str, object]
Expression: TypeAlias = Callable[[Values], Any]
Say: TypeAlias = Callable[[str], None]
Step: TypeAlias = "str | Callable[[Values, Say], None]"

_STATEMENTS = (nodes.Output, nodes.If, nodes.For, nodes.Assign)
_EXPRESSIONS = (
    nodes.TemplateData,
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
)
_COMPARISONS: Mapping[str, Callable[[Any, Any], Any]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "gteq": operator.ge,
    "lt": operator.lt,
    "lteq": operator.le,
    "in": lambda left, right: left in right,
    "notin": lambda left, right: left not in right,
}


def has_steps(tree: nodes.Template, environment: Environment) -> bool:
    """Whether steps can stand for a tree; what they cannot print, Jinja does."""
    return all(_is_known(each, environment) for each in tree.find_all(nodes.Node))


def _is_known(node: nodes.Node, environment: Environment) -> bool:
    if isinstance(node, nodes.For):
        return isinstance(node.target, nodes.Name) and node.test is None and not node.recursive
    if isinstance(node, nodes.Assign):
        return isinstance(node.target, nodes.Name)
    if isinstance(node, nodes.CondExpr):
        return node.expr2 is not None
    if isinstance(node, nodes.Filter | nodes.Test):
        known = environment.filters if isinstance(node, nodes.Filter) else environment.tests
        is_bare = not (node.kwargs or node.dyn_args or node.dyn_kwargs)
        return is_bare and node.node is not None and node.name in known
    return isinstance(node, (*_STATEMENTS, *_EXPRESSIONS))


def printed(steps: Sequence[Step], values: Values) -> str:
    """Return what steps print; ``values`` also takes what they set."""
    out: list[str] = []
    _walk(steps, values, out.append)
    return "".join(out)


def _walk(steps: Sequence[Step], values: Values, say: Say) -> None:
    for step in steps:
        if isinstance(step, str):
            say(step)
        else:
            step(values, say)


class StepMaker:
    """Makes the steps of trees; a tree is one that ``has_steps``."""

    def __init__(self, environment: Environment, finish: Callable[[object], str]) -> None:
        """Take the sandbox, and what becomes of each value that is printed."""
        self._environment = environment
        self._finish = finish

    def steps(self, statements: Sequence[nodes.Node]) -> tuple[Step, ...]:
        """Return the steps of statements, texts that stand side by side as one."""
        made: list[Step] = []
        for each in statements:
            if isinstance(each, nodes.Output):
                made += map(self._output, each.nodes)
            elif isinstance(each, nodes.If):
                made.append(self._choice(each))
            elif isinstance(each, nodes.For):
                made.append(self._loop(each))
            else:
                made.append(self._assignment(cast(nodes.Assign, each)))
        return _joined(made)

    def expression(self, node: nodes.Node) -> Expression:
        """Return what works out an expression."""
        if isinstance(node, nodes.Const):
            value = node.value
            return lambda _values: value
        make = _MAKERS[type(node)]
        return make(self, node)

    def _output(self, node: nodes.Node) -> Step:
        if isinstance(node, nodes.TemplateData):
            return node.data
        value, finish = self.expression(node), self._finish
        return lambda values, say: say(finish(value(values)))

    def _choice(self, node: nodes.If) -> Step:
        ways = [(self.expression(each.test), self.steps(each.body)) for each in (node, *node.elif_)]
        otherwise = self.steps(node.else_)

        def choose(values: Values, say: Say) -> None:
            for test, steps in ways:
                if test(values):
                    _walk(steps, values, say)
                    return
            _walk(otherwise, values, say)

        return choose

    def _loop(self, node: nodes.For) -> Step:
        items, name = self.expression(node.iter), cast(nodes.Name, node.target).name
        body, otherwise = self.steps(node.body), self.steps(node.else_)
        undefined = self._environment.undefined

        def loop(values: Values, say: Say) -> None:
            is_empty = True
            for item, place in LoopContext(items(values), undefined):
                is_empty = False
                # A copy: what is set inside ends with its turn.
                _walk(body, {**values, name: item, "loop": place}, say)
            if is_empty:
                _walk(otherwise, values, say)

        return loop

    def _assignment(self, node: nodes.Assign) -> Step:
        value, name = self.expression(node.node), cast(nodes.Name, node.target).name

        def assign(values: Values, _say: Say) -> None:
            values[name] = value(values)

        return assign

    # -- expressions -----------------------------------------------------------------------

    def _name(self, node: nodes.Name) -> Expression:
        name, undefined = node.name, self._environment.undefined

        def look_up(values: Values) -> object:
            try:
                return values[name]
            except KeyError:
                return undefined(name=name)

        return look_up

    def _field(self, node: nodes.Getattr) -> Expression:
        whole, field, getattr_ = self.expression(node.node), node.attr, self._environment.getattr
        return lambda values: getattr_(whole(values), field)

    def _item(self, node: nodes.Getitem) -> Expression:
        whole, place = self.expression(node.node), self.expression(node.arg)
        getitem = self._environment.getitem
        return lambda values: getitem(whole(values), place(values))

    def _filter(self, node: nodes.Filter) -> Expression:
        filter_: Callable[..., object] = self._environment.filters[node.name]
        value = self.expression(cast(nodes.Node, node.node))
        further = [self.expression(each) for each in node.args]
        if hasattr(filter_, "jinja_pass_arg"):
            # Of the whole context it wants one value by name: the values themselves give it.
            return lambda values: filter_(
                values, value(values), *[each(values) for each in further]
            )
        if all(isinstance(each, nodes.Const) for each in node.args):
            fixed = [cast(nodes.Const, each).value for each in node.args]
            return lambda values: filter_(value(values), *fixed)
        return lambda values: filter_(value(values), *[each(values) for each in further])

    def _test(self, node: nodes.Test) -> Expression:
        test = cast("Callable[..., object]", self._environment.tests[node.name])
        value = self.expression(node.node)
        further = [self.expression(each) for each in node.args]
        return lambda values: test(value(values), *[each(values) for each in further])

    def _comparison(self, node: nodes.Compare) -> Expression:
        first = self.expression(node.expr)
        others = [(_COMPARISONS[each.op], self.expression(each.expr)) for each in node.ops]

        def compare(values: Values) -> bool:
            left = first(values)
            for holds, other in others:
                right = other(values)
                if not holds(left, right):
                    return False
                left = right
            return True

        return compare

    def _and(self, node: nodes.And) -> Expression:
        left, right = self.expression(node.left), self.expression(node.right)
        return lambda values: left(values) and right(values)

    def _or(self, node: nodes.Or) -> Expression:
        left, right = self.expression(node.left), self.expression(node.right)
        return lambda values: left(values) or right(values)

    def _not(self, node: nodes.Not) -> Expression:
        value = self.expression(node.node)
        return lambda values: not value(values)

    def _either(self, node: nodes.CondExpr) -> Expression:
        test, one = self.expression(node.test), self.expression(node.expr1)
        other = self.expression(cast(nodes.Node, node.expr2))
        return lambda values: one(values) if test(values) else other(values)

    def _chain(self, node: nodes.Concat) -> Expression:
        parts = [self.expression(each) for each in node.nodes]
        return lambda values: "".join([str(each(values)) for each in parts])


_MAKERS: Mapping[type[nodes.Node], Callable[[StepMaker, Any], Expression]] = {
    nodes.Name: StepMaker._name,  # noqa: SLF001  (its own)
    nodes.Getattr: StepMaker._field,  # noqa: SLF001
    nodes.Getitem: StepMaker._item,  # noqa: SLF001
    nodes.Filter: StepMaker._filter,  # noqa: SLF001
    nodes.Test: StepMaker._test,  # noqa: SLF001
    nodes.Compare: StepMaker._comparison,  # noqa: SLF001
    nodes.And: StepMaker._and,  # noqa: SLF001
    nodes.Or: StepMaker._or,  # noqa: SLF001
    nodes.Not: StepMaker._not,  # noqa: SLF001
    nodes.CondExpr: StepMaker._either,  # noqa: SLF001
    nodes.Concat: StepMaker._chain,  # noqa: SLF001
}


def _joined(steps: Sequence[Step]) -> tuple[Step, ...]:
    made: list[Step] = []
    for each in steps:
        if isinstance(each, str) and made and isinstance(made[-1], str):
            made[-1] += each
        elif each != "":
            made.append(each)
    return tuple(made)
