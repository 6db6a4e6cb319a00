"""The JSON of bodies, read strictly: see ``domain/strict_json``."""

from typing import Final

from funnel.domain import strict_json
from funnel.domain.strict_json import MalformedJsonError
from funnel.intake.errors import MalformedBodyError

JsonValue = strict_json.JsonValue
MOST_LEVELS: Final = strict_json.MOST_LEVELS


def parse_json(body: bytes) -> dict[str, JsonValue]:
    """Return the object that ``body`` holds.

    Raises:
        MalformedBodyError: Not UTF-8, not JSON, not an object, a name twice in one object, NaN or
            an infinity, or nested more than 20 levels.
    """
    try:
        return strict_json.read_object(body)
    except MalformedJsonError as error:
        raise MalformedBodyError(str(error), field=error.field, remedy=error.remedy) from error
