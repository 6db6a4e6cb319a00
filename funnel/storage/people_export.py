"""What a table of people says about each of them, for whole pages of people at once."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from funnel.storage.transaction import Transaction

COLUMNS: Final = (
    "email",
    "first_name",
    "last_name",
    "time_zone",
    "language",
    "came_at",
    "confirmed_at",
    "wants_letters",
    "wants_seat_emails",
    "do_not_email",
    "sequence",
    "state",
    "date",
    "tags",
)


def read_rows(tx: Transaction, subscriber_ids: Sequence[UUID]) -> list[Mapping[str, Any]]:
    """Return a row for each of these people, in their order; moments are plan time, aware UTC."""
    ids = list(subscriber_ids)
    rows = {row["id"]: row for row in tx.connection.execute(_ROWS, {"ids": ids}).mappings()}
    return [{name: rows[each][name] for name in COLUMNS} for each in ids if each in rows]


_ROWS = text(
    """
    select p.id, p.email, p.first_name, p.last_name,
           case when p.confirmed_at is null then '' else p.zone end as time_zone,
           p.locale as language, p.created_at as came_at, p.confirmed_at, p.wants_letters,
           p.wants_seat_emails, coalesce(x.reason, '') as do_not_email,
           coalesce(run.title, '') as sequence, coalesce(run.state, '') as state,
           run.starts_at as date, coalesce(tags.held, '') as tags
    from subscribers p
    left join suppressions x on x.email_key = p.email_key
    left join lateral (
        select q.title, e.state, s.starts_at from enrollments e
        join sequences q on q.id = e.sequence_id
        left join sessions s on s.id = e.session_id
        where e.subscriber_id = p.id order by e.enrolled_at desc, e.id limit 1
    ) run on true
    left join lateral (
        select string_agg(last.name, ', ' order by lower(last.name)) as held from (
            select distinct on (lower(f.name)) f.name, f.kind from facts f
            where f.subscriber_id = p.id and f.kind in ('tagged', 'untagged')
            order by lower(f.name), f.at desc, f.kind
        ) last where last.kind = 'tagged'
    ) tags on true
    where p.id = any(:ids)
    """
)
