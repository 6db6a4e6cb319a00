"""The hot statements of a signup: lock its person, then decide and write everything at once.

Two statements in one round trip (ARCHITECTURE, "The four paths"). The first holds the person's
row; the second begins after that and so sees what others had committed: in one statement, two
signups at the same moment would both see that no confirmation was sent.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast
from uuid import UUID, uuid4

import psycopg
from psycopg.types.json import Jsonb

from funnel.domain.consent import SuppressionReason
from funnel.domain.errors import FunnelError
from funnel.domain.message import NOTICE_PRIORITY, Lane, MessageKind, Notice
from funnel.domain.signup import (
    MAILED_AGAIN_AFTER,
    MAILS_COUNTED_OVER,
    MOST_MAILS,
    SessionWish,
    SignupRequest,
    SignupRules,
    SignupStatus,
    Source,
)
from funnel.domain.subscriber import address_hash
from funnel.storage.suppressions import erased_key
from funnel.storage.transaction import Transaction


class SignupRaceError(FunnelError):
    """The same submission was being written at the same moment: roll back and write again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenSignup:
    """What became of a signup.

    Attributes:
        pending_id: The pending signup that it made or changed; ``None`` without one.
        is_mailed: A confirmation was queued.
    """

    id: UUID
    is_new: bool
    status: SignupStatus
    pending_id: UUID | None
    is_mailed: bool


def write(
    tx: Transaction, request: SignupRequest, source: Source, rules: SignupRules
) -> WrittenSignup | None:
    """Write a signup with all that follows from it; ``None`` where its session does not exist.

    A confirmation is queued for a double opt-in, and for an address that is suppressed because
    its person left: that one may not come back without a word of their own.

    Raises:
        SignupRaceError: The transaction is void.
    """
    parameters = _parameters(request, source, rules)
    statement = WRITE_NEXT if request.session is SessionWish.NEXT else WRITE_NAMED
    # The driver's own connection: SQLAlchemy cannot send two statements without waiting between.
    connection = cast("psycopg.Connection[Any]", tx.connection.connection.driver_connection)
    try:
        with connection.pipeline():
            connection.execute(_LOCK_PERSON, parameters)
            answer = connection.execute(statement, parameters)
    except psycopg.errors.UniqueViolation as error:
        raise SignupRaceError(str(error)) from error
    row = answer.fetchone()
    return None if row is None else _written(row)


def _written(row: tuple[Any, ...]) -> WrittenSignup:
    signup_id, is_new, status, pending_id, is_mailed = row
    return WrittenSignup(
        id=signup_id,
        is_new=is_new,
        status=SignupStatus(status),
        pending_id=pending_id,
        is_mailed=is_mailed,
    )


def _parameters(request: SignupRequest, source: Source, rules: SignupRules) -> Mapping[str, object]:
    wish = request.session
    hashed = address_hash(request.address.key, rules.hash_key)
    return {
        "id": uuid4(),
        "message": uuid4(),
        "person": uuid4(),
        "source": source.id,
        "sequence": source.sequence_id,
        "is_double": source.is_double_opt_in,
        "external": request.external_id,
        "email": request.address.email,
        "email_key": request.address.key,
        "hash": hashed,
        "erased_key": erased_key(hashed),
        "first": request.first_name,
        "last": request.last_name,
        "zone": request.zone.name,
        "zone_source": request.zone.source,
        "zone_given": request.zone.given,
        "locale": request.locale,
        "session": wish if isinstance(wish, UUID) else None,
        "letters": request.wants_letters,
        "utm": Jsonb(dict(request.utm)),
        "fields": Jsonb(dict(request.fields)),
        "payload": request.payload,
        "ip": request.visitor.ip,
        "user_agent": request.visitor.user_agent,
        "lasts": rules.confirmation_lasts,
        "reminder": rules.reminder_after,
        "again_after": MAILED_AGAIN_AFTER,
        "counted_over": MAILS_COUNTED_OVER,
        "most_mails": MOST_MAILS,
    }


def _short(statement: str) -> str:
    # psycopg remembers how it read a statement of at most 4,096 characters; a longer one is read
    # again at each call, for a tenth of the time that a whole signup takes.
    return " ".join(statement.split())


# What plan_now() says, written out: PostgreSQL plans the inside of a function anew at each call,
# and that took a tenth of a signup's time.
_NOW: Final = "select coalesce(frozen_at, now() + ahead_by) as now from clock"

# A change of nothing, but the row is locked; of no key column, or the lock would be one that
# rows which point at the person wait for.
_LOCK_PERSON: Final = f"""
insert into subscribers (id, email, email_key, created_at)
select %(person)s::uuid, %(email)s::text, %(email_key)s::text, ({_NOW})
where not exists (
    select from signups where source_id = %(source)s and external_id = %(external)s
)
on conflict (email_key) do update set created_at = subscribers.created_at
"""  # noqa: S608  (what is put in is a constant of ours)

_WRITE: Final = f"""
with times as ({_NOW}),
known as (
    select id, status, merged_into_id from signups
    where source_id = %(source)s and external_id = %(external)s
),
person as (
    select id from subscribers
    where email_key = %(email_key)s and not exists (select from known)
),
pending as (
    select id from signups
    where subscriber_id = (select id from person) and sequence_id = %(sequence)s
      and status = 'pending'
),
suppression as (
    select bool_and(reason = '{SuppressionReason.UNSUBSCRIBED}') as may_return
    from suppressions where email_key = %(email_key)s
       or email_key = %(erased_key)s and reason <> '{SuppressionReason.ERASED}'
    having count(*) > 0
),
mails as (
    select count(*) < %(most_mails)s
           and coalesce(max(mailed_at) <= min(now) - %(again_after)s, true)
           as may_mail
    from signups, times
    where address_hash = %(hash)s and mailed_at > now - %(counted_over)s
      and status <> 'confirmed'
),
wished as ({{wished}}),
told as (
    select p.id as subscriber_id, pending.id as pending_id, wished.id as session_id, now,
           coalesce(not s.may_return, false) as is_suppressed,
           %(is_double)s or s.may_return is not null as needs_mail, mails.may_mail
    from person p
    cross join times cross join mails
    left join pending on true left join wished on true left join suppression s on true
    where wished.id is not null or {{may_be_none}}
),
decided as (
    select *, needs_mail and may_mail and not is_suppressed as is_mailed,
           case when is_suppressed then 'suppressed'
                when pending_id is not null then 'merged'
                when needs_mail and not may_mail then 'limited'
                else 'pending' end as status
    from told
),
added as (
    insert into signups (
        id, source_id, external_id, sequence_id, subscriber_id, merged_into_id, status,
        address_hash, first_name, last_name, zone, zone_source, zone_given, locale, session_id,
        wants_letters, utm, fields, payload, ip, user_agent, received_at, mailed_at, next_at,
        expires_at
    )
    select %(id)s, %(source)s, %(external)s, %(sequence)s, subscriber_id,
           case when status = 'merged' then pending_id end, status,
           %(hash)s, %(first)s, %(last)s, %(zone)s, %(zone_source)s, %(zone_given)s,
           %(locale)s, session_id, %(letters)s, %(utm)s, %(fields)s, %(payload)s,
           %(ip)s::inet, %(user_agent)s, now, case when is_mailed then now end,
           case status when 'pending' then now + %(reminder)s
                       when 'merged' then null
                       else now + %(lasts)s end,
           now + %(lasts)s
    from decided
    returning id, status
),
changed as (
    update signups s set
        first_name = coalesce(nullif(%(first)s, ''), s.first_name),
        last_name = coalesce(nullif(%(last)s, ''), s.last_name),
        zone = coalesce(%(zone)s, s.zone),
        zone_source = case when %(zone)s::text is null then s.zone_source else %(zone_source)s end,
        zone_given = case when %(zone)s::text is null
                     then coalesce(%(zone_given)s, s.zone_given) end,
        locale = coalesce(%(locale)s, s.locale),
        session_id = coalesce(d.session_id, s.session_id),
        wants_letters = %(letters)s,
        fields = s.fields || %(fields)s,
        next_at = case when not d.is_mailed then s.next_at
                       when s.reminded_at is null then d.now + %(reminder)s
                       else d.now + %(lasts)s end,
        expires_at = case when d.is_mailed then d.now + %(lasts)s else s.expires_at end
    from decided d where s.id = d.pending_id and d.status = 'merged'
),
queued as (
    insert into messages (
        id, kind, dedupe_key, subscriber_id, signup_id, sequence_id, template_key, lane, priority,
        due_at, valid_until
    )
    select %(message)s, '{MessageKind.NOTICE}', 'confirm:' || %(id)s::text,
           subscriber_id, coalesce(pending_id, %(id)s), %(sequence)s,
           'notices/{Notice.CONFIRM}', '{Lane.NOTICES}', {int(NOTICE_PRIORITY)}, now,
           now + %(lasts)s
    from decided where is_mailed
)
select a.id, true, a.status,
       case when d.is_suppressed or d.status = 'limited' then null
            else coalesce(d.pending_id, a.id) end,
       d.is_mailed
from added a cross join decided d
union all
select k.id, false, k.status, coalesce(k.merged_into_id, k.id), false from known k
"""  # noqa: S608  (what is put in are constants of ours)

# Two statements, and not one that asks which: PostgreSQL would find that question cheap to answer
# beforehand, and plan each signup anew, which takes longer than the signup.
WRITE_NEXT: Final = _short(
    _WRITE.format(
        may_be_none="false",
        wished="""
    select id from sessions, times
    where sequence_id = %(sequence)s and starts_at > now and cancelled_at is null
      and (seats is null or seats > (
          select count(*) from registrations r
          where r.session_id = sessions.id and r.status = 'registered'
      ))
    order by starts_at, id limit 1
""",
    )
)
WRITE_NAMED: Final = _short(
    _WRITE.format(
        may_be_none="%(session)s::uuid is null",
        wished="select id from sessions where id = %(session)s and sequence_id = %(sequence)s",
    )
)
