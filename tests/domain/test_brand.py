from pathlib import Path

import pytest

from funnel.domain.brand import check_brand_values, value_problem
from funnel.domain.brand_file import BrandFileError, parse_brand
from funnel.domain.links import web_origin
from funnel.domain.mistakes import InvalidFormError

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
    (problem,) = caught.value.problems
    at = text.splitlines()[problem.line - 1]
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


def test_every_mistake_is_said_at_once():
    text = changed("from_address: mira@example.org", "from_address: mira")
    text = text.replace("name: Muster Coaching", "name: ''", 1).replace("'#1F5C57'", "teal")
    with pytest.raises(BrandFileError) as caught:
        parse_brand(f"{text}colour: red\n", slug="default")
    assert len(caught.value.problems) == 4
    with pytest.raises(InvalidFormError) as heard:
        check_brand_values({"name": "", "accent": "teal", "reply_to": "mira"})
    fields = {each.field for each in heard.value.errors}
    assert {"name", "accent", "reply_to", "host_name", "postal_address"} <= fields


@pytest.mark.parametrize(
    ("case", "text"),
    [
        ("a long value", changed("name: Muster Coaching", f"name: {'x' * 501}")),
        ("a long file", f"{SHIPPED}# {'x' * 300_000}\n"),
        ("nested without end", f"name: {'[' * 5_000}"),
        ("aliases that grow", "a: &a [x, x]\nb: &b [*a, *a]\nname: *b\n"),
        ("twice", f"{SHIPPED}name: Another\n"),
    ],
)
def test_a_file_is_bounded(case, text):
    with pytest.raises(BrandFileError) as caught:
        parse_brand(text, slug="default")
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("https://example.org/x", "https://example.org"),
        ("https://Example.org:8443/x?y#z", "https://example.org:8443"),
        ("https://日本.example/x.png", "https://xn--wgv71a.example"),
        ("http://[::1]/x", "http://[::1]"),
        ("https://[x/y.png", None),
        ("https://[::1/x", None),
        ("https://e.example;script-src-elem;sandbox/a.png", None),
        ("https://a.example,*/", None),
        ("https://user:word@example.org/", None),
        ("https://example.org:port/", None),
        ("https:///nowhere", None),
        ("javascript:alert(1)", None),
    ],
)
def test_only_what_leads_somewhere_is_an_address_and_headers_can_hold_it(address, origin):
    assert web_origin(address) == origin
    assert (value_problem("logo_url", address) == "") is (origin is not None)
