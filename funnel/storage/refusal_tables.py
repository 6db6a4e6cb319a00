"""Posts to the signup webhook that were rightly authenticated and could not be understood."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary
from sqlalchemy.dialects.postgresql import INET
from sqlalchemy.orm import Mapped, mapped_column

from funnel.storage.base import PLAN_NOW, Base, Id


class RefusedSignupRow(Base):
    """One post that was answered 400 or 422, as it came: the 1,000 newest of each source."""

    __tablename__ = "refused_signups"
    __table_args__ = (
        # Read by record_refusal (the oldest fall away) and by the list of sources (the last day).
        Index("ix_refused_signups_source", "source_id", "received_at"),
    )

    id: Mapped[Id]
    source_id: Mapped[UUID] = mapped_column(ForeignKey("sources.id"))
    received_at: Mapped[datetime] = mapped_column(server_default=PLAN_NOW)  # plan
    reason: Mapped[str]
    field: Mapped[str | None]
    payload: Mapped[bytes] = mapped_column(LargeBinary)
    ip: Mapped[str | None] = mapped_column(INET)
    user_agent: Mapped[str | None]
