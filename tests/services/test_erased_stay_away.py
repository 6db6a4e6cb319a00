"""Somebody who was erased: no file and nobody who works here brings them back."""

from uuid import UUID

import pytest

from funnel.domain.consent import SuppressionReason
from funnel.domain.import_words import why
from funnel.domain.people_import import Reason
from funnel.domain.subscriber import address_hash
from funnel.services.continue_imports import continue_imports
from funnel.services.edit_do_not_email import allow_address, read_do_not_email, stop_address
from funnel.services.erase_person import erase_person
from funnel.services.import_people import start_import
from funnel.storage import suppressions
from tests.fixtures.signups import RULES, Door
from tests.fixtures.world import World
from tests.services.importing import kit, sums, take, told, upload

ADDRESS = "Ana@Example.org"
KEY = ADDRESS.lower()
BY = "coach@example.org"
ANA = '1,Ana,Ana@Example.org,active,2025-03-01,"vip",'
ANA_LEFT = "1,Ana,ana@example.org,unsubscribed,2025-03-01,,"
BEN = "2,Ben,ben@example.org,active,2025-03-01,,"


def erase(world: World, person: UUID) -> None:
    erase_person(person, ADDRESS, world.transactions, hash_key=RULES.hash_key, by=BY)


@pytest.fixture
def erased(world: World) -> World:
    """A world in which Ana was."""
    erase(world, world.add_person(KEY))
    return world


@pytest.mark.parametrize("line", [ANA, ANA_LEFT])
def test_an_import_leaves_them_out_in_the_trial_and_for_good(erased: World, line: str) -> None:
    trial = upload(erased, kit(line, BEN), sequence="short")
    assert sums(erased, trial) == {"new": 1, "on the list": 1}
    start_import(trial, by=BY, transactions=erased.transactions)
    continue_imports(erased.transactions, hash_key=RULES.hash_key)
    assert told(erased, trial) == [(2, "on the list", "suppressed: erased"), (3, "new", "")]
    said = why(Reason.read("suppressed: erased"))
    assert "they asked to be forgotten" in said
    assert erased.ask("select count(*) from subscribers where email_key = :key", key=KEY) == 0
    assert erased.ask("select count(*) from suppressions where email_key = :key", key=KEY) == 0


def test_what_stood_on_the_list_before_still_speaks_against_them(world: World) -> None:
    person = world.add_person(KEY)
    with world.transactions.begin() as tx:
        suppressions.add(tx, KEY, SuppressionReason.BOUNCED, source="smtp")
    erase(world, person)
    import_id = take(world, kit(ANA))
    assert told(world, import_id) == [(2, "on the list", "suppressed: bounced")]


def test_until_they_confirm_a_signup_of_their_own_they_stay_away(erased: World, door: Door) -> None:
    signup = door.accept(door.request(ADDRESS)).id
    asked = take(erased, kit(ANA))
    assert told(erased, asked) == [(2, "on the list", "suppressed: erased")]
    assert (
        erased.ask("select confirmed_at from subscribers where email_key = :key", key=KEY) is None
    )
    door.confirm(signup)
    again = take(erased, kit(ANA))
    assert [each[1] for each in told(erased, again)] == ["updated"]


def test_a_trial_that_is_older_than_the_erasure_lets_nobody_in(world: World) -> None:
    person = world.add_person(KEY)
    import_id = upload(world, kit(ANA, BEN))
    erase(world, person)
    start_import(import_id, by=BY, transactions=world.transactions)
    continue_imports(world.transactions, hash_key=RULES.hash_key)
    assert world.ask("select count(*) from subscribers where email = ''") == 1
    assert world.ask("select count(*) from subscribers") == 2
    assert world.ask("select email_key from import_lines where line = 2") is None


def test_stopped_by_hand_they_stand_there_by_their_hash_and_can_be_let_go_again(
    erased: World,
) -> None:
    def stop() -> bool:
        return stop_address(
            ADDRESS, "by phone", erased.transactions, hash_key=RULES.hash_key, by=BY
        )

    assert stop()
    assert not stop()
    (line,) = read_do_not_email("", erased.transactions).lines
    assert (line.reason, line.address) == (SuppressionReason.BY_HAND, "")
    assert line.source == f"{BY}: by phone"
    allow_address(line.key, erased.transactions, by=BY)
    hashed = address_hash(KEY, RULES.hash_key)
    with erased.transactions.begin() as tx:
        assert suppressions.find(tx, suppressions.erased_key(hashed)) is SuppressionReason.ERASED


def test_erased_twice_the_stronger_word_stays(erased: World, door: Door) -> None:
    door.confirm(door.accept(door.request(ADDRESS)).id)
    with erased.transactions.begin() as tx:
        suppressions.add(tx, KEY, SuppressionReason.COMPLAINED, source="smtp")
    person = erased.ask("select id from subscribers where email_key = :key", key=KEY)
    assert isinstance(person, UUID)
    erase(erased, person)
    hashed = address_hash(KEY, RULES.hash_key)
    with erased.transactions.begin() as tx:
        assert (
            suppressions.find(tx, suppressions.erased_key(hashed)) is SuppressionReason.COMPLAINED
        )
