"""Save what a sequence may become: read and checked whole; nothing that is live changes."""

import re
from dataclasses import dataclass
from uuid import UUID

from funnel.domain.errors import DraftConflictError, InvalidInputError
from funnel.domain.sequence import SequenceDefinition
from funnel.domain.sequence_file import parse_sequence
from funnel.domain.sequence_text import source_checksum
from funnel.domain.speech import say
from funnel.storage import audit, brands, definition_errors, drafts, sequences, templates
from funnel.storage.drafts import Draft, NewDraft
from funnel.storage.sequences import SequenceRecord
from funnel.storage.transaction import Transaction, Transactions

# An exported file begins with it; see ``read_sequence_text``.
_EXPORTED = re.compile(r"# \S+, version (\d{1,9})\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedDraft:
    """A draft that was saved.

    Attributes:
        emails: Number of its steps.
        base_number: The version that it was begun from; ``None``: the sequence is new.
        live_number: The version that is live; another than ``base_number`` stands in the way.
        is_live_already: It says what is live.
    """

    slug: str
    emails: int
    base_number: int | None
    live_number: int | None
    is_live_already: bool


def edit_draft(  # noqa: PLR0913  (four of them are seldom given)
    slug: str,
    source: str,
    *,
    by: str,
    transactions: Transactions,
    on: int | None = None,
    seen: str | None = None,
    needs_emails: bool = True,
) -> SavedDraft:
    """Save ``source`` as the draft of a sequence, in the place of a former draft.

    Args:
        slug: The sequence; one that does not exist yet begins with its draft.
        source: A sequence file, see ``docs/sequence-file.md``.
        by: Who saves it.
        transactions: One is opened.
        on: The version that it was begun from. Without: the one that an exported file names in
            its first line, else the former draft's, else what is live.
        seen: Checksum of the draft that they had before them, "" where they saw none. Without: it
            is saved over whatever stands there.
        needs_emails: Refuse a step whose email is not written yet; a publish does in any case.

    Raises:
        SequenceFileError: It cannot be read; it carries every mistake with line and remedy.
        InvalidInputError: An email or the brand is missing, or there is no version ``on``.
        DraftConflictError: Somebody else saved or discarded the draft meanwhile.
    """
    definition = parse_sequence(source, file_name=f"{slug}.yaml")
    with transactions.begin() as tx:
        definition_errors.lock_definitions(tx)
        if seen is not None:
            check_seen(drafts.find_draft(tx, slug), seen, yours=source)
        _check_names(tx, definition, needs_emails=needs_emails)
        live = sequences.find_sequence(tx, slug)
        base_id = None if live is None else _base_id(tx, live, source, on)
        new = NewDraft(
            source=source,
            definition=definition,
            checksum=source_checksum(source),
            base_version_id=base_id,
            by=by,
        )
        drafts.save_draft(tx, new)
        audit.write_audit(tx, by=by, action="draft.saved", target=slug, detail={"on": on})
        return _saved(tx, definition, live, base_id)


def check_seen(draft: Draft | None, seen: str, *, yours: str = "") -> None:
    """Make sure that a draft is the one that somebody had before them when they changed it.

    Raises:
        DraftConflictError: It is another; the error carries both texts.
    """
    if (draft.checksum if draft else "") == seen:
        return
    raise DraftConflictError(
        say("{who} changed the draft meanwhile", who=draft.updated_by)
        if draft
        else say("the draft was published or discarded meanwhile"),
        field="draft",
        remedy=say("Look at both, and save once more what is meant."),
        theirs=draft.source if draft else "",
        yours=yours,
        revision=draft.checksum if draft else "",
        by=draft.updated_by if draft else "",
        at=draft.updated_at if draft else None,
    )


def check_fit(tx: Transaction, definition: SequenceDefinition) -> UUID:
    """Return the id of a definition's brand, once all that it names is there.

    Raises:
        InvalidInputError: A step has no live email, or there is no such brand.
    """
    missing = templates.missing_emails(tx, definition)
    if missing:
        names = ", ".join(key.rpartition("/")[2] for key in missing)
        files = ", ".join(f"email/{key}.md" for key in missing)
        raise InvalidInputError(
            say("these steps have no email: {names}", names=names),
            field="steps",
            remedy=say("Write {files}, or take the steps out.", files=files),
        )
    return check_brand(tx, definition)


def check_brand(tx: Transaction, definition: SequenceDefinition) -> UUID:
    """Return the id of a definition's brand.

    Raises:
        InvalidInputError: There is no such brand.
    """
    brand_id = brands.find_brand_id(tx, definition.brand)
    if brand_id is None:
        raise InvalidInputError(
            say('there is no brand "{brand}"', brand=definition.brand),
            field="brand",
            remedy=say("Make this brand first, or name another one."),
        )
    return brand_id


def _check_names(tx: Transaction, definition: SequenceDefinition, *, needs_emails: bool) -> None:
    if needs_emails:
        check_fit(tx, definition)
    else:
        check_brand(tx, definition)


def _base_id(tx: Transaction, live: SequenceRecord, source: str, on: int | None) -> UUID:
    named = _EXPORTED.match(source)
    number = on if on is not None or named is None else int(named[1])
    if number is None:
        former = drafts.find_draft(tx, live.slug)
        begun_from = None if former is None else former.base_version_id
        return begun_from or live.live_version_id
    found = sequences.find_version(tx, live.id, number)
    if found is None:
        raise InvalidInputError(
            say('"{slug}" has no version {number}', slug=live.slug, number=number),
            field="on",
            remedy=say("Choose one of its versions."),
        )
    return found


def _saved(
    tx: Transaction,
    definition: SequenceDefinition,
    live: SequenceRecord | None,
    base_id: UUID | None,
) -> SavedDraft:
    return SavedDraft(
        slug=definition.slug,
        emails=len(definition.steps),
        base_number=None if base_id is None else sequences.version_number(tx, base_id),
        live_number=None if live is None else live.number,
        is_live_already=live is not None
        and sequences.read_definition(tx, live.live_version_id) == definition,
    )
