"""What happened to a person, in the words that reports use."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class FactKind(StrEnum):
    SIGNED_UP = "signed up"
    CONFIRMED = "confirmed"
    ATTENDED = "attended"
    MISSED = "missed"
    GOAL = "goal"
    WATCHED = "watched"


@dataclass(frozen=True, slots=True, kw_only=True)
class FactReport:
    """A word about one person, named by ``email`` or by a run of theirs.

    Attributes:
        session_id: Which sitting it is about; ``None``: the one whose seat the person holds.
        source: Who says so: "by hand", "demo", a platform's name.
        at: When it happened, aware, plan time; ``None``: now.
    """

    kind: FactKind
    source: str
    email: str | None = None
    enrollment_id: UUID | None = None
    session_id: UUID | None = None
    at: datetime | None = None
