"""Taking a seat: once, with consents, under the session's lock, by the rules of another date."""

from dataclasses import replace
from datetime import timedelta
from functools import partial
from uuid import UUID, uuid4

import pytest

from funnel.domain.consent import Topic
from funnel.domain.errors import InvalidInputError, NotFoundError
from funnel.domain.sequence import RunPolicy
from funnel.domain.signup import (
    SeatChoice,
    SeatProblem,
    SessionUnavailableError,
    SignupExpiredError,
)
from funnel.services.choose_session import choose_session
from funnel.services.confirm_signup import Confirmed, confirm_signup
from funnel.services.give_up_seat import give_up_seat
from funnel.services.read_confirmation import ConfirmationState, read_confirmation
from funnel.services.unsubscribe import Word, unsubscribe
from tests.fixtures.signups import VISITOR, Door, MakeDoor
from tests.fixtures.world import SHORT_SEQUENCE, TUESDAY_NOON, World

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def session(world: World) -> UUID:
    return world.add_session(TUESDAY_NOON + 3 * DAY)


class TestOnce:
    def test_it_gives_seat_consents_run_and_plan(self, door: Door, session: UUID) -> None:
        confirmed = door.seat(session=session)
        assert confirmed.session is not None
        assert confirmed.session.id == session
        world = door.world
        person = world.ask(
            "select array[first_name, zone, zone_source, wants_letters::text,"
            " wants_seat_emails::text, fields ->> 'company'] from subscribers"
        )
        assert person == [
            "Ana",
            "Europe/Berlin",
            "webhook",
            "true",
            "true",
            "City of Musterstadt",
        ]
        assert world.statuses(confirmed.enrollment_id) == {"your-seat": "queued"}
        timer = world.ask("select next_due_at from enrollments")
        assert timer is not None

    def test_each_consent_says_by_what_and_from_where(self, make_door: MakeDoor) -> None:
        door = make_door(wording="2031-03")
        session = door.world.add_session(TUESDAY_NOON + DAY)
        door.seat(session=session)
        rows = door.world.ask(
            "select array_agg(array[topic, is_given::text, wording, source, host(ip),"
            " user_agent] order by topic) from consents"
        )
        assert rows == [
            ["letters", "true", "2031-03", "site", "192.0.2.7", "Test/1.0"],
            ["seat", "true", "2031-03", "site", "192.0.2.7", "Test/1.0"],
        ]

    def test_pressing_twice_changes_nothing_more(self, door: Door, session: UUID) -> None:
        signup_id = door.sign_up(session=session)
        first = door.confirm(signup_id)
        other = door.world.add_session(TUESDAY_NOON + 5 * DAY)
        again = door.confirm(signup_id, SeatChoice(session_id=other, zone=None, wants_letters=True))
        assert again == replace(first, is_repeat=True)
        counts = door.world.ask(
            "select array[(select count(*) from registrations), (select count(*) from consents),"
            " (select count(*) from enrollments), (select count(*) from facts)]"
        )
        assert counts == [1, 2, 1, 2]

    def test_pressing_in_two_tabs_at_once_gives_one_seat(self, door: Door, session: UUID) -> None:
        signup_id = door.sign_up(session=session)
        press = partial(confirm_signup, signup_id, None, VISITOR)
        done = [each for each in door.at_once([press] * 8) if isinstance(each, Confirmed)]
        assert len(done) == 8
        assert sum(not each.is_repeat for each in done) == 1
        assert door.world.ask("select count(*) from registrations") == 1
        assert door.world.ask("select count(*) from enrollments") == 1

    def test_merged_signups_are_confirmed_along(self, door: Door) -> None:
        pending, merged = door.sign_up(), door.sign_up()
        door.confirm(pending)
        assert (door.status(pending), door.status(merged)) == ("confirmed", "confirmed")

    def test_no_such_signup(self, door: Door) -> None:
        with pytest.raises(NotFoundError):
            door.confirm(uuid4())

    def test_a_link_too_old(self, door: Door) -> None:
        signup_id = door.sign_up()
        door.world.travel_to(TUESDAY_NOON + 7 * DAY + HOUR)
        with pytest.raises(SignupExpiredError):
            door.confirm(signup_id)
        page = read_confirmation(signup_id, door.world.transactions)
        assert (page.state, page.email) == (ConfirmationState.EXPIRED, "")

    def test_coming_back_lifts_unsubscribed(self, door: Door) -> None:
        door.world.execute(
            "insert into suppressions (email_key, reason)"
            " values ('ana@example.org', 'unsubscribed'), ('bea@example.org', 'unsubscribed')"
        )
        door.seat()
        assert door.world.ask("select array_agg(email_key) from suppressions") == [
            "bea@example.org"
        ]

    @pytest.mark.parametrize("reason", ["bounced", "complained", "by hand"])
    def test_no_other_suppression_is_ever_lifted(self, door: Door, reason: str) -> None:
        signup_id = door.sign_up()
        door.world.execute(
            "insert into suppressions (email_key, reason) values ('ana@example.org', :reason)",
            reason=reason,
        )
        door.confirm(signup_id)
        assert door.world.ask("select reason from suppressions") == reason


class TestCorrections:
    def test_date_zone_and_letters(self, door: Door, session: UUID) -> None:
        other = door.world.add_session(TUESDAY_NOON + 5 * DAY)
        signup_id = door.sign_up(session=session)
        choice = SeatChoice(session_id=other, zone="asia/tokyo", wants_letters=False)
        confirmed = door.confirm(signup_id, choice)
        assert confirmed.session is not None
        assert confirmed.session.id == other
        assert (confirmed.zone, confirmed.wants_letters) == ("Asia/Tokyo", False)
        assert door.world.ask("select array_agg(topic) from consents") == ["seat"]
        assert door.world.ask("select zone_source from subscribers") == "person"

    def test_the_zone_shown_and_left_as_it_was_is_no_correction(self, door: Door) -> None:
        signup_id = door.sign_up()
        page = read_confirmation(signup_id, door.world.transactions)
        door.confirm(signup_id, SeatChoice(session_id=None, zone=page.zone, wants_letters=True))
        assert door.world.ask("select zone_source from subscribers") == "webhook"

    def test_an_unknown_zone_is_kept_and_the_date_s_used(self, door: Door, session: UUID) -> None:
        signup_id = door.accept(door.request(session=session, zone="Mars/Phobos")).id
        page = read_confirmation(signup_id, door.world.transactions)
        assert (page.zone, page.zone_given) == ("Europe/Berlin", "Mars/Phobos")
        door.confirm(signup_id)
        row = door.world.ask("select array[zone, zone_source, zone_given] from subscribers")
        assert row == ["Europe/Berlin", "default", "Mars/Phobos"]

    def test_a_box_left_empty_takes_no_consent_back(self, door: Door, session: UUID) -> None:
        door.seat()
        door.accept(door.request(session=session, letters=False))
        signup_id = door.world.ask("select id from signups where status = 'pending'")
        assert isinstance(signup_id, UUID)
        assert door.confirm(signup_id).wants_letters
        assert door.world.ask("select wants_letters from subscribers") is True

    @pytest.mark.parametrize(
        ("choice", "field"),
        [
            (SeatChoice(session_id=None, zone=None, wants_letters=False), "session"),
            (SeatChoice(session_id=None, zone="Mars/Phobos", wants_letters=True), "time_zone"),
            (SeatChoice(session_id=uuid4(), zone=None, wants_letters=True), "session"),
        ],
    )
    def test_a_wrong_choice_changes_nothing(
        self, door: Door, choice: SeatChoice, field: str
    ) -> None:
        signup_id = door.sign_up()
        with pytest.raises(InvalidInputError) as caught:
            door.confirm(signup_id, choice)
        assert caught.value.field == field
        assert door.status(signup_id) == "pending"
        assert door.world.ask("select confirmed_at from subscribers") is None


class TestSeats:
    def test_a_race_for_the_last_seats_gives_each_once(self, door: Door) -> None:
        session = door.world.add_session(TUESDAY_NOON + DAY, seats=3)
        free = door.world.add_session(TUESDAY_NOON + 2 * DAY)
        signups = [door.sign_up(f"person-{index}@example.org", session) for index in range(10)]
        presses = [partial(confirm_signup, each, None, VISITOR) for each in signups]
        done = door.at_once(presses)
        refused = [each for each in done if isinstance(each, SessionUnavailableError)]
        assert sum(isinstance(each, Confirmed) for each in done) == 3
        assert len(refused) == 7
        assert {each.problem for each in refused} == {SeatProblem.FULL}
        assert [offer.session.id for offer in refused[0].next_dates] == [free]
        assert door.world.ask("select count(*) from registrations") == 3
        assert door.world.ask("select count(*) from signups where status = 'pending'") == 7

    @pytest.mark.parametrize(
        ("change", "problem"),
        [
            ("update sessions set starts_at = plan_now() - interval '1 minute'", SeatProblem.OVER),
            ("update sessions set cancelled_at = plan_now()", SeatProblem.CANCELLED),
            ("update sessions set seats = 1", SeatProblem.FULL),
        ],
    )
    def test_a_date_that_cannot_be_taken_says_why_and_offers_the_next(
        self, door: Door, session: UUID, change: str, problem: SeatProblem
    ) -> None:
        door.seat("bea@example.org", session)
        signup_id = door.sign_up(session=session)
        door.world.execute(change)
        free = door.world.add_session(TUESDAY_NOON + 2 * DAY)
        page = read_confirmation(signup_id, door.world.transactions)
        assert page.problem is problem
        assert [offer.session.id for offer in page.next_dates] == [free]
        with pytest.raises(SessionUnavailableError) as caught:
            door.confirm(signup_id)
        assert caught.value.problem is problem
        assert [offer.session.id for offer in caught.value.next_dates] == [free]
        choice = SeatChoice(session_id=free, zone=None, wants_letters=True)
        taken = door.confirm(signup_id, choice).session
        assert taken is not None
        assert taken.id == free

    def test_who_holds_the_last_seat_may_confirm_it_again(self, door: Door) -> None:
        session = door.world.add_session(TUESDAY_NOON + DAY, seats=1)
        door.seat(session=session)
        signup_id = door.sign_up(session=session)
        assert read_confirmation(signup_id, door.world.transactions).problem is None
        door.confirm(signup_id)
        assert door.world.ask("select count(*) from registrations") == 1


class TestAnotherDate:
    def test_before_the_session_the_seat_moves_inside_the_run(
        self, door: Door, session: UUID
    ) -> None:
        first = door.seat(session=session)
        other = door.world.add_session(TUESDAY_NOON + 5 * DAY)
        second = door.seat(session=other)
        assert second.enrollment_id == first.enrollment_id
        rows = door.world.ask(
            "select array_agg(status order by registered_at, status) from registrations"
        )
        assert rows == ["moved", "registered"]
        former = door.world.ask(
            "select data -> 'former' ->> 'starts_at' from messages"
            " where template_key = 'notices/session-moved' and session_id = :other",
            other=other,
        )
        assert former == (TUESDAY_NOON + 3 * DAY).isoformat()

    def test_moving_there_and_back_is_told_each_time(self, door: Door, session: UUID) -> None:
        run = door.seat(session=session).enrollment_id
        other = door.world.add_session(TUESDAY_NOON + 5 * DAY)
        for wished in (other, session, session):
            choose_session(run, wished, VISITOR, door.world.transactions)
        assert door.notices("session-moved") == 2

    def test_who_gave_up_a_seat_and_takes_another_is_told(self, door: Door, session: UUID) -> None:
        run = door.seat(session=session).enrollment_id
        give_up_seat(run, door.world.transactions)
        other = door.world.add_session(TUESDAY_NOON + 5 * DAY)
        choose_session(run, other, VISITOR, door.world.transactions)
        assert door.notices("session-moved") == 1

    def test_a_first_date_later_is_no_move(self, door: Door, session: UUID) -> None:
        run = door.seat().enrollment_id
        assert door.notices("welcome") == 1
        choose_session(run, session, VISITOR, door.world.transactions)
        assert door.notices("session-moved") == 0
        assert door.world.statuses(run)["your-seat"] == "queued"

    def test_after_the_session_has_begun_a_new_run_ends_the_old_one_s_letters(
        self, door: Door, session: UUID
    ) -> None:
        old = door.seat(session=session).enrollment_id
        door.world.travel_to(TUESDAY_NOON + 3 * DAY + HOUR)
        later = door.world.add_session(TUESDAY_NOON + 10 * DAY)
        new = door.seat(session=later).enrollment_id
        assert new != old
        rows = door.world.ask(
            "select array_agg(array[run::text, letters_end] order by run) from enrollments"
        )
        assert rows == [["1", "a newer run has begun"], ["2", None]]
        assert door.world.ask("select count(*) from registrations where status = 'registered'") == 2
        assert door.notices("session-moved") == 0

    def test_letters_asked_for_again_go_on_in_the_run_under_way(
        self, door: Door, session: UUID
    ) -> None:
        run = door.seat(session=session)
        again = door.seat()
        assert again.enrollment_id == run.enrollment_id
        assert again.session is not None  # the seat stays
        assert door.notices("welcome") == 0

    def test_who_left_everything_comes_back_to_a_new_run(self, door: Door, session: UUID) -> None:
        first = door.seat(session=session)
        word = Word(source="unsubscribe page", visitor=VISITOR)
        unsubscribe(first.subscriber_id, None, word, door.world.transactions)
        back = door.seat(session=session)
        assert back.enrollment_id != first.enrollment_id
        assert back.session is not None
        assert door.world.ask("select count(*) from registrations where status = 'registered'") == 1
        assert door.world.ask("select count(*) from suppressions") == 0
        wants = door.world.ask("select array[wants_letters, wants_seat_emails] from subscribers")
        assert wants == [True, True]

    def test_once_means_no_second_run(self, bare_world: World, make_door: MakeDoor) -> None:
        once = replace(SHORT_SEQUENCE, runs=RunPolicy.ONCE)
        bare_world.execute("delete from sequence_versions")
        bare_world.execute("delete from sequences")
        bare_world.execute("delete from brands")
        bare_world.publish(once)
        door = make_door()
        session = bare_world.add_session(TUESDAY_NOON + DAY)
        first = door.seat(session=session)
        bare_world.travel_to(TUESDAY_NOON + DAY + HOUR)
        later = bare_world.add_session(TUESDAY_NOON + 10 * DAY)
        assert door.seat(session=later).enrollment_id == first.enrollment_id


def test_choosing_a_date_is_a_yes_to_its_emails(door: Door, session: UUID) -> None:
    confirmed = door.seat()
    word = Word(source="unsubscribe page", visitor=VISITOR)
    unsubscribe(confirmed.subscriber_id, Topic.SEAT, word, door.world.transactions)
    choose_session(confirmed.enrollment_id, session, VISITOR, door.world.transactions)
    assert door.world.ask("select wants_seat_emails from subscribers") is True


def test_two_people_swapping_dates_do_not_wait_for_each_other(door: Door, session: UUID) -> None:
    other = door.world.add_session(TUESDAY_NOON + 5 * DAY)
    runs = [door.seat(f"person-{index}@example.org", session).enrollment_id for index in range(4)]

    acts = [
        lambda transactions, run=run, wished=wished: choose_session(
            run, wished, VISITOR, transactions
        )
        for _ in range(4)
        for run in runs
        for wished in (other, session)
    ]
    done = door.at_once(acts)
    assert not [each for each in done if isinstance(each, Exception)]
    assert door.world.ask("select count(*) from registrations where status = 'registered'") == 4
