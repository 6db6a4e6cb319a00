"""People and dates: the rows that change when somebody does something.

Moments are ``timestamptz``. Where a comment says *plan*, the moment is plan time (the database's
clock plus the stored offset); where it says *real*, it is the database's clock alone.
"""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    Interval,
    LargeBinary,
    Text,
    UniqueConstraint,
    literal_column,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, INET
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Date

from funnel.storage.base import PLAN_NOW, Base, Id


class ClockRow(Base):
    """One row: how far plan time stands from the database's clock. Zero in production."""

    __tablename__ = "clock"
    __table_args__ = (CheckConstraint("id = 1", name="single"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    ahead_by: Mapped[timedelta] = mapped_column(Interval, server_default=text("'0'"))
    frozen_at: Mapped[datetime | None]  # plan; set while the demo is paused
    goal: Mapped[str] = mapped_column(server_default="none")  # what the demo plays towards
    goal_at: Mapped[datetime | None]  # plan; where the goal is a moment


class SessionRow(Base):
    __tablename__ = "sessions"
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="ends_after_start"),
        Index("ix_sessions_sequence_starts_at", "sequence_id", "starts_at"),
        Index("ix_sessions_platform_id", "platform_id"),
        # Read by the studio's list of dates, of all sequences.
        Index("ix_sessions_starts_at", "starts_at", "id"),
        UniqueConstraint("series_id", "occurs_on"),
    )

    id: Mapped[Id]
    sequence_id: Mapped[UUID] = mapped_column(ForeignKey("sequences.id"))
    title: Mapped[str]
    starts_at: Mapped[datetime]  # plan
    ends_at: Mapped[datetime]  # plan
    zone: Mapped[str]
    seats: Mapped[int | None]
    join_url: Mapped[str] = mapped_column(server_default="")
    replay_url: Mapped[str] = mapped_column(server_default="")
    replay_known_at: Mapped[datetime | None]  # plan; when the replay link was first stored
    replay_ends_at: Mapped[datetime | None]  # plan
    closed_at: Mapped[datetime | None]  # plan; from then on, who is not known to have come missed
    cancelled_at: Mapped[datetime | None]  # plan
    clicks_count: Mapped[bool] = mapped_column(server_default=text("false"))
    platform_id: Mapped[str | None]  # what the room's platform calls it: Zoom's meeting id
    series_id: Mapped[UUID | None] = mapped_column(ForeignKey("session_series.id"))
    occurs_on: Mapped[date | None]  # the day of the series that it was made for, wherever it moved
    created_at: Mapped[datetime] = mapped_column(server_default=PLAN_NOW)  # plan


class SourceRow(Base):
    """A place signups come from.

    ``secrets`` verify signed webhooks (newest first; several while one is replaced),
    ``form_secret`` lets a site builder post that cannot sign. ``letters`` is how the form speaks:
    ``included`` says plainly that the masterclass comes with letters, ``asked`` has a box.
    """

    __tablename__ = "sources"
    __table_args__ = (CheckConstraint("letters in ('included', 'asked')", name="letters"),)

    id: Mapped[Id]
    slug: Mapped[str] = mapped_column(unique=True)
    sequence_id: Mapped[UUID] = mapped_column(ForeignKey("sequences.id"))
    secrets: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    form_secret: Mapped[str | None]
    field_mapping: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    is_double_opt_in: Mapped[bool] = mapped_column(server_default=text("true"))
    letters: Mapped[str] = mapped_column(server_default="included")
    wording: Mapped[str] = mapped_column(server_default="1")  # version of the consent's wording
    per_minute: Mapped[int | None]  # signups a minute before 429; none: no limit
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))


def _by_beginning(name: str, value: str) -> Index:
    return Index(
        name,
        literal_column(value).label("beginning"),
        "id",
        postgresql_ops={"beginning": "text_pattern_ops"},
        postgresql_where=text("email <> ''"),
    )


class SubscriberRow(Base):
    """A person. Names, zone and locale come from confirmed signups only."""

    __tablename__ = "subscribers"
    __table_args__ = (
        # Read by the studio's list of people (storage/people_lines.py): the newest first, and what
        # an address, a name or a last name begins with, in the order of bytes, so that a beginning
        # is a range. Those who are forgotten have no address, and nobody looks for them.
        Index("ix_subscribers_newest", "created_at", "id", postgresql_where=text("email <> ''")),
        _by_beginning("ix_subscribers_by_address", "email_key"),
        # As PostgreSQL writes it back: ``db check`` compares the words.
        _by_beginning("ix_subscribers_by_name", "lower((first_name || ' '::text) || last_name)"),
        _by_beginning("ix_subscribers_by_last_name", "lower(last_name)"),
        # Read by the same list, of those who have not confirmed.
        Index(
            "ix_subscribers_unconfirmed",
            "created_at",
            "id",
            postgresql_where=text("email <> '' and confirmed_at is null"),
        ),
    )

    id: Mapped[Id]
    email: Mapped[str]  # as it was typed, domain in lower case
    email_key: Mapped[str] = mapped_column(unique=True)  # case folded: one row a mailbox
    first_name: Mapped[str] = mapped_column(server_default="")
    last_name: Mapped[str] = mapped_column(server_default="")
    zone: Mapped[str] = mapped_column(server_default="UTC")
    zone_source: Mapped[str] = mapped_column(server_default="default")
    zone_given: Mapped[str | None]  # what was given where it is not a zone
    zone_since: Mapped[datetime | None]  # plan; the days of letters before it were another zone's
    locale: Mapped[str] = mapped_column(server_default="en")
    fields: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    wants_letters: Mapped[bool] = mapped_column(server_default=text("false"))
    wants_seat_emails: Mapped[bool] = mapped_column(server_default=text("false"))
    letters_paused_until: Mapped[datetime | None]  # plan
    confirmed_at: Mapped[datetime | None]  # plan; the first confirmation
    created_at: Mapped[datetime] = mapped_column(server_default=PLAN_NOW)  # plan


class ConsentRow(Base):
    """What was agreed to or ended, one row each time; the subscriber's row holds how it stands."""

    __tablename__ = "consents"

    id: Mapped[Id]
    subscriber_id: Mapped[UUID] = mapped_column(
        ForeignKey("subscribers.id", ondelete="CASCADE"), index=True
    )
    topic: Mapped[str]
    is_given: Mapped[bool]
    wording: Mapped[str] = mapped_column(server_default="")
    source: Mapped[str]
    at: Mapped[datetime] = mapped_column(server_default=PLAN_NOW)  # plan
    ip: Mapped[str | None] = mapped_column(INET)
    user_agent: Mapped[str | None]
    # Of an end: the email that it is counted to, the newest that had left by then; kept, because
    # one that was in a worker's hands at that moment would be newer afterwards.
    after_sequence_id: Mapped[UUID | None]
    after_step_key: Mapped[str | None]


class SuppressionRow(Base):
    """An address that must not be written to. Outlives the person: it has no foreign key.

    Of somebody who was erased the key is no address, but the keyed hash of one.
    """

    __tablename__ = "suppressions"
    __table_args__ = (
        # Read by the studio's do-not-email list: the newest first, and what an address begins with.
        Index("ix_suppressions_newest", "at", "email_key"),
        Index(
            "ix_suppressions_by_beginning",
            "email_key",
            postgresql_ops={"email_key": "text_pattern_ops"},
        ),
        # Read by the list of people: who left, the newest first.
        Index(
            "ix_suppressions_left",
            "at",
            "email_key",
            postgresql_where=text("reason = 'unsubscribed'"),
        ),
    )

    email_key: Mapped[str] = mapped_column(primary_key=True)
    reason: Mapped[str]
    source: Mapped[str] = mapped_column(server_default="")
    at: Mapped[datetime] = mapped_column(server_default=PLAN_NOW)  # plan


class SignupRow(Base):
    """One call of the signup webhook or form, kept once per source and external id, for ever.

    ``merged`` came while another was pending and changed that one; ``limited`` and ``suppressed``
    are recorded and not mailed. The address hash survives the purge of unconfirmed people, so that
    limits still count.
    """

    __tablename__ = "signups"
    __table_args__ = (
        UniqueConstraint("source_id", "external_id"),
        CheckConstraint(
            "status in ('pending', 'merged', 'limited', 'suppressed', 'confirmed', 'expired')",
            name="status",
        ),
        # Read by accept_signup: a second one while one is pending changes that one.
        Index(
            "uq_signups_pending",
            "subscriber_id",
            "sequence_id",
            unique=True,
            postgresql_where=text("status = 'pending'"),
        ),
        # Read by remind_signups: the reminder, the expiry, the purge.
        Index("ix_signups_next_at", "next_at", postgresql_where=text("next_at is not null")),
        # Read by accept_signup: the limits per address.
        Index(
            "ix_signups_mailed",
            "address_hash",
            "mailed_at",
            postgresql_where=text("mailed_at is not null"),
        ),
    )

    id: Mapped[Id]
    source_id: Mapped[UUID] = mapped_column(ForeignKey("sources.id"))
    external_id: Mapped[str]
    sequence_id: Mapped[UUID] = mapped_column(ForeignKey("sequences.id"))
    subscriber_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("subscribers.id", ondelete="SET NULL"), index=True
    )
    merged_into_id: Mapped[UUID | None] = mapped_column(index=True)
    status: Mapped[str]
    address_hash: Mapped[bytes] = mapped_column(LargeBinary)
    first_name: Mapped[str] = mapped_column(server_default="")
    last_name: Mapped[str] = mapped_column(server_default="")
    zone: Mapped[str | None]
    zone_source: Mapped[str] = mapped_column(server_default="default")
    zone_given: Mapped[str | None]
    locale: Mapped[str | None]
    session_id: Mapped[UUID | None]  # the date wished; counts when confirmed
    wants_letters: Mapped[bool]
    utm: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    fields: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    payload: Mapped[bytes | None] = mapped_column(LargeBinary)  # raw body, kept for replay
    ip: Mapped[str | None] = mapped_column(INET)
    user_agent: Mapped[str | None]
    received_at: Mapped[datetime] = mapped_column(server_default=PLAN_NOW)  # plan
    mailed_at: Mapped[datetime | None]  # plan; it caused a confirmation mail
    next_at: Mapped[datetime | None]  # plan; the reminder, then the expiry
    reminded_at: Mapped[datetime | None]  # plan
    expires_at: Mapped[datetime]  # plan
    opened_at: Mapped[datetime | None]  # plan; a person first opened the page with the button
    confirmed_at: Mapped[datetime | None]  # plan
    enrollment_id: Mapped[UUID | None]


class EnrollmentRow(Base):
    """One run of one person in one sequence. Whoever writes a timer holds this row's lock.

    ``letter_days`` are the local days that unsettled letters take, for the person's other runs.
    """

    __tablename__ = "enrollments"
    __table_args__ = (
        UniqueConstraint("subscriber_id", "sequence_id", "run"),
        CheckConstraint("state in ('active', 'completed', 'left')", name="state"),
        CheckConstraint(
            "state <> 'active' or next_due_at is not null or waiting_for is not null",
            name="active_has_timer",
        ),
        # Read by dispatch_due: cost follows what is due, never what is enrolled or parked.
        Index(
            "ix_enrollments_due",
            "lane",
            "next_due_at",
            postgresql_where=text("state = 'active' and not is_parked"),
        ),
        Index("ix_enrollments_session_id", "session_id"),
        # Read by the studio's list: how many are in a sequence, whatever has ended.
        Index("ix_enrollments_running", "sequence_id", postgresql_where=text("state = 'active'")),
        # Read by its list of people: who is in a sequence, the newest first.
        Index(
            "ix_enrollments_newest",
            "sequence_id",
            "enrolled_at",
            "id",
            postgresql_where=text("state = 'active'"),
        ),
    )

    id: Mapped[Id]
    subscriber_id: Mapped[UUID] = mapped_column(ForeignKey("subscribers.id", ondelete="CASCADE"))
    sequence_id: Mapped[UUID] = mapped_column(ForeignKey("sequences.id"))
    version_id: Mapped[UUID] = mapped_column(ForeignKey("sequence_versions.id"))
    run: Mapped[int]
    session_id: Mapped[UUID | None] = mapped_column(ForeignKey("sessions.id"))  # the seat now held
    state: Mapped[str] = mapped_column(server_default="active")
    lane: Mapped[str]
    enrolled_at: Mapped[datetime] = mapped_column(server_default=PLAN_NOW)  # plan
    ended_at: Mapped[datetime | None]  # plan
    next_due_at: Mapped[datetime | None]  # plan
    waiting_for: Mapped[str | None]
    is_parked: Mapped[bool] = mapped_column(server_default=text("false"))
    plan_revision: Mapped[int] = mapped_column(server_default=text("0"))
    calendar_revision: Mapped[int] = mapped_column(server_default=text("0"))  # SEQUENCE of the ics
    letter_days: Mapped[list[date]] = mapped_column(ARRAY(Date), server_default=text("'{}'"))
    letters_end: Mapped[str | None]
    goal_reached_at: Mapped[datetime | None]  # plan
    replan_id: Mapped[UUID | None]  # the last replan that has planned this run anew


class RegistrationRow(Base):
    """A seat. One ``registered`` row per run at most; a change of date leaves a ``moved`` one."""

    __tablename__ = "registrations"
    __table_args__ = (
        CheckConstraint("status in ('registered', 'moved', 'cancelled')", name="status"),
        CheckConstraint("attendance in ('unknown', 'attended', 'missed')", name="attendance"),
        Index(
            "uq_registrations_held",
            "enrollment_id",
            unique=True,
            postgresql_where=text("status = 'registered'"),
        ),
        # Read when seats are counted, under the session's row lock.
        Index(
            "ix_registrations_seats", "session_id", postgresql_where=text("status = 'registered'")
        ),
        Index("ix_registrations_subscriber_id", "subscriber_id"),
        # Read by the studio's page of a date: its seats, newest first; who came, who not.
        Index(
            "ix_registrations_newest",
            "session_id",
            "registered_at",
            "id",
            postgresql_where=text("status = 'registered'"),
        ),
        Index(
            "ix_registrations_attendance",
            "session_id",
            "attendance",
            "id",
            postgresql_where=text("status = 'registered'"),
        ),
    )

    id: Mapped[Id]
    enrollment_id: Mapped[UUID] = mapped_column(ForeignKey("enrollments.id", ondelete="CASCADE"))
    subscriber_id: Mapped[UUID] = mapped_column(ForeignKey("subscribers.id", ondelete="CASCADE"))
    session_id: Mapped[UUID] = mapped_column(ForeignKey("sessions.id"))
    status: Mapped[str] = mapped_column(server_default="registered")
    registered_at: Mapped[datetime] = mapped_column(server_default=PLAN_NOW)  # plan
    ended_at: Mapped[datetime | None]  # plan
    attendance: Mapped[str] = mapped_column(server_default="unknown")
    attendance_known_at: Mapped[datetime | None]  # plan
    attendance_at: Mapped[datetime | None]  # plan; the moment that the word about it speaks of
    joined_at: Mapped[datetime | None]  # plan; first came into the room
    left_at: Mapped[datetime | None]  # plan; left the room for the last time
    join_url: Mapped[str] = mapped_column(server_default="")  # the platform's own for this person
    join_url_at: Mapped[datetime | None]  # plan; when the platform gave it
    watched_at: Mapped[datetime | None]  # plan
