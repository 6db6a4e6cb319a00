"""The brand's accent, made readable on white, on near-black and under the words of a button.

Contrast after WCAG 2.2, 1.4.3: at least 4.5 to 1 for text.
"""

import re
from colorsys import hls_to_rgb, rgb_to_hls
from functools import lru_cache

ACCENT = "#1F5C57"
ACCENT_ON_DARK = "#6FC2B6"
WHITE = "#FFFFFF"
BLACK = "#000000"
DARK_PAPER = "#14161A"
DARK_INK = "#0E1F1D"
READABLE = 4.5

_HEX = re.compile(r"#[0-9a-fA-F]{6}")
_SHORT_HEX = re.compile(r"#([0-9a-fA-F])([0-9a-fA-F])([0-9a-fA-F])")


def safe_colour(value: str) -> str:
    """Return ``value`` as ``#RRGGBB``; anything that is not a hex colour becomes the default.

    A colour is printed inside a style sheet, where autoescape protects nothing.
    """
    if _HEX.fullmatch(value):
        return value.upper()
    short = _SHORT_HEX.fullmatch(value)
    return "#" + "".join(2 * digit for digit in short.groups()).upper() if short else ACCENT


@lru_cache(maxsize=256)
def on_paper(value: str) -> str:
    """Return the accent for words on white: as it is where it can be read, else darkened."""
    return _until_readable(safe_colour(value), WHITE, step=-0.02)


@lru_cache(maxsize=256)
def on_dark(value: str) -> str:
    """Return the accent for dark mode: as light as words on near-black need it."""
    colour = safe_colour(value)
    if colour == ACCENT:
        return ACCENT_ON_DARK
    return _until_readable(colour, DARK_PAPER, step=0.02, least=7.0)


@lru_cache(maxsize=256)
def words_on(value: str) -> str:
    """Return white or near-black, whichever is easier to read on ``value``; else black."""
    colour = safe_colour(value)
    best = max((WHITE, DARK_INK), key=lambda ink: contrast(colour, ink))
    # On the middle greys neither is enough, and only black is.
    return best if contrast(colour, best) >= READABLE else BLACK


def contrast(one: str, other: str) -> float:
    """Return the contrast of two ``#RRGGBB`` colours, from 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _until_readable(colour: str, ground: str, *, step: float, least: float = READABLE) -> str:
    hue, lightness, saturation = rgb_to_hls(*_channels(colour))
    while contrast(colour, ground) < least and 0 <= lightness <= 1:
        lightness += step
        red, green, blue = hls_to_rgb(hue, min(max(lightness, 0), 1), saturation)
        colour = f"#{round(red * 255):02X}{round(green * 255):02X}{round(blue * 255):02X}"
    return colour


def _channels(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    return red, green, blue


def _luminance(colour: str) -> float:
    red, green, blue = (
        each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4
        for each in _channels(colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
