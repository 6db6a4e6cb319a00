"""Accepting signups: once for ever, limits per address, suppression, and nothing revealed."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from uuid import uuid4

import pytest

from funnel.domain.errors import InvalidInputError
from funnel.domain.signup import AcceptedSignup, SessionWish, SignupRequest
from funnel.services.accept_signup import accept_signup
from funnel.storage import signup_accept
from funnel.storage.transaction import Transactions
from tests.fixtures.signups import Door, MakeDoor
from tests.fixtures.world import TUESDAY_NOON

DAY = timedelta(days=1)


def _accepts(
    door: Door, requests: Sequence[SignupRequest]
) -> list[Callable[[Transactions], AcceptedSignup]]:
    def accept(request: SignupRequest, transactions: Transactions) -> AcceptedSignup:
        return accept_signup(request, door.source, transactions, door.rules)

    return [partial(accept, each) for each in requests]


def test_a_signup_is_kept_and_its_confirmation_queued(door: Door) -> None:
    session = door.world.add_session(TUESDAY_NOON + 3 * DAY)
    signup_id = door.sign_up(session=session)
    assert door.status(signup_id) == "pending"
    row = door.world.ask(
        "select array[lane, status, kind, signup_id::text, dedupe_key] from messages"
    )
    assert row == ["notices", "queued", "notice", str(signup_id), f"confirm:{signup_id}"]
    assert door.world.ask("select payload from signups") == b'{"email": "as it came"}'
    assert door.world.ask("select expires_at - received_at from signups") == 7 * DAY
    assert door.world.ask("select next_at - received_at from signups") == timedelta(hours=4)


def test_nothing_of_a_signup_reaches_the_person_before_it_is_confirmed(door: Door) -> None:
    door.sign_up()
    row = door.world.ask("select array[first_name, zone, fields::text] from subscribers")
    assert row == ["", "UTC", "{}"]
    assert door.world.ask("select count(*) from consents") == 0
    assert door.world.ask("select count(*) from enrollments") == 0


def test_the_same_call_again_changes_nothing_for_ever(door: Door) -> None:
    request = door.request(external_id="msg_1")
    first = door.accept(request)
    door.world.travel_to(TUESDAY_NOON + 400 * DAY)
    again = door.accept(request)
    other_address = door.accept(door.request("bea@example.org", external_id="msg_1"))
    assert first.is_new
    assert (again.id, again.is_new) == (first.id, False)
    assert (other_address.id, other_address.is_new) == (first.id, False)
    assert door.world.ask("select count(*) from signups") == 1
    assert door.world.ask("select count(*) from subscribers") == 1
    assert door.notices("confirm") == 1


def test_the_same_call_at_one_moment_is_one_signup(door: Door) -> None:
    """Different addresses under one id do not wait for each other's person."""
    requests = [
        door.request(f"person-{index % 3}@example.org", external_id=f"msg_{index // 8}")
        for index in range(80)
    ]
    accepted = [
        each for each in door.at_once(_accepts(door, requests)) if isinstance(each, AcceptedSignup)
    ]
    assert len(accepted) == 80
    assert len({each.id for each in accepted}) == 10
    assert sum(each.is_new for each in accepted) == 10
    assert door.world.ask("select count(*) from signups") == 10


def test_one_person_at_one_moment_is_mailed_once(door: Door) -> None:
    requests = [door.request(spelling) for spelling in ("ana@example.org", "Ana@EXAMPLE.org") * 12]
    door.at_once(_accepts(door, requests))
    assert door.world.ask("select count(*) from subscribers") == 1
    assert door.world.ask("select count(*) from signups where status = 'pending'") == 1
    assert door.world.ask("select count(*) from signups where status = 'merged'") == 23
    assert door.notices("confirm") == 1


def test_a_repeat_while_one_is_pending_changes_that_one(door: Door) -> None:
    first, second = (door.world.add_session(TUESDAY_NOON + days * DAY) for days in (3, 10))
    pending = door.sign_up(session=first)
    repeat = door.accept(door.request(session=second, zone="Asia/Tokyo", first_name="Anna"))
    assert door.status(pending) == "pending"
    assert door.status(repeat.id) == "merged"
    row = door.world.ask(
        "select array[session_id::text, zone, first_name] from signups where id = :id", id=pending
    )
    assert row == [str(second), "Asia/Tokyo", "Anna"]
    assert door.notices("confirm") == 1


def test_a_repeat_a_day_later_is_mailed_again_with_the_same_link(door: Door) -> None:
    pending = door.sign_up()
    door.world.travel_to(TUESDAY_NOON + DAY - timedelta(minutes=1))
    door.sign_up()
    assert door.notices("confirm") == 1
    door.world.travel_to(TUESDAY_NOON + DAY + timedelta(minutes=1))
    door.sign_up()
    assert door.notices("confirm") == 2
    assert door.world.ask("select count(distinct signup_id) from messages") == 1
    # The newer mail's link lasts as long as any other.
    expires_at = door.world.ask("select expires_at from signups where id = :id", id=pending)
    assert expires_at >= TUESDAY_NOON + 8 * DAY  # type: ignore[operator]


def test_three_confirmations_in_thirty_days_and_no_more(door: Door) -> None:
    for days in range(0, 30, 2):
        door.world.travel_to(TUESDAY_NOON + days * DAY)
        door.sign_up()
    assert door.notices("confirm") == 3
    door.world.travel_to(TUESDAY_NOON + 31 * DAY)
    door.sign_up()
    assert door.notices("confirm") == 4


def test_limits_count_over_the_sequences_of_an_address(door: Door, make_door: MakeDoor) -> None:
    """Another source leads to the same mailbox."""
    door.sign_up()
    door.world.execute("update signups set status = 'expired'")
    other = make_door(slug="other")
    limited = other.sign_up("ANA@example.org")
    assert other.status(limited) == "limited"
    assert other.notices("confirm") == 1


def test_confirmed_signups_do_not_count_for_the_limits(door: Door) -> None:
    for _ in range(5):
        door.seat()
    assert door.world.ask("select count(*) from signups where status = 'confirmed'") == 5


@pytest.mark.parametrize("reason", ["bounced", "complained", "erased", "by hand"])
def test_a_suppressed_address_is_recorded_and_not_mailed(door: Door, reason: str) -> None:
    door.world.execute(
        "insert into suppressions (email_key, reason) values ('ana@example.org', :reason)",
        reason=reason,
    )
    accepted = door.accept(door.request())
    assert accepted.is_new
    assert door.status(accepted.id) == "suppressed"
    assert door.notices("confirm") == 0


def test_who_left_may_come_back(door: Door) -> None:
    door.world.execute(
        "insert into suppressions (email_key, reason) values ('ana@example.org', 'unsubscribed')"
    )
    assert door.status(door.sign_up()) == "pending"
    assert door.notices("confirm") == 1


def test_next_is_the_first_date_with_a_free_seat(door: Door) -> None:
    world = door.world
    world.add_session(TUESDAY_NOON - DAY)
    full, free = (world.add_session(TUESDAY_NOON + n * DAY, seats=1) for n in (1, 2))
    door.seat("bea@example.org", full)
    signup_id = door.sign_up(session=SessionWish.NEXT)
    assert world.ask("select session_id from signups where id = :id", id=signup_id) == free


@pytest.mark.parametrize("wish", [uuid4(), SessionWish.NEXT])
def test_a_session_that_does_not_exist_is_refused_and_leaves_no_trace(
    door: Door, wish: SessionWish
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        door.sign_up(session=wish)
    assert caught.value.field == "session"
    assert caught.value.remedy
    assert door.world.ask("select count(*) from subscribers") == 0


def test_neither_a_date_nor_the_letters_is_refused(door: Door) -> None:
    with pytest.raises(InvalidInputError) as caught:
        door.accept(door.request(letters=False))
    assert caught.value.field == "session"


def test_a_full_session_is_accepted_for_its_page_to_say_so(door: Door) -> None:
    session = door.world.add_session(TUESDAY_NOON + DAY, seats=1)
    door.seat("bea@example.org", session)
    assert door.status(door.sign_up(session=session)) == "pending"


class TestWithoutDoubleOptIn:
    def test_it_is_confirmed_at_once(self, make_door: MakeDoor) -> None:
        door = make_door(is_double_opt_in=False)
        session = door.world.add_session(TUESDAY_NOON + 3 * DAY)
        signup_id = door.sign_up(session=session)
        assert door.status(signup_id) == "confirmed"
        assert door.notices("confirm") == 0
        assert door.world.ask("select array_agg(topic order by topic) from consents") == [
            "letters",
            "seat",
        ]
        assert door.world.ask("select count(*) from registrations") == 1

    def test_who_left_must_say_so_themselves(self, make_door: MakeDoor) -> None:
        door = make_door(is_double_opt_in=False)
        door.world.execute(
            "insert into suppressions (email_key, reason)"
            " values ('ana@example.org', 'unsubscribed')"
        )
        signup_id = door.sign_up()
        assert door.status(signup_id) == "pending"
        assert door.notices("confirm") == 1
        assert door.world.ask("select reason from suppressions") == "unsubscribed"

    def test_a_repeat_brings_nobody_back_who_left(self, make_door: MakeDoor) -> None:
        """The second one is not mailed, so soon after the first; it is no word of theirs either."""
        door = make_door(is_double_opt_in=False)
        door.world.execute(
            "insert into suppressions (email_key, reason)"
            " values ('ana@example.org', 'unsubscribed')"
        )
        signup_id, repeat = door.sign_up(), door.sign_up()
        assert (door.status(signup_id), door.status(repeat)) == ("pending", "merged")
        assert door.notices("confirm") == 1
        assert door.world.ask("select reason from suppressions") == "unsubscribed"
        assert door.world.ask("select count(*) from consents") == 0

    def test_a_full_date_asks_its_person(self, make_door: MakeDoor) -> None:
        door = make_door(is_double_opt_in=False)
        session = door.world.add_session(TUESDAY_NOON + 3 * DAY, seats=1)
        door.sign_up("bea@example.org", session)
        signup_id = door.sign_up("cleo@example.org", session)
        assert door.status(signup_id) == "pending"
        assert door.notices("confirm") == 1
        assert door.world.ask("select count(*) from registrations") == 1

    def test_the_same_call_again_confirms_nothing_twice(self, make_door: MakeDoor) -> None:
        door = make_door(is_double_opt_in=False)
        request = door.request(external_id="msg_1")
        door.accept(request)
        door.accept(request)
        assert door.world.ask("select count(*) from consents") == 1


@pytest.mark.parametrize("statement", [signup_accept.WRITE_NEXT, signup_accept.WRITE_NAMED])
def test_the_driver_remembers_how_it_read_the_hot_statement(statement: str) -> None:
    """psycopg keeps what it made of statements of up to 4,096 characters with 50 parameters."""
    assert len(statement) <= 4096
    assert len({part.split(")")[0] for part in statement.split("%(")[1:]}) <= 50


@pytest.mark.parametrize("wish", [None, SessionWish.NEXT])
def test_the_database_plans_the_hot_statements_once(door: Door, wish: SessionWish | None) -> None:
    """Planning takes longer than the rest of a signup, so it must not be done each time."""
    door.world.add_session(TUESDAY_NOON + 3 * DAY)
    plans = []

    def accept_many(transactions: Transactions) -> None:
        for index in range(30):
            request = door.request(f"person-{index}@example.org", wish)
            accept_signup(request, door.source, transactions, door.rules)
        with transactions.begin() as tx:
            plans.extend(
                tx.connection.exec_driver_sql(
                    "select custom_plans, generic_plans from pg_prepared_statements"
                    " where statement like '%%on conflict%%' or statement like '%%wished%%'"
                )
            )

    assert door.at_once([accept_many]) == [None]
    assert len(plans) == 2
    assert all(custom <= 5 and generic >= 10 for custom, generic in plans), plans
