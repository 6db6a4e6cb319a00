from dataclasses import replace
from pathlib import Path

import pytest

from funnel.domain.brand_file import parse_brand
from funnel.domain.readiness import (
    CheckState,
    check_base_url,
    check_brand,
    check_demo,
    check_link_keys,
)

SHIPPED = parse_brand(Path("funnel/templates/brands/default.yaml").read_text("utf-8"), slug="x")
REAL = replace(
    SHIPPED,
    postal_address="Hafenweg 3, 20457 Hamburg",
    from_address="ana@kontor.de",
    reply_to="ana@kontor.de",
)
LONG_KEY = "0123456789abcdefghijklmnopqrstuvwxyz"


@pytest.mark.parametrize(
    ("url", "state"),
    [
        ("https://seats.kontor.de", CheckState.RIGHT),
        ("https://seats.kontor.de/", CheckState.RIGHT),
        ("http://seats.kontor.de", CheckState.WRONG),
        ("https://localhost", CheckState.WRONG),
        ("https://127.0.0.1:8000", CheckState.WRONG),
        ("https://kontor.de/funnel", CheckState.WRONG),
        ("seats.kontor.de", CheckState.WRONG),
    ],
)
def test_base_url(url, state):
    assert check_base_url(url).state is state


@pytest.mark.parametrize(
    ("keys", "state"),
    [
        ((LONG_KEY,), CheckState.RIGHT),
        ((LONG_KEY, LONG_KEY[::-1]), CheckState.RIGHT),
        ((), CheckState.WRONG),
        ((LONG_KEY, "k-9x!"), CheckState.WRONG),
        (("a" * 40,), CheckState.WRONG),
    ],
)
def test_link_keys_are_judged_and_never_shown(keys, state):
    check = check_link_keys(keys)
    assert check.state is state
    assert not any(key in f"{check.found} {check.remedy}" for key in keys)


def test_the_made_up_sender_is_wrong_and_a_real_one_is_right():
    assert {each.state for each in check_brand(SHIPPED)} == {CheckState.WRONG}
    assert {each.state for each in check_brand(REAL)} == {CheckState.RIGHT}


def test_a_reply_address_that_is_an_example_is_wrong():
    states = [each.state for each in check_brand(replace(REAL, reply_to="ana@mail.example"))]
    assert states == [CheckState.RIGHT, CheckState.WRONG]


def test_the_demo_is_wrong_only_when_it_is_on():
    assert check_demo(is_demo=True).state is CheckState.WRONG
    assert check_demo(is_demo=False).state is CheckState.RIGHT
