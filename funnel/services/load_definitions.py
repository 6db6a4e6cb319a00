"""Files become live versions: immutable, numbered, published in one transaction per file."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from funnel.domain.errors import NotFoundError
from funnel.domain.sequence_text import definition_checksum, source_checksum
from funnel.domain.version_switch import VersionOrigin
from funnel.services.read_definitions import (
    Definitions,
    FileProblem,
    SequenceFile,
    TemplateFile,
    definition_files,
    read_definitions,
)
from funnel.storage import brands, definition_errors, drafts, sequences, templates
from funnel.storage.drafts import BY_FILE, NewDraft
from funnel.storage.sequences import NewVersion, SequenceRecord
from funnel.storage.transaction import Transaction, Transactions


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A file whose content is live now; ``number`` is its version, 0 for a brand (it has none)."""

    file_name: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadReport:
    """What a load changed, and what it could not.

    Attributes:
        drafted: Sequence files that changed and became the draft, not live: what is live came from
            a draft or a roll-back, and a file must not undo that unseen.
    """

    published: tuple[Published, ...]
    drafted: tuple[str, ...]
    problems: tuple[FileProblem, ...]
    files: int


def load_definitions(folder: Path, transactions: Transactions) -> LoadReport:
    """Make the files below ``folder`` live where they say something new.

    What cannot be read is noted with file, line and reason; its live version stays. Safe to run
    again, from several processes, and after it was broken off: what is live already is left alone.
    A changed sequence serves new runs; a changed email everybody from the next opened message on.
    A sequence whose file is gone stays live. One whose live version came from a draft takes a
    changed file as its draft.
    """
    definitions = read_definitions(folder)
    loading = _Loading(transactions, list(definitions.problems))
    _load_brands(definitions, loading)
    # Emails before sequences: a sequence goes live only when each of its steps has one.
    _load_templates(definitions, loading)
    for file in definitions.sequences:
        loading.sequence(file)
    _note_problems(loading)
    return LoadReport(
        published=tuple(loading.published),
        drafted=tuple(loading.drafted),
        problems=tuple(loading.problems),
        files=len(definitions.file_names),
    )


class DefinitionWatch:
    """Loads a folder when a file in it changed since this process last looked.

    Sizes and times of change are remembered; a look costs a few dozen ``stat`` calls.
    """

    def __init__(self, folder: Path) -> None:
        """Remember nothing yet: the first look loads."""
        self._folder = folder
        self._seen: frozenset[tuple[str, int, int]] | None = None

    def load_changed(self, transactions: Transactions) -> LoadReport | None:
        """Load if something changed; ``None`` if nothing did."""
        stamps = frozenset(self._stamps())
        if stamps == self._seen:
            return None
        report = load_definitions(self._folder, transactions)
        self._seen = stamps  # after the load: one that failed is tried again
        return report

    def _stamps(self) -> list[tuple[str, int, int]]:
        stamps = []
        for path in definition_files(self._folder):
            try:
                seen = path.stat()
            except FileNotFoundError:
                continue  # an editor has just put another in its place
            stamps.append((str(path), seen.st_mtime_ns, seen.st_size))
        return stamps


@dataclass(slots=True)
class _Loading:
    transactions: Transactions
    problems: list[FileProblem]
    published: list[Published] = field(default_factory=list)
    drafted: list[str] = field(default_factory=list)

    def template(self, file: TemplateFile) -> None:
        with self.transactions.begin() as tx:
            definition_errors.lock_definitions(tx)
            # Asked again under the lock: another process may have published it meanwhile.
            if templates.live_checksums(tx).get(file.key) == file.compiled.checksum:
                return
            number = templates.publish_template(
                tx,
                key=file.key,
                source=file.source,
                compiled=file.compiled.to_json(),
                checksum=file.compiled.checksum,
            )
        self.published.append(Published(file_name=file.file_name, number=number))

    def sequence(self, file: SequenceFile) -> None:
        definition = file.definition
        checksum = definition_checksum(definition)
        with self.transactions.begin() as tx:
            definition_errors.lock_definitions(tx)
            live = sequences.find_sequence(tx, definition.slug)
            if live is not None and _is_known(tx, live, file, checksum):
                return
            problems = _unfit(tx, file)
            if live is not None and live.origin != VersionOrigin.FILE:
                problems += _in_the_way(tx, file)
            if problems:
                self.problems.extend(problems)
                return
            if live is None or live.origin == VersionOrigin.FILE:
                number = _publish(tx, file, checksum)
                self.published.append(Published(file_name=file.file_name, number=number))
            else:
                _save_draft(tx, file, live)
                self.drafted.append(file.file_name)
            sequences.note_file(tx, definition.slug, checksum)


def _load_brands(definitions: Definitions, loading: _Loading) -> None:
    for brand in definitions.brands:
        with loading.transactions.begin() as tx:
            definition_errors.lock_definitions(tx)
            is_new = brands.save_brand(tx, brand)
        if is_new:
            name = f"brands/{brand.slug}.yaml"
            loading.published.append(Published(file_name=name, number=0))


def _load_templates(definitions: Definitions, loading: _Loading) -> None:
    with loading.transactions.begin() as tx:
        live = templates.live_checksums(tx)
    for file in definitions.templates:
        if live.get(file.key) != file.compiled.checksum:
            loading.template(file)


def _is_known(tx: Transaction, live: SequenceRecord, file: SequenceFile, checksum: str) -> bool:
    """Whether a file says nothing new: it did not change since it was taken in, or it is live."""
    if live.file_checksum == checksum:
        return True
    if sequences.read_definition(tx, live.live_version_id) != file.definition:
        return False
    sequences.note_file(tx, live.slug, checksum)
    draft = drafts.find_draft(tx, live.slug)
    if draft is not None and draft.is_from_file:
        drafts.delete_draft(tx, live.slug)  # the file was put back
    return True


def _publish(tx: Transaction, file: SequenceFile, checksum: str) -> int:
    brand_id = brands.find_brand_id(tx, file.definition.brand)
    if brand_id is None:
        raise NotFoundError(f'there is no brand "{file.definition.brand}"')
    new = NewVersion(
        definition=file.definition, brand_id=brand_id, checksum=checksum, source=file.source
    )
    return sequences.publish_sequence(tx, new).number


def _save_draft(tx: Transaction, file: SequenceFile, live: SequenceRecord) -> None:
    drafts.save_draft(
        tx,
        NewDraft(
            source=file.source,
            definition=file.definition,
            checksum=source_checksum(file.source),
            base_version_id=live.live_version_id,
            by=BY_FILE,
        ),
    )


def _in_the_way(tx: Transaction, file: SequenceFile) -> list[FileProblem]:
    """A draft that somebody wrote is not overwritten by a file."""
    slug = file.definition.slug
    draft = drafts.find_draft(tx, slug)
    if draft is None or draft.is_from_file or draft.definition == file.definition:
        return []
    return [
        FileProblem(
            file_name=file.file_name,
            reason=f"it changed, but there is a draft by {draft.updated_by}, which stays",
            remedy=f"Publish or discard that draft (funnel sequence diff {slug}), then load again.",
        )
    ]


def _unfit(tx: Transaction, file: SequenceFile) -> list[FileProblem]:
    problems = [
        FileProblem(
            file_name=file.file_name,
            reason=f'the step "{key.rpartition("/")[2]}" has no email',
            remedy=f"Write email/{key}.md.",
        )
        for key in templates.missing_emails(tx, file.definition)
    ]
    brand = file.definition.brand
    if brands.find_brand_id(tx, brand) is None:
        problems.append(
            FileProblem(
                file_name=file.file_name,
                reason=f'there is no brand "{brand}"',
                remedy=f"Write brands/{brand}.yaml.",
            )
        )
    return problems


def _note_problems(loading: _Loading) -> None:
    by_file: dict[str, list[FileProblem]] = {}
    for problem in loading.problems:
        by_file.setdefault(problem.file_name, []).append(problem)
    with loading.transactions.begin() as tx:
        definition_errors.lock_definitions(tx)
        definition_errors.forget_other_files(tx, list(by_file))
        for file_name, problems in by_file.items():
            text = "\n".join(_line(each) for each in problems)
            definition_errors.record_definition_error(
                tx,
                file_name=file_name,
                error=text,
                checksum=hashlib.sha256(text.encode()).hexdigest(),
            )


def _line(problem: FileProblem) -> str:
    place = "" if problem.line is None else f"line {problem.line}: "
    return f"{place}{problem.reason}"
