"""What is right for the machine and still wrong for the reader: one thing to mend."""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """``ERROR`` must not be published; ``WARNING`` is for the author to weigh."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing to mend: what it is, and what to do about it.

    Attributes:
        line: The line of the text, counted from 1; ``None`` where it stands nowhere in it.
        people: Whom it concerns, in words; empty: everybody.
    """

    code: str
    severity: Severity
    message: str
    remedy: str
    line: int | None = None
    people: str = ""


def error(code: str, message: str, remedy: str, *, line: int | None = None) -> Finding:
    """Return a finding that stands in the way of publishing."""
    return Finding(code=code, severity=Severity.ERROR, message=message, remedy=remedy, line=line)


def warning(code: str, message: str, remedy: str, *, line: int | None = None) -> Finding:
    """Return a finding for the author to weigh."""
    return Finding(code=code, severity=Severity.WARNING, message=message, remedy=remedy, line=line)


def line_of(source: str, words: str, *, begins: bool = False) -> int | None:
    """Return the first line that holds (or begins with) some words; ``None``: none does."""
    for number, line in enumerate(source.split("\n"), start=1):
        if line.lstrip().startswith(words) if begins else words in line:
            return number
    return None
