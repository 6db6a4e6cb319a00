"""What marketers write and do on the pages: drafts, pictures, words to many, notes, imports, sums.

*plan* and *real* as in ``tables``.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from funnel.storage.base import PLAN_NOW, REAL_NOW, Base, Id


class TemplateDraftRow(Base):
    """What a template may become. Kept as it is typed, so it may be wrong; never sent.

    ``revision`` grows with every save: who saves upon another one than they saw is told.
    """

    __tablename__ = "template_drafts"

    key: Mapped[str] = mapped_column(primary_key=True)
    source: Mapped[str]
    revision: Mapped[int]
    base_version_id: Mapped[UUID | None]  # what was live when it was begun; none: a new email
    updated_by: Mapped[str]
    updated_at: Mapped[datetime] = mapped_column(server_default=REAL_NOW)  # real


class ImageRow(Base):
    """A picture for emails, made harmless when it was taken in; its address never changes.

    Never deleted: mails that have left show it.
    """

    __tablename__ = "images"

    id: Mapped[Id]
    digest: Mapped[str] = mapped_column(unique=True)  # SHA-256 of the content, in hexadecimal
    media_type: Mapped[str]
    width: Mapped[int]
    height: Mapped[int]
    name: Mapped[str]  # what the file was called
    content: Mapped[bytes] = mapped_column(LargeBinary)
    by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=REAL_NOW)  # real


class LandingTextRow(Base):
    """The texts of a sequence's own landing page; without a row the file's are shown."""

    __tablename__ = "landing_texts"

    sequence_id: Mapped[UUID] = mapped_column(ForeignKey("sequences.id"), primary_key=True)
    source: Mapped[str]
    former_source: Mapped[str | None]  # what a press on "put back" brings; none: the file's
    revision: Mapped[int]
    updated_by: Mapped[str]
    updated_at: Mapped[datetime] = mapped_column(server_default=REAL_NOW)  # real


class AnnouncementRow(Base):
    """One email to everybody who holds a seat in a session, written by a person for this once.

    Its text is version 1 of the template ``announcements/<id>``. ``queued`` of ``total`` have
    become messages, in the order of people's ids; what is broken off goes on after ``reached``.
    """

    __tablename__ = "announcements"
    __table_args__ = (
        Index("ix_announcements_session_id", "session_id"),
        # Read by the worker that goes on with what is unfinished.
        Index("ix_announcements_open", "created_at", postgresql_where=text("finished_at is null")),
    )

    id: Mapped[Id]
    session_id: Mapped[UUID] = mapped_column(ForeignKey("sessions.id"))
    session_starts_at: Mapped[datetime]  # plan; the date that it speaks of
    subject: Mapped[str]
    by: Mapped[str]
    reached: Mapped[UUID | None]  # the last person who was looked at
    total: Mapped[int] = mapped_column(server_default=text("0"))
    queued: Mapped[int] = mapped_column(server_default=text("0"))
    created_at: Mapped[datetime] = mapped_column(server_default=PLAN_NOW)  # plan
    stopped_at: Mapped[datetime | None]  # plan; what had not left by then was cancelled
    finished_at: Mapped[datetime | None]  # plan; all of it is queued, or it was stopped


class EmailTestRow(Base):
    """A test of one email, to a colleague: finished when it was asked for, counted nowhere."""

    __tablename__ = "test_emails"
    __table_args__ = (
        CheckConstraint(
            "status in ('queued', 'sending', 'accepted', 'failed', 'unknown')", name="status"
        ),
        # Read by the worker that sends them.
        Index("ix_test_emails_queued", "available_at", postgresql_where=text("status = 'queued'")),
        # Read by the sweep, and by the list of the latest.
        Index("ix_test_emails_created_at", "created_at"),
    )

    id: Mapped[Id]
    to_address: Mapped[str]
    # As whom it was made, so that it goes when they do; no foreign key: it is not theirs.
    subscriber_id: Mapped[UUID | None]
    template_key: Mapped[str]
    email: Mapped[dict[str, Any]]  # as kept emails are, see services/kept_email.py
    status: Mapped[str] = mapped_column(server_default="queued")
    reason: Mapped[str] = mapped_column(server_default="")
    by: Mapped[str]
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    available_at: Mapped[datetime] = mapped_column(server_default=REAL_NOW)  # real
    lease_until: Mapped[datetime | None]  # real
    created_at: Mapped[datetime] = mapped_column(server_default=REAL_NOW)  # real
    settled_at: Mapped[datetime | None]  # real


class NoteRow(Base):
    """What somebody who works here wrote down about a person; gone with the person."""

    __tablename__ = "notes"

    id: Mapped[Id]
    subscriber_id: Mapped[UUID] = mapped_column(
        ForeignKey("subscribers.id", ondelete="CASCADE"), index=True
    )
    text: Mapped[str]
    by: Mapped[str]
    at: Mapped[datetime] = mapped_column(server_default=PLAN_NOW)  # plan


class ImportRow(Base):
    """A file of people from another tool: read, tried, then taken in batch by batch."""

    __tablename__ = "imports"
    __table_args__ = (
        CheckConstraint(
            "status in ('uploaded', 'trying', 'tried', 'running', 'finished', 'stopped')",
            name="status",
        ),
        # Read by the worker that goes on with what is unfinished.
        Index(
            "ix_imports_open",
            "created_at",
            postgresql_where=text("status in ('trying', 'running')"),
        ),
    )

    id: Mapped[Id]
    file_name: Mapped[str]
    columns: Mapped[list[str]] = mapped_column(ARRAY(Text))
    options: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    status: Mapped[str] = mapped_column(server_default="uploaded")
    total: Mapped[int]
    done: Mapped[int] = mapped_column(server_default=text("0"))
    last_line: Mapped[int] = mapped_column(server_default=text("0"))  # where to go on behind
    sums: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=REAL_NOW)  # real
    finished_at: Mapped[datetime | None]  # real


class ImportLineRow(Base):
    """One line of such a file, as it was written, and what became of it (or would, once tried).

    Deleted 30 days after the upload: the import's sums stay.
    """

    __tablename__ = "import_lines"
    __table_args__ = (
        # Read by the import's page and its downloads.
        Index("ix_import_lines_outcome", "import_id", "outcome", "line"),
        # Read by the worker (the same address twice), by a person's page, and when one is erased.
        Index(
            "ix_import_lines_email_key",
            "email_key",
            "import_id",
            "line",
            postgresql_where=text("email_key is not null"),
        ),
    )

    import_id: Mapped[UUID] = mapped_column(
        ForeignKey("imports.id", ondelete="CASCADE"), primary_key=True
    )
    line: Mapped[int] = mapped_column(primary_key=True)  # of the file, counted from 1
    cells: Mapped[list[str]] = mapped_column(ARRAY(Text))
    outcome: Mapped[str | None]
    email_key: Mapped[str | None]  # none: no address could be read
    subscriber_id: Mapped[UUID | None]  # whom it made, or found
    reason: Mapped[str] = mapped_column(server_default="")  # a code, and after ": " what it names


class ResultSumRow(Base):
    """Sums of the results page, moved in the same transaction as the rows that they count.

    ``scope`` says what ``key`` names: "email" a step, "session" a session's id, "source" a source,
    "utm" a campaign, medium or the like.
    """

    __tablename__ = "result_sums"

    sequence_id: Mapped[UUID] = mapped_column(primary_key=True)
    scope: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    measure: Mapped[str] = mapped_column(primary_key=True)  # "clicked", "left", "registered", …
    total: Mapped[int] = mapped_column(BigInteger)


class CheckRow(Base):
    """Whom a publish would concern, and whether each of their emails can be written: being found.

    Asked for by a page where there are too many people to be looked at while it waits. A worker
    goes through them in the order of their runs' ids; what is broken off goes on after ``reached``,
    with the sums so far in ``result``. Deleted a day later.
    """

    __tablename__ = "checks"
    __table_args__ = (
        CheckConstraint("status in ('running', 'finished', 'outdated')", name="status"),
        # One that is under way serves everybody who asks the same.
        Index(
            "uq_checks_running",
            "kind",
            "target",
            "policy",
            "fingerprint",
            unique=True,
            postgresql_where=text("status = 'running'"),
        ),
        # Read by the pages, and when old ones are forgotten.
        Index("ix_checks_target", "kind", "target", "created_at"),
    )

    id: Mapped[Id]
    kind: Mapped[str]  # "sequence" or "template"
    target: Mapped[str]  # a sequence's slug, a template's key
    number: Mapped[int | None]  # the former version that would live again; none: the draft
    policy: Mapped[str] = mapped_column(server_default="")
    fingerprint: Mapped[str]  # of all that the answer depends on but the people
    status: Mapped[str] = mapped_column(server_default="running")
    total: Mapped[int]
    done: Mapped[int] = mapped_column(server_default=text("0"))
    reached: Mapped[UUID | None]  # the last run that was looked at
    result: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    by: Mapped[str]
    # Plan: who came later is not in it.
    began_at: Mapped[datetime] = mapped_column(server_default=PLAN_NOW)
    created_at: Mapped[datetime] = mapped_column(server_default=REAL_NOW)  # real
    finished_at: Mapped[datetime | None]  # real
