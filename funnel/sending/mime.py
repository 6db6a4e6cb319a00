"""From an ``OutgoingEmail`` to the bytes that travel (RFC 5322, 2045, 2047, 8058).

The same email always makes the same bytes: boundary, Message-ID and Date come from its own
fields. Bodies are quoted-printable and files base64, so the message is 7-bit and no relay has a
reason to touch it.
"""

import base64
import re
from datetime import UTC
from email.utils import format_datetime

from funnel.domain.errors import InvalidInputError
from funnel.domain.quoted_text import QuotedText, quoted
from funnel.sending.addresses import ascii_domain, parse_address
from funnel.sending.headers import (
    LONGEST_LINE,
    HeaderBlock,
    mailbox_tokens,
    parameter,
    text_tokens,
)
from funnel.sending.mailer import Attachment, OutgoingEmail

_CRLF = b"\r\n"
_WEB_ADDRESS = re.compile(r"https?://[!-;=?-~]+")  # visible ASCII without the brackets round it
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*")
_PARAMETER_NAME = re.compile(r"[a-z][a-z0-9-]*")

_OURS = re.compile(
    r"(from|sender|to|cc|bcc|subject|date|message-id|mime-version|reply-to|return-path|received"
    r"|list-.*|feedback-id|content-.*|dkim-.*|resent-.*)",
    re.IGNORECASE,
)
_EXACTLY_ONE = (b"from", b"to", b"subject", b"date", b"message-id", b"mime-version")


def build(email: OutgoingEmail) -> bytes:
    """Return the whole message: CRLF lines of at most 998 octets, without dot-stuffing.

    Raises:
        InvalidInputError: An address, a link or an extra header that cannot be in a message.
    """
    utf8 = needs_smtputf8(email)
    content_type, body = _content(email)
    raw = _headers(email, content_type, utf8=utf8).serialise() + body
    _check(raw, utf8=utf8)
    return raw


def on_the_wire(raw: bytes) -> bytes:
    """Return a message as DATA carries it, without the final dot (RFC 5321 4.5.2).

    No line that ``build`` makes begins with a full stop, so its own bytes come back.
    """
    if b"\n." not in raw and not raw.startswith(b"."):
        return raw
    stuffed = raw.replace(b"\n.", b"\n..")
    return b"." + stuffed if stuffed.startswith(b".") else stuffed


def needs_smtputf8(email: OutgoingEmail) -> bool:
    """Return whether an address in it has no ASCII form, so that only RFC 6531 can carry it."""
    texts = (email.from_address, email.to_address, email.reply_to or "")
    return any(not text.rpartition("@")[0].isascii() for text in texts)


def _headers(email: OutgoingEmail, content_type: tuple[str, ...], *, utf8: bool) -> HeaderBlock:
    headers = HeaderBlock(utf8=utf8)
    sender = parse_address(email.from_address, field="from_address")
    recipient = parse_address(email.to_address, field="to_address")
    domain = ascii_domain(email.message_id_domain, field="message_id_domain")
    headers.set("Date", *format_datetime(email.sent_at.astimezone(UTC)).split(" "))
    headers.set("From", *mailbox_tokens(email.from_name, sender))
    headers.set("To", *mailbox_tokens(email.to_name, recipient))
    if email.reply_to is not None:
        headers.set("Reply-To", parse_address(email.reply_to, field="reply_to").text)
    headers.set("Subject", *text_tokens(email.subject))
    headers.set("Message-ID", f"<{email.message_id}@{domain}>")
    headers.set("MIME-Version", "1.0")
    _set_list_headers(headers, email)
    for name, value in email.headers:
        if _OURS.fullmatch(name):
            raise InvalidInputError("this header is set from a field of its own", field=name)
        headers.set(name, *text_tokens(value))
    headers.set("Content-Type", *content_type)
    return headers


def _set_list_headers(headers: HeaderBlock, email: OutgoingEmail) -> None:
    if email.list_unsubscribe_url is not None:
        if not _WEB_ADDRESS.fullmatch(email.list_unsubscribe_url):
            raise InvalidInputError("no web address", field="list_unsubscribe_url")
        headers.set("List-Unsubscribe", f"<{email.list_unsubscribe_url}>")
        headers.set("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
    if email.list_id is not None:
        headers.set("List-Id", f"<{ascii_domain(email.list_id, field='list_id')}>")
    if email.feedback_id is not None:
        headers.set("Feedback-ID", *text_tokens(email.feedback_id))


def _content(email: OutgoingEmail) -> tuple[tuple[str, ...], bytes]:
    # The plain part comes first: a reader shows the last part that it can (RFC 2046 5.1.4).
    texts = [_text_part("plain", email.text), _text_part("html", email.html)]
    alternative = _multipart("alternative", f"{email.message_id.hex}-a", texts)
    if not email.attachments:
        return alternative
    content_type, body = alternative
    files = [_file_part(each) for each in email.attachments]
    return _multipart(
        "mixed", f"{email.message_id.hex}-m", [_part(content_type, body=body), *files]
    )


def _multipart(subtype: str, boundary_id: str, parts: list[bytes]) -> tuple[tuple[str, ...], bytes]:
    # "=_" occurs in no quoted-printable or base64 text, so no content can contain the boundary.
    boundary = f"=_{boundary_id}"
    opening, closing = f"--{boundary}\r\n".encode(), f"--{boundary}--\r\n".encode()
    body = b"".join(opening + part + _CRLF for part in parts) + closing
    return (f"multipart/{subtype};", f'boundary="{boundary}"'), body


def _text_part(subtype: str, text: str | QuotedText) -> bytes:
    body = (quoted(text) if isinstance(text, str) else text).encoded
    return _part((f"text/{subtype};", "charset=utf-8"), encoding="quoted-printable", body=body)


def _file_part(file: Attachment) -> bytes:
    if not _MEDIA_TYPE.fullmatch(file.content_type):
        raise InvalidInputError("an attachment has a bad content type", field="attachments")
    params = dict(file.params)
    if not all(map(_PARAMETER_NAME.fullmatch, params)):
        raise InvalidInputError("an attachment has a bad parameter", field="attachments")
    if file.content_type.startswith("text/"):
        params.setdefault("charset", "utf-8")
    pairs = [parameter(name, value) for name, value in params.items()]
    return _part(
        _separated(file.content_type, *pairs),
        encoding="base64",
        disposition=_separated("attachment", parameter("filename", file.filename)),
        body=base64.encodebytes(file.content).replace(b"\n", _CRLF),
    )


def _separated(value: str, *pairs: str) -> tuple[str, ...]:
    tokens = [value, *pairs]
    return (*(f"{token};" for token in tokens[:-1]), tokens[-1])


def _part(
    content_type: tuple[str, ...],
    *,
    body: bytes,
    encoding: str | None = None,
    disposition: tuple[str, ...] = (),
) -> bytes:
    headers = HeaderBlock()
    headers.set("Content-Type", *content_type)
    if encoding is not None:
        headers.set("Content-Transfer-Encoding", encoding)
    if disposition:
        headers.set("Content-Disposition", *disposition)
    return headers.serialise() + body


def _check(raw: bytes, *, utf8: bool) -> None:
    """Look at the finished bytes once more: what slips through here is refused by big receivers."""
    lines = raw.split(_CRLF)
    head, _, body = raw.partition(_CRLF + _CRLF)
    names = [line.partition(b":")[0].lower() for line in head.split(_CRLF)]
    if b"\0" in raw or not raw.count(b"\r") == raw.count(b"\n") == len(lines) - 1:
        raise InvalidInputError("the message has a NUL or a bare line break")
    if max(map(len, lines)) > LONGEST_LINE:
        raise InvalidInputError(f"the message has a line over {LONGEST_LINE} octets")
    if not (body.isascii() and (utf8 or head.isascii())):
        raise InvalidInputError("the message is not 7-bit")
    if any(names.count(name) != 1 for name in _EXACTLY_ONE):
        raise InvalidInputError("a header is missing or given twice")
