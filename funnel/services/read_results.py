"""What came of a sequence: of each email, of each date, of each place that people came from."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from funnel.domain.errors import NotFoundError
from funnel.domain.sequence import SequenceDefinition, StepKind
from funnel.domain.speech import say
from funnel.storage import results, sequences, sources, step_figures
from funnel.storage.result_rows import Measure, Scope
from funnel.storage.results import HeldSession, Place
from funnel.storage.sequences import SequenceRecord
from funnel.storage.step_figures import StepSums
from funnel.storage.transaction import Transaction, Transactions

SESSIONS_SHOWN = 12
CAMPAIGNS_SHOWN = 30  # of each kind: anybody may write anything into a link


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailResult:
    """One email of the sequence.

    Attributes:
        is_gone: It is not in what is live any more; what was sent of it still counts.
        sent: Accepted by the provider; copies for another date count each.
        clicked: People who opened a link of it, machines left out.
        left: People who ended its topic, or everything, and had this one of it last.
        delivered: Taken by their mail server, as the provider says, those included that were
            reported as spam; ``None``: nobody says so. By SMTP a server says that it took an
            email, and nothing more.
        bounced: Came back, as the provider says; ``None`` as above.
        complained: Reported as spam, as the provider says; ``None`` as above.
    """

    key: str
    name: str
    is_letter: bool
    is_gone: bool
    sent: int
    clicked: int
    left: int
    delivered: int | None = None
    bounced: int | None = None
    complained: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionResult:
    """One date.

    Attributes:
        signups: Who asked for it, with those who did not confirm; ``confirmed`` of these.
        registered: Who holds a seat in it now.
        missed: Who did not come. Once the date is closed, also those of whom nobody said anything.
        unknown: Of whom it is not known.
        booked: Who booked a call (or reached the goal) while this was their latest seat.
    """

    id: UUID
    title: str
    starts_at: datetime
    zone: str
    is_cancelled: bool
    has_begun: bool
    signups: int
    confirmed: int
    registered: int
    attended: int
    missed: int
    unknown: int
    replayed: int
    booked: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceResult:
    """Where people came from: a source (``part`` "") or what a link said ("campaign", …)."""

    part: str
    name: str
    signups: int
    confirmed: int
    attended: int
    booked: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultsPage:
    """What the page shows.

    Attributes:
        choices: Every live sequence: slug and title.
        following: Where the next page of dates begins; ``None``: this was the last.
        now: Plan time, aware UTC.
    """

    slug: str
    title: str
    choices: tuple[tuple[str, str], ...]
    emails: tuple[EmailResult, ...]
    sessions: tuple[SessionResult, ...]
    following: Place | None
    sources: tuple[PlaceResult, ...]
    campaigns: tuple[PlaceResult, ...]
    now: datetime

    @property
    def is_told(self) -> bool:
        """Whether a provider has said of any email how it ended."""
        return any(each.delivered is not None for each in self.emails)


def read_results(
    slug: str, transactions: Transactions, *, after: Place | None = None
) -> ResultsPage | None:
    """Return the results of a sequence, dates from the latest on; ``None``: nothing is live yet.

    Read from sums: the time that it takes does not follow the number of people.

    Args:
        slug: Of a sequence; "": the first by title.
        transactions: One is opened.
        after: The last date of the page before.

    Raises:
        NotFoundError: No such sequence.
    """
    with transactions.begin_reading() as tx:
        live = sorted(sequences.list_sequences(tx), key=lambda each: (each.title, each.slug))
        if not live and not slug:
            return None
        chosen = next((each for each in live if slug in {"", each.slug}), None)
        if chosen is None:
            raise NotFoundError(say("There is no sequence “{slug}”", slug=slug))
        waiting = results.count_waiting(tx, chosen.id)
        found = results.list_sessions(tx, chosen.id, limit=SESSIONS_SHOWN + 1, after=after)
        shown = found[:SESSIONS_SHOWN]
        last = shown[-1] if len(found) > SESSIONS_SHOWN else None
        return ResultsPage(
            slug=chosen.slug,
            title=chosen.title,
            choices=tuple((each.slug, each.title) for each in live),
            emails=tuple(_emails(tx, chosen)),
            sessions=tuple(_sessions(tx, chosen.id, shown, waiting[Scope.SESSION])),
            following=(last.starts_at, last.id) if last else None,
            sources=tuple(_sources(tx, chosen.id, waiting[Scope.SOURCE])),
            campaigns=tuple(_campaigns(tx, chosen.id, waiting[Scope.UTM])),
            now=tx.now,
        )


def _emails(tx: Transaction, sequence: SequenceRecord) -> Iterator[EmailResult]:
    definition = sequences.read_definition(tx, sequence.live_version_id)
    sent = step_figures.read_sums(tx, sequence.id)
    sums = results.read_sums(tx, sequence.id, Scope.EMAIL)
    live = [each.key for each in definition.steps]
    # Notices and announcements are no steps: their keys are paths.
    gone = sorted(key for key in {*sent, *sums} if key not in live and "/" not in key)
    for key in (*live, *gone):
        of_email = sums.get(key, Counter())
        known = sent.get(key, StepSums())
        is_told = known.delivered + known.bounced + known.complained > 0
        yield EmailResult(
            key=key,
            name=definition.name_of(key),
            is_letter=key in live and _is_letter(definition, key),
            is_gone=key not in live,
            sent=known.sent,
            clicked=of_email[Measure.CLICKED],
            left=of_email[Measure.LEFT],
            delivered=known.delivered + known.complained if is_told else None,
            bounced=known.bounced if is_told else None,
            complained=known.complained if is_told else None,
        )


def _is_letter(definition: SequenceDefinition, key: str) -> bool:
    return definition.step(key).kind is StepKind.LETTER


def _sessions(
    tx: Transaction, sequence_id: UUID, shown: list[HeldSession], waiting: Counter[str]
) -> Iterator[SessionResult]:
    sums = results.read_session_sums(tx, sequence_id, [each.id for each in shown])
    for each in shown:
        total = sums[str(each.id)]
        silent = total[Measure.REGISTERED] - total[Measure.ATTENDED] - total[Measure.MISSED]
        yield SessionResult(
            id=each.id,
            title=each.title,
            starts_at=each.starts_at,
            zone=each.zone,
            is_cancelled=each.is_cancelled,
            has_begun=each.starts_at <= tx.now,
            signups=total[Measure.SIGNUPS] + waiting[str(each.id)],
            confirmed=total[Measure.CONFIRMED],
            registered=total[Measure.REGISTERED],
            attended=total[Measure.ATTENDED],
            missed=total[Measure.MISSED] + (silent if each.is_closed else 0),
            unknown=0 if each.is_closed else silent,
            replayed=total[Measure.REPLAYED],
            booked=total[Measure.BOOKED],
        )


def _sources(tx: Transaction, sequence_id: UUID, waiting: Counter[str]) -> Iterator[PlaceResult]:
    sums = results.with_waiting(results.read_sums(tx, sequence_id, Scope.SOURCE), waiting)
    for source in sources.list_all(tx):
        if source.sequence_id == sequence_id or str(source.id) in sums:
            yield _place("", source.slug, sums[str(source.id)])


def _campaigns(tx: Transaction, sequence_id: UUID, waiting: Counter[str]) -> Iterator[PlaceResult]:
    sums = results.with_waiting(results.read_sums(tx, sequence_id, Scope.UTM), waiting)
    ordered = sorted(sums.items(), key=lambda each: (-each[1][Measure.SIGNUPS], each[0]))
    for wanted in ("campaign", "medium", "source"):
        of_part = [each for each in ordered if each[0].startswith(f"{wanted}=")]
        for key, total in of_part[:CAMPAIGNS_SHOWN]:
            yield _place(wanted, key.partition("=")[2], total)


def _place(part: str, name: str, total: Counter[str]) -> PlaceResult:
    return PlaceResult(
        part=part,
        name=name,
        signups=total[Measure.SIGNUPS],
        confirmed=total[Measure.CONFIRMED],
        attended=total[Measure.ATTENDED],
        booked=total[Measure.BOOKED],
    )
