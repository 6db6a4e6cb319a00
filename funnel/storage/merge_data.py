"""All that the texts of messages need, in few reads; nothing here is decided yet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import text

from funnel.domain.brand import Brand
from funnel.domain.consent import Topic
from funnel.domain.message import MessageKind
from funnel.domain.session import Session
from funnel.storage import arrays, brands, sessions
from funnel.storage.outbox import Claimed
from funnel.storage.transaction import Transaction


# Tuples, because each email makes one of each and a frozen dataclass costs three times as much.
class MergeData(NamedTuple):
    """One queued message, its person, brand and date, as they are now.

    Attributes:
        zone: IANA name of the reader's zone; of the signup's for a confirmation.
        session: The date that the reader holds, or wished when signing up.
        live_version_id: Template version that the first open pins; ``None``: no such template.
        pinned_version_id: The one an earlier attempt pinned.
        kept: The finished email of an earlier attempt, as it was handed over.
        holds_seat: Whether a registration stands.
        sequence_version_id: The version that the run is in; ``None`` without a run.
    """

    message_id: UUID
    kind: MessageKind
    sequence_slug: str
    template_key: str
    topic: Topic | None
    lane: str
    due_at: datetime
    real_now: datetime
    plan_now: datetime
    subscriber_id: UUID
    enrollment_id: UUID | None
    signup_id: UUID | None
    email: str
    email_key: str
    first_name: str
    last_name: str
    zone: str
    wants_letters: bool
    brand: Brand
    session: Session | None
    former: Mapping[str, Any] | None
    holds_seat: bool
    calendar_revision: int
    live_version_id: UUID | None
    pinned_version_id: UUID | None
    kept: Mapping[str, Any] | None
    sequence_version_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenDate:
    """A coming session with free seats; ``seats_left`` is ``None`` without a limit."""

    session: Session
    seats_left: int | None


class Loaded(NamedTuple):
    """A queued message with all that its text needs, and what recording it takes later.

    Attributes:
        sequence_id: With ``step_key`` (a notice's template) where its end is counted.
        is_first: It is the first copy of a step's email.
        attempts_made: Hand-overs begun before.
        valid_until: Plan time after which it is late.
    """

    claimed: Claimed
    data: MergeData
    sequence_id: UUID
    step_key: str
    is_first: bool
    attempts_made: int
    valid_until: datetime | None

    @property
    def enrollment_id(self) -> UUID | None:
        return self.data.enrollment_id


def load_merge_data(tx: Transaction, claimed: Claimed) -> MergeData | None:
    """Return what a message's text needs; ``None`` if it is no longer queued under this epoch."""
    found = load_slice(tx, [claimed])
    return found[0].data if found else None


def load_slice(tx: Transaction, claimed: Sequence[Claimed]) -> list[Loaded]:
    """Return what the texts of these messages need, without those no longer under their epoch.

    Three statements however many messages there are: the messages, then the brands and the
    sessions that they name, each once.
    """
    given = {
        "ids": arrays.uuids(each.id for each in claimed),
        "epochs": arrays.words(each.epoch for each in claimed),
    }
    rows = [_SliceRow(*row) for row in arrays.fetch(tx, LOAD_SLICE, given)]
    if not rows:
        return []
    frame = _frame(tx, rows)
    return [_loaded(claimed[row.number - 1], row, frame) for row in rows]


class _SliceRow(NamedTuple):
    """One row of ``LOAD_SLICE``."""

    number: int
    kind: str
    template_key: str
    topic: str | None
    lane: str
    due_at: datetime
    former: Mapping[str, Any] | None
    sequence_id: UUID
    step_key: str | None
    copy: int
    attempts: int
    valid_until: datetime | None
    subscriber_id: UUID
    enrollment_id: UUID | None
    signup_id: UUID | None
    email: str
    email_key: str
    first_name: str
    last_name: str
    wants_letters: bool
    zone: str
    holds_seat: bool
    calendar_revision: int
    sequence_version_id: UUID | None
    live_version_id: UUID | None
    pinned_version_id: UUID | None
    kept: Mapping[str, Any] | None
    session_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Frame:
    """What the messages of a slice share: the moment, brands by sequence, sessions."""

    plan_now: datetime
    real_now: datetime
    speaking: Mapping[UUID, tuple[str, Brand]]
    sessions: Mapping[UUID, Session]


def _frame(tx: Transaction, rows: Sequence[_SliceRow]) -> _Frame:
    # Read anew for each slice: a brand and a session can change at any moment.
    session_ids = {row.session_id for row in rows if row.session_id is not None}
    return _Frame(
        plan_now=tx.now,
        real_now=tx.real_now,
        speaking=brands.speaking_for(tx, {row.sequence_id for row in rows}),
        sessions=sessions.find_all(tx, session_ids) if session_ids else {},
    )


def _loaded(claimed: Claimed, row: _SliceRow, frame: _Frame) -> Loaded:
    slug, brand = frame.speaking[row.sequence_id]
    data = MergeData(
        message_id=claimed.id,
        kind=MessageKind(row.kind),
        sequence_slug=slug,
        template_key=row.template_key,
        topic=Topic(row.topic) if row.topic else None,
        lane=row.lane,
        due_at=row.due_at,
        real_now=frame.real_now,
        plan_now=frame.plan_now,
        subscriber_id=row.subscriber_id,
        enrollment_id=row.enrollment_id,
        signup_id=row.signup_id,
        email=row.email,
        email_key=row.email_key,
        first_name=row.first_name,
        last_name=row.last_name,
        zone=row.zone,
        wants_letters=row.wants_letters,
        brand=brand,
        session=None if row.session_id is None else frame.sessions.get(row.session_id),
        former=row.former,
        holds_seat=row.holds_seat,
        calendar_revision=row.calendar_revision,
        live_version_id=row.live_version_id,
        pinned_version_id=row.pinned_version_id,
        kept=row.kept,
        sequence_version_id=row.sequence_version_id,
    )
    return Loaded(
        claimed=claimed,
        data=data,
        sequence_id=row.sequence_id,
        step_key=row.step_key or row.template_key,
        is_first=data.kind is MessageKind.SEQUENCE and row.copy == 0,
        attempts_made=row.attempts,
        valid_until=row.valid_until,
    )


_OF_RUN = (
    "sequence_slug",
    "lane",
    "real_now",
    "plan_now",
    "subscriber_id",
    "enrollment_id",
    "email",
    "email_key",
    "first_name",
    "last_name",
    "zone",
    "wants_letters",
    "holds_seat",
    "calendar_revision",
    "sequence_version_id",
)
# A confirmation speaks of its signup: of the date wished there, in the zone given there. All else
# speaks of the seat that is held, a notice or an announcement of the session that it names.
LOAD_SLICE: Final = """
    select c.number, m.kind, m.template_key, m.topic, m.lane, m.due_at, m.data -> 'former',
           m.sequence_id, m.step_key, m.copy, m.attempts, m.valid_until,
           m.subscriber_id, m.enrollment_id, m.signup_id,
           p.email, p.email_key, p.first_name, p.last_name,
           p.wants_letters or coalesce(u.wants_letters, false),
           coalesce(
               case when m.signup_id is not null then u.zone end,
               case when p.confirmed_at is null then s.zone end,  -- nobody said: the date's own
               p.zone
           ),
           r.id is not null, coalesce(e.calendar_revision, 0), e.version_id,
           t.live_version_id, m.template_version_id, m.context, s.id
    from unnest(cast(%(ids)s as uuid[]), cast(%(epochs)s as int[]))
         with ordinality c (id, epoch, number)
    join messages m on m.id = c.id and m.epoch = c.epoch and m.status = 'queued'
    join subscribers p on p.id = m.subscriber_id
    left join templates t on t.key = m.template_key
    left join enrollments e on e.id = m.enrollment_id
    left join registrations r on r.enrollment_id = m.enrollment_id and r.status = 'registered'
    left join signups u on u.id = m.signup_id
    left join sessions s on s.id = case
        when m.signup_id is not null then u.session_id
        when m.kind in ('notice', 'announcement') then m.session_id
        else r.session_id end
"""


def load_run_data(tx: Transaction, run_ids: Sequence[UUID], brand: Brand) -> dict[UUID, MergeData]:
    """Return for each run what the texts of its emails would need now, were there a message.

    Who asks names the step: template, topic and moment are still to be filled in. Nothing is
    pinned or kept; ``brand`` is for whom the emails will speak.
    """
    found = {}
    for row in tx.connection.execute(_LOAD_RUNS, {"ids": list(run_ids)}).mappings():
        found[row["enrollment_id"]] = MergeData(
            **{name: row[name] for name in _OF_RUN},
            message_id=row["enrollment_id"],
            kind=MessageKind.SEQUENCE,
            template_key="",
            topic=None,
            due_at=row["plan_now"],
            signup_id=None,
            brand=brand,
            session=sessions.beside_others(row),
            former=None,
            live_version_id=None,
            pinned_version_id=None,
            kept=None,
        )
    return found


_LOAD_RUNS = text(
    """
    select e.id as enrollment_id, e.lane, e.subscriber_id, q.slug as sequence_slug,
           now() as real_now, plan_now() as plan_now,
           p.email, p.email_key, p.first_name, p.last_name, p.wants_letters,
           case when p.confirmed_at is null then coalesce(s.zone, p.zone) else p.zone end as zone,
           r.id is not null as holds_seat, e.calendar_revision,
           e.version_id as sequence_version_id,
           s.id as session_id, s.title, s.starts_at, s.ends_at, s.zone as session_zone, s.seats,
           s.join_url, s.replay_url, s.replay_known_at, s.replay_ends_at, s.closed_at,
           s.cancelled_at
    from enrollments e
    join subscribers p on p.id = e.subscriber_id
    join sequences q on q.id = e.sequence_id
    left join registrations r on r.enrollment_id = e.id and r.status = 'registered'
    left join sessions s on s.id = r.session_id
    where e.id = any(:ids)
    """
)


def load_open_dates(tx: Transaction, sequence_slug: str, limit: int = 3) -> Sequence[OpenDate]:
    """Return the next sessions that still have seats, the soonest first."""
    rows = tx.connection.execute(_OPEN_DATES, {"slug": sequence_slug, "limit": limit}).mappings()
    dates = ((sessions.beside_others(row), row["seats_left"]) for row in rows)
    return [OpenDate(session=session, seats_left=left) for session, left in dates if session]


_OPEN_DATES = text(
    """
    select s.id as session_id, s.title, s.starts_at, s.ends_at, s.zone as session_zone, s.seats,
           s.join_url, s.replay_url, s.replay_known_at, s.replay_ends_at, s.closed_at,
           s.cancelled_at, s.seats - taken.seats as seats_left
    from sessions s
    join sequences q on q.id = s.sequence_id and q.slug = :slug
    cross join lateral (
        select count(*) as seats from registrations r
        where r.session_id = s.id and r.status = 'registered'
    ) taken
    where s.starts_at > plan_now() and s.cancelled_at is null
      and (s.seats is null or taken.seats < s.seats)
    order by s.starts_at, s.id limit :limit
    """
)
