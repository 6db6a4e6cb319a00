"""From an ``OutgoingEmail`` to the bytes that travel (RFC 5322, 2045, 2047, 8058).

The same email always makes the same bytes: boundary, Message-ID and Date come from its own
fields. Bodies are quoted-printable and files base64, so the message is 7-bit and no relay has a
reason to touch it.
"""

import base64
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache
from uuid import UUID

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
_EXACTLY_ONE = re.compile(rb"\n(From|To|Subject|Date|Message-ID|MIME-Version):")
_HOW_MANY = 6
_PLAIN_HEAD, _HTML_HEAD = (
    f"Content-Type: text/{subtype}; charset=utf-8\r\n"
    "Content-Transfer-Encoding: quoted-printable\r\n\r\n".encode()
    for subtype in ("plain", "html")
)
_SHARED = 256  # how many of each part of a head are kept


def build(email: OutgoingEmail) -> bytes:
    """Return the whole message: CRLF lines of at most 998 octets, of which none begins with a dot.

    So it is what SMTP carries as DATA, as it stands: there is nothing to stuff (RFC 5321 4.5.2).

    Raises:
        InvalidInputError: An address, a link or an extra header that cannot be in a message.
    """
    utf8 = needs_smtputf8(email)
    content_type, body = _content(email)
    head = _head(email, content_type, utf8=utf8)
    _check(head, body, utf8=utf8)
    return head + body


def needs_smtputf8(email: OutgoingEmail) -> bool:
    """Return whether an address in it has no ASCII form, so that only RFC 6531 can carry it."""
    texts = (email.from_address, email.to_address, email.reply_to or "")
    return any(not text.rpartition("@")[0].isascii() for text in texts)


def _head(email: OutgoingEmail, content_type: str, *, utf8: bool) -> bytes:
    # What many messages share is made once; between it stands what only this one has.
    reply_to = None if email.reply_to is None else email.reply_to
    lines = (
        _sent(email.sent_at, email.from_name, email.from_address, utf8=utf8),
        _recipient(email.to_name, email.to_address, utf8=utf8),
        _about(reply_to, email.subject, utf8=utf8),
        f"Message-ID: <{email.message_id}@{_id_domain(email.message_id_domain)}>\r\n"
        "MIME-Version: 1.0\r\n",
        "" if email.list_unsubscribe_url is None else _unsubscribing(email.list_unsubscribe_url),
        _list(email.list_id, email.feedback_id, utf8=utf8),
        _further(email.headers, utf8=utf8) if email.headers else "",
        f"Content-Type: {content_type}\r\n\r\n",
    )
    return "".join(lines).encode()


@lru_cache(maxsize=_SHARED)
def _sent(sent_at: datetime, from_name: str, from_address: str, *, utf8: bool) -> str:
    headers = HeaderBlock(utf8=utf8)
    headers.set("Date", *format_datetime(sent_at.astimezone(UTC)).split(" "))
    sender = parse_address(from_address, field="from_address")
    headers.set("From", *mailbox_tokens(from_name, sender))
    return headers.lines()


def _recipient(name: str, address: str, *, utf8: bool) -> str:
    headers = HeaderBlock(utf8=utf8)
    headers.set("To", *mailbox_tokens(name, parse_address(address, field="to_address")))
    return headers.lines()


@lru_cache(maxsize=_SHARED)
def _about(reply_to: str | None, subject: str, *, utf8: bool) -> str:
    headers = HeaderBlock(utf8=utf8)
    if reply_to is not None:
        headers.set("Reply-To", parse_address(reply_to, field="reply_to").text)
    headers.set("Subject", *text_tokens(subject))
    return headers.lines()


@lru_cache(maxsize=_SHARED)
def _id_domain(domain: str) -> str:
    name = ascii_domain(domain, field="message_id_domain")
    HeaderBlock().set("Message-ID", f"<{UUID(int=0)}@{name}>")  # it must fit a line
    return name


def _unsubscribing(url: str) -> str:
    line = f"List-Unsubscribe: <{url}>"
    if not _WEB_ADDRESS.fullmatch(url):
        raise InvalidInputError("no web address", field="list_unsubscribe_url")
    if len(line) > LONGEST_LINE:
        raise InvalidInputError("a header is too long for a line", field="List-Unsubscribe")
    return f"{line}\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"


@lru_cache(maxsize=_SHARED)
def _list(list_id: str | None, feedback_id: str | None, *, utf8: bool) -> str:
    headers = HeaderBlock(utf8=utf8)
    if list_id is not None:
        headers.set("List-Id", f"<{ascii_domain(list_id, field='list_id')}>")
    if feedback_id is not None:
        headers.set("Feedback-ID", *text_tokens(feedback_id))
    return headers.lines()


def _further(given: Sequence[tuple[str, str]], *, utf8: bool) -> str:
    headers = HeaderBlock(utf8=utf8)
    for name, value in given:
        if _OURS.fullmatch(name):
            raise InvalidInputError("this header is set from a field of its own", field=name)
        headers.set(name, *text_tokens(value))
    return headers.lines()


def _content(email: OutgoingEmail) -> tuple[str, bytes]:
    # The plain part comes first: a reader shows the last part that it can (RFC 2046 5.1.4).
    texts = (_PLAIN_HEAD + _quoted(email.text), _HTML_HEAD + _quoted(email.html))
    alternative = _multipart("alternative", f"{email.message_id.hex}-a", texts)
    if not email.attachments:
        return alternative
    content_type, body = alternative
    inner = f"Content-Type: {content_type}\r\n\r\n".encode() + body
    files = map(_file_part, email.attachments)
    return _multipart("mixed", f"{email.message_id.hex}-m", (inner, *files))


def _multipart(subtype: str, boundary_id: str, parts: Sequence[bytes]) -> tuple[str, bytes]:
    # "=_" occurs in no quoted-printable or base64 text, so no content can contain the boundary.
    boundary = f"=_{boundary_id}"
    opening = f"--{boundary}\r\n".encode()
    pieces = [piece for part in parts for piece in (opening, part, _CRLF)]
    body = b"".join([*pieces, f"--{boundary}--\r\n".encode()])
    return f'multipart/{subtype};\r\n boundary="{boundary}"', body


def _quoted(text: str | QuotedText) -> bytes:
    return (quoted(text) if isinstance(text, str) else text).encoded


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


def _check(head: bytes, body: bytes, *, utf8: bool) -> None:
    """Look at the finished bytes once more: what slips through here is refused by big receivers.

    Of the body's lines nothing is counted: its texts are quoted by ``quoted_text``, its files are
    base64, and the lines between them are ours.
    """
    lines = head.split(_CRLF)
    breaks = len(lines) - 1
    if b"\0" in head or not head.count(b"\r") == head.count(b"\n") == breaks:
        raise InvalidInputError("the message has a NUL or a bare line break")
    if max(map(len, lines)) > LONGEST_LINE:
        raise InvalidInputError(f"the message has a line over {LONGEST_LINE} octets")
    if b"\0" in body or not (body.isascii() and (utf8 or head.isascii())):
        raise InvalidInputError("the message is not 7-bit")
    found = _EXACTLY_ONE.findall(b"\n" + head)
    if len(found) != _HOW_MANY or len(set(found)) != _HOW_MANY:
        raise InvalidInputError("a header is missing or given twice")
