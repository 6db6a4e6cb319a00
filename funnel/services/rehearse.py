"""Rehearse a sequence: who gets what when and why, in simulated time. No row is written."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from time import thread_time
from zoneinfo import ZoneInfo

from funnel.domain.marked_yaml import EnoughError, Problem, Problems
from funnel.domain.rehearsal import (
    RehearsalFinding,
    RehearsedLife,
    RehearsedPerson,
    RehearsedWorld,
    Severity,
)
from funnel.domain.rehearsal_cast import CAST_LEAD, SAMPLE_LEAD, cast, sample
from funnel.domain.rehearsal_file import FactEntry, PersonEntry, RehearsalFileError
from funnel.domain.rehearsal_findings import (
    about_dates,
    about_nobody,
    about_pace,
    about_people,
)
from funnel.domain.rehearsal_host import about_host
from funnel.domain.rehearsal_people import (
    host_acts,
    missing_dates,
    person_of,
    unknown_steps,
    with_facts,
)
from funnel.domain.rehearsal_walk import rehearse_person
from funnel.domain.rehearsal_world import MADE_UP_ZONE, build_world, cast_dates, with_made_up
from funnel.domain.session import Session
from funnel.domain.session_plan import announced_moment
from funnel.domain.speech import say
from funnel.domain.subscriber import email_key
from funnel.services.rehearse_mails import RehearsedMail, RehearsedMails, brand_problem
from funnel.services.rehearse_material import (
    Material,
    material_from_database,
    material_from_folder,
)
from funnel.storage.transaction import Transactions

# A rehearsal that is begun on a day begins in the morning, before most of what could happen.
_BEGINS = time(10)
DAYS = 200

TakeMail = Callable[[RehearsedMail], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearsalRequest:
    """Who is rehearsed, from when on, with what happening.

    Attributes:
        people: As a file lists them; without any and without ``sample_size``: the cast.
        people_file: Name of that file, for what is wrong in it.
        sample_size: That many made-up people, beside those of the file.
        starts_on: The first day; ``None``: now.
        days: How far to look.
        per_hour: What the provider takes in an hour; ``None``: no limit is known.
        expected: How many people to reckon with in each date; ``None``: the seats taken.
        base_url: Where the links in rendered emails begin.
        renders: Whether emails are rendered; a rehearsal without is a question of time only.
        patience: Where somebody waits for the answer: how much of a processor's time it may take
            (which a busy machine does not shorten); then nobody more is played. ``None``: any.
    """

    people: tuple[PersonEntry, ...] = ()
    people_file: str = "people"
    sample_size: int | None = None
    facts: tuple[FactEntry, ...] = ()
    facts_file: str = "facts"
    starts_on: date | None = None
    days: int = DAYS
    per_hour: int | None = None
    expected: int | None = None
    base_url: str = "https://rehearsal.invalid"
    renders: bool = True
    patience: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """What a rehearsal showed.

    Attributes:
        origin: What was rehearsed, in words: "version 3", "the draft", a file's name.
        lives: Each person's emails, sent and not sent.
        findings: Errors first.
        left_out: How many people were not played, for want of time.
    """

    origin: str
    world: RehearsedWorld
    lives: tuple[RehearsedLife, ...]
    findings: tuple[RehearsalFinding, ...] = field(default=())
    left_out: int = 0

    @property
    def has_errors(self) -> bool:
        """Whether something must be mended before this goes live."""
        return any(each.severity is Severity.ERROR for each in self.findings)


def rehearse(
    slug: str | None,
    request: RehearsalRequest,
    transactions: Transactions,
    *,
    uses_draft: bool = False,
    take_mail: TakeMail | None = None,
) -> Rehearsal:
    """Rehearse a sequence of the database, in a transaction that cannot write.

    Args:
        slug: ``None``: the only sequence there is.
        request: Who and when.
        transactions: On the database.
        uses_draft: The draft instead of the live version.
        take_mail: Given every rendered email.

    Raises:
        NotFoundError: No such sequence, or no draft of it.
        InvalidInputError: Somebody or something in the request cannot be.
    """
    with transactions.begin_reading() as tx:
        material = material_from_database(tx, slug, request.people, uses_draft=uses_draft)
    return rehearse_material(material, request, take_mail=take_mail)


def rehearse_folder(
    folder: Path,
    slug: str | None,
    request: RehearsalRequest,
    *,
    now: datetime,
    take_mail: TakeMail | None = None,
) -> Rehearsal:
    """Rehearse a sequence as its files say it; no database is asked.

    Raises:
        NotFoundError: No such sequence among the files.
        InvalidInputError: Its file, or somebody in the request, cannot be.
    """
    material = material_from_folder(folder, slug, now)
    return rehearse_material(material, request, take_mail=take_mail)


def rehearse_material(
    material: Material, request: RehearsalRequest, *, take_mail: TakeMail | None = None
) -> Rehearsal:
    """Rehearse what was read already.

    Raises:
        InvalidInputError: Somebody or something in the request cannot be.
    """
    starts_at = _starts_at(material, request)
    title = material.sessions[0].title if material.sessions else material.version.title
    dates = with_made_up(material.sessions, title, starts_at, cast_lead=_lead(request))
    _check_dates(request, len(dates))
    people = with_facts(
        _people(material, request, dates, starts_at), request.facts, file_name=request.facts_file
    )
    world = build_world(
        material.version,
        dates,
        starts_at,
        days=request.days,
        acts=host_acts(request.facts, dates, file_name=request.facts_file),
    )
    mails = _mails(material, request, world)
    lives = _play(people, world, request.patience, mails, take_mail)
    is_whole = len(lives) == len(people) and not any(life.is_cut for life in lives)
    findings = [
        *_about_files(material),
        *(_warning(each) for each in unknown_steps(people, material.version)),
        *about_dates(world),
        *about_host(world, file_name=request.facts_file),
        *_about_mails(material, request, mails),
        *about_people(lives),
        *(about_nobody(world, lives) if is_whole else ()),
        *about_pace(
            world,
            lives,
            per_hour=request.per_hour,
            expected={each.id: _expected(request, material, each.id) for each in dates},
        ),
    ]
    return Rehearsal(
        origin=material.origin,
        world=world,
        lives=tuple(lives),
        findings=tuple(sorted(findings, key=_weight)),
        left_out=len(people) - len(lives),
    )


def _lead(request: RehearsalRequest) -> timedelta | None:
    """Return how late a date may begin at the earliest, for made-up people to choose it."""
    if request.sample_size:
        return SAMPLE_LEAD
    return None if request.people else CAST_LEAD


def _play(
    people: Sequence[RehearsedPerson],
    world: RehearsedWorld,
    patience: timedelta | None,
    mails: RehearsedMails | None,
    take_mail: TakeMail | None,
) -> list[RehearsedLife]:
    """Play people one after the other and build their emails, as long as there is patience.

    The first is played in any case, and may be broken off; of the others only whole ones stand.
    """
    ends_at = None if patience is None else thread_time() + patience.total_seconds()

    def is_over() -> bool:
        return ends_at is not None and thread_time() >= ends_at

    lives: list[RehearsedLife] = []
    for person in people:
        life = rehearse_person(person, world, is_over=is_over)
        if life.is_cut and lives:
            break
        lives.append(life)
        for mail in mails.build([life]) if mails else ():
            if take_mail is not None:
                take_mail(mail)
        if is_over():
            break
    return lives


def _starts_at(material: Material, request: RehearsalRequest) -> datetime:
    if request.starts_on is None:
        return material.now.astimezone(UTC).replace(microsecond=0)
    zone = material.sessions[0].zone if material.sessions else MADE_UP_ZONE
    return announced_moment(datetime.combine(request.starts_on, _BEGINS), zone)


def _check_dates(request: RehearsalRequest, number: int) -> None:
    in_people, in_facts = missing_dates(request.people, request.facts, number)
    if in_people:
        raise RehearsalFileError(request.people_file, in_people)
    if in_facts:
        raise RehearsalFileError(request.facts_file, in_facts)


def _people(
    material: Material, request: RehearsalRequest, dates: Sequence[Session], starts_at: datetime
) -> list[RehearsedPerson]:
    people: list[RehearsedPerson] = []
    problems = Problems()
    with suppress(EnoughError):
        for entry in request.people:
            person = _resolved(entry, material)
            if isinstance(person, Problem):
                problems.append(person)
            else:
                people.append(person)
    if problems:
        raise RehearsalFileError(request.people_file, problems)
    lead = _lead(request)
    chosen = cast_dates(dates, starts_at, lead) if lead else None
    people += sample(request.sample_size or 0, material.version, chosen or (1, 2))
    return people or list(cast(material.version, chosen or (1, 2)))


def _resolved(entry: PersonEntry, material: Material) -> RehearsedPerson | Problem:
    """Return the person of an entry: as the database knows them, where it says an address only."""
    known = material.known.get(email_key(entry.email)) if entry.email else None
    if known is None:
        if entry.zone:
            return person_of(entry)
        return Problem(
            line=entry.line,
            column=1,
            reason=say("nobody here has the address {email}", email=entry.email),
            remedy=say("Add a line like zone: Europe/Berlin to rehearse a made-up person."),
        )
    person = person_of(replace(entry, zone=entry.zone or known.zone))
    wants = known.wants_letters if entry.wants_letters is None else entry.wants_letters
    return replace(
        person,
        id=known.id,
        zone=ZoneInfo(entry.zone or known.zone),
        email=known.email,
        first_name=entry.first_name or known.first_name,
        last_name=entry.last_name or known.last_name,
        wants_letters=wants,
        fields={**{name: str(value) for name, value in known.fields.items()}, **entry.fields},
        had_letters=known.had_letters,
    )


def _mails(
    material: Material, request: RehearsalRequest, world: RehearsedWorld
) -> RehearsedMails | None:
    if not request.renders or material.brand is None:
        return None
    return RehearsedMails(
        material.version.slug,
        material.brand,
        material.emails,
        world.sessions,
        request.base_url,
    )


def _about_mails(
    material: Material, request: RehearsalRequest, mails: RehearsedMails | None
) -> Iterable[RehearsalFinding]:
    if mails is not None:
        return mails.findings
    return (brand_problem(material.version.brand),) if request.renders else ()


def _about_files(material: Material) -> Iterator[RehearsalFinding]:
    for problem in material.problems:
        yield RehearsalFinding(severity=Severity.ERROR, message=str(problem), remedy=problem.remedy)
    for person in material.known.values():
        if person.suppression is not None:
            yield _warning(
                say(
                    "{email} is on the do-not-email list ({suppression}): nothing of this "
                    "would reach them",
                    email=person.email,
                    suppression=person.suppression,
                ),
            )


def _warning(message: str) -> RehearsalFinding:
    return RehearsalFinding(severity=Severity.WARNING, message=message)


def _expected(request: RehearsalRequest, material: Material, session_id: object) -> int:
    if request.expected is not None:
        return request.expected
    return next((taken for key, taken in material.taken.items() if key == session_id), 0)


def _weight(finding: RehearsalFinding) -> int:
    return list(Severity).index(finding.severity)
