"""Amazon SES's events, which come as messages of a topic of Amazon SNS.

From the public documentation:
https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html (events of
a configuration set: ``eventType``, with our tags) and .../notification-contents.html (feedback
notifications of an identity: ``notificationType``, without tags). Both are read; the first is the
one to set up, for it carries our id.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from funnel.domain.delivery_event import DeliveryEvent, DeliveryEventKind
from funnel.domain.errors import InvalidInputError
from funnel.domain.strict_json import read_object
from funnel.domain.text import clean_text
from funnel.sending.delivery_events import (
    EventPost,
    Fields,
    Reading,
    SubscriptionAsk,
    message_id_of,
    moment_of,
    object_of,
    objects_of,
    provider_id_of,
    required_text,
    text_of,
)
from funnel.sending.sns import NOTIFICATION, UNSUBSCRIPTION, Envelope, Fetch, SnsVerifier

Kind = DeliveryEventKind

_MOST_RECIPIENTS: Final = 50  # of one email; SES takes no more
_OUR_MESSAGE_ID: Final = re.compile(r"<?([0-9a-fA-F-]{36})@[^<>\s]+>?")
_STATUS: Final = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b")

# A permanent bounce says that the address is dead, but for these: SES, or who runs the account,
# keeps the address from being written to; the email did not leave for its server at all.
_NOT_DEAD: Final = frozenset({"OnAccountSuppressionList", "OnTenantSuppressionList"})


class SesEvents:
    """Reads what SES says by the topics that are set up."""

    provider = "ses"
    to_check = (
        "Give the topic SignatureVersion 2, leave raw message delivery off, and name the topic "
        "in FUNNEL_SES_TOPIC_ARNS; docs/connect-provider-events.md shows each step."
    )

    def __init__(self, topics: Sequence[str], fetch: Fetch) -> None:
        """Take the ARNs of the topics (none: closed), and how a certificate is fetched."""
        self._verifier = SnsVerifier(topics, fetch)

    def read(self, post: EventPost) -> Reading:
        """Verify a message, then read its events: one for each recipient that it names."""
        envelope = self._verifier.verify(post.body, now=post.now)
        if envelope.kind != NOTIFICATION:
            return SubscriptionAsk(
                topic=envelope.topic,
                subscribe_url=envelope.subscribe_url,
                has_ended=envelope.kind == UNSUBSCRIPTION,
            )
        if not envelope.message.lstrip().startswith("{"):
            # The first message of a new topic: "Successfully validated SNS topic for Amazon SES".
            return (_other(envelope, text=clean_text(envelope.message, limit=100)),)
        return tuple(_read(envelope, read_object(envelope.message.encode("utf-8", "replace"))))


def _read(envelope: Envelope, fields: Fields) -> Iterator[DeliveryEvent]:
    kind = text_of(fields, "eventType") or text_of(fields, "notificationType")
    if not kind:
        raise InvalidInputError("“eventType” is missing", field="eventType")
    read = _READERS.get(kind)
    mail = object_of(fields, "mail")
    if read is None:
        shown = clean_text(kind, limit=40)
        yield _other(envelope, text=f"an event of the type “{shown}”", mail=mail)
        return
    told = list(read(fields))
    if len(told) > _MOST_RECIPIENTS:
        raise InvalidInputError(f"it names {len(told)} recipients; an email has 50 at most")
    ours, theirs = _our_id(mail), provider_id_of(text_of(mail, "messageId"))
    for number, each in enumerate(told):
        yield DeliveryEvent(
            event_id=f"{clean_text(envelope.message_id, limit=200)}:{number}",
            kind=each.kind,
            message_id=ours,
            provider_id=theirs,
            address=each.address or None,
            occurred_at=each.at or envelope.sent_at,
            code=each.code,
            reason=each.reason,
            is_hard=each.is_hard,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What is said of one recipient."""

    kind: DeliveryEventKind
    address: str = ""
    at: datetime | None = None
    code: str = ""
    reason: str = ""
    is_hard: bool = False


def _bounce(fields: Fields) -> Iterator[_Told]:
    bounce = object_of(fields, "bounce")
    kind, subtype = required_text(bounce, "bounceType"), text_of(bounce, "bounceSubType")
    at = moment_of(bounce, "timestamp")
    for each in _recipients(bounce, "bouncedRecipients"):
        said, status = text_of(each, "diagnosticCode"), text_of(each, "status")
        says = f"{kind} ({subtype})" if subtype else kind
        yield _Told(
            kind=_bounce_kind(kind, is_report=bool(said or status or text_of(each, "action"))),
            address=text_of(each, "emailAddress"),
            at=at,
            code=_code(said, status),
            reason=f"{says}: {said}" if said else says,
            is_hard=kind == "Permanent" and subtype not in _NOT_DEAD,
        )


def _bounce_kind(kind: str, *, is_report: bool) -> DeliveryEventKind:
    """An automatic reply ("out of office") comes as a transient bounce without a report.

    The email was delivered then, or is still on its way: it moves nothing that is known better.
    """
    return Kind.BOUNCED if is_report or kind == "Permanent" else Kind.DEFERRED


def _complaint(fields: Fields) -> Iterator[_Told]:
    complaint = object_of(fields, "complaint")
    at = moment_of(complaint, "timestamp")
    reason = text_of(complaint, "complaintFeedbackType") or "a complaint without its kind"
    subtype = text_of(complaint, "complaintSubType")
    # On the list already: SES took the email and did not send it. No new word of the reader's.
    kind = Kind.BOUNCED if subtype in _NOT_DEAD else Kind.COMPLAINED
    for each in _recipients(complaint, "complainedRecipients"):
        said = f"{reason} ({subtype})" if subtype else reason
        yield _Told(kind=kind, address=text_of(each, "emailAddress"), at=at, reason=said)


def _delivery(fields: Fields) -> Iterator[_Told]:
    delivery = object_of(fields, "delivery")
    at, said = moment_of(delivery, "timestamp"), text_of(delivery, "smtpResponse")
    recipients = delivery.get("recipients")
    found = recipients if isinstance(recipients, list) else []
    for address in found[: _MOST_RECIPIENTS + 1] or [""]:
        shown = address if isinstance(address, str) else ""
        yield _Told(kind=Kind.DELIVERED, address=shown, at=at, reason=said)


def _delay(fields: Fields) -> Iterator[_Told]:
    delay = object_of(fields, "deliveryDelay")
    at, kind = moment_of(delay, "timestamp"), text_of(delay, "delayType")
    for each in _recipients(delay, "delayedRecipients"):
        said, status = text_of(each, "diagnosticCode"), text_of(each, "status")
        yield _Told(
            kind=Kind.DEFERRED,
            address=text_of(each, "emailAddress"),
            at=at,
            code=_code(said, status),
            reason=f"{kind}: {said}" if said else kind,
        )


def _send(fields: Fields) -> Iterator[_Told]:
    """SES has it: nothing of its delivery is known by that, but that it did come from us is."""
    yield _Told(kind=Kind.ACCEPTED, at=moment_of(object_of(fields, "mail"), "timestamp"))


def _reject(fields: Fields) -> Iterator[_Told]:
    """SES took it and found a virus in it; it is sent to nobody."""
    reason = text_of(object_of(fields, "reject"), "reason") or "rejected"
    yield _Told(kind=Kind.BOUNCED, reason=f"Reject: {reason}")


def _seen(kind: DeliveryEventKind) -> Callable[[Fields], Iterator[_Told]]:
    def read(_: Fields) -> Iterator[_Told]:
        # Who opened and where from is not ours to keep.
        yield _Told(kind=kind)

    return read


def _recipients(fields: Fields, name: str) -> list[Fields]:
    found = objects_of(fields, name)
    if not found:
        raise InvalidInputError(f"“{name}” names nobody", field=name)
    return found


def _code(said: str, status: str) -> str:
    """Return "550 5.1.1" of "smtp; 550 5.1.1 user unknown", the status alone where that is all."""
    reply = re.match(r"(?:\w+;\s*)?([245]\d\d)\b", said)
    enhanced = _STATUS.search(said)
    status = enhanced[0] if enhanced else status
    return f"{reply[1]} {status}".strip() if reply else status


def _our_id(mail: Fields) -> UUID | None:
    """Return our id: of our tag, else of the Message-ID that the email had before SES changed it.

    Headers are there where "include original headers" is switched on, and in events.
    """
    values = object_of(mail, "tags").get("message")
    tagged = values[0] if isinstance(values, list) and values else ""
    if isinstance(tagged, str) and (found := message_id_of(tagged)) is not None:
        return found
    given = text_of(object_of(mail, "commonHeaders"), "messageId")
    match = _OUR_MESSAGE_ID.fullmatch(given.strip())
    return message_id_of(match[1].lower()) if match else None


def _other(envelope: Envelope, *, text: str, mail: Fields | None = None) -> DeliveryEvent:
    return DeliveryEvent(
        event_id=f"{clean_text(envelope.message_id, limit=200)}:0",
        kind=Kind.OTHER,
        message_id=_our_id(mail) if mail else None,
        provider_id=provider_id_of(text_of(mail, "messageId")) if mail else None,
        occurred_at=envelope.sent_at,
        reason=text,
    )


_READERS: Final[dict[str, Callable[[Fields], Iterator[_Told]]]] = {
    "Bounce": _bounce,
    "Complaint": _complaint,
    "Delivery": _delivery,
    "DeliveryDelay": _delay,
    "Send": _send,
    "Reject": _reject,
    "Open": _seen(Kind.OPENED),
    "Click": _seen(Kind.CLICKED),
}
