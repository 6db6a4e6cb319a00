"""What a rehearsal plays: a version, its emails, its dates, from the database or from files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from funnel.domain.brand import Brand
from funnel.domain.errors import InvalidInputError, NotFoundError
from funnel.domain.message import Notice
from funnel.domain.rehearsal_file import PersonEntry
from funnel.domain.sequence import SequenceDefinition
from funnel.domain.session import Session
from funnel.domain.speech import say
from funnel.domain.subscriber import email_key
from funnel.rendering.compiled import CompiledTemplate
from funnel.services.read_definitions import Definitions, FileProblem, read_definitions
from funnel.storage import brands, drafts, rehearsal_people, sequences, sessions, templates
from funnel.storage.rehearsal_people import KnownPerson
from funnel.storage.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """All that a rehearsal needs beside its people.

    Attributes:
        origin: Where the version comes from, in words: "version 3", "the draft", a file's name.
        emails: Compiled templates by key; one that is missing here is a finding.
        sessions: Coming dates of the sequence.
        taken: Seats that are taken in them.
        now: Aware, plan time.
        known: Real people among those asked for, by the key of their address.
        problems: What is wrong in the files, where files are rehearsed.
    """

    version: SequenceDefinition
    origin: str
    brand: Brand | None
    emails: Mapping[str, CompiledTemplate]
    sessions: tuple[Session, ...]
    taken: Mapping[UUID, int]
    now: datetime
    known: Mapping[str, KnownPerson]
    problems: tuple[FileProblem, ...] = ()


def material_from_database(
    tx: Transaction, slug: str | None, people: Sequence[PersonEntry], *, uses_draft: bool
) -> Material:
    """Return a sequence as it is live, or as its draft would make it.

    Args:
        tx: Only reads.
        slug: ``None``: the only one there is.
        people: Those who are to be looked up.
        uses_draft: The draft; where there is none, that is an error.

    Raises:
        NotFoundError: No such sequence, or no draft of it.
        InvalidInputError: Several sequences, and none is named.
    """
    slug = slug or _only_one([each.slug for each in sequences.list_sequences(tx)])
    live = sequences.find_sequence(tx, slug)
    draft = drafts.find_draft(tx, slug) if uses_draft else None
    if uses_draft and draft is None:
        raise NotFoundError(say("the sequence “{slug}” has no draft", slug=slug))
    if draft is not None:
        version, origin = draft.definition, say("the draft")
    elif live is not None:
        version = sequences.read_definition(tx, live.live_version_id)
        origin = say("version {number}", number=live.number)
    else:
        raise NotFoundError(say("there is no sequence “{slug}”", slug=slug))
    lines = sessions.list_lines(tx, sequence_slug=slug, upcoming_only=True)
    return Material(
        version=version,
        origin=origin,
        brand=brands.find_brand(tx, version.brand),
        emails=_live_emails(tx, version),
        sessions=tuple(line.session for line in lines),
        taken={line.session.id: line.taken for line in lines},
        now=tx.now,
        known=_known(tx, people, slug),
    )


def material_from_folder(folder: Path, slug: str | None, now: datetime) -> Material:
    """Return a sequence as files say it; no database is asked.

    Args:
        folder: With ``sequences/``, ``email/`` and ``brands/``.
        slug: ``None``: the only one there is.
        now: Aware; where the rehearsal begins if nobody says.

    Raises:
        NotFoundError: No such sequence among the files that can be read.
        InvalidInputError: Several sequences, and none is named; or its file cannot be read.
    """
    definitions = read_definitions(folder)
    by_slug = {each.definition.slug: each for each in definitions.sequences}
    if slug is None and not by_slug:
        _refuse_broken(definitions, "sequences/")
    slug = slug or _only_one(list(by_slug))
    file = by_slug.get(slug)
    if file is None:
        _refuse_broken(definitions, f"sequences/{slug}.")
        raise NotFoundError(
            say("there is no sequence “{slug}” in {folder}", slug=slug, folder=folder)
        )
    version = file.definition
    brand = next((each for each in definitions.brands if each.slug == version.brand), None)
    ours = ("email/notices/", f"email/{slug}/", "email/layouts", f"brands/{version.brand}.")
    return Material(
        version=version,
        origin=file.file_name,
        brand=brand,
        emails={each.key: each.compiled for each in definitions.templates},
        sessions=(),
        taken={},
        now=now,
        known={},
        problems=tuple(each for each in definitions.problems if each.file_name.startswith(ours)),
    )


def _only_one(slugs: Sequence[str]) -> str:
    if len(slugs) == 1:
        return slugs[0]
    if not slugs:
        raise NotFoundError(say("there is no sequence"))
    raise InvalidInputError(
        say("there are several sequences"),
        field="sequence",
        remedy=say("Name one: {names}.", names=", ".join(slugs)),
    )


def _refuse_broken(definitions: Definitions, prefix: str) -> None:
    broken = [each for each in definitions.problems if each.file_name.startswith(prefix)]
    if broken:
        lines = "\n".join(str(each) for each in broken)
        raise InvalidInputError(lines, field="sequence", remedy=broken[0].remedy)


def _live_emails(tx: Transaction, version: SequenceDefinition) -> dict[str, CompiledTemplate]:
    keys = [f"{version.slug}/{step.key}" for step in version.steps]
    live = templates.live_template_ids(tx, [*keys, *(f"notices/{each}" for each in Notice)])
    return {
        key: CompiledTemplate.from_json(templates.read_compiled(tx, version_id))
        for key, version_id in live.items()
    }


def _known(tx: Transaction, people: Sequence[PersonEntry], slug: str) -> dict[str, KnownPerson]:
    keys = {email_key(each.email) for each in people if each.email}
    found = {key: rehearsal_people.find_person(tx, key, slug) for key in sorted(keys)}
    return {key: person for key, person in found.items() if person is not None}
