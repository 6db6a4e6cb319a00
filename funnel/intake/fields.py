"""The fields of one submission, found by our names whatever they are called there."""

from collections.abc import Iterable, Mapping
from typing import Final

from funnel.domain.errors import InvalidInputError
from funnel.domain.signup import (
    FIELD_NAME_LIMIT,
    FIELD_VALUE_LIMIT,
    MOST_FIELDS,
    FieldValue,
)
from funnel.domain.text import clean_text
from funnel.intake.flatten import Scalar
from funnel.intake.names import ALIASES, canonical, is_internal

_CONSTANT: Final = "="
_UTM: Final = ("utm_", "utm.")


class Fields:
    """What a submission holds, each value used at most once: the rest are free fields."""

    def __init__(
        self, pairs: Iterable[tuple[str, Scalar]], mapping: Mapping[str, tuple[str, ...]]
    ) -> None:
        """Take names and values as they came, and the source's own names for our fields.

        Raises:
            InvalidInputError: A text holds NUL or half a character.
        """
        self._mapping = mapping
        self._values: dict[str, list[Scalar]] = {}
        for name, value in pairs:
            _check_text(name, name)
            _check_text(name, value)
            if not is_internal(name):
                self._values.setdefault(canonical(name), []).append(value)
        self._used: set[str] = set()

    def text(self, field: str) -> str:
        """Return the text of one of our fields, "" where it is missing or empty.

        Raises:
            InvalidInputError: A number, a truth value, or two different texts.
        """
        value = self.scalar(field)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise InvalidInputError(
                f"“{field}” must be text", field=field, remedy="Send it in quotation marks."
            )
        return value

    def scalar(self, field: str) -> Scalar:
        """Return the value of one of our fields, ``None`` where it is missing or empty.

        Raises:
            InvalidInputError: Two different values.
        """
        fixed: str | None = None
        for name in self._mapping.get(field) or ALIASES[field]:
            if name.startswith(_CONSTANT):
                fixed = fixed if fixed is not None else name.removeprefix(_CONSTANT)
                continue
            key = canonical(name)
            self._used.add(key)
            filled = [each for each in self._values.get(key, []) if each not in (None, "")]
            if len(set(map(str, filled))) > 1:
                raise InvalidInputError(
                    f"“{name}” was given twice, differently", field=field, remedy="Send it once."
                )
            if filled:
                return filled[0]
        return fixed

    def utm(self) -> dict[str, str]:
        """Return what a campaign's link said, by its name without "utm"."""
        found: dict[str, str] = {}
        for key, values in self._values.items():
            if key.startswith(_UTM):
                self._used.add(key)
                text = clean_text(str(values[0] or ""), limit=FIELD_VALUE_LIMIT)
                if text:
                    found[key[4:][:FIELD_NAME_LIMIT]] = text
        return dict(list(found.items())[:MOST_FIELDS])

    def free(self) -> dict[str, FieldValue]:
        """Return what is not one of ours; several values of one name are joined.

        At most 50, the shallow ones first: what is beyond that is still in the kept body.
        """
        names = [key for key in self._values if key and key not in self._used]
        return {
            name[:FIELD_NAME_LIMIT]: _joined(self._values[name]) for name in names[:MOST_FIELDS]
        }


def _joined(values: list[Scalar]) -> FieldValue:
    if len(values) == 1 and not isinstance(values[0], str):
        return values[0]
    texts = (str(each) for each in values if each is not None)
    return clean_text(", ".join(texts), limit=FIELD_VALUE_LIMIT)


def _check_text(name: str, value: Scalar) -> None:
    """Refuse what no database and no mail can hold."""
    if not isinstance(value, str) or (value.isprintable() and value.isascii()):
        return
    if "\x00" in value or any("\ud800" <= each <= "\udfff" for each in value):
        shown = clean_text(name, limit=50) or "a field"
        raise InvalidInputError(
            f"“{shown}” holds a character that is none (NUL or half a surrogate pair)",
            field=shown,
            remedy="Send plain text in UTF-8.",
        )
