"""What marketers define: brands, sequences and emails, with their immutable versions.

*plan* and *real* as in ``tables``.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from funnel.storage.base import REAL_NOW, Base, Id


class BrandRow(Base):
    __tablename__ = "brands"

    id: Mapped[Id]
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    host_name: Mapped[str]
    host_first_name: Mapped[str]
    from_address: Mapped[str]
    reply_to: Mapped[str]
    postal_address: Mapped[str]
    accent: Mapped[str]
    logo_url: Mapped[str] = mapped_column(server_default="")
    booking_url: Mapped[str] = mapped_column(server_default="")
    notes_url: Mapped[str] = mapped_column(server_default="")
    link_domain: Mapped[str] = mapped_column(server_default="")
    provider: Mapped[str] = mapped_column(server_default="")  # empty: the installation's own
    thank_you_url: Mapped[str] = mapped_column(server_default="")  # own page after a signup
    confirmed_url: Mapped[str] = mapped_column(server_default="")  # own page after confirming
    daily_note_to: Mapped[str] = mapped_column(server_default="")  # empty: no daily note
    # Of the latest note: its day, the moment up to which it tells (plan), and the sums then.
    daily_note_on: Mapped[date | None]
    daily_note_since: Mapped[datetime | None]
    daily_note_sums: Mapped[dict[str, Any] | None]
    file_checksum: Mapped[str | None]  # as a sequence's


class SequenceRow(Base):
    __tablename__ = "sequences"

    id: Mapped[Id]
    slug: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    brand_id: Mapped[UUID] = mapped_column(ForeignKey("brands.id"))
    live_version_id: Mapped[UUID | None]  # no key: versions point back at their sequence
    # What the sequence's file said when it was last loaded: only a file that changed since is news.
    file_checksum: Mapped[str | None]


class SequenceVersionRow(Base):
    """Immutable once written."""

    __tablename__ = "sequence_versions"
    __table_args__ = (UniqueConstraint("sequence_id", "number"),)

    id: Mapped[Id]
    sequence_id: Mapped[UUID] = mapped_column(ForeignKey("sequences.id"))
    number: Mapped[int]
    definition: Mapped[dict[str, Any]]
    checksum: Mapped[str]
    published_at: Mapped[datetime] = mapped_column(server_default=REAL_NOW)  # real
    origin: Mapped[str] = mapped_column(server_default="file")  # file, draft, rollback
    published_by: Mapped[str] = mapped_column(server_default="")
    note: Mapped[str] = mapped_column(server_default="")
    # The file that it was made of, its author's comments included; none: from before it was kept.
    source: Mapped[str | None]


class TemplateRow(Base):
    __tablename__ = "templates"

    key: Mapped[str] = mapped_column(primary_key=True)  # "disruption-masterclass/bias"
    live_version_id: Mapped[UUID]
    file_checksum: Mapped[str | None]  # as a sequence's


class TemplateVersionRow(Base):
    """Immutable once written: source as its author wrote it, and compiled for rendering."""

    __tablename__ = "template_versions"
    __table_args__ = (UniqueConstraint("key", "number"),)

    id: Mapped[Id]
    key: Mapped[str]
    number: Mapped[int]
    source: Mapped[str]
    compiled: Mapped[dict[str, Any]]
    checksum: Mapped[str]
    published_at: Mapped[datetime] = mapped_column(server_default=REAL_NOW)  # real
    origin: Mapped[str] = mapped_column(server_default="file")  # file, draft, rollback
    published_by: Mapped[str] = mapped_column(server_default="")
    note: Mapped[str] = mapped_column(server_default="")


class DefinitionErrorRow(Base):
    """A file that could not be loaded; the live version stays. Gone when the file is right."""

    __tablename__ = "definition_errors"

    file_name: Mapped[str] = mapped_column(primary_key=True)
    error: Mapped[str]
    checksum: Mapped[str]
    seen_at: Mapped[datetime] = mapped_column(server_default=REAL_NOW)  # real
