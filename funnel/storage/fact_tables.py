"""What happened, what was seen, and what other systems report before it is known whom it is about.

*plan* and *real* as in ``tables``.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    Text,
    UniqueConstraint,
    literal_column,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, INET, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from funnel.storage.base import PLAN_NOW, Base, Id


class FactRow(Base):
    """Something that happened and that the planner may use.

    ``name`` is the link, tag, kind of booking or product; ``step_key`` the email clicked in.
    ``dedupe_key`` makes a fact that is reported twice one row. ``data`` has a booking's own id as
    ``reference``, and as ``replaces`` that of the one that was moved and became it.
    """

    __tablename__ = "facts"
    __table_args__ = (
        Index("ix_facts_subscriber_id", "subscriber_id"),
        # Read by the studio's list of people: who has a tag, the newest first, and which there are.
        Index(
            "ix_facts_tagged",
            literal_column("lower(name)").label("tag"),
            "at",
            "id",
            postgresql_where=text("kind = 'tagged'"),
        ),
    )

    id: Mapped[Id]
    subscriber_id: Mapped[UUID] = mapped_column(ForeignKey("subscribers.id", ondelete="CASCADE"))
    enrollment_id: Mapped[UUID | None]
    session_id: Mapped[UUID | None]
    kind: Mapped[str]
    name: Mapped[str] = mapped_column(server_default="")
    step_key: Mapped[str | None]
    source: Mapped[str]
    dedupe_key: Mapped[str | None] = mapped_column(unique=True)
    at: Mapped[datetime]  # plan; when it happened
    known_at: Mapped[datetime] = mapped_column(server_default=PLAN_NOW)  # plan
    data: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))


class EvidenceRow(Base):
    """Something that a machine may have caused as well: a page or link was fetched.

    ``is_human`` is the judgement, with its ``reasons``; none while it is not judged yet.
    """

    __tablename__ = "evidence"
    __table_args__ = (
        # Read by judge_evidence: what may become a fact.
        Index(
            "ix_evidence_to_judge",
            "at",
            postgresql_where=text(
                "judged_at is null and kind in ('link opened', 'join link opened', "
                "'email opened', 'confirmation page fetched')"
            ),
        ),
        # Read by judge_evidence, by the cap, and when a person is erased.
        Index("ix_evidence_subscriber_id", "subscriber_id", "at"),
        # Read by the cap: what was seen of one run, or of one signup.
        Index("ix_evidence_enrollment_id", "enrollment_id", "at"),
        Index(
            "ix_evidence_signup_id",
            "signup_id",
            "at",
            postgresql_where=text("signup_id is not null"),
        ),
        # Read by the purge.
        Index("ix_evidence_at", "at"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    kind: Mapped[str]
    subscriber_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("subscribers.id", ondelete="CASCADE")
    )
    enrollment_id: Mapped[UUID | None]
    signup_id: Mapped[UUID | None]
    session_id: Mapped[UUID | None]
    link_id: Mapped[int | None] = mapped_column(BigInteger)
    method: Mapped[str | None]  # of HTTP
    at: Mapped[datetime] = mapped_column(server_default=PLAN_NOW)  # plan
    ip: Mapped[str | None] = mapped_column(INET)
    user_agent: Mapped[str | None]
    judged_at: Mapped[datetime | None]  # plan
    is_human: Mapped[bool | None]
    reasons: Mapped[list[str] | None] = mapped_column(ARRAY(Text))


class LinkRow(Base):
    """A link of an email that leads elsewhere. Never deleted: mails that have left hold its id.

    ``target`` is an address, or the brand's field that holds it (``brand.booking_url``).
    """

    __tablename__ = "links"
    __table_args__ = (UniqueConstraint("template_key", "name", "target"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    template_key: Mapped[str]
    name: Mapped[str]
    target: Mapped[str]


class FactSourceRow(Base):
    """A system that reports facts; ``preset`` says how it signs and what its payloads mean."""

    __tablename__ = "fact_sources"

    id: Mapped[Id]
    slug: Mapped[str] = mapped_column(unique=True)
    preset: Mapped[str]
    secrets: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    field_mapping: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    per_minute: Mapped[int | None]  # events a minute before 429; none: no limit
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))


class ReceivedFactRow(Base):
    """One event of a fact source, kept once per ``(source, event id)``.

    ``waiting``: nobody has that address yet, or no session that number; it is tried again when
    somebody is confirmed, and by the hour. ``reports`` are its facts in our words.
    """

    __tablename__ = "received_facts"
    __table_args__ = (
        UniqueConstraint("source_id", "event_id"),
        CheckConstraint("status in ('applied', 'waiting', 'ignored', 'refused')", name="status"),
        Index(
            "ix_received_facts_waiting", "email_key", postgresql_where=text("status = 'waiting'")
        ),
    )

    id: Mapped[Id]
    source_id: Mapped[UUID] = mapped_column(ForeignKey("fact_sources.id"))
    event_id: Mapped[str]
    email_key: Mapped[str | None]
    reports: Mapped[list[Any]] = mapped_column(JSONB, server_default=text("'[]'"))
    status: Mapped[str]
    reason: Mapped[str] = mapped_column(server_default="")
    payload: Mapped[bytes | None] = mapped_column(LargeBinary)  # raw; until it is applied
    received_at: Mapped[datetime] = mapped_column(server_default=PLAN_NOW)  # plan
    tried_at: Mapped[datetime | None]  # plan
