"""All that is known of one person, for those who work here: how they stand, and their runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from funnel.domain.calendar import CalendarLine, PersonCalendar
from funnel.domain.consent import Topic
from funnel.domain.errors import NotFoundError
from funnel.domain.explanation import of_person
from funnel.domain.session import Session
from funnel.domain.signup import SessionOffer
from funnel.domain.speech import say
from funnel.domain.subscriber import Subscriber
from funnel.services.explain_besides import MissedAnnouncement, missed_by
from funnel.services.read_person_calendar import calendar_in
from funnel.services.tag_person import tags_of
from funnel.storage import (
    explanations,
    imports,
    notes,
    people_lines,
    person_story,
    registrations,
    runs,
    sequences,
    sessions,
    subscribers,
)
from funnel.storage.explanations import SaidWord, SuppressedSince
from funnel.storage.imports import LineOfPerson
from funnel.storage.notes import Note
from funnel.storage.people_lines import SignupLine
from funnel.storage.person_story import OtherEmail, SaidAfter, StoryRow
from funnel.storage.runs import RunRecord
from funnel.storage.transaction import Transaction, Transactions

_MOST_DATES: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Whether a topic is wanted, and the newest word about it, if one was ever written down."""

    is_wanted: bool
    word: SaidWord | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSequence:
    """A live sequence, and its dates that still have a seat, the next one first."""

    id: UUID
    title: str
    dates: tuple[SessionOffer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonPage:
    """One person; moments are plan time, aware UTC.

    Attributes:
        fields: What else is known of them, as their signup or an import named it, by name.
        suppressed: Why nothing may be sent to the address; ``None``: it may.
        letters_paused_until: No letter leaves before; ``None``: not paused (any more).
        imported: What files from other tools said of them, and what became of it, the newest first.
        tags: Those that they have now, by name.
        notes: What those who work here wrote down, the newest first.
        story: What happened besides the emails of their runs, the newest first.
        other_emails: Confirmations and announcements: they stand in no run's plan.
        said_after: What providers said of emails that had left, the newest first.
        missed: Announcements to dates of theirs that they did not get.
        runs: The newest first.
        run: The one whose calendar it is; ``None`` with it for somebody who is in no sequence.
        calendar: Of all runs together, or of the one that was named; its sentences speak of the
            person, not to them.
        held: The date whose seat they hold in ``run``.
        places: Where they can be put: each live sequence with its open dates.
    """

    person: Subscriber
    fields: Mapping[str, str]
    letters: Standing
    seat: Standing
    suppressed: SuppressedSince | None
    letters_paused_until: datetime | None
    signups: tuple[SignupLine, ...]
    runs: tuple[RunRecord, ...]
    run: RunRecord | None
    calendar: PersonCalendar | None
    imported: tuple[LineOfPerson, ...]
    tags: tuple[str, ...]
    notes: tuple[Note, ...]
    story: tuple[StoryRow, ...]
    other_emails: tuple[OtherEmail, ...]
    said_after: tuple[SaidAfter, ...]
    missed: tuple[MissedAnnouncement, ...]
    held: Session | None
    places: tuple[OpenSequence, ...]
    now: datetime


def find_person(named: str, transactions: Transactions) -> UUID:
    """Return the id of the person that an address or an id names.

    Raises:
        NotFoundError: Nobody, or somebody who is forgotten.
        InvalidInputError: Neither an id nor an address.
    """
    with transactions.begin_reading() as tx:
        person = subscribers.find_named(tx, named)
    if person is None or not person.email:
        raise NotFoundError("nobody of that address or id is known")
    return person.id


def read_person(
    subscriber_id: UUID, transactions: Transactions, *, run_id: UUID | None = None
) -> PersonPage:
    """Return a person, with one calendar of all their runs, or of the one that is named.

    Raises:
        NotFoundError: No such person, one that is forgotten, or no such run of theirs.
    """
    with transactions.begin_reading() as tx:
        person = subscribers.find(tx, subscriber_id)
        if person is None or not person.email:
            raise NotFoundError("no such person")
        theirs = runs.of_person(tx, subscriber_id)
        run = _chosen(theirs, run_id)
        until = subscribers.letters_paused_until(tx, subscriber_id)
        return PersonPage(
            person=person,
            fields=_fields(tx, subscriber_id),
            letters=_standing(tx, person, Topic.LETTERS, is_wanted=person.wants_letters),
            seat=_standing(tx, person, Topic.SEAT, is_wanted=person.wants_seat_emails),
            suppressed=explanations.suppressed_since(tx, person.email_key),
            letters_paused_until=until if until is not None and until > tx.now else None,
            signups=tuple(people_lines.signups_of(tx, subscriber_id)),
            runs=tuple(theirs),
            run=run,
            calendar=_calendar(tx, theirs, run_id) if run else None,
            imported=tuple(imports.lines_of_address(tx, person.email_key)),
            tags=tuple(tags_of(tx, subscriber_id)),
            notes=tuple(notes.of_person(tx, subscriber_id)),
            story=tuple(person_story.read_story(tx, subscriber_id)),
            other_emails=tuple(person_story.other_emails(tx, subscriber_id)),
            said_after=tuple(person_story.said_after(tx, subscriber_id)),
            missed=missed_by(tx, subscriber_id),
            held=_held(tx, run) if run else None,
            places=_places(tx),
            now=tx.now,
        )


def _fields(tx: Transaction, subscriber_id: UUID) -> dict[str, str]:
    kept = explanations.fields_of(tx, subscriber_id)
    return {name: _as_text(kept[name]) for name in sorted(kept)}


def _as_text(value: object) -> str:
    if isinstance(value, bool):
        return say("yes") if value else say("no")
    return "" if value is None else str(value)


def _chosen(theirs: Sequence[RunRecord], run_id: UUID | None) -> RunRecord | None:
    if run_id is None:
        return theirs[0] if theirs else None
    run = next((each for each in theirs if each.id == run_id), None)
    if run is None:
        raise NotFoundError("no such run")
    return run


def _standing(tx: Transaction, person: Subscriber, topic: Topic, *, is_wanted: bool) -> Standing:
    return Standing(is_wanted=is_wanted, word=explanations.last_word(tx, person.id, topic))


def _calendar(tx: Transaction, theirs: Sequence[RunRecord], run_id: UUID | None) -> PersonCalendar:
    """Return the calendar of one run, or of the newest with the emails of the others in it."""
    if run_id is not None:
        return _told(calendar_in(tx, run_id))
    newest, *others = theirs
    calendar = _told(calendar_in(tx, newest.id))
    lines = list(calendar.lines)
    for run in others:
        lines += [_of_other(each, run) for each in _told(calendar_in(tx, run.id)).lines if each.at]
    far = datetime.max.replace(tzinfo=UTC)
    return replace(calendar, lines=tuple(sorted(lines, key=lambda each: each.at or far)))


def _of_other(line: CalendarLine, run: RunRecord) -> CalendarLine:
    why = say("{why}; in the time before, “{sequence}”", why=line.why, sequence=run.sequence_title)
    return replace(line, why=why)


def _held(tx: Transaction, run: RunRecord) -> Session | None:
    seat = registrations.held(tx, run.id)
    return sessions.find(tx, seat.session_id) if seat else None


def _places(tx: Transaction) -> tuple[OpenSequence, ...]:
    return tuple(
        OpenSequence(
            id=each.id, title=each.title, dates=sessions.list_open(tx, each.id, limit=_MOST_DATES)
        )
        for each in sequences.list_sequences(tx)
    )


def _told(calendar: PersonCalendar) -> PersonCalendar:
    lines = (replace(each, why=of_person(each.why)) for each in calendar.lines)
    return replace(calendar, lines=tuple(lines))
