"""The processes that queue an announcement are killed in the middle, several times."""

import pytest

from funnel.services.continue_announcements import continue_announcements
from tests.faults.killed import Killed, at_any_time
from tests.fixtures.posting import Post, assert_balanced
from tests.services.announced import Hall

pytestmark = pytest.mark.faults

PEOPLE = 300
KILLS = 3

QUEUEING = Killed(
    imports="from funnel.services import continue_announcements as module",
    work="module.PEOPLE_AT_ONCE = 5\nmodule.continue_announcements(transactions)",
    progress="select queued from announcements",
    written="select count(*) from messages",
    at_rest=at_any_time,
    times=KILLS,
    within=1 / 60,
)


def test_everybody_gets_one_message_whenever_who_queues_them_is_killed(post: Post) -> None:
    world = post.world
    hall = Hall(post, PEOPLE)
    announcement = hall.announce()
    queued = QUEUEING.run(world, seed=7)
    assert 0 < queued < PEOPLE
    finished = continue_announcements(world.transactions)
    assert finished is not None
    assert (finished.id, finished.queued, finished.total) == (announcement.id, PEOPLE, PEOPLE)
    assert world.ask("select count(*) from messages") == PEOPLE
    assert world.ask("select count(distinct subscriber_id) from messages") == PEOPLE
    assert_balanced(world)
