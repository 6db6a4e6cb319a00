import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from funnel.rendering.colours import (
    ACCENT,
    DARK_PAPER,
    WHITE,
    contrast,
    on_dark,
    on_paper,
    safe_colour,
    words_on,
)

COLOURS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


@pytest.mark.parametrize(
    ("given_colour", "expected"),
    [
        ("#1f5c57", "#1F5C57"),
        ("#abc", "#AABBCC"),
        ("teal", ACCENT),
        ("", ACCENT),
        ("#1F5C57;background:url(https://a.org)", ACCENT),
        ("#1F5C5", ACCENT),
        ("#1F5C57\n", ACCENT),
        ("#12345\N{FULLWIDTH DIGIT SIX}", ACCENT),
    ],
)
def test_only_hex_colours_pass(given_colour, expected):
    assert safe_colour(given_colour) == expected


def test_the_default_accent_is_the_one_of_the_tokens():
    assert (on_paper(ACCENT), on_dark(ACCENT), words_on(ACCENT)) == (ACCENT, "#6FC2B6", WHITE)


@settings(deadline=None)
@given(COLOURS)
def test_every_brand_can_be_read(colour):
    assert contrast(on_paper(colour), WHITE) >= 4.5
    assert contrast(on_dark(colour), DARK_PAPER) >= 4.5
    assert contrast(words_on(colour), safe_colour(colour)) >= 4.5
    assert contrast(words_on(on_dark(colour)), on_dark(colour)) >= 4.5


def test_contrast_of_black_and_white():
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
