"""DKIM against another's reading of it (dkimpy): what we sign verifies, and nothing can change."""

import subprocess
from datetime import timedelta

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from funnel.domain.errors import InvalidInputError
from funnel.sending import mime
from funnel.sending.dkim import DkimKey, DkimSigner, canonical_body, load_keys
from tests.sending.kit import a_calendar, an_email

RSA = DkimKey(selector="r2026a", domain="example.com", key=rsa.generate_private_key(65537, 2048))
ED = DkimKey(selector="e2026a", domain="example.com", key=ed25519.Ed25519PrivateKey.generate())
BOTH = DkimSigner([RSA, ED])


def dns(*keys):
    shown = {f"{each.record_name}.".encode(): each.record.encode() for each in keys}
    return lambda name, timeout=5: shown.get(name)


def verifies(raw: bytes, *, index: int = 0, keys=(RSA, ED)) -> bool:
    try:
        return dkim.DKIM(raw).verify(idx=index, dnsfunc=dns(*keys))
    except dkim.DKIMException:
        return False


def signed(signer=BOTH, **changes) -> bytes:
    return signer.sign(mime.build(an_email(**changes)), "example.com")


@pytest.mark.parametrize("index", [0, 1])
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"attachments": (a_calendar(),)},
        {"text": "two  blanks \t and tabs\t\n\n  at the start \n\n\n\n", "html": "<pre>a  b</pre>"},
        {"subject": "Größe " * 40, "to_name": "Zoë " * 30},
        {"list_unsubscribe_url": None, "list_id": None, "feedback_id": None, "reply_to": None},
    ],
    ids=["letter", "file", "blanks", "long", "notice"],
)
def test_what_is_signed_verifies(changes, index):
    assert verifies(signed(**changes), index=index)


@settings(max_examples=40, deadline=timedelta(seconds=5))
@given(text=st.text(), subject=st.text(max_size=200))
def test_any_text_verifies(text, subject):
    raw = signed(DkimSigner([ED]), text=text, html=text, subject=subject)
    assert verifies(raw)
    assert b"\n." not in raw  # it is sent as it stands


@given(body=st.text("ab \t\r\n", max_size=60))
def test_bodies_are_canonicalised_as_others_do(body):
    lines = "\r\n".join([*body.replace("\r", "").split("\n"), ""]).encode()
    theirs = dkim.canonicalization.Relaxed.canonicalize_body(lines)
    ours = canonical_body(lines)
    assert ours == theirs or (not ours and theirs in {b"", b"\r\n"})


def test_all_that_is_shown_or_acted_on_is_covered():
    head = signed().decode()
    covered = head.partition("h=")[2].partition(";")[0]
    names = [each.strip() for each in covered.split(":")]
    assert names.count("from") == 2
    assert {
        "to", "subject", "date", "message-id", "mime-version", "content-type", "reply-to",
        "list-unsubscribe", "list-unsubscribe-post", "list-id", "feedback-id",
    } <= set(names)  # fmt: skip


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        (b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n", b""),
        (b"https://example.com/u/abc", b"https://example.net/u/abc"),
        (b"\r\nSubject: ", b"\r\nSubject: not "),
        (b"have a look", b"have a lock"),
        (b"\r\nTo: ", b"\r\nFrom: eve@example.net\r\nTo: "),
    ],
    ids=["one-click", "link", "subject", "body", "second-from"],
)
def test_what_is_changed_does_not_verify(was, becomes):
    raw = signed()
    assert was in raw
    assert verifies(raw)
    assert not verifies(raw.replace(was, becomes))


def test_the_same_email_is_signed_by_the_same_bytes():
    email = an_email()
    raw = mime.build(email)
    assert BOTH.sign(raw, "example.com") == BOTH.sign(raw, "example.com")


def test_lines_stay_within_what_headers_may_have():
    raw = signed()
    head = raw.partition(b"\r\n\r\n")[0]
    assert max(map(len, head.split(b"\r\n"))) <= 100
    assert raw.count(b"\n") == raw.count(b"\r\n")


@pytest.mark.parametrize(
    ("domain", "count"),
    [("example.com", 2), ("news.example.com", 2), ("example.org", 0), ("badexample.com", 0)],
)
def test_only_a_sender_of_the_domain_is_signed_for(domain, count):
    raw = mime.build(an_email())
    assert BOTH.sign(raw, domain).count(b"DKIM-Signature:") == count
    assert BOTH.sign(raw, domain).endswith(raw)


def pem(key) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def test_keys_come_from_files_in_rotation(tmp_path):
    files = [tmp_path / "old.pem", tmp_path / "new.pem"]
    for file, key in zip(files, (RSA, ED), strict=True):
        file.write_bytes(pem(key.key))
    keys = load_keys(["r2026a", "e2026a"], "Example.com", files)
    assert [each.record for each in keys] == [RSA.record, ED.record]
    assert [each.algorithm for each in keys] == ["rsa-sha256", "ed25519-sha256"]
    raw = DkimSigner(keys).sign(mime.build(an_email()), "example.com")
    assert verifies(raw)
    assert verifies(raw, index=1)


def test_a_key_made_as_the_guide_says_is_read(tmp_path):
    for name, command in (
        ("rsa", ["genrsa", "-out"]),
        ("ed", ["genpkey", "-algorithm", "ed25519", "-out"]),
    ):
        subprocess.run(  # noqa: S603 - fixed arguments
            ["openssl", *command, str(tmp_path / name)],  # noqa: S607 - as a person types it
            check=True,
            capture_output=True,
        )
        (key,) = load_keys(["s1"], "example.com", [tmp_path / name])
        assert verifies(DkimSigner([key]).sign(mime.build(an_email()), "example.com"), keys=[key])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be read"),
        (b"nothing of a key", "no private key"),
        (pem(rsa.generate_private_key(65537, 1024)), "1024 bits"),  # noqa: S505 - on purpose
        (pem(ec.generate_private_key(ec.SECP256R1())), "neither RSA nor Ed25519"),
    ],
    ids=["missing", "garbage", "short", "other"],
)
def test_a_key_that_cannot_sign_is_explained(tmp_path, content, words):
    file = tmp_path / "key.pem"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(InvalidInputError, match=words) as caught:
        load_keys(["s1"], "example.com", [file])
    assert caught.value.remedy
    assert caught.value.field == "FUNNEL_DKIM_KEY_FILE"


@pytest.mark.parametrize(
    ("selectors", "domain", "count", "field"),
    [
        (["s1"], "example.com", 2, "FUNNEL_DKIM_SELECTOR"),
        (["s1"], "", 1, "FUNNEL_DKIM_DOMAIN"),
        (["s 1"], "example.com", 1, "FUNNEL_DKIM_SELECTOR"),
    ],
)
def test_settings_that_do_not_fit_are_explained(tmp_path, selectors, domain, count, field):
    with pytest.raises(InvalidInputError) as caught:
        load_keys(selectors, domain, [tmp_path / "key.pem"] * count)
    assert caught.value.field == field


def test_without_keys_nothing_is_signed():
    assert load_keys([], "", []) == ()
    raw = mime.build(an_email())
    assert DkimSigner([]).sign(raw, "example.com") == raw
