"""Unconfirmed signups: one reminder, then forgotten."""

from datetime import timedelta
from functools import partial

import pytest

from funnel.services.confirm_signup import confirm_signup
from funnel.services.read_confirmation import read_confirmation
from funnel.services.remind_signups import SignupsMoved, remind_signups
from tests.fixtures.signups import RULES, VISITOR, Door
from tests.fixtures.world import TUESDAY_NOON

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def _remind(door: Door, after: timedelta) -> SignupsMoved:
    door.world.travel_to(TUESDAY_NOON + after)
    return remind_signups(door.world.transactions, RULES)


def _hand_over(door: Door) -> None:
    """Say that everything queued has left."""
    door.world.execute(
        "update messages set status = 'accepted', accepted_at = plan_now(), settled_at = plan_now()"
        " where status = 'queued'"
    )


def test_one_reminder_after_four_hours(door: Door) -> None:
    door.sign_up()
    _hand_over(door)
    assert _remind(door, 4 * HOUR - timedelta(minutes=1)).reminded == 0
    assert _remind(door, 4 * HOUR + timedelta(minutes=1)).reminded == 1
    assert door.notices("confirm-again") == 1
    assert _remind(door, 30 * HOUR).reminded == 0
    assert door.notices("confirm-again") == 1


def test_none_once_it_is_confirmed(door: Door) -> None:
    door.seat()
    _hand_over(door)
    assert _remind(door, 5 * HOUR).reminded == 0


@pytest.mark.parametrize(
    "change",
    [
        "update sessions set starts_at = plan_now()",
        "update sessions set cancelled_at = plan_now()",
        "insert into suppressions (email_key, reason) values ('ana@example.org', 'bounced')",
    ],
)
def test_none_after_the_session_began_or_to_a_suppressed_address(door: Door, change: str) -> None:
    session = door.world.add_session(TUESDAY_NOON + 3 * DAY)
    door.sign_up(session=session)
    _hand_over(door)
    door.world.execute(change)
    assert _remind(door, 5 * HOUR).reminded == 0
    # What comes next is the expiry: no timer that is due for ever.
    assert _remind(door, 6 * HOUR) == SignupsMoved(reminded=0, expired=0, forgotten=0)
    assert _remind(door, 7 * DAY + HOUR).expired == 1


def test_none_on_the_heels_of_a_confirmation_that_left_late(door: Door) -> None:
    """The broker was away for hours: the mail itself has just left, or is about to."""
    door.sign_up()
    assert _remind(door, 5 * HOUR).reminded == 0
    _hand_over(door)
    assert _remind(door, 8 * HOUR).reminded == 0
    assert _remind(door, 9 * HOUR + timedelta(minutes=1)).reminded == 1


class TestExpiry:
    def test_who_did_not_confirm_is_forgotten(self, door: Door) -> None:
        signup_id = door.sign_up()
        merged = door.sign_up()
        read_confirmation(signup_id, door.world.transactions, VISITOR)
        door.world.execute('update messages set context = \'{"to": "ana@example.org"}\'')
        _hand_over(door)
        moved = _remind(door, 7 * DAY + HOUR)
        assert (moved.expired, moved.forgotten) == (1, 1)
        assert {door.status(signup_id), door.status(merged)} == {"expired"}
        for table in ("signups", "subscribers", "messages", "evidence"):
            found = door.world.ask(
                f"select string_agg(t::text, ' ') from {table} t"  # noqa: S608 # our own names
            )
            for secret in ("ana", "Ana", "192.0.2.7", "Musterstadt", "as it came"):
                assert secret not in str(found), table

    def test_limits_still_count_the_forgotten(self, door: Door) -> None:
        for days in (0, 9, 18):
            door.world.travel_to(TUESDAY_NOON + days * DAY)
            assert door.status(door.sign_up()) == "pending"
            _hand_over(door)
            assert _remind(door, (days + 8) * DAY).forgotten == 1
        door.world.travel_to(TUESDAY_NOON + 27 * DAY)
        assert door.status(door.sign_up()) == "limited"

    def test_the_call_is_known_for_ever(self, door: Door) -> None:
        request = door.request(external_id="msg_1")
        door.accept(request)
        _hand_over(door)
        _remind(door, 8 * DAY)
        assert not door.accept(request).is_new
        assert door.world.ask("select count(*) from subscribers where email <> ''") == 0

    def test_a_confirmed_person_stays_when_a_later_signup_expires(self, door: Door) -> None:
        door.seat()
        door.sign_up()
        _hand_over(door)
        moved = _remind(door, 8 * DAY)
        assert (moved.expired, moved.forgotten) == (1, 0)
        assert door.world.ask("select array[email, first_name] from subscribers") == [
            "ana@example.org",
            "Ana",
        ]

    def test_suppressed_and_limited_signups_are_forgotten_too(self, door: Door) -> None:
        door.world.execute(
            "insert into suppressions (email_key, reason) values ('ana@example.org', 'bounced')"
        )
        signup_id = door.sign_up()
        assert _remind(door, 8 * DAY).forgotten == 1
        assert door.status(signup_id) == "suppressed"  # what became of it stays known
        assert door.world.ask("select payload from signups") is None
        assert door.world.ask("select count(*) from subscribers") == 0

    def test_what_is_still_queued_does_not_leave(self, door: Door) -> None:
        door.sign_up()
        _remind(door, 8 * DAY)
        assert door.world.ask("select array_agg(status) from messages") == ["cancelled"]


def test_batches_are_bounded_and_several_processes_share_the_work(door: Door) -> None:
    for index in range(30):
        door.sign_up(f"person-{index}@example.org")
    _hand_over(door)
    door.world.travel_to(TUESDAY_NOON + 5 * HOUR)
    assert remind_signups(door.world.transactions, RULES, limit=4).reminded == 4
    act = partial(remind_signups, rules=RULES, limit=7)
    door.at_once([act] * 8)
    assert door.notices("confirm-again") == 30


def test_confirming_while_it_expires_neither_hangs_nor_loses(door: Door) -> None:
    signups = [door.sign_up(f"person-{index}@example.org") for index in range(12)]
    _hand_over(door)
    door.world.travel_to(TUESDAY_NOON + 5 * HOUR)
    acts = []
    for each in signups:
        acts.append(partial(confirm_signup, each, None, VISITOR))
        acts.append(partial(remind_signups, rules=RULES, limit=3))
    done = door.at_once(acts)
    assert not [each for each in done if isinstance(each, Exception)]
    assert door.world.ask("select count(*) from signups where status = 'confirmed'") == 12
