"""What the text of a confirmation is made of, before anything is known of its person."""

from datetime import timedelta
from uuid import UUID

import pytest

from funnel.storage.merge_data import MergeData, load_merge_data
from funnel.storage.outbox import Claimed
from tests.fixtures.signups import Door
from tests.fixtures.world import TUESDAY_NOON


def _load(door: Door) -> MergeData:
    message_id = door.world.ask("select id from messages")
    assert isinstance(message_id, UUID)
    with door.world.transactions.begin() as tx:
        data = load_merge_data(tx, Claimed(id=message_id, epoch=0))
    assert data is not None
    return data


@pytest.mark.parametrize(
    ("given", "shown"),
    [("Asia/Tokyo", "Asia/Tokyo"), ("Mars/Phobos", "Europe/Berlin"), ("", "Europe/Berlin")],
)
def test_a_confirmation_shows_the_date_in_the_zone_given_or_in_the_date_s_own(
    door: Door, given: str, shown: str
) -> None:
    session = door.world.add_session(TUESDAY_NOON + timedelta(days=3))
    door.accept(door.request(session=session, zone=given))
    data = _load(door)
    assert data.zone == shown
    assert data.session is not None
    assert data.session.id == session


def test_a_confirmation_queued_before_shows_the_date_of_a_later_repeat(door: Door) -> None:
    first, second = (door.world.add_session(TUESDAY_NOON + timedelta(days=n)) for n in (3, 5))
    door.sign_up(session=first)
    door.sign_up(session=second)
    session = _load(door).session
    assert session is not None
    assert session.id == second
