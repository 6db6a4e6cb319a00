"""What an explanation says of conditions: what decided, with its row; never what does not count."""

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from funnel.domain.condition_text import read_condition
from funnel.domain.explanation import ExplainedDecision, Explanation
from funnel.domain.facts import FactKind, FactReport
from funnel.domain.sequence import Condition
from funnel.domain.sequence_json import definition_to_json
from funnel.services.explain_step import explain_step
from funnel.services.record_facts import record_facts
from tests.fixtures.posting import Post
from tests.fixtures.signups import Door
from tests.fixtures.world import SHORT_SEQUENCE, TUESDAY_NOON

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
FIRST_LEAVES = TUESDAY_NOON + 21 * HOUR  # Wednesday, 09:00 in Berlin; the second one on Friday


@dataclass(slots=True, kw_only=True)
class Ana:
    """Somebody whose email “Your seat” has left; “second” asks what a test says."""

    post: Post
    door: Door
    run: UUID | None = None

    def asked(self, *conditions: Condition) -> None:
        """Take a seat in the sequence, whose second letter asks this."""
        world = self.post.world
        steps = tuple(
            replace(step, conditions=conditions) if step.key == "second" else step
            for step in SHORT_SEQUENCE.steps
        )
        world.execute(
            "update sequence_versions set definition = cast(:definition as jsonb)",
            definition=json.dumps(definition_to_json(replace(SHORT_SEQUENCE, steps=steps))),
        )
        world.publish_notice("confirm")
        self.door.seat(session=world.add_session(TUESDAY_NOON + 9 * DAY))
        self.post.deliver()
        run = world.ask("select id from enrollments")
        assert isinstance(run, UUID)
        self.run = run

    def does(
        self,
        kind: FactKind,
        at: datetime,
        name: str = "",
        *,
        step_key: str = "",
        reference: str = "",
    ) -> UUID:
        """Return the fact's id; what is about an email is about this run."""
        now = self.post.world.ask("select plan_now()")
        assert isinstance(now, datetime)
        if at > now:
            self.post.world.travel_to(at)
        report = FactReport(
            kind=kind,
            source="test",
            email=None if step_key else "ana@example.org",
            enrollment_id=self.run if step_key else None,
            at=at,
            name=name,
            step_key=step_key,
            reference=reference,
            dedupe=f"{kind}{name}{at}",
        )
        assert record_facts([report], self.post.world.transactions) == 1
        found = self.post.world.ask("select id from facts order by known_at desc, at desc limit 1")
        assert isinstance(found, UUID)
        return found

    def be(self, moment: datetime) -> None:
        self.post.world.travel_to(moment)
        self.post.deliver()

    def explained(self, number: int = 0) -> tuple[ExplainedDecision, Explanation]:
        transactions = self.post.world.transactions
        (told,) = explain_step("ana@example.org", "second", transactions, most_published=500)
        return [each for each in told.lines if each.about == "condition"][number], told


@pytest.fixture
def ana(post: Post, door: Door) -> Ana:
    return Ana(post=post, door=door)


def unless(text: str) -> Condition:
    return replace(read_condition(text), is_negated=True)


GOAL = unless("goal reached")


def test_a_booking_that_stands_is_shown_with_its_moment(ana: Ana) -> None:
    ana.asked(GOAL)
    fact = ana.does(FactKind.BOOKED, TUESDAY_NOON + timedelta(minutes=-30), "intro-call")
    line, told = ana.explained()
    assert line.says == (
        "Not if they booked a call: booked “intro-call” on Tue 4 March 2031 11:30 in Berlin."
    )
    assert line.evidence.startswith(f"fact {fact}: booked on Tue 4 March 2031 11:30 in Berlin")
    assert told.verdict.startswith("It will not be sent")


@pytest.mark.parametrize(
    ("condition", "begun", "ended", "words"),
    [
        (GOAL, FactKind.BOOKED, FactKind.BOOKING_CANCELLED, "cancelled"),
        (unless("booked call"), FactKind.BOOKED, FactKind.BOOKING_CANCELLED, "cancelled"),
        (unless("tag call"), FactKind.TAGGED, FactKind.UNTAGGED, "taken off"),
    ],
)
def test_what_was_taken_back_says_so_and_lets_the_email_leave(
    ana: Ana, condition: Condition, begun: FactKind, ended: FactKind, words: str
) -> None:
    ana.asked(condition)
    first = ana.does(begun, TUESDAY_NOON - 3 * HOUR, "call")
    second = ana.does(ended, TUESDAY_NOON - 2 * HOUR, "call")
    line, told = ana.explained()
    assert line.says.endswith(
        f": {begun.value} “call”, and {words} on Tue 4 March 2031 10:00 in Berlin."
    )
    assert f"fact {first}" in line.evidence and f"fact {second}" in line.evidence
    assert told.verdict.startswith("It leaves Fri 7 March")


def test_of_two_bookings_the_one_that_stands_is_shown(ana: Ana) -> None:
    ana.asked(GOAL)
    ana.does(FactKind.BOOKED, TUESDAY_NOON - 3 * HOUR, "call", reference="1")
    stands = ana.does(FactKind.BOOKED, TUESDAY_NOON - 2 * HOUR, "call", reference="2")
    ana.does(FactKind.BOOKING_CANCELLED, TUESDAY_NOON - HOUR, "call", reference="1")
    line, _ = ana.explained()
    assert "booked “call” on Tue 4 March 2031 10:00" in line.says
    assert line.evidence.startswith(f"fact {stands}: ")
    assert ";" not in line.evidence


def test_what_happened_long_before_this_run_does_not_count(ana: Ana) -> None:
    ana.asked(GOAL)
    ana.does(FactKind.BOOKED, TUESDAY_NOON - 8 * DAY, "call")
    line, told = ana.explained()
    assert line.says == (
        "Not if they booked a call: no such booking came until Tue 4 March 2031 12:00 in Berlin."
    )
    assert line.evidence == ""
    assert told.verdict.startswith("It leaves")


@pytest.mark.parametrize(
    ("text", "step", "name", "counts"),
    [
        ("clicked link study in first", "your-seat", "study", False),
        ("clicked link study in first", "first", "notes", False),
        ("clicked link study in first", "first", "study", True),
        ("clicked link study in first", "first", "Study", True),
        ("clicked in your-seat", "first", "study", False),
        ("clicked link study", "your-seat", "study", True),
        ("clicked", "your-seat", "study", True),
    ],
)
def test_only_a_click_of_the_link_and_email_that_were_meant_is_shown(
    ana: Ana, text: str, step: str, name: str, *, counts: bool
) -> None:
    ana.asked(unless(text))
    ana.be(FIRST_LEAVES)
    fact = ana.does(FactKind.CLICKED, FIRST_LEAVES + HOUR, name, step_key=step)
    ana.be(FIRST_LEAVES + 2 * HOUR)
    line, told = ana.explained()
    if counts:
        assert line.says.endswith(f": clicked “{name}” on Wed 5 March 2031 10:00 in Berlin.")
        assert f"fact {fact}: " in line.evidence
        assert told.verdict.startswith("It will not be sent")
    else:
        said = ": no such click came until Wed 5 March 2031 11:00 in Berlin."
        assert line.says.endswith(said) and line.evidence == ""
        assert told.verdict.startswith("It leaves")


@pytest.mark.parametrize(("hours", "counts"), [(4, True), (6, False)])
def test_a_limit_has_its_end(ana: Ana, hours: int, *, counts: bool) -> None:
    ana.asked(unless("clicked link study in first within 5 h"))
    ana.be(FIRST_LEAVES)
    line, _ = ana.explained()
    assert line.says.endswith(
        "no such click came until Wed 5 March 2031 09:00 in Berlin;"
        " one counts until Wed 5 March 2031 14:00 in Berlin."
    )
    ana.does(FactKind.CLICKED, FIRST_LEAVES + hours * HOUR, "study", step_key="first")
    ana.be(FIRST_LEAVES + 7 * HOUR)
    line, told = ana.explained()
    if counts:
        assert line.says.endswith(": clicked “study” on Wed 5 March 2031 13:00 in Berlin.")
    else:
        said = ": no such click came until Wed 5 March 2031 14:00 in Berlin."
        assert line.says.endswith(said) and line.evidence == ""
        assert told.verdict.startswith("It leaves")


def test_what_came_after_it_had_left_is_no_reason(ana: Ana) -> None:
    ana.asked(GOAL)
    for moment in (FIRST_LEAVES, FIRST_LEAVES + 2 * DAY):
        ana.be(moment)
    ana.post.world.travel_to(FIRST_LEAVES + 4 * DAY)
    ana.does(FactKind.BOOKED, FIRST_LEAVES + 3 * DAY, "call")
    line, told = ana.explained()
    assert told.verdict.startswith("It left Fri 7 March 2031 09:00")
    assert line.says.endswith("no such booking came until Fri 7 March 2031 09:00 in Berlin.")
    assert line.evidence == ""


def test_an_email_that_they_do_not_get_is_named(ana: Ana) -> None:
    ana.asked(unless("clicked in one-hour"))
    ana.post.world.execute("update subscribers set wants_seat_emails = false")
    line, _ = ana.explained()
    assert line.says.endswith(" in One hour: they do not get that email.")


def test_a_goal_that_was_reported_and_one_of_the_sequences_own(ana: Ana) -> None:
    ana.asked(GOAL)
    ana.post.world.execute("update enrollments set goal_reached_at = :at", at=TUESDAY_NOON - HOUR)
    line, _ = ana.explained()
    assert line.says.endswith(": reported on Tue 4 March 2031 11:00 in Berlin.")


def test_watching_the_replay_is_shown_by_the_seat(ana: Ana) -> None:
    ana.asked(unless("replay watched"))
    assert ": they did not watch it until Tue 4 March" in ana.explained()[0].says
    ana.post.world.execute(
        "update sessions set starts_at = :at, ends_at = :at + interval '1 hour'",
        at=TUESDAY_NOON - 2 * DAY,
    )
    ana.post.world.execute("update registrations set watched_at = :at", at=TUESDAY_NOON - DAY)
    line, _ = ana.explained()
    assert line.says.endswith(": watched on Mon 3 March 2031 12:00 in Berlin.")
    assert line.evidence.startswith("registration ")


def test_each_condition_has_its_own_line(ana: Ana) -> None:
    ana.asked(unless("bought"), unless("replied"))
    ana.does(FactKind.REPLIED, TUESDAY_NOON - HOUR)
    assert "no such purchase came until" in ana.explained(0)[0].says
    assert ": replied on Tue 4 March 2031 11:00 in Berlin." in ana.explained(1)[0].says
