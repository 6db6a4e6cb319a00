"""Values that an email prints for people who have none: named, counted, and held back."""

from collections.abc import Iterator

import pytest
from sqlalchemy import update

from funnel.domain.links import Links
from funnel.domain.readers import MadeUp, MadeUpReader
from funnel.domain.signing import LinkTokens
from funnel.rendering.confinement import Confinement
from funnel.rendering.finding import Severity
from funnel.rendering.renderer import Renderer
from funnel.services.build_email import EmailBuilder
from funnel.services.edit_template import save_template_draft
from funnel.services.preview_template import Previewing, preview_template
from funnel.services.publish_template import check_template
from funnel.storage.tables import SubscriberRow
from tests.fixtures.posting import Post, enrolled
from tests.fixtures.world import EMAIL

GREETED = "Hello {{ person.first_name }},"
GUARDED = "Hello{% if person.first_name %} {{ person.first_name }}{% endif %},"


@pytest.fixture(scope="module")
def confinement() -> Iterator[Confinement]:
    made = Confinement()
    yield made
    made.close()


@pytest.fixture
def previewing(post: Post, confinement: Confinement) -> Previewing:
    links = Links("https://funnel.example.org", LinkTokens([b"1" * 32]))
    return Previewing(
        transactions=post.world.transactions,
        builder=EmailBuilder(links=links, renderer=Renderer()),
        confinement=confinement,
    )


def text(words: str) -> str:
    return EMAIL.format(subject="A subject", layout="letter", text=words)


def gaps(findings):
    return [each for each in findings if each.code == "value-empty"]


def test_an_empty_name_holds_the_text_back_and_says_for_how_many(
    post: Post, previewing: Previewing
):
    world = post.world
    enrolled(world)
    nameless, _ = enrolled(world, "nameless@example.org")
    with world.transactions.begin() as tx:
        rows = update(SubscriberRow).where(SubscriberRow.id == nameless)
        tx.connection.execute(rows.values(first_name=""))
    key = f"{world.definition.slug}/{world.definition.steps[0].key}"
    save_template_draft(key, text(GREETED), seen=0, by="mira", transactions=world.transactions)
    check = check_template(key, previewing)
    (found,) = gaps(check.errors)
    assert (check.is_passed, found.people) == (
        False,
        "nameless@example.org, one of 2 who are to get it",
    )
    assert "{{ person.greeting }}" in found.remedy
    assert "{% if person.first_name %}" in found.remedy


@pytest.mark.parametrize("kind", [MadeUp.USUAL, MadeUp.NO_NAME], ids=str)
def test_a_text_is_tried_for_somebody_without_a_name_whoever_reads_it(
    post: Post, previewing: Previewing, kind: MadeUp
):
    key = f"{post.world.definition.slug}/{post.world.definition.steps[0].key}"
    reader = MadeUpReader(kind=kind)
    (found,) = gaps(preview_template(key, text(GREETED), reader, previewing).findings)
    assert found.severity is Severity.ERROR
    assert not gaps(preview_template(key, text(GUARDED), reader, previewing).findings)


def test_other_gaps_are_for_the_author_to_weigh(post: Post, previewing: Previewing):
    key = f"{post.world.definition.slug}/{post.world.definition.steps[0].key}"
    reader = MadeUpReader(kind=MadeUp.NO_NAME)
    found = gaps(
        preview_template(key, text("Of {{ person.last_name }}"), reader, previewing).findings
    )
    assert [each.severity for each in found] == [Severity.WARNING]
