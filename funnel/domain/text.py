"""Text that came from outside, made safe to print in a header, a subject, a page or a file."""

import re
import unicodedata

# Letters and signs that show nothing, though Unicode calls them letters, marks or symbols: used to
# fake an empty or doubled name. Hangul fillers, combining grapheme joiner, braille blank, and the
# Khmer vowels that are never shown.
_BLANKS = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
_HAS_BLANK = re.compile(f"[{_BLANKS}]")

# The two joiners are spelling in Persian, Hindi or Sinhala and glue in a family emoji, so they stay
# between two characters of such scripts (after RFC 5892, appendix A.1 and A.2) and go elsewhere.
_JOINERS = "\u200c\u200d"
_LOOSE_JOINER = re.compile(
    f"(?<![\u0600-\U0010ffff])[{_JOINERS}]|[{_JOINERS}](?![\u0600-\U0010ffff])"
)
_SPACES = re.compile(" +")
_DOUBLED_JOINER = re.compile(f"([{_JOINERS}])[{_JOINERS}]+")

# Format characters (Cf) that are visible signs in front of Arabic, Syriac or Kaithi numbers.
_VISIBLE_FORMATS = frozenset(
    "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
)
_SPACE_CATEGORIES = frozenset({"Zs", "Zl", "Zp"})
_DROPPED_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co"})


def clean_text(value: str, *, limit: int) -> str:
    """Return ``value`` as one harmless line of at most ``limit`` characters.

    Line breaks, tabs and every kind of separator become single spaces; control, direction,
    zero-width and private characters, lone surrogates and non-characters go; the rest is composed
    (NFC). Running it again changes nothing.

    Args:
        value: Any text, a name from a form for instance.
        limit: Longest result in characters; what is longer is cut, without an ellipsis.
    """
    if value.isascii():
        # The common case costs a fraction of a microsecond: every merge value comes through here.
        if not value.isprintable() or "  " in value:
            value = " ".join(filter(None, map(_without_controls, value.split())))
    elif not _is_clean(value):
        value = _cleaned(value)
    return value.strip()[:limit].rstrip(" " + _JOINERS)


def clean_lines(value: str) -> str:
    """Return ``value`` as harmless lines: each as ``clean_text`` makes it, one empty between two.

    Of no limit: whoever keeps it says what is too long.
    """
    lines = [clean_text(each, limit=len(each)) for each in value.splitlines()]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _is_clean(value: str) -> bool:
    return (
        value.isprintable()
        and "  " not in value
        and unicodedata.is_normalized("NFC", value)
        and _HAS_BLANK.search(value) is None
    )


def _cleaned(value: str) -> str:
    kept = "".join(map(_kept, value))
    kept = _DOUBLED_JOINER.sub(r"\1", kept)
    kept = _LOOSE_JOINER.sub("", kept)
    # Composed last: what stood between a letter and its accent may just have gone.
    return unicodedata.normalize("NFC", _SPACES.sub(" ", kept)).strip()


def _kept(character: str) -> str:
    if character.isspace() or unicodedata.category(character) in _SPACE_CATEGORIES:
        return " "
    if character in _BLANKS or _is_noncharacter(character):
        return ""
    if character in _JOINERS or character in _VISIBLE_FORMATS:
        return character
    # Unassigned code points (Cn) stay: this Python's table is older than this year's emoji.
    return "" if unicodedata.category(character) in _DROPPED_CATEGORIES else character


def _without_controls(word: str) -> str:
    return "".join(filter(str.isprintable, word))


def _is_noncharacter(character: str) -> bool:
    code = ord(character)
    return code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF
