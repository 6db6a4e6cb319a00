"""Signed webhooks and link tokens: only what was signed gets in, whatever else comes."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from funnel.domain.errors import InvalidInputError, SignatureError
from funnel.domain.signing import (
    LinkPurpose,
    LinkTokens,
    MissingSignatureError,
    StaleSignatureError,
    WrongSignatureError,
    decode_webhook_secret,
    new_webhook_secret,
    sign_webhook,
    verify_webhook,
)

# The example that the Standard Webhooks libraries share.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - published with the examples
OTHER = "whsec_" + base64.b64encode(b"o" * 32).decode()
BODY = b'{"test": 2432232314}'
SENT_AT = datetime.fromtimestamp(1614265330, UTC)
HEADERS = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}


def signed(**changes):
    return HEADERS | {key.replace("_", "-"): value for key, value in changes.items()}


def test_signs_as_the_specification_does():
    assert (
        sign_webhook(
            BODY, webhook_id="msg_p5jXN8AQM9LWM0D4loKWxJek", sent_at=SENT_AT, secrets=[SECRET]
        )
        == HEADERS
    )


def test_verifies_what_the_specification_signed():
    verified = verify_webhook(BODY, HEADERS, secrets=[SECRET], now=SENT_AT)
    assert verified.webhook_id == "msg_p5jXN8AQM9LWM0D4loKWxJek"
    assert verified.sent_at == SENT_AT


def test_header_names_may_come_in_any_case():
    headers = {name.title(): value for name, value in HEADERS.items()}
    assert verify_webhook(BODY, headers, secrets=[SECRET], now=SENT_AT)


@pytest.mark.parametrize(
    ("case", "secrets", "signed_with"),
    [
        ("the new secret, the old one still accepted", [SECRET, OTHER], [SECRET]),
        ("the old secret, the new one already there", [OTHER, SECRET], [SECRET]),
        ("signed with both", [SECRET], [OTHER, SECRET]),
        ("a mangled secret beside a good one", ["whsec_!", SECRET], [SECRET]),
    ],
)
def test_secrets_rotate(case, secrets, signed_with):
    headers = sign_webhook(BODY, webhook_id="a", sent_at=SENT_AT, secrets=signed_with)
    assert verify_webhook(BODY, headers, secrets=secrets, now=SENT_AT).webhook_id == "a"


def test_other_schemes_beside_ours_are_ignored():
    headers = signed(webhook_signature=f"v1a,AAAA {HEADERS['webhook-signature']} v2,BBBB")
    assert verify_webhook(BODY, headers, secrets=[SECRET], now=SENT_AT)


@pytest.mark.parametrize("missing", list(HEADERS))
def test_each_header_is_needed(missing):
    headers = {name: value for name, value in HEADERS.items() if name != missing}
    with pytest.raises(MissingSignatureError, match=missing):
        verify_webhook(BODY, headers, secrets=[SECRET], now=SENT_AT)


def test_a_header_given_twice_is_refused():
    headers = HEADERS | {"Webhook-Id": "another"}
    with pytest.raises(MissingSignatureError):
        verify_webhook(BODY, headers, secrets=[SECRET], now=SENT_AT)


@pytest.mark.parametrize(
    "timestamp",
    [
        "",
        "1614265330.0",
        "1_614_265_330",
        " 1614265330",
        "+1614265330",
        "-1",
        "١٦١٤٢٦٥٣٣٠",
        "1e9",
        "01614265330",
        "9" * 40,
        "nan",
    ],
)
def test_a_timestamp_is_a_strict_integer(timestamp):
    content = f"a.{timestamp}.".encode() + BODY
    digest = hmac.digest(decode_webhook_secret(SECRET), content, hashlib.sha256)
    signature = f"v1,{base64.b64encode(digest).decode()}"
    headers = signed(webhook_id="a", webhook_timestamp=timestamp, webhook_signature=signature)
    with pytest.raises(MissingSignatureError):
        verify_webhook(BODY, headers, secrets=[SECRET], now=SENT_AT)


@pytest.mark.parametrize("webhook_id", ["", "a.b", "a b", "é", "a\n", "x" * 256])
def test_an_id_cannot_move_the_separator(webhook_id):
    with pytest.raises(MissingSignatureError):
        verify_webhook(BODY, signed(webhook_id=webhook_id), secrets=[SECRET], now=SENT_AT)
    with pytest.raises(InvalidInputError):
        sign_webhook(BODY, webhook_id=webhook_id, sent_at=SENT_AT, secrets=[SECRET])


@pytest.mark.parametrize("seconds", [-301, -300, 0, 300, 301])
def test_five_minutes_are_tolerated_both_ways(seconds):
    now = SENT_AT + timedelta(seconds=seconds)
    if abs(seconds) <= 300:
        assert verify_webhook(BODY, HEADERS, secrets=[SECRET], now=now)
    else:
        with pytest.raises(StaleSignatureError):
            verify_webhook(BODY, HEADERS, secrets=[SECRET], now=now)


@pytest.mark.parametrize(
    ("case", "body", "changes", "secrets"),
    [
        ("another body", BODY + b" ", {}, [SECRET]),
        ("another id", BODY, {"webhook_id": "msg_other"}, [SECRET]),
        ("another time", BODY, {"webhook_timestamp": "1614265331"}, [SECRET]),
        ("another secret", BODY, {}, [OTHER]),
        ("no secret at all", BODY, {}, []),
        ("an empty secret", BODY, {}, [""]),
        ("only a secret that cannot be read", BODY, {}, ["whsec_!"]),
        ("no signature in the header", BODY, {"webhook_signature": ""}, [SECRET]),
        ("an empty signature", BODY, {"webhook_signature": "v1,"}, [SECRET]),
        ("not ASCII", BODY, {"webhook_signature": "v1,é"}, [SECRET]),
        ("a lone surrogate", BODY, {"webhook_signature": "v1,\udc80"}, [SECRET]),
        (
            "the right bytes under another scheme",
            BODY,
            {"webhook_signature": HEADERS["webhook-signature"].replace("v1,", "v1a,")},
            [SECRET],
        ),
    ],
)
def test_what_does_not_fit_stays_out(case, body, changes, secrets):
    with pytest.raises(WrongSignatureError):
        verify_webhook(body, signed(**changes), secrets=secrets, now=SENT_AT)


@settings(deadline=None)
@given(
    headers=st.dictionaries(st.sampled_from([*HEADERS, "x"]), st.text(max_size=60), max_size=4),
    body=st.binary(max_size=40),
    secrets=st.lists(st.text(max_size=60), max_size=3),
)
def test_nothing_but_a_signature_error_comes_out(headers, body, secrets):
    with pytest.raises(SignatureError):
        verify_webhook(body, headers, secrets=secrets, now=SENT_AT)


@settings(deadline=None)
@given(body=st.binary(), secret=st.binary(min_size=24, max_size=64))
def test_a_signed_body_verifies(body, secret):
    text = "whsec_" + base64.b64encode(secret).decode()
    headers = sign_webhook(body, webhook_id="evt-1", sent_at=SENT_AT, secrets=[text])
    assert verify_webhook(body, headers, secrets=[text], now=SENT_AT).webhook_id == "evt-1"


def test_signing_needs_a_secret():
    with pytest.raises(InvalidInputError):
        sign_webhook(BODY, webhook_id="a", sent_at=SENT_AT, secrets=[])


def test_a_new_secret_is_long_random_and_readable():
    first, second = new_webhook_secret(), new_webhook_secret()
    assert first != second
    assert first.startswith("whsec_")
    assert len(decode_webhook_secret(first)) == 32


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_c2hvcnQ=", "whsec_!!", "geheim ü"])
def test_a_weak_or_broken_secret_is_refused(secret):
    with pytest.raises(InvalidInputError):
        decode_webhook_secret(secret)


KEY, NEXT_KEY = b"k" * 32, b"n" * 32
TARGET = UUID("0192f3c4-1111-7222-8333-444455556666")
EVERY = tuple(LinkPurpose)


@settings(deadline=None)
@given(target=st.uuids(), purpose=st.sampled_from(EVERY))
def test_a_token_brings_back_purpose_and_id(target, purpose):
    token = LinkTokens([KEY]).make(purpose, target)
    assert LinkTokens([KEY]).read(token, purposes=EVERY) == (purpose, target)


def test_a_token_is_short_safe_in_a_url_and_the_same_each_time():
    tokens = LinkTokens([KEY])
    token = tokens.make(LinkPurpose.JOIN, TARGET)
    assert len(token) == 36
    assert token.replace("-", "").replace("_", "").isalnum()
    assert tokens.make(LinkPurpose.JOIN, TARGET) == token


def test_links_of_the_old_key_stay_open_and_the_first_key_signs():
    old = LinkTokens([KEY]).make(LinkPurpose.JOIN, TARGET)
    both = LinkTokens([NEXT_KEY, KEY])
    assert both.read(old, purposes=[LinkPurpose.JOIN]) == (LinkPurpose.JOIN, TARGET)
    assert both.make(LinkPurpose.JOIN, TARGET) == LinkTokens([NEXT_KEY]).make(
        LinkPurpose.JOIN, TARGET
    )
    with pytest.raises(SignatureError):
        LinkTokens([NEXT_KEY]).read(old, purposes=EVERY)


@pytest.mark.parametrize("purpose", EVERY)
def test_a_token_opens_only_its_own_purpose(purpose):
    token = LinkTokens([KEY]).make(purpose, TARGET)
    with pytest.raises(SignatureError):
        LinkTokens([KEY]).read(token, purposes=[each for each in EVERY if each is not purpose])


def test_numbers_of_links_in_sent_emails_keep_their_meaning():
    assert {purpose.name: purpose.value for purpose in EVERY} == {
        "CONFIRM": 1,
        "PREFERENCES": 2,
        "UNSUBSCRIBE_LETTERS": 3,
        "UNSUBSCRIBE_SEAT": 4,
        "JOIN": 5,
        "REPLAY": 6,
        "CALENDAR": 7,
        "CLICK": 8,
        "OPEN": 9,
    }


def test_a_token_made_today_is_read_for_ever():
    kept = "QQGS88QREXIigzNERFVVZmbGXtRSAnYgV75V"
    assert LinkTokens([KEY]).read(kept, purposes=EVERY) == (LinkPurpose.CONFIRM, TARGET)


@settings(deadline=None)
@given(position=st.integers(0, 35), letter=st.sampled_from("ABCDEFabcdef0189-_"))
def test_one_changed_letter_closes_the_link(position, letter):
    token = LinkTokens([KEY]).make(LinkPurpose.CONFIRM, TARGET)
    forged = token[:position] + letter + token[position + 1 :]
    if forged != token:
        with pytest.raises(SignatureError):
            LinkTokens([KEY]).read(forged, purposes=EVERY)


@settings(deadline=None)
@given(length=st.integers(0, 35))
def test_a_cut_link_is_closed(length):
    token = LinkTokens([KEY]).make(LinkPurpose.CONFIRM, TARGET)
    with pytest.raises(SignatureError):
        LinkTokens([KEY]).read(token[:length], purposes=EVERY)


@pytest.mark.parametrize("tail", ["=", "\n", " ", "A", "%0a"])
def test_nothing_may_hang_on_a_link(tail):
    token = LinkTokens([KEY]).make(LinkPurpose.CONFIRM, TARGET)
    with pytest.raises(SignatureError):
        LinkTokens([KEY]).read(token + tail, purposes=EVERY)


@settings(deadline=None)
@given(token=st.text() | st.text("ABCab01-_+/=", min_size=36, max_size=36))
def test_anything_else_is_a_signature_error_and_no_other(token):
    with pytest.raises(SignatureError):
        LinkTokens([KEY]).read(token, purposes=EVERY)


@pytest.mark.parametrize("keys", [[], [b""], [b"short"], [KEY, b"short"]])
def test_weak_keys_are_refused(keys):
    with pytest.raises(InvalidInputError):
        LinkTokens(keys)


def test_keys_do_not_show():
    tokens = LinkTokens([KEY])
    assert KEY.decode() not in repr(tokens)
    assert KEY not in tokens._keys
