"""JSON read strictly: what two readers could understand differently is refused.

RFC 8259 leaves duplicate names and numbers like NaN to each reader; a word about somebody whose
meaning depends on that is none.
"""

import json
import math
from collections.abc import Iterator
from typing import Final

from funnel.domain.errors import InvalidInputError
from funnel.domain.text import clean_text

JsonValue = str | int | float | bool | None | list["JsonValue"] | dict[str, "JsonValue"]

MOST_LEVELS: Final = 20
_REMEDY: Final = "Send one JSON object in UTF-8, for example with json.dumps or JSON.stringify."


class MalformedJsonError(InvalidInputError):
    """It cannot be read at all, or two readers would read it differently."""


def read_object(body: bytes) -> dict[str, JsonValue]:
    """Return the object that ``body`` holds.

    Raises:
        MalformedJsonError: Not UTF-8, not JSON, not an object, a name twice in one object, NaN or
            an infinity, or nested more than 20 levels.
    """
    try:
        value = json.loads(
            body.decode("utf-8-sig"),
            object_pairs_hook=_without_duplicates,
            parse_constant=_refuse_constant,
            parse_float=_finite,
        )
    except UnicodeDecodeError as error:
        raise MalformedJsonError("the body is not UTF-8", remedy=_REMEDY) from error
    except RecursionError as error:
        raise _too_deep() from error
    except json.JSONDecodeError as error:
        raise MalformedJsonError(
            f"the body is not JSON: {error.msg} in line {error.lineno}, column {error.colno}",
            remedy=_REMEDY,
        ) from error
    except ValueError as error:
        # A number of thousands of digits: Python refuses to read it.
        raise MalformedJsonError("the body holds a number that is too long") from error
    if not isinstance(value, dict):
        raise MalformedJsonError("the body is not a JSON object", remedy=_REMEDY)
    if any(level > MOST_LEVELS for level in _levels(value)):
        raise _too_deep()
    return value


def _without_duplicates(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        name = next(each for each in names if names.count(each) > 1)
        # Half a surrogate pair could not even be answered.
        shown = clean_text(name, limit=50)
        raise MalformedJsonError(
            f"the name “{shown}” stands twice in one object",
            field=shown,
            remedy="Send each name once.",
        )
    return found


def _refuse_constant(name: str) -> JsonValue:
    raise MalformedJsonError(f"{name} is not a JSON number", remedy="Send null instead.")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise MalformedJsonError(f"the number {digits[:20]} is too large")
    return number


def _levels(value: JsonValue) -> Iterator[int]:
    """Yield how deep each list and object stands; a loop, so that no depth can break it."""
    ahead: list[tuple[JsonValue, int]] = [(value, 1)]
    while ahead:
        current, level = ahead.pop()
        if isinstance(current, dict):
            ahead.extend((each, level + 1) for each in current.values())
        elif isinstance(current, list):
            ahead.extend((each, level + 1) for each in current)
        else:
            continue
        yield level


def _too_deep() -> MalformedJsonError:
    return MalformedJsonError(
        f"the body is nested more than {MOST_LEVELS} levels", remedy="Send flat fields."
    )
