"""Files that a command is given, as text."""

from pathlib import Path

from funnel.domain.errors import InvalidInputError
from funnel.domain.text_file import NotUtf8Error, decode_text


def read_text_file(file: Path) -> str:
    """Return what a file says.

    Raises:
        InvalidInputError: There is no such file, or it is not UTF-8; with the line.
    """
    try:
        return decode_text(file.read_bytes())
    except NotUtf8Error as error:
        raise InvalidInputError(
            f"{file}, line {error.line}: {error}", field="file", remedy=error.remedy
        ) from error
    except OSError as error:
        raise InvalidInputError(
            f"{file} cannot be read: {error.strerror}",
            field="file",
            remedy="Name a file that is there.",
        ) from error
