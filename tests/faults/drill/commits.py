"""The database keeps the moment of each commit, and which one opened what: who was first is known.

A trigger keeps the transaction that took a message in hand, another the one that ended a consent.
Both lock the message, so one is committed before the other.
"""

from sqlalchemy import text

from tests.bench.house import House


def watch_commits(house: House) -> None:
    """Let the database keep moments of commits, and who opened what; restarts it."""
    with house.transactions.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(
            text("alter system set track_commit_timestamp = on")
        )
    house.transactions.engine.dispose()
    house.database.stop()
    house.database.start()
    for statement in _WATCHED:
        house.execute(statement)


_WATCHED = (
    "create table opens (message_id uuid, xid xid default cast(pg_current_xact_id() as xid))",
    "create table ends (subscriber_id uuid, xid xid default cast(pg_current_xact_id() as xid))",
    """
    create function note_open() returns trigger language plpgsql as
    'begin insert into opens (message_id) values (new.id); return null; end'
    """,
    """
    create function note_end() returns trigger language plpgsql as
    'begin insert into ends (subscriber_id) values (new.id); return null; end'
    """,
    """
    create trigger note_open after update on messages for each row
    when (new.status = 'sending' and old.status = 'queued') execute function note_open()
    """,
    """
    create trigger note_end after update on subscribers for each row
    when (old.wants_letters and not new.wants_letters) execute function note_end()
    """,
)
