"""People, the newest first or by what they begin with, each with what comes to them next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Final
from uuid import UUID

from funnel.domain.plan import Decision, Plan, PlannedStep
from funnel.domain.planner import plan
from funnel.domain.text import clean_text
from funnel.storage import enrollments, people_filters, people_lines, sequences, sessions
from funnel.storage.enrollments import Run
from funnel.storage.people_filters import Filter, Kind
from funnel.storage.people_lines import WAYS, PersonLine, RunLine
from funnel.storage.transaction import Transaction, Transactions

SHORTEST: Final = 2  # characters: one alone begins too many names to be of use
_LONGEST: Final = 100
_A_PAGE: Final = 25
_MOST_DATES: Final = 20
_OTHERS: Final = (Kind.LEFT, Kind.UNCONFIRMED)
_TO_COME = (Decision.SEND, Decision.WAIT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a page of the list begins: behind this person.

    Attributes:
        way: How the person was found, by its number; of no meaning among the newest.
        key: What the person was found by, or the moment (ISO 8601) at which they came.
    """

    way: int
    key: str
    id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Coming:
    """The email that comes next; ``is_open``: only if something turns out so."""

    name: str
    at: datetime
    is_open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedPerson:
    """One person, their newest run if they have one, and the next email of it."""

    line: PersonLine
    run: RunLine | None
    coming: Coming | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterPlace:
    """Where a page of people of one kind begins: behind this moment (aware) and key."""

    at: datetime
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterChoice:
    """One kind of people that a list may show.

    Attributes:
        title: Of the sequence or date, or the tag.
        starts_at: Of a date, aware UTC, with its own ``zone``.
    """

    only: Filter
    title: str
    starts_at: datetime | None = None
    zone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleList:
    """One page; ``now`` is plan time.

    Attributes:
        asked: The words that were looked for, as they were understood.
        is_too_short: Too few characters to look for.
        following: Where the next page begins; ``None``: there is none.
        further: The same, in a list of one kind of people.
    """

    asked: str
    is_too_short: bool
    people: tuple[ListedPerson, ...]
    following: Place | None
    now: datetime
    further: FilterPlace | None = None


def list_people(
    asked: str, transactions: Transactions, *, after: Place | None = None
) -> PeopleList:
    """Return one page of people; changes nothing.

    Args:
        asked: What a name, a last name or an address begins with, in any case; without, all people
            come, the newest first. The forgotten are never found.
        transactions: Read only.
        after: As the page before said.
    """
    words = clean_text(asked, limit=_LONGEST)
    is_too_short = 0 < len(words) < SHORTEST
    with transactions.begin_reading() as tx:
        found: list[tuple[int, PersonLine]] = []
        if words and not is_too_short:
            found = _beginning(tx, words, after)
        elif not words:
            found = [(0, each) for each in _newest(tx, after)]
        shown = found[:_A_PAGE]
        return PeopleList(
            asked=words,
            is_too_short=is_too_short,
            people=_listed(tx, [line for _, line in shown]),
            following=_place(*shown[-1]) if len(found) > _A_PAGE else None,
            now=tx.now,
        )


def list_people_of(
    only: Filter, transactions: Transactions, *, after: FilterPlace | None = None
) -> PeopleList:
    """Return one page of the people of one kind, those of whom it became true last first.

    Args:
        only: The kind: in a sequence, with a seat, tagged, left, not confirmed.
        transactions: Read only.
        after: As the page before said.
    """
    place = (after.at, after.key) if after else None
    with transactions.begin_reading() as tx:
        found = people_filters.list_filtered(tx, only, limit=_A_PAGE + 1, after=place)
        shown = found[:_A_PAGE]
        is_more = len(found) > _A_PAGE
        return PeopleList(
            asked="",
            is_too_short=False,
            people=_listed(tx, [each.line for each in shown]),
            following=None,
            now=tx.now,
            further=FilterPlace(at=shown[-1].at, key=shown[-1].key) if is_more else None,
        )


def list_choices(transactions: Transactions) -> tuple[FilterChoice, ...]:
    """Return the kinds of people there may be: by sequence, by date, by tag, left, unconfirmed.

    Of the dates, those to come and the latest that were.
    """
    with transactions.begin_reading() as tx:
        in_sequences = [
            FilterChoice(only=Filter(kind=Kind.SEQUENCE, of=str(each.id)), title=each.title)
            for each in sequences.list_sequences(tx)
        ]
        on_dates = [
            FilterChoice(
                only=Filter(kind=Kind.SESSION, of=str(each.id)),
                title=each.title,
                starts_at=each.starts_at,
                zone=each.zone,
            )
            for each in sessions.list_around(tx, limit=_MOST_DATES)
        ]
        tagged = [
            FilterChoice(only=Filter(kind=Kind.TAG, of=each), title=each)
            for each in people_filters.list_tags(tx)
        ]
    others = [FilterChoice(only=Filter(kind=each), title="") for each in _OTHERS]
    return (*in_sequences, *on_dates, *tagged, *others)


def _newest(tx: Transaction, after: Place | None) -> list[PersonLine]:
    place = (datetime.fromisoformat(after.key), after.id) if after else None
    return people_lines.list_newest(tx, limit=_A_PAGE + 1, after=place)


def _beginning(tx: Transaction, words: str, after: Place | None) -> list[tuple[int, PersonLine]]:
    """One way after the other, and none that the page needs no more."""
    found: list[tuple[int, PersonLine]] = []
    for way in range(after.way if after else 0, len(WAYS)):
        place = (after.key, after.id) if after and after.way == way else None
        limit = _A_PAGE + 1 - len(found)
        if limit:
            lines = people_lines.list_beginning(tx, words, way=way, limit=limit, after=place)
            found += [(way, each) for each in lines]
    return found


def _place(way: int, line: PersonLine) -> Place:
    return Place(way=way, key=line.begins or line.created_at.isoformat(), id=line.id)


def _listed(tx: Transaction, lines: Sequence[PersonLine]) -> tuple[ListedPerson, ...]:
    newest = people_lines.newest_runs(tx, [each.id for each in lines])
    coming = _coming(tx, newest)
    return tuple(
        ListedPerson(line=each, run=newest.get(each.id), coming=coming.get(each.id))
        for each in lines
    )


def _coming(tx: Transaction, newest: Mapping[UUID, RunLine]) -> dict[UUID, Coming]:
    loaded = enrollments.load_runs(tx, [each.id for each in newest.values()])
    found = ((run.subscriber_id, _next(tx, run)) for run in loaded)
    return {person: coming for person, coming in found if coming is not None}


def _next(tx: Transaction, run: Run) -> Coming | None:
    version = sequences.read_definition(tx, run.version_id)
    answer = plan(run.enrollment, version, run.facts, run.taken_days, tx.now)
    step = _first(answer)
    if step is None or step.moment is None:
        return None
    return Coming(name=version.name_of(step.key), at=step.moment, is_open=step.is_open)


def _first(answer: Plan) -> PlannedStep | None:
    ahead = [
        (each.moment, each) for each in answer.steps if each.decision in _TO_COME and each.moment
    ]
    return min(ahead, key=itemgetter(0))[1] if ahead else None
