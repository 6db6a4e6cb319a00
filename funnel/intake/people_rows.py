"""What the cells of one line say about one person, by what the columns hold."""

import ipaddress
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from funnel.domain.errors import InvalidInputError
from funnel.domain.people_import import (
    Column,
    ImportedPerson,
    ImportOptions,
    LineNotTakenError,
    PersonState,
    Problem,
)
from funnel.domain.signup import FIELD_NAME_LIMIT, FIELD_VALUE_LIMIT, MOST_FIELDS
from funnel.domain.subscriber import ZoneSource, choose_zone, clean_name, normalise_address
from funnel.domain.text import clean_text
from funnel.intake.people_columns import state_of

_NAMES_LIMIT: Final = 200  # characters of a cell that a reason quotes
_TAG_LIMIT: Final = 100
_MOST_TAGS: Final = 50
_LOCALE: Final = re.compile(r"\A[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})?\Z")
_YES: Final = frozenset({"yes", "y", "true", "1", "x", "ja"})
_EARLIEST: Final = datetime(1990, 1, 1, tzinfo=UTC)
_CLOCKS: Final = timedelta(days=1)  # another machine's clock, another zone's day
_MONTH_FIRST: Final = ("%m/%d/%Y", "%m-%d-%Y", "%m/%d/%y")
_DAY_FIRST: Final = ("%d/%m/%Y", "%d-%m-%Y", "%d/%m/%y")
_CLEAR: Final = ("%d.%m.%Y", "%Y/%m/%d", "%b %d, %Y", "%B %d, %Y", "%d %b %Y", "%d %B %Y")
_TIMES: Final = ("", " %H:%M:%S", " %H:%M", " %I:%M:%S %p", " %I:%M %p", ", %H:%M:%S", ", %H:%M")
_UTC_WORD: Final = re.compile(r"\s*(?:UTC|GMT|Z)\Z")
_FRACTION: Final = re.compile(r"(\d:\d\d:\d\d)\.\d+")


def read_person(
    cells: Sequence[str], names: Sequence[str], options: ImportOptions, now: datetime
) -> ImportedPerson:
    """Return what a line says.

    Args:
        cells: Of the line, one for each column.
        names: Of the columns, for the person's fields.
        options: What the columns hold, and what holds for all.
        now: Aware; nobody agreed after it.

    Raises:
        LineNotTakenError: It says nothing that can be used; with the reason.
    """
    given: dict[Column, str] = {
        column: cell.strip()
        for column, cell in zip(options.columns, cells, strict=False)
        if column not in (Column.NOTHING, Column.FIELD)
    }
    address_cell = given.get(Column.EMAIL, "")
    if not address_cell:
        raise LineNotTakenError(Problem.NO_ADDRESS)
    try:
        address = normalise_address(address_cell)
    except InvalidInputError as error:
        raise LineNotTakenError(Problem.WRONG_ADDRESS, _quoted(address_cell)) from error
    state, left_at = _state(given, options, now)
    first_name, last_name = _names(given)
    return ImportedPerson(
        address=address,
        state=state,
        agreed_at=_agreed_at(given, options, now, is_needed=state is PersonState.ACTIVE),
        left_at=left_at,
        first_name=first_name,
        last_name=last_name,
        zone=choose_zone(given.get(Column.ZONE, ""), ZoneSource.IMPORT),
        locale=_locale(given.get(Column.LOCALE, "")),
        ip=_ip(given.get(Column.IP, "")),
        tags=_tags(cells, options),
        fields=_fields(cells, names, options),
    )


def _quoted(cell: str) -> str:
    return clean_text(cell, limit=_NAMES_LIMIT)


def _state(
    given: Mapping[Column, str], options: ImportOptions, now: datetime
) -> tuple[PersonState, datetime | None]:
    """Return how somebody stands and since when they do not want to be written to.

    What speaks against writing wins, whichever column says it.
    """
    word = given.get(Column.STATE, "")
    state = state_of(word)
    if state is None:
        raise LineNotTakenError(Problem.UNKNOWN_STATE, _quoted(word))
    dated = (
        (Column.BOUNCED_AT, PersonState.BOUNCED),
        (Column.UNSUBSCRIBED_AT, PersonState.UNSUBSCRIBED),
    )
    for column, means in dated:
        cell = given.get(column, "")
        if _is_filled(cell):
            return (means if state.suppression is None else state), _moment(cell, options, now)
    if state.suppression is None and given.get(Column.REFUSES, "").lower() in _YES:
        state = PersonState.UNSUBSCRIBED
    if state is PersonState.UNCONFIRMED:
        raise LineNotTakenError(Problem.UNCONFIRMED, _quoted(word))
    return state, None


def _is_filled(cell: str) -> bool:
    return cell.lower() not in {"", "-", "--", "0", "no", "false", "null", "none", "n/a"}


def _agreed_at(
    given: Mapping[Column, str], options: ImportOptions, now: datetime, *, is_needed: bool
) -> datetime | None:
    cell = given.get(Column.AGREED_AT, "")
    if _is_filled(cell):
        moment = _moment(cell, options, now)
        if moment is not None or not is_needed:
            return moment
        raise LineNotTakenError(Problem.WRONG_DATE, _quoted(cell))
    if options.agreed_on is not None:
        return datetime.combine(options.agreed_on, time(12), ZoneInfo(options.zone)).astimezone(UTC)
    if is_needed:
        raise LineNotTakenError(Problem.NO_DATE)
    return None


def _moment(cell: str, options: ImportOptions, now: datetime) -> datetime | None:
    """Return the moment that a cell means; ``None``: it means none.

    Raises:
        LineNotTakenError: It is still to come.
    """
    zone = ZoneInfo(options.zone)
    shown = _FRACTION.sub(r"\1", cell.replace("\u202f", " ").replace("\xa0", " ").strip())
    if _UTC_WORD.search(shown):
        shown, zone = _UTC_WORD.sub("", shown), ZoneInfo("UTC")
    formats = (_DAY_FIRST, _MONTH_FIRST) if options.is_day_first else (_MONTH_FIRST, _DAY_FIRST)
    moment = _by_iso(shown, zone)
    for each in (*_CLEAR, *formats[0], *formats[1]):
        if moment is None:
            moment = _by_format(shown, each, zone)
    if moment is None or moment < _EARLIEST:
        return None
    if moment > now + _CLOCKS:
        raise LineNotTakenError(Problem.DATE_AHEAD, _quoted(cell))
    return min(moment, now)


def _by_iso(shown: str, zone: ZoneInfo) -> datetime | None:
    try:
        return _aware(datetime.fromisoformat(shown), zone)
    except ValueError:
        return None


def _by_format(shown: str, day: str, zone: ZoneInfo) -> datetime | None:
    for clock in _TIMES:
        try:
            moment = datetime.strptime(shown, day + clock)  # noqa: DTZ007  (the zone is given next)
        except ValueError:
            continue
        return _aware(moment, zone)
    return None


def _aware(moment: datetime, zone: ZoneInfo) -> datetime | None:
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):  # the first or the last day that there is
        return None


def _names(given: Mapping[Column, str]) -> tuple[str, str]:
    """Return first and last name; of a whole one, the first word is the first name.

    Where there are two columns and one says all ("Name", "Last name"), the last name stands.
    """
    first = clean_name(given.get(Column.FIRST_NAME, ""))
    last = clean_name(given.get(Column.LAST_NAME, ""))
    whole = clean_name(given.get(Column.NAME, ""))
    if whole and not first:
        if "," in whole and not last:  # "Muster, Ana"
            last, _, first = (part.strip() for part in whole.partition(","))
        elif last:
            first = whole.removesuffix(last).strip()
        else:
            first, _, last = whole.partition(" ")
    return first, last.strip()


def _locale(cell: str) -> str:
    return cell.replace("_", "-") if _LOCALE.match(cell) else ""


def _ip(cell: str) -> str | None:
    try:
        address = ipaddress.ip_address(cell)
    except ValueError:
        return None
    # A scope ("%eth0") means something on one machine alone, and PostgreSQL takes none.
    return None if getattr(address, "scope_id", None) else str(address)


def _tags(cells: Sequence[str], options: ImportOptions) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for column, cell in zip(options.columns, cells, strict=False):
        if column is Column.TAGS:
            # Mailchimp writes "a","b" into one cell; others a, b or a; b or a | b.
            for each in re.split(r"[,;|]", cell):
                tag = clean_text(each.strip().strip('"'), limit=_TAG_LIMIT)
                if tag:
                    found[tag] = None
    return tuple(found)[:_MOST_TAGS]


def _fields(cells: Sequence[str], names: Sequence[str], options: ImportOptions) -> dict[str, str]:
    fields: dict[str, str] = {}
    for column, name, cell in zip(options.columns, names, cells, strict=False):
        key = clean_text(name, limit=FIELD_NAME_LIMIT)
        value = clean_text(cell, limit=FIELD_VALUE_LIMIT)
        if column is Column.FIELD and key and value and len(fields) < MOST_FIELDS:
            fields[key] = value
    return fields
