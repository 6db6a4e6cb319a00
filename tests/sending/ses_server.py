"""The side of Amazon SES, API v2, as its documentation describes it.

The signature is computed here once more, from the request as it came and from the text of "Create a
signed AWS API request"; nothing of it is shared with the code under test.
"""

import base64
import binascii
import json
import re
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from hmac import digest as hmac_of
from uuid import uuid4

from tests.sending.provider_server import ProviderServer, RefusalError

ACCESS_KEY = "AKIDEXAMPLE"
SECRET_KEY = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"  # noqa: S105  (AWS's own example)
REGION = "eu-central-1"

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([a-z0-9-]+)/([a-z]+)/aws4_request, "
    r"SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})"
)
_FIELDS = {
    "ConfigurationSetName",
    "Content",
    "Destination",
    "EmailTags",
    "FeedbackForwardingEmailAddress",
    "FromEmailAddress",
    "ReplyToAddresses",
}
_TAG = re.compile(r"[A-Za-z0-9_-]{1,256}")
_ADDRESS = re.compile(r"[!-?A-~]+@[a-z0-9.-]+", re.IGNORECASE)
_SKEW = timedelta(minutes=5)


def refusal(status: int, name: str, message: str) -> RefusalError:
    return RefusalError(
        status, {"message": message}, {"x-amzn-ErrorType": f"{name}:http://internal.amazon.com/"}
    )


class SesServer(ProviderServer):
    """One account in one region."""

    def __init__(self, script=()) -> None:
        self.configuration_sets = {"letters"}
        self.requests_read: list[dict] = []
        self.account = {
            "ProductionAccessEnabled": True,
            "SendingEnabled": True,
            "EnforcementStatus": "HEALTHY",
            "SendQuota": {
                "Max24HourSend": 50000.0,
                "MaxSendRate": 14.0,
                "SentLast24Hours": 1200.0,
            },
        }
        super().__init__(script)

    def take(self, handler, body):
        self._let_in(handler, body)
        if handler.path != "/v2/email/outbound-emails":
            raise refusal(404, "NotFoundException", "no such thing")
        if handler.headers["Content-Type"] != "application/json":
            raise refusal(400, "SerializationException", "not JSON")
        request = json.loads(body)
        message = self._checked(request)
        self.requests_read.append(request)
        return {"MessageId": f"0107018{uuid4().hex}-000000"}, message

    def answer(self, handler):
        self._let_in(handler, b"")
        if handler.path != "/v2/email/account":
            raise refusal(404, "NotFoundException", "no such thing")
        return self.account

    def _checked(self, request) -> bytes:
        if set(request) - _FIELDS or set(request["Content"]) != {"Raw"}:
            raise refusal(400, "BadRequestException", "unknown field")
        wanted = request.get("ConfigurationSetName")
        if wanted is not None and wanted not in self.configuration_sets:
            raise refusal(404, "NotFoundException", f"Configuration set <{wanted}> does not exist.")
        _check_tags(request.get("EmailTags", []))
        for address in request["Destination"]["ToAddresses"]:
            if not _ADDRESS.fullmatch(address):
                raise refusal(400, "BadRequestException", "Illegal address")
        return _message(request["Content"]["Raw"]["Data"])

    def _let_in(self, handler, body: bytes) -> None:
        found = _AUTHORIZATION.fullmatch(handler.headers["Authorization"] or "")
        if not found:
            raise refusal(403, "MissingAuthenticationTokenException", "Missing token")
        key, day, region, service, names, signature = found.groups()
        if key != ACCESS_KEY:
            raise refusal(
                403,
                "UnrecognizedClientException",
                "The security token included in the request is invalid.",
            )
        moment = handler.headers["X-Amz-Date"]
        if (region, service, day) != (REGION, "ses", moment[:8]):
            raise refusal(403, "InvalidSignatureException", "Credential should be scoped otherwise")
        if not {"host", "x-amz-date"} <= set(names.split(";")):
            raise refusal(403, "InvalidSignatureException", "'Host' must be a 'SignedHeader'")
        self._check_moment(moment)
        if signature != self._signature(handler, body, names, moment):
            raise refusal(
                403,
                "InvalidSignatureException",
                "The request signature we calculated does not match the signature you provided.",
            )

    def _check_moment(self, moment: str) -> None:
        signed_at = datetime.strptime(moment, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        now = self.now()
        if signed_at < now - _SKEW:
            raise refusal(
                403,
                "InvalidSignatureException",
                f"Signature expired: {moment} is now earlier than {now - _SKEW:%Y%m%dT%H%M%SZ}",
            )
        if signed_at > now + _SKEW:
            raise refusal(
                403,
                "InvalidSignatureException",
                f"Signature not yet current: {moment} is still later than {now:%Y%m%dT%H%M%SZ}",
            )

    @staticmethod
    def _signature(handler, body: bytes, names: str, moment: str) -> str:
        lines = "".join(
            f"{name}:{' '.join(handler.headers[name].split())}\n" for name in names.split(";")
        )
        canonical = (
            f"{handler.command}\n{handler.path}\n\n{lines}\n{names}\n{sha256(body).hexdigest()}"
        )
        scope = f"{moment[:8]}/{REGION}/ses/aws4_request"
        text = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{sha256(canonical.encode()).hexdigest()}"
        key = b"AWS4" + SECRET_KEY.encode()
        for part in scope.split("/"):
            key = hmac_of(key, part.encode(), "sha256")
        return hmac_of(key, text.encode(), "sha256").hex()


def _check_tags(tags: list) -> None:
    names = [tag["Name"] for tag in tags]
    if len(set(names)) != len(names):
        raise refusal(400, "BadRequestException", "Duplicate tag")
    if not all(_TAG.fullmatch(tag["Name"]) and _TAG.fullmatch(tag["Value"]) for tag in tags):
        raise refusal(400, "BadRequestException", "Invalid tag")


def _message(data: str) -> bytes:
    try:
        message = base64.b64decode(data, validate=True)
    except binascii.Error:
        raise refusal(400, "SerializationException", "not base64") from None
    head = message.partition(b"\r\n\r\n")[0]
    is_message = b"\r\nFrom: " in head and max(map(len, message.split(b"\r\n"))) <= 998
    if not is_message or len(data) > 40 * 1024 * 1024:
        raise refusal(400, "BadRequestException", "not a message that could be sent")
    return message
