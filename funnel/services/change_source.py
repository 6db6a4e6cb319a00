"""Change how a source is treated; its secrets are changed by ``rotate_secret``."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from funnel.domain.errors import InvalidInputError, NotFoundError
from funnel.domain.signup import LettersOffer, Source
from funnel.intake.names import ALIASES, canonical
from funnel.storage import sources
from funnel.storage.audit import write_audit
from funnel.storage.transaction import Transactions

BY_ITSELF = "the service itself"  # in the audit log, where no person asked


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceChange:
    """What is to be different; ``None`` leaves a thing as it is.

    Attributes:
        field_mapping: Takes the place of the former one; empty goes back to the usual names.
        per_minute: 0 takes the limit away.
    """

    field_mapping: Mapping[str, tuple[str, ...]] | None = None
    is_double_opt_in: bool | None = None
    letters: LettersOffer | None = None
    wording: str | None = None
    per_minute: int | None = None
    is_active: bool | None = None


def change_source(
    slug: str, change: SourceChange, transactions: Transactions, *, by: str = BY_ITSELF
) -> Source:
    """Write the changes and return the source; running processes learn of it within seconds.

    Raises:
        NotFoundError: No such source.
        InvalidInputError: A field that we do not have, or a limit below 0.
    """
    columns = _columns(change)
    with transactions.begin() as tx:
        source = sources.find(tx, slug)
        if source is None:
            raise NotFoundError(f"there is no source “{slug}”")
        if columns:
            sources.change(tx, source.id, columns)
            names = " ".join(sorted(columns))
            write_audit(tx, by=by, action="source.change", target=slug, detail={"fields": names})
        return sources.find(tx, slug) or source


def read_mapping(words: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return the mapping that ``field=name`` words make; one field may have several names.

    ``session==next`` makes a fixed value: names that begin with "=" are none.

    Raises:
        InvalidInputError: A word without "=", or a field that we do not have.
    """
    mapping: dict[str, tuple[str, ...]] = {}
    for word in words:
        field, separator, name = word.partition("=")
        if not separator or not name:
            raise InvalidInputError(
                f"“{word}” names no field", field="field", remedy="Write it as email=your-email."
            )
        mapping[canonical(field)] = (*mapping.get(canonical(field), ()), name)
    check_mapping(mapping)
    return mapping


def check_mapping(mapping: Mapping[str, tuple[str, ...]]) -> None:
    """Raise ``InvalidInputError`` unless every field is one of ours."""
    for field in mapping:
        if field not in ALIASES:
            raise InvalidInputError(
                f"there is no field “{field}”",
                field="field",
                remedy=f"Ours are {', '.join(sorted(ALIASES))}.",
            )


def _columns(change: SourceChange) -> dict[str, Any]:
    given: dict[str, Any] = {
        "is_double_opt_in": change.is_double_opt_in,
        "letters": change.letters,
        "wording": change.wording,
        "is_active": change.is_active,
    }
    columns = {name: value for name, value in given.items() if value is not None}
    if change.field_mapping is not None:
        check_mapping(change.field_mapping)
        columns["field_mapping"] = {
            name: list(names) for name, names in change.field_mapping.items()
        }
    if change.per_minute is not None:
        if change.per_minute < 0:
            raise InvalidInputError("a limit is 1 or more, or 0 for none", field="per_minute")
        columns["per_minute"] = change.per_minute or None
    return columns
