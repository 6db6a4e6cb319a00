"""Postmark's side, as its documentation describes it (postmarkapp.com/developer/api)."""

import base64
import binascii
import json
import re
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import getaddresses
from uuid import uuid4

from tests.sending.provider_server import ProviderServer, RefusalError

TOKEN = "3f1c6c7e-0000-4000-8000-2f6f0c9b9a11"  # noqa: S105  (of nobody)

_TYPES = {
    "From": str,
    "To": str,
    "Cc": str,
    "Bcc": str,
    "Subject": str,
    "Tag": str,
    "HtmlBody": str,
    "TextBody": str,
    "ReplyTo": str,
    "Headers": list,
    "TrackOpens": bool,
    "TrackLinks": str,
    "Metadata": dict,
    "Attachments": list,
    "MessageStream": str,
}
# Support article 1180.
_DOMAIN = re.compile(r"((\.)?[a-zA-Z0-9\-])+")
_MAILBOX = re.compile(r"[a-z0-9.!#$%&'`*+\-/=^_{}|~]+", re.IGNORECASE)
_TEN_MB, _FIVE_MB = 10 * 1024 * 1024, 5 * 1024 * 1024


def refusal(status: int, code: int, message: str) -> RefusalError:
    return RefusalError(status, {"ErrorCode": code, "Message": message})


class PostmarkServer(ProviderServer):
    """One Postmark server with two streams."""

    def __init__(self, script=()) -> None:
        self.inactive: set[str] = set()
        self.mails: list[dict] = []  # the requests behind what was taken
        self.ids: list[str] = []
        self.hidden = 0  # so many of the newest are not listed by the search yet
        self.delivery_type = "Live"
        self.streams = {
            "outbound": {"MessageStreamType": "Transactional", "handling": "None"},
            "broadcast": {"MessageStreamType": "Broadcasts", "handling": "Custom"},
        }
        self.is_search_down = False
        super().__init__(script)

    def take(self, handler, body):
        self._let_in(handler)
        if handler.path != "/email":
            raise refusal(404, 701, "no such thing")
        if handler.headers["Content-Type"] != "application/json":
            raise RefusalError(415, b"<h1>Unsupported Media Type</h1>")
        if len(body) > _TEN_MB:
            raise RefusalError(413, b"<h1>Payload Too Large</h1>")
        try:
            mail = json.loads(body)
        except ValueError:
            raise refusal(422, 402, "Invalid JSON") from None
        self._check(mail)
        message = _composed(mail)
        self.mails.append(mail)
        self.ids.append(str(uuid4()))
        return {
            "To": mail["To"],
            "SubmittedAt": "2026-11-10T08:00:00.0000000Z",
            "MessageID": self.ids[-1],
            "ErrorCode": 0,
            "Message": "OK",
        }, message

    def answer(self, handler):
        self._let_in(handler)
        path = handler.path.partition("?")[0]
        if path == "/server":
            return {"ID": 1, "Name": "Letters", "DeliveryType": self.delivery_type}
        if path.startswith("/message-streams/"):
            return self._stream(path.rpartition("/")[2])
        if path == "/messages/outbound":
            return self._search(handler.query)
        raise refusal(404, 701, "no such thing")

    def _let_in(self, handler) -> None:
        if handler.headers["X-Postmark-Server-Token"] != TOKEN:
            raise refusal(401, 10, "No Account or Server API tokens were supplied or they are bad.")
        if handler.headers["Accept"] != "application/json":
            raise RefusalError(415, b"")

    def _check(self, mail) -> None:
        for name, value in mail.items():
            if not isinstance(value, _TYPES.get(name, ())):
                raise refusal(422, 403, f"Invalid request field(s) - {name}")
        for name in {"From", "To", *mail} & {"From", "To", "ReplyTo"}:
            _check_address(mail.get(name, ""), name)
        _check_texts(mail)
        _check_metadata(mail.get("Metadata", {}))
        _check_headers(mail.get("Headers", []))
        if mail.get("MessageStream") not in self.streams:
            raise refusal(422, 1235, "The 'MessageStream' provided does not exist on this server.")
        if getaddresses([mail["To"]])[0][1].lower() in self.inactive:
            raise refusal(
                422,
                406,
                "You tried to send to recipient(s) that have been marked as inactive. "
                f"Found inactive addresses: {mail['To']}.",
            )

    def _stream(self, name):
        if name not in self.streams:
            raise refusal(422, 1226, "The message stream for the provided 'ID' was not found.")
        stream = dict(self.streams[name])
        handling = stream.pop("handling")
        return {
            "ID": name,
            "ArchivedAt": None,
            "SubscriptionManagementConfiguration": {"UnsubscribeHandlingType": handling},
            **stream,
        }

    def _search(self, query):
        if self.is_search_down:
            raise refusal(503, 100, "Maintenance")
        if not {"count", "offset"} <= set(query):
            raise refusal(422, 701, "count and offset are required")
        wanted = {
            key.removeprefix("metadata_"): value
            for key, value in query.items()
            if key.startswith("metadata_")
        }
        if len(wanted) > 1:
            raise refusal(422, 701, "one metadata field at a time")
        listed = list(zip(self.ids, self.mails, strict=True))
        found = [
            {"MessageID": their_id, "Metadata": mail["Metadata"], "Status": "Sent"}
            for their_id, mail in listed[: len(listed) - self.hidden]
            if mail["MessageStream"] == query.get("messagestream", "outbound")
            and wanted.items() <= mail["Metadata"].items()
        ]
        return {"TotalCount": len(found), "Messages": found[: int(query["count"])]}


def _check_address(text: str, name: str) -> None:
    found = getaddresses([text])
    if len(found) != 1 or not found[0][1]:
        raise refusal(422, 300, f"Invalid '{name}' address: '{text}'.")
    local, _, domain = found[0][1].rpartition("@")
    if not _MAILBOX.fullmatch(local) or not _DOMAIN.fullmatch(domain):
        raise refusal(422, 300, f"Illegal email address in '{name}'.")


def _check_metadata(metadata: dict) -> None:
    if len(metadata) > 10 or any(
        len(key) > 20 or not isinstance(value, str) or len(value) > 80
        for key, value in metadata.items()
    ):
        raise refusal(422, 300, "Metadata: 10 fields, names of 20 and values of 80 characters.")


def _check_headers(headers: list) -> None:
    for each in headers:
        is_pair = isinstance(each, dict) and set(each) == {"Name", "Value"}
        if not is_pair or not re.fullmatch(r"[!-9;-~]+", each["Name"]):
            raise refusal(422, 300, "Invalid header.")
        if re.search(r"[\r\n]", each["Value"]):
            raise refusal(422, 300, "Invalid header value.")


def _check_texts(mail: dict) -> None:
    if not mail.get("TextBody") and not mail.get("HtmlBody"):
        raise refusal(422, 300, "Provide either email TextBody or HtmlBody or both.")
    if max(len(mail.get(name, "").encode()) for name in ("TextBody", "HtmlBody")) > _FIVE_MB:
        raise refusal(422, 300, "Body too large.")
    if len(mail.get("Tag", "")) > 1000:
        raise refusal(422, 300, "Tag too long.")


def _composed(mail: dict) -> bytes:
    """Return the message that its recipient gets."""
    message = EmailMessage()
    for name in ("From", "To"):
        display, address = getaddresses([mail[name]])[0]
        message[name] = Address(display, addr_spec=address)
    message["Subject"] = mail["Subject"]
    if "ReplyTo" in mail:
        message["Reply-To"] = mail["ReplyTo"]
    own = {each["Name"].lower(): each["Value"] for each in mail.get("Headers", [])}
    if own.pop("x-pm-keepid", "") != "true":
        own["message-id"] = f"<{uuid4()}@mtasv.net>"
    for name, value in own.items():
        message[name] = value
    message.set_content(mail["TextBody"])
    message.add_alternative(mail["HtmlBody"], subtype="html")
    for file in mail.get("Attachments", []):
        _attach(message, file)
    return message.as_bytes()


def _attach(message: EmailMessage, file: dict) -> None:
    if set(file) - {"Name", "Content", "ContentType", "ContentID"}:
        raise refusal(422, 403, "Invalid request field(s) - Attachments")
    try:
        content = base64.b64decode(file["Content"], validate=True)
    except binascii.Error:
        raise refusal(422, 300, "Attachment is not base64.") from None
    main, _, sub = file["ContentType"].partition(";")[0].partition("/")
    message.add_attachment(content, maintype=main, subtype=sub, filename=file["Name"])
