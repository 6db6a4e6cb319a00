"""What one text says otherwise than another: line by line, and in a changed line word by word."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

# Comparing takes the square of what is compared: beyond these, all is called changed.
_MOST_LINES = 4_000
_MOST_WORDS = 1_000
_ALIKE = 0.4  # of the words; below that, two lines are not one line that changed
_WORDS = re.compile(r"\s+|\w+|[^\w\s]")


class LineKind(StrEnum):
    """What became of a line."""

    SAME = "same"
    CHANGED = "changed"
    REMOVED = "removed"
    ADDED = "added"


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Some words of a line; ``is_changed``: the other line has not got them."""

    text: str
    is_changed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LineDifference:
    """One line in both texts.

    Attributes:
        old_number: Its number in the first text, from 1; ``None`` where it was added.
        new_number: In the second; ``None`` where it was removed.
        old: The first text's line in pieces; empty where it was added.
        new: The second text's.
    """

    kind: LineKind
    old_number: int | None
    new_number: int | None
    old: tuple[Piece, ...] = ()
    new: tuple[Piece, ...] = ()


def text_difference(old: str, new: str) -> tuple[LineDifference, ...]:
    """Return every line of two texts, in order, with what became of it."""
    before, after = old.split("\n"), new.split("\n")
    if len(before) + len(after) > _MOST_LINES:
        return tuple(_replaced(before, after, 0, 0)) if old != new else tuple(_same(before, 0, 0))
    found: list[LineDifference] = []
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind == "equal":
            found.extend(_same(before[a:b], a, c))
        else:
            found.extend(_replaced(before[a:b], after[c:d], a, c))
    return tuple(found)


def differs(lines: Sequence[LineDifference]) -> bool:
    """Return whether two texts are not the same."""
    return any(each.kind is not LineKind.SAME for each in lines)


def _same(lines: Sequence[str], old: int, new: int) -> Iterator[LineDifference]:
    for offset, line in enumerate(lines, start=1):
        piece = (Piece(text=line),)
        yield LineDifference(
            kind=LineKind.SAME,
            old_number=old + offset,
            new_number=new + offset,
            old=piece,
            new=piece,
        )


def _replaced(
    before: Sequence[str], after: Sequence[str], old: int, new: int
) -> Iterator[LineDifference]:
    """Pair lines by their places: a paragraph is one line, and it is edited where it stands."""
    for offset in range(max(len(before), len(after))):
        one = before[offset] if offset < len(before) else None
        other = after[offset] if offset < len(after) else None
        if one is not None and one == other:
            yield from _same([one], old + offset, new + offset)
            continue
        pieces = None if one is None or other is None else _pieces(one, other)
        if pieces is not None:
            yield LineDifference(
                kind=LineKind.CHANGED,
                old_number=old + offset + 1,
                new_number=new + offset + 1,
                old=pieces[0],
                new=pieces[1],
            )
            continue
        if one is not None:
            yield _alone(LineKind.REMOVED, one, old + offset + 1)
        if other is not None:
            yield _alone(LineKind.ADDED, other, new + offset + 1)


def _alone(kind: LineKind, line: str, number: int) -> LineDifference:
    piece = (Piece(text=line, is_changed=True),)
    if kind is LineKind.REMOVED:
        return LineDifference(kind=kind, old_number=number, new_number=None, old=piece)
    return LineDifference(kind=kind, old_number=None, new_number=number, new=piece)


def _pieces(one: str, other: str) -> tuple[tuple[Piece, ...], tuple[Piece, ...]] | None:
    """Return both lines cut where they part; ``None``: they have too little in common."""
    before, after = _WORDS.findall(one), _WORDS.findall(other)
    if len(before) + len(after) > _MOST_WORDS:
        return None
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    if matcher.ratio() < _ALIKE:
        return None
    old: list[Piece] = []
    new: list[Piece] = []
    for kind, a, b, c, d in matcher.get_opcodes():
        is_changed = kind != "equal"
        if a < b:
            old.append(Piece(text="".join(before[a:b]), is_changed=is_changed))
        if c < d:
            new.append(Piece(text="".join(after[c:d]), is_changed=is_changed))
    return tuple(old), tuple(new)
