"""Bodies that forms post: url-encoded and multipart."""

import io
from typing import Final
from urllib.parse import parse_qsl

from python_multipart import parse_form
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import Field

from funnel.domain.signup import MOST_BODY_BYTES
from funnel.intake.errors import MalformedBodyError

URL_ENCODED: Final = "application/x-www-form-urlencoded"
MULTIPART: Final = "multipart/form-data"
MOST_PAIRS: Final = 200


def parse_url_encoded(body: bytes) -> list[tuple[str, str]]:
    """Return the names and values of a url-encoded body, in order, empty values included.

    Raises:
        MalformedBodyError: Not text, escapes that are not UTF-8, or more than 200 fields.
    """
    try:
        return parse_qsl(
            body.decode("utf-8"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MOST_PAIRS,
        )
    except UnicodeDecodeError as error:
        raise MalformedBodyError(
            "the form is not UTF-8", remedy="Give the page that holds it <meta charset=utf-8>."
        ) from error
    except ValueError as error:
        raise _too_many() from error


def parse_multipart(body: bytes, content_type: str) -> list[tuple[str, str]]:
    """Return the names and values of a multipart body, in order; files are left out.

    Raises:
        MalformedBodyError: Not multipart, not UTF-8, or more than 200 fields.
    """
    pairs: list[tuple[bytes, bytes]] = []

    def keep(field: Field) -> None:
        if len(pairs) >= MOST_PAIRS:
            raise _too_many()
        pairs.append((field.field_name or b"", field.value or b""))

    headers = {"Content-Type": content_type.encode("latin-1", "replace")}
    try:
        # A chunk of the whole: a file larger than it would be written to disk.
        parse_form(headers, io.BytesIO(body), keep, lambda _file: None, MOST_BODY_BYTES)
        return [(name.decode("utf-8"), value.decode("utf-8")) for name, value in pairs]
    except (FormParserError, UnicodeDecodeError, ValueError) as error:
        raise MalformedBodyError(
            "the form is not multipart in UTF-8", remedy=f"Send it as {URL_ENCODED}."
        ) from error


def _too_many() -> MalformedBodyError:
    return MalformedBodyError(f"the form has more than {MOST_PAIRS} fields")
