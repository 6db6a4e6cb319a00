"""Read brands, sequences and emails from their files: what they say, and every mistake by line.

The one place that reads definition files. It knows no database, so that a sequence can be checked
before it is anywhere.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from funnel.domain.brand import Brand
from funnel.domain.brand_file import BrandFileError, parse_brand
from funnel.domain.link_names import unknown_links
from funnel.domain.message import Notice
from funnel.domain.sequence import Condition, SequenceDefinition
from funnel.domain.sequence_file import SequenceFileError, parse_sequence
from funnel.domain.text_file import NotUtf8Error, decode_text
from funnel.rendering.compiled import CompiledTemplate
from funnel.rendering.compiler import compile_template
from funnel.rendering.errors import TemplateError
from funnel.rendering.layouts import Layouts, read_layouts, shipped_layouts

_Value = TypeVar("_Value")

_LONGEST_FILE = 500_000  # bytes; an email is rarely a fiftieth of it


@dataclass(frozen=True, slots=True, kw_only=True)
class FileProblem:
    """One mistake in one file; ``line`` counts from 1, ``None`` where the whole is at fault."""

    file_name: str
    reason: str
    line: int | None = None
    remedy: str = ""

    def __str__(self) -> str:
        place = self.file_name if self.line is None else f"{self.file_name}, line {self.line}"
        return f"{place}: {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateFile:
    """One email that compiles; ``key`` is its path below ``email/`` without the ending."""

    file_name: str
    key: str
    source: str
    compiled: CompiledTemplate


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceFile:
    """One sequence that can be read; whether its brand and emails exist is asked later."""

    file_name: str
    definition: SequenceDefinition
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Definitions:
    """Everything in a folder of definitions. Names are relative to the folder."""

    brands: tuple[Brand, ...]
    templates: tuple[TemplateFile, ...]
    sequences: tuple[SequenceFile, ...]
    problems: tuple[FileProblem, ...]
    file_names: tuple[str, ...]

    def missing_emails(self, definition: SequenceDefinition) -> tuple[str, ...]:
        """Return the keys of the steps whose email is not among these files."""
        known = {each.key for each in self.templates}
        keys = (f"{definition.slug}/{step.key}" for step in definition.steps)
        return tuple(key for key in keys if key not in known)

    def unknown_links(self, definition: SequenceDefinition) -> tuple[Condition, ...]:
        """Return the conditions that ask for a link which none of the sequence's emails has."""
        beginning = f"{definition.slug}/"
        names = {
            each.key.removeprefix(beginning): {link.name for link in each.compiled.links}
            for each in self.templates
            if each.key.startswith(beginning)
        }
        return unknown_links(definition, names)


def read_definitions(folder: Path) -> Definitions:
    """Return what the files below ``folder`` say; nothing is raised for what is wrong in them.

    Args:
        folder: With ``brands/*.yaml``, ``sequences/*.yaml``, ``email/<sequence>/*.md``,
            ``email/notices/*.md`` and optionally ``email/layouts/``.
    """
    reader = _Reader(folder)
    layouts = reader.layouts()
    brands = [brand for path in reader.files("brands/*.yaml") for brand in reader.brand(path)]
    templates = [
        each for path in reader.emails() for each in reader.template(path, layouts) if layouts
    ]
    sequences = [
        each for path in reader.files("sequences/*.yaml") for each in reader.sequence(path)
    ]
    for notice in Notice:
        reader.require(f"email/notices/{notice}.md")
    return Definitions(
        brands=tuple(brands),
        templates=tuple(templates),
        sequences=tuple(sequences),
        problems=tuple(reader.problems),
        file_names=tuple(reader.seen),
    )


def definition_files(folder: Path) -> Iterator[Path]:
    """Yield every file that a load reads, to see cheaply whether one of them changed."""
    yield from folder.glob("brands/*.yaml")
    yield from folder.glob("sequences/*.yaml")
    yield from folder.glob("email/*/*")


@dataclass(slots=True)
class _Reader:
    folder: Path
    problems: list[FileProblem] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)

    def files(self, pattern: str) -> Sequence[Path]:
        return sorted(each for each in self.folder.glob(pattern) if each.is_file())

    def emails(self) -> Sequence[Path]:
        return [each for each in self.files("email/*/*.md") if each.parent.name != "layouts"]

    def layouts(self) -> Layouts | None:
        own = self.folder / "email" / "layouts"
        if not own.is_dir():
            return shipped_layouts()
        name = "email/layouts"
        self.seen.append(name)
        try:
            return read_layouts(own)
        except TemplateError as error:
            self.problems.append(_problem(f"{name}/{error.name}", error, error.line))
        except (OSError, UnicodeDecodeError) as error:
            self.problems.append(FileProblem(file_name=name, reason=str(error)))
        return None

    def brand(self, path: Path) -> Iterator[Brand]:
        yield from self._parsed(path, lambda text, _: parse_brand(text, slug=path.stem))

    def sequence(self, path: Path) -> Iterator[SequenceFile]:
        def read(text: str, name: str) -> SequenceFile:
            definition = parse_sequence(text, file_name=path.name)
            return SequenceFile(file_name=name, definition=definition, source=text)

        yield from self._parsed(path, read)

    def template(self, path: Path, layouts: Layouts | None) -> Iterator[TemplateFile]:
        def compiled(text: str, name: str) -> TemplateFile:
            return TemplateFile(
                file_name=name,
                key=f"{path.parent.name}/{path.stem}",
                source=text,
                compiled=compile_template(text, name=name, layouts=layouts),
            )

        yield from self._parsed(path, compiled)

    def require(self, file_name: str) -> None:
        if not (self.folder / file_name).is_file():
            self.seen.append(file_name)
            self.problems.append(
                FileProblem(file_name=file_name, reason="this email is missing", remedy="Write it.")
            )

    def _name(self, path: Path) -> str:
        return path.relative_to(self.folder).as_posix()

    def _parsed(self, path: Path, parse: Callable[[str, str], _Value]) -> Iterator[_Value]:
        name = self._name(path)
        self.seen.append(name)
        try:
            yield parse(_text(path), name)
        except (SequenceFileError, BrandFileError) as error:
            self.problems.extend(
                FileProblem(file_name=name, reason=each.reason, line=each.line, remedy=each.remedy)
                for each in error.problems
            )
        except TemplateError as error:
            self.problems.append(_problem(name, error, error.line))
        except NotUtf8Error as error:
            self.problems.append(_problem(name, error, error.line))
        except (OSError, _UnfitError) as error:
            self.problems.append(FileProblem(file_name=name, reason=_plainly(error)))


class _UnfitError(ValueError):
    """A file that cannot be text of ours."""


def _text(path: Path) -> str:
    if path.stat().st_size > _LONGEST_FILE:
        raise _UnfitError(f"it is longer than {_LONGEST_FILE:,} bytes")
    text = decode_text(path.read_bytes())
    if "\x00" in text:  # PostgreSQL keeps no such character
        raise _UnfitError("it holds a NUL character")
    return text


def _problem(name: str, error: TemplateError | NotUtf8Error, line: int | None) -> FileProblem:
    reason = error.reason if isinstance(error, TemplateError) else str(error)
    return FileProblem(file_name=name, reason=reason, line=line, remedy=error.remedy)


def _plainly(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"it cannot be read: {error.strerror}"
    return str(error)
