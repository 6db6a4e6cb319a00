"""What a machine may have caused as well: only ever added, never believed by itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, delete, false, or_, select, text

from funnel.domain.judgement import LONGEST_BURST, SETTLES_AFTER, EvidenceKind, Fetch
from funnel.domain.signup import Visitor
from funnel.storage.fact_tables import EvidenceRow
from funnel.storage.transaction import Transaction

KEPT_FOR: Final = timedelta(days=90)  # it holds IP addresses
# More in an hour are a machine's: they would fill the table, and tell nothing new.
MOST_AN_HOUR: Final = 200
_LOCK: Final = 4860215


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Something that was fetched, now: of whom, as far as the link tells.

    Attributes:
        enrollment_id: Of a page of one run; without it and without a signup, the person's page.
        session_id: The sitting in whose window a join link was opened.
        link_id: The number of the link, or of the picture.
    """

    kind: EvidenceKind
    visitor: Visitor
    subscriber_id: UUID | None = None
    enrollment_id: UUID | None = None
    signup_id: UUID | None = None
    session_id: UUID | None = None
    link_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unjudged:
    """Evidence whose time to be judged has come; moments are aware, plan time.

    Attributes:
        mailed_at: When the email that holds the link was handed over, as far as it is known.
        counts_as_attended: A join link opened in the window of a session whose setting says so.
    """

    id: int
    kind: EvidenceKind
    fetch: Fetch
    subscriber_id: UUID | None
    enrollment_id: UUID | None
    signup_id: UUID | None
    session_id: UUID | None
    link_id: int | None
    link_name: str
    step_key: str
    mailed_at: datetime | None
    counts_as_attended: bool

    @property
    def whose(self) -> UUID | None:
        """Whose emails it is about: a person's; where nobody knows them, a run's or a signup's."""
        return self.subscriber_id or self.enrollment_id or self.signup_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What was judged of one piece of evidence."""

    id: int
    is_human: bool
    reasons: tuple[str, ...]


def add(tx: Transaction, seen: Seen) -> None:
    """Write what was fetched, now.

    Beyond 200 an hour of one run, of one signup, or of one person's own pages, nothing.
    """
    statement = _ADD_OF_PERSON
    if seen.enrollment_id is not None:
        statement = _ADD_OF_RUN
    elif seen.signup_id is not None:
        statement = _ADD_OF_SIGNUP
    tx.connection.execute(
        statement,
        {
            "kind": seen.kind,
            "subscriber": seen.subscriber_id,
            "run": seen.enrollment_id,
            "signup": seen.signup_id,
            "session": seen.session_id,
            "link": seen.link_id,
            "method": seen.visitor.method,
            "ip": seen.visitor.ip,
            "agent": seen.visitor.user_agent,
            "most": MOST_AN_HOUR,
        },
    )


# Three statements, so that counting reads what was seen of this one and no more.
_ADD = """
    insert into evidence (kind, subscriber_id, enrollment_id, signup_id, session_id, link_id,
                          method, ip, user_agent)
    select :kind, cast(:subscriber as uuid), cast(:run as uuid), cast(:signup as uuid),
           cast(:session as uuid), cast(:link as bigint), :method, cast(:ip as inet), :agent
    where :most > (
        select count(*) from evidence
        where at > plan_now() - interval '1 hour'
          and {whose}
    )
    """
_ADD_OF_RUN = text(_ADD.format(whose="enrollment_id = cast(:run as uuid)"))
_ADD_OF_SIGNUP = text(_ADD.format(whose="signup_id = cast(:signup as uuid)"))
# Apart from their runs: who floods these pages keeps no click of theirs from being seen.
_ADD_OF_PERSON = text(
    _ADD.format(
        whose="subscriber_id = cast(:subscriber as uuid) "
        "and enrollment_id is null and signup_id is null"
    )
)


def is_judge(tx: Transaction) -> bool:
    """Whether this transaction may judge: one at a time, so that nothing is judged twice.

    No rows are locked: who erases a person locks the person first and then what was seen of them.
    """
    alone = text("select pg_try_advisory_xact_lock(:key)")
    return bool(tx.connection.execute(alone, {"key": _LOCK}).scalar_one())


def to_judge(tx: Transaction, *, is_of_signups: bool, limit: int) -> list[Unjudged]:
    """Return the oldest evidence that can be judged now, of signups or of runs.

    A join link opened before the start is judged at the start: until then the session may move.
    """
    statement = _OF_SIGNUPS if is_of_signups else _OF_RUNS
    given = {"limit": limit, "settles_after": SETTLES_AFTER}
    return [_unjudged(row) for row in tx.connection.execute(statement, given).mappings()]


# The email of a link is known by its template; of a page, the latest one before it may be meant.
# Two statements, as each finds its messages by another index.
_TO_JUDGE = """
    select e.id, e.kind, e.at, host(e.ip) as ip, e.user_agent, e.method, e.subscriber_id,
           e.enrollment_id, e.signup_id, e.session_id, e.link_id, coalesce(l.name, '') as link_name,
           coalesce(split_part(l.template_key, '/', 2), '') as step_key,
           (select max(m.accepted_at) from messages m
            where {messages}
              and (l.id is null or m.template_key = l.template_key)
              and m.accepted_at <= e.at + cast(:settles_after as interval)) as mailed_at,
           coalesce(e.kind = 'join link opened' and s.clicks_count
                    and e.at between s.starts_at - interval '10 minutes' and s.ends_at, false)
             as counts_as_attended
    from evidence e
    left join links l on l.id = e.link_id
    left join sessions s on s.id = e.session_id
    left join signups u on u.id = e.signup_id
    where e.judged_at is null
      and e.kind in ('link opened', 'join link opened', 'email opened',
                     'confirmation page fetched')
      and e.at <= plan_now() - cast(:settles_after as interval)
      and coalesce(s.starts_at, e.at) <= plan_now()
      and {whose}
    order by e.at, e.id limit :limit
    """
_OF_RUNS = text(
    _TO_JUDGE.format(messages="m.enrollment_id = e.enrollment_id", whose="e.signup_id is null")
)
_OF_SIGNUPS = text(
    _TO_JUDGE.format(
        messages="m.subscriber_id = u.subscriber_id and m.signup_id = e.signup_id",
        whose="e.signup_id is not null",
    )
)


def _unjudged(row: RowMapping) -> Unjudged:
    return Unjudged(
        **{name: row[name] for name in _PLAIN},
        kind=EvidenceKind(row["kind"]),
        fetch=_fetch(row),
        mailed_at=row["mailed_at"],
        counts_as_attended=row["counts_as_attended"],
    )


_PLAIN: Final = (
    *("id", "subscriber_id", "enrollment_id", "signup_id"),
    *("session_id", "link_id", "link_name", "step_key"),
)


def _fetch(row: RowMapping) -> Fetch:
    place = row["kind"] if row["link_id"] is None else f"link {row['link_id']}"
    return Fetch(
        at=row["at"],
        # Each run has its own addresses: the way into its room, its replay.
        place=f"{place} of {row['enrollment_id'] or row['signup_id'] or row['subscriber_id']}",
        ip=None if row["ip"] is None else str(row["ip"]),
        user_agent=row["user_agent"],
        method=row["method"] or "",
    )


def beside(tx: Transaction, found: Sequence[Unjudged]) -> dict[UUID | None, list[Fetch]]:
    """Return all that was fetched of the same people's emails at about the same time.

    Of all their runs and signups, and their own pages.
    """
    if not found:
        return {}
    row = EvidenceRow
    moments = [each.fetch.at for each in found]
    statement = select(
        row.kind,
        row.link_id,
        row.at,
        row.ip,
        row.user_agent,
        row.method,
        row.subscriber_id,
        row.enrollment_id,
        row.signup_id,
    ).where(
        row.at.between(min(moments) - LONGEST_BURST, max(moments) + LONGEST_BURST),
        or_(*_whose_in(found)),
        row.kind != EvidenceKind.EMAIL_OPENED,  # a mail program fetches it with the first link
    )
    by_whose: dict[UUID | None, list[Fetch]] = {}
    for each in tx.connection.execute(statement).mappings():
        whose = each["subscriber_id"] or each["enrollment_id"] or each["signup_id"]
        by_whose.setdefault(whose, []).append(_fetch(each))
    return by_whose


def _whose_in(found: Sequence[Unjudged]) -> list[ColumnElement[bool]]:
    people = {each.subscriber_id for each in found if each.subscriber_id}
    nobody = [each for each in found if each.subscriber_id is None]
    runs = {each.enrollment_id for each in nobody if each.enrollment_id}
    signups = {each.signup_id for each in nobody if each.signup_id}
    columns = (
        (EvidenceRow.subscriber_id, people),
        (EvidenceRow.enrollment_id, runs),
        (EvidenceRow.signup_id, signups),
    )
    # Only what there is: an empty list would keep the other ones' index from being used.
    return [column.in_(sorted(ids)) for column, ids in columns if ids] or [false()]


def write_verdicts(tx: Transaction, verdicts: Sequence[Verdict]) -> None:
    """Write what was judged, now."""
    values = [
        {"id": each.id, "is_human": each.is_human, "reasons": list(each.reasons)}
        for each in verdicts
    ]
    if values:
        tx.connection.execute(_JUDGED, values)


_JUDGED = text(
    """
    update evidence set judged_at = plan_now(), is_human = :is_human, reasons = :reasons
    where id = :id and judged_at is null
    """
)


def forget_signups(tx: Transaction, signup_ids: list[UUID]) -> None:
    """Forget what was seen of these signups: it holds IP addresses."""
    tx.connection.execute(delete(EvidenceRow).where(EvidenceRow.signup_id.in_(signup_ids)))


def forget_old(tx: Transaction, *, limit: int) -> int:
    """Forget the oldest of what was seen 90 days ago (plan time) or earlier; return how much."""
    oldest = (
        select(EvidenceRow.id)
        .where(EvidenceRow.at < tx.now - KEPT_FOR)
        .order_by(EvidenceRow.at)
        .limit(limit)
    )
    return tx.connection.execute(delete(EvidenceRow).where(EvidenceRow.id.in_(oldest))).rowcount
