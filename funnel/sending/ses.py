"""Amazon SES, by its API v2: the same bytes as by SMTP, signed by our own page of HMAC.

Written from AWS's public documentation, docs.aws.amazon.com/ses/latest: API reference v2
(SendEmail, GetAccount, MessageTag, Common Errors), developer guide ("Amazon SES email sending
errors", "Errors related to the sending quotas", "Service quotas").

Single sends: SendBulkEmail carries templates of SES's own, and makes as many unknowns as emails.
SES documents no idempotency key and no look-up, and rewrites Message-ID: our id travels as a tag,
and what ended unknown waits for an event that carries it (``ses_events.py``).
"""

import base64
import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from types import MappingProxyType
from uuid import UUID

from funnel.domain.errors import InvalidInputError
from funnel.domain.text import clean_text
from funnel.sending import mime
from funnel.sending.addresses import parse_address
from funnel.sending.http_answers import (
    BAD_REQUEST,
    CAME_TOO_LATE,
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
    LookUp,
    MailerCheckError,
    OutgoingEmail,
)
from funnel.sending.signature_v4 import Signer

# What our id is called among a message's tags, and in its events.
TAG_NAME = "message"

_SEND = "/v2/email/outbound-emails"
_ACCOUNT = "/v2/email/account"
_OK, _SERVER_ERRORS = 200, 500
# "Service quotas": a message of the API v2 may have 40 MB, base64 and attachments included.
_LARGEST_MESSAGE = 40 * 1024 * 1024
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
# MessageTag: what its name and value may hold, 256 characters at most.
_NOT_IN_TAG = re.compile(r"[^A-Za-z0-9_-]")
_LONGEST_TAG = 256
# "Sending quotas": wait up to ten minutes; the daily one frees itself as 24 hours roll on.
_DAY_IS_FULL = timedelta(minutes=10)
# AWS takes five minutes to either side; below this our clock is not what was wrong.
_SMALLEST_SKEW = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class SesSettings:
    """How one SES account is spoken to, in one region.

    Attributes:
        region: Like ``eu-central-1``; identities and limits belong to it.
        access_key: Of an IAM user that may ``ses:SendRawEmail``, ``ses:SendEmail`` and
            ``ses:GetAccount``, and nothing else.
        configuration_set: Whose event destination sends us events; empty: the identity's default.
        connections: Requests at once.
        api: Where it is, in its place; ``None``: the region's own endpoint.
    """

    region: str
    access_key: str
    secret_key: str = field(repr=False)
    configuration_set: str = ""
    connections: int = 8
    api: ApiSettings | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SesAccount:
    """What an account may do in its region (GetAccount).

    Attributes:
        is_sandbox: Only verified addresses receive anything.
        can_send: Neither paused by AWS nor by its owner.
        per_day: Emails in any 24 hours; ``None``: no limit.
        per_second: Emails a second; may be a fraction.
        sent_last_day: Emails of the last 24 hours, ours or others'.
        enforcement: ``HEALTHY``, ``PROBATION`` or ``SHUTDOWN``.
    """

    is_sandbox: bool
    can_send: bool
    per_day: int | None
    per_second: float
    sent_last_day: int
    enforcement: str


# Errors of SendEmail and "Common Errors", all below 500.
ERRORS: Mapping[str, Rule] = MappingProxyType(
    {
        "TooManyRequestsException": SLOWER,
        "ThrottlingException": SLOWER,
        "Throttling": SLOWER,
        "LimitExceededException": SLOWER,
        "SendingPausedException": NOT_LET_IN,
        "AccountSuspendedException": NOT_LET_IN,
        "MailFromDomainNotVerifiedException": SENDER_NOT_READY,
        "MessageRejected": BAD_REQUEST,
        "BadRequestException": BAD_REQUEST,
        "ValidationException": BAD_REQUEST,
        "SerializationException": BAD_REQUEST,
        "RequestEntityTooLargeException": TOO_LARGE,
        "NotFoundException": NOT_LET_IN,  # no such configuration set
        "AccessDeniedException": NOT_LET_IN,
        "NotAuthorized": NOT_LET_IN,
        "OptInRequired": NOT_LET_IN,
        "UnrecognizedClientException": NOT_LET_IN,
        "InvalidClientTokenId": NOT_LET_IN,
        "InvalidSignatureException": NOT_LET_IN,
        "SignatureDoesNotMatch": NOT_LET_IN,
        "IncompleteSignature": NOT_LET_IN,
        "IncompleteSignatureException": NOT_LET_IN,
        "MissingAuthenticationToken": NOT_LET_IN,
        "MissingAuthenticationTokenException": NOT_LET_IN,
        "ExpiredTokenException": NOT_LET_IN,
        "RequestExpired": NOT_LET_IN,
        "RequestTimeTooSkewed": NOT_LET_IN,
    }
)
_STATUSES: Mapping[int, Rule] = MappingProxyType(
    {
        401: NOT_LET_IN,
        403: NOT_LET_IN,
        404: NOT_LET_IN,
        408: CAME_TOO_LATE,
        413: TOO_LARGE,
        429: SLOWER,
    }
)
# They are refusals of the time that a signature names; the third begins with these words.
_TIME_ERRORS = frozenset({"RequestExpired", "RequestTimeTooSkewed"})
_TIME_WORDS = ("Signature expired", "Signature not yet current")
# "MessageRejected: Email address is not verified" speaks of the account's identities, or of a
# sandbox, not of the message.
_NOT_VERIFIED = "not verified"
_DAILY = "Daily message quota exceeded"


class SesMailer(HttpMailer):
    """Hands emails to Amazon SES."""

    def __init__(self, settings: SesSettings, *, clock: Callable[[], datetime]) -> None:
        """Take the settings and a clock; nothing is opened before the first email.

        Args:
            settings: Whose account, and where.
            clock: Gives the aware real moment that signatures name. Where AWS finds it wrong, its
                own ``Date`` corrects it from then on.

        Raises:
            InvalidInputError: A key or the region is missing.
        """
        _check_settings(settings)
        super().__init__(
            settings.api
            or ApiSettings(base_url=endpoint(settings.region), connections=settings.connections)
        )
        self._settings = settings
        self._clock = clock
        self._skew = timedelta(0)
        self._signer = Signer(
            access_key=settings.access_key,
            secret_key=settings.secret_key,
            region=settings.region,
            service="ses",
        )

    def look_up(
        self,
        message_id: UUID,  # noqa: ARG002  (there is nobody to ask)
        *,
        provider_id: str | None,  # noqa: ARG002  (likewise)
        since: datetime,  # noqa: ARG002  (likewise)
    ) -> LookUp | None:
        """Say that SES has no such question; see ``Mailer.look_up``."""
        return None

    def prepare(self, email: OutgoingEmail) -> ApiRequest:
        """Return the signed request that sends one email (SendEmail, content Raw).

        Raises:
            InvalidInputError: What ``mime.build`` refuses; an address that SES cannot write to;
                larger than SES takes.
        """
        if mime.needs_smtputf8(email):
            raise InvalidInputError(
                "SES takes no address with letters beyond ASCII before its @", field="to_address"
            )
        raw = base64.b64encode(mime.build(email)).decode()
        if len(raw) > _LARGEST_MESSAGE:
            raise InvalidInputError("the email is larger than SES takes", field="attachments")
        fields: dict[str, object] = {
            "Destination": {
                "ToAddresses": [parse_address(email.to_address, field="to_address").text]
            },
            "Content": {"Raw": {"Data": raw}},
            "EmailTags": _tags(email),
        }
        if self._settings.configuration_set:
            fields["ConfigurationSetName"] = self._settings.configuration_set
        return self._request("POST", _SEND, body=json.dumps(fields).encode())

    def judge(self, answer: Answer) -> Verdict:
        """Return what an answer to SendEmail means.

        A 5xx may follow an email that was taken: the guide itself warns of duplicates where such
        requests are sent again ("API error codes": retry with longer waits).
        """
        fields = answer.fields or {}
        if answer.status == _OK:
            return accepted(answer, fields.get("MessageId"))
        error, said = _error(answer, fields)
        rule = _rule(answer.status, error, said)
        if rule is None:
            return unreadable(answer)
        verdict = ruled(rule, answer, error=error, said=said)
        if _DAILY in said:
            return replace(verdict, retry_after=verdict.retry_after or _DAY_IS_FULL)
        if _is_about_time(error, said):
            return replace(verdict, is_worth_again=self._set_skew(answer))
        return verdict

    def account(self) -> SesAccount:
        """Return what the account may do (GetAccount).

        Raises:
            MailerCheckError: It does not answer, or does not let us in.
        """
        connection = ApiConnection(self._api)
        try:
            answer = connection.get(self._request("GET", _ACCOUNT))
            error, said = _error(answer, answer.fields or {})
            if _is_about_time(error, said) and self._set_skew(answer):
                answer = connection.get(self._request("GET", _ACCOUNT))
        except CannotReachError as error:
            raise MailerCheckError(
                str(error),
                remedy="Look at FUNNEL_SES_REGION, and whether this machine reaches "
                f"{self._api.host}.",
            ) from error
        finally:
            connection.close()
        return _account(answer)

    def check(self) -> None:
        """Ask for the account, without sending; see ``Mailer.check``."""
        account = self.account()
        if not account.can_send or account.enforcement == "SHUTDOWN":
            raise MailerCheckError(
                "SES does not send for this account: sending is paused",
                remedy="Open the account dashboard of SES in this region; it says why.",
            )
        if account.is_sandbox:
            raise MailerCheckError(
                "this SES account is in the sandbox: only verified addresses receive, "
                f"{account.per_day} emails a day and {account.per_second:g} a second at most",
                remedy="Ask for production access on the account dashboard of SES.",
            )

    def _request(self, method: str, path: str, *, body: bytes = b"") -> ApiRequest:
        headers = {"Host": self._api.host}
        if body:
            headers["Content-Type"] = "application/json"
        moment = self._clock() + self._skew
        signature = self._signer.sign(method, path, headers, body, now=moment)
        return ApiRequest(method=method, path=path, headers={**headers, **signature}, body=body)

    def _set_skew(self, answer: Answer) -> bool:
        """Take the time from an answer; return whether ours was off by so much that it matters."""
        with suppress(ValueError, TypeError):
            theirs = parsedate_to_datetime(answer.headers.get("Date", "")).astimezone(UTC)
            skew = theirs - self._clock()
            was_off = abs(skew - self._skew) >= _SMALLEST_SKEW
            self._skew = skew
            return was_off
        return False


def endpoint(region: str) -> str:
    """Return where a region's API is ("Amazon SES endpoints and quotas")."""
    return f"https://email.{region}.amazonaws.com"


def _check_settings(settings: SesSettings) -> None:
    needed = (
        ("region", _REGION.fullmatch(settings.region), "the region, like eu-central-1"),
        ("access_key", settings.access_key, "the access key of an IAM user"),
        ("secret_key", settings.secret_key, "the secret key of that IAM user"),
    )
    for name, is_there, what in needed:
        if not is_there:
            raise InvalidInputError(
                f"no {name.replace('_', ' ')} for SES is configured",
                field=f"FUNNEL_SES_{name.upper()}",
                remedy=f"Set FUNNEL_SES_{name.upper()} to {what}.",
            )


def _tags(email: OutgoingEmail) -> list[dict[str, str]]:
    tags = [{"Name": TAG_NAME, "Value": str(email.message_id)}]
    if email.tag:
        value = _NOT_IN_TAG.sub("_", email.tag)[:_LONGEST_TAG]
        tags.append({"Name": "template", "Value": value})
    return tags


def _error(answer: Answer, fields: Mapping[str, object]) -> tuple[str, str]:
    """Return an error's name and words: the name from its header, or from the body (``__type``).

    The header may go on behind a colon, the type stand behind a number sign.
    """
    name = answer.headers.get("x-amzn-ErrorType") or str(fields.get("__type") or "")
    name = name.partition(":")[0].rpartition("#")[2]
    said = fields.get("message") or fields.get("Message") or ""
    return clean_text(name, limit=100), str(said)


def _rule(status: int, error: str, said: str) -> Rule | None:
    if not 400 <= status < _SERVER_ERRORS:
        return None
    if error == "MessageRejected" and _NOT_VERIFIED in said:
        return SENDER_NOT_READY
    return ERRORS.get(error) or _STATUSES.get(status)


def _is_about_time(error: str, said: str) -> bool:
    return error in _TIME_ERRORS or said.startswith(_TIME_WORDS)


def _account(answer: Answer) -> SesAccount:
    fields = answer.fields
    if answer.status != _OK or fields is None:
        error, said = _error(answer, fields or {})
        raise MailerCheckError(
            clean_text(f"SES answers {answer.status} {error}: {said}", limit=500),
            remedy="Look at FUNNEL_SES_REGION, FUNNEL_SES_ACCESS_KEY and FUNNEL_SES_SECRET_KEY, "
            "and whether the IAM user may ses:SendEmail, ses:SendRawEmail and ses:GetAccount.",
        )
    quota = fields.get("SendQuota")
    quota = quota if isinstance(quota, dict) else {}
    per_day = _number(quota.get("Max24HourSend"))
    return SesAccount(
        is_sandbox=fields.get("ProductionAccessEnabled") is not True,
        can_send=fields.get("SendingEnabled") is True,
        per_day=None if per_day < 0 else int(per_day),
        per_second=_number(quota.get("MaxSendRate")),
        sent_last_day=int(_number(quota.get("SentLast24Hours"))),
        enforcement=str(fields.get("EnforcementStatus") or ""),
    )


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) else 0.0
