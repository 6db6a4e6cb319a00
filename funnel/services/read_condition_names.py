"""What a condition of a sequence can name: links that its emails have, tags that people have."""

from collections.abc import Collection
from dataclasses import dataclass

from funnel.storage import people_filters, templates
from funnel.storage.transaction import Transactions


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionNames:
    """Names to choose from, each kind in the order of the alphabet."""

    links: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


def read_condition_names(
    template_keys: Collection[str], transactions: Transactions
) -> ConditionNames:
    """Return the links of these emails, as live, and the tags that were ever given."""
    with transactions.begin_reading() as tx:
        found = templates.link_names(tx, template_keys)
        tags = people_filters.list_tags(tx)
    return ConditionNames(
        links=tuple(sorted({name for names in found.values() for name in names})),
        tags=tuple(tags),
    )
