"""Compare the rehearsal of a sequence's files with the recorded one: ``funnel test``."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from funnel.domain.errors import InvalidInputError, NotFoundError
from funnel.domain.rehearsal import RehearsalFinding, Severity
from funnel.domain.rehearsal_record import (
    Change,
    compare_records,
    make_record,
    parse_record,
    record_text,
)
from funnel.domain.text_file import NotUtf8Error, decode_text
from funnel.services.rehearse import Rehearsal, RehearsalRequest, rehearse_folder

# Fixed, and in the past, so that no new rule about clocks changes it. Between these days and the
# sequence's end the clocks change in New York, Berlin and Auckland, each on another day.
_BEGINS = datetime(2025, 2, 17, 9, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearsalCheck:
    """What a comparison showed.

    Attributes:
        slug: Of the sequence.
        file: The recorded rehearsal.
        decisions: How many were compared, or recorded.
        changes: Those that are not as recorded.
        findings: Errors of the rehearsal itself.
    """

    slug: str
    file: Path
    decisions: int
    changes: tuple[Change, ...] = ()
    findings: tuple[RehearsalFinding, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether nothing changed and nothing is wrong."""
        return not self.changes and not self.findings


def record_file(folder: Path, slug: str) -> Path:
    """Return where the recorded rehearsal of a sequence stands: beside its file."""
    return folder / "sequences" / f"{slug}.rehearsal.json"


def check_rehearsal(folder: Path, slug: str | None) -> RehearsalCheck:
    """Rehearse the cast around fixed dates and compare each decision with the recorded one.

    Raises:
        NotFoundError: No such sequence, or no rehearsal of it was recorded.
        InvalidInputError: The sequence's file, or the record, cannot be read.
    """
    rehearsal = _rehearsed(folder, slug)
    file = record_file(folder, rehearsal.world.version.slug)
    text = _read(file)
    now = make_record(rehearsal.world, rehearsal.lives)
    changes = compare_records(parse_record(text, file_name=file.name), now)
    return _check(rehearsal, file, changes)


def record_rehearsal(folder: Path, slug: str | None) -> RehearsalCheck:
    """Rehearse the cast around fixed dates and write each decision into the file.

    Raises:
        NotFoundError: No such sequence.
        InvalidInputError: The sequence's file cannot be read, or the record not be written.
    """
    rehearsal = _rehearsed(folder, slug)
    file = record_file(folder, rehearsal.world.version.slug)
    record = make_record(rehearsal.world, rehearsal.lives)
    try:
        file.write_text(record_text(record), "utf-8")
    except OSError as error:
        raise InvalidInputError(
            f"{file} cannot be written: {error.strerror}",
            field="folder",
            remedy="Record where you may write: name another folder, or change who may.",
        ) from error
    return _check(rehearsal, file, ())


class _NotRecordedError(NotFoundError):
    """There is nothing to compare with."""

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no recorded rehearsal {name}")
        self.remedy = "Record one: funnel test --record. Look at it, and keep it with the sequence."


def _read(file: Path) -> str:
    try:
        return decode_text(file.read_bytes())
    except FileNotFoundError as error:
        raise _NotRecordedError(file.name) from error
    except NotUtf8Error as error:
        raise InvalidInputError(
            f"{file.name}, line {error.line}: {error}", remedy=error.remedy
        ) from error
    except OSError as error:
        raise InvalidInputError(
            f"{file} cannot be read: {error.strerror}",
            remedy="A recorded rehearsal is a file; put it back, or record it again.",
        ) from error


def _rehearsed(folder: Path, slug: str | None) -> Rehearsal:
    return rehearse_folder(folder, slug, RehearsalRequest(), now=_BEGINS)


def _check(rehearsal: Rehearsal, file: Path, changes: Sequence[Change]) -> RehearsalCheck:
    return RehearsalCheck(
        slug=rehearsal.world.version.slug,
        file=file,
        decisions=sum(len(life.emails) for life in rehearsal.lives),
        changes=tuple(changes),
        findings=tuple(each for each in rehearsal.findings if each.severity is Severity.ERROR),
    )
