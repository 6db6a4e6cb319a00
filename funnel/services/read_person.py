"""All that is known of one person, for those who work here: how they stand, and their runs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from funnel.domain.calendar import PersonCalendar
from funnel.domain.consent import Topic
from funnel.domain.errors import NotFoundError
from funnel.domain.explanation import of_person
from funnel.domain.subscriber import Subscriber
from funnel.services.read_person_calendar import calendar_in
from funnel.storage import explanations, people_lines, runs, subscribers
from funnel.storage.explanations import SaidWord, SuppressedSince
from funnel.storage.people_lines import SignupLine
from funnel.storage.runs import RunRecord
from funnel.storage.transaction import Transaction, Transactions


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Whether a topic is wanted, and the newest word about it, if one was ever written down."""

    is_wanted: bool
    word: SaidWord | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonPage:
    """One person; moments are plan time, aware UTC.

    Attributes:
        suppressed: Why nothing may be sent to the address; ``None``: it may.
        letters_paused_until: No letter leaves before; ``None``: not paused (any more).
        runs: The newest first.
        run: The one whose calendar it is; ``None`` with it for somebody who is in no sequence.
        calendar: Its sentences speak of the person, not to them.
    """

    person: Subscriber
    letters: Standing
    seat: Standing
    suppressed: SuppressedSince | None
    letters_paused_until: datetime | None
    signups: tuple[SignupLine, ...]
    runs: tuple[RunRecord, ...]
    run: RunRecord | None
    calendar: PersonCalendar | None
    now: datetime


def read_person(
    subscriber_id: UUID, transactions: Transactions, *, run_id: UUID | None = None
) -> PersonPage:
    """Return a person, with the calendar of one run: the newest, or the one that is named.

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
            letters=_standing(tx, person, Topic.LETTERS, is_wanted=person.wants_letters),
            seat=_standing(tx, person, Topic.SEAT, is_wanted=person.wants_seat_emails),
            suppressed=explanations.suppressed_since(tx, person.email_key),
            letters_paused_until=until if until is not None and until > tx.now else None,
            signups=tuple(people_lines.signups_of(tx, subscriber_id)),
            runs=tuple(theirs),
            run=run,
            calendar=_told(calendar_in(tx, run.id)) if run else None,
            now=tx.now,
        )


def _chosen(theirs: Sequence[RunRecord], run_id: UUID | None) -> RunRecord | None:
    if run_id is None:
        return theirs[0] if theirs else None
    run = next((each for each in theirs if each.id == run_id), None)
    if run is None:
        raise NotFoundError("no such run")
    return run


def _standing(tx: Transaction, person: Subscriber, topic: Topic, *, is_wanted: bool) -> Standing:
    return Standing(is_wanted=is_wanted, word=explanations.last_word(tx, person.id, topic))


def _told(calendar: PersonCalendar) -> PersonCalendar:
    lines = (replace(each, why=of_person(each.why)) for each in calendar.lines)
    return replace(calendar, lines=tuple(lines))
