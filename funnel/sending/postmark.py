"""Postmark, by its HTTP API: one email a request, and a look-up for what ended unknown.

Written from Postmark's public documentation, postmarkapp.com/developer/api: "Overview" (statuses,
error codes), "Email API" (fields, sizes), "Messages API" (outbound search), "Message Streams API",
"Server API"; and the support articles 1125 (metadata), 1180 (addresses) and "Managing your own
unsubscribe process".

Single sends, never ``/email/batch``: a batch whose answer is lost makes as many unknowns as it
carries, and Postmark documents no idempotency key. What is lost is looked up by our own id, which
travels as metadata. The events that come back are read in ``postmark_events.py``.
"""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes
from email.policy import compat32
from types import MappingProxyType
from uuid import UUID

from funnel.domain.consent import Topic
from funnel.domain.errors import InvalidInputError
from funnel.domain.quoted_text import QuotedText, quoted
from funnel.domain.text import clean_text
from funnel.sending import mime
from funnel.sending.addresses import parse_address
from funnel.sending.headers import parameter
from funnel.sending.http_answers import (
    BAD_REQUEST,
    CAME_TOO_LATE,
    DEAD_ADDRESS,
    NOT_LET_IN,
    SENDER_NOT_READY,
    SLOWER,
    TOO_LARGE,
    Rule,
    Verdict,
    accepted,
    ruled,
    unreadable,
)
from funnel.sending.http_api import (
    Answer,
    ApiConnection,
    ApiRequest,
    ApiSettings,
    CannotReachError,
)
from funnel.sending.http_mailer import HttpMailer
from funnel.sending.mailer import (
    Attachment,
    Found,
    LookUp,
    MailerCheckError,
    OutgoingEmail,
)

_REMEDY = "Set FUNNEL_POSTMARK_TOKEN to the server's API token, from its tab “API Tokens”."
BASE_URL = "https://api.postmarkapp.com"
# What our id is called in a message's metadata, in its events and in the search.
METADATA_KEY = "message"

# Email API: 10 MB with everything, 5 MB each for text and HTML.
_LARGEST_REQUEST = 10 * 1000 * 1000
_LARGEST_TEXT = 5 * 1000 * 1000
_LONGEST_TAG = 1000
_LONGEST_NAME = 200
_LONGEST_SUBJECT = 500
# Article 1180, the expression that their own validation uses.
_MAILBOX = re.compile(r"[a-z0-9.!#$%&'`*+\-/=^_{}|~]+", re.IGNORECASE)
# What Postmark writes itself, from fields of the request.
_THEIRS = frozenset(
    {"from", "to", "subject", "reply-to", "date", "mime-version", "content-type", "message-id"}
)
_OK, _UNPROCESSABLE, _SERVER_ERRORS = 200, 422, 500
_FOLD = re.compile(r"\r?\n[ \t]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class PostmarkSettings:
    """How one Postmark server is spoken to.

    Attributes:
        token: The server's API token.
        stream: Message stream of notices and of reminders of a seat (a transactional stream).
        letters_stream: Message stream of letters (a broadcast stream).
        api: Where it is.
    """

    token: str = field(repr=False)
    stream: str = "outbound"
    letters_stream: str = "broadcast"
    api: ApiSettings = field(default_factory=lambda: ApiSettings(base_url=BASE_URL))


# "API error codes" of the overview, as far as sending can meet them.
ERRORS: Mapping[int, Rule] = MappingProxyType(
    {
        10: NOT_LET_IN,  # bad or missing API token
        100: NOT_LET_IN,  # maintenance
        300: BAD_REQUEST,  # invalid email request
        400: SENDER_NOT_READY,  # sender signature not found
        401: SENDER_NOT_READY,  # sender signature not confirmed
        402: BAD_REQUEST,  # invalid JSON
        403: BAD_REQUEST,  # invalid request field
        405: NOT_LET_IN,  # not allowed to send: out of credits
        # Inactive: bounced hard, complained, or deactivated by hand; Postmark sends it nothing.
        406: DEAD_ADDRESS,
        409: BAD_REQUEST,  # JSON required
        411: BAD_REQUEST,  # forbidden attachment type
        412: NOT_LET_IN,  # account is pending approval: only its own domain may be written to
        413: NOT_LET_IN,  # account may not send
        429: SLOWER,
        1235: NOT_LET_IN,  # no such message stream
        1236: NOT_LET_IN,  # the stream is archived
    }
)

# Statuses whose body may come from something in front of the API ("Getting a 403 that doesn't look
# like a Postmark error?"): it took nothing.
_STATUSES: Mapping[int, Rule] = MappingProxyType(
    {
        401: NOT_LET_IN,
        403: NOT_LET_IN,
        404: NOT_LET_IN,
        408: CAME_TOO_LATE,
        413: TOO_LARGE,
        415: NOT_LET_IN,
        429: SLOWER,
    }
)


class PostmarkMailer(HttpMailer):
    """Hands emails to Postmark."""

    def __init__(self, settings: PostmarkSettings) -> None:
        """Take the settings; nothing is opened before the first email.

        Raises:
            InvalidInputError: No token.
        """
        if not settings.token:
            raise InvalidInputError(
                "no token for Postmark is configured",
                field="FUNNEL_POSTMARK_TOKEN",
                remedy=_REMEDY,
            )
        super().__init__(settings.api)
        self._settings = settings

    def prepare(self, email: OutgoingEmail) -> ApiRequest:
        """Return the request that sends one email ("Email API", POST /email).

        Raises:
            InvalidInputError: What ``mime.build`` refuses; an address that Postmark's own
                validation refuses; larger than Postmark takes.
        """
        body = json.dumps(self._fields(email), ensure_ascii=False).encode("utf-8", "replace")
        if len(body) > _LARGEST_REQUEST:
            raise InvalidInputError("the email is larger than Postmark takes", field="attachments")
        return self._request("POST", "/email", body=body)

    def judge(self, answer: Answer) -> Verdict:
        """Return what an answer to POST /email means."""
        fields = answer.fields or {}
        code = fields.get("ErrorCode")
        if answer.status == _OK and code == 0:
            return accepted(answer, fields.get("MessageID"))
        rule = _rule(answer.status, code)
        if rule is None:
            return unreadable(answer)
        error = "" if code is None else str(code)
        return ruled(rule, answer, error=error, said=str(fields.get("Message") or ""))

    def look_up(
        self,
        message_id: UUID,
        *,
        provider_id: str | None,  # noqa: ARG002  (ours finds it with or without theirs)
        since: datetime,  # noqa: ARG002  (a search by day would be in Postmark's time zone)
    ) -> LookUp | None:
        """Search for a message by our id ("Messages API", outbound search; article 1125).

        A search names one stream, "outbound" where it names none, so both of ours are asked. What
        was just taken may not be listed yet: ask minutes after the hand-over, never at once. A
        message is searchable for 45 days.
        """
        connection = ApiConnection(self._settings.api)
        found = LookUp(found=Found.NOT_FOUND)
        try:
            for stream in sorted({self._settings.stream, self._settings.letters_stream}):
                answer = connection.get(self._search(message_id, stream))
                found = _found(answer, message_id)
                if found.found is not Found.NOT_FOUND:
                    break
        except CannotReachError:
            return LookUp(found=Found.CANNOT_SAY)
        finally:
            connection.close()
        return found

    def check(self) -> None:
        """Ask for the server and both streams, without sending; see ``Mailer.check``."""
        connection = ApiConnection(self._settings.api)
        try:
            _check_server(connection.get(self._request("GET", "/server")))
            for stream, is_for_letters in (
                (self._settings.stream, False),
                (self._settings.letters_stream, True),
            ):
                answer = connection.get(self._request("GET", f"/message-streams/{stream}"))
                _check_stream(answer, stream, is_for_letters=is_for_letters)
        except CannotReachError as error:
            raise MailerCheckError(
                str(error), remedy="Look whether this machine reaches api.postmarkapp.com."
            ) from error
        finally:
            connection.close()

    def _search(self, message_id: UUID, stream: str) -> ApiRequest:
        query = (
            ("count", "2"),
            ("messagestream", stream),
            (f"metadata_{METADATA_KEY}", str(message_id)),
            ("offset", "0"),
        )
        return self._request("GET", "/messages/outbound", query=query)

    def _request(
        self, method: str, path: str, *, body: bytes = b"", query: tuple[tuple[str, str], ...] = ()
    ) -> ApiRequest:
        headers = {"Accept": "application/json", "X-Postmark-Server-Token": self._settings.token}
        if body:
            headers["Content-Type"] = "application/json"
        return ApiRequest(method=method, path=path, headers=headers, body=body, query=query)

    def _fields(self, email: OutgoingEmail) -> dict[str, object]:
        # Built for its checks, and for the headers that SMTP would carry: the same rules, once.
        head = mime.build(email).partition(b"\r\n\r\n")[0]
        is_letter = email.topic == Topic.LETTERS
        settings = self._settings
        fields: dict[str, object] = {
            "From": _mailbox(email.from_name, email.from_address, field="from_address"),
            "To": _mailbox(email.to_name, email.to_address, field="to_address"),
            "Subject": clean_text(email.subject, limit=_LONGEST_SUBJECT),
            "TextBody": _body(email.text, field="text"),
            "HtmlBody": _body(email.html, field="html"),
            "MessageStream": settings.letters_stream if is_letter else settings.stream,
            "Metadata": {METADATA_KEY: str(email.message_id)},
            "Headers": _headers(head),
            # Opens and clicks are counted by our own links, where somebody agreed to it.
            "TrackOpens": False,
            "TrackLinks": "None",
        }
        if email.reply_to is not None:
            fields["ReplyTo"] = _mailbox("", email.reply_to, field="reply_to")
        if email.tag:
            fields["Tag"] = clean_text(email.tag, limit=_LONGEST_TAG)
        if email.attachments:
            fields["Attachments"] = [_attachment(each) for each in email.attachments]
        return fields


def _rule(status: int, code: object) -> Rule | None:
    """Return what an error means, ``None`` where it says nothing that can be relied on.

    "503: during planned service outages, Postmark API services will return this response and
    associated JSON body": with error 100 in it, nothing was taken. A 500 is "an issue with
    Postmark's servers processing your request; in most cases the message is lost": in most.
    """
    if status >= _SERVER_ERRORS:
        return ERRORS[100] if (status, code) == (503, 100) else None
    if isinstance(code, int) and code in ERRORS:
        return ERRORS[code]
    if status == _UNPROCESSABLE and isinstance(code, int):
        return BAD_REQUEST
    return _STATUSES.get(status)


def _mailbox(name: str, address: str, *, field: str) -> str:
    """Return ``"Name" <address>``, always quoted (article 1180: a comma would make two of it)."""
    parsed = parse_address(address, field=field)
    if not _MAILBOX.fullmatch(parsed.local):
        raise InvalidInputError(
            f"Postmark takes no address like the one in {field}: letters, digits and signs only",
            field=field,
        )
    name = clean_text(name, limit=_LONGEST_NAME).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{name}" <{parsed.text}>' if name else parsed.text


def _body(text: str | QuotedText, *, field: str) -> str:
    body = (quoted(text) if isinstance(text, str) else text).decode()
    if len(body.encode()) > _LARGEST_TEXT:
        raise InvalidInputError("the text is larger than Postmark takes", field=field)
    return body


def _headers(head: bytes) -> list[dict[str, str]]:
    """Return the headers that Postmark would not write by itself; our Message-ID is kept.

    Without ``X-PM-KeepID`` Postmark replaces the Message-ID ("Send email with SMTP": custom
    Message-IDs), and replies and bounces of other servers would name one that we do not know.
    """
    message = message_from_bytes(head + b"\r\n\r\n", policy=compat32)
    headers = [
        {"Name": name, "Value": _FOLD.sub(" ", value)}
        for name, value in message.items()
        if name.lower() not in _THEIRS
    ]
    return [
        *headers,
        {"Name": "Message-ID", "Value": str(message["Message-ID"])},
        {"Name": "X-PM-KeepID", "Value": "true"},
    ]


def _attachment(file: Attachment) -> dict[str, str]:
    params = "".join(f"; {parameter(name, value)}" for name, value in file.params)
    return {
        "Name": clean_text(file.filename, limit=_LONGEST_NAME),
        "Content": base64.b64encode(file.content).decode(),
        "ContentType": f"{file.content_type}{params}",
    }


def _found(answer: Answer, message_id: UUID) -> LookUp:
    fields = answer.fields or {}
    messages, total = fields.get("Messages"), fields.get("TotalCount")
    if answer.status != _OK or not isinstance(messages, list):
        return LookUp(found=Found.CANNOT_SAY)
    for each in messages:
        metadata = each.get("Metadata") if isinstance(each, dict) else None
        if isinstance(metadata, dict) and metadata.get(METADATA_KEY) == str(message_id):
            return LookUp(
                found=Found.ACCEPTED, provider_id=str(each.get("MessageID") or "") or None
            )
    # Others than the one that was asked for: the search did not do what we think that it does.
    is_empty = total == 0 and not messages
    return LookUp(found=Found.NOT_FOUND if is_empty else Found.CANNOT_SAY)


def _check_server(answer: Answer) -> None:
    fields = answer.fields
    if answer.status != _OK or fields is None:
        raise MailerCheckError(
            f"Postmark answers HTTP {answer.status}",
            remedy=_REMEDY,
        )
    if fields.get("DeliveryType") == "Sandbox":
        raise MailerCheckError(
            "this Postmark server is a sandbox: nobody receives what it takes",
            remedy="Set FUNNEL_POSTMARK_TOKEN to the token of a live server.",
        )


def _check_stream(answer: Answer, stream: str, *, is_for_letters: bool) -> None:
    fields = answer.fields
    setting = "FUNNEL_POSTMARK_LETTERS_STREAM" if is_for_letters else "FUNNEL_POSTMARK_STREAM"
    if answer.status != _OK or fields is None or fields.get("ArchivedAt"):
        raise MailerCheckError(
            f"Postmark has no message stream named {stream} that could send",
            remedy=f"Set {setting} to the ID of a stream of this server, or make one there.",
        )
    management = fields.get("SubscriptionManagementConfiguration")
    handling = management.get("UnsubscribeHandlingType") if isinstance(management, dict) else None
    if handling == "Postmark":
        raise MailerCheckError(
            f"Postmark adds its own unsubscribe link to what the stream {stream} sends, beside "
            "ours, and we would not hear of those who use it",
            remedy="Ask Postmark's support for “Manage unsubscribes on your own”, then choose it "
            f"in the stream's settings; or set {setting} to a stream that has it.",
        )
