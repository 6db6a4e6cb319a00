"""What is open is seen, each kind by its own word, and what is finished is not."""

from dataclasses import asdict

import pytest

from funnel.domain.people_import import ImportStatus
from funnel.storage.open_work import OpenWork, find_open_work
from tests.fixtures.world import TUESDAY_NOON, World

NOTHING = OpenWork(replans=False, imports=False, checks=False, announcements=False, tests=False)
# How a row of each kind begins, and how it is over.
KINDS = {
    "replans": (
        """
        insert into replans (id, kind, sequence_id)
        values (gen_random_uuid(), 'version published', gen_random_uuid())
        """,
        "update replans set finished_at = now()",
    ),
    "imports": (
        """
        insert into imports (id, file_name, columns, status, total, by)
        values (gen_random_uuid(), 'people.csv', '{}', 'trying', 1, 'mia')
        """,
        "update imports set status = 'tried'",
    ),
    "checks": (
        """
        insert into checks (id, kind, target, fingerprint, total, by)
        values (gen_random_uuid(), 'sequence', 'short', '', 1, 'mia')
        """,
        "update checks set status = 'finished'",
    ),
    "announcements": (
        """
        insert into announcements (id, session_id, session_starts_at, subject, by)
        select gen_random_uuid(), id, starts_at, 'News', 'mia' from sessions
        """,
        "update announcements set finished_at = now()",
    ),
    "tests": (
        """
        insert into test_emails (id, to_address, template_key, email, by)
        values (gen_random_uuid(), 'mia@example.org', 'short/first', '{}', 'mia')
        """,
        "update test_emails set available_at = now() + interval '1 minute'",
    ),
}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_what_is_open_is_seen_until_it_is_over(world: World, kind: str) -> None:
    begin, end = KINDS[kind]
    world.add_session(TUESDAY_NOON)
    assert looked(world) == NOTHING
    world.execute(begin)
    assert asdict(looked(world)) == asdict(NOTHING) | {kind: True}
    world.execute(end)
    assert looked(world) == NOTHING


def test_each_import_that_a_worker_is_to_go_on_with_is_open(world: World) -> None:
    world.execute(KINDS["imports"][0])
    for status in ImportStatus:
        world.execute("update imports set status = :status", status=status)
        assert looked(world).imports is status.is_open


def looked(world: World) -> OpenWork:
    with world.transactions.begin() as tx:
        return find_open_work(tx)
