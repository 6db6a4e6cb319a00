"""Name a system that reports facts, give it its secrets, and change how it is treated."""

import re
import secrets as random_source
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

from funnel.domain.errors import InvalidInputError, NotFoundError
from funnel.domain.fact_source import FactSource, PresetName
from funnel.domain.signing import decode_webhook_secret, new_webhook_secret
from funnel.intake.presets.catalogue import PRESETS
from funnel.storage import fact_sources, received_facts
from funnel.storage.received_facts import EventCounts
from funnel.storage.transaction import Transactions

_SLUG: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
_SECRETS_KEPT: Final = 2  # the new one, and the former while the sender changes over
_SECRET_BYTES: Final = 32
_LEAST_SECRET: Final = 16  # characters; Zoom's have 22
_MOST_SECRET: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFactSource:
    """A source that is to be added.

    Attributes:
        secret: The provider's, or one that is known already; "" makes one where it is ours to
            make, and leaves the source closed where it is theirs.
        field_mapping: Our field to its places there; see ``FactSource``.
        per_minute: Events a minute beyond which the answer is 429.
    """

    slug: str
    preset: PresetName
    secret: str = ""
    field_mapping: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    per_minute: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FactSourceLine:
    """A source, and what became of its events of the last 90 days."""

    source: FactSource
    counts: EventCounts


def add_fact_source(new: NewFactSource, transactions: Transactions) -> FactSource:
    """Write a source and return it; a secret that was made here is shown by nothing again.

    Raises:
        InvalidInputError: The name is taken or not fit for an address, a secret that cannot be
            one, a field that the preset does not map.
    """
    _check(new)
    secret = new.secret or _made_secret(new.preset)
    with transactions.begin() as tx:
        if fact_sources.find(tx, new.slug) is not None:
            raise InvalidInputError(
                f"there is a fact source “{new.slug}” already",
                field="slug",
                remedy="Take another name, or change this one.",
            )
        source = FactSource(
            id=uuid4(),
            slug=new.slug,
            preset=new.preset,
            secrets=(secret,) if secret else (),
            field_mapping=new.field_mapping,
            per_minute=new.per_minute,
        )
        fact_sources.add(tx, source)
        return source


def list_fact_sources(transactions: Transactions) -> list[FactSourceLine]:
    """Return every source by name, with what became of its events."""
    with transactions.begin() as tx:
        counts = received_facts.count_by_source(tx)
        nothing = EventCounts(numbers={})
        return [
            FactSourceLine(source=each, counts=counts.get(each.id, nothing))
            for each in fact_sources.list_all(tx)
        ]


def find_fact_source(slug: str, transactions: Transactions) -> FactSource:
    """Return the source of that name.

    Raises:
        NotFoundError: There is none.
    """
    with transactions.begin() as tx:
        return _found(fact_sources.find(tx, slug), slug)


def rotate_fact_secret(slug: str, secret: str, transactions: Transactions) -> str:
    """Give a source a new secret and return it; the former one is accepted as well.

    Call it once more when the sender has changed over: then the former one is gone.

    Args:
        slug: The source's name.
        secret: The provider's; "" makes one, where it is ours to make.
        transactions: On the database.

    Raises:
        NotFoundError: No such source.
        InvalidInputError: A secret that cannot be one, or none where the provider makes it.
    """
    with transactions.begin() as tx:
        source = _found(fact_sources.lock(tx, slug), slug)
        new = secret or _made_secret(source.preset)
        if not new:
            raise InvalidInputError(
                f"{source.preset} makes the secret itself",
                field="secret",
                remedy="Copy it from there and give it with --secret.",
            )
        _check_secret(source.preset, new)
        former = [each for each in source.secrets if each != new]
        fact_sources.change(tx, slug, {"secrets": [new, *former][:_SECRETS_KEPT]})
        return new


def change_fact_source(
    slug: str,
    transactions: Transactions,
    *,
    field_mapping: Mapping[str, tuple[str, ...]] | None = None,
    per_minute: int | None = None,
    is_active: bool | None = None,
) -> None:
    """Change how a source is treated; ``None`` leaves a thing as it is.

    Args:
        slug: The source's name.
        transactions: On the database; running processes learn of it within seconds.
        field_mapping: Takes the place of the former one; empty goes back to the usual places.
        per_minute: 0 takes the limit away.
        is_active: Whether it takes events, or answers 404.

    Raises:
        NotFoundError: No such source.
        InvalidInputError: A field that the preset does not map, or a limit below 0.
    """
    changes: dict[str, Any] = {}
    if is_active is not None:
        changes["is_active"] = is_active
    if per_minute is not None:
        _check_limit(per_minute, least=0)
        changes["per_minute"] = per_minute or None
    with transactions.begin() as tx:
        source = _found(fact_sources.lock(tx, slug), slug)
        if field_mapping is not None:
            check_fact_mapping(source.preset, field_mapping)
            changes["field_mapping"] = {name: list(each) for name, each in field_mapping.items()}
        if changes:
            fact_sources.change(tx, slug, changes)


def read_fact_mapping(words: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return the mapping that ``field=place`` words make; one field may have several places.

    A place is a path into the payload, ``email=contact.email``; ``name==call`` is a fixed value.

    Raises:
        InvalidInputError: A word without "=".
    """
    mapping: dict[str, tuple[str, ...]] = {}
    for word in words:
        name, separator, place = word.partition("=")
        if not separator or not name or not place:
            raise InvalidInputError(
                f"“{word}” names no field",
                field="field",
                remedy="Write it as email=contact.email, or name==call for a fixed value.",
            )
        mapping[name.strip()] = (*mapping.get(name.strip(), ()), place)
    return mapping


def check_fact_mapping(preset: PresetName, mapping: Mapping[str, tuple[str, ...]]) -> None:
    """Raise ``InvalidInputError`` unless every field is one that the preset maps."""
    ours = PRESETS[preset].fields
    for name in mapping:
        if name not in ours:
            raise InvalidInputError(
                f"{preset} maps no field “{name}”",
                field="field",
                remedy=f"It maps {', '.join(ours)}.",
            )


def _check(new: NewFactSource) -> None:
    if not _SLUG.fullmatch(new.slug):
        raise InvalidInputError(
            "the name is not fit for an address",
            field="slug",
            remedy="Use small letters, digits and hyphens, for example zoom.",
        )
    if new.secret:
        _check_secret(new.preset, new.secret)
    if new.per_minute is not None:
        _check_limit(new.per_minute, least=1)
    check_fact_mapping(new.preset, new.field_mapping)


def _check_secret(preset: PresetName, secret: str) -> None:
    if preset is PresetName.GENERIC:
        decode_webhook_secret(secret)
        return
    is_plain = secret.isascii() and secret.isprintable() and " " not in secret
    if not is_plain or not _LEAST_SECRET <= len(secret) <= _MOST_SECRET:
        raise InvalidInputError(
            "the secret is not one: it has spaces, or too few characters or too many",
            field="secret",
            remedy=f"Copy all of it; it has {_LEAST_SECRET} characters or more.",
        )


def _check_limit(per_minute: int, *, least: int) -> None:
    if per_minute < least:
        raise InvalidInputError(f"a limit is {least} or more", field="per_minute")


def _made_secret(preset: PresetName) -> str:
    """Return a new secret, "" where the provider makes it."""
    if PRESETS[preset].is_secret_theirs:
        return ""
    if preset is PresetName.GENERIC:
        return new_webhook_secret()
    return random_source.token_hex(_SECRET_BYTES)


def _found(source: FactSource | None, slug: str) -> FactSource:
    if source is None:
        raise NotFoundError(f"there is no fact source “{slug}”")
    return source
