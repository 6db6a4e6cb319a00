"""``/studio/sequences/{slug}/rehearsal``: who would get what and when; nothing is sent."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from funnel.domain.access import Permission
from funnel.domain.calendar_words import notice_name
from funnel.domain.errors import InvalidInputError
from funnel.domain.planned_words import planned_words
from funnel.domain.readers import PersonReader, reader_text
from funnel.domain.rehearsal import RehearsedEmail, RehearsedLife, Severity
from funnel.domain.rehearsal_file import PersonEntry
from funnel.domain.speech import say, say_many
from funnel.domain.timing import local_day
from funnel.services.find_in_sequence import find_in_sequence, find_run_in_sequence
from funnel.services.read_versions import read_versions
from funnel.services.rehearse import Rehearsal, RehearsalRequest, rehearse
from funnel.storage.sequence_people import InSequence
from funnel.web.auth import Me, Needs
from funnel.web.ids import read_id
from funnel.web.moments import hour_of, place_of, short_day_of
from funnel.web.site import Site, TheSite
from funnel.web.studio.faults import NONE, Fault, fault_of
from funnel.web.studio.sequence_words import sequence_path
from funnel.web.studio.shell import studio_page

_MOST_PEOPLE: Final = 12
# The whole cast in 20 emails takes one second of a processor, one person in 200 takes three.
_PATIENCE: Final = timedelta(seconds=2.5)
Reads = Annotated[Me, Depends(Needs(Permission.READ))]

router = APIRouter(prefix="/studio/sequences/{slug}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cell:
    """One email of one person on one day."""

    id: str
    hour: str
    name: str
    has_left: bool
    why: str
    preview: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Day:
    """One row: the day, and for each person their emails of it."""

    name: str
    iso: str
    cells: tuple[tuple[_Cell, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Person:
    name: str
    place: str
    link: str
    is_shown: bool


@router.get("/rehearsal")
def show_rehearsal(request: Request, slug: str, me: Reads, site: TheSite) -> Response:
    """Play a sequence for the cast, or for people who are chosen, in simulated time."""
    query = request.query_params
    versions = read_versions(slug, site.deps.transactions)
    has_live = any(each.is_live for each in versions.versions)
    uses_draft = versions.draft is not None and (query.get("of") != "live" or not has_live)
    chosen = _chosen(site, slug, query.getlist("who"))
    found, fault = _rehearsed(site, slug, chosen, uses_draft=uses_draft)
    asked = query.get("q", "")[:100]
    kept = [("who", str(each.enrollment_id)) for each in chosen]
    return studio_page(
        site,
        request,
        "sequence_rehearsal.html",
        me=me,
        place="Sequences",
        status=fault.status,
        slug=slug,
        path=sequence_path(slug),
        title=found.world.version.title if found else slug,
        fault=fault,
        uses_draft=uses_draft,
        has_both=versions.draft is not None and has_live,
        findings=_findings(found) if found else [],
        people=_people(slug, found, query.get("shown", ""), kept) if found else [],
        days=_days(slug, found, chosen[: len(found.lives)]) if found else [],
        cut=_cut(found) if found else "",
        command=f"funnel rehearse {slug}{' --draft' if uses_draft else ''}",
        is_cast=not chosen,
        chosen=[(each, _without(kept, each)) for each in chosen],
        kept=kept,
        of="live" if not uses_draft and versions.draft else "",
        asked=asked,
        offered=_offered(site, slug, asked, chosen),
    )


def _cut(found: Rehearsal) -> str:
    """Return that not all of it is shown, "" where it is."""
    if any(life.is_cut for life in found.lives):
        last = max(email.moment for email in found.lives[0].emails)
        return say(
            "This sequence is too long to rehearse it on a page: it is shown for one person, "
            "up to {day}.",
            day=short_day_of(last, found.lives[0].person.zone.key),
        )
    if not found.left_out:
        return ""
    return say_many(
        "So long a sequence ({emails} emails) is shown for {count} person here.",
        "So long a sequence ({emails} emails) is shown for {count} people here.",
        len(found.lives),
        emails=len(found.world.version.steps),
    )


def _chosen(site: Site, slug: str, ids: Sequence[str]) -> list[InSequence]:
    """Real people by their runs; what is no run of this sequence is left out."""
    known = dict.fromkeys(filter(None, map(read_id, ids[: 2 * _MOST_PEOPLE])))
    found = (find_run_in_sequence(slug, each, site.deps.transactions) for each in known)
    return [each for each in found if each is not None][:_MOST_PEOPLE]


def _rehearsed(
    site: Site, slug: str, chosen: Sequence[InSequence], *, uses_draft: bool
) -> tuple[Rehearsal | None, Fault]:
    entries = tuple(
        PersonEntry(line=line, name=f"{shown_name(each)} ({place_of(each.zone)})", email=each.email)
        for line, each in enumerate(chosen, 1)
    )
    request = RehearsalRequest(
        people=entries, base_url=site.deps.settings.base_url, patience=_PATIENCE
    )
    try:
        return rehearse(slug, request, site.deps.transactions, uses_draft=uses_draft), NONE
    except InvalidInputError as error:
        return None, fault_of(error)


def shown_name(person: InSequence) -> str:
    """Return what to call somebody: their name, else their address."""
    return f"{person.first_name} {person.last_name}".strip() or person.email


def _offered(
    site: Site, slug: str, asked: str, chosen: Sequence[InSequence]
) -> list[tuple[str, UUID]]:
    if not asked:
        return []
    known = {each.enrollment_id for each in chosen}
    found = find_in_sequence(slug, asked, site.deps.transactions)
    return [
        (shown_name(each), each.enrollment_id) for each in found if each.enrollment_id not in known
    ]


def _without(kept: list[tuple[str, str]], person: InSequence) -> list[tuple[str, str]]:
    return [each for each in kept if each[1] != str(person.enrollment_id)]


def _findings(found: Rehearsal) -> list[dict[str, object]]:
    return [
        {
            "is_error": each.severity is Severity.ERROR,
            "is_note": each.severity is Severity.NOTE,
            "text": each.message,
            "remedy": each.remedy,
            "about": " · ".join(filter(None, (each.person, _email_name(found, each.step_key)))),
        }
        for each in found.findings
    ]


def _email_name(found: Rehearsal, key: str) -> str:
    if not key:
        return ""
    is_step = any(each.key == key for each in found.world.version.steps)
    return found.world.version.name_of(key) if is_step else notice_name(key)


def _people(slug: str, found: Rehearsal, shown: str, kept: list[tuple[str, str]]) -> list[_Person]:
    number = int(shown) if shown.isascii() and shown.isdecimal() and len(shown) < 3 else 0
    number = min(number, len(found.lives) - 1)
    who = "".join(f"&{name}={value}" for name, value in kept)
    return [
        _Person(
            name=life.person.name.partition(" (")[0],
            place=place_of(life.person.zone.key),
            link=f"{sequence_path(slug, '/rehearsal')}?shown={index}{who}",
            is_shown=index == number,
        )
        for index, life in enumerate(found.lives)
    ]


def _days(slug: str, found: Rehearsal, chosen: Sequence[InSequence]) -> list[_Day]:
    readers = [_reader(each) for each in chosen] or [""] * len(found.lives)
    columns = [
        _by_day(_Place(slug, index, reader), life, found)
        for index, (life, reader) in enumerate(zip(found.lives, readers, strict=True))
    ]
    days = sorted({day for column in columns for day in column})
    return [
        _Day(
            name=short_day_of(datetime.combine(day, time(12), UTC), "UTC"),
            iso=day.isoformat(),
            cells=tuple(tuple(column.get(day, ())) for column in columns),
        )
        for day in days
    ]


@dataclass(frozen=True, slots=True)
class _Place:
    """A column of the grid; ``reader`` is whose it is, as previews name them: "" for the cast."""

    slug: str
    column: int
    reader: str


def _reader(person: InSequence) -> str:
    reader = PersonReader(subscriber_id=person.subscriber_id, enrollment_id=person.enrollment_id)
    return reader_text(reader)


def _by_day(place: _Place, life: RehearsedLife, found: Rehearsal) -> dict[date, list[_Cell]]:
    days: dict[date, list[_Cell]] = {}
    zone = life.person.zone
    for number, email in enumerate(sorted(life.emails, key=lambda each: each.moment)):
        day = local_day(email.moment, zone)
        days.setdefault(day, []).append(
            _cell(place, f"c{place.column}-{number}", email, life, found)
        )
    return days


def _cell(
    place: _Place, cell_id: str, email: RehearsedEmail, life: RehearsedLife, found: Rehearsal
) -> _Cell:
    is_step = email.kind is not None
    return _Cell(
        id=cell_id,
        hour=hour_of(email.moment, life.person.zone.key),
        name=_email_name(found, email.key),
        has_left=email.has_left,
        why=_why(email, found),
        preview=_preview(place, email.key) if is_step else "",
    )


def _preview(place: _Place, key: str) -> str:
    """Return where the email stands as this person gets it."""
    asked = urlencode({"reader": place.reader}) if place.reader else ""
    return f"/studio/templates/{place.slug}/{key}{'?' if asked else ''}{asked}#reader"


def _why(email: RehearsedEmail, found: Rehearsal) -> str:
    if not email.has_left:
        reason = planned_words(email.reason, found.world.version)
        return say("not sent: {reason}", reason=reason)
    return "; ".join(_reasons(email, found)) or say("at once")


def _reasons(email: RehearsedEmail, found: Rehearsal) -> Iterator[str]:
    if email.run > 1:
        yield say("their time number {number}", number=email.run)
    for reason in email.reasons:
        yield planned_words(reason, found.world.version)
