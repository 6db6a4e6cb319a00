"""Two texts of the same thing, passage by passage: where they agree, and what each says elsewhere.

For two people who wrote at the same time: each passage is chosen, and nothing is lost unasked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum


class Choice(StrEnum):
    """Whose words a passage gets."""

    THEIRS = "theirs"
    YOURS = "yours"
    BOTH = "both"


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """Some whole lines; where both texts agree, ``theirs`` and ``yours`` are the same."""

    theirs: tuple[str, ...]
    yours: tuple[str, ...]

    @property
    def is_shared(self) -> bool:
        """Whether both texts say the same here."""
        return self.theirs == self.yours


def passages(theirs: str, yours: str) -> tuple[Passage, ...]:
    """Return both texts in passages, in their order; put together, each side is its text again."""
    left, right = theirs.split("\n"), yours.split("\n")
    # Without "junk": it would take an empty line, of which there are many, for nothing.
    steps = SequenceMatcher(None, left, right, autojunk=False).get_opcodes()
    return tuple(
        Passage(theirs=tuple(left[a:b]), yours=tuple(right[c:d])) for _, a, b, c, d in steps
    )


def merged(found: Sequence[Passage], choices: Mapping[int, Choice]) -> str:
    """Return one text of two.

    Args:
        found: As ``passages`` gives them.
        choices: By a passage's place, from 0; what is not chosen has the words of ``yours``.
    """
    lines: list[str] = []
    for place, passage in enumerate(found):
        choice = Choice.YOURS if passage.is_shared else choices.get(place, Choice.YOURS)
        if choice is not Choice.YOURS:
            lines.extend(passage.theirs)
        if choice is not Choice.THEIRS:
            lines.extend(passage.yours)
    return "\n".join(lines)
