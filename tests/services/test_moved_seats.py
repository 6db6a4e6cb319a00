"""People who choose, change or give up a seat while its session moves or is called off."""

from datetime import timedelta
from uuid import UUID

import pytest

from funnel.domain.signup import SessionUnavailableError
from funnel.services.cancel_session import cancel_session
from funnel.services.choose_session import choose_session
from funnel.services.continue_replans import continue_replans
from funnel.services.give_up_seat import give_up_seat
from funnel.services.move_session import move_session
from tests.fixtures.posting import Post, assert_balanced
from tests.fixtures.signups import VISITOR, Door, add_source
from tests.fixtures.world import TUESDAY_NOON, World

DAY = timedelta(days=1)
THURSDAY = TUESDAY_NOON + 2 * DAY
FRIDAY = TUESDAY_NOON + 3 * DAY
MONDAY = TUESDAY_NOON + 6 * DAY


@pytest.fixture
def session(world: World) -> UUID:
    return world.add_session(THURSDAY, seats=1)


@pytest.fixture
def ana(post: Post, session: UUID) -> UUID:
    """Ana's run: she holds the one seat, and has its email."""
    world = post.world
    for notice in ("welcome", "session-moved", "session-cancelled"):
        world.publish_notice(notice)
    run = Door(world=world, source=add_source(world)).seat(session=session).enrollment_id
    world.execute("delete from messages where template_key = 'notices/confirm'")
    post.deliver()
    assert world.statuses(run)["your-seat"] == "accepted"
    return run


def sent(world: World) -> list[str]:
    """Return the notices that have left, by their order."""
    with world.transactions.begin() as tx:
        rows = tx.connection.exec_driver_sql(
            "select template_key from messages where kind = 'notice' and status = 'accepted'"
            " order by accepted_at"
        )
        return [row[0].removeprefix("notices/") for row in rows]


def move(world: World, session: UUID) -> None:
    move_session(session, FRIDAY, by="test", transactions=world.transactions)


def finish(post: Post) -> None:
    """Plan everybody, send what is due, and see that the books are right."""
    while continue_replans(post.world.transactions) is not None:
        pass
    post.deliver()
    post.deliver()


def test_who_gave_the_seat_up_before_it_was_reached_hears_nothing(
    post: Post, session: UUID, ana: UUID
) -> None:
    move(post.world, session)
    give_up_seat(ana, post.world.transactions)
    finish(post)
    assert sent(post.world) == []


def test_who_gave_it_up_after_it_was_reached_hears_nothing(
    post: Post, session: UUID, ana: UUID
) -> None:
    move(post.world, session)
    continue_replans(post.world.transactions)
    give_up_seat(ana, post.world.transactions)
    finish(post)
    assert sent(post.world) == []


@pytest.mark.parametrize("is_reached", [False, True])
def test_who_takes_another_date_meanwhile_hears_of_that_one_only(
    post: Post, session: UUID, ana: UUID, *, is_reached: bool
) -> None:
    world = post.world
    other = world.add_session(MONDAY)
    move(world, session)
    if is_reached:
        continue_replans(world.transactions)
    choose_session(ana, other, VISITOR, world.transactions)
    finish(post)
    assert sent(world) == ["session-moved"]
    assert (
        world.ask(
            "select session_id from messages where template_key = 'notices/session-moved'"
            " and status = 'accepted'"
        )
        == other
    )
    assert_balanced(world)


def test_a_moved_session_stays_full_until_a_seat_is_free(
    post: Post, session: UUID, ana: UUID
) -> None:
    world = post.world
    bea = world.enroll(world.add_person("bea@example.org"))
    post.deliver()
    move(world, session)
    with pytest.raises(SessionUnavailableError):
        choose_session(bea, session, VISITOR, world.transactions)
    give_up_seat(ana, world.transactions)
    assert choose_session(bea, session, VISITOR, world.transactions).starts_at == FRIDAY
    finish(post)
    # Bea came after the move: she was shown the date that stands.
    assert sent(world) == []


def test_who_takes_another_date_before_the_call_off_reached_them_keeps_it(
    post: Post, session: UUID, ana: UUID
) -> None:
    world = post.world
    other = world.add_session(MONDAY)
    cancel_session(session, world.transactions)
    choose_session(ana, other, VISITOR, world.transactions)
    finish(post)
    assert sent(world) == ["session-moved"]
    assert world.ask("select session_id from enrollments where id = :id", id=ana) == other


def test_a_person_s_own_change_that_has_not_left_is_taken_over(
    post: Post, session: UUID, ana: UUID
) -> None:
    """Ana changes to Monday; before her email leaves, the host moves that one as well."""
    world = post.world
    other = world.add_session(MONDAY)
    choose_session(ana, other, VISITOR, world.transactions)
    move_session(other, MONDAY + DAY, by="test", transactions=world.transactions)
    finish(post)
    assert sent(world) == ["session-moved"]
    told = "select data -> '{}' ->> 'starts_at' from messages where template_key = '{}' and {}"
    left = ("notices/session-moved", "status = 'accepted'")
    assert world.ask(told.format("former", *left)) == THURSDAY.isoformat()
    assert world.ask(told.format("told", *left)) == (MONDAY + DAY).isoformat()
