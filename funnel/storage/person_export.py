"""All that is kept of one person, as it stands in the rows: GDPR, articles 15 and 20."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from funnel.storage.transaction import Transaction


def read_all(tx: Transaction, subscriber_id: UUID, email_key: str) -> Mapping[str, Any]:
    """Return what is kept, by kind: values of JSON, moments as ISO 8601.

    What is kept for our own machinery alone (leases, keys) is left out; what another system sent
    is given as it came.
    """
    values = {"person": subscriber_id, "key": email_key}
    kept: dict[str, Any] = {}
    for name, statement in _STATEMENTS.items():
        wanted = {each: values[each] for each in text(statement).compile().params}
        rows = tx.connection.execute(text(statement), wanted).mappings()
        kept[name] = [_readable(row["kept"]) for row in rows]
    return kept


def _readable(row: Mapping[str, Any]) -> dict[str, Any]:
    """Bytes that another system posted, as text, as far as they are any."""
    payload = row.get("payload")
    if not isinstance(payload, str):
        return dict(row)
    posted = bytes.fromhex(payload.removeprefix("\\x"))
    return {**row, "payload": posted.decode(errors="replace")}


def _rows(table: str, where: str, *, without: tuple[str, ...] = (), order: str = "id") -> str:
    left_out = "".join(f" - '{each}'" for each in without)
    return f"select to_jsonb(t){left_out} as kept from {table} t where {where} order by t.{order}"  # noqa: S608  (of our own words alone)


_THEIRS: Final = "t.subscriber_id = :person"

_STATEMENTS: Final = {
    "profile": _rows("subscribers", "t.id = :person"),
    "do_not_email": _rows("suppressions", "t.email_key = :key", order="at"),
    "consents": _rows("consents", _THEIRS, order="at"),
    "signups": f"""
        select to_jsonb(t) - 'address_hash' || jsonb_build_object('source', c.slug) as kept
        from signups t join sources c on c.id = t.source_id
        where {_THEIRS} order by t.received_at
    """,  # noqa: S608  (of our own words alone)
    "runs": f"""
        select jsonb_build_object('sequence', q.title) || to_jsonb(t)
               - 'lane' - 'is_parked' - 'plan_revision' - 'replan_id' as kept
        from enrollments t join sequences q on q.id = t.sequence_id
        where {_THEIRS} order by t.enrolled_at
    """,  # noqa: S608  (as above)
    "seats": f"""
        select to_jsonb(t) || jsonb_build_object(
                   'title', s.title, 'starts_at', s.starts_at, 'ends_at', s.ends_at) as kept
        from registrations t join sessions s on s.id = t.session_id
        where {_THEIRS} order by t.registered_at
    """,  # noqa: S608  (as above)
    "emails": _rows(
        "messages",
        _THEIRS,
        without=("dedupe_key", "lane", "priority", "epoch", "lease_owner", "lease_until"),
        order="due_at",
    ),
    "facts": _rows("facts", _THEIRS, without=("dedupe_key",), order="at"),
    "seen": _rows("evidence", _THEIRS, order="at"),
    "notes": _rows("notes", _THEIRS, order="at"),
    "reports": _rows("received_facts", "t.email_key = :key", order="received_at"),
    "imports": _rows(
        "import_lines", "t.subscriber_id = :person or t.email_key = :key", order="line"
    ),
    "what_was_done": """
        select to_jsonb(t) as kept from audit t where t.target = cast(:person as text) order by t.id
    """,
}
