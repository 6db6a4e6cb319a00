"""Facts from elsewhere, links, series of sessions, drafts, and work on many runs at once.

Revision: 0002
Revises: 0001

Expand only: every new column is empty or has a default, so what still runs on 0001 goes on.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables, add the columns, and remember what the files said that are live."""
    for make in _TABLES:
        make()
    for add in _COLUMNS:
        add()
    op.execute(
        "update sequences q set file_checksum = v.checksum from sequence_versions v "
        "where v.id = q.live_version_id"
    )


def _api_tokens() -> None:
    op.create_table(
        "api_tokens",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_tokens")),
        sa.UniqueConstraint("digest", name=op.f("uq_api_tokens_digest")),
        sa.UniqueConstraint("name", name=op.f("uq_api_tokens_name")),
    )


def _fact_sources() -> None:
    op.create_table(
        "fact_sources",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("preset", sa.Text(), nullable=False),
        sa.Column(
            "secrets", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column(
            "field_mapping",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("per_minute", sa.Integer(), nullable=True),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fact_sources")),
        sa.UniqueConstraint("slug", name=op.f("uq_fact_sources_slug")),
    )


def _links() -> None:
    op.create_table(
        "links",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("template_key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_links")),
        sa.UniqueConstraint(
            "template_key", "name", "target", name=op.f("uq_links_template_key_name_target")
        ),
    )


def _replans() -> None:
    op.create_table(
        "replans",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("sequence_id", sa.Uuid(), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=True),
        sa.Column("policy", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "data",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("by", sa.Text(), server_default="", nullable=False),
        sa.Column("total", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("done", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind in ('session moved', 'session cancelled', 'version published')",
            name=op.f("ck_replans_kind"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_replans")),
    )
    op.create_index(
        "ix_replans_open",
        "replans",
        ["created_at"],
        unique=False,
        postgresql_where=sa.text("finished_at is null"),
    )


def _sequence_drafts() -> None:
    op.create_table(
        "sequence_drafts",
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("definition", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("checksum", sa.Text(), nullable=False),
        sa.Column("base_version_id", sa.Uuid(), nullable=True),
        sa.Column("updated_by", sa.Text(), nullable=False),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_sequence_drafts")),
    )


def _received_facts() -> None:
    op.create_table(
        "received_facts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("email_key", sa.Text(), nullable=True),
        sa.Column(
            "reports",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'"),
            nullable=False,
        ),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=True),
        sa.Column(
            "received_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("plan_now()"),
            nullable=False,
        ),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status in ('applied', 'waiting', 'ignored', 'refused')",
            name=op.f("ck_received_facts_status"),
        ),
        sa.ForeignKeyConstraint(
            ["source_id"],
            ["fact_sources.id"],
            name=op.f("fk_received_facts_source_id_fact_sources"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_received_facts")),
        sa.UniqueConstraint(
            "source_id", "event_id", name=op.f("uq_received_facts_source_id_event_id")
        ),
    )
    op.create_index(
        "ix_received_facts_waiting",
        "received_facts",
        ["email_key"],
        unique=False,
        postgresql_where=sa.text("status = 'waiting'"),
    )


def _session_series() -> None:
    op.create_table(
        "session_series",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("sequence_id", sa.Uuid(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("seats", sa.Integer(), nullable=True),
        sa.Column("join_url", sa.Text(), server_default="", nullable=False),
        sa.Column("clicks_count", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("ahead", sa.Integer(), server_default=sa.text("3"), nullable=False),
        sa.Column("begins_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("plan_now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["sequence_id"], ["sequences.id"], name=op.f("fk_session_series_sequence_id_sequences")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session_series")),
    )


def _add_to_enrollments() -> None:
    op.add_column("enrollments", sa.Column("replan_id", sa.Uuid(), nullable=True))


def _add_to_evidence() -> None:
    op.add_column("evidence", sa.Column("session_id", sa.Uuid(), nullable=True))
    op.add_column("evidence", sa.Column("link_id", sa.BigInteger(), nullable=True))
    op.add_column("evidence", sa.Column("method", sa.Text(), nullable=True))
    op.add_column("evidence", sa.Column("judged_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("evidence", sa.Column("is_human", sa.Boolean(), nullable=True))
    op.add_column("evidence", sa.Column("reasons", postgresql.ARRAY(sa.Text()), nullable=True))
    # The same index with the moment behind: what still runs on 0001 uses it as before.
    op.drop_index(op.f("ix_evidence_subscriber_id"), table_name="evidence")
    op.create_index("ix_evidence_subscriber_id", "evidence", ["subscriber_id", "at"], unique=False)
    op.create_index("ix_evidence_enrollment_id", "evidence", ["enrollment_id", "at"], unique=False)
    op.create_index(
        "ix_evidence_signup_id",
        "evidence",
        ["signup_id", "at"],
        unique=False,
        postgresql_where=sa.text("signup_id is not null"),
    )
    op.create_index("ix_evidence_at", "evidence", ["at"], unique=False)
    op.create_index(
        "ix_evidence_to_judge",
        "evidence",
        ["at"],
        unique=False,
        postgresql_where=sa.text(
            "judged_at is null and kind in ('link opened', 'join link opened', "
            "'email opened', 'confirmation page fetched')"
        ),
    )


def _add_to_facts() -> None:
    op.add_column("facts", sa.Column("name", sa.Text(), server_default="", nullable=False))
    op.add_column("facts", sa.Column("step_key", sa.Text(), nullable=True))
    op.add_column("facts", sa.Column("dedupe_key", sa.Text(), nullable=True))
    op.create_unique_constraint(op.f("uq_facts_dedupe_key"), "facts", ["dedupe_key"])


def _add_to_registrations() -> None:
    op.add_column(
        "registrations", sa.Column("attendance_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column(
        "registrations", sa.Column("joined_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column("registrations", sa.Column("left_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "registrations", sa.Column("join_url", sa.Text(), server_default="", nullable=False)
    )
    op.add_column(
        "registrations", sa.Column("join_url_at", sa.DateTime(timezone=True), nullable=True)
    )


def _add_to_sequence_versions() -> None:
    op.add_column(
        "sequence_versions", sa.Column("origin", sa.Text(), server_default="file", nullable=False)
    )
    op.add_column(
        "sequence_versions", sa.Column("published_by", sa.Text(), server_default="", nullable=False)
    )
    op.add_column(
        "sequence_versions", sa.Column("note", sa.Text(), server_default="", nullable=False)
    )


def _add_to_sequences() -> None:
    op.add_column("sequences", sa.Column("file_checksum", sa.Text(), nullable=True))


def _add_to_sessions() -> None:
    op.add_column("sessions", sa.Column("platform_id", sa.Text(), nullable=True))
    op.add_column("sessions", sa.Column("series_id", sa.Uuid(), nullable=True))
    op.add_column("sessions", sa.Column("occurs_on", sa.Date(), nullable=True))
    op.create_index("ix_sessions_platform_id", "sessions", ["platform_id"], unique=False)
    op.create_unique_constraint(
        op.f("uq_sessions_series_id_occurs_on"), "sessions", ["series_id", "occurs_on"]
    )
    op.create_foreign_key(
        op.f("fk_sessions_series_id_session_series"),
        "sessions",
        "session_series",
        ["series_id"],
        ["id"],
    )


def _add_to_signups() -> None:
    op.add_column("signups", sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True))


def _add_to_subscribers() -> None:
    op.add_column(
        "subscribers", sa.Column("letters_paused_until", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column("subscribers", sa.Column("zone_since", sa.DateTime(timezone=True), nullable=True))


_TABLES = (
    _api_tokens,
    _fact_sources,
    _links,
    _replans,
    _sequence_drafts,
    _received_facts,
    _session_series,
)
_COLUMNS = (
    _add_to_enrollments,
    _add_to_evidence,
    _add_to_facts,
    _add_to_registrations,
    _add_to_sequence_versions,
    _add_to_sequences,
    _add_to_sessions,
    _add_to_signups,
    _add_to_subscribers,
)
