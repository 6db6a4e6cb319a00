"""What may be wrong with a template, said to the person who wrote it."""

from funnel.domain.errors import InvalidInputError
from funnel.domain.speech import say


class TemplateError(InvalidInputError):
    """A template cannot be compiled; the live version stays as it is.

    Attributes:
        name: The template's file or key.
        line: The line of the file, counted from 1; ``None`` where the whole file is at fault.
        reason: What is wrong, without name and line.
    """

    def __init__(
        self,
        reason: str,
        *,
        name: str = "",
        line: int | None = None,
        remedy: str = "",
        field: str | None = None,
    ) -> None:
        place = ", ".join(
            part for part in (name, say("line {line}", line=line) if line else "") if part
        )
        super().__init__(f"{place}: {reason}" if place else reason, field=field, remedy=remedy)
        self.name = name
        self.line = line
        self.reason = reason

    def placed(self, *, name: str, line_offset: int) -> "TemplateError":
        """Return the same error as seen from the whole file."""
        line = None if self.line is None else self.line + line_offset
        return TemplateError(
            self.reason, name=name, line=line, remedy=self.remedy, field=self.field
        )
