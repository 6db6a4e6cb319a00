"""A rehearsal in words: rows for a grid, for tables and for programs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from funnel.domain.calendar_words import month_name, short_weekday
from funnel.domain.message import MessageStatus, Notice
from funnel.domain.rehearsal import RehearsedEmail, RehearsedLife
from funnel.domain.sequence import SequenceDefinition
from funnel.domain.speech import say

_SHORT_MONTH = 3  # letters


def moment_text(moment: datetime, zone: ZoneInfo, *, has_year: bool = False) -> str:
    """Return "Wed 9 Dec 09:00" as clocks in ``zone`` show it; with the year where it is asked."""
    local = moment.astimezone(zone)
    day = say(
        "{weekday} {day} {month}",
        weekday=short_weekday(local),
        day=local.day,
        month=month_name(local)[:_SHORT_MONTH],
    )
    return f"{day}{f' {local.year}' if has_year else ''} {local:%H:%M}"


def email_label(email: RehearsedEmail) -> str:
    """Return the name of one email of one person: "tomorrow", "tomorrow, copy 1", "run 2: bias"."""
    run = f"run {email.run}: " if email.run > 1 else ""
    return f"{run}{email.key}{f', copy {email.copy}' if email.copy else ''}"


def email_fate(email: RehearsedEmail, zone: ZoneInfo) -> str:
    """Return when it left, or why it did not: for the cell of a grid."""
    if email.has_left:
        return moment_text(email.moment, zone)
    return f"skipped: {email.reason}"


def grid_rows(version: SequenceDefinition, lives: Sequence[RehearsedLife]) -> list[list[str]]:
    """Return one row for each email that concerns anybody: its key, then a cell for each person.

    Emails stand in the order of the sequence, the notices before them.
    """
    keys = [*Notice, *(step.key for step in version.steps)]
    columns = [_cells(life) for life in lives]
    rows = [[key, *(column.get(key, "") for column in columns)] for key in keys]
    return [row for row in rows if any(row[1:])]


def _cells(life: RehearsedLife) -> dict[str, str]:
    lines: dict[str, list[str]] = {}
    for email in life.emails:
        before = email_label(email).replace(email.key, "").strip(" ,")
        fate = email_fate(email, life.person.zone)
        lines.setdefault(email.key, []).append(f"{before} {fate}".strip())
    return {key: "\n".join(of_key) for key, of_key in lines.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailCount:
    """How many people got an email, and how many did not for which reason."""

    key: str
    sent: int
    reasons: tuple[tuple[str, int], ...]


def count_emails(version: SequenceDefinition, lives: Iterable[RehearsedLife]) -> list[EmailCount]:
    """Return the sums for many people, an email a line, in the order of the grid."""
    sent: dict[str, int] = {}
    reasons: dict[str, dict[str, int]] = {}
    for life in lives:
        for email in life.emails:
            if email.has_left:
                sent[email.key] = sent.get(email.key, 0) + 1
            else:
                of_key = reasons.setdefault(email.key, {})
                of_key[email.reason] = of_key.get(email.reason, 0) + 1
    keys = [*(str(each) for each in Notice), *(step.key for step in version.steps)]
    return [
        EmailCount(key=key, sent=sent.get(key, 0), reasons=_sorted(reasons.get(key, {})))
        for key in keys
        if key in sent or key in reasons
    ]


def _sorted(numbers: dict[str, int]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(numbers.items(), key=_most_first))


def _most_first(pair: tuple[str, int]) -> tuple[int, str]:
    return -pair[1], pair[0]


CSV_HEADINGS = (
    *("person", "zone", "run", "email", "copy", "kind", "outcome"),
    *("local time", "utc", "reason", "how it came about"),
)


def csv_rows(lives: Iterable[RehearsedLife]) -> Iterable[tuple[str, ...]]:
    """Yield one row for each email of each person, under ``CSV_HEADINGS``."""
    for life in lives:
        for email in life.emails:
            local = email.moment.astimezone(life.person.zone)
            row = (
                life.person.name,
                life.person.zone.key,
                str(email.run),
                email.key,
                str(email.copy),
                email.kind.value if email.kind else "notice",
                _outcome(email),
                local.isoformat(sep=" ", timespec="minutes"),
                email.moment.isoformat(timespec="seconds"),
                email.reason,
                "; ".join(email.reasons),
            )
            yield tuple(_harmless(cell) for cell in row)


def _outcome(email: RehearsedEmail) -> str:
    if email.has_left:
        return "sent"
    return "cancelled" if email.status is MessageStatus.CANCELLED else "skipped"


def _harmless(cell: str) -> str:
    """A cell that a spreadsheet would take for a formula becomes text (OWASP, CSV injection)."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def json_people(lives: Iterable[RehearsedLife]) -> list[dict[str, object]]:
    """Return the same as plain JSON values; moments are ISO 8601, in the person's own zone."""
    return [
        {
            "name": life.person.name,
            "zone": life.person.zone.key,
            "is_through": life.has_ended,
            "emails": [_json_email(email, life.person.zone) for email in life.emails],
        }
        for life in lives
    ]


def _json_email(email: RehearsedEmail, zone: ZoneInfo) -> dict[str, object]:
    return {
        "email": email.key,
        "kind": email.kind.value if email.kind else "notice",
        "run": email.run,
        "copy": email.copy,
        "outcome": _outcome(email),
        "planned_at": email.moment.astimezone(zone).isoformat(timespec="seconds"),
        "reason": email.reason,
        "how": list(email.reasons),
    }
