"""Clicks judged afterwards: what becomes a fact, once, in any order, and what never does."""

import json
import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from funnel.domain.judgement import SETTLES_AFTER, EvidenceKind
from funnel.domain.sequence import Condition, ConditionKind
from funnel.domain.sequence_json import definition_to_json
from funnel.domain.signup import Visitor
from funnel.services.judge_evidence import forget_evidence, judge_evidence
from funnel.services.open_join_link import open_join_link
from funnel.services.open_link import open_link
from funnel.services.skip_time import skip_time
from funnel.storage import evidence, links
from funnel.storage.transaction import open_database
from tests.fixtures.posting import THURSDAY_EVENING, Post, enrolled
from tests.fixtures.signups import Door
from tests.fixtures.world import SHORT_SEQUENCE, TUESDAY_NOON, World

BROWSER = Visitor(ip="192.0.2.7", user_agent="Mozilla/5.0 Chrome/142.0", method="GET")
SCANNER = Visitor(ip="198.51.100.9", user_agent="Barracuda Sentinel (EE)", method="GET")
HOUR = timedelta(hours=1)
BODY = "[Book a call](https://example.org/talk) [Notes](https://example.org/notes)"


@dataclass(slots=True, kw_only=True)
class Reader:
    """Somebody whose email has left at noon on Tuesday, with two links in it."""

    world: World
    person: UUID
    run: UUID
    session: UUID

    def link(self, name: str) -> int:
        found = self.world.ask("select id from links where name = :name", name=name)
        assert isinstance(found, int)
        return found

    def open(self, name: str, at: datetime, visitor: Visitor = BROWSER) -> str:
        self.world.travel_to(at)
        return open_link(self.link(name), self.run, visitor, self.world.transactions).url

    def settle(self) -> int:
        """Let the settling time pass, and judge."""
        now = self.world.ask("select plan_now()")
        assert isinstance(now, datetime)
        self.world.travel_to(now + SETTLES_AFTER)
        return judge_evidence(self.world.transactions)

    def clicks(self) -> list[str]:
        found = self.world.ask(
            "select array_agg(name || ' in ' || step_key || ' at ' || (at - :noon) order by at) "
            "from facts where kind = 'clicked' and enrollment_id = :run",
            run=self.run,
            noon=TUESDAY_NOON,
        )
        return list(found) if isinstance(found, list) else []

    def judged(self) -> list[bool | None]:
        found = self.world.ask("select array_agg(is_human order by at, id) from evidence")
        return list(found) if isinstance(found, list) else []


@pytest.fixture
def reader(post: Post) -> Reader:
    post.world.publish_email("your-seat", BODY, layout="service")
    person, run = enrolled(post.world)
    assert post.deliver() == {"accepted": 1}
    post.world.execute("update messages set accepted_at = :noon", noon=TUESDAY_NOON)
    session = post.world.ask("select id from sessions")
    assert isinstance(session, UUID)
    return Reader(world=post.world, person=person, run=run, session=session)


def test_a_person_s_click_becomes_a_fact_at_its_own_moment_and_not_before(reader: Reader) -> None:
    assert reader.open("book-a-call", TUESDAY_NOON + HOUR) == "https://example.org/talk"
    assert judge_evidence(reader.world.transactions) == 0
    assert reader.judged() == [None] and reader.clicks() == []
    assert reader.settle() == 1
    assert reader.judged() == [True]
    (click,) = reader.clicks()
    assert click.startswith("book-a-call in your-seat at 01:00:00")
    assert "1 h after the email" in str(reader.world.ask("select reasons[1] from evidence"))


def test_opening_plans_nothing_and_the_fact_plans_the_run_once(reader: Reader) -> None:
    revision = "select plan_revision from enrollments"
    before = reader.world.ask(revision)
    reader.open("book-a-call", TUESDAY_NOON + HOUR)
    assert reader.world.ask(revision) == before
    reader.settle()
    after = reader.world.ask(revision)
    judge_evidence(reader.world.transactions)
    assert reader.world.ask(revision) == after != before


def test_a_scan_is_no_click_and_the_person_who_comes_later_is(reader: Reader) -> None:
    for name in ("book-a-call", "notes"):
        reader.open(name, TUESDAY_NOON + timedelta(seconds=3), SCANNER)
    reader.open("notes", TUESDAY_NOON + 2 * HOUR)
    assert reader.settle() == 3
    assert reader.judged() == [False, False, True]
    assert [each.partition(" in ")[0] for each in reader.clicks()] == ["notes"]


def test_the_first_link_of_a_burst_is_judged_by_those_that_follow(reader: Reader) -> None:
    reader.open("book-a-call", TUESDAY_NOON + HOUR)
    reader.open("notes", TUESDAY_NOON + HOUR + timedelta(seconds=1))
    reader.settle()
    assert reader.judged() == [False, False]
    assert reader.clicks() == []


def test_the_same_link_again_is_one_fact_and_another_one_its_own(reader: Reader) -> None:
    for hours, name in ((1, "notes"), (2, "notes"), (3, "book-a-call"), (30, "notes")):
        reader.open(name, TUESDAY_NOON + hours * HOUR)
        reader.settle()
    assert [each.partition(" in ")[0] for each in reader.clicks()] == ["notes", "book-a-call"]


def test_the_order_in_which_rows_came_does_not_matter(reader: Reader) -> None:
    """Ids and moments need not agree: transactions commit in their own order."""
    moments = [TUESDAY_NOON + timedelta(minutes=each) for each in (50, 20, 40, 10, 30)]
    for at in moments:
        reader.open("notes", at)
    reader.world.travel_to(TUESDAY_NOON + HOUR)
    reader.settle()
    (click,) = reader.clicks()
    assert click.startswith("notes in your-seat at 00:10:00")


def test_two_who_judge_at_once_judge_each_click_once(reader: Reader) -> None:
    for minute in range(1, 31):
        reader.open(random.choice(["notes", "book-a-call"]), TUESDAY_NOON + minute * HOUR / 60)  # noqa: S311  (any will do)
    reader.world.travel_to(TUESDAY_NOON + 2 * HOUR)
    transactions = open_database(reader.world.url, pool_size=4)
    with ThreadPoolExecutor(4) as pool:
        judged = list(pool.map(lambda _: judge_evidence(transactions), range(4)))
    transactions.close()
    assert sum(judged) == 30
    assert judge_evidence(reader.world.transactions) == 0
    assert len(reader.clicks()) == 2


def test_more_than_a_batch_is_judged_in_one_call(reader: Reader) -> None:
    reader.world.execute(
        "insert into evidence (kind, subscriber_id, enrollment_id, link_id, at, ip, user_agent, "
        "method) select 'link opened', :person, :run, :link, "
        "plan_now() - n * interval '1 minute', '192.0.2.7', 'Mozilla/5.0', 'GET' "
        "from generate_series(20, 269) n",
        person=reader.person,
        run=reader.run,
        link=reader.link("notes"),
    )
    assert judge_evidence(reader.world.transactions) == 250
    assert None not in reader.judged()
    assert len(reader.clicks()) == 1


def test_a_person_who_has_left_can_follow_links_and_one_erased_leaves_no_trace(
    reader: Reader,
) -> None:
    reader.world.execute("update enrollments set state = 'left', next_due_at = null")
    assert reader.open("notes", TUESDAY_NOON + HOUR) == "https://example.org/notes"
    reader.settle()
    assert len(reader.clicks()) == 1
    reader.world.execute("delete from messages")
    reader.world.execute("delete from subscribers")
    assert reader.open("notes", TUESDAY_NOON + 2 * HOUR) == "https://example.org/notes"
    assert reader.world.ask("select count(*) from evidence") == 0
    assert judge_evidence(reader.world.transactions) == 0


def test_a_person_erased_between_the_click_and_its_judgement_is_no_obstacle(
    reader: Reader,
) -> None:
    reader.open("notes", TUESDAY_NOON + HOUR)
    # As a row of a release that did not know the person's erasure yet.
    reader.world.execute("update evidence set subscriber_id = null")
    reader.world.execute("delete from subscribers")
    assert reader.settle() == 1
    assert reader.world.ask("select count(*) from facts") == 0


@pytest.mark.parametrize(
    ("clicks_count", "after_start", "visitor", "expected"),
    [
        (True, timedelta(minutes=5), BROWSER, "attended"),
        (True, -timedelta(minutes=9), BROWSER, "attended"),
        (False, timedelta(minutes=5), BROWSER, "unknown"),
        (True, -timedelta(minutes=11), BROWSER, "unknown"),
        (True, timedelta(minutes=91), BROWSER, "unknown"),
        (True, timedelta(minutes=5), SCANNER, "unknown"),
    ],
)
def test_a_join_link_opened_in_the_window_counts_where_the_session_says_so(
    reader: Reader,
    clicks_count: bool,  # noqa: FBT001  (a column of the table above)
    after_start: timedelta,
    visitor: Visitor,
    expected: str,
) -> None:
    reader.world.execute("update sessions set clicks_count = :counts", counts=clicks_count)
    reader.world.travel_to(THURSDAY_EVENING + after_start)
    open_join_link(reader.run, visitor, reader.world.transactions)
    reader.world.travel_to(THURSDAY_EVENING + timedelta(hours=2))
    judge_evidence(reader.world.transactions)
    assert reader.world.ask("select attendance from registrations") == expected
    if expected == "attended":
        said = reader.world.ask(
            "select attendance_at - :start from registrations", start=THURSDAY_EVENING
        )
        assert isinstance(said, timedelta)
        assert timedelta(0) <= said - after_start < timedelta(seconds=30)


def test_who_opened_the_door_before_a_session_that_then_moved_has_not_attended(
    reader: Reader,
) -> None:
    reader.world.execute("update sessions set clicks_count = true")
    reader.world.travel_to(THURSDAY_EVENING - timedelta(minutes=8))
    open_join_link(reader.run, BROWSER, reader.world.transactions)
    assert reader.settle() == 0, "before the start it may still move"
    reader.world.execute(
        "update sessions set starts_at = starts_at + interval '7 days', "
        "ends_at = ends_at + interval '7 days'"
    )
    reader.world.travel_to(THURSDAY_EVENING + timedelta(days=8))
    assert judge_evidence(reader.world.transactions) == 1
    assert reader.world.ask("select attendance from registrations") == "unknown"


def test_the_room_that_a_platform_gave_this_person_goes_before_the_session_s(
    reader: Reader,
) -> None:
    reader.world.execute("update sessions set join_url = 'https://zoom.example.org/j/1'")
    reader.world.travel_to(THURSDAY_EVENING)
    url = open_join_link(reader.run, BROWSER, reader.world.transactions).room_url
    assert url == "https://zoom.example.org/j/1"
    reader.world.execute("update registrations set join_url = 'https://zoom.example.org/w/1?tk=a'")
    url = open_join_link(reader.run, BROWSER, reader.world.transactions).room_url
    assert url == "https://zoom.example.org/w/1?tk=a"


def test_the_clock_that_skips_waits_for_what_is_to_be_judged(reader: Reader) -> None:
    at = TUESDAY_NOON + timedelta(minutes=7)
    reader.open("notes", at)
    reader.world.execute("update clock set frozen_at = null")
    moved = skip_time(reader.world.transactions)
    assert moved.moved_to is not None
    assert timedelta(0) <= moved.moved_to - at - SETTLES_AFTER < timedelta(seconds=20)
    reader.world.travel_to(moved.moved_to + timedelta(seconds=1))
    assert skip_time(reader.world.transactions).hold is not None
    judge_evidence(reader.world.transactions)
    further = skip_time(reader.world.transactions)
    assert further.moved_to is not None and further.moved_to > at + timedelta(minutes=1)


def test_the_confirmation_page_s_first_human_opening_is_noted_at_its_signup(door: Door) -> None:
    signup = door.sign_up()
    world = door.world

    def fetched(minute: int, visitor: Visitor) -> None:
        world.travel_to(TUESDAY_NOON + timedelta(minutes=minute))
        seen = evidence.Seen(
            kind=EvidenceKind.CONFIRMATION_FETCHED, visitor=visitor, signup_id=signup
        )
        with world.transactions.begin() as tx:
            evidence.add(tx, seen)

    fetched(1, SCANNER)
    world.travel_to(TUESDAY_NOON + timedelta(minutes=2))
    assert judge_evidence(world.transactions) == 1
    assert world.ask("select opened_at from signups") is None
    fetched(3, BROWSER)
    fetched(4, BROWSER)
    world.travel_to(TUESDAY_NOON + timedelta(minutes=5))
    assert judge_evidence(world.transactions) == 2
    opened = world.ask("select opened_at - :noon from signups", noon=TUESDAY_NOON)
    assert isinstance(opened, timedelta)
    assert timedelta(minutes=3) <= opened < timedelta(minutes=4)


def test_a_flood_fills_no_table(reader: Reader) -> None:
    for _ in range(evidence.MOST_AN_HOUR + 5):
        open_link(reader.link("notes"), reader.run, BROWSER, reader.world.transactions)
    assert reader.world.ask("select count(*) from evidence") == evidence.MOST_AN_HOUR
    reader.open("notes", TUESDAY_NOON + 2 * HOUR)
    assert reader.world.ask("select count(*) from evidence") == evidence.MOST_AN_HOUR + 1


def test_what_was_seen_is_forgotten_after_ninety_days_and_the_fact_stays(reader: Reader) -> None:
    reader.open("notes", TUESDAY_NOON + HOUR)
    reader.settle()
    reader.world.travel_to(TUESDAY_NOON + timedelta(days=89))
    assert forget_evidence(reader.world.transactions) == 0
    reader.world.travel_to(TUESDAY_NOON + timedelta(days=90, hours=2))
    assert forget_evidence(reader.world.transactions) == 1
    assert reader.world.ask("select count(*) from evidence") == 0
    assert len(reader.clicks()) == 1


def test_a_link_is_found_by_number_alone_when_its_run_is_gone(reader: Reader) -> None:
    link = reader.link("notes")
    with reader.world.transactions.begin() as tx:
        found = links.find(tx, link, UUID(int=0))
        assert found is not None and found.subscriber_id is None
        assert found.sequence_id == reader.world.sequence_id
        assert links.find(tx, 10**12, reader.run) is None


CLICKED_NOTES = Condition(kind=ConditionKind.CLICKED, name="notes", is_negated=True)


@pytest.mark.parametrize("visitor", [BROWSER, SCANNER])
def test_a_letter_that_asks_for_no_click_is_skipped_after_one(post: Post, visitor: Visitor) -> None:
    """From the email to the plan: what a step says is decided by who opened the link."""
    world = post.world
    steps = tuple(
        replace(step, conditions=(CLICKED_NOTES,)) if step.key == "first" else step
        for step in SHORT_SEQUENCE.steps
    )
    world.execute(
        "update sequence_versions set definition = cast(:definition as jsonb)",
        definition=json.dumps(definition_to_json(replace(SHORT_SEQUENCE, steps=steps))),
    )
    world.publish_email("your-seat", BODY, layout="service")
    _, run = enrolled(world)
    assert post.deliver() == {"accepted": 1}
    world.travel_to(TUESDAY_NOON + HOUR)
    link = world.ask("select id from links where name = 'notes'")
    assert isinstance(link, int)
    open_link(link, run, visitor, world.transactions)
    world.travel_to(TUESDAY_NOON + 2 * HOUR)
    assert judge_evidence(world.transactions) == 1
    world.travel_to(TUESDAY_NOON + timedelta(hours=21))
    sent = post.deliver()
    if visitor is BROWSER:
        assert sent == {} and world.statuses(run)["first"] == "skipped"
    else:
        assert sent == {"accepted": 1} and world.statuses(run)["first"] == "accepted"
