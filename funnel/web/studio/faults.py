"""What was wrong with a form, as the page says it."""

from dataclasses import dataclass
from typing import Final

from funnel.domain.errors import InvalidInputError
from funnel.domain.mistakes import errors_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong, in sentences, and at which field; ``status`` is HTTP's.

    Attributes:
        each: Where several things are wrong: each in sentences of its own, with its field.
    """

    text: str
    field: str = ""
    status: int = 422
    each: tuple[tuple[str, str], ...] = ()

    def at(self, *fields: str) -> bool:
        """Return whether something is wrong with one of the fields."""
        if not self.text:
            return False
        concerned = {field for _, field in self.each} or {self.field}
        return any(field in concerned for field in fields)


NONE: Final = Fault(text="", status=200)


def fault_of(error: InvalidInputError, *, status: int = 422) -> Fault:
    """Return what is wrong and what to do about it, each thing of it."""
    told = [(_in_sentences(each), each.field or "") for each in errors_of(error)]
    return Fault(
        text=" ".join(text for text, _ in told),
        field=error.field or "",
        status=status,
        each=tuple(told) if len(told) > 1 else (),
    )


def _in_sentences(error: InvalidInputError) -> str:
    problem = str(error).rstrip(".")
    return f"{problem[:1].upper()}{problem[1:]}. {error.remedy}".strip()
