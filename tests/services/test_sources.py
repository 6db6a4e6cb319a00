"""Sources: added with their secrets, changed, rotated."""

import pytest

from funnel.domain.errors import InvalidInputError, NotFoundError
from funnel.domain.signing import decode_webhook_secret
from funnel.domain.signup import LettersOffer
from funnel.services.add_source import NewSource, add_source, list_sources, rotate_secret
from funnel.services.change_source import SourceChange, change_source, read_mapping
from funnel.storage import sources
from funnel.storage.source_book import SourceBook
from tests.fixtures.world import World

NEW = NewSource(slug="wordpress", sequence_slug="short", has_form_secret=True)


def test_a_source_gets_its_secrets(world: World) -> None:
    source = add_source(NEW, world.transactions)
    assert len(decode_webhook_secret(source.secrets[0])) == 32
    assert source.form_secret
    assert len(source.form_secret) >= 32
    assert list_sources(world.transactions) == [source]
    # Whoever logs a source does not log its secrets.
    assert source.form_secret not in repr(source)
    assert source.secrets[0] not in repr(source)


@pytest.mark.parametrize("slug", ["", "Word Press", "a/b", "-a", "ü", "x" * 65])
def test_a_name_must_fit_into_an_address(world: World, slug: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        add_source(NewSource(slug=slug, sequence_slug="short"), world.transactions)
    assert caught.value.field == "slug"


def test_a_name_is_taken_once_and_its_sequence_exists(world: World) -> None:
    add_source(NEW, world.transactions)
    with pytest.raises(InvalidInputError):
        add_source(NEW, world.transactions)
    with pytest.raises(NotFoundError):
        add_source(NewSource(slug="b", sequence_slug="other"), world.transactions)


def test_a_former_secret_falls_away_with_the_second_rotation(world: World) -> None:
    first = add_source(NEW, world.transactions).secrets[0]
    second = rotate_secret("wordpress", world.transactions)
    third = rotate_secret("wordpress", world.transactions)
    secrets = list_sources(world.transactions)[0].secrets
    assert secrets == (third, second)
    assert first not in secrets


def test_what_is_not_named_stays(world: World) -> None:
    source = add_source(NEW, world.transactions)
    mapping = read_mapping(
        ["email=your-email", "email=mail", "session==next", "First-Name=vorname"]
    )
    assert mapping == {
        "email": ("your-email", "mail"),
        "session": ("=next",),
        "first_name": ("vorname",),
    }
    changed = change_source(
        "wordpress",
        SourceChange(field_mapping=mapping, per_minute=5, letters=LettersOffer.ASKED),
        world.transactions,
    )
    assert (changed.field_mapping, changed.per_minute) == (mapping, 5)
    assert changed.letters is LettersOffer.ASKED
    assert (changed.secrets, changed.is_double_opt_in) == (source.secrets, True)
    plain = change_source(
        "wordpress", SourceChange(field_mapping={}, per_minute=0), world.transactions
    )
    assert (plain.field_mapping, plain.per_minute) == ({}, None)


@pytest.mark.parametrize("word", ["email", "email=", "phone=tel", "=x"])
def test_a_mapping_names_fields_of_ours(word: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        read_mapping([word])
    assert caught.value.remedy


def test_the_book_forgets_within_seconds_and_knows_no_inactive_ones(world: World) -> None:
    add_source(NEW, world.transactions)
    now = [1000.0]
    book = SourceBook(world.transactions, sources.find, ticks=lambda: now[0])
    assert book.find("wordpress") is not None
    change_source("wordpress", SourceChange(is_active=False), world.transactions)
    now[0] += 4
    assert book.find("wordpress") is not None
    now[0] += 2
    assert book.find("wordpress") is None
    assert book.find("\x00") is None
