"""Who may come in to the pages: people, their ways in, links for the first one, tries to guess.

All moments are *real*, as in ``tables``: a log-in knows nothing of the demo's clock.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, text
from sqlalchemy.dialects.postgresql import INET
from sqlalchemy.orm import Mapped, mapped_column

from funnel.storage.base import REAL_NOW, Base, Id


class UserRow(Base):
    """Somebody who may log in; without ``password_hash`` not before they chose one by a link.

    Never deleted: what they did must keep its author. ``disabled_at`` ends every way in.
    """

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint("role in ('viewer', 'marketer', 'ops', 'admin')", name="role"),
    )

    id: Mapped[Id]
    email: Mapped[str]
    email_key: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(server_default="")
    password_hash: Mapped[str | None]  # as argon2 writes it, parameters and salt included
    role: Mapped[str]
    language: Mapped[str] = mapped_column(server_default="")  # "de"; empty: as the browser asks
    is_demo: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[datetime] = mapped_column(server_default=REAL_NOW)
    disabled_at: Mapped[datetime | None]


class LoginRow(Base):
    """One browser's way in, found by the digest of its cookie.

    ``network`` is what limits count by; ``ip`` and ``user_agent`` tell their owner which it is.
    """

    __tablename__ = "logins"
    __table_args__ = (
        # Read by "your log-ins", and by whatever ends all of somebody's.
        Index("ix_logins_open", "user_id", postgresql_where=text("ended_at is null")),
        # Read by the throttle: did this person come in from there before?
        Index("ix_logins_user_id_network", "user_id", "network"),
    )

    id: Mapped[Id]
    digest: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    network: Mapped[str]
    ip: Mapped[str | None] = mapped_column(INET)
    user_agent: Mapped[str] = mapped_column(server_default="")
    created_at: Mapped[datetime] = mapped_column(server_default=REAL_NOW)
    last_seen_at: Mapped[datetime] = mapped_column(server_default=REAL_NOW)
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class LogInTryRow(Base):
    """Wrong passwords in a row, by account (as a digest: it may be nobody's) or by network."""

    __tablename__ = "log_in_tries"
    __table_args__ = (Index("ix_log_in_tries_last_at", "last_at"),)

    key: Mapped[str] = mapped_column(primary_key=True)
    failures: Mapped[int]
    last_at: Mapped[datetime]


class OneTimeLinkRow(Base):
    """A link that lets somebody choose a password, once; without ``user_id`` the first admin."""

    __tablename__ = "one_time_links"
    __table_args__ = (Index("ix_one_time_links_user_id", "user_id"),)

    id: Mapped[Id]
    digest: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    created_at: Mapped[datetime] = mapped_column(server_default=REAL_NOW)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
