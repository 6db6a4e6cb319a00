"""What was wrong with a form, as the page says it."""

from dataclasses import dataclass
from typing import Final

from funnel.domain.errors import InvalidInputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong: in sentences, and at which field; ``status`` is HTTP's."""

    text: str
    field: str = ""
    status: int = 422


NONE: Final = Fault(text="", status=200)


def fault_of(error: InvalidInputError) -> Fault:
    """Return what is wrong and what to do about it."""
    problem = str(error).rstrip(".")
    text = f"{problem[:1].upper()}{problem[1:]}. {error.remedy}".strip()
    return Fault(text=text, field=error.field or "")
