"""One person's calendar with the draft, and with a card that is not saved yet."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from funnel.domain.calendar import LineState, PersonCalendar
from funnel.domain.errors import NotFoundError
from funnel.domain.readers import MadeUp
from funnel.domain.step_form import form_of
from funnel.domain.version_switch import PublishPolicy
from funnel.services.preview_draft import SomebodyIn, preview_draft
from tests.fixtures.posting import Post
from tests.fixtures.versions import SECOND, SLUG, WITH_BETWEEN, Desk
from tests.fixtures.world import TUESDAY_NOON, World

DAY = timedelta(days=1)


def days_of(calendar: PersonCalendar | None) -> dict[str, str]:
    assert calendar is not None
    return {each.key: f"{each.at:%a %d}" for each in calendar.lines if each.at is not None}


def in_days(days: str):
    form = form_of(SECOND)
    return replace(form, timing=replace(form.timing, days=days))


def test_somebody_made_up_joins_now_for_the_next_date(world: World) -> None:
    world.add_session(TUESDAY_NOON + 14 * DAY)
    preview = preview_draft(SLUG, MadeUp.USUAL, world.transactions)
    assert days_of(preview.before) == days_of(preview.after)
    assert days_of(preview.before) == {
        "your-seat": "Tue 04",
        "first": "Wed 05",
        "second": "Fri 07",
        "one-hour": "Tue 18",
    }
    assert not preview.is_made_up_date


def test_an_unsaved_card_moves_what_counts_from_it_and_nothing_is_written(world: World) -> None:
    world.add_session(TUESDAY_NOON + 14 * DAY)
    preview = preview_draft(
        SLUG, SomebodyIn(zone="Europe/Berlin"), world.transactions, ("second", in_days("5"))
    )
    assert days_of(preview.before)["second"] == "Fri 07"
    assert days_of(preview.after)["second"] == "Mon 10"
    assert world.ask("select count(*) from sequence_drafts") == 0


def test_a_card_that_cannot_be_leaves_the_calendar_and_names_its_field(world: World) -> None:
    preview = preview_draft(SLUG, MadeUp.NO_NAME, world.transactions, ("second", in_days("soon")))
    assert preview.before is not None
    assert preview.after is None
    assert [each.field for each in preview.problems] == ["timing.days"]
    assert preview.is_made_up_date


def test_without_a_seat_nothing_of_the_session_comes(world: World) -> None:
    somebody = SomebodyIn(zone="Europe/Berlin", has_seat=False)
    preview = preview_draft(SLUG, somebody, world.transactions)
    assert set(days_of(preview.before)) == {"first", "second"}


def test_somebody_real_is_moved_as_the_policy_says(post: Post) -> None:
    world = post.world
    desk = Desk(post=post)
    for step in world.definition.steps:
        world.publish_email(step.key, f"This is {step.key}.")
    run = world.enroll(
        world.add_person("ana@example.org"), world.add_session(TUESDAY_NOON + 14 * DAY)
    )
    desk.play_until(TUESDAY_NOON + 4 * DAY)
    desk.draft(WITH_BETWEEN)

    def state(policy: PublishPolicy) -> LineState | None:
        preview = preview_draft(SLUG, run, world.transactions, policy=policy)
        assert preview.after is not None
        found = [each for each in preview.after.lines if each.key == "between"]
        return found[0].state if found else None

    assert state(PublishPolicy.MOVE) is LineState.SKIPPED
    assert state(PublishPolicy.CATCH_UP) is LineState.COMING
    assert state(PublishPolicy.KEEP) is None
    before = preview_draft(SLUG, run, world.transactions).before
    assert before is not None
    assert {each.key: each.state for each in before.lines}["first"] is LineState.SENT
    assert world.ask("select count(*) from messages where step_key = 'between'") == 0


def test_nobody_else_is_shown(world: World) -> None:
    with pytest.raises(NotFoundError):
        preview_draft(SLUG, uuid4(), world.transactions)
