"""What other systems call our fields: data, so that a new form is a line here or in its source.

Names are compared after ``canonical``: small letters, "_" for every separator of words, and
without the wrappers that builders put round a field (``form_fields[email]``, ``data.email.value``).
"""

import re
from collections.abc import Mapping
from typing import Final

# Ours, then what WordPress plugins (Contact Form 7, Elementor, Gravity, Fluent, WPForms),
# Mailchimp-like forms, Webflow, Squarespace, Tally and Typeform call it.
ALIASES: Final[Mapping[str, tuple[str, ...]]] = {
    "email": (
        "email",
        "e_mail",
        "email_address",
        "your_email",
        "mail",
        "your_mail",
        "e_mail_address",
        "contact_email",
        "work_email",
    ),
    "first_name": (
        "first_name",
        "firstname",
        "fname",
        "given_name",
        "forename",
        "your_first_name",
        "name.first",
    ),
    "last_name": (
        "last_name",
        "lastname",
        "lname",
        "family_name",
        "surname",
        "your_last_name",
        "name.last",
    ),
    "name": ("name", "full_name", "your_name", "fullname"),
    "time_zone": ("time_zone", "timezone", "tz"),
    "locale": ("locale", "language", "lang"),
    "session": ("session", "session_id", "masterclass_session"),
    "letters": ("letters", "wants_letters", "newsletter"),
    "external_id": (
        "external_id",
        "submission_id",
        "entry_id",
        "response_id",
        "event_id",
        "submissionid",
    ),
}

_WRAPPERS: Final = frozenset(
    {
        "fields",
        "form_fields",
        "form",
        "data",
        "payload",
        "contact",
        "subscriber",
        "person",
        "form_response",
        "hidden",
        "submission",
        "answers",
        "properties",
        "wpforms",
        "input",
    }
)
_BRACKETED: Final = re.compile(r"\[([^\[\]]*)\]")
_SEPARATORS: Final = re.compile(r"[^\w.]+|_+", re.UNICODE)


def canonical(name: str) -> str:
    """Return a field's name as it is compared; ``Form_Fields[E-Mail]`` is ``e_mail``."""
    dotted = _BRACKETED.sub(r".\1", name.strip().casefold())
    parts = [_SEPARATORS.sub("_", part).strip("_") for part in dotted.split(".")]
    parts = [part for part in parts if part]
    while len(parts) > 1 and parts[0] in _WRAPPERS:
        parts = parts[1:]
    if len(parts) > 1 and parts[-1] == "value":
        parts = parts[:-1]
    return ".".join(parts)


def is_internal(name: str) -> bool:
    """Whether a name is a form plugin's own, no field of a person's (``_wpnonce``)."""
    return name.strip().startswith("_")
