"""Addresses and zones as people give them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funnel.domain.errors import InvalidInputError
from funnel.domain.subscriber import (
    ZoneChoice,
    ZoneSource,
    address_hash,
    choose_zone,
    clean_name,
    email_key,
    known_zone,
    normalise_address,
    settle_zone,
)


@pytest.mark.parametrize(
    ("given", "email", "key"),
    [
        ("jane@example.org", "jane@example.org", "jane@example.org"),
        ("  Jane@EXAMPLE.org\n", "Jane@example.org", "jane@example.org"),
        ("jane+masterclass@example.org", "jane+masterclass@example.org", None),
        ("o'neill@example.org", "o'neill@example.org", None),
        # A display name falls away, whatever it holds.
        ("Jane Doe <jane@example.org>", "jane@example.org", "jane@example.org"),
        ('"Doe, Jane" <jane@example.org>', "jane@example.org", "jane@example.org"),
        ('"Jane \\"JD\\" Doe" <jane@example.org>', "jane@example.org", None),
        ("Zoë 🌱 <zoe@example.org>", "zoe@example.org", None),
        # RFC 5321: a quoted local part; one that needs no quotes loses them.
        ('"jane doe"@example.org', '"jane doe"@example.org', '"jane doe"@example.org'),
        ('"jane"@example.org', "jane@example.org", "jane@example.org"),
        # RFC 6531: local parts of any script, composed (NFC).
        ("josé@example.org", "josé@example.org", "josé@example.org"),
        ("jose\u0301@example.org", "josé@example.org", "josé@example.org"),
        ("用户@例子.广告", "用户@例子.广告", "用户@xn--fsqu00a.xn--4rr70v"),
        # A domain keeps its script, and has one key however it is spelt.
        ("jane@münchen.de", "jane@münchen.de", "jane@xn--mnchen-3ya.de"),
        ("jane@XN--MNCHEN-3YA.de", "jane@münchen.de", "jane@xn--mnchen-3ya.de"),
        ("jane@straße.de", "jane@straße.de", "jane@xn--strae-oqa.de"),
    ],
)
def test_addresses_are_kept_as_they_are_meant(given: str, email: str, key: str | None) -> None:
    address = normalise_address(given)
    assert address.email == email
    assert address.key == (key or email)


def test_two_people_do_not_become_one() -> None:
    """Case folding would: it makes "ss" of "ß"."""
    assert email_key("strauß@example.org") != email_key("strauss@example.org")
    assert email_key("jane@straße.de") != email_key("jane@strasse.de")


@pytest.mark.parametrize(
    "given",
    [
        "",
        "jane",
        "@example.org",
        "jane@",
        "jane@localhost",
        "jane@example",
        "jane@[192.0.2.1]",
        "jane@192.0.2.1",
        "jane@example.test",
        "jane@exa_mple.org",
        "jane@example..org",
        "jane@example.org.",
        ".jane@example.org",
        "ja..ne@example.org",
        "ja ne@example.org",
        "jane@ex ample.org",
        "a@b@example.org",
        '"jane\u00a0doe"@example.org',
        "jane@example.org, bea@example.org",
        "jane@example.org\r\nBcc: bea@example.org",
        '"Doe\r\nBcc: bea@example.org" <jane@example.org>',
        "jane\x00@example.org",
        "jane\x0b@example.org",
        "jane\u202e@example.org",
        "jane\u2028@example.org",
        "mailto:jane@example.org",
        "j" * 65 + "@example.org",
        "ü" * 33 + "@example.org",  # 66 octets
        "jane@" + "a" * 64 + ".org",
        "jane@" + "a." * 130 + "org",
        "x" * 5000,
        "jane\ud800@example.org",
    ],
)
def test_what_is_no_address_is_refused_with_a_remedy(given: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        normalise_address(given)
    assert caught.value.field == "email"
    assert caught.value.remedy


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_an_error_of_ours(text: str) -> None:
    for given_text in (text, f"{text}@example.org", f"jane@{text}.org"):
        try:
            address = normalise_address(given_text)
        except InvalidInputError:
            continue
        assert address.email.isprintable()
        assert normalise_address(address.email) == address
        address.key.encode()


def test_the_hash_needs_its_key() -> None:
    assert address_hash("jane@example.org", b"a" * 32) != address_hash(
        "jane@example.org", b"b" * 32
    )


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("Ana", "Ana"),
        ("  Ana \t Maria\r\nBcc: x ", "Ana Maria Bcc: x"),
        ('Zoë "Annie" Muster, MBA 🌱', 'Zoë "Annie" Muster, MBA 🌱'),
        ("An\x00a\x07", "Ana"),
        ("x" * 300, "x" * 100),
    ],
)
def test_names_become_one_harmless_line(given: str, kept: str) -> None:
    assert clean_name(given) == kept


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        (" europe/berlin ", "Europe/Berlin"),
        ("UTC", "UTC"),
        ("asia/calcutta", "Asia/Kolkata"),
        ("Etc/GMT+5", "Etc/GMT+5"),
        ("Mars/Phobos", None),
        ("../../etc/passwd", None),
        ("localtime", None),
        ("Factory", None),
        ("", None),
        ("GMT+1 (Berlin)", None),
    ],
)
def test_zones_are_those_of_tzdata(given: str, name: str | None) -> None:
    assert known_zone(given) == name


def test_an_unknown_zone_is_kept_to_be_shown() -> None:
    assert choose_zone("Mars/Phobos\r\n", ZoneSource.FORM) == ZoneChoice(given="Mars/Phobos")
    assert choose_zone(" ", ZoneSource.FORM) == ZoneChoice()
    assert choose_zone("Asia/Tokyo", ZoneSource.FORM) == ZoneChoice(
        name="Asia/Tokyo", source=ZoneSource.FORM
    )


KNOWN = ZoneChoice(name="Asia/Tokyo", source=ZoneSource.PERSON)
GUESSED = ZoneChoice(name="America/Lima", source=ZoneSource.DEFAULT)


@pytest.mark.parametrize(
    ("case", "choice", "known", "session_zone", "name"),
    [
        ("said now", choose_zone("Europe/Paris", ZoneSource.FORM), KNOWN, "UTC", "Europe/Paris"),
        ("said before", ZoneChoice(), KNOWN, "Europe/Berlin", "Asia/Tokyo"),
        ("never said", ZoneChoice(), None, "Europe/Berlin", "Europe/Berlin"),
        ("guessed before", ZoneChoice(), GUESSED, "Europe/Berlin", "Europe/Berlin"),
        ("guessed, no session", ZoneChoice(), GUESSED, None, "America/Lima"),
        ("nothing at all", ZoneChoice(), None, None, "UTC"),
        ("unknown", ZoneChoice(given="Mars"), None, "Europe/Berlin", "Europe/Berlin"),
    ],
)
def test_the_zone_that_times_are_shown_in(
    case: str, choice: ZoneChoice, known: ZoneChoice | None, session_zone: str | None, name: str
) -> None:
    settled = settle_zone(choice, known=known, session_zone=session_zone)
    assert settled.name == name, case
    if choice.given:
        assert settled.given == choice.given
