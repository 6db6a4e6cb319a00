"""Counted links: their numbers, which emails hold for ever, and what they lead to."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert

from funnel.domain.template import TemplateLink
from funnel.storage.fact_tables import LinkRow
from funnel.storage.transaction import Transaction

# The picture of an email that tells of its opening has a number like a link, and no address.
PICTURE = TemplateLink(name="", target="picture")


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundLink:
    """A link of an email in one run.

    Attributes:
        target: A web address, or the brand's field that holds one.
        subscriber_id: Whose run it is; ``None`` once the person is erased.
        sequence_id: Of the run, else of the email's template; ``None`` where both are gone.
    """

    id: int
    template_key: str
    name: str
    target: str
    subscriber_id: UUID | None
    sequence_id: UUID | None


def ids_of(tx: Transaction, template_key: str, wanted: Sequence[TemplateLink]) -> tuple[int, ...]:
    """Return the number of each link of a template, in their order; unknown ones get one."""
    if not wanted:
        return ()
    known = _known(tx, template_key)
    missing = [each for each in wanted if each not in known]
    if missing:
        _add(tx, template_key, missing)
        known = _known(tx, template_key)
    return tuple(known[each] for each in wanted)


def links_in(compiled: str) -> list[TemplateLink]:
    """Return the counted links that the JSON of a compiled template names."""
    return [TemplateLink(**each) for each in json.loads(compiled).get("links", ())]


def find(tx: Transaction, link_id: int, enrollment_id: UUID) -> FoundLink | None:
    """Return a link as it stands in the emails of a run; ``None``: there was never such a link.

    The run may be gone: what an email holds leads on when its person is long forgotten.
    """
    given = {"id": link_id, "run": enrollment_id}
    row = tx.connection.execute(_FIND, given).mappings().one_or_none()
    return None if row is None else FoundLink(**row)


_FIND = text(
    """
    select l.id, l.template_key, l.name, l.target, e.subscriber_id,
           coalesce(e.sequence_id, q.id) as sequence_id
    from links l
    left join enrollments e on e.id = :run
    left join sequences q on q.slug = split_part(l.template_key, '/', 1)
    where l.id = :id
    """
)


def _known(tx: Transaction, template_key: str) -> dict[TemplateLink, int]:
    statement = select(LinkRow.id, LinkRow.name, LinkRow.target)
    rows = tx.connection.execute(statement.where(LinkRow.template_key == template_key))
    return {TemplateLink(name=row.name, target=row.target): row.id for row in rows}


def _add(tx: Transaction, template_key: str, links: Sequence[TemplateLink]) -> None:
    values = [
        {"template_key": template_key, "name": each.name, "target": each.target} for each in links
    ]
    # Two workers may meet a version at the same moment.
    tx.connection.execute(insert(LinkRow).on_conflict_do_nothing(), values)
