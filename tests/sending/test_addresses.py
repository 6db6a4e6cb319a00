"""Addresses: an internationalised domain in ASCII, and nothing that could end a command."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from funnel.domain.errors import InvalidInputError
from funnel.domain.subscriber import normalise_address
from funnel.sending.addresses import ascii_domain, parse_address


@pytest.mark.parametrize(
    ("text", "ascii_text", "needs_smtputf8"),
    [
        ("ana@example.com", "ana@example.com", False),
        ("Ana.B+tag@EXAMPLE.com", "Ana.B+tag@example.com", False),
        ("o'neil_!#$%&*/=?^`{|}~-@example.com", "o'neil_!#$%&*/=?^`{|}~-@example.com", False),
        ("ana@münchen.de", "ana@xn--mnchen-3ya.de", False),
        ("ana@straße.de", "ana@xn--strae-oqa.de", False),  # IDNA 2003 would write to strasse.de
        ("ana@例え.jp", "ana@xn--r8jz45g.jp", False),
        ("ana@xn--mnchen-3ya.de", "ana@xn--mnchen-3ya.de", False),
        ("zoë@example.com", "zoë@example.com", True),
        ("用户@例え.jp", "用户@xn--r8jz45g.jp", True),
        ("root@localhost", "root@localhost", False),
        ('"john doe"@example.org', '"john doe"@example.org', False),
        ('"a@b"@Example.org', '"a@b"@example.org', False),
        (r'"a\"\\<b>"@example.org', r'"a\"\\<b>"@example.org', False),
        ('"zoë b"@example.org', '"zoë b"@example.org', True),
    ],
)
def test_addresses_that_mail_can_reach(text, ascii_text, needs_smtputf8):
    address = parse_address(text, field="to_address")
    assert address.text == ascii_text
    assert address.needs_smtputf8 is needs_smtputf8


@pytest.mark.parametrize(
    "text",
    [
        *("", "@", "ana", "ana@", "@example.com", "a b@example.com", "a..b@example.com", ".a@b.c"),
        *("a@b@example.com", "a@b..c", "a@-b.c", "a@b.c\n", "\na@b.c", "a\r\n@b.c", "a\0@b.c"),
        *(
            "<a@b.c>",
            "A <a@b.c>",
            "a@b.c>",
            "a@[127.0.0.1]",
            '""@c.de',
            '"a"b"@c.de',
            "a\u2028@b.c",
        ),
        *("a\x0b@b.c", "a\u202e@b.c", "a\u00a0@b.c", "a\ud800@b.c", "a@\ud800.c", "a@b c.de"),
        *("a,b@c.de", "x" * 65 + "@b.c", "é" * 33 + "@b.c", "a@" + "x" * 64 + ".de"),
        *('"a@c.de', '"a\\"@c.de', 'x"a b"@c.de', '"a\tb"@c.de', '"a\r\nRCPT TO:<x@y.z>"@c.de'),
        *('"a\0"@c.de', '"a\\\n"@c.de', '"a\u2028b"@c.de', f'"{"x" * 63}"@c.de'),
        "a@" + "xyz." * 70 + "de",
    ],
)
def test_what_is_no_address_is_refused_with_the_field(text):
    with pytest.raises(InvalidInputError) as caught:
        parse_address(text, field="to_address")
    assert caught.value.field == "to_address"


@settings(deadline=None)
@given(
    text=st.text()
    | st.from_regex(r"[^\s]{1,9}@[^\s]{1,9}\.[a-z]{2}")
    | st.from_regex(r'\A"[^a-z]{1,9}"@[a-z]{1,9}\.[a-z]{2}\Z')
)
def test_whatever_passes_is_harmless_in_a_command(text):
    try:
        address = parse_address(text, field="x")
    except InvalidInputError:
        return
    # Outside of quotes; within them a server reads it as text (RFC 5321 4.1.2).
    bare = re.sub(r'"(?:[^"\\]|\\.)*"', "q", address.text)
    assert not set(bare) & set(' <>\r\n\0\t,;:"()[]\\')
    assert address.text.isprintable()
    assert address.domain.isascii()
    assert bare.count("@") == 1
    assert parse_address(address.text, field="x") == address


@settings(deadline=None)
@given(
    local=st.text(st.sampled_from('aZ9.é用\u00a0\u202e \t"\\@<>,;()[]:=?'), min_size=1, max_size=9),
    is_quoted=st.booleans(),
)
def test_whatever_a_signup_takes_can_be_sent_to(local, is_quoted):
    try:
        email = normalise_address(f'"{local}"@example.org' if is_quoted else f"{local}@example.org")
    except InvalidInputError:
        return
    assert parse_address(email.email, field="x").text == email.email


def test_a_domain_alone_is_checked_too():
    assert ascii_domain("Bücher.example", field="message_id_domain") == "xn--bcher-kva.example"
    with pytest.raises(InvalidInputError):
        ascii_domain("", field="message_id_domain")
