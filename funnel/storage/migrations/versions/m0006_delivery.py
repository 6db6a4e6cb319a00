"""Rows of delivery: budgets, circuits, own lanes, what providers report, unknowns to ask for.

Revision: 0006
Revises: 0005

Expand only: new tables and columns that may be empty or have a default, so what still runs on 0005
goes on.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables, columns and indexes."""
    _budgets()
    _states()
    _events()
    _messages()


def _budgets() -> None:
    op.create_table(
        "budgets",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("per_second", sa.Integer(), nullable=True),
        sa.Column("per_minute", sa.Integer(), nullable=True),
        sa.Column("per_hour", sa.Integer(), nullable=True),
        sa.Column("per_day", sa.Integer(), nullable=True),
        sa.Column("preset", sa.Text(), server_default="", nullable=False),
        sa.Column("warm_up_from", sa.Date(), nullable=True),
        _json("warm_up"),
        sa.Column("updated_by", sa.Text(), nullable=False),
        _moment("updated_at"),
        sa.PrimaryKeyConstraint("provider", "lane", name=op.f("pk_budgets")),
    )
    op.create_table(
        "budget_spending",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("spent", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("provider", "lane", "at", name=op.f("pk_budget_spending")),
    )
    op.create_table(
        "lane_domains",
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("domain", name=op.f("pk_lane_domains")),
    )


def _states() -> None:
    op.create_table(
        "provider_states",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("circuit", sa.Text(), server_default="closed", nullable=False),
        sa.Column("retry_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("pace", sa.Float(), server_default=sa.text("1"), nullable=False),
        sa.Column("paced_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accepted", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("failed", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("refused", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("dead", sa.Integer(), server_default=sa.text("0"), nullable=False),
        _moment("counted_from"),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        _moment("changed_at"),
        sa.CheckConstraint(
            "circuit in ('closed', 'open', 'trying')", name=op.f("ck_provider_states_circuit")
        ),
        sa.PrimaryKeyConstraint("provider", "lane", name=op.f("pk_provider_states")),
    )


def _events() -> None:
    op.create_table(
        "delivery_events",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.Column("provider_id", sa.Text(), nullable=True),
        sa.Column("address_hash", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        _moment("received_at"),
        _moment("tried_at"),
        _json("detail"),
        sa.CheckConstraint(
            "state in ('applied', 'waiting', 'ignored')", name=op.f("ck_delivery_events_state")
        ),
        sa.PrimaryKeyConstraint("provider", "event_id", name=op.f("pk_delivery_events")),
    )
    op.create_index(
        "ix_delivery_events_waiting",
        "delivery_events",
        ["tried_at"],
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index("ix_delivery_events_message_id", "delivery_events", ["message_id"])
    op.create_index("ix_delivery_events_received_at", "delivery_events", ["received_at"])
    op.create_table(
        "provider_subscriptions",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="asked", nullable=False),
        sa.Column("subscribe_url", sa.Text(), server_default="", nullable=False),
        _moment("asked_at"),
        _moment("changed_at"),
        sa.Column("changed_by", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint(
            "state in ('asked', 'confirmed', 'ended')", name=op.f("ck_provider_subscriptions_state")
        ),
        sa.PrimaryKeyConstraint("provider", "topic", name=op.f("pk_provider_subscriptions")),
    )
    op.create_table(
        "delivery_payloads",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        _moment("received_at"),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_payloads")),
    )
    op.create_index("ix_delivery_payloads_received_at", "delivery_payloads", ["received_at"])


def _messages() -> None:
    op.add_column("messages", sa.Column("delivery_reason", sa.Text(), nullable=True))
    op.add_column("messages", sa.Column("delivery_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("messages", sa.Column("ask_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "messages",
        sa.Column("asks", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
    )
    op.create_index(
        "ix_messages_ask_at",
        "messages",
        ["ask_at"],
        postgresql_where=sa.text("status = 'unknown' and ask_at is not null"),
    )
    op.create_index(
        "ix_messages_provider_id",
        "messages",
        ["provider_id"],
        postgresql_where=sa.text("provider_id is not null and provider <> 'smtp'"),
    )
    # The same two with more columns: nobody misses an index that is another now.
    op.drop_index("ix_messages_sending", "messages")
    op.create_index(
        "ix_messages_sending",
        "messages",
        ["lease_owner", "lease_until"],
        postgresql_where=sa.text("status = 'sending'"),
    )
    op.drop_index("ix_messages_claim", "messages")
    op.create_index(
        "ix_messages_claim",
        "messages",
        ["lane", "priority", "due_at", "id"],
        postgresql_where=sa.text("status = 'queued' and published_at is null"),
    )


def _json(name: str) -> sa.Column[object]:
    return sa.Column(
        name,
        postgresql.JSONB(astext_type=sa.Text()),
        server_default=sa.text("'{}'"),
        nullable=False,
    )


def _moment(name: str) -> sa.Column[object]:
    return sa.Column(
        name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
    )
