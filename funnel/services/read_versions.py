"""A sequence's versions and its draft, as lists and as text."""

import re
from dataclasses import dataclass
from difflib import unified_diff

from funnel.domain.errors import NotFoundError
from funnel.domain.sequence import SequenceDefinition
from funnel.domain.sequence_text import sequence_text
from funnel.storage import drafts, sequences
from funnel.storage.drafts import Draft
from funnel.storage.sequences import SequenceRecord, VersionRecord
from funnel.storage.transaction import Transaction, Transactions

# The first line of what was exported before; a file has one.
_EXPORTED = re.compile(r"\A# \S+, version \d{1,9}\. A draft made of this file [^\n]*\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Versions:
    """What was published of a sequence, the newest first, and what may come next."""

    slug: str
    versions: tuple[VersionRecord, ...]
    draft: Draft | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionText:
    """One version: its number, what it says, and that as a file."""

    number: int
    is_live: bool
    definition: SequenceDefinition
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftDifference:
    """A draft beside what is live.

    Attributes:
        lines: A unified difference of the two as files, without comments; empty: they say the same.
        base_number: The version that the draft was begun from.
        live_number: The version that is live; ``None``: the sequence is new.
    """

    draft: Draft
    lines: tuple[str, ...]
    base_number: int | None
    live_number: int | None


def read_versions(slug: str, transactions: Transactions) -> Versions:
    """Return every version of a sequence and its draft.

    Raises:
        NotFoundError: There is neither.
    """
    with transactions.begin_reading() as tx:
        live = sequences.find_sequence(tx, slug)
        draft = drafts.find_draft(tx, slug)
        if live is None and draft is None:
            raise NotFoundError(f'there is no sequence "{slug}"')
        found = () if live is None else tuple(sequences.list_versions(tx, live.id))
    return Versions(slug=slug, versions=found, draft=draft)


def read_version(slug: str, number: int | None, transactions: Transactions) -> VersionText:
    """Return one version of a sequence as a file; without a number the one that is live.

    The first line names the version: a draft that is made of the file is known to begin there.

    Raises:
        NotFoundError: There is no such sequence or version.
    """
    with transactions.begin_reading() as tx:
        live = _live(tx, slug)
        number = live.number if number is None else number
        version_id = sequences.find_version(tx, live.id, number)
        if version_id is None:
            raise NotFoundError(f'"{slug}" has no version {number}')
        definition = sequences.read_definition(tx, version_id)
        source = _EXPORTED.sub("", sequences.read_source(tx, version_id), count=1)
    first = f"# {slug}, version {number}. A draft made of this file goes live only over version "
    return VersionText(
        number=number,
        is_live=number == live.number,
        definition=definition,
        text=f"{first}{number}.\n{source}",
    )


def read_difference(slug: str, transactions: Transactions) -> DraftDifference:
    """Return what the draft of a sequence says otherwise than what is live.

    Raises:
        NotFoundError: There is no draft.
    """
    with transactions.begin_reading() as tx:
        draft = drafts.find_draft(tx, slug)
        if draft is None:
            raise NotFoundError(f'there is no draft of "{slug}"')
        live = sequences.find_sequence(tx, slug)
        before = "" if live is None else _text_of(tx, live)
        base = draft.base_version_id
        base_number = None if base is None else sequences.version_number(tx, base)
    name = "nothing" if live is None else f"version {live.number}, live"
    lines = unified_diff(
        before.splitlines(),
        sequence_text(draft.definition).splitlines(),
        name,
        "draft",
        lineterm="",
    )
    return DraftDifference(
        draft=draft,
        lines=tuple(lines),
        base_number=base_number,
        live_number=None if live is None else live.number,
    )


def _live(tx: Transaction, slug: str) -> SequenceRecord:
    live = sequences.find_sequence(tx, slug)
    if live is None:
        raise NotFoundError(f'there is no sequence "{slug}"')
    return live


def _text_of(tx: Transaction, live: SequenceRecord) -> str:
    return sequence_text(sequences.read_definition(tx, live.live_version_id))
