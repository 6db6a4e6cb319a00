"""What bounds sending and what others say of it: budgets, what was spent, circuits, events.

*plan* and *real* as in ``tables``. All of this is real time: providers count by their own clocks.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from funnel.storage.base import REAL_NOW, Base


class BudgetRow(Base):
    """How much may leave by a provider, in a lane, or both; ``*`` stands for all of them.

    Every budget that fits a message holds: of several limits the tightest decides.
    """

    __tablename__ = "budgets"

    provider: Mapped[str] = mapped_column(primary_key=True)  # "*": all together
    lane: Mapped[str] = mapped_column(primary_key=True)  # "*": all together
    per_second: Mapped[int | None]
    per_minute: Mapped[int | None]
    per_hour: Mapped[int | None]  # in any 60 minutes
    per_day: Mapped[int | None]  # in any 24 hours
    preset: Mapped[str] = mapped_column(server_default="")  # the preset that it came from
    warm_up_from: Mapped[date | None]  # first day of the warm-up, UTC
    warm_up: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))  # emails by day
    updated_by: Mapped[str]
    updated_at: Mapped[datetime] = mapped_column(server_default=REAL_NOW)  # real


class BudgetSpendingRow(Base):
    """What left by a provider in a lane; every budget reckons with these rows.

    By the second while it is new, then by the minute, then by ten minutes: older rows are drawn
    together at the *end* of their span, so that a window never counts less than left within it.
    """

    __tablename__ = "budget_spending"

    provider: Mapped[str] = mapped_column(primary_key=True)
    lane: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(primary_key=True)  # real; a whole second
    spent: Mapped[int]


class ProviderStateRow(Base):
    """How a provider does, in a lane or (``*``) as a whole: its circuit, and how fast it may go."""

    __tablename__ = "provider_states"
    __table_args__ = (CheckConstraint("circuit in ('closed', 'open', 'trying')", name="circuit"),)

    provider: Mapped[str] = mapped_column(primary_key=True)
    lane: Mapped[str] = mapped_column(primary_key=True)
    circuit: Mapped[str] = mapped_column(server_default="closed")
    retry_at: Mapped[datetime | None]  # real; when an open circuit tries again
    pace: Mapped[float] = mapped_column(server_default=text("1"))  # share of the budget, 0 to 1
    paced_until: Mapped[datetime | None]  # real; when the pace grows again
    accepted: Mapped[int] = mapped_column(server_default=text("0"))  # since ``counted_from``
    failed: Mapped[int] = mapped_column(server_default=text("0"))  # of the provider, likewise
    refused: Mapped[int] = mapped_column(server_default=text("0"))  # of emails, likewise
    dead: Mapped[int] = mapped_column(server_default=text("0"))  # of addresses, likewise
    counted_from: Mapped[datetime] = mapped_column(server_default=REAL_NOW)  # real
    reason: Mapped[str] = mapped_column(server_default="")
    changed_at: Mapped[datetime] = mapped_column(server_default=REAL_NOW)  # real


class LaneDomainRow(Base):
    """A recipient domain that belongs to a lane by a rule of this installation."""

    __tablename__ = "lane_domains"

    domain: Mapped[str] = mapped_column(primary_key=True)  # lower case
    lane: Mapped[str]


class DeliveryEventRow(Base):
    """What a provider said about one message, once per number of its own.

    ``waiting``: no message is known by its id yet; it is tried again for a while.
    """

    __tablename__ = "delivery_events"
    __table_args__ = (
        CheckConstraint("state in ('applied', 'waiting', 'ignored')", name="state"),
        Index("ix_delivery_events_waiting", "tried_at", postgresql_where=text("state = 'waiting'")),
        Index("ix_delivery_events_message_id", "message_id"),
        Index("ix_delivery_events_received_at", "received_at"),
    )

    provider: Mapped[str] = mapped_column(primary_key=True)
    event_id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]  # DeliveryEventKind
    message_id: Mapped[UUID | None]
    provider_id: Mapped[str | None]  # the provider's id of the message
    address_hash: Mapped[str | None]  # of whom it speaks, where no message says it
    state: Mapped[str]
    note: Mapped[str] = mapped_column(server_default="")  # why it was ignored
    occurred_at: Mapped[datetime]  # real, as the provider says
    received_at: Mapped[datetime] = mapped_column(server_default=REAL_NOW)  # real
    tried_at: Mapped[datetime] = mapped_column(server_default=REAL_NOW)  # real
    detail: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))


class ProviderSubscriptionRow(Base):
    """A topic of a provider that asked to send here; it does so once a person has said yes.

    ``subscribe_url`` is the provider's link that says yes; "" once it was followed.
    """

    __tablename__ = "provider_subscriptions"
    __table_args__ = (CheckConstraint("state in ('asked', 'confirmed', 'ended')", name="state"),)

    provider: Mapped[str] = mapped_column(primary_key=True)
    topic: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(server_default="asked")
    subscribe_url: Mapped[str] = mapped_column(server_default="")
    asked_at: Mapped[datetime] = mapped_column(server_default=REAL_NOW)  # real
    changed_at: Mapped[datetime] = mapped_column(server_default=REAL_NOW)  # real
    changed_by: Mapped[str] = mapped_column(server_default="")


class DeliveryPayloadRow(Base):
    """A provider's request that was not understood, as it came; kept 30 days."""

    __tablename__ = "delivery_payloads"
    __table_args__ = (Index("ix_delivery_payloads_received_at", "received_at"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    provider: Mapped[str]
    received_at: Mapped[datetime] = mapped_column(server_default=REAL_NOW)  # real
    reason: Mapped[str]
    body: Mapped[str]  # cut; never of a request whose signature was wrong
