"""An upgrade with messages pending: the schema of before, what was queued under it, ours."""

from alembic import command
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from funnel.bootstrap import SHIPPED_DEFINITIONS
from funnel.services.load_definitions import load_definitions
from funnel.storage import migrate
from funnel.storage.transaction import open_database
from tests.bench.house import House
from tests.faults.drill.crew import DELIVER, REST, SCHEDULER
from tests.faults.drill.fault import Fault
from tests.faults.drill.publishing import publish
from tests.faults.drill.stage import Load, Stage, execute_apart

_BEFORE = "0005"
_OLD = "funnel_before"
_DIED_IN_HAND = 5


def upgrade_with_messages_pending(stage: Stage, load: Load) -> None:
    """Migrate a database on which messages were queued, published and in hand, then go on."""
    stage.crew.end()
    old = _old_house(stage)
    usual = stage.house
    stage.house = old

    def back() -> None:
        stage.crew.end()
        stage.house = usual
        old.transactions.close()

    stage.extra_heal.append(back)
    old.fill(1, due=0)
    old.add(load.number, due=load.number, prefix=load.prefix)
    for statement in _QUEUED:
        given = {"prefix": f"{load.prefix}%", "died": _DIED_IN_HAND}
        wanted = {name: each for name, each in given.items() if f":{name}" in statement}
        old.execute(statement, **wanted)
    migrate.upgrade(old.url)
    _publish_as_before(stage, load)
    changes = {
        "FUNNEL_DATABASE_URL": old.url,
        "FUNNEL_DATA_FOLDER": str(old.folder / "data-after-upgrade"),
    }
    for name, role in (("deliver", DELIVER), ("rest", REST), ("scheduler", SCHEDULER)):
        stage.crew.start(name, role, **changes)
    load.most_unknown = _DIED_IN_HAND


def _old_house(stage: Stage) -> House:
    server = stage.house.database
    execute_apart(stage.house.url, f"drop database if exists {_OLD}")
    execute_apart(stage.house.url, f"create database {_OLD}")
    url = server.url_of(_OLD)
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        config = migrate._config()
        config.attributes["connection"] = connection
        command.upgrade(config, _BEFORE)
    transactions = open_database(url, pool_size=2)
    load_definitions(SHIPPED_DEFINITIONS, transactions)
    return House(
        url=url,
        broker=stage.house.broker,
        database=server,
        folder=stage.house.folder,
        transactions=transactions,
    )


def _publish_as_before(stage: Stage, load: Load) -> None:
    """Put a task on the queue as the version before wrote it: it knew one provider."""
    with stage.house.transactions.begin() as tx:
        rows = tx.connection.exec_driver_sql(_ON_THE_QUEUE).all()
    batch = [(str(row.id), row.epoch) for row in rows]
    publish(stage, (batch,))


_ON_THE_QUEUE = (
    "select id, epoch from messages where status = 'queued' and published_at is not null"
)
# A third waits, a third is on the queue, some were in the hands of a worker that is gone; the rest
# is not planned yet.
_QUEUED = (
    """
    insert into messages (id, kind, dedupe_key, subscriber_id, enrollment_id, session_id,
                          session_starts_at, sequence_id, step_key, template_key, topic, lane,
                          priority, status, due_at, valid_until, plan_revision, published_at,
                          epoch)
    select gen_random_uuid(), 'sequence', e.id || chr(58) || 'tables-turned' || chr(58) || '0',
           p.id, e.id, s.id, s.starts_at, q.id, 'tables-turned', q.slug || '/tables-turned',
           'letters', e.lane, 2, 'queued', timestamptz '2031-03-05 08:00+00',
           timestamptz '2031-03-05 16:00+00', e.plan_revision,
           case when each.n % 3 = 1 then now() end, case when each.n % 3 = 1 then 1 else 0 end
    from (select id, row_number() over (order by email_key) as n from subscribers
          where email_key like :prefix) each
    join subscribers p on p.id = each.id join enrollments e on e.subscriber_id = p.id
    join sequences q on q.id = e.sequence_id join sessions s on s.id = e.session_id
    where each.n % 3 < 2
    """,
    """
    update messages set status = 'sending', lease_owner = 'old-host:4242:deliver', attempts = 1,
           lease_until = now() - interval '5 minutes', opened_at = plan_now() - interval '5 minutes'
    where id in (select id from messages where status = 'queued' and published_at is not null
                 order by id limit :died)
    """,
)

FAULTS = (
    Fault(
        name="upgrade",
        strike=upgrade_with_messages_pending,
        sentence="the schema of 0005 with messages queued, published and in hand is migrated",
        source="an upgrade with messages pending",
        brings=True,
        people=90,
        delay=0.02,
    ),
)
