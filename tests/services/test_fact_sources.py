"""Fact sources: added with their secrets, changed, rotated, counted."""

import pytest

from funnel.domain.errors import InvalidInputError, NotFoundError
from funnel.domain.fact_source import EventStatus, FactEvent, PresetName
from funnel.domain.signing import decode_webhook_secret
from funnel.services.add_fact_source import (
    NewFactSource,
    add_fact_source,
    change_fact_source,
    find_fact_source,
    list_fact_sources,
    read_fact_mapping,
    rotate_fact_secret,
)
from funnel.services.receive_facts import receive_facts
from funnel.storage import fact_sources
from funnel.storage.source_book import SourceBook
from tests.fixtures.world import World

ZOOMS = "a-secret-token-of-zoom"


def _new(preset: PresetName, **values: object) -> NewFactSource:
    plain = {"slug": str(preset), "preset": preset}
    return NewFactSource(**(plain | values))  # type: ignore[arg-type]  # a test names its own


@pytest.mark.parametrize("preset", PresetName)
def test_a_secret_is_made_where_it_is_ours_to_make(world: World, preset: PresetName) -> None:
    source = add_fact_source(_new(preset), world.transactions)
    if preset in {PresetName.ZOOM, PresetName.STRIPE}:
        assert source.secrets == ()
        with pytest.raises(InvalidInputError, match="makes the secret itself"):
            rotate_fact_secret(preset, "", world.transactions)
        return
    assert len(source.secrets[0]) >= 40
    if preset is PresetName.GENERIC:
        assert len(decode_webhook_secret(source.secrets[0])) == 32
    # Whoever logs a source does not log its secrets.
    assert source.secrets[0] not in repr(source)
    assert find_fact_source(preset, world.transactions) == source


@pytest.mark.parametrize("slug", ["", "My Zoom", "a/b", "-a", "ü", "x" * 65])
def test_a_name_must_fit_into_an_address(world: World, slug: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        add_fact_source(_new(PresetName.ZOOM, slug=slug), world.transactions)
    assert caught.value.field == "slug"


def test_a_name_is_taken_once(world: World) -> None:
    add_fact_source(_new(PresetName.ZOOM), world.transactions)
    with pytest.raises(InvalidInputError) as caught:
        add_fact_source(_new(PresetName.ZOOM), world.transactions)
    assert caught.value.remedy


@pytest.mark.parametrize("secret", ["short", "with spaces in between it", "ü" * 20, "x" * 501])
def test_a_secret_that_cannot_be_one(world: World, secret: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        add_fact_source(_new(PresetName.ZOOM, secret=secret), world.transactions)
    assert caught.value.field == "secret"
    with pytest.raises(InvalidInputError):
        add_fact_source(_new(PresetName.GENERIC, secret=secret), world.transactions)


def test_a_former_secret_falls_away_with_the_second_rotation(world: World) -> None:
    transactions = world.transactions
    add_fact_source(_new(PresetName.ZOOM, secret=ZOOMS), transactions)
    for secret in (f"{ZOOMS}-2", f"{ZOOMS}-2", f"{ZOOMS}-3"):
        assert rotate_fact_secret("zoom", secret, transactions) == secret
    assert find_fact_source("zoom", transactions).secrets == (f"{ZOOMS}-3", f"{ZOOMS}-2")


def test_a_mapping_names_fields_of_its_preset_only(world: World) -> None:
    mapping = read_fact_mapping(["email=lead.mail", "email=mail", "name==call"])
    assert mapping == {"email": ("lead.mail", "mail"), "name": ("=call",)}
    add_fact_source(_new(PresetName.GENERIC, field_mapping=mapping), world.transactions)
    with pytest.raises(InvalidInputError, match="zoom maps no field “name”"):
        add_fact_source(_new(PresetName.ZOOM, field_mapping=mapping), world.transactions)
    with pytest.raises(InvalidInputError):
        change_fact_source("generic", world.transactions, field_mapping={"plan": ("x",)})
    for word in ("email", "=x", "email="):
        with pytest.raises(InvalidInputError):
            read_fact_mapping([word])


def test_what_is_not_named_stays(world: World) -> None:
    transactions = world.transactions
    add_fact_source(_new(PresetName.GENERIC, per_minute=5), transactions)
    change_fact_source("generic", transactions, field_mapping={"email": ("mail",)})
    change_fact_source("generic", transactions, is_active=False)
    source = find_fact_source("generic", transactions)
    assert (source.per_minute, source.is_active) == (5, False)
    assert source.field_mapping == {"email": ("mail",)}
    change_fact_source("generic", transactions, per_minute=0, field_mapping={})
    source = find_fact_source("generic", transactions)
    assert (source.per_minute, source.field_mapping) == (None, {})


def test_of_an_unknown_name_nothing_can_be_done(world: World) -> None:
    for act in (
        lambda: rotate_fact_secret("x", ZOOMS, world.transactions),
        lambda: change_fact_source("x", world.transactions, is_active=True),
        lambda: find_fact_source("x", world.transactions),
    ):
        with pytest.raises(NotFoundError):
            act()


def test_a_list_counts_what_became_of_the_events(world: World) -> None:
    transactions = world.transactions
    source = add_fact_source(_new(PresetName.GENERIC), transactions)
    assert list_fact_sources(transactions)[0].counts.numbers == {}
    events = [FactEvent(event_id=str(n), ignored_because=f"reason {n}") for n in range(3)]
    receive_facts(events, source, transactions)
    (line,) = list_fact_sources(transactions)
    assert line.counts.numbers == {EventStatus.IGNORED: 3}
    assert line.counts.newest_reason.startswith("reason")


def test_the_book_learns_of_changes_after_a_few_seconds(world: World) -> None:
    now = [0.0]
    book = SourceBook(world.transactions, fact_sources.find, ticks=lambda: now[0])
    assert book.find("generic") is None
    source = add_fact_source(_new(PresetName.GENERIC), world.transactions)
    assert book.find("generic") is None
    now[0] = 6
    assert book.find("generic") == source
    change_fact_source("generic", world.transactions, is_active=False)
    assert book.find("generic") == source
    now[0] = 12
    assert book.find("generic") is None
    assert book.find("%00") is None
