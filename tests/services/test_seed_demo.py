import pytest

from funnel.domain.errors import NotFoundError
from funnel.services.seed_demo import DEMO_SEQUENCE, SeedReport, seed_demo

URL = "http://127.0.0.1:8000"


@pytest.fixture
def loaded(world):
    """The demo's sequence by name; what is in it matters to nobody here."""
    world.execute("update sequences set slug = :slug", slug=DEMO_SEQUENCE)
    return world


def test_it_adds_two_sources_and_three_dates(loaded):
    assert seed_demo(loaded.transactions, base_url=URL) == SeedReport(sessions=3, sources=2)
    assert loaded.ask("select cardinality(secrets) from sources where slug = 'demo'") == 1
    assert loaded.ask("select cardinality(secrets) from sources where slug = 'landing'") == 0
    assert loaded.ask("select count(*) from sessions where starts_at > plan_now()") == 3


def test_a_second_time_it_leaves_everything_as_it_is(loaded):
    seed_demo(loaded.transactions, base_url=URL)
    secret = loaded.ask("select secrets[1] from sources where slug = 'demo'")
    dates = loaded.ask("select array_agg(id order by id) from sessions")
    assert seed_demo(loaded.transactions, base_url=URL) == SeedReport(sessions=0, sources=0)
    assert loaded.ask("select secrets[1] from sources where slug = 'demo'") == secret
    assert loaded.ask("select array_agg(id order by id) from sessions") == dates


def test_rooms_follow_the_port_and_a_hosts_own_room_stays(loaded):
    seed_demo(loaded.transactions, base_url=URL)
    loaded.execute(
        """
        update sessions set join_url = 'https://meet.example.org/1'
        where starts_at = (select min(starts_at) from sessions)
        """
    )
    seed_demo(loaded.transactions, base_url="http://127.0.0.1:8001")
    rooms = loaded.ask("select array_agg(join_url order by starts_at) from sessions")
    assert rooms == ["https://meet.example.org/1", *["http://127.0.0.1:8001/demo/room"] * 2]


def test_without_the_sequence_it_says_so(world):
    with pytest.raises(NotFoundError, match=DEMO_SEQUENCE):
        seed_demo(world.transactions, base_url=URL)
