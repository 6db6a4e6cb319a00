"""The body of a signup webhook: JSON, or a form that a site builder posts."""

import hmac
from typing import Final

from funnel.domain.errors import SignatureError
from funnel.domain.signup import SignupRequest, Source
from funnel.intake.errors import MalformedBodyError
from funnel.intake.flatten import Scalar, flatten
from funnel.intake.form_body import MULTIPART, URL_ENCODED, parse_multipart, parse_url_encoded
from funnel.intake.shapes import check_shapes
from funnel.intake.signup import Arrival, read_signup
from funnel.intake.strict_json import parse_json

_JSON: Final = "application/json"


def read_webhook(content_type: str, source: Source, arrival: Arrival) -> SignupRequest:
    """Return the signup that a webhook's body makes.

    Args:
        content_type: Header of that name; anything that ends in ``json`` is JSON.
        source: Its mapping names the fields.
        arrival: The verified body, and how it came.

    Raises:
        MalformedBodyError: The body cannot be read.
        InvalidInputError: A field in it is wrong; names it.
    """
    return read_signup(_pairs(content_type, source, arrival.payload), source, arrival)


def _pairs(content_type: str, source: Source, body: bytes) -> list[tuple[str, Scalar]]:
    kind = content_type.partition(";")[0].strip().lower()
    if kind.endswith(("/json", "+json")):
        value = parse_json(body)
        check_shapes(value, source.field_mapping)
        return list(flatten(value))
    if kind == URL_ENCODED:
        return list(parse_url_encoded(body))
    if kind == MULTIPART:
        return list(parse_multipart(body, content_type))
    raise MalformedBodyError(
        "the content type is none that is read here",
        field="Content-Type",
        remedy=f"Send {_JSON} or {URL_ENCODED}.",
    )


def check_form_secret(given: str, source: Source) -> None:
    """Raise unless ``given`` is the secret of a source that cannot sign.

    Raises:
        SignatureError: It is not, or the source takes signed webhooks only.
    """
    expected = (source.form_secret or "").encode()
    is_right = hmac.compare_digest(given.encode("utf-8", "replace"), expected)
    if not expected or not is_right:
        raise SignatureError("the secret is missing or wrong")
