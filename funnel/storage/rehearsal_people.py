"""Real people as a rehearsal takes them: as they are, with what they had before; only read."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import text

from funnel.domain.message import LETTER_PRIORITY
from funnel.storage.enrollments import REMEMBERED_FOR
from funnel.storage.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPerson:
    """A subscriber.

    Attributes:
        wants_letters: How their consent stands; a new signup would be asked again.
        had_letters: Letters of this sequence that they got lately: key to their local day.
        suppression: Why nothing may be sent to the address; ``None``: nothing stands against it.
    """

    id: UUID
    email: str
    first_name: str
    last_name: str
    zone: str
    wants_letters: bool
    fields: Mapping[str, Any]
    had_letters: Mapping[str, date]
    suppression: str | None


def find_person(tx: Transaction, email_key: str, sequence_slug: str) -> KnownPerson | None:
    """Return the person whose address has that key, with what they had of a sequence."""
    row = tx.connection.execute(_FIND, {"key": email_key}).mappings().one_or_none()
    if row is None:
        return None
    return KnownPerson(**row, had_letters=_had_letters(tx, row["id"], row["zone"], sequence_slug))


_FIND = text(
    """
    select p.id, p.email, p.first_name, p.last_name, p.zone, p.wants_letters, p.fields,
           (select s.reason from suppressions s where s.email_key = p.email_key) as suppression
    from subscribers p where p.email_key = :key
    """
)


def _had_letters(tx: Transaction, person: UUID, zone: str, slug: str) -> dict[str, date]:
    rows = tx.connection.execute(
        _HAD,
        {
            "person": person,
            "slug": slug,
            "letter": LETTER_PRIORITY,
            "since": tx.now - REMEMBERED_FOR,
        },
    )
    return {row.step_key: row.left_at.astimezone(ZoneInfo(zone)).date() for row in rows}


_HAD = text(
    """
    select m.step_key, max(coalesce(m.accepted_at, m.due_at)) as left_at
    from messages m
    join enrollments e on e.id = m.enrollment_id
    join sequences q on q.id = e.sequence_id and q.slug = :slug
    where e.subscriber_id = :person and m.priority = :letter and m.kind = 'sequence'
      and m.status in ('accepted', 'unknown') and m.due_at >= :since
    group by m.step_key
    """
)
