import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from funnel.domain.text import clean_text

ANY_TEXT = st.text(st.characters(), max_size=60)  # lone surrogates included
NASTY_TEXT = st.text(
    st.sampled_from(
        "ab é \r\n\t\x00\x0b\x0c\x1c\x1e\x7f\x85\u00a0\u2028\u2029\u202e\u2066"
        "\u200b\u200c\u200d\u2060\ufeff"
        "\u0301\u0645\u0627\U0001f469\U0001f4bb\ufe0f\ud800\u3164\ufffe\ue000"
    ),
    max_size=30,
)

PERSIAN = "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"  # "I want"


@pytest.mark.parametrize(
    ("case", "given_text", "expected"),
    [
        ("a plain name stays", "Ana Beispiel", "Ana Beispiel"),
        ("a header cannot be smuggled in", "Ana\r\nBcc: x@example.org", "Ana Bcc: x@example.org"),
        (
            "separators that break EmailMessage",
            "a\x0bb\x0cc\x1cd\x85e\u2028f\u2029g",
            "a b c d e f g",
        ),
        ("NUL", "A\x00na", "Ana"),
        ("a control character between blanks leaves one", "a \x00 b", "a b"),
        ("blanks are made one, and none at the ends", "  Ana \t  Maria ", "Ana Maria"),
        ("no-break and ideographic spaces", "Ana\u00a0Maria\u3000X", "Ana Maria X"),
        ("accents are composed", "Zoe\u0308", "Zoë"),
        ("an accent parted from its letter", "e\u200b\u0301", "é"),
        ("direction", "\u202eanA\u202c \u2066x\u2069", "anA x"),
        ("zero width", "A\u200bn\u2060a\ufeff", "Ana"),
        ("a name of nothing", "\u3164\u2800\u115f", ""),
        ("joiners are spelling in Persian", PERSIAN, PERSIAN),
        ("and glue in emoji", "👩\u200d💻", "👩\u200d💻"),
        ("but nothing between Latin letters", "A\u200dn\u200ca", "Ana"),
        ("nor at an end", "👩\u200d", "👩"),
        ("soft hyphen", "Ana\u00adlena", "Analena"),
        ("lone surrogate, private, no character", "A\ud800\ue000\ufffen", "An"),
        ("an emoji newer than this Python", "Ana \U0001fae8", "Ana \U0001fae8"),
        ("quotes and angles are not its business", "<b>'\"&", "<b>'\"&"),
    ],
)
def test_clean_text(case, given_text, expected):
    assert clean_text(given_text, limit=100) == expected


def test_what_is_too_long_is_cut_without_a_blank_at_the_end():
    assert clean_text("Ana Maria", limit=4) == "Ana"
    assert clean_text("👩\u200d💻", limit=2) == "👩"


@settings(deadline=None)
@given(ANY_TEXT | NASTY_TEXT, st.integers(0, 40))
@example("a\u0300 \u200d \r\n", 3)
def test_the_result_is_one_short_harmless_line(text, limit):
    cleaned = clean_text(text, limit=limit)
    assert len(cleaned) <= limit
    assert len(cleaned.splitlines()) <= 1
    assert unicodedata.is_normalized("NFC", cleaned)
    assert cleaned == cleaned.strip()
    assert "  " not in cleaned
    forbidden = {"Cc", "Cs", "Co", "Zl", "Zp"}
    assert not forbidden & {unicodedata.category(each) for each in cleaned}
    assert not set(
        "\u200b\u2060\ufeff\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    ) & set(cleaned)
    cleaned.encode()  # no lone surrogate is left


@settings(deadline=None)
@given(ANY_TEXT | NASTY_TEXT, st.integers(0, 40))
def test_cleaning_twice_changes_nothing(text, limit):
    once = clean_text(text, limit=limit)
    assert clean_text(once, limit=limit) == once


@settings(deadline=None)
@given(st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=20))
def test_letters_and_figures_of_every_script_stay(text):
    composed = unicodedata.normalize("NFC", text)
    blanks = set("\u115f\u1160\u3164\uffa0")
    assert clean_text(text, limit=100) == "".join(c for c in composed if c not in blanks)
