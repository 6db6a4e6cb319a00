"""The ledger: every email is accounted for. Named invariants, each a query for its offenders."""

from dataclasses import dataclass

from sqlalchemy import text

from funnel.storage import counters
from funnel.storage.transaction import Transaction

_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class InvariantResult:
    """One invariant and the first rows that break it; none: it holds."""

    name: str
    offenders: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether nothing breaks it."""
        return not self.offenders


def check_ledger(tx: Transaction) -> list[InvariantResult]:
    """Ask every invariant; the whole tables are read, so this is for checks, not for requests."""
    results = [
        InvariantResult(name=name, offenders=_offenders(tx, query))
        for name, query in _INVARIANTS.items()
    ]
    return [*results, _sums_are_rows(tx)]


def _offenders(tx: Transaction, query: str) -> tuple[str, ...]:
    rows = tx.connection.execute(text(query + " limit :shown"), {"shown": _SHOWN})
    return tuple(str(each) for each in rows.scalars())


def _sums_are_rows(tx: Transaction) -> InvariantResult:
    found = counters.differences(tx)[:_SHOWN]
    return InvariantResult(
        name="sums equal the rows they count",
        offenders=tuple(
            f"{tally.step_key} {tally.status}: {said}, but {are} rows" for tally, said, are in found
        ),
    )


_INVARIANTS: dict[str, str] = {
    "an active run has a timer or waits for something": """
        select id from enrollments
        where state = 'active' and next_due_at is null and waiting_for is null
    """,
    "a completed run has every step settled": """
        select e.id from enrollments e
        join sequence_versions v on v.id = e.version_id
        where e.state = 'completed' and (
            exists (select from messages m
                    where m.enrollment_id = e.id and m.kind = 'sequence'
                      and m.status in ('queued', 'sending'))
            or exists (select from jsonb_array_elements(v.definition -> 'steps') as step
                       where not exists (select from messages m where m.enrollment_id = e.id
                                         and m.step_key = step ->> 'key')))
    """,
    "a run that ended has nothing on its way": """
        select m.id from messages m join enrollments e on e.id = m.enrollment_id
        where e.state = 'left' and m.status = 'queued'
    """,
    # What was settled before its step was removed stays; nothing else is on its way without one,
    # but what was in a worker's hands at that moment.
    "every message belongs to a step of its run's version": """
        select m.id from messages m
        join enrollments e on e.id = m.enrollment_id
        join sequence_versions v on v.id = e.version_id
        where m.kind = 'sequence' and not exists (
            select from sequence_versions w
            cross join lateral jsonb_array_elements(w.definition -> 'steps') as step
            where step ->> 'key' = m.step_key
              and (w.id = v.id or m.status <> 'queued' and w.sequence_id = v.sequence_id
                   and w.number < v.number))
    """,
    "nothing is in a worker's hands longer than its lease": """
        select id from messages
        where status = 'sending' and lease_until < now() - interval '2 minutes'
    """,
    "nothing that is due waits longer than an hour": """
        select id from messages
        where status = 'queued' and due_at <= plan_now()
          and available_at < now() - interval '1 hour'
          and not exists (select from pauses where scope = 'all')
    """,
    "what was settled says when": """
        select id from messages
        where status in ('accepted', 'skipped', 'failed', 'unknown', 'cancelled')
          and (settled_at is null or (status = 'accepted') <> (accepted_at is not null))
    """,
    "what was not sent says why": """
        select id from messages
        where status in ('skipped', 'failed', 'cancelled', 'unknown') and reason is null
    """,
    "nobody got two letters on one day of theirs": """
        select m.subscriber_id from messages m join subscribers p on p.id = m.subscriber_id
        where m.status = 'accepted' and m.topic = 'letters'
        group by m.subscriber_id, p.zone_since, (m.accepted_at at time zone p.zone)::date
        -- Letters from before a change of zone were a day apart where their reader lived then.
        having count(*) > 1
           and max(coalesce(m.opened_at, m.accepted_at)) >= coalesce(p.zone_since, '-infinity')
    """,
}
