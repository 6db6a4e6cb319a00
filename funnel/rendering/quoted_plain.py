"""Marked text whose blocks without values are broken into lines and quoted beforehand.

The outcome reads as ``readable`` makes it. A run of such blocks is taken out of the source, and a
mark with its number stands in its place; the rest is broken and quoted as an email is rendered.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from jinja2 import nodes

from funnel.domain.quoted_text import QuotedText, closed, quoted_lines
from funnel.rendering.plain_text import (
    ITEMS,
    Block,
    are_neighbours,
    between,
    block_of,
    lines_of,
    number_of,
)
from funnel.rendering.text_part import BLOCK, BODY

_DONE = "z"
_NUMBER = "n"


@dataclass(frozen=True, slots=True)
class _Run:
    """Blocks behind each other, done. ``first`` is ``None`` where all of them are empty."""

    first: Block | None
    last: Block | None
    quoted: str
    ends_numbers: bool


@dataclass(frozen=True, slots=True)
class QuotedPlain:
    """The text part of one template.

    Attributes:
        statements: They print marked text in which the marks of runs stand.
    """

    statements: Sequence[nodes.Node]
    runs: Sequence[_Run]

    def quoted(self, marked: str) -> QuotedText:
        """Return rendered marked text as it travels."""
        return closed("".join(self._pieces(marked)))

    def _pieces(self, marked: str) -> Iterator[str]:
        before: Block | None = None
        numbers: dict[str, int] = {}
        waiting: list[str] = []  # lines of blocks behind each other, to be quoted in one go
        for each in marked.split(BLOCK)[1:]:
            run = self.runs[int(each[1:])] if each.startswith(_DONE) else None
            if run is not None:
                if run.ends_numbers:
                    numbers.clear()
                first, last = run.first, run.last
            else:
                block = block_of(each)
                lines = lines_of(block, number_of(block, numbers))
                first = last = block if lines else None
            if first is None:
                continue
            if before is not None and not are_neighbours(before, first):
                waiting.append(between(before, first))
            if run is None:
                waiting += lines
            else:
                yield quoted_lines(waiting)
                yield run.quoted
                waiting = []
            before = last
        yield quoted_lines(waiting)


def quoted_plain(statements: Sequence[nodes.Node]) -> QuotedPlain:
    """Return the text part of a template, as far as it can be made without values.

    Args:
        statements: They print marked text; their texts are changed.
    """
    taking = _Taking()
    taking.take(statements, is_closed=True)
    return QuotedPlain(statements, taking.runs)


class _Taking:
    """Takes the finished runs out of a tree, from its end to its beginning."""

    def __init__(self) -> None:
        self.runs: list[_Run] = []

    def take(self, statements: Sequence[nodes.Node], *, is_closed: bool) -> bool:
        """Take them out of statements.

        Args:
            statements: In their order.
            is_closed: Whether a new block, or nothing, certainly follows them.

        Returns:
            Whether a new block, or nothing, certainly follows whatever stands before them.
        """
        for each in reversed(statements):
            if isinstance(each, nodes.Output):
                is_closed = self._take_output(each, is_closed=is_closed)
            elif isinstance(each, nodes.If):
                ways = [each.body, *(other.body for other in each.elif_), each.else_]
                begins = [self.take(way, is_closed=is_closed) for way in ways]
                is_closed = all(begins)
            elif isinstance(each, nodes.For):
                # Behind the last thing in a loop may stand its first again.
                self.take(each.body, is_closed=False)
                self.take(each.else_, is_closed=is_closed)
                is_closed = False
        return is_closed

    def _take_output(self, output: nodes.Output, *, is_closed: bool) -> bool:
        for each in reversed(output.nodes):
            if not isinstance(each, nodes.TemplateData):
                is_closed = False
                continue
            text = each.data.replace(BODY, "")
            each.data = self._taken(text, is_closed=is_closed)
            is_closed = text.startswith(BLOCK) or (is_closed and not text)
        return is_closed

    def _taken(self, text: str, *, is_closed: bool) -> str:
        tail, *marked = text.split(BLOCK)
        out, waiting = [tail], list[Block]()
        for index, each in enumerate(marked):
            is_whole = is_closed or index < len(marked) - 1
            if is_whole and not each.startswith(_NUMBER):  # its number is only known later
                waiting.append(block_of(each))
                continue
            out += [*self._mark(waiting), BLOCK, each]
            waiting = []
        return "".join([*out, *self._mark(waiting)])

    def _mark(self, blocks: Sequence[Block]) -> list[str]:
        if not blocks:
            return []
        self.runs.append(_run(blocks, {}))
        return [BLOCK, _DONE, str(len(self.runs) - 1)]


def _run(blocks: Sequence[Block], numbers: dict[str, int]) -> _Run:
    lines: list[str] = []
    first: Block | None = None
    last: Block | None = None
    ends_numbers = False
    for block in blocks:
        written = lines_of(block, number_of(block, numbers))
        ends_numbers |= block.kind not in ITEMS
        if not written:
            continue
        if last is not None and not are_neighbours(last, block):
            lines.append(between(last, block))
        lines += written
        first, last = first or block, block
    return _Run(first, last, quoted_lines(lines), ends_numbers)
