"""A sequence file as text that is edited: steps are put, taken and moved, every other byte stays.

The file is cut by lines into what stands before the steps, each step, and what stands between two
of them (blank lines and headings in comments). A comment directly above a step, or in it, belongs
to the step; one with a blank line below it is a heading and stays where it is.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import yaml
from yaml.nodes import CollectionNode, MappingNode, Node, SequenceNode

from funnel.domain.yaml_edit import all_comments, edit_mapping, safe_loader

_INDENT = 2
_ENTRY = re.compile(r" *- +\S")


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceSource:
    """A file in pieces; joined as they stand, they are the file again.

    Attributes:
        head: All before the first step's heading, the line ``steps:`` included.
        gaps: What stands before each step; one more than there are steps, the last one after them.
        blocks: Each step's lines, with the comments that belong to it.
        tail: What follows the steps: fields of the sequence that stand below them.
        indent: Column of the dashes.
    """

    head: str
    gaps: tuple[str, ...]
    blocks: tuple[str, ...]
    tail: str
    indent: int = _INDENT

    @property
    def text(self) -> str:
        """The file."""
        pieces = [self.head, self.gaps[0]]
        for block, gap in zip(self.blocks, self.gaps[1:], strict=True):
            pieces += [block, gap]
        return "".join((*pieces, self.tail))

    def with_block(self, position: int, block: str) -> "SequenceSource":
        """Return the file with other lines for the step at ``position``."""
        return replace(self, blocks=(*self.blocks[:position], block, *self.blocks[position + 1 :]))

    def inserted(self, position: int, block: str) -> "SequenceSource":
        """Return the file with one more step, right after the step above it.

        A heading that stood between the two stays above the step that it headed.
        """
        gaps = list(self.gaps)
        if not position:
            gaps[1:1] = [self._separator]
        else:
            gaps[position:position] = [self._separator]
        blocks = (*self.blocks[:position], block, *self.blocks[position:])
        return replace(self, blocks=blocks, gaps=tuple(gaps))

    def removed(self, position: int) -> "SequenceSource":
        """Return the file without a step; headings around it stay."""
        before, after = self.gaps[position], self.gaps[position + 1]
        if not after.strip():
            # At the end of the steps nothing is left for a blank line to separate.
            joined = before if position + 1 < len(self.blocks) or before.strip() else after
        elif not before.strip():
            joined = after
        else:
            joined = before + after
        gaps = (*self.gaps[:position], joined, *self.gaps[position + 2 :])
        return replace(
            self, blocks=(*self.blocks[:position], *self.blocks[position + 1 :]), gaps=gaps
        )

    def moved(self, position: int, to: int) -> "SequenceSource":
        """Return the file with a step at another place of the list."""
        return self.removed(position).inserted(to, self.blocks[position])

    @property
    def _separator(self) -> str:
        """What stands between two steps here: a blank line, unless the author writes none."""
        between = self.gaps[1:-1]
        return "" if between and all("\n" not in each for each in between) else "\n"


def read_source(text: str) -> SequenceSource | None:
    """Return a file in pieces; ``None`` where its steps do not begin on lines of their own."""
    root = yaml.compose(text, Loader=safe_loader())
    steps = _steps(root)
    if steps is None:
        return None
    lines = text.splitlines(keepends=True)
    if not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    starts = [each.start_mark.line for each in steps.value]
    ends = [_last_line(each) + 1 for each in steps.value]
    if not _is_cut_by_lines(lines, steps, starts, ends):
        return None
    return _cut(lines, _first_line(root, steps) + 1, starts, ends)


def write_anew(text: str, house_form: str) -> str:
    """Return a file in the house form, below all the comments that its former text had."""
    lost = Counter(all_comments(text)) - Counter(all_comments(house_form))
    kept = [each for each in all_comments(text) if lost[each] > 0]
    return "".join(f"{each}\n" for each in kept) + house_form


def _steps(root: Node | None) -> SequenceNode | None:
    if not isinstance(root, MappingNode) or root.flow_style:
        return None
    for key, value in root.value:
        is_steps = key.value == "steps" and isinstance(value, SequenceNode)
        if is_steps and not value.flow_style and value.value:
            return value if isinstance(value, SequenceNode) else None
    return None


def _first_line(root: Node | None, steps: SequenceNode) -> int:
    """Return the line on which the field of the steps begins."""
    found = root.value if isinstance(root, MappingNode) else ()
    return next(int(key.start_mark.line) for key, value in found if value is steps)


def _is_cut_by_lines(
    lines: list[str], steps: SequenceNode, starts: list[int], ends: list[int]
) -> bool:
    """Whether each step is a block that begins with its dash, on lines that are its own."""
    is_block = all(
        isinstance(each, MappingNode) and not each.flow_style and each.value for each in steps.value
    )
    has_dashes = all(_ENTRY.match(lines[each]) for each in starts)
    return is_block and has_dashes and all(a <= b for a, b in zip(ends, starts[1:], strict=False))


def _cut(lines: list[str], begin: int, starts: list[int], ends: list[int]) -> SequenceSource:
    indent = len(lines[starts[0]]) - len(lines[starts[0]].lstrip(" "))
    gaps: list[str] = []
    blocks: list[str] = []
    at = begin
    for index, (start, end) in enumerate(zip(starts, ends, strict=True)):
        first = _with_comments_above(lines, at, start)
        limit = starts[index + 1] if index + 1 < len(starts) else len(lines)
        last = _with_comments_below(lines, end, limit, indent)
        gaps.append("".join(lines[at:first]))
        blocks.append("".join(lines[first:last]))
        at = last
    tail = _after_blanks(lines, at)
    gaps.append("".join(lines[at:tail]))
    return SequenceSource(
        head="".join(lines[:begin]),
        gaps=tuple(gaps),
        blocks=tuple(blocks),
        tail="".join(lines[tail:]),
        indent=indent,
    )


def _with_comments_above(lines: list[str], begin: int, start: int) -> int:
    while start > begin and lines[start - 1].lstrip().startswith("#"):
        start -= 1
    return start


def _with_comments_below(lines: list[str], end: int, limit: int, indent: int) -> int:
    """A comment right below a step's fields, and indented as they are, speaks of the step."""
    while end < limit and re.match(rf" {{{indent + 1},}}#", lines[end]):
        end += 1
    return end


def _after_blanks(lines: list[str], at: int) -> int:
    while at < len(lines) and not lines[at].strip():
        at += 1
    return at


def _last_line(node: Node) -> int:
    """Return the last line that a value stands on; blocks do not say it of themselves."""
    if isinstance(node, CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _last_line(last[1] if isinstance(last, tuple) else last)
    end = node.end_mark
    return int(end.line - 1 if end.column == 0 and end.line > node.start_mark.line else end.line)


def edit_block(block: str, changes: Mapping[str, str | None], order: Sequence[str]) -> str:
    """Return a step's lines with some of its fields changed; see ``edit_mapping``."""
    lines = block.splitlines(keepends=True)
    start = next(at for at, line in enumerate(lines) if not line.lstrip().startswith("#"))
    dash = lines[start].index("-")
    column = len(lines[start]) - len(lines[start][dash + 1 :].lstrip(" "))
    lines[start] = " " * column + lines[start][column:]
    inside = "".join(_dedented(each, column) for each in lines[start:])
    edited = edit_mapping(inside, changes, order).splitlines(keepends=True)
    return "".join(lines[:start]) + "".join(_as_entry(edited, indent=dash, column=column))


def _dedented(line: str, column: int) -> str:
    return line[column:] if not line[:column].strip() else line.lstrip(" ")


def _as_entry(lines: Sequence[str], *, indent: int, column: int) -> Iterator[str]:
    has_begun = False
    for line in lines:
        if has_begun:
            yield " " * column + line if line.strip() else line
        elif line.startswith("#"):
            yield " " * indent + line
        else:
            has_begun = True
            yield " " * indent + "-" + " " * (column - indent - 1) + line
