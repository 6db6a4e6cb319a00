"""Messages and what keeps them moving: the rows that change all day.

*plan* and *real* as in ``tables``.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from funnel.storage.base import REAL_NOW, Base, Id


class MessageRow(Base):
    """One email to one person, unique by its dedupe key.

    ``status`` is our side, ``delivery`` theirs: two parties own them. A notice belongs to no run;
    its ``data`` holds what its text needs beside the person (the date before a move).
    """

    __tablename__ = "messages"
    __table_args__ = (
        CheckConstraint(
            "status in "
            "('queued', 'sending', 'accepted', 'skipped', 'failed', 'unknown', 'cancelled')",
            name="status",
        ),
        CheckConstraint(
            "(kind = 'sequence') = (enrollment_id is not null and step_key is not null)"
            " or kind in ('notice', 'announcement')",
            name="kind",
        ),
        # Read by the claim: what may be put on the queue now. All of its order: a day's letters are
        # due at one moment, and would be sorted by their ids for each claim.
        Index(
            "ix_messages_claim",
            "lane",
            "priority",
            "due_at",
            "id",
            postgresql_where=text("status = 'queued' and published_at is null"),
        ),
        # Read by the cap and by the sweep: on the queue, not yet opened.
        Index(
            "ix_messages_published",
            "lane",
            "published_at",
            postgresql_where=text("status = 'queued' and published_at is not null"),
        ),
        # Read by the sweep, and by who settles from a journal: in whose hands, until when. They are
        # few: one index that is read whole by the sweep costs a message less than two.
        Index(
            "ix_messages_sending",
            "lease_owner",
            "lease_until",
            postgresql_where=text("status = 'sending'"),
        ),
        # Read by status and the ledger: held, waiting for a person.
        Index("ix_messages_unknown", "settled_at", postgresql_where=text("status = 'unknown'")),
        # Read by whoever settles unknowns: whose turn it is to be asked for.
        Index(
            "ix_messages_ask_at",
            "ask_at",
            postgresql_where=text("status = 'unknown' and ask_at is not null"),
        ),
        # Read by whoever is told of an email by its provider's own id: SMTP servers tell nothing.
        Index(
            "ix_messages_provider_id",
            "provider_id",
            postgresql_where=text("provider_id is not null and provider <> 'smtp'"),
        ),
        # Read by lateness figures.
        Index("ix_messages_accepted", "accepted_at", postgresql_where=text("status = 'accepted'")),
        # Read by the page of an announcement, and by whoever stops one.
        Index(
            "ix_messages_announcement_id",
            "announcement_id",
            postgresql_where=text("announcement_id is not null"),
        ),
        Index("ix_messages_enrollment_id", "enrollment_id"),
        Index("ix_messages_subscriber_id", "subscriber_id"),
    )

    id: Mapped[Id]
    kind: Mapped[str]
    dedupe_key: Mapped[str] = mapped_column(unique=True)
    subscriber_id: Mapped[UUID] = mapped_column(ForeignKey("subscribers.id", ondelete="CASCADE"))
    enrollment_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("enrollments.id", ondelete="CASCADE")
    )
    signup_id: Mapped[UUID | None]
    announcement_id: Mapped[UUID | None]
    session_id: Mapped[UUID | None]  # the session it was planned for
    session_starts_at: Mapped[datetime | None]  # plan; that session's start at that time
    sequence_id: Mapped[UUID]
    step_key: Mapped[str | None]
    copy: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    template_key: Mapped[str]
    topic: Mapped[str | None]  # consent that it needs; none for notices
    lane: Mapped[str]
    priority: Mapped[int] = mapped_column(SmallInteger)
    status: Mapped[str] = mapped_column(server_default="queued")
    delivery: Mapped[str] = mapped_column(server_default="none")
    delivery_reason: Mapped[str | None]  # the provider's words
    delivery_at: Mapped[datetime | None]  # real; of the event that said it
    reason: Mapped[str | None]
    due_at: Mapped[datetime]  # plan; the moment it was planned for
    valid_until: Mapped[datetime | None]  # plan; later it is late
    plan_revision: Mapped[int | None]
    available_at: Mapped[datetime] = mapped_column(server_default=REAL_NOW)  # real; retries move it
    published_at: Mapped[datetime | None]  # real
    epoch: Mapped[int] = mapped_column(server_default=text("0"))
    lease_owner: Mapped[str | None]
    lease_until: Mapped[datetime | None]  # real
    template_version_id: Mapped[UUID | None]  # pinned by the first open
    context: Mapped[dict[str, Any] | None]  # kept where a retry must make the same bytes
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    provider: Mapped[str | None]
    provider_id: Mapped[str | None]
    ask_at: Mapped[datetime | None]  # real; when an unknown is to be asked for
    asks: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    data: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    opened_at: Mapped[datetime | None]  # plan
    accepted_at: Mapped[datetime | None]  # plan; handed over
    settled_at: Mapped[datetime | None]  # plan
    created_at: Mapped[datetime] = mapped_column(server_default=REAL_NOW)  # real


class CounterRow(Base):
    """Sums for pages, moved in the same transaction as the rows that they count."""

    __tablename__ = "counters"

    sequence_id: Mapped[UUID] = mapped_column(primary_key=True)
    step_key: Mapped[str] = mapped_column(primary_key=True)  # a notice's key for notices
    status: Mapped[str] = mapped_column(primary_key=True)
    total: Mapped[int] = mapped_column(BigInteger)


class PauseRow(Base):
    """The emergency brake: while a row stands, nothing in its scope is claimed or opened."""

    __tablename__ = "pauses"

    scope: Mapped[str] = mapped_column(primary_key=True)  # "all"
    reason: Mapped[str]
    by: Mapped[str]
    at: Mapped[datetime] = mapped_column(server_default=REAL_NOW)  # real


class HeartbeatRow(Base):
    """A process that lives: written as it makes progress, not as a process monitor sees it."""

    __tablename__ = "heartbeats"

    name: Mapped[str] = mapped_column(primary_key=True)  # host:pid:role
    role: Mapped[str]
    started_at: Mapped[datetime] = mapped_column(server_default=REAL_NOW)  # real
    seen_at: Mapped[datetime] = mapped_column(server_default=REAL_NOW)  # real


class AuditRow(Base):
    """Who changed what."""

    __tablename__ = "audit"
    # Read by a person's page: what was done to them, and by whom.
    __table_args__ = (Index("ix_audit_target", "target", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=REAL_NOW)  # real
    by: Mapped[str]
    action: Mapped[str]
    target: Mapped[str]
    detail: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
