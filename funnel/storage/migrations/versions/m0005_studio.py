"""Rows of the studio: drafts, pictures, announcements, tests, notes, imports, sums of results.

Revision: 0005
Revises: 0004

Expand only: new tables, columns with a default, and a check that lets more in than before, so what
still runs on 0004 goes on.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables and columns."""
    _images()
    _imports()
    _result_sums()
    _template_drafts()
    _test_emails()
    _import_lines()
    _notes()
    _landing_texts()
    _announcements()
    _columns()
    _sums()
    _dates()
    _people()
    _message_of_announcement()
    _checks()
    _results()


def _checks() -> None:
    op.create_table(
        "checks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("policy", sa.Text(), server_default="", nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default="running", nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("reached", sa.Uuid(), nullable=True),
        sa.Column(
            "result",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column(
            "began_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("plan_now()"),
            nullable=False,
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status in ('running', 'finished', 'outdated')", name=op.f("ck_checks_status")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checks")),
    )
    op.create_index(
        "uq_checks_running",
        "checks",
        ["kind", "target", "policy", "fingerprint"],
        unique=True,
        postgresql_where=sa.text("status = 'running'"),
    )
    op.create_index("ix_checks_target", "checks", ["kind", "target", "created_at"], unique=False)


def _images() -> None:
    op.create_table(
        "images",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_images")),
        sa.UniqueConstraint("digest", name=op.f("uq_images_digest")),
    )


def _imports() -> None:
    op.create_table(
        "imports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("columns", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column(
            "options",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("status", sa.Text(), server_default="uploaded", nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("last_line", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "sums",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status in ('uploaded', 'trying', 'tried', 'running', 'finished', 'stopped')",
            name=op.f("ck_imports_status"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
    )
    op.create_index(
        "ix_imports_open",
        "imports",
        ["created_at"],
        unique=False,
        postgresql_where=sa.text("status in ('trying', 'running')"),
    )


def _result_sums() -> None:
    op.create_table(
        "result_sums",
        sa.Column("sequence_id", sa.Uuid(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "sequence_id", "scope", "key", "measure", name=op.f("pk_result_sums")
        ),
    )


def _template_drafts() -> None:
    op.create_table(
        "template_drafts",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("base_version_id", sa.Uuid(), nullable=True),
        sa.Column("updated_by", sa.Text(), nullable=False),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_template_drafts")),
    )


def _test_emails() -> None:
    op.create_table(
        "test_emails",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("to_address", sa.Text(), nullable=False),
        sa.Column("subscriber_id", sa.Uuid(), nullable=True),
        sa.Column("template_key", sa.Text(), nullable=False),
        sa.Column("email", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("status", sa.Text(), server_default="queued", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "available_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status in ('queued', 'sending', 'accepted', 'failed', 'unknown')",
            name=op.f("ck_test_emails_status"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_test_emails")),
    )
    op.create_index("ix_test_emails_created_at", "test_emails", ["created_at"], unique=False)
    op.create_index(
        "ix_test_emails_queued",
        "test_emails",
        ["available_at"],
        unique=False,
        postgresql_where=sa.text("status = 'queued'"),
    )


def _import_lines() -> None:
    op.create_table(
        "import_lines",
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("cells", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("email_key", sa.Text(), nullable=True),
        sa.Column("subscriber_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"],
            ["imports.id"],
            name=op.f("fk_import_lines_import_id_imports"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("import_id", "line", name=op.f("pk_import_lines")),
    )
    op.create_index(
        "ix_import_lines_outcome", "import_lines", ["import_id", "outcome", "line"], unique=False
    )
    op.create_index(
        "ix_import_lines_email_key",
        "import_lines",
        ["email_key", "import_id", "line"],
        unique=False,
        postgresql_where=sa.text("email_key is not null"),
    )


def _notes() -> None:
    op.create_table(
        "notes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("subscriber_id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("plan_now()"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["subscriber_id"],
            ["subscribers.id"],
            name=op.f("fk_notes_subscriber_id_subscribers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notes")),
    )
    op.create_index(op.f("ix_notes_subscriber_id"), "notes", ["subscriber_id"], unique=False)


def _landing_texts() -> None:
    op.create_table(
        "landing_texts",
        sa.Column("sequence_id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("former_source", sa.Text(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("updated_by", sa.Text(), nullable=False),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["sequence_id"], ["sequences.id"], name=op.f("fk_landing_texts_sequence_id_sequences")
        ),
        sa.PrimaryKeyConstraint("sequence_id", name=op.f("pk_landing_texts")),
    )


def _announcements() -> None:
    op.create_table(
        "announcements",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("session_starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reached", sa.Uuid(), nullable=True),
        sa.Column("total", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("queued", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("plan_now()"),
            nullable=False,
        ),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.id"], name=op.f("fk_announcements_session_id_sessions")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_announcements")),
    )
    op.create_index(
        "ix_announcements_open",
        "announcements",
        ["created_at"],
        unique=False,
        postgresql_where=sa.text("finished_at is null"),
    )
    op.create_index("ix_announcements_session_id", "announcements", ["session_id"], unique=False)


def _columns() -> None:
    op.add_column("brands", sa.Column("provider", sa.Text(), server_default="", nullable=False))
    op.add_column(
        "brands", sa.Column("thank_you_url", sa.Text(), server_default="", nullable=False)
    )
    op.add_column(
        "brands", sa.Column("confirmed_url", sa.Text(), server_default="", nullable=False)
    )
    op.add_column(
        "brands", sa.Column("daily_note_to", sa.Text(), server_default="", nullable=False)
    )
    op.add_column("brands", sa.Column("daily_note_on", sa.Date(), nullable=True))
    op.add_column(
        "brands", sa.Column("daily_note_since", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column("brands", sa.Column("daily_note_sums", postgresql.JSONB(), nullable=True))
    op.add_column("brands", sa.Column("file_checksum", sa.Text(), nullable=True))
    op.add_column("consents", sa.Column("after_sequence_id", sa.Uuid(), nullable=True))
    op.add_column("consents", sa.Column("after_step_key", sa.Text(), nullable=True))
    op.add_column("messages", sa.Column("announcement_id", sa.Uuid(), nullable=True))
    op.add_column("sequence_versions", sa.Column("source", sa.Text(), nullable=True))
    op.add_column(
        "template_versions", sa.Column("origin", sa.Text(), server_default="file", nullable=False)
    )
    op.add_column(
        "template_versions", sa.Column("published_by", sa.Text(), server_default="", nullable=False)
    )
    op.add_column(
        "template_versions", sa.Column("note", sa.Text(), server_default="", nullable=False)
    )
    op.add_column("templates", sa.Column("file_checksum", sa.Text(), nullable=True))
    op.add_column("users", sa.Column("language", sa.Text(), server_default="", nullable=False))


def _sums() -> None:
    """Who waits for an email is a difference of sums: see storage/step_figures.py."""
    op.execute(
        """
        insert into counters (sequence_id, step_key, status, total)
        select sequence_id, step_key, 'passed', count(*) from messages
        where kind = 'sequence' and copy = 0 and status not in ('queued', 'sending')
        group by 1, 2
        """
    )
    op.execute(
        """
        insert into counters (sequence_id, step_key, status, total)
        select m.sequence_id, m.step_key, 'ended', count(*) from messages m
        join enrollments e on e.id = m.enrollment_id
        where m.kind = 'sequence' and m.copy = 0 and e.state <> 'active'
        group by 1, 2
        """
    )


def _dates() -> None:
    op.create_index("ix_sessions_starts_at", "sessions", ["starts_at", "id"], unique=False)
    for name, column in (
        ("ix_registrations_newest", "registered_at"),
        ("ix_registrations_attendance", "attendance"),
    ):
        op.create_index(
            name,
            "registrations",
            ["session_id", column, "id"],
            unique=False,
            postgresql_where=sa.text("status = 'registered'"),
        )


def _people() -> None:
    op.create_index(
        "ix_subscribers_unconfirmed",
        "subscribers",
        ["created_at", "id"],
        unique=False,
        postgresql_where=sa.text("email <> '' and confirmed_at is null"),
    )
    op.create_index("ix_suppressions_newest", "suppressions", ["at", "email_key"], unique=False)
    op.create_index(
        "ix_suppressions_by_beginning",
        "suppressions",
        ["email_key"],
        unique=False,
        postgresql_ops={"email_key": "text_pattern_ops"},
    )
    op.create_index(
        "ix_suppressions_left",
        "suppressions",
        ["at", "email_key"],
        unique=False,
        postgresql_where=sa.text("reason = 'unsubscribed'"),
    )
    op.create_index(
        "ix_enrollments_newest",
        "enrollments",
        ["sequence_id", "enrolled_at", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'active'"),
    )
    op.create_index(
        "ix_facts_tagged",
        "facts",
        [sa.literal_column("lower(name)"), "at", "id"],
        unique=False,
        postgresql_where=sa.text("kind = 'tagged'"),
    )
    op.create_index("ix_audit_target", "audit", ["target", "id"], unique=False)


def _message_of_announcement() -> None:
    op.create_index(
        "ix_messages_announcement_id",
        "messages",
        ["announcement_id"],
        unique=False,
        postgresql_where=sa.text("announcement_id is not null"),
    )
    # Not valid at first: nothing is read under the lock that stops writers. The new check lets in all
    # that the old one did, so the rows that are there need no look.
    op.execute("alter table messages drop constraint ck_messages_kind")
    op.execute(
        "alter table messages add constraint ck_messages_kind check ("
        "(kind = 'sequence') = (enrollment_id is not null and step_key is not null)"
        " or kind in ('notice', 'announcement')) not valid"
    )


def _results() -> None:
    """Fill the sums of results with what is there: see storage/result_rows.py."""
    # Who ended everything has two rows of one moment; the newest email of all is counted.
    op.execute(
        """
        with last as (
            select c.id, m.sequence_id, m.step_key, row_number() over (
                partition by c.subscriber_id, c.at order by m.accepted_at desc, c.id) as place
            from consents c
            cross join lateral (
                select sequence_id, step_key, accepted_at from messages
                where subscriber_id = c.subscriber_id and topic = c.topic
                  and status = 'accepted' and accepted_at <= c.at
                order by accepted_at desc, id desc limit 1
            ) m
            where not c.is_given and c.source <> 'import'
        )
        update consents c set after_sequence_id = last.sequence_id, after_step_key = last.step_key
        from last where last.id = c.id and last.place = 1 and last.step_key is not null
        """
    )
    op.execute(
        """
        insert into result_sums (sequence_id, scope, key, measure, total)
        select e.sequence_id, 'email' as scope, f.step_key as key,
               'clicked' as measure, count(distinct f.subscriber_id) as total
        from facts f join enrollments e on e.id = f.enrollment_id
        where f.kind = 'clicked' and f.step_key is not null and true
        group by 1, 3
        union all
        select c.after_sequence_id, 'email', c.after_step_key, 'left',
               count(distinct c.subscriber_id)
        from consents c where c.after_step_key is not null and true
        group by 1, 3
        union all
        select s.sequence_id, 'session', cast(r.session_id as text), m.measure,
               count(distinct r.subscriber_id)
        from registrations r
        join sessions s on s.id = r.session_id
        cross join lateral (values
            ('registered', true),
            ('attended', r.attendance = 'attended'),
            ('missed', r.attendance = 'missed'),
            ('replayed', r.watched_at is not null)
        ) as m (measure, holds)
        where r.status = 'registered' and m.holds and true
        group by 1, 3, 4
        union all
        select s.sequence_id, 'session', cast(s.id as text), 'booked',
               count(distinct f.subscriber_id)
        from facts f
        cross join lateral (
            select session_id from registrations
            where subscriber_id = f.subscriber_id and status = 'registered'
              and registered_at <= f.at
            order by registered_at desc, id desc limit 1
        ) r
        join sessions s on s.id = r.session_id
        where f.kind in ('booked', 'goal') and true
        group by 1, 3
        union all
        select g.sequence_id, k.scope, k.key, m.measure, count(*)
        from signups g
        cross join lateral (
            select 'source' as scope, cast(g.source_id as text) as key
            union all
            select 'session', cast(g.session_id as text) where g.session_id is not null
            union all
            select 'utm', u.key from (
        select replace(u.key, 'utm_', '') || '=' || left(u.value, 100) as key
        from jsonb_each_text(g.utm) u
        where replace(u.key, 'utm_', '') in ('source', 'medium', 'campaign') and u.value <> ''
    ) u
        ) k
        cross join lateral (values
            ('signups', true), ('confirmed', g.status = 'confirmed')
        ) as m (measure, holds)
        where g.merged_into_id is null and g.status in ('confirmed', 'expired') and m.holds and true
        group by 1, 2, 3, 4
        union all
        select g.sequence_id, k.scope, k.key, m.measure, count(distinct g.subscriber_id)
        from signups g
        cross join lateral (
            select 'source' as scope, cast(g.source_id as text) as key
            union all
            select 'utm', u.key from (
        select replace(u.key, 'utm_', '') || '=' || left(u.value, 100) as key
        from jsonb_each_text(g.utm) u
        where replace(u.key, 'utm_', '') in ('source', 'medium', 'campaign') and u.value <> ''
    ) u
        ) k
        cross join lateral (values
            ('attended', exists (
                select from registrations r where r.subscriber_id = g.subscriber_id
                  and r.enrollment_id = g.enrollment_id
                  and r.status = 'registered' and r.attendance = 'attended')),
            ('booked', exists (
                select from facts f where f.subscriber_id = g.subscriber_id
                  and f.kind in ('booked', 'goal') and f.at >= g.confirmed_at))
        ) as m (measure, holds)
        where g.merged_into_id is null and g.status = 'confirmed' and m.holds and true
        group by 1, 2, 3, 4
        """
    )
