"""A compiled page whose text stands in quoted-printable before anybody's values are known.

Jinja's own tree holds it: the text between the tags is quoted once, when a template is loaded, and
each value as it is printed. Every piece begins and ends an encoded line (``quoted_piece``), so no
line's length depends on a value. It is not kept in the row: what is written there stays readable,
and older rows are as fast as new ones.
"""

from collections.abc import Sequence

from jinja2 import nodes

from funnel.domain.quoted_text import quoted_piece
from funnel.rendering.environment import environment
from funnel.rendering.steps import has_steps

LAST = "last_in_page"  # what the renderer puts there; no template can read it
_END = "</body>"


def quoted_page(source: str) -> nodes.Template | None:
    """Return the tree of a page that prints pieces in quoted-printable (``closed``).

    It prints ``LAST``, which is HTML, as the last thing in its body.

    Args:
        source: Jinja source of the page, for an environment that escapes.

    Returns:
        ``None`` where steps cannot stand for it: it is rendered and then quoted.
    """
    sandbox = environment(autoescape=False)  # the values are escaped as they are quoted
    tree = sandbox.parse(source)
    if not has_steps(tree, sandbox):
        return None
    _make_room(tree)
    for each in tree.find_all(nodes.TemplateData):
        each.data = quoted_piece(each.data)
    return tree


def with_last(page: str, last: str) -> str:
    """Return a page that was rendered in the slow way with ``last`` in the same place."""
    before, end, after = page.rpartition(_END)
    return f"{before}{last}{end}{after}" if end else page + last


def _make_room(tree: nodes.Template) -> None:
    last: nodes.Expr = nodes.Name(LAST, "load", lineno=1)
    for output in reversed(list(tree.find_all(nodes.Output))):
        place = _place_of_end(output.nodes)
        if place is not None:
            text = output.nodes[place]
            before, end, after = text.data.rpartition(_END)  # type: ignore[attr-defined] # a text
            pieces = (nodes.TemplateData(each, lineno=1) for each in (before, end + after))
            first, second = pieces
            output.nodes[place : place + 1] = [first, last, second]
            return
    tree.body.append(nodes.Output([last], lineno=1))


def _place_of_end(found: Sequence[nodes.Expr]) -> int | None:
    places = (
        index
        for index, each in enumerate(found)
        if isinstance(each, nodes.TemplateData) and _END in each.data
    )
    return max(places, default=None)
