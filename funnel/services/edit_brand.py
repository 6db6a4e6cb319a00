"""A brand as a person edits it on a page: read, checked, kept, written into the audit log."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from hashlib import sha256

from funnel.domain.brand import LONGEST_VALUE, MAY_HAVE_LINES, Brand, check_brand_values
from funnel.domain.errors import DraftConflictError, InvalidInputError, NotFoundError
from funnel.domain.mistakes import Mistakes
from funnel.domain.speech import say
from funnel.domain.text import clean_text
from funnel.storage import audit, brands, definition_errors
from funnel.storage.transaction import Transaction, Transactions

_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
# As people type them, and as they are kept: hosts and colours do not depend on their case.
_IN_SMALL_LETTERS = ("link_domain",)


@dataclass(frozen=True, slots=True, kw_only=True)
class BrandPage:
    """A brand, the mark of what it says now, and the sequences that speak for it."""

    brand: Brand
    mark: str
    sequences: tuple[str, ...]


def list_brands(transactions: Transactions) -> list[Brand]:
    """Return every brand, by its slug."""
    with transactions.begin_reading() as tx:
        return brands.list_brands(tx)


def list_link_domains(transactions: Transactions) -> list[str]:
    """Return the host names that brands give the links of their emails."""
    with transactions.begin_reading() as tx:
        return brands.link_domains(tx)


def read_brand(slug: str, transactions: Transactions) -> BrandPage:
    """Return a brand as a page shows it.

    Raises:
        NotFoundError: There is none of that name.
    """
    with transactions.begin_reading() as tx:
        brand = brands.find_brand(tx, slug)
        if brand is None:
            raise NotFoundError(f"there is no brand “{slug}”")
        return BrandPage(
            brand=brand, mark=brand_mark(brand), sequences=tuple(brands.sequences_of(tx, slug))
        )


def brand_mark(brand: Brand) -> str:
    """Return a short mark of all that a brand says: another one, once any of it was changed."""
    said = "\x1f".join(asdict(brand).values())
    return sha256(said.encode()).hexdigest()[:16]


def edit_brand(
    slug: str, values: Mapping[str, str], *, seen: str, by: str, transactions: Transactions
) -> Brand:
    """Keep what a brand says; emails and pages speak so from the next one on, without a restart.

    Args:
        slug: The brand.
        values: Its fields, as they were typed; those that are left out stay.
        seen: The mark of what the page showed.
        by: Who edits it.
        transactions: One is opened.

    Raises:
        NotFoundError: There is no such brand.
        InvalidInputError: A field says what no email can be sent with.
        DraftConflictError: Somebody else changed it since; nothing was changed.
    """
    with transactions.begin() as tx:
        definition_errors.lock_definitions(tx)
        brand = brands.find_brand(tx, slug)
        if brand is None:
            raise NotFoundError(f"there is no brand “{slug}”")
        changed = replace(brand, **_cleaned(values))
        if changed == brand:
            return brand
        if brand_mark(brand) != seen:
            raise DraftConflictError(
                say("somebody else changed this brand meanwhile, so nothing was saved"),
                remedy=say("What they wrote stands beside yours: take what is right, save again."),
                revision=brand_mark(brand),
            )
        check_brand_values(asdict(changed))
        brands.save_brand(tx, changed)
        _note(changed, brand, by=by, tx=tx)
        return changed


def add_brand(
    slug: str, values: Mapping[str, str], *, by: str, transactions: Transactions
) -> Brand:
    """Add a brand that sequences can speak for.

    Raises:
        InvalidInputError: The name is taken or no name, or a field is at fault.
    """
    given = {each.name: "" for each in fields(Brand)} | _cleaned(values) | {"slug": slug}
    mistakes = Mistakes()
    mistakes.hear(_check_slug, slug)
    mistakes.hear(check_brand_values, given)
    mistakes.end()
    brand = Brand(**given)
    with transactions.begin() as tx:
        definition_errors.lock_definitions(tx)
        if brands.find_brand(tx, slug) is not None:
            raise InvalidInputError(
                say("there is a brand “{name}” already", name=slug),
                field="slug",
                remedy=say("Take another short name."),
            )
        brands.save_brand(tx, brand)
        audit.write_audit(tx, by=by, action="brand.add", target=slug)
    return brand


def _check_slug(slug: str) -> None:
    if not _SLUG.fullmatch(slug):
        raise InvalidInputError(
            say("the short name is not fit for an address"),
            field="slug",
            remedy=say("Use small letters, digits and hyphens, for example second-brand."),
        )


def _cleaned(values: Mapping[str, str]) -> dict[str, str]:
    known = {each.name for each in fields(Brand)} - {"slug"}
    cleaned = {}
    for name, value in values.items():
        if name not in known:
            continue
        text = (
            _with_lines(value) if name == MAY_HAVE_LINES else clean_text(value, limit=LONGEST_VALUE)
        )
        cleaned[name] = text.casefold() if name in _IN_SMALL_LETTERS else text
    return cleaned


def _with_lines(value: str) -> str:
    # Typed as on an envelope, printed at the foot of an email: its lines become one.
    lines = [clean_text(line, limit=LONGEST_VALUE) for line in value[:LONGEST_VALUE].splitlines()]
    return ", ".join(line for line in lines if line)


def _note(changed: Brand, before: Brand, *, by: str, tx: Transaction) -> None:
    was, now = asdict(before), asdict(changed)
    # Which fields, not what they say: addresses have no place in the log.
    names = " ".join(name for name in now if now[name] != was[name])
    audit.write_audit(tx, by=by, action="brand.edit", target=changed.slug, detail={"fields": names})
