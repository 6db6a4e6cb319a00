"""Marked text made readable: lines of 72 characters, and links on lines of their own.

Sentences stay whole; a paragraph's links follow it as "Label: address". An address is never broken
(a broken one cannot be clicked), so a long one makes a long line.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from funnel.rendering.text_part import (
    BLOCK,
    BODY,
    END,
    FIELD,
    LINK,
    TARGET,
    WIDTH,
)

_LINK = re.compile(f"{LINK}([^{TARGET}]*){TARGET}([^{END}]*){END}")
_ONLY_SEPARATORS = re.compile(r"[\s·|,]*")
_ITEMS = frozenset("bnc")


@dataclass(frozen=True, slots=True)
class _Block:
    kind: str
    prefix: str
    content: str


def readable(marked: str) -> str:
    """Return marked text, its values filled in, as the text part of an email (LF line ends)."""
    lines: list[str] = []
    before: _Block | None = None
    numbers: dict[str, int] = {}
    for block in _blocks(marked):
        written = _written(block, _number(block, numbers))
        if not written:
            continue
        if before is not None and not _are_neighbours(before, block):
            lines.append(block.prefix.rstrip() if block.prefix == before.prefix else "")
        lines.extend(written)
        before = block
    return "\n".join(lines) + "\n"


def body_of(marked: str) -> str:
    """Return only the body of marked text, without moment, button and footer, as plain words."""
    body = marked.split(BODY)[1] if BODY in marked else marked
    return readable(_LINK.sub(r"\1", body))


def _blocks(marked: str) -> Iterator[_Block]:
    for each in marked.replace(BODY, "").split(BLOCK)[1:]:
        kind, prefix, content = each.split(FIELD, 2)
        yield _Block(kind, prefix, content)


def _are_neighbours(before: _Block, block: _Block) -> bool:
    """Whether two blocks stand in one list, so that no empty line parts them."""
    are_items = before.kind in _ITEMS and block.kind in _ITEMS
    of_two_lists = {before.kind, block.kind} == {"b", "n"} and before.prefix == block.prefix
    return are_items and not of_two_lists


def _number(block: _Block, numbers: dict[str, int]) -> int:
    """Count the numbered items of each depth; a paragraph between them begins again."""
    if block.kind not in _ITEMS:
        numbers.clear()
    if block.kind == "n":
        numbers[block.prefix] = numbers.get(block.prefix, 0) + 1
    return numbers.get(block.prefix, 0)


def _written(block: _Block, number: int) -> list[str]:
    if block.kind == "r":
        return [block.prefix + "---"]
    first, others = _indents(block, number)
    words, links = _without_links(block.content)
    lines: list[str] = []
    for each in words.split("\n"):
        lines.extend(_wrapped(each, others if lines else first, others))
    if links and _ONLY_SEPARATORS.fullmatch(_LINK.sub("", block.content)):
        lines = []
    for label, address in links:
        lines.extend(_link_lines(label, address, first if not lines else others, others))
    if block.kind == "h" and lines:
        lines.append(others + "-" * min(len(lines[-1]) - len(others), WIDTH))
    return lines


def _indents(block: _Block, number: int) -> tuple[str, str]:
    marker = {"b": "- ", "n": f"{number}. ", "c": "  "}.get(block.kind, "")
    return block.prefix + marker, block.prefix + " " * len(marker)


def _without_links(content: str) -> tuple[str, list[tuple[str, str]]]:
    links = [
        (label, address)
        for label, target in _LINK.findall(content)
        if (address := target.strip().removeprefix("mailto:")) and address != label
    ]
    return _LINK.sub(r"\1", content), links


def _link_lines(label: str, address: str, first: str, others: str) -> list[str]:
    label = label[:1].upper() + label[1:]  # it stood inside a sentence and begins a line now
    line = f"{first}{label}: {address}"
    if len(line) <= WIDTH:
        return [line]
    return [f"{first}{label}:", others + address]


def _wrapped(text: str, first: str, others: str) -> Iterator[str]:
    line, is_empty = first, True
    for word in text.split():
        if not is_empty and len(line) + 1 + len(word) > WIDTH:
            yield line
            line, is_empty = others, True
        line = line + word if is_empty else f"{line} {word}"
        is_empty = False
    if not is_empty:
        yield line
