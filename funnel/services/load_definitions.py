"""Files become live versions: immutable, numbered, published in one transaction per file."""

import hashlib
from dataclasses import dataclass, field
from mmap import mmap
from pathlib import Path

from funnel.domain.brand import Brand
from funnel.domain.errors import NotFoundError
from funnel.domain.sequence_text import definition_checksum, source_checksum
from funnel.domain.template_draft import BY_FILE as TEMPLATE_BY_FILE
from funnel.domain.template_draft import TemplateDraft
from funnel.domain.version_switch import VersionOrigin
from funnel.services.read_definitions import (
    Definitions,
    FileProblem,
    SequenceFile,
    TemplateFile,
    definition_files,
    read_definitions,
)
from funnel.storage import (
    brand_files,
    brands,
    definition_errors,
    drafts,
    sequences,
    template_drafts,
    template_versions,
    templates,
)
from funnel.storage.brand_files import brand_checksum
from funnel.storage.drafts import BY_FILE, NewDraft
from funnel.storage.sequences import NewVersion, SequenceRecord
from funnel.storage.template_versions import TemplateState, TemplateVersion
from funnel.storage.transaction import Transaction, Transactions

_DIGEST = hashlib.sha256().digest_size


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A file whose content is live now; ``number`` is its version, 0 for a brand (it has none)."""

    file_name: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadReport:
    """What a load changed, and what it could not.

    Attributes:
        drafted: Files of sequences and emails that changed and became the draft, not live: what is
            live came from a draft or a roll-back, and a file must not undo that unseen.
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
    A sequence whose file is gone stays live. What was published in the studio, a sequence or an
    email, takes a changed file as its draft; a brand that was edited there is not overwritten.
    """
    definitions = read_definitions(folder)
    loading = _Loading(transactions, list(definitions.problems))
    for brand in definitions.brands:
        loading.brand(brand)
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
    """Loads a folder when a file in it changed since somebody last loaded it.

    Sizes and times of change are remembered; a look costs a few dozen ``stat`` calls.
    """

    def __init__(self, folder: Path, memory: bytearray | mmap | None = None) -> None:
        """Watch a folder.

        Args:
            folder: Whose files are loaded.
            memory: 32 bytes that processes share who load into the same database, so that each of
                them does not compile what another did; without it, the first look loads.
        """
        self._folder = folder
        self._memory = bytearray(_DIGEST) if memory is None else memory

    def load_changed(self, transactions: Transactions) -> LoadReport | None:
        """Load if something changed; ``None`` if nothing did."""
        stamps = hashlib.sha256(repr(sorted(self._stamps())).encode()).digest()
        if self._memory[:_DIGEST] == stamps:
            return None
        report = load_definitions(self._folder, transactions)
        self._memory[:_DIGEST] = stamps  # after the load: one that failed is tried again
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

    def brand(self, brand: Brand) -> None:
        name, checksum = f"brands/{brand.slug}.yaml", brand_checksum(brand)
        with self.transactions.begin() as tx:
            definition_errors.lock_definitions(tx)
            live, known = (
                brands.find_brand(tx, brand.slug),
                brand_files.file_checksum(tx, brand.slug),
            )
            if live is not None and known == checksum:
                return
            if live is not None and _was_edited(live, brand, known):
                self.problems.append(_edited_brand(name))
                return
            is_new = brands.save_brand(tx, brand)
            brand_files.note_file(tx, brand.slug, checksum)
        if is_new:
            self.published.append(Published(file_name=name, number=0))

    def template(self, file: TemplateFile) -> None:
        with self.transactions.begin() as tx:
            definition_errors.lock_definitions(tx)
            # Asked again under the lock: another process may have published it meanwhile.
            live = template_versions.find_live(tx, file.key)
            if live is None or live.origin == VersionOrigin.FILE:
                self._publish_template(tx, file, live)
            elif not self._is_drafted(tx, file, live):
                return
            templates.note_file(tx, file.key, _source_checksum(file))

    def _publish_template(
        self, tx: Transaction, file: TemplateFile, live: TemplateVersion | None
    ) -> None:
        if live is not None and live.checksum == file.compiled.checksum:
            return
        number = templates.publish_template(
            tx,
            key=file.key,
            source=file.source,
            compiled=file.compiled.to_json(),
            checksum=file.compiled.checksum,
        )
        self.published.append(Published(file_name=file.file_name, number=number))

    def _is_drafted(self, tx: Transaction, file: TemplateFile, live: TemplateVersion) -> bool:
        """Make a changed file the draft of an email that was published in the studio, if it can."""
        if live.file_checksum == _source_checksum(file):
            return True
        draft = template_drafts.find_draft(tx, file.key)
        if live.source == file.source:  # the file says by now what was published
            if draft is not None and draft.is_from_file:
                template_drafts.delete_draft(tx, file.key, seen=draft.revision)
            return True
        if draft is not None and not draft.is_from_file and draft.source != file.source:
            self.problems.append(_edited_template(file, draft))
            return False
        if draft is None:
            template_drafts.begin_draft(
                tx, file.key, file.source, base_version_id=live.id, by=TEMPLATE_BY_FILE
            )
        else:
            template_drafts.change_draft(
                tx, file.key, file.source, seen=draft.revision, by=TEMPLATE_BY_FILE
            )
        self.drafted.append(file.file_name)
        return True

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


def _was_edited(live: Brand, file: Brand, known: str | None) -> bool:
    """Whether somebody wrote into a brand since its file was taken in, and not what it says now."""
    return live != file and known is not None and known != brand_checksum(live)


def _load_templates(definitions: Definitions, loading: _Loading) -> None:
    with loading.transactions.begin() as tx:
        live = template_versions.states(tx)
    for file in definitions.templates:
        if _says_news(file, live.get(file.key)):
            loading.template(file)


def _says_news(file: TemplateFile, live: TemplateState | None) -> bool:
    """Whether a file changed since it was taken in; or its layout did, where files are live."""
    if live is None or live.file_checksum != _source_checksum(file):
        return True
    return live.origin == VersionOrigin.FILE and live.checksum != file.compiled.checksum


def _source_checksum(file: TemplateFile) -> str:
    return hashlib.sha256(file.source.encode()).hexdigest()


def _edited_template(file: TemplateFile, draft: TemplateDraft) -> FileProblem:
    return FileProblem(
        file_name=file.file_name,
        reason=f"it changed, but there is a draft by {draft.updated_by}, which stays",
        remedy=f"Publish or discard that draft (funnel template diff {file.key}), then load again.",
    )


def _edited_brand(file_name: str) -> FileProblem:
    return FileProblem(
        file_name=file_name,
        reason="it changed, but the brand was edited in the studio since, which stays",
        remedy="Write in the file what the studio's settings say, or there what the file says.",
    )


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
