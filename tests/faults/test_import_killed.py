"""The two processes that take people in are killed in the middle, several times."""

import pytest

from funnel.services.continue_imports import continue_imports
from funnel.services.import_people import start_import
from tests.faults.killed import Killed, nobody_works
from tests.fixtures.posting import assert_balanced
from tests.fixtures.world import World
from tests.services.importing import kit, rows, sums, upload

pytestmark = pytest.mark.faults

PEOPLE = 200
KILLS = 2

TAKING_IN = Killed(
    imports="from funnel.services import continue_imports as module",
    work="""
module.PEOPLE_AT_ONCE = 10
while True:
    module.continue_imports(transactions, hash_key=b"test")
""",
    progress="select done from imports",
    written="select count(*) from subscribers",
    at_rest=nobody_works,
    times=KILLS,
    within=1 / 40,
)


def test_nobody_is_lost_and_nobody_comes_in_twice(world: World) -> None:
    people = [f'{n},P,p{n}@example.org,active,2025-03-01,"a, b",' for n in range(PEOPLE)]
    people[::50] = [each.replace("active", "bounced") for each in people[::50]]
    import_id = upload(world, kit(*people), sequence="short", step="second")
    start_import(import_id, by="test", transactions=world.transactions)
    done = TAKING_IN.run(world, seed=11)
    assert 0 < done < PEOPLE
    continue_imports(world.transactions, hash_key=b"test")
    bounced = len(people[::50])
    assert sums(world, import_id) == {"new": PEOPLE - bounced, "to the list": bounced}
    taken = PEOPLE - bounced
    counts = rows(
        world,
        "select (select count(*) from subscribers), (select count(*) from enrollments), "
        "(select count(*) from consents), (select count(*) from facts), "
        "(select count(*) from suppressions), (select count(*) from messages)",
    )
    assert counts == [(PEOPLE, taken, taken, 2 * taken, bounced, taken)]
    assert world.ask("select count(*) from enrollments where next_due_at is null") == 0
    assert_balanced(world)
