"""Texts of emails and their immutable versions."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

from sqlalchemy import Text, cast, func, insert, literal, select, text, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as upsert

from funnel.domain.sequence import SequenceDefinition
from funnel.domain.version_switch import VersionOrigin
from funnel.storage import links
from funnel.storage.definition_tables import TemplateRow, TemplateVersionRow
from funnel.storage.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishAct:
    """Where a version came from, who made it live, and why."""

    origin: VersionOrigin = VersionOrigin.FILE
    by: str = ""
    note: str = ""


_LOADED = PublishAct()


def live_template_id(tx: Transaction, key: str) -> UUID | None:
    """Return the live version of a template, ``None`` where there is no such template."""
    return live_template_ids(tx, [key]).get(key)


def live_template_ids(tx: Transaction, keys: Collection[str]) -> dict[str, UUID]:
    """Return the live version of each template that exists among ``keys``."""
    statement = select(TemplateRow.key, TemplateRow.live_version_id)
    rows = tx.connection.execute(statement.where(TemplateRow.key.in_(keys)))
    return {row.key: row.live_version_id for row in rows}


def link_names(tx: Transaction, keys: Collection[str]) -> dict[str, frozenset[str]]:
    """Return what the counted links of each of these emails are called, as live."""
    found: dict[str, set[str]] = {}
    for row in tx.connection.execute(_LINK_NAMES, {"keys": list(keys)}):
        names = found.setdefault(row.key, set())
        if row.name:
            names.add(row.name)
    return {key: frozenset(names) for key, names in found.items()}


_LINK_NAMES = text(
    """
    select t.key, link.value ->> 'name' as name
    from templates t
    join template_versions v on v.id = t.live_version_id
    left join lateral jsonb_array_elements(
        case when jsonb_typeof(cast(v.compiled as jsonb) -> 'links') = 'array'
             then cast(v.compiled as jsonb) -> 'links' else '[]' end
    ) link on true
    where t.key = any(:keys)
    """
)


def missing_emails(tx: Transaction, definition: SequenceDefinition) -> list[str]:
    """Return the keys of the steps that have no live email, in their order."""
    keys = [f"{definition.slug}/{step.key}" for step in definition.steps]
    live = live_template_ids(tx, keys)
    return [key for key in keys if key not in live]


def changed_since(tx: Transaction, sequence_version_id: UUID, keys: Sequence[str]) -> list[str]:
    """Return the emails among ``keys`` whose live text is newer than a version of a sequence."""
    given = {"version": sequence_version_id, "keys": list(keys)}
    return list(tx.connection.execute(_CHANGED_SINCE, given).scalars())


_CHANGED_SINCE = text(
    """
    select t.key from templates t
    join template_versions v on v.id = t.live_version_id
    join sequence_versions q on q.id = :version
    where t.key = any(:keys) and v.published_at > q.published_at
    """
)


def read_compiled(tx: Transaction, version_id: UUID) -> str:
    """Return a compiled version as its JSON text; it never changes, so keep it by its id."""
    compiled = cast(TemplateVersionRow.compiled, Text)
    return tx.connection.execute(
        select(compiled).where(TemplateVersionRow.id == version_id)
    ).scalar_one()


def publish_template(
    tx: Transaction,
    *,
    key: str,
    source: str,
    compiled: str,
    checksum: str,
    act: PublishAct = _LOADED,
) -> int:
    """Write the next version of a template and make it live; return its number.

    Its links get their numbers. ``compiled`` is JSON text; ``act`` says who did it, its file where
    left out. The caller holds the lock of ``lock_definitions``.
    """
    newest = select(func.coalesce(func.max(TemplateVersionRow.number), 0))
    statement = newest.where(TemplateVersionRow.key == key)
    number: int = tx.connection.execute(statement).scalar_one() + 1
    version_id = uuid4()
    tx.connection.execute(
        insert(TemplateVersionRow).values(
            id=version_id,
            key=key,
            number=number,
            source=source,
            compiled=cast(literal(compiled, Text), JSONB),
            checksum=checksum,
            origin=act.origin,
            published_by=act.by,
            note=act.note,
        )
    )
    tx.connection.execute(
        upsert(TemplateRow)
        .values(key=key, live_version_id=version_id)
        .on_conflict_do_update(
            index_elements=[TemplateRow.key], set_={"live_version_id": version_id}
        )
    )
    links.ids_of(tx, key, links.links_in(compiled))
    return number


def note_file(tx: Transaction, key: str, checksum: str) -> None:
    """Remember what a template's file said when it was taken in."""
    tx.connection.execute(
        update(TemplateRow).where(TemplateRow.key == key).values(file_checksum=checksum)
    )
