"""Read a report of who came to a date, in whatever encoding it was saved."""

from dataclasses import dataclass
from datetime import UTC
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from charset_normalizer import from_bytes

from funnel.domain.errors import InvalidInputError, NotFoundError
from funnel.domain.session import Session
from funnel.domain.speech import say
from funnel.domain.subscriber import known_zone
from funnel.intake.attendance_csv import AttendanceTable, TableReading, read_attendance
from funnel.storage import sessions
from funnel.storage.transaction import Transactions

MOST_BYTES: Final = 700 * 1024
_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
# Of every second byte, of text of the West in UTF-16, and of the bytes between.
_MANY, _FEW = 0.4, 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a file says about a date; ``encoding`` names how it was read."""

    session: Session
    table: AttendanceTable
    encoding: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportReading:
    """How somebody says that a file is to be read; what is empty is found out.

    Attributes:
        zone: Of moments without an offset; "" for the session's own.
        encoding: "" for what the file looks like.
        email: Name of the column with addresses; "" for one of those that are known.
    """

    zone: str = ""
    encoding: str = ""
    email: str = ""


def read_report(
    content: bytes, session_id: UUID, reading: ReportReading, transactions: Transactions
) -> Report:
    """Return what a file says about who came; nothing is written.

    Raises:
        NotFoundError: No such session.
        InvalidInputError: It is empty, too large, no table, or has no column with addresses.
    """
    with transactions.begin_reading() as tx:
        session = sessions.find(tx, session_id)
    if session is None:
        raise NotFoundError("no such session")
    if len(content) > MOST_BYTES:
        raise InvalidInputError(
            say("the file is larger than {size} KB", size=MOST_BYTES // 1024),
            field="file",
            remedy=say("Leave columns out that are not needed, or give it in two halves."),
        )
    if not content.strip():
        raise InvalidInputError(
            say("the file is empty"), field="file", remedy=say("Choose the report once more.")
        )
    zone = known_zone(reading.zone or session.zone) or str(UTC)
    encoding = reading.encoding or _encoding_of(content)
    columns = {"email": reading.email} if reading.email else {}
    table = read_attendance(
        content,
        TableReading(
            zone=ZoneInfo(zone),
            starts_at=session.starts_at,
            columns=columns,
            encoding=encoding,
        ),
    )
    return Report(session=session, table=table, encoding=encoding or "utf-8")


def _encoding_of(content: bytes) -> str:
    """Return the name of an encoding in which it can be read; "": its first bytes say so."""
    if content.startswith(_MARKS):
        return ""
    # UTF-16 without a mark: every second byte of western text is zero.
    even, odd = (part.count(0) / max(len(part), 1) for part in (content[::2], content[1::2]))
    if max(even, odd) > _MANY and min(even, odd) < _FEW:
        return "utf-16-le" if odd > even else "utf-16-be"
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        found = from_bytes(content).best()
        return found.encoding if found else "cp1252"
    return ""
