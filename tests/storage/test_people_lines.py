"""The studio's list of people: who is found by what, and that no statement looks at everybody."""

from uuid import UUID

import pytest
from sqlalchemy import text

from funnel.services.list_people import list_people
from funnel.storage.people_lines import NEWEST, NEWEST_AFTER, WAYS, beginning
from tests.fixtures.world import World

MANY = 200_000
FILLED = """
    insert into subscribers (id, email, email_key, first_name, last_name, created_at)
    select gen_random_uuid(), address, address,
      (array['Ana', 'Bela', 'Özge', 'Mira', 'Noor'])[1 + n % 5],
      (array['Anders', 'Muster', 'Öz', 'van Dyk'])[1 + n % 4] || n, plan_now() - n * interval '1 s'
    from (select n, chr(97 + n % 26) || 'n-' || n || '@example.org' as address
          from generate_series(1, :many) n) people
"""


def found(world: World, asked: str) -> list[str]:
    return [each.line.email for each in list_people(asked, world.transactions).people]


def name(world: World, address: str, first: str, last: str) -> None:
    person = world.add_person(address)
    world.execute(
        "update subscribers set first_name = :first, last_name = :last where id = :id",
        first=first,
        last=last,
        id=person,
    )


@pytest.fixture
def three(world: World) -> World:
    name(world, "first@example.org", "Özge", "O'Neill")
    name(world, "second@example.org", "Ana", "Öztürk")
    name(world, "oez_1@example.org", "Ana Maria", "Muster")
    return world


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("öz", ["first@example.org", "second@example.org"]),
        ("ÖZGE O", ["first@example.org"]),
        ("  o'n ", ["first@example.org"]),
        ("ana  maria mus", ["oez_1@example.org"]),
        ("OEZ_1@Example", ["oez_1@example.org"]),
        ("oez%", []),
        ("ez_1", []),
        ("muster ana", []),
        ("\x00\u202e", ["oez_1@example.org", "second@example.org", "first@example.org"]),
        ("'; drop table subscribers; --", []),
    ],
)
def test_people_are_found_by_what_begins_so(three: World, asked: str, expected: list[str]) -> None:
    answer = found(three, asked)
    assert sorted(answer) == sorted(expected)


def test_one_character_finds_nobody_and_says_so(three: World) -> None:
    answer = list_people("a", three.transactions)
    assert answer.is_too_short and answer.people == () and answer.following is None


def test_who_fits_in_three_ways_is_found_once(world: World) -> None:
    name(world, "ana@example.org", "Ana", "Anders")
    assert found(world, "an") == ["ana@example.org"]


def test_the_forgotten_are_not_found(world: World) -> None:
    world.add_person("ana@example.org")
    world.execute("update subscribers set email = '', email_key = 'forgotten:1'")
    assert found(world, "forgotten") == found(world, "ana") == found(world, "") == []


@pytest.mark.parametrize("asked", ["", "an"], ids=["the newest", "a beginning"])
def test_page_by_page_everybody_comes_once(world: World, asked: str) -> None:
    world.execute(FILLED, many=130)
    expected = world.ask(
        "select count(*) from subscribers where :asked = '' or email like 'an%' "
        "or first_name like 'An%' or last_name like 'An%'",
        asked=asked,
    )
    seen: list[UUID] = []
    after = None
    for _ in range(10):
        page = list_people(asked, world.transactions, after=after)
        seen += [each.line.id for each in page.people]
        if page.following is None:
            break
        assert len(page.people) == 25
        after = page.following
    assert len(seen) == len(set(seen)) == expected
    assert len(seen) > 50


def test_who_share_a_name_are_not_lost_between_two_pages(world: World) -> None:
    world.execute(FILLED, many=60)
    world.execute("update subscribers set first_name = 'Ana', last_name = 'Muster'")
    first = list_people("ana", world.transactions)
    second = list_people("ana", world.transactions, after=first.following)
    third = list_people("ana", world.transactions, after=second.following)
    seen = [each.line.id for page in (first, second, third) for each in page.people]
    assert len(seen) == len(set(seen)) == 60
    assert third.following is None


def test_no_statement_looks_at_everybody(world: World) -> None:
    """With 200,000 people, common beginnings too: each plan goes by its index, and stops early."""
    world.execute(FILLED, many=MANY)
    world.execute("analyze subscribers")
    values = {
        "limit": 26,
        "begins": "an",
        "key": "an",
        "id": "00000000-0000-0000-0000-000000000000",
        "at": "2031-03-04T11:00:00Z",
    }
    indexes = ["by_name", "by_last_name", "by_address"]
    statements = [(beginning(way), f"ix_subscribers_{indexes[way]}") for way in range(len(WAYS))]
    statements += [(each, "ix_subscribers_newest") for each in (NEWEST, NEWEST_AFTER)]
    with world.transactions.begin_reading() as tx:
        for statement, index in statements:
            wanted = {each: values[each] for each in statement.compile().params}
            rows = tx.connection.execute(text(f"explain {statement.text}"), wanted).scalars()
            plan = "\n".join(rows)
            assert index in plan, plan
            assert "Seq Scan" not in plan, plan
            if "begins" in wanted:  # both ends of the range, or it reads all that stands before it
                (bounds,) = [each for each in plan.splitlines() if "Index Cond" in each]
                assert bounds.count("~>=~ 'an'::text") == 2, plan
                assert "~<~ 'an" in bounds, plan
            assert "Sort  " not in plan.replace("Incremental Sort", ""), plan
