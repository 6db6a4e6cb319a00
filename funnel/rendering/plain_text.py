"""Marked text made readable: lines of 72 characters, and links on lines of their own.

Sentences stay whole; a paragraph's links follow it as "Label: address". An address is never broken
(a broken one cannot be clicked), so a long one makes a long line.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

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
ITEMS = frozenset("bnc")


class Block(NamedTuple):
    """A paragraph, heading, rule or item of a list, its lines not yet broken."""

    kind: str
    prefix: str
    content: str


def readable(marked: str) -> str:
    """Return marked text, its values filled in, as the text part of an email (LF line ends)."""
    lines: list[str] = []
    before: Block | None = None
    numbers: dict[str, int] = {}
    for block in blocks(marked):
        written = lines_of(block, number_of(block, numbers))
        if not written:
            continue
        if before is not None and not are_neighbours(before, block):
            lines.append(between(before, block))
        lines.extend(written)
        before = block
    return "\n".join(lines) + "\n"


def body_of(marked: str) -> str:
    """Return only the body of marked text, without moment, button and footer, as plain words."""
    body = marked.split(BODY)[1] if BODY in marked else marked
    return readable(_LINK.sub(r"\1", body))


def blocks(marked: str) -> Iterator[Block]:
    """Yield the blocks of marked text."""
    for each in marked.replace(BODY, "").split(BLOCK)[1:]:
        yield block_of(each)


def block_of(marked: str) -> Block:
    """Return one block from what follows its ``BLOCK``."""
    kind, prefix, content = marked.split(FIELD, 2)
    return Block(kind, prefix, content)


def between(before: Block, block: Block) -> str:
    """Return the line that parts two blocks; a quotation goes on in it."""
    return block.prefix.rstrip() if block.prefix == before.prefix else ""


def are_neighbours(before: Block, block: Block) -> bool:
    """Whether two blocks stand in one list, so that no empty line parts them."""
    are_items = before.kind in ITEMS and block.kind in ITEMS
    of_two_lists = {before.kind, block.kind} == {"b", "n"} and before.prefix == block.prefix
    return are_items and not of_two_lists


def number_of(block: Block, numbers: dict[str, int]) -> int:
    """Count the numbered items of each depth; a paragraph between them begins again."""
    if block.kind not in ITEMS:
        numbers.clear()
    if block.kind == "n":
        numbers[block.prefix] = numbers.get(block.prefix, 0) + 1
    return numbers.get(block.prefix, 0)


def lines_of(block: Block, number: int) -> list[str]:
    """Return the lines of one block; ``number`` is that of its list's item."""
    if block.kind == "r":
        return [block.prefix + "---"]
    first, others = _indents(block, number)
    words, links = _without_links(block.content)
    lines: list[str] = []
    for each in words.split("\n") if words else ():
        lines.extend(_wrapped(each, others if lines else first, others))
    for label, address in links:
        lines.extend(_link_lines(label, address, first if not lines else others, others))
    if block.kind == "h" and lines:
        lines.append(others + "-" * min(len(lines[-1]) - len(others), WIDTH))
    return lines


def _indents(block: Block, number: int) -> tuple[str, str]:
    marker = {"b": "- ", "n": f"{number}. ", "c": "  "}.get(block.kind, "")
    return block.prefix + marker, block.prefix + " " * len(marker)


def _without_links(content: str) -> tuple[str, list[tuple[str, str]]]:
    """Return the words, none where they are nothing but links, and the links to write out."""
    if LINK not in content:
        return content, []
    parts = _LINK.split(content)  # words, label, target, words, ...
    targets = [each.strip().removeprefix("mailto:") for each in parts[2::3]]
    links = [
        (label, address)
        for label, address in zip(parts[1::3], targets, strict=True)
        if address and address != label
    ]
    if links and _ONLY_SEPARATORS.fullmatch("".join(parts[::3])):
        return "", links
    del parts[2::3]
    return "".join(parts), links


def _link_lines(label: str, address: str, first: str, others: str) -> list[str]:
    label = label[:1].upper() + label[1:]  # it stood inside a sentence and begins a line now
    line = f"{first}{label}: {address}"
    if len(line) <= WIDTH:
        return [line]
    return [f"{first}{label}:", others + address]


def _wrapped(text: str, first: str, others: str) -> Iterator[str]:
    rest, start = " ".join(text.split()), first
    while len(start) + len(rest) > WIDTH:
        room = max(WIDTH - len(start), 0)
        cut = rest.rfind(" ", 0, room + 1)
        if cut < 0:  # a word as long as this has a line of its own
            cut = rest.find(" ", room)
            if cut < 0:
                break
        yield start + rest[:cut]
        rest, start = rest[cut + 1 :], others
    if rest:
        yield start + rest
