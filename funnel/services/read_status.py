"""Everything that says whether mail is on time, read in one transaction."""

from collections.abc import Iterable
from datetime import timedelta
from zoneinfo import ZoneInfo

from funnel.domain.pace import Load, find_jams, jam_text, reminder_loads
from funnel.domain.status import (
    Broken,
    OverdueHost,
    ProviderWords,
    ReplanProgress,
    Sign,
    StatusFigures,
    words_of,
)
from funnel.monitoring.broker import read_broker
from funnel.storage import (
    coming_seats,
    definition_errors,
    delivery_payloads,
    drafts,
    figures,
    heartbeats,
    leases,
    ledger,
    pauses,
    replans,
    sequences,
)
from funnel.storage.heartbeats import Heartbeat
from funnel.storage.pauses import Pause
from funnel.storage.transaction import Transaction, Transactions

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
MONTH = timedelta(days=30)
# Further ahead nobody acts on it yet, and most seats are not taken.
_FORTNIGHT = timedelta(days=14)
_MOST_TROUBLES = 5


def read_status(
    transactions: Transactions,
    *,
    broker_url: str,
    queues: Iterable[str],
    silent_after: timedelta,
    provider_per_hour: int | None = None,
) -> StatusFigures:
    """Return the figures behind "on time or not, and why".

    The ledger's invariants read whole tables: this is for people who ask, not for a request.

    Args:
        transactions: On the database that is asked.
        broker_url: The broker that is asked beside it.
        queues: Names of the queues that work is put on.
        silent_after: Real time without a sign of life after which a process counts as gone.
        provider_per_hour: Emails that the provider takes in an hour; ``None``: not known.
    """
    broker = read_broker(broker_url, queues)
    with transactions.begin() as tx:
        return StatusFigures(
            backlog=figures.read_backlog(tx),
            hour=figures.read_lateness(tx, within=HOUR),
            day=figures.read_lateness(tx, within=DAY),
            broker=broker,
            signs=_signs(heartbeats.alive(tx), silent_after),
            pauses=tuple(_pause(tx, each) for each in pauses.standing(tx)),
            broken=_broken(tx),
            confirmations=figures.read_confirmations(tx, within=MONTH),
            troubles=figures.newest_troubles(tx, limit=_MOST_TROUBLES),
            definition_errors=tuple(
                each.file_name for each in definition_errors.list_definition_errors(tx)
            ),
            drafts_of_files=tuple(
                each.slug for each in drafts.list_drafts(tx) if each.is_from_file
            ),
            replans=_replans(tx),
            jams=_jams(tx, provider_per_hour),
            overdue_hosts=_overdue_hosts(tx),
            provider_words=_provider_words(tx),
            asking_topics=tuple(
                each.topic
                for each in delivery_payloads.list_subscriptions(tx)
                if each.state == "asked"
            ),
        )


def _provider_words(tx: Transaction) -> tuple[ProviderWords, ...]:
    return tuple(
        ProviderWords(
            provider=each.provider,
            applied=each.applied,
            waiting=each.waiting,
            ignored=each.ignored,
            unread=each.unread,
            newest_note=each.newest_note,
        )
        for each in delivery_payloads.read_figures(tx)
    )


def _jams(tx: Transaction, per_hour: int | None) -> tuple[str, ...]:
    """Say which reminders of the coming sessions the provider's hour cannot carry in time."""
    if per_hour is None:
        return ()
    coming = coming_seats.read_coming_seats(tx, within=_FORTNIGHT)
    loads: list[Load] = []
    names: dict[str, str] = {}
    for each in coming:
        version = sequences.read_definition(tx, each.version_id)
        names |= {step.key: step.known_as for step in version.steps}
        loads += reminder_loads(version, each.session, ZoneInfo(each.zone), each.people, now=tx.now)
    zone = ZoneInfo(coming[0].session.zone) if coming else ZoneInfo("UTC")
    return tuple(jam_text(jam, zone, name=names[jam.key]) for jam in find_jams(loads, per_hour))


def _overdue_hosts(tx: Transaction) -> tuple[OverdueHost, ...]:
    return tuple(
        OverdueHost(host_id=each.host_id, emails=each.expired, since=each.oldest_for)
        for each in leases.list_open_hosts(tx)
        if each.expired
    )


def _replans(tx: Transaction) -> tuple[ReplanProgress, ...]:
    return tuple(
        ReplanProgress(
            kind=each.kind,
            done=each.done,
            total=each.total,
            age=max(tx.real_now - each.created_at, timedelta(0)),
        )
        for each in replans.list_open(tx)
        if each.created_at is not None
    )


def _signs(beats: list[Heartbeat], silent_after: timedelta) -> tuple[Sign, ...]:
    """One sign for each queue: a worker that serves several shows life for each of them."""
    ages: dict[str, list[timedelta]] = {}
    for beat in beats:
        for role in beat.role.split(","):
            ages.setdefault(role, []).append(beat.age)
    return tuple(
        Sign(role=role, processes=sum(age < silent_after for age in of_role), age=min(of_role))
        for role, of_role in sorted(ages.items())
    )


def _pause(tx: Transaction, pause: Pause) -> str:
    return f"by {pause.by}, {words_of(tx.real_now - pause.at)} ago: {pause.reason}"


def _broken(tx: Transaction) -> tuple[Broken, ...]:
    return tuple(
        Broken(name=each.name, offenders=len(each.offenders))
        for each in ledger.check_ledger(tx)
        if not each.holds
    )
