"""Whether the fields of our own JSON hold what they are for; what is nested elsewhere is not."""

from collections.abc import Mapping
from typing import Final

from funnel.domain.errors import InvalidInputError
from funnel.intake.names import canonical
from funnel.intake.strict_json import JsonValue

# Without "email", which is missed where it is nested, and "name", which builders divide.
_PLAIN: Final = frozenset(
    {"first_name", "last_name", "time_zone", "locale", "session", "letters", "external_id"}
)


def check_shapes(body: Mapping[str, JsonValue], mapping: Mapping[str, tuple[str, ...]]) -> None:
    """Raise where a field of ours at the top of a JSON body is a list or an object, or the reverse.

    Empty lists and objects count as missing: PHP writes both as ``[]``.

    Args:
        body: The JSON object.
        mapping: The source's own names; a field that has some is looked for there only.

    Raises:
        InvalidInputError: Names the field and what to send.
    """
    for name, value in body.items():
        key = canonical(name)
        if value in (None, "", [], {}):
            continue
        if (key in _PLAIN and key not in mapping) or key.startswith("utm_"):
            _check_plain(key, value)
        elif key == "utm":
            _check_utm(value)
        elif key == "fields":
            _check_free(value)


def _check_plain(field: str, value: JsonValue) -> None:
    # {"value": …} is the wrapping of builders, which is taken off later.
    is_wrapped = isinstance(value, dict) and "value" in value
    if isinstance(value, dict | list) and not is_wrapped:
        raise InvalidInputError(
            f"“{field}” must be one plain value",
            field=field,
            remedy="Send a text, no list and no object; or tell the source what yours is called.",
        )


def _check_utm(value: JsonValue) -> None:
    if not isinstance(value, dict):
        raise InvalidInputError(
            "“utm” must be an object", field="utm", remedy='Send {"source": "…", "medium": "…"}.'
        )
    for name, each in value.items():
        if isinstance(each, dict | list) and each:
            raise InvalidInputError(
                "the values of “utm” must be plain",
                field=f"utm.{canonical(name)[:50]}",
                remedy="Send a text, no list and no object.",
            )


def _check_free(value: JsonValue) -> None:
    is_labelled = isinstance(value, list) and all(isinstance(each, dict) for each in value)
    if not isinstance(value, dict) and not is_labelled:
        raise InvalidInputError(
            "“fields” must be an object",
            field="fields",
            remedy='Send names and plain values, {"company": "…"}.',
        )
