"""Drafts of emails, their check, publishing, versions: as people do it on the studio's pages."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from funnel.domain.errors import DraftConflictError, InvalidInputError, NotFoundError
from funnel.domain.links import Links
from funnel.domain.readers import MadeUp, MadeUpReader, PersonReader
from funnel.domain.signing import LinkTokens
from funnel.rendering.confinement import Confinement
from funnel.rendering.renderer import Renderer
from funnel.services.build_email import EmailBuilder
from funnel.services.edit_template import (
    discard_template_draft,
    read_template,
    save_template_draft,
)
from funnel.services.preview_template import Previewing, preview_template
from funnel.services.publish_template import (
    TemplateCheckError,
    check_template,
    publish_template,
)
from funnel.services.read_template_versions import (
    list_versions,
    rendered_difference,
    text_difference_of,
)
from funnel.services.read_templates import list_templates
from funnel.services.roll_back_template import roll_back_template
from funnel.storage.audit import list_newest
from tests.fixtures.posting import Post, enrolled
from tests.fixtures.world import EMAIL, World

USUAL = MadeUpReader(kind=MadeUp.USUAL)


@pytest.fixture(scope="module")
def confinement() -> Iterator[Confinement]:
    made = Confinement()
    yield made
    made.close()


@pytest.fixture
def previewing(post: Post, confinement: Confinement) -> Previewing:
    return Previewing(
        transactions=post.world.transactions,
        builder=EmailBuilder(
            links=Links("https://funnel.example.org", LinkTokens([b"1" * 32])), renderer=Renderer()
        ),
        confinement=confinement,
    )


def source(text: str, subject: str = "A subject") -> str:
    return EMAIL.format(subject=subject, layout="letter", text=text)


def save(world: World, text: str, *, seen: int = 0, by: str = "mira", key: str = ""):
    key = key or key_of(world)
    return save_template_draft(key, text, seen=seen, by=by, transactions=world.transactions)


def key_of(world: World) -> str:
    return f"{world.definition.slug}/first"


def page(world: World):
    return read_template(key_of(world), world.transactions)


def publish(world: World, previewing: Previewing, text: str):
    draft = save(world, text)
    return publish_template(key_of(world), seen=draft.revision, by="mira", previewing=previewing)


def audited(world: World) -> list[str]:
    with world.transactions.begin() as tx:
        return [each.action for each in reversed(list_newest(tx, limit=20))]


def test_a_draft_is_read_as_it_was_saved_right_or_wrong(post: Post):
    world, wrong = post.world, "no front matter {{ \u202e <script>"
    draft = save(world, wrong)
    assert page(world).source == wrong
    assert page(world).draft == draft
    assert page(world).live.number == 1


def test_the_same_text_again_changes_nothing(post: Post):
    draft = save(post.world, "one")
    assert save(post.world, "one", seen=draft.revision) == draft
    assert audited(post.world) == ["template.edited"]


def test_who_saves_over_another_text_is_shown_both(post: Post):
    world = post.world
    first = save(world, "one")
    second = save(world, "theirs", seen=first.revision, by="tom")
    for seen in (first.revision, 0):
        with pytest.raises(DraftConflictError) as caught:
            save(world, "yours", seen=seen)
        error = caught.value
        assert (error.theirs, error.yours, error.by) == ("theirs", "yours", "tom")
        assert (error.revision, error.at) == (str(second.revision), second.updated_at)
    assert page(world).source == "theirs"


def test_two_who_save_at_once_are_told_and_no_text_is_lost(post: Post):
    world = post.world
    seen = save(world, "begun").revision
    barrier = Barrier(4)

    def one(name: str) -> str:
        barrier.wait()
        try:
            return save(world, name, seen=seen, by=name).source
        except DraftConflictError as error:
            return error.theirs if error.yours == name else "somebody else's text"

    with ThreadPoolExecutor(4) as pool:
        results = set(pool.map(one, ["a", "b", "c", "d"]))
    assert results == {page(world).source}


def test_a_discarded_draft_can_be_put_back_and_its_old_pages_do_not_overwrite_a_new_one(post: Post):
    world = post.world
    old = save(world, "mine")
    was = discard_template_draft(
        key_of(world), seen=old.revision, by="mira", transactions=world.transactions
    )
    assert was == old
    assert page(world).draft is None
    save(world, was.source)
    assert page(world).source == "mine"
    with pytest.raises(DraftConflictError):
        save(world, "from the old tab", seen=old.revision)


def test_only_the_draft_that_was_seen_is_discarded(post: Post):
    world = post.world
    old = save(world, "mine")
    save(world, "theirs", seen=old.revision, by="tom")
    with pytest.raises(DraftConflictError):
        discard_template_draft(
            key_of(world), seen=old.revision, by="mira", transactions=world.transactions
        )
    assert page(world).source == "theirs"


def test_what_no_database_keeps_is_refused_with_its_line(post: Post):
    for text, words in (("one\ntw\x00o", "Line 2"), ("x" * 250_001, "250,001")):
        with pytest.raises(InvalidInputError, match=words) as caught:
            save(post.world, text)
        assert caught.value.remedy


def test_there_is_no_draft_of_an_email_that_nobody_asks_for(post: Post):
    with pytest.raises(NotFoundError):
        save(post.world, "text", key="short/nothing")


def test_a_real_person_sees_what_they_would_get_and_its_links_open_nothing(
    post: Post, previewing: Previewing
):
    person, run = enrolled(post.world)
    reader = PersonReader(subscriber_id=person, enrollment_id=run)
    text = source(
        "{{ person.greeting }} {{ session.day }} {{ links.join }} {{ links.preferences }}"
    )
    found = preview_template(key_of(post.world), text, reader, previewing)
    assert found.error is None
    assert "Hello Ana," in found.text
    assert "6 March" in found.text
    assert post.delivery.builder.links.join(run) not in found.text
    assert (
        preview_template(key_of(post.world), text, PersonReader(subscriber_id=person), previewing)
        == found
    )


@pytest.mark.parametrize("kind", list(MadeUp))
def test_each_made_up_reader_gets_each_email(post: Post, previewing: Previewing, kind: MadeUp):
    post.world.publish_notice("session-moved")
    text = source("{{ person.greeting }} {{ session.hour }} {{ replay.url }}")
    for key in (key_of(post.world), "notices/session-moved", "notices/confirm"):
        found = preview_template(key, text, MadeUpReader(kind=kind), previewing)
        assert found.error is None, found.error
        assert "https://example.org" not in found.text or "replay" not in found.text


def test_a_value_that_somebody_lacks_is_named_with_the_person_and_the_line(
    post: Post, previewing: Previewing
):
    enrolled(post.world)
    lost = post.world.add_person("bea@example.org")
    post.world.enroll(lost)
    text = source("One\n\nSee you on {{ session.day }}.")
    found = preview_template(key_of(post.world), text, USUAL, previewing)
    missing = next(each for each in found.findings if each.code == "value-missing")
    assert "session.day" in missing.message
    assert missing.line == text.split("\n").index("See you on {{ session.day }}.") + 1
    assert "1 of 2" in missing.people or "one of 2" in missing.people


def test_publishing_reaches_everybody_and_takes_the_draft_away(post: Post, previewing: Previewing):
    enrolled(post.world)
    published = publish(post.world, previewing, source("Another text, {{ person.greeting }}"))
    assert (published.number, published.people) == (2, 1)
    now = page(post.world)
    assert (now.live.number, now.live.origin, now.live.published_by) == (2, "draft", "mira")
    assert now.draft is None
    assert audited(post.world) == ["template.edited", "template.published"]


def test_what_cannot_be_rendered_for_somebody_is_not_published(post: Post, previewing: Previewing):
    enrolled(post.world)
    lost = post.world.add_person("bea@example.org")
    post.world.enroll(lost)
    draft = save(post.world, source("See you on {{ session.day }}."))
    with pytest.raises(TemplateCheckError, match=r"session\.day") as caught:
        publish_template(key_of(post.world), seen=draft.revision, by="mira", previewing=previewing)
    (failure,) = caught.value.check.failures
    assert (failure.subscriber_id, failure.variable, failure.people) == (lost, "session.day", 1)
    assert (page(post.world).live.number, page(post.world).draft) == (1, draft)


@pytest.mark.parametrize(
    "text",
    [
        "no front matter",
        "---\nsubject: x\npreheader: y\nlayout: letter\n---\n{{ nothing.here }}",
        "---\nsubject: x\npreheader: y\nlayout: letter\n---\n[a](javascript:alert(1))",
        "---\nsubject: x\npreheader: y\nlayout: letter\n---\n"
        + "{{ "
        + "(" * 9_000
        + "1"
        + ")" * 9_000
        + " }}",
    ],
    ids=["no front matter", "unknown name", "script", "too deep"],
)
def test_an_error_publishes_nothing(post: Post, previewing: Previewing, text: str):
    draft = save(post.world, text)
    assert not check_template(key_of(post.world), previewing).is_passed
    with pytest.raises(TemplateCheckError) as caught:
        publish_template(key_of(post.world), seen=draft.revision, by="mira", previewing=previewing)
    assert str(caught.value)
    assert caught.value.remedy is not None
    assert (page(post.world).live.number, page(post.world).source) == (1, text)


def test_a_draft_begun_from_another_version_is_published_only_knowingly(
    post: Post, previewing: Previewing
):
    world = post.world
    draft = save(world, source("Mine."))
    world.publish_email("first", "Loaded meanwhile.")
    assert page(world).is_outdated
    given = {"seen": draft.revision, "by": "mira", "previewing": previewing}
    with pytest.raises(DraftConflictError, match="Version 2") as caught:
        publish_template(key_of(world), **given)
    assert "Loaded meanwhile." in caught.value.theirs
    assert publish_template(key_of(world), **given, over=2).number == 3


def test_what_was_changed_while_it_was_looked_at_is_not_published(
    post: Post, previewing: Previewing
):
    old = save(post.world, source("Mine."))
    save(post.world, source("Theirs."), seen=old.revision, by="tom")
    with pytest.raises(DraftConflictError):
        publish_template(key_of(post.world), seen=old.revision, by="mira", previewing=previewing)
    assert page(post.world).live.number == 1


def test_what_says_nothing_new_is_not_published(post: Post, previewing: Previewing):
    draft = save(post.world, page(post.world).source)
    with pytest.raises(InvalidInputError, match="live already"):
        publish_template(key_of(post.world), seen=draft.revision, by="mira", previewing=previewing)


def test_a_roll_back_is_a_new_version_that_says_the_same(post: Post, previewing: Previewing):
    world = post.world
    before = page(world).live
    publish(world, previewing, source("Second."))
    rolled = roll_back_template(key_of(world), 1, by="tom", previewing=previewing)
    now = page(world).live
    assert (rolled.number, now.origin, now.published_by) == (3, "rollback", "tom")
    assert (now.source, now.checksum) == (before.source, before.checksum)
    assert [each.number for each in list_versions(key_of(world), world.transactions).versions] == [
        3,
        2,
        1,
    ]
    with pytest.raises(InvalidInputError):
        roll_back_template(key_of(world), 1, by="tom", previewing=previewing)


def test_a_roll_back_to_what_somebody_cannot_get_is_refused(post: Post, previewing: Previewing):
    world = post.world
    publish(world, previewing, source("{{ session.day }}"))
    publish(world, previewing, source("Third."))
    world.enroll(world.add_person("bea@example.org"))
    with pytest.raises(TemplateCheckError):
        roll_back_template(key_of(world), 2, by="tom", previewing=previewing)
    assert page(world).live.number == 3


def test_differences_in_text_and_as_people_get_them(post: Post, previewing: Previewing):
    world = post.world
    person, _ = enrolled(world)
    save(world, source("The first letter, {{ person.first_name }}.", subject="Another"))
    lines = text_difference_of(key_of(world), 1, None, world.transactions)
    assert any(piece.is_changed for line in lines for piece in line.new)
    (found,) = rendered_difference(key_of(world), 1, None, previewing)
    assert (found.subscriber_id, found.differs) == (person, True)
    new = "".join(piece.text for line in found.lines for piece in line.new)
    assert "The first letter, Ana." in new


def test_the_list_has_every_email_and_who_has_a_draft_open(post: Post):
    save(post.world, "draft")
    groups = list_templates(post.world.transactions)
    assert [each.slug for each in groups] == [post.world.definition.slug, None]
    first = next(each for each in groups[0].lines if each.key == key_of(post.world))
    assert (first.live_number, first.draft_by, first.is_planned) == (1, "mira", False)
    assert len(groups[1].lines) == 5
