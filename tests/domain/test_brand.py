from pathlib import Path

import pytest

from funnel.domain.brand import BrandFileError, parse_brand

SHIPPED = Path("funnel/templates/brands/default.yaml").read_text("utf-8")


def changed(old, new):
    assert old in SHIPPED
    return SHIPPED.replace(old, new)


def test_the_shipped_brand_is_whole():
    brand = parse_brand(SHIPPED, slug="default")
    assert brand.slug == "default"
    assert brand.host_first_name == "Mira"
    assert brand.logo_url == ""


@pytest.mark.parametrize(
    ("case", "field", "old", "new"),
    [
        ("unknown name", "colour", "name: Muster Coaching", "name: M\ncolour: red"),
        ("nothing in it", "name", "name: Muster Coaching", "name: ''"),
        ("a number", "name", "name: Muster Coaching", "name: 12"),
        ("no address", "from_address", "from_address: mira@example.org", "from_address: mira"),
        ("no colour", "accent", "'#1F5C57'", "teal"),
        ("a link that runs code", "booking_url", "https://example.org/talk", "javascript:alert(1)"),
        ("a list", "postal_address", "Musterstraße 1, 12345 Musterstadt", "[one, two]"),
    ],
)
def test_what_is_wrong_is_said_by_line(case, field, old, new):
    text = changed(old, new)
    with pytest.raises(BrandFileError) as caught:
        parse_brand(text, slug="default")
    assert caught.value.field == field
    at = text.splitlines()[caught.value.line - 1]
    assert at.startswith(f"{field}:")


@pytest.mark.parametrize(
    ("case", "text"),
    [
        ("missing altogether", changed("accent: '#1F5C57'", "")),
        ("not a mapping", "- one\n- two\n"),
        ("not YAML", "name: ["),
        ("empty", ""),
    ],
)
def test_a_file_that_is_no_brand_is_refused(case, text):
    with pytest.raises(BrandFileError):
        parse_brand(text, slug="default")
