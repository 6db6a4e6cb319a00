"""Holding a launch again: what is copied, what is not, and that nothing of it is live."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from funnel.domain.errors import InvalidInputError, NotFoundError
from funnel.domain.launch_dates import FirstStart, Shift
from funnel.domain.session_plan import NewSession
from funnel.domain.version_switch import PublishPolicy
from funnel.services.add_session import add_session
from funnel.services.copy_launch import CopiedLaunch, NewLaunch, copy_launch
from funnel.services.list_sequences import list_sequences
from funnel.services.preview_draft import SomebodyIn, preview_draft
from funnel.services.publish_draft import PublishOrder, publish_draft
from funnel.services.read_sequence_page import read_sequence_page
from funnel.storage import sources
from tests.fixtures.posting import Post
from tests.fixtures.versions import BY, SLUG
from tests.fixtures.world import TUESDAY_NOON, World

BERLIN = ZoneInfo("Europe/Berlin")
# Before the change of the clocks on 30 March 2031.
MARCH = datetime(2031, 3, 18, 17, 0, tzinfo=UTC)


def copy(world: World, days: int = 28, slug: str = "april", **more: object) -> CopiedLaunch:
    new = NewLaunch(slug=slug, title="April", dates=Shift(days=days))
    return copy_launch(SLUG, new, by=BY, transactions=world.transactions)


def write_emails(world: World) -> None:
    for step in world.definition.steps:
        world.publish_email(step.key, f"This is {step.key}.")


def test_dates_move_by_whole_days_and_keep_the_hour_when_the_clocks_change(world: World) -> None:
    world.add_session(MARCH)
    world.add_session(MARCH + timedelta(days=1))
    copied = copy(world)
    assert [f"{each.starts_at.astimezone(BERLIN):%m-%d %H:%M}" for each in copied.dates] == [
        "04-15 18:00",
        "04-16 18:00",
    ]
    assert copied.dates[0].starts_at == datetime(2031, 4, 15, 16, 0, tzinfo=UTC)
    assert all(each.join_url == "" for each in copied.dates)


def test_dates_go_to_a_first_start_and_the_others_follow_by_days(world: World) -> None:
    world.add_session(MARCH)
    world.add_session(MARCH + timedelta(days=3))
    new = NewLaunch(
        slug="may", title="", dates=FirstStart(at=datetime(2031, 5, 6, 9, 30, tzinfo=UTC))
    )
    copied = copy_launch(SLUG, new, by=BY, transactions=world.transactions)
    assert [f"{each.starts_at.astimezone(BERLIN):%m-%d %H:%M}" for each in copied.dates] == [
        "05-06 11:30",
        "05-09 18:00",
    ]
    assert (copied.title, copied.days) == ("A short one", 49)


def test_a_launch_that_is_over_is_copied_with_its_own_dates(world: World) -> None:
    world.add_session(TUESDAY_NOON - timedelta(days=400))
    world.add_session(TUESDAY_NOON - timedelta(days=30))
    world.add_session(TUESDAY_NOON - timedelta(days=29))
    assert len(copy(world, 60).dates) == 2


def test_no_date_may_be_in_the_past(world: World) -> None:
    world.add_session(TUESDAY_NOON - timedelta(days=30))
    with pytest.raises(InvalidInputError, match="in the past") as caught:
        copy(world, 10)
    assert "21 days later" in caught.value.remedy
    assert list_sequences(world.transactions).drafts == ()


def test_texts_are_there_and_nobody_and_nothing_is_live(world: World) -> None:
    write_emails(world)
    world.enroll(world.add_person("ana@example.org"), world.add_session(MARCH))
    copied = copy(world)
    assert (copied.emails, copied.unwritten) == (4, ())
    page = read_sequence_page("april", world.transactions)
    assert (page.title, page.live_number, page.people, page.needs) == ("April", None, 0, ())
    assert {each.state for each in page.steps} == {"new"}
    assert all(each.template is not None and each.template.live_number for each in page.steps)
    found = list_sequences(world.transactions)
    assert [each.slug for each in found.lines] == [SLUG]
    assert [(each.slug, each.draft_by) for each in found.drafts] == [("april", BY)]
    with world.transactions.begin() as tx:
        source = sources.find(tx, "april")
    assert source is not None
    assert not source.is_active
    assert world.ask("select count(*) from enrollments") == 1


def test_it_can_be_previewed_and_given_more_dates_before_it_is_live(world: World) -> None:
    world.add_session(MARCH)
    copy(world)
    preview = preview_draft("april", SomebodyIn(zone="Pacific/Auckland"), world.transactions)
    assert preview.before is None
    assert preview.after is not None
    assert preview.after.session is not None
    assert preview.after.session.starts_at == datetime(2031, 4, 15, 16, 0, tzinfo=UTC)
    more = NewSession(
        sequence_slug="april",
        title="Once more",
        starts_at=datetime(2031, 4, 20, 16, 0, tzinfo=UTC),
        zone="Europe/Berlin",
    )
    add_session(more, world.transactions, by=BY)
    assert world.ask("select count(*) from sessions") == 3


def test_the_first_publish_opens_its_page(post: Post) -> None:
    world = post.world
    write_emails(world)
    world.add_session(MARCH)
    copy(world)
    order = PublishOrder(policy=PublishPolicy.KEEP, by=BY)
    report = publish_draft("april", order, post.delivery.builder, world.transactions)
    assert (report.number, report.replan) == (1, None)
    with world.transactions.begin() as tx:
        source = sources.find(tx, "april")
    assert source is not None
    assert (source.is_active, source.is_open_to_all) == (True, True)
    assert world.ask("select count(*) from sequences") == 2
    found = list_sequences(world.transactions)
    assert (len(found.lines), found.drafts) == (2, ())


def test_fixed_moments_move_along_and_comments_stay(world: World) -> None:
    world.add_session(MARCH)
    text = """# Ours.
title: A short one
steps:
  - key: first
    kind: service
    timing: on 2031-03-19T08:00:00Z  # the bell
"""
    world.execute("update sequence_versions set source = :text", text=text)
    copy(world)
    source = str(world.ask("select source from sequence_drafts"))
    assert "timing: on 2031-04-16T07:00:00Z" in source
    assert "# Ours." in source
    assert "# the bell" in source


@pytest.mark.parametrize("slug", [SLUG, "Not a name", ""])
def test_a_name_that_is_taken_or_none_is_refused(world: World, slug: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        copy(world, slug=slug)
    assert caught.value.field == "slug"
    assert caught.value.remedy


def test_what_is_not_there_cannot_be_copied(world: World) -> None:
    new = NewLaunch(slug="other", title="", dates=Shift(days=1))
    with pytest.raises(NotFoundError):
        copy_launch("nowhere", new, by=BY, transactions=world.transactions)
