"""Two versions of a rendered email, with what each has and the other has not marked in its page.

What is removed is struck through in the old one, what is new is underlined in the new one: by
``del`` and ``ins``, which are told to those who hear a page and seen without colours.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

# Comparing takes the square of what is compared: beyond these words all between the first and the
# last that differ is marked.
_MOST_WORDS: Final = 1_200
_PIECES: Final = re.compile(
    r"(<!--.*?-->|<(?:style|title|script)\b.*?</(?:style|title|script)\s*>|<[^>]*>)",
    re.DOTALL | re.IGNORECASE,
)
_WORDS: Final = re.compile(r"(&[#\w]+;|\w+|[^\w\s])")
_SEEN_AS: Final = re.compile(r"""<(?:a|img)\b[^>]*?\b(href|src)="([^"]*)""", re.IGNORECASE)
_BODY: Final = re.compile(r"<body\b", re.IGNORECASE)
# Explicit colours: an email may be light or dark around them.
_REMOVED: Final = (
    '<del style="background:#f8dede;color:#6b1420;text-decoration:line-through">',
    "</del>",
)
_ADDED: Final = (
    '<ins style="background:#d8efdc;color:#123d1d;text-decoration:underline 2px">',
    "</ins>",
)
_FRAME: Final = "outline:3px dashed {colour}"
_STYLE: Final = re.compile(r'''\sstyle="''', re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """A piece of a page.

    Attributes:
        html: As it stands.
        word: What it is compared by; "" for what nobody reads: tags, and blanks.
    """

    html: str
    word: str = ""


def marked_difference(old: str, new: str) -> tuple[str, str]:
    """Return two pages of an email with their differences marked, the old one first.

    Args:
        old: As the compiler and the layouts made it: attributes in double quotes.
        new: Likewise.

    Returns:
        The pages: words that only one of them has are struck through or underlined, links that
        lead elsewhere and other pictures are framed.
    """
    before, after = list(_parts(old)), list(_parts(new))
    old_words = [each.word for each in before if each.word]
    new_words = [each.word for each in after if each.word]
    removed, added = _changed(old_words, new_words)
    return (
        _marked(before, removed, _REMOVED, "#a3263a"),
        _marked(after, added, _ADDED, "#2c6b3f"),
    )


def _parts(html: str) -> Iterator[_Part]:
    body = _BODY.search(html)
    start = body.start() if body else 0
    yield _Part(html=html[:start])
    for number, piece in enumerate(_PIECES.split(html[start:])):
        is_tag = number % 2 == 1
        if is_tag:
            seen = _SEEN_AS.match(piece)
            yield _Part(html=piece, word=f"{seen[1]}={seen[2]}" if seen else "")
            continue
        for place, text in enumerate(_WORDS.split(piece)):
            yield _Part(html=text, word=text if place % 2 else "")


def _changed(old: Sequence[str], new: Sequence[str]) -> tuple[set[int], set[int]]:
    """Return the places of the words that only one of the two has."""
    start = _same_words(old, new)
    end = _same_words(old[start:][::-1], new[start:][::-1])
    before, after = old[start : len(old) - end], new[start : len(new) - end]
    if len(before) + len(after) > _MOST_WORDS:
        return set(range(start, start + len(before))), set(range(start, start + len(after)))
    removed: set[int] = set()
    added: set[int] = set()
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind != "equal":
            removed.update(range(start + a, start + b))
            added.update(range(start + c, start + d))
    return removed, added


def _same_words(one: Sequence[str], other: Sequence[str]) -> int:
    """Return how many words the two begin with alike."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def _marked(parts: Sequence[_Part], changed: set[int], marks: tuple[str, str], colour: str) -> str:
    """Return a page with marks around its changed words; a run of them has one."""
    found: list[str] = []
    place, is_open = 0, False
    for part in parts:
        is_word = bool(part.word)
        is_changed = is_word and place in changed
        place += is_word
        is_tag = part.html.startswith("<")
        if is_tag or (is_word and not is_changed):
            if is_open:
                found.append(marks[1])
            is_open = False
        if is_tag:
            found.append(_tag(part.html, colour, is_changed=is_changed))
            continue
        if is_changed and not is_open:
            found.append(marks[0])
            is_open = True
        found.append(part.html)
    return "".join([*found, marks[1] if is_open else ""])


def _tag(html: str, colour: str, *, is_changed: bool) -> str:
    """Return a tag; one that leads elsewhere, or shows another picture, has a frame."""
    if not is_changed:
        return html
    frame = _FRAME.format(colour=colour)
    framed, count = _STYLE.subn(lambda found: f"{found.group()}{frame};", html, count=1)
    if count:
        return framed
    end = -2 if html.endswith("/>") else -1
    return f'{html[:end]} style="{frame}"{html[end:]}'
