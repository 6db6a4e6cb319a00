"""An email sent again to one person by hand: once, on a free day, and never against their word."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from funnel.domain.consent import Topic
from funnel.domain.errors import InvalidInputError, NotFoundError
from funnel.domain.signup import Visitor
from funnel.services.edit_do_not_email import stop_address
from funnel.services.give_up_seat import give_up_seat
from funnel.services.read_person_calendar import read_person_calendar
from funnel.services.resend_email import read_resend, resend_email
from funnel.services.unsubscribe import Word, unsubscribe
from tests.fixtures.posting import Post, assert_balanced, enrolled
from tests.fixtures.signups import RULES
from tests.fixtures.world import TUESDAY_NOON

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
BY = "coach@example.org"
WORD = Word(source="test", visitor=Visitor())


@pytest.fixture
def person(post: Post) -> tuple[UUID, UUID]:
    person, run = enrolled(post.world)
    post.deliver()
    return person, run


def letters_sent(post: Post, until: timedelta) -> None:
    for hours in range(0, int(until / HOUR) + 1, 6):
        post.world.travel_to(TUESDAY_NOON + hours * HOUR)
        post.deliver()


def test_a_service_email_leaves_at_once_as_another_copy(
    post: Post, person: tuple[UUID, UUID]
) -> None:
    _, run = person
    offer = read_resend(run, "your-seat", post.world.transactions)
    assert (offer.seen, offer.refusal, offer.leaves_at) == (1, "", offer.now)
    assert [each.status.value for each in offer.copies] == ["accepted"]
    resend_email(run, "your-seat", post.world.transactions, seen=1, by=BY)
    assert post.deliver() == {"accepted": 1}
    assert post.world.statuses(run) == {"your-seat": "accepted", "your-seat/1": "accepted"}
    row = "select array[action, detail ->> 'email', detail ->> 'copy'] from audit"
    assert post.world.ask(row) == ["email sent again", "your-seat", "1"]
    assert_balanced(post.world)


def test_pressed_twice_it_is_sent_once(post: Post, person: tuple[UUID, UUID]) -> None:
    _, run = person
    resend_email(run, "your-seat", post.world.transactions, seen=1, by=BY)
    with pytest.raises(InvalidInputError, match="sent again meanwhile"):
        resend_email(run, "your-seat", post.world.transactions, seen=1, by=BY)
    assert read_resend(run, "your-seat", post.world.transactions).refusal.startswith("It is on its")
    assert post.deliver() == {"accepted": 1}


def test_a_letter_waits_for_a_free_day_and_the_others_make_room(
    post: Post, person: tuple[UUID, UUID]
) -> None:
    _, run = person
    letters_sent(post, timedelta(hours=24))  # the first has left on Wednesday at nine
    offer = read_resend(run, "first", post.world.transactions)
    # Thursday is free of letters, and nine is when its window opens.
    assert offer.leaves_at == datetime(2031, 3, 6, 8, tzinfo=UTC)
    resend_email(run, "first", post.world.transactions, seen=1, by=BY)
    letters_sent(post, 14 * DAY)
    statuses = post.world.statuses(run)
    assert statuses["first/1"] == statuses["second"] == "accepted"
    assert_balanced(post.world)  # no two letters on one day among them


def test_a_run_that_had_ended_goes_on_for_it(post: Post, person: tuple[UUID, UUID]) -> None:
    _, run = person
    letters_sent(post, 14 * DAY)
    assert post.world.ask("select state from enrollments") == "completed"
    resend_email(run, "second", post.world.transactions, seen=1, by=BY)
    assert post.world.ask("select state from enrollments") == "active"
    letters_sent(post, 16 * DAY)
    assert post.world.statuses(run)["second/1"] == "accepted"
    assert post.world.ask("select state from enrollments") == "completed"
    assert_balanced(post.world)


def test_a_reminder_never_comes_too_late(post: Post, person: tuple[UUID, UUID]) -> None:
    _, run = person
    post.world.travel_to(datetime(2031, 3, 6, 16, 5, tzinfo=UTC))
    post.deliver()
    resend_email(run, "one-hour", post.world.transactions, seen=1, by=BY)
    assert post.deliver() == {"accepted": 1}
    post.world.travel_to(datetime(2031, 3, 6, 16, 45, tzinfo=UTC))
    with pytest.raises(InvalidInputError, match="too late"):
        resend_email(run, "one-hour", post.world.transactions, seen=2, by=BY)
    assert post.world.statuses(run) | {"first": ""} == {
        "your-seat": "accepted",
        "first": "",
        "one-hour": "accepted",
        "one-hour/1": "accepted",
    }
    assert_balanced(post.world)


@pytest.mark.parametrize(
    ("what", "key", "said"),
    [
        ("seat stopped", "your-seat", "do not want emails about their seat"),
        ("left", "your-seat", "do-not-email list"),
        ("by hand", "your-seat", "do-not-email list"),
        ("seat given up", "your-seat", "hold none"),
        ("nothing", "first", "never sent"),
    ],
)
def test_never_against_their_word(
    post: Post, person: tuple[UUID, UUID], what: str, key: str, said: str
) -> None:
    person_id, run = person
    transactions = post.world.transactions
    if what == "seat stopped":
        unsubscribe(person_id, Topic.SEAT, WORD, transactions)
    elif what == "left":
        unsubscribe(person_id, None, WORD, transactions)
    elif what == "by hand":
        stop_address("ana@example.org", "asked", transactions, hash_key=RULES.hash_key, by=BY)
    elif what == "seat given up":
        give_up_seat(run, transactions)
    offer = read_resend(run, key, transactions)
    assert said in offer.refusal and offer.remedy
    with pytest.raises(InvalidInputError, match=said):
        resend_email(run, key, transactions, seen=offer.seen, by=BY)


def test_who_leaves_before_it_left_does_not_get_it(post: Post, person: tuple[UUID, UUID]) -> None:
    person_id, run = person
    resend_email(run, "your-seat", post.world.transactions, seen=1, by=BY)
    batch = post.claim()
    unsubscribe(person_id, None, WORD, post.world.transactions)
    assert post.deliver(batch) == {"stale": 1}
    assert post.world.statuses(run)["your-seat/1"] == "cancelled"
    assert_balanced(post.world)


def test_nobody_and_nothing(post: Post, person: tuple[UUID, UUID]) -> None:
    with pytest.raises(NotFoundError):
        read_resend(post.world.sequence_id, "first", post.world.transactions)
    with pytest.raises(NotFoundError):
        read_resend(person[1], "nonsense", post.world.transactions)


def test_a_plan_made_anew_leaves_it_alone(post: Post, person: tuple[UUID, UUID]) -> None:
    _, run = person
    letters_sent(post, timedelta(hours=24))
    leaves_at = resend_email(run, "first", post.world.transactions, seen=1, by=BY)
    post.world.execute("update subscribers set first_name = 'Ana'")
    lines = read_person_calendar(run, post.world.transactions).lines
    assert [(each.copy, each.at) for each in lines if each.key == "first"][-1] == (1, leaves_at)
