"""The sums of results: each moves with its rows, and in any order they are what a recount gives."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from alembic.migration import MigrationContext
from alembic.operations import Operations
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from funnel.domain.consent import Topic
from funnel.domain.errors import FunnelError
from funnel.domain.facts import FactKind, FactReport
from funnel.domain.session import Attendance
from funnel.domain.signup import Visitor
from funnel.services.cancel_session import cancel_session
from funnel.services.check_results import check_results
from funnel.services.choose_session import choose_session
from funnel.services.continue_replans import continue_replans
from funnel.services.erase_person import erase_person
from funnel.services.give_up_seat import give_up_seat
from funnel.services.mark_attendance import mark_attendance
from funnel.services.record_facts import record_facts
from funnel.services.remind_signups import remind_signups
from funnel.services.unsubscribe import Word, resume_topic, unsubscribe
from funnel.storage.migrations.versions import m0005_studio
from funnel.storage.result_rows import Measure, Scope
from tests.fixtures.posting import Post
from tests.fixtures.signups import RULES, Door
from tests.fixtures.world import TUESDAY_NOON, World

DAY = timedelta(days=1)
WORD = Word(source="unsubscribe page", visitor=Visitor())
HASH_KEY = b"a-key-for-tests-only"
CAMPAIGN = {"source": "newsletter", "utm_campaign": "spring"}


def sums(world: World, scope: Scope) -> dict[str, Counter[str]]:
    """Return the sums of a scope, by key; what is nought is left out."""
    found: dict[str, Counter[str]] = {}
    with world.transactions.begin_reading() as tx:
        rows = tx.connection.execute(
            text("select key, measure, total from result_sums where scope = :scope and total <> 0"),
            {"scope": scope},
        )
        for row in rows:
            found.setdefault(row.key, Counter())[row.measure] = row.total
    return found


def of(world: World, scope: Scope, key: object) -> dict[str, int]:
    return dict(sums(world, scope).get(str(key), Counter()))


def assert_right(world: World) -> None:
    assert check_results(world.transactions).wrong == ()


def click(run: UUID, step: str = "first", link: str = "1") -> FactReport:
    return FactReport(
        kind=FactKind.CLICKED,
        source="link",
        enrollment_id=run,
        step_key=step,
        dedupe=f"{run}:{link}",
    )


def test_a_signup_counts_once_it_is_settled_by_source_campaign_and_date(door: Door) -> None:
    world = door.world
    date = world.add_session(TUESDAY_NOON + 2 * DAY)
    for name in ("ana", "ben"):
        request = door.request(f"{name}@example.org", date)
        object.__setattr__(request, "utm", CAMPAIGN)
        made = door.accept(request)
        assert sums(world, Scope.SOURCE) == ({} if name == "ana" else {str(door.source.id): ONE})
        if name == "ana":
            door.confirm(made.id)
            door.confirm(made.id)
    assert of(world, Scope.SESSION, date) == {**ONE, "registered": 1}
    world.travel_to(TUESDAY_NOON + 9 * DAY)
    remind_signups(world.transactions, RULES)
    expected = {"signups": 2, "confirmed": 1}
    assert of(world, Scope.SOURCE, door.source.id) == expected
    # Who did not confirm is forgotten, and where they came from stays counted.
    assert world.ask("select count(*) from signups where utm <> '{}'") == 1
    kept = {"kept signups": 1}
    assert of(world, Scope.UTM, "campaign=spring") == {**expected, **kept}
    assert of(world, Scope.UTM, "source=newsletter") == {**expected, **kept}
    assert of(world, Scope.SESSION, date) == {**expected, "registered": 1}
    assert_right(world)


ONE = {"signups": 1, "confirmed": 1}


def test_a_person_counts_once_however_often_something_is_said(door: Door) -> None:
    world = door.world
    date = world.add_session(TUESDAY_NOON + 2 * DAY)
    seat = door.seat("ana@example.org", date)
    run, source = seat.enrollment_id, door.source.id
    record_facts([click(run), click(run), click(run, link="2")], world.transactions)
    assert of(world, Scope.EMAIL, "first") == {"clicked": 1}
    world.travel_to(TUESDAY_NOON + 3 * DAY)
    said = FactReport(kind=FactKind.ATTENDED, source="zoom", enrollment_id=run)
    watched = FactReport(kind=FactKind.WATCHED, source="zoom", enrollment_id=run)
    booked = FactReport(kind=FactKind.BOOKED, source="cal", email="ana@example.org")
    for _ in range(2):
        record_facts([said, watched, booked], world.transactions)
    came = {"attended": 1, "booked": 1}
    assert of(world, Scope.SESSION, date) == {**ONE, "registered": 1, "replayed": 1, **came}
    assert of(world, Scope.SOURCE, source) == {**ONE, **came}
    registration = world.ask("select id from registrations")
    assert isinstance(registration, UUID)
    for attendance in (Attendance.MISSED, Attendance.UNKNOWN):
        mark_attendance(
            date, registration, attendance, seen=None, by="coach", transactions=world.transactions
        )
        missed = {"missed": 1} if attendance is Attendance.MISSED else {}
        expected = {**ONE, "registered": 1, "replayed": 1, "booked": 1, **missed}
        assert of(world, Scope.SESSION, date) == expected
    assert of(world, Scope.SOURCE, source) == {**ONE, "booked": 1}
    assert_right(world)


def test_a_seat_counts_where_it_is_held_now(door: Door) -> None:
    world = door.world
    first, other = (world.add_session(TUESDAY_NOON + n * DAY) for n in (2, 4))
    seat = door.seat("ana@example.org", first)
    choose_session(seat.enrollment_id, other, Visitor(), world.transactions)
    assert (of(world, Scope.SESSION, first), of(world, Scope.SESSION, other)) == (
        ONE,
        {"registered": 1},
    )
    give_up_seat(seat.enrollment_id, world.transactions)
    assert of(world, Scope.SESSION, other) == {}
    assert_right(world)


def test_a_date_that_is_called_off_holds_nobody(door: Door) -> None:
    world = door.world
    date = world.add_session(TUESDAY_NOON + 2 * DAY)
    for name in "abc":
        door.seat(f"{name}@example.org", date)
    assert of(world, Scope.SESSION, date)["registered"] == 3
    cancel_session(date, world.transactions, by="coach")
    continue_replans(world.transactions)
    assert of(world, Scope.SESSION, date) == {"signups": 3, "confirmed": 3}
    assert_right(world)


def test_who_leaves_counts_to_the_newest_email_of_what_they_ended(post: Post) -> None:
    world = post.world
    people = []
    for name in ("ana", "ben", "cleo"):
        person = world.add_person(f"{name}@example.org")
        world.enroll(person, world.add_session(TUESDAY_NOON + 14 * DAY))
        people.append(person)
    check_results(world.transactions, repairs=True)  # the world wrote their seats by itself
    post.deliver()
    # Nothing of the letters has come yet: it is counted to none.
    unsubscribe(people[0], Topic.LETTERS, WORD, world.transactions)
    assert sums(world, Scope.EMAIL) == {}
    world.travel_to(TUESDAY_NOON + DAY)
    post.deliver()
    for _ in range(2):
        unsubscribe(people[1], None, WORD, world.transactions)
    assert sums(world, Scope.EMAIL) == {"first": {"left": 1}}
    unsubscribe(people[2], Topic.SEAT, WORD, world.transactions)
    assert sums(world, Scope.EMAIL) == {"first": {"left": 1}, "your-seat": {"left": 1}}
    # Once is once, also of who comes back and leaves again.
    resume_topic(people[2], Topic.SEAT, WORD, world.transactions)
    unsubscribe(people[2], Topic.SEAT, WORD, world.transactions)
    assert of(world, Scope.EMAIL, "your-seat") == {"left": 1}
    assert_right(world)


def test_what_somebody_erased_counted_for_stays_and_their_coming_seat_is_free(door: Door) -> None:
    world = door.world
    past, coming = (world.add_session(TUESDAY_NOON + n * DAY) for n in (2, 30))
    requests = door.request("ana@example.org", past)
    object.__setattr__(requests, "utm", {"campaign": "spring", "source": "for-ana@example.org"})
    seat = door.confirm(door.accept(requests).id)
    record_facts([click(seat.enrollment_id)], world.transactions)
    world.travel_to(TUESDAY_NOON + 3 * DAY)
    record_facts(
        [
            FactReport(kind=FactKind.ATTENDED, source="x", enrollment_id=seat.enrollment_id),
            FactReport(kind=FactKind.BOOKED, source="x", email="ana@example.org"),
        ],
        world.transactions,
    )
    again = door.seat("ana@example.org", coming)
    before = {each: sums(world, each) for each in Scope}
    assert before[Scope.SESSION][str(coming)]["registered"] == 1
    person = world.ask("select id from subscribers")
    assert isinstance(person, UUID) and again.subscriber_id == person
    erase_person(person, "ana@example.org", world.transactions, hash_key=HASH_KEY, by="coach")
    assert_right(world)
    before[Scope.SESSION][str(coming)]["registered"] = 0
    # A campaign that was called after them goes with them.
    assert before[Scope.UTM].pop("source=for-ana@example.org")
    for scope, expected in before.items():
        shown = {
            key: Counter({m: n for m, n in found.items() if not m.startswith("kept")})
            for key, found in sums(world, scope).items()
        }
        assert shown == {key: +found for key, found in expected.items()}, scope
    assert world.ask("select count(*) from result_sums where key like '%ana@%'") == 0


def test_a_wrong_sum_is_found_and_put_right(door: Door) -> None:
    world = door.world
    door.seat("ana@example.org", world.add_session(TUESDAY_NOON + 2 * DAY))
    world.execute("update result_sums set total = 7 where measure = 'registered'")
    world.execute("delete from result_sums where measure = 'confirmed'")
    found = check_results(world.transactions).wrong
    assert {(each.tally.measure, each.said, each.are) for each in found} == {
        (Measure.REGISTERED, 7, 1),
        (Measure.CONFIRMED, 0, 1),
    }
    assert check_results(world.transactions, repairs=True).wrong == found
    assert_right(world)


def test_two_words_at_one_moment_about_one_person_count_once(door: Door) -> None:
    world = door.world
    seat = door.seat("ana@example.org", world.add_session(TUESDAY_NOON + 2 * DAY))
    run = seat.enrollment_id
    done = door.at_once(
        [
            lambda each, link=link: record_facts([click(run, link=str(link))], each)
            for link in range(12)
        ]
    )
    assert done == [1] * 12
    assert of(world, Scope.EMAIL, "first") == {"clicked": 1}
    assert_right(world)


class Play:
    """Two people, two dates, and whatever happens to them."""

    def __init__(self, door: Door, number: int) -> None:
        self.door = door
        self.world = door.world
        self.names = [f"{each}-{number}@example.org" for each in ("ana", "ben")]
        self.dates = [door.world.add_session(TUESDAY_NOON + n * DAY) for n in (1, 3)]
        self.runs = [door.seat(each, self.dates[0]).enrollment_id for each in self.names]
        self.days = 0

    def say(self, kind: FactKind, who: int) -> None:
        is_booked = kind is FactKind.BOOKED
        report = FactReport(
            kind=kind,
            source="x",
            enrollment_id=None if is_booked else self.runs[who],
            email=self.names[who] if is_booked else None,
        )
        record_facts([report], self.world.transactions)

    def person(self, who: int) -> UUID:
        run = self.runs[who]
        found = self.world.ask("select subscriber_id from enrollments where id = :id", id=run)
        assert isinstance(found, UUID)
        return found

    def travel(self) -> None:
        self.days += 1
        self.world.travel_to(TUESDAY_NOON + self.days * DAY)

    def leave(self, topic: Topic | None, who: int) -> None:
        unsubscribe(self.person(who), topic, WORD, self.world.transactions)

    def erase(self, who: int) -> None:
        transactions = self.world.transactions
        person, name = self.person(who), self.names[who]
        erase_person(person, name, transactions, hash_key=HASH_KEY, by="coach")


ACTS: dict[str, Callable[[Play, int], object]] = {
    "click": lambda play, who: record_facts(
        [click(play.runs[who], link=str(play.days))], play.world.transactions
    ),
    "attended": lambda play, who: play.say(FactKind.ATTENDED, who),
    "missed": lambda play, who: play.say(FactKind.MISSED, who),
    "watched": lambda play, who: play.say(FactKind.WATCHED, who),
    "booked": lambda play, who: play.say(FactKind.BOOKED, who),
    "goal": lambda play, who: play.say(FactKind.GOAL, who),
    "leave letters": lambda play, who: play.leave(Topic.LETTERS, who),
    "leave all": lambda play, who: play.leave(None, who),
    "other date": lambda play, who: choose_session(
        play.runs[who], play.dates[1], Visitor(), play.world.transactions
    ),
    "give up": lambda play, who: give_up_seat(play.runs[who], play.world.transactions),
    "sign up": lambda play, who: play.door.seat(play.names[who], play.dates[1]),
    "erase": lambda play, who: play.erase(who),
    "travel": lambda play, _: play.travel(),
}
DONE = st.lists(st.tuples(st.sampled_from(list(ACTS)), st.integers(0, 1)), min_size=3, max_size=14)


@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(acts=DONE, number=st.integers(0, 10**9))
def test_in_any_order_the_sums_are_what_a_recount_gives(
    door: Door, acts: list[tuple[str, int]], number: int
) -> None:
    door.world.travel_to(TUESDAY_NOON)
    play = Play(door, number)
    for what, who in acts:
        try:
            ACTS[what](play, who)
        except FunnelError:
            continue  # not possible any more: what matters is what was counted
    assert_right(door.world)


def test_the_migration_fills_what_is_there(post: Post) -> None:
    """Its own statements, upon rows that were written as if nothing had counted them."""
    world = post.world
    date = world.add_session(TUESDAY_NOON + 14 * DAY)
    people = [world.add_person(f"{name}@example.org") for name in ("ana", "ben")]
    runs = [world.enroll(person, date) for person in people]
    check_results(world.transactions, repairs=True)
    post.deliver()
    world.travel_to(TUESDAY_NOON + DAY)
    post.deliver()
    record_facts([click(runs[0])], world.transactions)
    unsubscribe(people[0], None, WORD, world.transactions)
    unsubscribe(people[1], Topic.SEAT, WORD, world.transactions)
    moved = {each: sums(world, each) for each in Scope}
    assert moved[Scope.EMAIL]["first"] == {"clicked": 1, "left": 1}
    assert moved[Scope.EMAIL]["your-seat"] == {"left": 1}
    with world.transactions.begin() as tx:
        tx.connection.execute(text("delete from result_sums"))
        tx.connection.execute(
            text("update consents set after_sequence_id = null, after_step_key = null")
        )
        with Operations.context(MigrationContext.configure(tx.connection)):
            m0005_studio._results()
    assert {each: sums(world, each) for each in Scope} == moved
    assert_right(world)
