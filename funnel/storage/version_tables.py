"""What changes a plan for many: series of sessions, drafts, and work on many runs at once.

*plan* and *real* as in ``tables``.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from funnel.storage.base import PLAN_NOW, REAL_NOW, Base, Id


class SessionSeriesRow(Base):
    """Sessions that come again by a rule, such as "every first Thursday, 18:00".

    The next ``ahead`` of them are kept as sessions; each can then be changed alone.
    """

    __tablename__ = "session_series"

    id: Mapped[Id]
    sequence_id: Mapped[UUID] = mapped_column(ForeignKey("sequences.id"))
    rule: Mapped[str]
    zone: Mapped[str]
    title: Mapped[str]
    minutes: Mapped[int]
    seats: Mapped[int | None]
    join_url: Mapped[str] = mapped_column(server_default="")
    clicks_count: Mapped[bool] = mapped_column(server_default=text("false"))
    ahead: Mapped[int] = mapped_column(server_default=text("3"))
    begins_on: Mapped[date]
    ends_on: Mapped[date | None]
    ended_at: Mapped[datetime | None]  # plan; no further session is made
    created_at: Mapped[datetime] = mapped_column(server_default=PLAN_NOW)  # plan


class SequenceDraftRow(Base):
    """What a sequence may become: one draft a sequence, checked, not live."""

    __tablename__ = "sequence_drafts"

    slug: Mapped[str] = mapped_column(primary_key=True)
    source: Mapped[str]  # the file as it was written, comments included
    definition: Mapped[dict[str, Any]]
    checksum: Mapped[str]
    base_version_id: Mapped[UUID | None]  # what was live when it was begun
    updated_by: Mapped[str]
    updated_at: Mapped[datetime] = mapped_column(server_default=REAL_NOW)  # real


class ReplanRow(Base):
    """Planning many runs anew, in bounded batches: a session moved, or a version was published.

    What is broken off goes on from the rows: a run that has been planned carries ``replan_id``.
    """

    __tablename__ = "replans"
    __table_args__ = (
        CheckConstraint(
            "kind in ('session moved', 'session cancelled', 'version published')", name="kind"
        ),
        # Read by the worker that goes on with what is unfinished.
        Index("ix_replans_open", "created_at", postgresql_where=text("finished_at is null")),
    )

    id: Mapped[Id]
    kind: Mapped[str]
    session_id: Mapped[UUID | None]
    sequence_id: Mapped[UUID]
    version_id: Mapped[UUID | None]
    policy: Mapped[str] = mapped_column(server_default="")  # of a publish: who moves, and how
    data: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    by: Mapped[str] = mapped_column(server_default="")
    total: Mapped[int] = mapped_column(server_default=text("0"))
    done: Mapped[int] = mapped_column(server_default=text("0"))
    created_at: Mapped[datetime] = mapped_column(server_default=REAL_NOW)  # real
    finished_at: Mapped[datetime | None]  # real


class ApiTokenRow(Base):
    """A way in for programs: shown once, kept as its SHA-256, good for its scopes only."""

    __tablename__ = "api_tokens"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(unique=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    created_at: Mapped[datetime] = mapped_column(server_default=REAL_NOW)  # real
    last_used_at: Mapped[datetime | None]  # real
    revoked_at: Mapped[datetime | None]  # real
