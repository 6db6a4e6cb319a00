"""Name a place that signups come from, and give it its secrets."""

import re
import secrets as random_source
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import uuid4

from funnel.domain.errors import InvalidInputError, NotFoundError
from funnel.domain.signing import new_webhook_secret
from funnel.domain.signup import LettersOffer, Source
from funnel.domain.speech import say
from funnel.storage import sequences, sources
from funnel.storage.audit import write_audit
from funnel.storage.transaction import Transactions

_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
BY_ITSELF = "the service itself"  # in the audit log, where no person asked
_SECRETS_KEPT = 2  # the new one, and the former while senders change over


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSource:
    """A source that is to be added.

    Attributes:
        field_mapping: Our field to the names it has there; see ``Source``.
        per_minute: Signups a minute beyond which the answer is 429.
        is_signed: It signs its webhooks: gets a secret for that.
        has_form_secret: It cannot sign: gets a secret to send along.
    """

    slug: str
    sequence_slug: str
    is_double_opt_in: bool = True
    letters: LettersOffer = LettersOffer.INCLUDED
    wording: str = "1"
    field_mapping: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    per_minute: int | None = None
    is_signed: bool = True
    has_form_secret: bool = False


def add_source(new: NewSource, transactions: Transactions, *, by: str = BY_ITSELF) -> Source:
    """Write a source and return it with its secrets, which nothing shows again in full.

    Args:
        new: What it is to be.
        transactions: One is opened.
        by: Who adds it.

    Raises:
        NotFoundError: No such sequence.
        InvalidInputError: The name is taken, or not fit for an address.
    """
    _check(new)
    with transactions.begin() as tx:
        sequence = sequences.find_sequence(tx, new.sequence_slug)
        if sequence is None:
            raise NotFoundError(f"there is no sequence “{new.sequence_slug}”")
        if sources.find(tx, new.slug) is not None:
            raise InvalidInputError(
                say("there is a source “{name}” already", name=new.slug),
                field="slug",
                remedy=say("Take another name."),
            )
        source = Source(
            id=uuid4(),
            slug=new.slug,
            sequence_id=sequence.id,
            secrets=(new_webhook_secret(),) if new.is_signed else (),
            form_secret=random_source.token_urlsafe(32) if new.has_form_secret else None,
            field_mapping=new.field_mapping,
            is_double_opt_in=new.is_double_opt_in,
            letters=new.letters,
            wording=new.wording,
            per_minute=new.per_minute,
        )
        sources.add(tx, source)
        write_audit(tx, by=by, action="source.add", target=new.slug)
        return source


def list_sources(transactions: Transactions) -> list[Source]:
    """Return every source, by name."""
    with transactions.begin() as tx:
        return sources.list_all(tx)


def rotate_secret(slug: str, transactions: Transactions, *, by: str = BY_ITSELF) -> str:
    """Give a source a new signing secret and return it; the former one is accepted as well.

    Call it once more when every sender has changed over: then the former one is gone.

    Raises:
        NotFoundError: No such source.
    """
    with transactions.begin() as tx:
        source = sources.find(tx, slug)
        if source is None:
            raise NotFoundError(f"there is no source “{slug}”")
        secret = new_webhook_secret()
        kept = [secret, *source.secrets][:_SECRETS_KEPT]
        sources.change(tx, source.id, {"secrets": kept})
        write_audit(tx, by=by, action="source.rotate", target=slug)
        return secret


def _check(new: NewSource) -> None:
    if not _SLUG.fullmatch(new.slug):
        raise InvalidInputError(
            say("the name is not fit for an address"),
            field="slug",
            remedy=say("Use small letters, digits and hyphens, for example wordpress."),
        )
    if new.per_minute is not None and new.per_minute < 1:
        raise InvalidInputError(say("a limit is 1 or more"), field="per_minute")
