"""Sessions: added, changed, closed, called off; join link and replay; words about people."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from funnel.domain.errors import InvalidInputError, NotFoundError
from funnel.domain.facts import FactKind, FactReport
from funnel.domain.session_plan import NewSession
from funnel.services.add_session import add_session
from funnel.services.cancel_session import cancel_session
from funnel.services.change_session import SessionChange, change_session
from funnel.services.close_session import close_session
from funnel.services.confirm_signup import Confirmed
from funnel.services.continue_replans import continue_replans
from funnel.services.list_sessions import list_sessions
from funnel.services.open_join_link import JoinState, open_join_link
from funnel.services.record_facts import record_facts
from funnel.services.watch_replay import ReplayState, read_replay, watch_replay
from tests.fixtures.signups import VISITOR, Door
from tests.fixtures.world import TUESDAY_NOON, World

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
STARTS_AT = TUESDAY_NOON + 3 * DAY
ENDS_AT = STARTS_AT + 90 * MINUTE

NEW = NewSession(
    sequence_slug="short",
    title="Leading through disruption",
    starts_at=STARTS_AT,
    zone="Europe/Berlin",
    join_url="https://room.example.org/1",
)


@pytest.fixture
def session(world: World) -> UUID:
    return add_session(NEW, world.transactions).id


@pytest.fixture
def ana(door: Door, session: UUID) -> Confirmed:
    return door.seat(session=session)


class TestAdding:
    @pytest.mark.parametrize(
        ("field", "change"),
        [
            ("start", {"starts_at": TUESDAY_NOON - MINUTE}),
            ("start", {"starts_at": STARTS_AT.replace(tzinfo=None)}),
            ("start", {"starts_at": TUESDAY_NOON + 4 * 366 * DAY}),
            ("start", {"starts_at": TUESDAY_NOON.replace(year=9999)}),
            ("length", {"length": timedelta(0)}),
            ("length", {"length": 25 * HOUR}),
            ("zone", {"zone": "Mars/Phobos"}),
            ("seats", {"seats": 0}),
            ("title", {"title": "  "}),
            ("title", {"title": "two\r\nlines"}),
            ("join", {"join_url": "javascript:alert(1)"}),
            ("replay", {"replay_url": "room.example.org"}),
        ],
    )
    def test_what_cannot_be_held_is_refused(
        self, world: World, field: str, change: dict[str, object]
    ) -> None:
        with pytest.raises(InvalidInputError) as caught:
            add_session(replace(NEW, **change), world.transactions)  # type: ignore[arg-type]
        assert caught.value.field == field
        assert caught.value.remedy

    @pytest.mark.parametrize(
        "shift",
        [-89, 0, 89],
    )
    def test_two_at_one_time_are_refused(self, world: World, session: UUID, shift: int) -> None:
        with pytest.raises(InvalidInputError):
            add_session(replace(NEW, starts_at=STARTS_AT + shift * MINUTE), world.transactions)

    @pytest.mark.parametrize("shift", [-90, 90])
    def test_one_may_follow_another(self, world: World, session: UUID, shift: int) -> None:
        add_session(replace(NEW, starts_at=STARTS_AT + shift * MINUTE), world.transactions)
        assert world.ask("select count(*) from sessions") == 2

    def test_no_such_sequence(self, world: World) -> None:
        with pytest.raises(NotFoundError):
            add_session(replace(NEW, sequence_slug="other"), world.transactions)

    def test_lists_say_how_full_they_are(self, world: World, ana: Confirmed) -> None:
        line = list_sessions(world.transactions, sequence_slug="short", upcoming_only=True)[0]
        assert (line.taken, line.session.zone) == (1, "Europe/Berlin")
        world.travel_to(STARTS_AT)
        assert list_sessions(world.transactions, upcoming_only=True) == []
        assert len(list_sessions(world.transactions)) == 1


class TestChanging:
    def test_a_replay_link_is_known_from_the_first_time_on(
        self, world: World, session: UUID
    ) -> None:
        world.travel_to(ENDS_AT + HOUR)
        change_session(session, SessionChange(replay_url="https://a.example"), world.transactions)
        first = world.ask("select replay_known_at from sessions")
        world.travel_to(ENDS_AT + 2 * HOUR)
        changed = change_session(
            session, SessionChange(replay_url="https://b.example"), world.transactions
        )
        assert changed.replay_url == "https://b.example"
        assert changed.replay_known_at == first

    def test_fewer_seats_than_are_taken_are_refused(
        self, door: Door, session: UUID, ana: Confirmed
    ) -> None:
        door.seat("bea@example.org", session)
        with pytest.raises(InvalidInputError) as caught:
            change_session(session, SessionChange(seats=1), door.world.transactions)
        assert caught.value.field == "seats"
        assert change_session(session, SessionChange(seats=2), door.world.transactions).seats == 2
        unlimited = change_session(session, SessionChange(seats=0), door.world.transactions)
        assert unlimited.seats is None

    def test_a_replay_ends_after_the_session(self, world: World, session: UUID) -> None:
        with pytest.raises(InvalidInputError):
            change_session(session, SessionChange(replay_ends_at=ENDS_AT), world.transactions)


class TestClosing:
    def test_who_is_not_known_to_have_come_missed(
        self, door: Door, session: UUID, ana: Confirmed
    ) -> None:
        door.seat("bea@example.org", session)
        world = door.world
        world.travel_to(ENDS_AT)
        came = FactReport(kind=FactKind.ATTENDED, source="by hand", email="Ana@example.org")
        assert record_facts([came], world.transactions) == 1
        assert close_session(session, world.transactions) == 1
        assert close_session(session, world.transactions) == 1

    def test_not_before_its_end(self, world: World, session: UUID) -> None:
        with pytest.raises(InvalidInputError):
            close_session(session, world.transactions)
        with pytest.raises(NotFoundError):
            close_session(uuid4(), world.transactions)


class TestCallingOff:
    def test_seats_end_and_people_are_told_once(self, door: Door, session: UUID) -> None:
        runs = [
            door.seat(f"person-{index}@example.org", session).enrollment_id for index in range(3)
        ]
        assert cancel_session(session, door.world.transactions).total == 3
        continue_replans(door.world.transactions)
        again = cancel_session(session, door.world.transactions)
        assert (again.total, again.is_finished) == (0, True)
        continue_replans(door.world.transactions)
        assert door.notices("session-cancelled") == 3
        assert door.world.ask("select count(*) from enrollments where session_id is null") == 3
        page = open_join_link(runs[0], VISITOR, door.world.transactions)
        assert page.state is JoinState.CANCELLED

    def test_not_once_it_has_begun(self, world: World, session: UUID) -> None:
        world.travel_to(STARTS_AT)
        with pytest.raises(InvalidInputError):
            cancel_session(session, world.transactions)


class TestJoining:
    @pytest.mark.parametrize(
        ("moment", "state"),
        [
            (STARTS_AT - 11 * MINUTE, JoinState.BEFORE),
            (STARTS_AT - 10 * MINUTE + timedelta(seconds=5), JoinState.OPEN),
            (ENDS_AT - MINUTE, JoinState.OPEN),
            (ENDS_AT + MINUTE, JoinState.OVER),
        ],
    )
    def test_the_door_opens_in_its_window(
        self, door: Door, ana: Confirmed, moment: object, state: JoinState
    ) -> None:
        door.world.travel_to(moment)  # type: ignore[arg-type]
        page = open_join_link(ana.enrollment_id, VISITOR, door.world.transactions)
        assert page.state is state
        assert bool(page.room_url) is (state is JoinState.OPEN)

    def test_opening_is_evidence_and_never_attendance(self, door: Door, ana: Confirmed) -> None:
        door.world.travel_to(STARTS_AT + MINUTE)
        for _ in range(3):
            open_join_link(ana.enrollment_id, VISITOR, door.world.transactions)
        assert door.world.ask("select attendance from registrations") == "unknown"
        assert door.world.ask("select count(*) from evidence where kind = 'join link opened'") == 3

    def test_the_link_stays_when_the_date_changes(self, door: Door, ana: Confirmed) -> None:
        later = add_session(replace(NEW, starts_at=STARTS_AT + 7 * DAY), door.world.transactions)
        door.seat(session=later.id)
        page = open_join_link(ana.enrollment_id, VISITOR, door.world.transactions)
        assert page.session is not None
        assert page.session.id == later.id

    def test_after_it_the_replay_is_offered(
        self, door: Door, session: UUID, ana: Confirmed
    ) -> None:
        url = SessionChange(replay_url="https://video.example.org/1")
        change_session(session, url, door.world.transactions)
        door.world.travel_to(ENDS_AT + HOUR)
        page = open_join_link(ana.enrollment_id, VISITOR, door.world.transactions)
        assert page.state is JoinState.REPLAY
        assert page.replay_closes_at == ENDS_AT + 7 * DAY
        door.world.travel_to(ENDS_AT + 7 * DAY + HOUR)
        page = open_join_link(ana.enrollment_id, VISITOR, door.world.transactions)
        assert page.state is JoinState.OVER


class TestWatching:
    def test_the_press_is_a_fact_and_counts_once(
        self, door: Door, session: UUID, ana: Confirmed
    ) -> None:
        world = door.world
        url = SessionChange(replay_url="https://video.example.org/1")
        change_session(session, url, world.transactions)
        world.travel_to(ENDS_AT + HOUR)
        page = read_replay(ana.enrollment_id, VISITOR, world.transactions)
        assert (page.state, page.is_watched) == (ReplayState.OPEN, False)
        assert world.ask("select watched_at from registrations") is None
        for _ in range(2):
            address = watch_replay(ana.enrollment_id, world.transactions)
            assert address == "https://video.example.org/1"
        assert read_replay(ana.enrollment_id, VISITOR, world.transactions).is_watched
        assert world.ask("select count(*) from facts where kind = 'watched'") == 1

    @pytest.mark.parametrize("moment", [ENDS_AT - MINUTE, ENDS_AT + 8 * DAY])
    def test_not_before_the_end_nor_after_it_closed(
        self, door: Door, session: UUID, ana: Confirmed, moment: object
    ) -> None:
        url = SessionChange(replay_url="https://video.example.org/1")
        change_session(session, url, door.world.transactions)
        door.world.travel_to(moment)  # type: ignore[arg-type]
        with pytest.raises(NotFoundError):
            watch_replay(ana.enrollment_id, door.world.transactions)


class TestWords:
    def test_a_word_settles_its_person_and_a_later_one_changes_it(
        self, door: Door, ana: Confirmed
    ) -> None:
        world = door.world
        world.travel_to(ENDS_AT)
        missed = FactReport(kind=FactKind.MISSED, source="demo", enrollment_id=ana.enrollment_id)
        came = replace(missed, kind=FactKind.ATTENDED)
        assert [record_facts([each], world.transactions) for each in (missed, missed, came)] == [
            1,
            0,
            1,
        ]
        assert world.ask("select attendance from registrations") == "attended"
        assert world.ask("select count(*) from facts where kind in ('missed', 'attended')") == 2

    def test_the_goal_is_reached_once_in_every_run_under_way(
        self, door: Door, ana: Confirmed
    ) -> None:
        goal = FactReport(kind=FactKind.GOAL, source="by hand", email="ana@example.org")
        assert record_facts([goal], door.world.transactions) == 1
        assert record_facts([goal], door.world.transactions) == 0
        assert door.world.ask("select goal_reached_at is not null from enrollments") is True

    @pytest.mark.parametrize(
        ("report", "error"),
        [
            (
                FactReport(kind=FactKind.ATTENDED, source="x", email="bea@example.org"),
                NotFoundError,
            ),
            (FactReport(kind=FactKind.GOAL, source="x", enrollment_id=uuid4()), NotFoundError),
            (FactReport(kind=FactKind.ATTENDED, source="x"), InvalidInputError),
            (FactReport(kind=FactKind.CONFIRMED, source="x", email="a@b.de"), InvalidInputError),
            (
                FactReport(
                    kind=FactKind.MISSED, source="x", email="ana@example.org", session_id=uuid4()
                ),
                InvalidInputError,
            ),
            # The session has not begun.
            (
                FactReport(kind=FactKind.ATTENDED, source="x", email="ana@example.org"),
                InvalidInputError,
            ),
        ],
    )
    def test_a_word_that_cannot_be_right_keeps_all_out(
        self, door: Door, ana: Confirmed, report: FactReport, error: type[Exception]
    ) -> None:
        goal = FactReport(kind=FactKind.GOAL, source="by hand", email="ana@example.org")
        with pytest.raises(error):
            record_facts([goal, report], door.world.transactions)
        assert door.world.ask("select goal_reached_at from enrollments") is None
