"""The studio's people of one kind, and all of one person: no statement reads a whole big table."""

from sqlalchemy import text
from sqlalchemy.engine import Connection

from funnel.storage.people_filters import TAGS, Kind, statement_for
from funnel.storage.person_story import OTHER_EMAILS, STORY
from funnel.storage.suppressions import BEGINNING, NEWEST, NEWEST_AFTER
from tests.fixtures.world import TUESDAY_NOON, World

MANY = 30_000
FILLED = (
    """
    insert into subscribers (id, email, email_key, confirmed_at, created_at)
    select gen_random_uuid(), 'p' || n || '@example.org', 'p' || n || '@example.org',
           case when n % 50 > 0 then plan_now() end, plan_now() - n * interval '1 s'
    from generate_series(1, :many) n
    """,
    """
    insert into enrollments (id, subscriber_id, sequence_id, version_id, run, lane, enrolled_at,
        next_due_at, session_id)
    select gen_random_uuid(), p.id, q.id, q.live_version_id, 1, 'other', p.created_at, plan_now(),
           (select id from sessions order by starts_at offset abs(hashtext(p.email)) % 20 limit 1)
    from subscribers p, sequences q
    """,
    """
    insert into registrations (id, enrollment_id, subscriber_id, session_id, registered_at)
    select gen_random_uuid(), id, subscriber_id, session_id, enrolled_at from enrollments
    """,
    """
    insert into facts (id, subscriber_id, kind, name, source, at)
    select gen_random_uuid(), id, 'tagged', 'Tag ' || abs(hashtext(email)) % 200, 'studio',
           created_at from subscribers
    """,
    """
    insert into suppressions (email_key, reason, at)
    select email_key, case when abs(hashtext(email)) % 2 = 0 then 'unsubscribed' else 'bounced' end,
           created_at from subscribers where abs(hashtext(email)) % 4 < 2
    """,
    """
    insert into messages (id, kind, dedupe_key, subscriber_id, sequence_id, template_key, lane,
        priority, status, due_at)
    select gen_random_uuid(), 'notice', 'welcome:' || p.id, p.id, q.id, 'notices/welcome',
           'notices', 0, 'queued', plan_now() from subscribers p, sequences q
    """,
    """
    insert into audit (by, action, target)
    select 'x', 'letters paused', id::text from subscribers
    """,
)
BIG = ("subscribers", "enrollments", "registrations", "facts", "suppressions", "messages", "audit")


def plan_of(connection: Connection, statement: str, **values: object) -> str:
    wanted = {name: values[name] for name in text(statement).compile().params}
    rows = connection.execute(text(f"explain {statement}"), wanted).scalars()
    return "\n".join(rows)


def test_no_statement_looks_at_everybody(world: World) -> None:
    for days in range(1, 21):
        world.add_session(TUESDAY_NOON.replace(month=4, day=days))
    for statement in FILLED:
        world.execute(statement, **({"many": MANY} if ":many" in statement else {}))
    for table in BIG:
        world.execute(f"analyze {table}")
    person = world.ask("select id from subscribers limit 1")
    values = {
        "limit": 26,
        "after_at": TUESDAY_NOON,
        "after_key": str(person),
        "at": TUESDAY_NOON,
        "key": "p2",
        "begins": "p1",
        "person": person,
        "target": str(person),
        "ahead": TUESDAY_NOON - TUESDAY_NOON,
    }
    of = {
        Kind.SEQUENCE: str(world.sequence_id),
        Kind.SESSION: str(world.ask("select id from sessions limit 1")),
        Kind.TAG: "tag 7",
    }
    indexes = {
        Kind.SEQUENCE: "ix_enrollments_newest",
        Kind.SESSION: "ix_registrations",
        Kind.TAG: "ix_facts_tagged",
        Kind.LEFT: "ix_suppressions_left",
        Kind.UNCONFIRMED: "ix_subscribers_unconfirmed",
    }
    asked = [
        (str(statement_for(kind, is_first=is_first)), indexes[kind], of.get(kind, ""))
        for kind in Kind
        for is_first in (True, False)
    ]
    asked += [
        (str(TAGS), "ix_facts_tagged", ""),
        (str(NEWEST), "ix_suppressions_newest", ""),
        (str(NEWEST_AFTER), "ix_suppressions_newest", ""),
        (str(BEGINNING), "ix_suppressions_by_beginning", ""),
        (STORY.text, "ix_audit_target", ""),
        (OTHER_EMAILS.text, "ix_messages_subscriber_id", ""),
    ]
    with world.transactions.begin_reading() as tx:
        for statement, index, named in asked:
            plan = plan_of(tx.connection, statement, **values, of=named)
            assert index in plan, plan
            for table in BIG:
                assert f"Seq Scan on {table}" not in plan, plan
