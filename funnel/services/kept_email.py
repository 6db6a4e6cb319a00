"""A finished email as it stands in its row: a second attempt must make the same bytes."""

import base64
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any
from uuid import UUID

from funnel.domain.quoted_text import QuotedText
from funnel.sending.mailer import Attachment, OutgoingEmail

_MOMENTS = frozenset({"sent_at", "planned_at"})


def kept_email(email: OutgoingEmail) -> dict[str, Any]:
    """Return the email as plain JSON values, without when it left: each attempt has its own."""
    kept: dict[str, Any] = {each.name: getattr(email, each.name) for each in fields(OutgoingEmail)}
    del kept["left_at"]
    kept["message_id"] = str(email.message_id)
    kept["text"], kept["html"] = _kept_body(email.text), _kept_body(email.html)
    kept["attachments"] = [_kept_attachment(each) for each in email.attachments]
    return kept | {name: kept[name].isoformat() for name in _MOMENTS}


def _kept_body(body: str | QuotedText) -> str | dict[str, str]:
    # As it travels: the same text can be quoted in several ways, a second attempt has only one.
    return body if isinstance(body, str) else {"quoted": body.encoded.decode("ascii")}


def _kept_attachment(attachment: Attachment) -> dict[str, Any]:
    return {
        "filename": attachment.filename,
        "content_type": attachment.content_type,
        "content": base64.b64encode(attachment.content).decode(),
        "params": attachment.params,
    }


def restored_email(kept: Mapping[str, Any]) -> OutgoingEmail:
    """Return the email that ``kept_email`` kept, equal in every other field."""
    values = dict(kept)
    values["message_id"] = UUID(kept["message_id"])
    values["text"], values["html"] = _restored_body(kept["text"]), _restored_body(kept["html"])
    values["headers"] = tuple((name, value) for name, value in kept["headers"])
    values["attachments"] = tuple(_restored_attachment(each) for each in kept["attachments"])
    values |= {name: datetime.fromisoformat(kept[name]) for name in _MOMENTS}
    return OutgoingEmail(**values)


def _restored_body(kept: str | Mapping[str, str]) -> str | QuotedText:
    return kept if isinstance(kept, str) else QuotedText(kept["quoted"].encode("ascii"))


def _restored_attachment(kept: Mapping[str, Any]) -> Attachment:
    return Attachment(
        filename=kept["filename"],
        content_type=kept["content_type"],
        content=base64.b64decode(kept["content"]),
        params=tuple((name, value) for name, value in kept["params"]),
    )
