"""Facts from elsewhere: any order, any number of times, before and after their person is known."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from funnel.domain.errors import InvalidInputError
from funnel.domain.fact_source import EventStatus, FactEvent, FactSource, Receipt
from funnel.domain.facts import FactKind, FactReport
from funnel.services.add_fact_source import change_fact_source
from funnel.services.confirm_signup import confirm_within
from funnel.services.match_facts import forget_received, list_waiting, retry_waiting
from funnel.services.read_refused import read_refused
from funnel.services.receive_facts import receive_facts, refuse_event
from funnel.storage.transaction import open_database
from tests.fixtures.fact_providers import MEETING, Generic
from tests.fixtures.facts import add_fact_source
from tests.fixtures.signups import VISITOR, Door
from tests.fixtures.world import TUESDAY_NOON, World

ANA = "ana@example.org"
MINUTE = timedelta(minutes=1)


@dataclass(slots=True, kw_only=True)
class Desk:
    """A source, and its events handed over as the webhook does."""

    world: World
    door: Door
    source: FactSource

    def take(self, *events: FactEvent) -> list[str]:
        receipts = receive_facts(events, self.source, self.world.transactions)
        return [each.status for each in receipts]

    def sitting(self, begins_in: timedelta = timedelta(0), number: str | None = MEETING) -> UUID:
        session = self.world.add_session(TUESDAY_NOON + begins_in)
        self.world.execute(
            "update sessions set platform_id = :number where id = :id", number=number, id=session
        )
        return session

    def facts(self, email: str = ANA) -> set[tuple[str, str]]:
        found = self.world.ask(
            "select coalesce(json_agg(json_build_array(f.kind, f.name)), '[]') from facts f join "
            "subscribers s on s.id = f.subscriber_id where s.email_key = :email "
            "and kind not in ('signed up', 'confirmed')",
            email=email,
        )
        assert isinstance(found, list)
        return {(kind, name) for kind, name in found}

    def seat(self, email: str = ANA) -> object:
        return self.world.ask(
            "select json_build_array(attendance, joined_at, left_at, join_url) from registrations "
            "where subscriber_id = (select id from subscribers where email_key = :email)",
            email=email,
        )

    def status(self) -> object:
        return self.world.ask("select status from received_facts")

    def pass_time(self, passed: timedelta) -> None:
        self.world.execute("update clock set ahead_by = ahead_by + :passed", passed=passed)


@pytest.fixture
def desk(world: World, door: Door) -> Desk:
    return Desk(world=world, door=door, source=add_fact_source(world, Generic()))


def event(kind: FactKind, number: int = 1, *, email: str = ANA, **values: object) -> FactEvent:
    """Make an event of a minute ago."""
    own_id = f"{kind}-{number}-{email}"
    plain = FactReport(
        kind=kind,
        source="generic",
        email=email,
        at=datetime.now(UTC) - MINUTE,
        dedupe=own_id,
    )
    report = replace(plain, **values)  # type: ignore[arg-type]  # a test names its own fields
    return FactEvent(event_id=own_id, report=report, payload=b"{}")


class TestWaiting:
    def test_a_session_without_its_number_is_tried_by_the_hour(self, desk: Desk) -> None:
        session = desk.sitting(10 * MINUTE, number=None)
        desk.door.seat(ANA, session)
        assert desk.take(event(FactKind.JOINED, platform_id=MEETING)) == ["waiting"]
        (line,) = list_waiting(desk.world.transactions)
        assert (line.source_slug, line.kind, line.email_key) == ("generic", "joined", ANA)
        assert MEETING in line.reason
        desk.world.execute("update sessions set platform_id = :number", number=MEETING)
        assert retry_waiting(desk.world.transactions) == 0  # it was tried a moment ago
        desk.pass_time(61 * MINUTE)
        assert retry_waiting(desk.world.transactions) == 1
        assert desk.status() == "applied"
        assert list_waiting(desk.world.transactions) == []

    def test_on_request_it_is_tried_at_once(self, desk: Desk) -> None:
        desk.door.seat(ANA, desk.sitting(10 * MINUTE, number=None))
        desk.take(event(FactKind.JOINED, platform_id=MEETING))
        desk.world.execute("update sessions set platform_id = :number", number=MEETING)
        assert retry_waiting(desk.world.transactions, all_of_them=True) == 1

    def test_many_that_wait_are_each_tried_once(self, desk: Desk) -> None:
        desk.take(*(event(FactKind.REPLIED, email=f"p{n}@example.org") for n in range(250)))
        assert retry_waiting(desk.world.transactions, all_of_them=True) == 0
        assert desk.world.ask("select count(*) from received_facts where status = 'waiting'") == 250

    def test_after_90_days_it_is_forgotten(self, desk: Desk) -> None:
        desk.take(event(FactKind.BOOKED))
        desk.pass_time(timedelta(days=89))
        assert forget_received(desk.world.transactions) == 0
        desk.pass_time(timedelta(days=2))
        assert forget_received(desk.world.transactions) == 1

    def test_it_waits_until_the_letters_alone_are_confirmed_too(self, desk: Desk) -> None:
        desk.take(event(FactKind.TAGGED, name="vip"))
        desk.door.seat(ANA)
        assert desk.facts() == {("tagged", "vip")}


class TestRefused:
    def test_what_can_never_be_right_is_kept_with_its_reason(self, desk: Desk) -> None:
        desk.door.seat(ANA)  # the letters only: there is no seat that it could be about
        assert desk.take(event(FactKind.MISSED)) == ["refused"]
        assert desk.world.ask("select reason from received_facts") != ""
        assert desk.world.ask("select payload from received_facts") == b"{}"
        assert desk.take(event(FactKind.MISSED)) == ["refused"]

    def test_one_that_is_refused_stops_no_other(self, desk: Desk) -> None:
        desk.door.seat(ANA)
        events = (event(FactKind.MISSED), event(FactKind.BOOKED, name="call"))
        assert desk.take(*events) == ["refused", "applied"]
        assert desk.facts() == {("booked", "call")}

    def test_once_the_mapping_is_mended_it_is_read_again(self, desk: Desk) -> None:
        desk.door.seat(ANA)
        bodies = [json.dumps({"kind": "goal", "mail": ANA}).encode(), b"{"]
        for body in bodies:
            error = InvalidInputError("there is no address", field="email")
            refuse_event(error, desk.source, body, desk.world.transactions)
        assert read_refused(desk.world.transactions) == 0
        transactions = desk.world.transactions
        change_fact_source("generic", transactions, field_mapping={"email": ("mail",)})
        assert read_refused(transactions) == 1
        assert desk.facts() == {("goal", "")}
        assert desk.world.ask("select payload from received_facts where status = 'refused'") == b"{"

    def test_a_broken_sender_does_not_fill_the_disk(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("funnel.storage.received_facts.MOST_REFUSED", 3)
        for number in range(5):
            body = f"not JSON {number}".encode()
            error = InvalidInputError("the body is not JSON")
            refuse_event(error, desk.source, body, desk.world.transactions)
        assert desk.world.ask("select count(*) from received_facts") == 3


def test_two_calls_with_the_same_events_end_as_one(desk: Desk) -> None:
    desk.door.seat(ANA)
    desk.door.seat("bea@example.org")
    forward = [
        event(FactKind.BOOKED, n, email=email)
        for n in range(5)
        for email in (ANA, "bea@example.org")
    ]
    acts: list[Callable[..., object]] = [
        lambda transactions, events=events: receive_facts(events, desk.source, transactions)
        for events in (forward, forward[::-1], forward, forward[::-1])
    ]
    done = desk.door.at_once(acts)
    assert all(isinstance(each, tuple) for each in done), done
    assert desk.world.ask("select count(*) from received_facts where status = 'applied'") == 10
    assert desk.world.ask("select count(*) from facts where kind = 'booked'") == 10


def test_what_comes_while_its_person_confirms_waits_for_the_end_of_that(desk: Desk) -> None:
    signup = desk.door.sign_up(ANA, desk.sitting(10 * MINUTE))
    others = open_database(desk.world.url)
    joined = event(FactKind.JOINED, platform_id=MEETING)
    with ThreadPoolExecutor(1) as pool:
        with desk.world.transactions.begin() as tx:
            confirm_within(tx, signup, None, VISITOR)  # it has looked for what waits
            receipts = pool.submit(receive_facts, [joined], desk.source, others)
            _until_it_waits(desk, receipts)
        assert [each.status for each in receipts.result(20)] == ["applied"]
    others.close()
    assert desk.facts() == {("joined", "")}


def _until_it_waits(desk: Desk, work: Future[tuple[Receipt, ...]]) -> None:
    """Return when the work waits for a lock, or is done without having waited."""
    deadline = time.monotonic() + 15
    waiting = (
        "select count(*) from pg_stat_activity "
        "where wait_event_type = 'Lock' and datname = current_database()"
    )
    while not work.done() and not desk.world.ask(waiting):
        assert time.monotonic() < deadline
        time.sleep(0.01)


_NUMBERS: Iterator[int] = count(1)

_STORY = st.permutations(
    [
        *("confirmed", "joined", "left", "joined again", "left again", "room", "missed"),
        *("booked", "cancelled", "booked again", "tagged", "untagged", "bought", "replied"),
    ]
)


def _events(email: str, began: datetime) -> dict[str, FactEvent]:
    """What one person did, a second apart, so that each order is told from the others."""

    def at(second: float) -> datetime:
        return began + timedelta(seconds=second)

    def in_room(kind: FactKind, number: int, second: float) -> FactEvent:
        return event(kind, number, email=email, platform_id=MEETING, at=at(second))

    url = "https://zoom.example.org/w/1?tk=own"
    return {
        "joined": in_room(FactKind.JOINED, 1, 10),
        "left": in_room(FactKind.LEFT_ROOM, 1, 20),
        "joined again": in_room(FactKind.JOINED, 2, 30),
        "left again": in_room(FactKind.LEFT_ROOM, 2, 40),
        "missed": in_room(FactKind.MISSED, 1, 5),
        "room": replace_url(in_room(FactKind.REGISTERED_THERE, 1, 1), url),
        "booked": event(FactKind.BOOKED, 1, email=email, name="call", at=at(11)),
        "cancelled": event(FactKind.BOOKING_CANCELLED, 1, email=email, name="call", at=at(12)),
        "booked again": event(FactKind.BOOKED, 2, email=email, name="call", at=at(13)),
        "tagged": event(FactKind.TAGGED, 1, email=email, name="vip", at=at(14)),
        "untagged": event(FactKind.UNTAGGED, 1, email=email, name="vip", at=at(15)),
        "bought": event(FactKind.BOUGHT, 1, email=email, name="book", at=at(16)),
        "replied": event(FactKind.REPLIED, 1, email=email, at=at(17)),
    }


def replace_url(known: FactEvent, url: str) -> FactEvent:
    assert known.report is not None
    return replace(known, report=replace(known.report, url=url))


def _ends(desk: Desk, story: Sequence[str], session: UUID, began: datetime) -> object:
    """Tell a story about somebody new; return what is known of them at its end."""
    email = f"p{next(_NUMBERS)}@example.org"
    events = _events(email, began)
    signup = desk.door.sign_up(email, session)
    for word in story:
        if word == "confirmed":
            desk.door.confirm(signup)
        else:
            desk.take(events[word])
            desk.take(events[word])  # each is sent twice
    retry_waiting(desk.world.transactions, all_of_them=True)
    happened = desk.world.ask(
        "select json_agg(json_build_array(f.kind, f.name, f.at - :began) order by f.at) from "
        "facts f join subscribers s on s.id = f.subscriber_id where s.email_key = :email and "
        "f.kind in ('booked', 'booking cancelled', 'tagged', 'untagged', 'bought', 'replied')",
        email=email,
        began=TUESDAY_NOON,
    )
    statuses = desk.world.ask("select array_agg(distinct status) from received_facts")
    return desk.seat(email), happened, statuses


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(story=_STORY)
def test_any_order_of_arrival_ends_in_the_same_facts(
    desk_at_rest: tuple[Desk, UUID, datetime, object], story: list[str]
) -> None:
    desk, session, began, expected = desk_at_rest
    assert _ends(desk, story, session, began) == expected


@pytest.fixture
def desk_at_rest(desk: Desk) -> tuple[Desk, UUID, datetime, object]:
    """A desk whose two clocks stand at one distance, and how the story ends in its own order."""
    session = desk.sitting(10 * MINUTE)
    began = datetime.now(UTC) - MINUTE
    plain = ["confirmed", *_events(ANA, began)]
    return desk, session, began, _ends(desk, plain, session, began)


def test_every_kind_of_status_is_one_that_the_table_knows(desk: Desk) -> None:
    desk.take(event(FactKind.BOOKED))
    for status in EventStatus:
        desk.world.execute("update received_facts set status = :status", status=status)
