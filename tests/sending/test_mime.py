"""The bytes of an email, read back by the standard library as the reference."""

import re
import textwrap
from datetime import UTC, datetime, timedelta, timezone
from email import message_from_bytes, message_from_string, policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parseaddr
from uuid import UUID

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from funnel.domain.errors import InvalidInputError
from funnel.domain.text import clean_text
from funnel.sending import mime
from funnel.sending.mailer import Attachment
from tests.sending.kit import a_calendar, an_email

MESSAGE_ID = UUID("0192f3c4-1111-7222-8333-444455556666")
CONTROLS = "\x00\x0b\x0c\r\n\x1c\x1d\x1e\x85\u2028\u2029\u202e\x7f"
TEXTS = st.text(max_size=200) | st.text(
    st.sampled_from('aZ9 ,"\\<>@=?_é漢😀\u200d' + CONTROLS), max_size=300
)


def a_file(**changes) -> Attachment:
    values = {"filename": "a", "content_type": "application/octet-stream", "content": b""}
    return Attachment(**(values | changes))


def parsed(**changes) -> EmailMessage:
    return message_from_bytes(mime.build(an_email(**changes)), policy=policy.default)


def read_mailbox(raw: bytes, header: str) -> tuple[str, str]:
    # Not by `addresses`: that keeps the blanks between encoded words in a name (RFC 2047 6.2).
    unfolded = message_from_bytes(raw, policy=policy.compat32)[header].replace("\r\n", "")
    name, address = parseaddr(unfolded)
    return str(make_header(decode_header(name))), address


def lines_of(text: str) -> list[str]:
    return re.split(
        "\r\n|\r|\n|\x85|\u2028|\u2029", re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", "", text)
    )


def assert_travels(raw: bytes, *, utf8: bool = False) -> None:
    """Check the rules of the wire on bytes, with nothing of our own code."""
    head, _, body = raw.partition(b"\r\n\r\n")
    assert b"\0" not in raw
    assert raw.replace(b"\r\n", b"").isascii() or utf8
    assert body.isascii()
    assert b"\r" not in raw.replace(b"\r\n", b"")
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert raw.endswith(b"\r\n")
    for line in head.split(b"\r\n"):
        assert line.strip(), "a folded line of blanks alone"
        if b"=?utf-8?" in line:
            assert len(line) <= 76


@pytest.mark.parametrize(
    "address", ['"john doe"@example.org', '"a@b"@example.org', r'"a\"\\b"@example.org']
)
def test_a_quoted_local_part_reads_back(address):
    for name in ("", "Zoë", "Doe, John"):
        message = parsed(to_address=address, to_name=name)
        (mailbox,) = message["To"].addresses
        assert (mailbox.addr_spec, mailbox.display_name) == (address, name)


def test_the_whole_message_as_it_travels():
    raw = mime.build(
        an_email(
            message_id=MESSAGE_ID,
            from_name="Ana Brandt, coach",
            text="Hello Zoë,\n\nsee you.",
            html="<p>Hello Zoë,</p>",
        )
    )
    expected = """\
        Date: Tue, 10 Nov 2026 08:00:00 +0000
        From: "Ana Brandt, coach" <ana@example.com>
        To: =?utf-8?b?Wm/DqyBNw7xsbGVy?= <zoe@example.org>
        Reply-To: ana@example.com
        Subject: The tables have turned
        Message-ID: <0192f3c4-1111-7222-8333-444455556666@example.com>
        MIME-Version: 1.0
        List-Unsubscribe: <https://example.com/u/abc>
        List-Unsubscribe-Post: List-Unsubscribe=One-Click
        List-Id: <letters.example.com>
        Feedback-ID: tables-turned:disruption:letters:example
        Content-Type: multipart/alternative;
         boundary="=_0192f3c4111172228333444455556666-a"

        --=_0192f3c4111172228333444455556666-a
        Content-Type: text/plain; charset=utf-8
        Content-Transfer-Encoding: quoted-printable

        Hello Zo=C3=AB,

        see you.

        --=_0192f3c4111172228333444455556666-a
        Content-Type: text/html; charset=utf-8
        Content-Transfer-Encoding: quoted-printable

        <p>Hello Zo=C3=AB,</p>

        --=_0192f3c4111172228333444455556666-a--
        """
    assert raw.decode("ascii").replace("\r\n", "\n") == textwrap.dedent(expected)


def test_the_same_email_makes_the_same_bytes():
    email = an_email(attachments=(a_calendar(),))
    assert mime.build(email) == mime.build(email)
    assert mime.build(email) != mime.build(an_email(attachments=(a_calendar(),)))


@settings(deadline=None)
@given(name=TEXTS, subject=TEXTS, text=TEXTS, html=TEXTS)
@example(name='Doe, "J" \\ O\'Neil <x@y>', subject="=?utf-8?q?evil?=", text=".", html="")
@example(name="=?utf-8?q?boss?=", subject="a " * 300, text="From me\n.\n..\n", html="=")
@example(name="👩‍👩‍👧‍👦" * 20, subject="ü" * 499, text="é" * 3000, html=" \t\n")
@example(name="a" * 199, subject="x" * 499, text="-" * 2000, html="\t \r\r\n ")
@example(name=CONTROLS, subject=CONTROLS, text=CONTROLS, html=CONTROLS)
@example(name=" " * 90 + "a", subject="\ud800", text="\udfff", html="\U0010ffff")
def test_any_text_is_read_back_as_it_was(name, subject, text, html):
    email = an_email(from_name=name, to_name=name, subject=subject, text=text, html=html)
    raw = mime.build(email)
    assert_travels(raw)
    message = message_from_bytes(raw, policy=policy.default)
    assert not message.defects
    assert message["Subject"] == clean_text(subject, limit=500)
    for header, address in (("From", "ana@example.com"), ("To", "zoe@example.org")):
        assert read_mailbox(raw, header) == (clean_text(name, limit=200), address)
        assert [each.addr_spec for each in message[header].addresses] == [address]
    for subtype, given_text in (("plain", text), ("html", html)):
        content = message.get_body((subtype,)).get_content()
        expected = [line.encode("utf-8", "replace").decode() for line in lines_of(given_text)]
        while expected and not expected[-1]:
            expected.pop()
        got = lines_of(content)
        while got and not got[-1]:
            got.pop()
        assert got == expected


def test_plain_text_comes_first_then_html():
    message = parsed()
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == [
        "text/plain",
        "text/html",
    ]


def test_files_stand_beside_the_texts():
    message = parsed(attachments=(a_calendar(),))
    assert message.get_content_type() == "multipart/mixed"
    texts, file = message.iter_parts()
    assert texts.get_content_type() == "multipart/alternative"
    assert file["Content-Type"].params == {"method": "PUBLISH", "charset": "utf-8"}
    assert file.get_filename() == "session.ics"
    assert file.get_content_disposition() == "attachment"
    assert file.get_content() == a_calendar().content.decode()
    assert message.get_body(("html",)).get_content().startswith("<p>Hello Zoë")


@settings(deadline=None)
@given(filename=TEXTS, content=st.binary(max_size=300), value=TEXTS)
@example(filename='Größe "x".ics', content=b"\r\n.\r\n", value="PUBLISH")
@example(filename="漢" * 200, content=b"", value='a"b\\c')
def test_any_file_is_read_back_as_it_was(filename, content, value):
    file = a_file(filename=filename, content=content, params=(("note", value),))
    raw = mime.build(an_email(attachments=(file,)))
    assert_travels(raw)
    (part,) = message_from_bytes(raw, policy=policy.default).iter_attachments()
    assert part.get_payload(decode=True) == content
    # Not by `get_filename`: that strips what looks like brackets of an address.
    assert part["Content-Disposition"].params["filename"] == clean_text(filename, limit=70)
    assert part["Content-Type"].params["note"] == clean_text(value, limit=70)


@pytest.mark.parametrize(
    "header",
    ["From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Reply-To", "List-Unsubscribe",
     "List-Unsubscribe-Post", "List-Id", "Feedback-ID", "Content-Type"],
)  # fmt: skip
def test_each_header_is_there_once(header):
    assert len(parsed(headers=(("X-Campaign", "a"),)).get_all(header)) == 1


def test_a_notice_has_no_list_headers():
    message = parsed(list_unsubscribe_url=None, list_id=None, feedback_id=None, reply_to=None)
    for header in ("List-Unsubscribe", "List-Unsubscribe-Post", "List-Id", "Feedback-ID"):
        assert message[header] is None
    assert message["Reply-To"] is None


def test_a_long_one_click_address_stays_in_one_piece():
    url = "https://a-very-long-brand-name.example.com/funnel/u/" + "x" * 300
    raw = mime.build(an_email(list_unsubscribe_url=url))
    assert f"List-Unsubscribe: <{url}>\r\n".encode() in raw


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        (UTC, "Tue, 10 Nov 2026 08:00:00 +0000"),
        (timezone(timedelta(hours=13)), "Mon, 09 Nov 2026 19:00:00 +0000"),
    ],
)
def test_the_date_is_written_in_utc(zone, expected):
    assert parsed(sent_at=datetime(2026, 11, 10, 8, 0, tzinfo=zone))["Date"] == expected


def test_internationalised_domains_are_ascii_on_the_wire():
    email = an_email(
        from_address="ana@bücher.example",
        to_address="zoe@例え.jp",
        message_id_domain="bücher.example",
    )
    raw = mime.build(email)
    assert_travels(raw)
    assert b"<ana@xn--bcher-kva.example>" in raw
    assert b"<zoe@xn--r8jz45g.jp>" in raw
    assert b"@xn--bcher-kva.example>\r\n" in raw
    assert not mime.needs_smtputf8(email)


def test_a_local_part_beyond_ascii_travels_as_it_is():
    email = an_email(to_address="zoë@例え.jp", to_name="Zoë")
    raw = mime.build(email)
    assert_travels(raw, utf8=True)
    assert mime.needs_smtputf8(email)
    (address,) = message_from_string(raw.decode(), policy=policy.SMTPUTF8)["To"].addresses
    assert address.addr_spec == "zoë@xn--r8jz45g.jp"
    assert address.display_name == "Zoë"


def test_headers_of_ones_own_are_added():
    message = parsed(headers=(("Auto-Submitted", "auto-generated"), ("X-Größe", "ü"))[:1])
    assert message["Auto-Submitted"] == "auto-generated"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"headers": (("From", "eve@example.net"),)}, "From"),
        ({"headers": (("bcc", "eve@example.net"),)}, "bcc"),
        ({"headers": (("List-Unsubscribe", "<https://x>"),)}, "List-Unsubscribe"),
        ({"headers": (("Content-Type", "text/plain"),)}, "Content-Type"),
        ({"headers": (("X-Größe", "1"),)}, "X-Größe"),
        ({"headers": (("X-A: b\r\nBcc", "1"),)}, "X-A: b\r\nBcc"),
        ({"headers": (("X-A", "1"), ("x-a", "2"))}, "x-a"),
        ({"message_id_domain": "exa mple"}, "message_id_domain"),
        ({"message_id_domain": "a>\r\nBcc: x"}, "message_id_domain"),
        ({"list_unsubscribe_url": "javascript:alert(1)"}, "list_unsubscribe_url"),
        ({"list_unsubscribe_url": "https://a/>, <mailto:x"}, "list_unsubscribe_url"),
        ({"list_unsubscribe_url": "https://a/" + "x" * 1000}, "List-Unsubscribe"),
        ({"list_id": "letters example"}, "list_id"),
        ({"to_address": "a@b\r\nBcc: c@d"}, "to_address"),
        ({"attachments": (a_file(content_type="x\r\ny"),)}, "attachments"),
        ({"attachments": (a_file(content_type="multipart"),)}, "attachments"),
        ({"attachments": (a_file(params=(("x y", "z"),)),)}, "attachments"),
        ({"attachments": (a_file(params=(("x\r\ny", "z"),)),)}, "attachments"),
    ],
)  # fmt: skip
def test_what_is_ours_to_get_right_is_refused_with_its_field(changes, field):
    with pytest.raises(InvalidInputError) as caught:
        mime.build(an_email(**changes))
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("case", "raw"),
    [
        ("NUL", b"From: a\r\n\r\n\0"),
        ("bare LF", b"From: a\nTo: b\r\n\r\nx\r\n"),
        ("bare CR", b"From: a\rTo: b\r\n\r\nx\r\n"),
        ("long line", b"From: " + b"a" * 999 + b"\r\n\r\nx"),
        ("8-bit header", "From: é\r\n\r\n".encode()),
        ("8-bit body", "From: a\r\n\r\né".encode()),
        ("missing headers", b"From: a\r\n\r\nx"),
        ("two Froms", b"From: a\r\nFrom: b\r\nTo: c\r\nSubject: d\r\nDate: e\r\nMessage-ID: f\r\n"
         b"MIME-Version: 1.0\r\n\r\nx"),
    ],
)  # fmt: skip
def test_the_last_look_at_the_bytes_finds(case, raw):
    head, end, body = raw.partition(b"\r\n\r\n")
    with pytest.raises(InvalidInputError):
        mime._check(head + end, body, utf8=False)


@pytest.mark.parametrize("field", ["sent_at", "planned_at"])
def test_naive_moments_are_refused(field):
    with pytest.raises(ValueError, match="aware"):
        an_email(**{field: datetime(2026, 11, 10)})  # noqa: DTZ001 - the naive moment is the case
