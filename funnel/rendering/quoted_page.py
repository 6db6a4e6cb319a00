"""A compiled page whose text stands in quoted-printable before anybody's values are known.

Jinja's own tree makes it: the text between the tags is quoted once, when a template is loaded, and
each value as it is printed. Every piece begins and ends an encoded line (``quoted_piece``), so no
line's length depends on a value. It is not kept in the row: what is written there stays readable,
and older rows are as fast as new ones.
"""

from collections.abc import Sequence

import jinja2
from jinja2 import nodes

from funnel.domain.quoted_text import quoted_piece
from funnel.rendering.environment import quoting_environment

LAST = "last_in_page"  # what the renderer puts there; no template can read it
_END = "</body>"

# Statements that print where they stand. Whatever else there is could capture what is printed, and
# look at it, count it or cut it: then a text would meet its own quoting.
_PRINTING = (nodes.Output, nodes.If, nodes.For, nodes.Assign)


def prints_in_place(tree: nodes.Template) -> bool:
    """Whether all that a template prints goes out as it is printed."""
    return all(isinstance(each, _PRINTING) for each in tree.find_all(nodes.Stmt))


def quoted_page(source: str) -> jinja2.Template | None:
    """Return a page that renders to pieces in quoted-printable (``closed``).

    It prints ``LAST``, which is HTML, as the last thing in its body.

    Args:
        source: Jinja source of the page, for an environment that escapes.

    Returns:
        ``None`` where the template captures what it prints: it is rendered and then quoted.
    """
    environment = quoting_environment()
    tree = environment.parse(source)
    if not prints_in_place(tree):
        return None
    _make_room(tree)
    for each in tree.find_all(nodes.TemplateData):
        each.data = quoted_piece(each.data)
    code = environment.compile(tree)
    return jinja2.Template.from_code(environment, code, environment.make_globals(None))


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
