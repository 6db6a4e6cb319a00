"""What the results page counts, as the rows say it: one statement, of everybody or of some people.

It is the only definition of these sums: what they are moved by, checked against and repaired from
(docs/decisions/0023). People are counted once each, signups as often as somebody signed up.
"""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy import text

from funnel.storage.transaction import Transaction


class Scope(StrEnum):
    """What a key names."""

    EMAIL = "email"  # a step, by its key
    SESSION = "session"  # a session, by its id
    SOURCE = "source"  # a source, by its id
    UTM = "utm"  # "campaign=spring"


class Measure(StrEnum):
    """What is counted of it."""

    CLICKED = "clicked"
    LEFT = "left"
    SIGNUPS = "signups"
    CONFIRMED = "confirmed"
    REGISTERED = "registered"
    ATTENDED = "attended"
    MISSED = "missed"
    REPLAYED = "replayed"
    BOOKED = "booked"


@dataclass(frozen=True, slots=True, order=True)
class ResultTally:
    """One sum."""

    sequence_id: UUID
    scope: str
    key: str
    measure: str


# The parts of "utm" that are counted, and how much of a value: anybody may write into a link.
_COUNTED: Final = "('source', 'medium', 'campaign')"
_VALUE: Final = 100

UTM_KEYS: Final = f"""
    select replace(u.key, 'utm_', '') || '=' || left(u.value, {_VALUE}) as key
    from jsonb_each_text(g.utm) u
    where replace(u.key, 'utm_', '') in {_COUNTED} and u.value <> ''
"""  # noqa: S608  (of our own words alone)

# In braces, a condition on the person of each table: whose rows are asked for.
_ROWS: Final = f"""
    select e.sequence_id, '{Scope.EMAIL}' as scope, f.step_key as key,
           '{Measure.CLICKED}' as measure, count(distinct f.subscriber_id) as total
    from facts f join enrollments e on e.id = f.enrollment_id
    where f.kind = 'clicked' and f.step_key is not null and {{f}}
    group by 1, 3
    union all
    select c.after_sequence_id, '{Scope.EMAIL}', c.after_step_key, '{Measure.LEFT}',
           count(distinct c.subscriber_id)
    from consents c where c.after_step_key is not null and {{c}}
    group by 1, 3
    union all
    select s.sequence_id, '{Scope.SESSION}', cast(r.session_id as text), m.measure,
           count(distinct r.subscriber_id)
    from registrations r
    join sessions s on s.id = r.session_id
    cross join lateral (values
        ('{Measure.REGISTERED}', true),
        ('{Measure.ATTENDED}', r.attendance = 'attended'),
        ('{Measure.MISSED}', r.attendance = 'missed'),
        ('{Measure.REPLAYED}', r.watched_at is not null)
    ) as m (measure, holds)
    where r.status = 'registered' and m.holds and {{r}}
    group by 1, 3, 4
    union all
    select s.sequence_id, '{Scope.SESSION}', cast(s.id as text), '{Measure.BOOKED}',
           count(distinct f.subscriber_id)
    from facts f
    cross join lateral (
        select session_id from registrations
        where subscriber_id = f.subscriber_id and status = 'registered'
          and registered_at <= f.at
        order by registered_at desc, id desc limit 1
    ) r
    join sessions s on s.id = r.session_id
    where f.kind in ('booked', 'goal') and {{f}}
    group by 1, 3
    union all
    select g.sequence_id, k.scope, k.key, m.measure, count(*)
    from signups g
    cross join lateral (
        select '{Scope.SOURCE}' as scope, cast(g.source_id as text) as key
        union all
        select '{Scope.SESSION}', cast(g.session_id as text) where g.session_id is not null
        union all
        select '{Scope.UTM}', u.key from ({UTM_KEYS}) u
    ) k
    cross join lateral (values
        ('{Measure.SIGNUPS}', true), ('{Measure.CONFIRMED}', g.status = 'confirmed')
    ) as m (measure, holds)
    where g.merged_into_id is null and g.status in ('confirmed', 'expired') and m.holds and {{g}}
    group by 1, 2, 3, 4
    union all
    select g.sequence_id, k.scope, k.key, m.measure, count(distinct g.subscriber_id)
    from signups g
    cross join lateral (
        select '{Scope.SOURCE}' as scope, cast(g.source_id as text) as key
        union all
        select '{Scope.UTM}', u.key from ({UTM_KEYS}) u
    ) k
    cross join lateral (values
        ('{Measure.ATTENDED}', exists (
            select from registrations r where r.subscriber_id = g.subscriber_id
              and r.enrollment_id = g.enrollment_id
              and r.status = 'registered' and r.attendance = 'attended')),
        ('{Measure.BOOKED}', exists (
            select from facts f where f.subscriber_id = g.subscriber_id
              and f.kind in ('booked', 'goal') and f.at >= g.confirmed_at))
    ) as m (measure, holds)
    where g.merged_into_id is null and g.status = 'confirmed' and m.holds and {{g}}
    group by 1, 2, 3, 4
"""  # noqa: S608  (of our own words alone)

_TABLES: Final = ("f", "c", "r", "g")
ALL_ROWS: Final = _ROWS.format(**dict.fromkeys(_TABLES, "true"))
OF_PEOPLE: Final = text(
    _ROWS.format(**{each: f"{each}.subscriber_id = any(:people)" for each in _TABLES})
)


def of_people(tx: Transaction, people: Collection[UUID]) -> Counter[ResultTally]:
    """Return what the rows of these people come to, as this transaction sees them now."""
    if not people:
        return Counter()
    rows = tx.connection.execute(OF_PEOPLE, {"people": sorted(people)})
    found: Counter[ResultTally] = Counter()
    for row in rows:
        found[ResultTally(row.sequence_id, row.scope, row.key, row.measure)] = row.total
    return found
