"""What can be wrong with a body before anything in it is looked at."""

from funnel.domain.errors import InvalidInputError


class MalformedBodyError(InvalidInputError):
    """The body cannot be read at all: not JSON, not a form, or not text (HTTP 400)."""
