"""Several things that are wrong with one form, said at once instead of one after the other."""

from collections.abc import Callable, Sequence
from typing import ParamSpec, TypeVar

from funnel.domain.errors import InvalidInputError

_Asked = ParamSpec("_Asked")
_Read = TypeVar("_Read")


class InvalidFormError(InvalidInputError):
    """More than one thing is wrong; the first stands for all where only one can be shown.

    Attributes:
        errors: Each of them, in the order in which they were found.
    """

    def __init__(self, errors: Sequence[InvalidInputError]) -> None:
        self.errors = tuple(errors)
        *before, last = self.errors
        told = [f"{_sentence(each)} {each.remedy}".strip() for each in before]
        # Whoever prints the message and then the remedy has said all of it, in order.
        message = " ".join([*told, _capital(str(last))])
        super().__init__(message, field=self.errors[0].field, remedy=last.remedy)


class Mistakes:
    """What is wrong so far: each check is heard, and none hides the next."""

    def __init__(self) -> None:
        """Begin with nothing wrong."""
        self._found: list[InvalidInputError] = []

    def hear(
        self, check: Callable[_Asked, _Read], *args: _Asked.args, **kwargs: _Asked.kwargs
    ) -> _Read | None:
        """Return what ``check`` returns; ``None``, and its problem noted, where it raises one."""
        try:
            return check(*args, **kwargs)
        except InvalidInputError as error:
            self._found.extend(errors_of(error))
            return None

    def is_about(self, *fields: str) -> bool:
        """Return whether something is wrong with one of the fields."""
        return any(each.field in fields for each in self._found)

    def end(self) -> None:
        """Raise what was heard: alone as it is, several as one ``InvalidFormError``."""
        if len(self._found) == 1:
            raise self._found[0]
        if self._found:
            raise InvalidFormError(self._found)


def errors_of(error: InvalidInputError) -> tuple[InvalidInputError, ...]:
    """Return the things that an error is about: itself, or each of a form's."""
    return error.errors if isinstance(error, InvalidFormError) else (error,)


def _sentence(error: InvalidInputError) -> str:
    return f"{_capital(str(error)).rstrip('.')}."


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"
