"""A look at everybody whom a publish would concern, made by a worker while nobody waits."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

# Fewer are looked at while the page is made: under a second.
LOOKED_AT_ONCE: Final = 500
# For so long (real time) an answer is given again to whoever asks the same.
LASTS: Final = timedelta(minutes=10)
# Who came after it began is looked at when it is published. More than this: it is made anew.
NEWCOMERS: Final = 1_000


class CheckKind(StrEnum):
    """What would be published."""

    SEQUENCE = "sequence"
    TEMPLATE = "template"


class CheckStatus(StrEnum):
    """Where it stands."""

    RUNNING = "running"
    FINISHED = "finished"
    OUTDATED = "outdated"  # what it was about is no longer so: a draft was changed, say


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What somebody wants to know before they publish.

    Attributes:
        target: A sequence's slug, or a template's key.
        number: The former version that would live again; ``None``: the draft.
        policy: What becomes of whoever is in the sequence; empty for a template.
        fingerprint: Of all that the answer depends on but the people: what would be published,
            what is live, the emails' texts, the brand, the dates.
    """

    kind: CheckKind
    target: str
    fingerprint: str
    number: int | None = None
    policy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishCheck:
    """One such look.

    Attributes:
        total: How many people there were when it began; ``done`` of them are looked at.
        reached: The last run that was looked at.
        result: What was found so far, as its kind keeps it.
        began_at: Plan time; who entered later is not in it.
        created_at: Real time, as is ``finished_at``.
    """

    id: UUID
    kind: CheckKind
    target: str
    number: int | None
    policy: str
    fingerprint: str
    status: CheckStatus
    total: int
    done: int
    reached: UUID | None
    began_at: datetime
    created_at: datetime
    finished_at: datetime | None
    result: dict[str, Any] = field(default_factory=dict)

    @property
    def is_running(self) -> bool:
        """Whether somebody is still to be looked at."""
        return self.status is CheckStatus.RUNNING
