"""Planning many people anew: why it is done, and which date each of them last knew."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from funnel.domain.session import Session


class ReplanKind(StrEnum):
    """What changed for many at once."""

    SESSION_MOVED = "session moved"
    SESSION_CANCELLED = "session cancelled"
    VERSION_PUBLISHED = "version published"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownDate:
    """A date as somebody was told it; moments are aware UTC, in plan time."""

    title: str
    starts_at: datetime
    ends_at: datetime
    zone: str

    def to_json(self) -> dict[str, str]:
        """Return it as rows keep it."""
        return {
            "title": self.title,
            "starts_at": self.starts_at.isoformat(),
            "ends_at": self.ends_at.isoformat(),
            "zone": self.zone,
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "KnownDate":
        """Read what ``to_json`` gave."""
        return cls(
            title=kept["title"],
            starts_at=datetime.fromisoformat(kept["starts_at"]),
            ends_at=datetime.fromisoformat(kept["ends_at"]),
            zone=kept["zone"],
        )

    @classmethod
    def of(cls, session: Session) -> "KnownDate":
        """Return the date that a session has now."""
        return cls(
            title=session.title,
            starts_at=session.starts_at,
            ends_at=session.ends_at,
            zone=session.zone,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DateChange:
    """When a date was given up (plan time), and which it was."""

    at: datetime
    former: KnownDate

    def to_json(self) -> dict[str, Any]:
        """Return it as rows keep it."""
        return {"at": self.at.isoformat(), "former": self.former.to_json()}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "DateChange":
        """Read what ``to_json`` gave."""
        return cls(
            at=datetime.fromisoformat(kept["at"]), former=KnownDate.from_json(kept["former"])
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldDate:
    """The newest notice of a new date that a person was written.

    Attributes:
        former: The date that it speaks of as the one before.
        told: The date that it tells; ``None`` where its row does not say.
        has_left: It was handed over, or may have been.
    """

    former: KnownDate | None
    told: KnownDate | None
    has_left: bool


def date_last_known(
    changes: Sequence[DateChange],
    *,
    registered_at: datetime,
    planned_for: Sequence[datetime],
    notice: ToldDate | None,
) -> KnownDate | None:
    """Return the date that a seat's holder believes in, ``None``: the one that now stands.

    Args:
        changes: Dates that the session had, and when each was given up, the earliest first.
        registered_at: Since when the seat is held, plan time.
        planned_for: Starts of the session for which emails of this run were planned.
        notice: What they were written last about a new date of this session.
    """
    if notice is not None:
        # What has not left tells nobody anything: they still know the date before it.
        believed = notice.told if notice.has_left else notice.former
        if believed is not None:
            return believed
    for change in changes:
        if registered_at < change.at or change.former.starts_at in planned_for:
            return change.former
    return None
