"""What time and changed facts make of messages that are on their way already."""

from datetime import UTC, datetime, timedelta
from threading import Thread

import pytest

from funnel.services.change_session import SessionChange, change_session
from funnel.services.choose_session import choose_session
from funnel.services.confirm_signup import confirm_signup
from funnel.services.dispatch_due import dispatch_due
from funnel.services.give_up_seat import give_up_seat
from funnel.services.remind_signups import remind_signups
from funnel.services.sweep_messages import sweep_messages
from funnel.storage.transaction import open_database
from tests.fixtures.posting import LIMITS, Post, assert_balanced, enrolled
from tests.fixtures.signups import RULES, VISITOR, Door
from tests.fixtures.world import TUESDAY_NOON, World
from tests.sending.scripted_server import Conversation, say

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
THURSDAY_EVENING = datetime(2031, 3, 6, 17, 0, tzinfo=UTC)
WEDNESDAY_NINE = datetime(2031, 3, 5, 8, 0, tzinfo=UTC)


def test_a_letter_opened_after_five_takes_the_next_day(post: Post) -> None:
    _, run = enrolled(post.world)
    post.deliver()
    post.world.travel_to(WEDNESDAY_NINE + 8 * HOUR - timedelta(seconds=5))
    batch = post.claim()
    post.world.travel_to(WEDNESDAY_NINE + 8 * HOUR + timedelta(seconds=1))
    assert post.deliver(batch) == {"to plan anew": 1}
    post.claim()
    letter = next(row for row in post.world.messages(run) if row.step_key == "first")
    # Thursday is the session's day, Friday the day after: Monday is the next allowed one.
    assert letter.status == "queued"
    assert letter.due_at == WEDNESDAY_NINE + 5 * DAY


def test_a_service_email_opened_too_late_is_skipped(post: Post) -> None:
    _, run = enrolled(post.world)
    post.deliver()
    post.world.travel_to(THURSDAY_EVENING - HOUR)
    batch = post.claim()
    post.world.travel_to(THURSDAY_EVENING - 29 * MINUTE)
    assert post.deliver(batch) == {"to plan anew": 1}
    assert post.claim() == []
    reminder = next(row for row in post.world.messages(run) if row.step_key == "one-hour")
    assert (reminder.status, reminder.reason) == ("skipped", "would be late")


def test_letters_that_lay_published_over_night_are_not_lost(post: Post) -> None:
    session = post.world.add_session(THURSDAY_EVENING + 14 * DAY)
    runs = [
        post.world.enroll(post.world.add_person(f"p{n}@example.org"), session) for n in range(6)
    ]
    post.deliver()
    post.world.travel_to(WEDNESDAY_NINE)
    batch = post.claim()
    post.world.travel_to(WEDNESDAY_NINE + DAY)
    post.deliver(batch)
    post.retry_now()
    post.deliver()
    assert {post.world.statuses(run)["first"] for run in runs} == {"accepted"}


@pytest.mark.parametrize("post", [{}], indirect=True)
def test_a_reminder_that_moves_while_it_waits_speaks_of_the_new_date_and_leaves_once(
    post: Post,
) -> None:
    post.world.publish_email("one-hour", "It begins {{ session.day }}.", layout="service")
    _, run = enrolled(post.world)
    post.deliver()
    post.world.travel_to(THURSDAY_EVENING - HOUR)
    post.server.script["RCPT"] = [say("450 4.2.1 greylisted")]
    assert post.deliver() == {"queued": 1}
    later = post.world.add_session(THURSDAY_EVENING + 7 * DAY)
    choose_session(run, later, VISITOR, post.world.transactions)
    post.world.travel_to(THURSDAY_EVENING + 7 * DAY - HOUR + timedelta(seconds=1))
    post.retry_now()
    post.deliver()
    change_session(later, SessionChange(join_url="https://room.example"), post.world.transactions)
    post.deliver()
    about = [mail for mail in post.server.accepted if b"It begins" in mail]
    assert len(about) == 1
    assert b"It begins Thursday 13 March." in about[0]
    assert "one-hour/1" not in post.world.statuses(run)


def test_a_deferral_during_which_the_run_is_planned_is_tried_again_in_time(post: Post) -> None:
    session = post.world.add_session(THURSDAY_EVENING)
    post.world.enroll(post.world.add_person(), session)
    post.deliver()
    post.world.travel_to(THURSDAY_EVENING - HOUR)

    def plan_meanwhile(conversation: Conversation) -> None:
        change = SessionChange(join_url="https://room.example")
        change_session(session, change, post.world.transactions)
        conversation.say("450 4.2.1 greylisted")

    post.server.script["RCPT"] = [plan_meanwhile]
    assert post.deliver() == {"queued": 1}
    post.claim()  # the run was woken, and gives the message its new revision
    post.retry_now()
    assert post.deliver() == {"accepted": 1}


def test_an_unknown_one_counts_from_its_hand_over(post: Post) -> None:
    enrolled(post.world)
    post.claim()
    post.world.execute(
        "update messages set status = 'sending', opened_at = plan_now(),"
        " lease_until = now() - interval '1 second'"
    )
    opened_at = post.world.ask("select opened_at from messages")
    post.world.travel_to(WEDNESDAY_NINE + 2 * DAY)
    sweep_messages(post.world.transactions, republish_after=30 * MINUTE)
    assert post.world.ask("select settled_at from messages where status = 'unknown'") == opened_at


def test_who_had_the_letters_alone_and_then_takes_a_seat_gets_all_that_belongs_to_it(
    post: Post,
) -> None:
    run = post.world.enroll(post.world.add_person(), None)
    for days in range(1, 12):
        post.world.travel_to(TUESDAY_NOON + days * DAY)
        post.deliver()
        post.deliver()
    assert post.world.ask("select state from enrollments") == "completed"
    session = post.world.add_session(TUESDAY_NOON + 20 * DAY)
    choose_session(run, session, VISITOR, post.world.transactions)
    post.deliver()
    assert post.world.statuses(run)["your-seat/1"] == "accepted"
    assert_balanced(post.world)


def test_the_reminder_to_confirm_asks_whether_there_is_anything_left_to_confirm(
    door: Door, post: Post
) -> None:
    post.world.publish_notice("confirm-again")
    session = door.world.add_session(TUESDAY_NOON + 4 * HOUR + 30 * MINUTE)
    ana = door.sign_up(session=session)
    door.sign_up("bob@example.org", session=session)
    door.world.execute("update messages set status = 'accepted', accepted_at = plan_now()")
    door.world.travel_to(TUESDAY_NOON + 4 * HOUR + MINUTE)
    remind_signups(door.world.transactions, RULES)
    confirm_signup(ana, None, VISITOR, door.world.transactions)
    door.world.travel_to(TUESDAY_NOON + 4 * HOUR + 40 * MINUTE)  # the session has begun
    claimed = post.claim()
    post.deliver(claimed)
    sent = door.world.ask(
        "select count(*) from messages where template_key = 'notices/confirm-again'"
        " and status <> 'skipped'"
    )
    assert sent == 0


def test_a_moved_date_is_not_told_to_who_gave_the_seat_up_since(door: Door, post: Post) -> None:
    post.world.publish_notice("session-moved")
    first = door.world.add_session(TUESDAY_NOON + 3 * DAY)
    second = door.world.add_session(TUESDAY_NOON + 5 * DAY)
    run = door.seat(session=first).enrollment_id
    choose_session(run, second, VISITOR, door.world.transactions)
    give_up_seat(run, door.world.transactions)
    post.deliver()
    status = door.world.ask(
        "select status from messages where template_key = 'notices/session-moved'"
    )
    assert status == "skipped"


def test_one_run_that_cannot_be_planned_stops_nobody(post: Post) -> None:
    session = post.world.add_session(THURSDAY_EVENING)
    odd = post.world.enroll(post.world.add_person("odd@example.org"), session)
    well = post.world.enroll(post.world.add_person("well@example.org"), session)
    post.world.execute(
        "update subscribers set zone = 'Nowhere/Atall' where email_key = 'odd@example.org'"
    )
    assert post.deliver() == {"accepted": 1}
    assert post.world.statuses(well) == {"your-seat": "accepted"}
    assert post.world.statuses(odd) == {}
    assert post.world.ask("select count(*) from enrollments where next_due_at > plan_now()") == 2


def test_dispatching_and_sending_take_their_locks_alike(world: World, post: Post) -> None:
    session = world.add_session(THURSDAY_EVENING)
    for number in range(60):
        world.enroll(world.add_person(f"p{number}@example.org"), session)
    post.deliver()
    world.travel_to(WEDNESDAY_NINE)
    batch = post.claim()
    world.travel_to(WEDNESDAY_NINE + 9 * HOUR)  # all are late: both sides act on the same runs
    errors: list[Exception] = []

    def dispatch() -> None:
        transactions = open_database(world.url, pool_size=1)
        try:
            for _ in range(30):
                list(dispatch_due(transactions, LIMITS))
        except Exception as error:  # noqa: BLE001  (handed to the test, which fails with it)
            errors.append(error)
        finally:
            transactions.close()

    other = Thread(target=dispatch)
    other.start()
    post.deliver(batch)
    other.join()
    assert errors == []
    assert_balanced(world)
